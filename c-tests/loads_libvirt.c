/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * loads_libvirt LIBVIRT LIBVIRT_QEMU LIBVIRT_ADMIN: loads libvirt's libraries itself, as plugins and Go's module do, and
 * prints the devices of test:///default; functions of libvirt-qemu and libvirt-admin complain. First it loads
 * libanswer.so, to which only its own run path leads. Linked to nothing of libvirt; virnodedev-run runs it.
 */
#define _GNU_SOURCE /* dlvsym */
#undef NDEBUG
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *load(const char *file)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    if (!library)
        fprintf(stderr, "%s\n", dlerror());
    assert(library);
    return library;
}

/* POSIX lets a data pointer stand for a function; C99 does not, so it is copied. */
static void copy(void *symbol, void *function)
{
    assert(symbol);
    memcpy(function, &symbol, sizeof(symbol));
}

int main(int argc, char **argv)
{
    int (*answer)(void), (*close_connection)(void *), (*list)(void *, void ***, unsigned), (*release)(void *);
    int (*command)(void *, const char *, char **, unsigned), (*initialize)(void);
    void *(*open_connection)(const char *), *(*open_daemon)(const char *, unsigned);
    const char *(*name)(void *);
    void *libvirt, *qemu, *admin, *conn, **devices;
    char *result;
    int count;

    assert(argc == 4);
    copy(dlsym(load("libanswer.so"), "answer"), &answer);
    assert(answer() == 42);

    libvirt = load(argv[1]);
    qemu = load(argv[2]);
    admin = load(argv[3]);
    copy(dlsym(libvirt, "virConnectOpen"), &open_connection);
    copy(dlsym(libvirt, "virConnectClose"), &close_connection);
    copy(dlvsym(libvirt, "virConnectListAllNodeDevices", "LIBVIRT_0.10.2"), &list);
    copy(dlsym(libvirt, "virNodeDeviceGetName"), &name);
    copy(dlsym(libvirt, "virNodeDeviceFree"), &release);
    copy(dlsym(qemu, "virDomainQemuMonitorCommand"), &command);
    copy(dlsym(admin, "virAdmInitialize"), &initialize);
    copy(dlsym(admin, "virAdmConnectOpen"), &open_daemon);

    conn = open_connection("test:///default");
    assert(conn);
    count = list(conn, &devices, 0);
    for (int i = 0; i < count; i++) {
        printf("%s\n", name(devices[i]));
        assert(release(devices[i]) == 0);
    }
    free(devices);
    assert(command(NULL, "{}", &result, 0) == -1);
    assert(initialize() == 0 && !open_daemon(NULL, 0));
    assert(close_connection(conn) == 0);
    assert(dlclose(libvirt) == 0 && dlclose(qemu) == 0 && dlclose(admin) == 0);
    return 0;
}
