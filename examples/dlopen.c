/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/*
 * Uses the library where it is installed and does without where it is not: nothing
 * of it is linked.
 * cc dlopen.c $(pkg-config --cflags virnodedev) -ldl -o dlopen
 */
#include <dlfcn.h>
#include <stdio.h>
#include <virnodedev.h>

/* ISO C has no cast from an object pointer to a function pointer; POSIX wants this. */
#define LOAD(library, name) (*(void **)&name = dlsym(library, #name))

int main(void)
{
    virConnectPtr (*virConnectOpenReadOnly)(const char *);
    int (*virNodeNumOfDevices)(virConnectPtr, const char *, unsigned int);
    int (*virConnectClose)(virConnectPtr);
    void *library = dlopen("libvirnodedev.so.0", RTLD_NOW | RTLD_LOCAL);
    virConnectPtr conn;

    if (library == NULL) {
        printf("no device list here: %s\n", dlerror());
        return 0;
    }
    if (!LOAD(library, virConnectOpenReadOnly) || !LOAD(library, virNodeNumOfDevices) ||
        !LOAD(library, virConnectClose)) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    conn = virConnectOpenReadOnly(NULL);
    printf("%d devices, %d of them network interfaces\n",
           virNodeNumOfDevices(conn, NULL, 0), virNodeNumOfDevices(conn, "net", 0));
    return virConnectClose(conn) < 0;
}
