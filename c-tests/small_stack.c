/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Threads with little stack, as many programs start them: 64 KiB suffice for every question, every document and a recording.
 *
 * small_stack URI prints how many bytes each part of the work took. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_STACK */
#endif
#include "event_common.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* What pthread_attr_setstacksize() makes of 64 KiB: a page of 4 KiB is the guard. */
#define STACK (65536 - 4096)
#define FILL 0xa5

static const char *uri;
static virConnectPtr conn;
static int callback, events;

/* Every question about one device; it may be gone. */
static void ask(virNodeDevicePtr dev)
{
    virNodeDevicePtr again = virNodeDeviceLookupByName(conn, virNodeDeviceGetName(dev));
    char *caps[16];
    int n;

    free(virNodeDeviceGetXMLDesc(dev, 0));
    free(vndNodeDeviceGetJSONDesc(dev, 0));
    vndNodeDeviceGetAssignability(dev, NULL, 0);
    free(vndNodeDeviceGetInventoryJSON(dev, NULL, 0));
    virNodeDeviceGetParent(dev);
    virNodeDeviceIsActive(dev);
    virNodeDeviceIsPersistent(dev);
    for (n = virNodeDeviceListCaps(dev, caps, COUNT(caps)); n > 0; n--)
        free(caps[n - 1]);
    if (again)
        assert(virNodeDeviceFree(again) == 0);
}

static void told(virConnectPtr from, virNodeDevicePtr dev, void *data)
{
    (void)from, (void)data;
    ask(dev);
    events++;
}

static void open_it(void)
{
    conn = virConnectOpen(uri);
    assert(conn && vndConnectGetEventFD(conn) >= 0);
    callback = virConnectNodeDeviceEventRegisterAny(conn, NULL, UPDATE, CALLBACK(told), NULL, NULL);
    assert(callback >= 0);
}

static void list_and_ask(void)
{
    virNodeDevicePtr *devs;
    int n = virConnectListAllNodeDevices(conn, &devs, 0), i;

    assert(n > 0);
    for (i = 0; i < n; i++) {
        ask(devs[i]);
        assert(virNodeDeviceFree(devs[i]) == 0);
    }
    free(devs);
    assert(!virNodeDeviceLookupByName(conn, "nosuch"));
}

static void describe_all(void)
{
    char *xml = vndConnectGetAllDevicesXML(conn, 0), *json = vndConnectGetAllDevicesJSON(conn, 0);
    char *inventory = vndConnectGetInventoryJSON(conn, NULL, 0);

    assert(xml && json && inventory);
    free(xml);
    free(json);
    free(inventory);
}

/* Where the kernel may be asked for an event, the callback gets one. */
static void take_events(void)
{
    if (getenv("KIT_OWN_NETWORK") && strcmp(uri, HOST_URI) == 0) {
        change_loopback();
        while (!events) {
            assert(is_readable(vndConnectGetEventFD(conn), 20000));
            assert(vndConnectDispatchEvents(conn) >= 0);
        }
    }
    assert(vndConnectDispatchEvents(conn) == 0);
}

/* Both ways to read a document. */
static void refused(const char *document, int code)
{
    assert(!virNodeDeviceCreateXML(conn, document, 0));
    assert(virGetLastErrorCode() == code);
    assert(!virNodeDeviceCreateXML(conn, document, VIR_NODE_DEVICE_CREATE_XML_VALIDATE));
}

static char *repeat(char *p, const char *text, int times)
{
    while (times-- > 0)
        p += sprintf(p, "%s", text);
    return p;
}

