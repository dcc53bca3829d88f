/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * ours URI        times the library's calls and prints "name microseconds" lines
 * ours URI first  opens, lists once, ends: what a short program does (timed from outside)
 * ours URI described  the same with the XML of every device
 * ours URI embedded  times opening, listing and closing only, under this name
 * ours URI memory prints the memory of the process after a list, in KiB
 * ours URI connections  has 1,000 connections list, and prints what each takes
 * ours URI list   opens, lists and closes once, between two calls that strace shows
 * ours URI xml    reads the XML of every device so
 * ours URI inventory  the inventory
 * ours URI again  the XML of each device for the second time; the marks name its capability
 * ours URI flag   lists the devices of one kind that have a capability nested in another's
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <virnodedev.h>

#include "memory.h"
#include "timing.h"

static const char *uri, *self;
static virConnectPtr conn;
static virNodeDevicePtr *devs;
static int count;

static void die(const char *what)
{
    fprintf(stderr, "ours: %s: %s\n", what, virGetLastErrorMessage());
    exit(1);
}

static void open_connection(void)
{
    conn = virConnectOpen(uri);
    if (!conn)
        die("open");
}

static void free_list(void)
{
    int i;

    for (i = 0; i < count; i++)
        virNodeDeviceFree(devs[i]);
    free(devs);
}

static void list(unsigned int flags)
{
    count = virConnectListAllNodeDevices(conn, &devs, flags);
    if (count < 0)
        die("list");
}

static void list_all(void)
{
    list(0);
    free_list();
}

static void list_pci(void)
{
    list(VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV);
    free_list();
}

static void open_and_close(void)
{
    open_connection();
    virConnectClose(conn);
}

static void open_and_list(void)
{
    open_connection();
    list_all();
    virConnectClose(conn);
}

static void process(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        execl(self, self, uri, "first", (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        die("process");
}

static void xml_of_all(void)
{
    int i;

    for (i = 0; i < count; i++) {
        char *xml = virNodeDeviceGetXMLDesc(devs[i], 0);

        if (!xml)
            die(virNodeDeviceGetName(devs[i]));
        free(xml);
    }
}

/* The program is built for libvirt's library, too, which has none. */
static void inventory_of_all(void)
{
#ifndef LIBVIRT_ALONE
    char *json = vndConnectGetInventoryJSON(conn, NULL, 0);

    if (!json)
        die("inventory");
    free(json);
#endif
}

static char **names;

static virNodeDevicePtr *looked_up;

/* All names, so that no cache of the processor holds them. */
static void look_up_all(void)
{
    int i;

    for (i = 0; i < count; i++) {
        looked_up[i] = virNodeDeviceLookupByName(conn, names[i]);
        if (!looked_up[i])
            die(names[i]);
    }
}

static void free_looked_up(void)
{
    int i;

    for (i = 0; i < count; i++)
        virNodeDeviceFree(looked_up[i]);
}


static size_t heap(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

static void measure_heap(void)
{
    size_t before, after;

    open_and_close(); /* what is made once a process */
    before = heap();
    open_connection();
    list_all();
    after = heap();
    printf("devices %d\nheap_per_device %.1f\n", count, (double)(after - before) / count);
    virConnectClose(conn);
}

enum { CONNECTIONS = 1000 };

/* Connections that are all open at once. */
static void many_connections(void)
{
    static virConnectPtr all[CONNECTIONS];
    size_t before;
    double begin;
    int i;

    open_and_list(); /* what is made once a process */
    before = heap();
    begin = now_us();
    for (i = 0; i < CONNECTIONS; i++) {
        open_connection();
        list_all();
        all[i] = conn;
    }
    printf("connection %.3f\n", (now_us() - begin) / CONNECTIONS);
    printf("heap_per_connection %.1f\n", (double)(heap() - before) / CONNECTIONS);
    for (i = 0; i < CONNECTIONS; i++)
        virConnectClose(all[i]);
}

static void mark(const char *name)
{
    access(name, F_OK);
}

static void marked(void (*body)(void))
{
    mark("/begin");
    body();
    mark("/end");
}

static void list_vports(void)
{
    list(VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPORTS);
    free_list();
}

static void xml_again(void)
{
    int i;

    xml_of_all();
    for (i = 0; i < count; i++) {
        char *capability = NULL, name[64];

        if (virNodeDeviceListCaps(devs[i], &capability, 1) < 1)
            die("capabilities");
        snprintf(name, sizeof(name), "/begin/%s", capability);
        free(capability);
        mark(name);
        free(virNodeDeviceGetXMLDesc(devs[i], 0));
        mark("/end");
    }
}

static int has_mode(const char *mode)
{
    static const struct {
        const char *name;
        void (*body)(void);
    } listed[] = { { "xml", xml_of_all }, { "inventory", inventory_of_all }, { "flag", list_vports } };
    size_t i;

    if (strcmp(mode, "first") == 0) {
        open_and_list();
        return 1;
    }
    if (strcmp(mode, "embedded") == 0) {
        measure(mode, 5, open_and_list);
        return 1;
    }
    if (strcmp(mode, "connections") == 0) {
        many_connections();
        return 1;
    }
    if (strcmp(mode, "list") == 0) {
        marked(open_and_list);
        return 1;
    }
    open_connection();
    list(0);
    if (strcmp(mode, "memory") == 0) {
        printf("memory %ld\n", memory_of(getpid(), "VmRSS:"));
        return 1;
    }
    if (strcmp(mode, "described") == 0 || strcmp(mode, "again") == 0) {
        mode[0] == 'd' ? xml_of_all() : xml_again();
        return 1;
    }
    for (i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
        if (strcmp(mode, listed[i].name) == 0) {
            marked(listed[i].body);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    int i;

    if (argc < 2)
        return 2;
    self = argv[0];
    uri = argv[1];
    if (argc > 2)
        return has_mode(argv[2]) ? 0 : 2;

    measure_heap();
    measure("process", 5, process);
    measure("open_and_list", 5, open_and_list);
    measure("open_and_close", 20, open_and_close);
    open_connection();
    list_all();
    measure("list", 10, list_all);
    measure("list_pci", 10, list_pci);
    list(0);
    names = calloc((size_t)count, sizeof(*names));
    looked_up = calloc((size_t)count, sizeof(*looked_up));
    for (i = 0; i < count; i++)
        names[i] = strdup(virNodeDeviceGetName(devs[i]));
    measure("xml_of_all", 3, xml_of_all);
#ifndef LIBVIRT_ALONE
    measure("inventory", 3, inventory_of_all);
#endif
    measure_then("look_up_all", 10, look_up_all, free_looked_up);
    return 0;
}
