/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * dlopen LIBRARY SYMBOLS: loads the library 50 times. Each time every function is found under its
 * version node (SYMBOLS holds lines "node<TAB>name"), is used from a new thread, and the library
 * is closed. Links to nothing of the library: types come from the header only.
 */
#define _GNU_SOURCE /* dlvsym */
#undef NDEBUG
#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <virnodedev.h>

#define TIMES 50
#define MAX_SYMBOLS 300

static struct {
    char node[40];
    char name[60];
} symbols[MAX_SYMBOLS];
static int symbol_count;
static void *library;

static void read_symbols(const char *path)
{
    FILE *f = fopen(path, "r");

    assert(f);
    while (fscanf(f, "%39s %59s", symbols[symbol_count].node, symbols[symbol_count].name) == 2) {
        symbol_count++;
        assert(symbol_count < MAX_SYMBOLS);
    }
    fclose(f);
    assert(symbol_count > 50);
}

/* POSIX lets a data pointer stand for a function; C99 does not, so it is copied. */
static void find(const char *name, void *function)
{
    void *p = dlsym(library, name);

    assert(p);
    memcpy(function, &p, sizeof(p));
}

static void *use(void *data)
{
    virConnectPtr (*open)(const char *);
    int (*close)(virConnectPtr);
    virNodeDevicePtr (*look_up)(virConnectPtr, const char *);
    char *(*xml_of)(virNodeDevicePtr, unsigned int);
    int (*free_device)(virNodeDevicePtr);
    virErrorPtr (*last_error)(void);
    virNodeDevicePtr dev;
    virConnectPtr conn;
    char *xml;

    (void)data;
    find("virConnectOpen", &open);
    find("virConnectClose", &close);
    find("virNodeDeviceLookupByName", &look_up);
    find("virNodeDeviceGetXMLDesc", &xml_of);
    find("virNodeDeviceFree", &free_device);
    find("virGetLastError", &last_error);

    assert(!last_error());
    conn = open("test:///default");
    assert(conn);
    dev = look_up(conn, "computer");
    assert(dev);
    xml = xml_of(dev, 0);
    assert(xml && strstr(xml, "<name>computer</name>"));
    free(xml);
    assert(!look_up(conn, "nosuch") && last_error()); /* left for the end of the thread to free */
    assert(free_device(dev) == 0);
    assert(close(conn) == 0);
    return NULL;
}

static void silent(void *data, virErrorPtr error)
{
    (void)data, (void)error;
}

int main(int argc, char **argv)
{
    int time, i;

    assert(argc == 3);
    read_symbols(argv[2]);
    for (time = 0; time < TIMES; time++) {
        void (*set_error_func)(void *, virErrorFunc);
        virConnectAuthPtr *auth;
        pthread_t thread;

        library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (!library)
            fprintf(stderr, "%s\n", dlerror());
        assert(library);
        for (i = 0; i < symbol_count; i++) {
            if (!dlvsym(library, symbols[i].name, symbols[i].node)) {
                fprintf(stderr, "no %s@@%s\n", symbols[i].name, symbols[i].node);
                return 1;
            }
        }
        assert(!dlvsym(library, "virConnectOpen", "LIBVIRT_0.5.0")); /* not its node */
        auth = dlsym(library, "virConnectAuthPtrDefault");
        assert(auth && *auth && (*auth)->ncredtype == 6);
        find("virSetErrorFunc", &set_error_func);
        set_error_func(NULL, silent);
        assert(pthread_create(&thread, NULL, use, NULL) == 0);
        assert(pthread_join(thread, NULL) == 0);
        assert(dlclose(library) == 0);
    }
    return 0;
}
