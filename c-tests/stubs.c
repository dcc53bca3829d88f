/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * stubs TABLE URI: calls each function of the table (compat/symbols.tsv) that is no real one, with every
 * kind of wrong handle, and checks that it answers as the table says. Run by virnodedev-run, in both
 * of its ways; links to nothing of the library.
 */
#define _GNU_SOURCE /* dlvsym */
#include <dlfcn.h>
#include <stdint.h>

#include "common.h"

typedef uintptr_t word;
typedef word (*any_function)(word, word, word, word, word, word);

static struct {
    void *libraries[4]; /* NULL where they are preloaded */
    virConnectPtr conn;
    virNodeDevicePtr device;
    word wrong[6];
    int count;
} test;

static const char *const names[] = {"libvirt.so.0", "libvirt-qemu.so.0", "libvirt-lxc.so.0", "libvirt-admin.so.0"};

static any_function find(const char *library, const char *node, const char *name)
{
    union {
        void *object;
        any_function function;
    } found;
    size_t i = 0;

    while (strcmp(names[i], library) != 0)
        assert(++i < COUNT(names));
    found.object = dlvsym(test.libraries[i] ? test.libraries[i] : RTLD_DEFAULT, name, node);
    if (!found.object)
        fprintf(stderr, "%s: %s@%s is not there\n", library, name, node);
    assert(found.object);
    return found.function;
}

#define CALL(node, name, type) ((type)(void (*)(void))find("libvirt.so.0", node, name))

static virErrorPtr last_error(void)
{
    return CALL("LIBVIRT_0.1.0", "virGetLastError", virErrorPtr(*)(void))();
}

static virErrorPtr conn_error(void)
{
    return CALL("LIBVIRT_0.1.0", "virConnGetLastError", virErrorPtr(*)(virConnectPtr))(test.conn);
}

static void reset(void)
{
    CALL("LIBVIRT_0.1.0", "virResetLastError", void (*)(void))();
    CALL("LIBVIRT_0.1.0", "virConnResetLastError", void (*)(virConnectPtr))(test.conn);
}

