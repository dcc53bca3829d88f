/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the preloaded library does when a program starts with the real libvirt beside it: the public
 * functions are those of this library, the private ones libvirt's. Private functions need libvirt to be
 * initialised, which the program's virInitialize() no longer does, and leave their errors in
 * libvirt, where the program's virGetLastError() no longer looks.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

/* In libvirnodedev.so.0. */
void vndStubJoin(void *(*last)(void), void (*reset)(void));

typedef void (*function)(void);

/* libvirt's own function: the next one in the loader's order behind this library. */
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

    if (initialize && last && reset && initialize() == 0)
        vndStubJoin(last, reset);
}
