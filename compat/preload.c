/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * What the preloaded library does when a program starts with the real libvirt beside it: the public
 * functions are those of this library, the private ones libvirt's. Private functions need libvirt to be
 * initialised, which the program's virInitialize() no longer does, and leave their errors in
 * libvirt, where the program's virGetLastError() no longer looks.
 *
 * A program that loads libvirt itself, with dlopen(), gets this library instead: functions that it found in libvirt
 * would call ours, and the two do not know each other's handles.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* In libvirnodedev.so.0. */
void vndStubJoin(void *(*last)(void), void (*reset)(void));

typedef void (*function)(void);

/* This library, as the loader knows it. */
static const char *own_file = "libvirnodedev-preload.so.0";

/* What a function would be without this library: the next one in the loader's order. */
static function next(const char *name)
{
    union {
        void *object;
        function function;
    } found = {dlsym(RTLD_NEXT, name)};

    return found.function;
}

__attribute__((constructor)) static void join(void)
{
    int (*initialize)(void) = (int (*)(void))next("virInitialize");
    void *(*last)(void) = (void *(*)(void))next("virGetLastError");
    void (*reset)(void) = next("virResetLastError");
    Dl_info here;

    if (dladdr((void *)join, &here))
        own_file = here.dli_fname;
    if (initialize && last && reset && initialize() == 0)
        vndStubJoin(last, reset);
}

/* Whether a file is one of libvirt's libraries, of any version. */
static bool is_libvirt(const char *file)
{
    static const char *const names[] = {"libvirt.so*", "libvirt-qemu.so*", "libvirt-lxc.so*", "libvirt-admin.so*"};
    bool found = false;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        found = found || fnmatch(names[i], basename(file), 0) == 0;
    return found;
}

/*
 * The C library's dlopen() looks for a file where the run path of its caller leads. So its call has to be the last
 * one here, with nothing of this function's own left: it is a jump then, and the caller is still the program.
 */
void *dlopen(const char *file, int mode)
{
    void *(*real)(const char *, int) = (void *(*)(const char *, int))next("dlopen");

    return real(file && is_libvirt(file) ? own_file : file, mode);
}