/* What may be nested: elements, content models and entities, as deep as they may be and deeper. */
static void read_documents(void)
{
    static char text[65536];
    char *p;
    int depth, i;

    if (strncmp(uri, "test:", 5) != 0)
        return; /* a recording refuses documents unread */
    for (depth = 256; depth <= 257; depth++) {
        p = repeat(text, "<device>", depth);
        repeat(p, "</device>", depth);
        refused(text, depth == 256 ? VIR_ERR_INTERNAL_ERROR : VIR_ERR_XML_DETAIL);
    }
    for (depth = 1; depth < 10000; depth++) {
        p = repeat(text, "<!DOCTYPE device [<!ELEMENT device ", 1);
        p = repeat(p, "(", depth);
        p = repeat(p, "a", 1);
        p = repeat(p, ")", depth);
        repeat(p, ">]><device/>", 1);
        assert(!virNodeDeviceCreateXML(conn, text, 0));
        if (virGetLastErrorCode() == VIR_ERR_XML_DETAIL)
            break; /* too deep */
    }
    assert(depth > 1 && depth < 10000);
    for (depth = 1; depth < 1000; depth++) {
        p = repeat(text, "<!DOCTYPE device [<!ENTITY e0 'text'>", 1);
        for (i = 1; i <= depth; i++)
            p += sprintf(p, "<!ENTITY e%d '&e%d;'>", i, i - 1);
        sprintf(p, "]><device a='&e%d;'>&e%d;</device>", depth, depth);
        assert(!virNodeDeviceCreateXML(conn, text, 0));
        if (virGetLastErrorCode() == VIR_ERR_XML_DETAIL)
            break; /* too deep */
    }
    assert(depth > 1 && depth < 1000);
}

/* As it is and anonymous; the test driver has nothing to record. */
static void record(void)
{
    static const unsigned int ways[] = { 0, VND_RECORD_ANONYMOUS };
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), is_made_up = strncmp(uri, "test:", 5) == 0;
    size_t i;

    assert(fd >= 0);
    for (i = 0; i < COUNT(ways); i++) {
        assert(vndConnectRecord(conn, fd, ways[i]) == (is_made_up ? -1 : 0));
        assert(virGetLastErrorCode() == (is_made_up ? VIR_ERR_NO_SUPPORT : VIR_ERR_OK));
    }
    close(fd);
}

static void close_it(void)
{
    assert(virConnectNodeDeviceEventDeregisterAny(conn, callback) == 0);
    assert(virConnectClose(conn) == 0);
}

static const struct {
    const char *name;
    void (*work)(void);
} parts[] = {
    { "open", open_it },         { "describe", list_and_ask }, { "describe all", describe_all },
    { "events", take_events },   { "documents", read_documents }, { "record", record },
    { "close", close_it },
};

static void *start(void *part)
{
    parts[*(size_t *)part].work();
    return NULL;
}

/* How many bytes of a stack were written to. The kernel reads them, as valgrind wants no program to look at what was left there. */
static size_t used(const unsigned char *stack)
{
    static unsigned char copy[STACK];
    size_t unused = 0;
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

    assert(memory >= 0 && pread(memory, copy, STACK, (off_t)(uintptr_t)stack) == STACK);
    close(memory);
    while (unused < STACK && copy[unused] == FILL)
        unused++;
    return STACK - unused;
}

/* Does a part of the work on a stack of its own. */
static size_t run(size_t part)
{
    size_t guard = sysconf(_SC_PAGESIZE), result;
    unsigned char *memory =
        mmap(NULL, guard + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    unsigned char *stack = memory + guard;
    pthread_attr_t attributes;
    pthread_t thread;

    assert(memory != MAP_FAILED && mprotect(memory, guard, PROT_NONE) == 0);
    memset(stack, FILL, STACK);
    assert(pthread_attr_init(&attributes) == 0);
    assert(pthread_attr_setstack(&attributes, stack, STACK) == 0);
    assert(pthread_create(&thread, &attributes, start, &part) == 0);
    assert(pthread_join(thread, NULL) == 0);
    assert(pthread_attr_destroy(&attributes) == 0);
    result = used(stack);
    assert(munmap(memory, guard + STACK) == 0);
    return result;
}

int main(int argc, char **argv)
{
    size_t part;

    assert(argc == 2);
    uri = argv[1];
    virSetErrorFunc(NULL, ignore_error);
    for (part = 0; part < COUNT(parts); part++) {
        printf("%s%s %zu", part ? ", " : "", parts[part].name, run(part));
    }
    printf("\n");
    return 0;
}