static void silent(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

static void expect(const char *name, int code, const char *text)
{
    virErrorPtr error = last_error();
    char message[200];

    snprintf(message, sizeof(message), text, name);
    if (!error || error->code != code || strcmp(error->message, message) != 0)
        fprintf(stderr, "%s: got %d '%s'\n", name, error ? error->code : 0, error ? error->message : "");
    assert(error && error->code == code && strcmp(error->message, message) == 0);
    reset();
}

#define UNSUPPORTED 3, "this function is not supported by the connection driver: %s"
#define INVALID_CONN 6, "invalid connection pointer in %s"

/* A function that fails: the value it returns, whatever it is handed. */
static void check_failing(any_function function, const char *name, const char *type, const char *value)
{
    word nothing = (word)0x5a5a5a5a;
    word handles[2] = {(word)test.conn, (word)test.device};
    word wanted = strcmp(value, "-1") == 0 ? (word)-1 : 0;
    word mask = strstr(type, "int") ? 0xffffffff : (word)-1;

    for (size_t i = 0; i < COUNT(test.wrong); i++) {
        word got = function(test.wrong[i], nothing, nothing, nothing, nothing, nothing);

        assert((got & mask) == (wanted & mask));
        assert(conn_error()->code == 0);
        expect(name, UNSUPPORTED);
    }
    for (size_t i = 0; i < COUNT(handles); i++) {
        assert((function(handles[i], nothing, nothing, nothing, nothing, nothing) & mask) == (wanted & mask));
        assert(conn_error()->code == 3);
        expect(name, UNSUPPORTED);
    }
}

static void check_void(any_function function)
{
    for (size_t i = 0; i < COUNT(test.wrong); i++)
        function(test.wrong[i], test.wrong[i], 0, 0, 0, 0);
    assert(!last_error());
}

static void check_done(any_function function)
{
    for (size_t i = 0; i < COUNT(test.wrong); i++)
        assert((int)function(test.wrong[i], test.wrong[i], 0, 0, 0, 0) == 0);
    assert(!last_error());
}

static void check_count(any_function function, const char *name)
{
    assert((int)function((word)test.conn, 0, 10, 0, 0, 0) == 0);
    for (size_t i = 0; i < COUNT(test.wrong); i++) {
        assert((int)function(test.wrong[i], 0, 10, 0, 0, 0) == -1);
        expect(name, INVALID_CONN);
    }
}

static void check_list(any_function function, const char *name)
{
    void **list = (void **)&list;

    assert((int)function((word)test.conn, 0, 0, 0, 0, 0) == 0);
    assert((int)function((word)test.conn, (word)&list, 0, 0, 0, 0) == 0);
    assert(list && !list[0]);
    free(list);
    for (size_t i = 0; i < COUNT(test.wrong); i++) {
        list = (void **)&list;
        assert((int)function(test.wrong[i], (word)&list, 0, 0, 0, 0) == -1);
        assert(!list);
        expect(name, INVALID_CONN);
    }
}

static int freed;

static void count_freed(void *opaque)
{
    assert(opaque == &freed);
    freed++;
}

static void never_called(void)
{
    abort();
}

/* Registers and takes it back; the functions of a pair stand in the table one after the other. */
static void check_registration(any_function take_back, any_function add, const char *name, int by_number)
{
    word cb = (word)never_called, opaque = (word)&freed, free_cb = (word)count_freed, conn = (word)test.conn;
    int first, second;

    freed = 0;
    for (size_t i = 0; i < COUNT(test.wrong); i++) {
        if (by_number)
            assert((int)add(test.wrong[i], 0, 0, cb, opaque, free_cb) == -1);
        else
            assert((int)add(test.wrong[i], cb, opaque, free_cb, 0, 0) == -1);
        expect(name, INVALID_CONN);
        assert((int)take_back(test.wrong[i], 1, 0, 0, 0, 0) == -1);
        reset();
    }
    if (!by_number) {
        assert((int)add(conn, 0, opaque, free_cb, 0, 0) == -1);
        expect(name, 8, "cb in %s must not be NULL");
        assert((int)add(conn, cb, opaque, free_cb, 0, 0) == 0);
        assert((int)add(conn, cb, opaque, 0, 0, 0) == 0);
        assert((int)take_back(conn, cb, 0, 0, 0, 0) == 0 && freed == 1);
        assert((int)take_back(conn, cb, 0, 0, 0, 0) == 0 && freed == 1);
        assert((int)take_back(conn, cb, 0, 0, 0, 0) == -1);
        assert(last_error()->code == 8);
        reset();
        return;
    }
    assert((int)add(conn, 0, 0, 0, opaque, free_cb) == -1);
    expect(name, 8, "cb in %s must not be NULL");
    first = (int)add(conn, test.wrong[1], 0, cb, opaque, free_cb);
    second = (int)add(conn, 0, 3, cb, opaque, 0);
    assert(first > 0 && second > first);
    assert((int)take_back(conn, (word)first, 0, 0, 0, 0) == 0 && freed == 1);
    assert((int)take_back(conn, (word)first, 0, 0, 0, 0) == -1 && freed == 1);
    assert(strstr(last_error()->message, "could not find event callback"));
    assert((int)take_back(conn, (word)second, 0, 0, 0, 0) == 0);
    assert((int)take_back(conn, (word)-1, 0, 0, 0, 0) == -1 && last_error()->code == 8);
    reset();
}

static void check_table(const char *path)
{
    FILE *table = fopen(path, "r");
    char line[300], library[40], node[40], name[80], type[40], stub[40];
    any_function before = NULL;

    assert(table);
    while (fgets(line, sizeof(line), table)) {
        any_function function;

        if (line[0] == '#')
            continue;
        assert(sscanf(line, "%39[^\t]\t%39[^\t]\t%79[^\t]\t%39[^\t]\t%39[^\n]", library, node, name, type, stub) == 5);
        if (strcmp(stub, "real") == 0)
            continue;
        function = find(library, node, name);
        if (strcmp(stub, "-1") == 0 || strcmp(stub, "0") == 0 || strcmp(stub, "NULL") == 0)
            check_failing(function, name, type, stub);
        else if (strcmp(stub, "void") == 0)
            check_void(function);
        else if (strcmp(stub, "done") == 0)
            check_done(function);
        else if (strcmp(stub, "count") == 0)
            check_count(function, name);
        else if (strcmp(stub, "list") == 0)
            check_list(function, name);
        else if (strncmp(stub, "deregister", 10) == 0)
            before = function;
        else if (strcmp(stub, "register") == 0)
            check_registration(before, function, name, 1);
        else if (strcmp(stub, "register-callback") == 0)
            check_registration(before, function, name, 0);
        else
            abort();
        test.count++;
    }
    fclose(table);
}

/* A registration keeps its connection, as libvirt's does. */
static void check_lifetime(const char *uri)
{
    virConnectPtr conn = CALL("LIBVIRT_0.0.3", "virConnectOpen", virConnectPtr(*)(const char *))(uri);
    int (*close)(virConnectPtr) = CALL("LIBVIRT_0.0.3", "virConnectClose", int (*)(virConnectPtr));
    any_function add = find("libvirt.so.0", "LIBVIRT_0.8.0", "virConnectDomainEventRegisterAny");
    any_function take_back = find("libvirt.so.0", "LIBVIRT_0.8.0", "virConnectDomainEventDeregisterAny");
    int id;

    assert(conn);
    id = (int)add((word)conn, 0, 0, (word)never_called, 0, 0);
    assert(id > 0 && close(conn) == 1);
    assert((int)take_back((word)conn, (word)id, 0, 0, 0, 0) == 0);
    assert(close(conn) == -1);
    expect("virConnectClose", INVALID_CONN);
}

int main(int argc, char **argv)
{
    static char zeros[4096];
    virConnectPtr closed;
    virConnectPtr (*open)(const char *);

    assert(argc == 3);
    for (size_t i = 0; !dlsym(RTLD_DEFAULT, "virConnectOpen") && i < COUNT(names); i++) {
        test.libraries[i] = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!test.libraries[i])
            fprintf(stderr, "%s\n", dlerror());
        assert(test.libraries[i]);
    }
    CALL("LIBVIRT_0.1.0", "virSetErrorFunc", void (*)(void *, virErrorFunc))(NULL, silent);
    open = CALL("LIBVIRT_0.0.3", "virConnectOpen", virConnectPtr(*)(const char *));
    test.conn = open(argv[2]);
    closed = open(argv[2]);
    assert(test.conn && closed);
    test.device = CALL("LIBVIRT_0.5.0", "virNodeDeviceLookupByName",
                       virNodeDevicePtr(*)(virConnectPtr, const char *))(test.conn, "computer");
    assert(test.device);
    CALL("LIBVIRT_0.0.3", "virConnectClose", int (*)(virConnectPtr))(closed);
    test.wrong[1] = (word)zeros;
    test.wrong[2] = (word)closed;
    test.wrong[3] = 1;
    test.wrong[4] = (word)-1;
    test.wrong[5] = (word)main;
    check_table(argv[1]);
    check_lifetime(argv[2]);
    assert(CALL("LIBVIRT_0.5.0", "virNodeDeviceFree", int (*)(virNodeDevicePtr))(test.device) == 0);
    assert(CALL("LIBVIRT_0.0.3", "virConnectClose", int (*)(virConnectPtr))(test.conn) == 0);
    printf("%d stubs, each with %zu wrong handles\n", test.count, COUNT(test.wrong));
    return 0;
}
