/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Two programs for the storm of events in tests/test_storm.py.
 *
 *   storm watch [BYTES]
 *                   keeps the set of network devices from events alone. "ready" is printed when it
 *                   watches, each line on standard input is answered with a line
 *                   "CREATED DELETED UPDATES CPU-MILLISECONDS SET-SIZE", and at the end of the input the
 *                   set is printed, one name a line.
 *   storm read N [BYTES]
 *                   lists, looks up and prints in N threads that share a connection until standard input
 *                   ends. Prints "LISTS DOCUMENTS GONE".
 *
 * With BYTES, the kernel keeps no more unread messages for the program, and loses the others.
 *
 * Any error but "Node device not found" (code 53) stops the program.
 */
#include "event_common.h"
#include "workers.h"

#include <sys/socket.h>

/* A connection whose messages the kernel loses when they are not read at once. */
static virConnectPtr open_with_buffer(int bytes)
{
    virConnectPtr conn = virConnectOpen(HOST_URI);
    struct sockaddr address;
    int fd, found = 0;

    assert(conn);
    for (fd = 3; bytes > 0 && fd < 100; fd++) {
        socklen_t size = sizeof(address);

        if (getsockname(fd, &address, &size) != 0 || address.sa_family != AF_NETLINK)
            continue;
        assert(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) == 0);
        found++;
    }
    assert(found == (bytes > 0));
    return conn;
}

/* --- a set of names --------------------------------------------------------------- */

enum { BUCKETS = 1 << 16 };

struct entry {
    struct entry *next;
    char name[];
};

static struct entry *buckets[BUCKETS];
static int size;

/* The place that points to the entry, or to the end of its bucket. */
static struct entry **place_of(const char *name)
{
    unsigned int hash = 5381;
    const char *c;
    struct entry **place;

    for (c = name; *c != '\0'; c++)
        hash = hash * 33 + (unsigned char)*c;
    for (place = &buckets[hash % BUCKETS]; *place != NULL; place = &(*place)->next) {
        if (strcmp((*place)->name, name) == 0)
            break;
    }
    return place;
}

static void add(const char *name)
{
    struct entry **place = place_of(name);

    if (*place != NULL)
        return;
    *place = malloc(sizeof(**place) + strlen(name) + 1);
    assert(*place != NULL);
    (*place)->next = NULL;
    strcpy((*place)->name, name);
    size++;
}

static void discard(const char *name)
{
    struct entry **place = place_of(name), *entry = *place;

    if (entry == NULL)
        return;
    *place = entry->next;
    free(entry);
    size--;
}

static void print_and_free_set(void)
{
    struct entry *entry, *next;
    int i;

    for (i = 0; i < BUCKETS; i++) {
        for (entry = buckets[i]; entry != NULL; entry = next) {
            next = entry->next;
            printf("%s\n", entry->name);
            free(entry);
        }
    }
}

/* --- storm watch --------------------------------------------------------------------- */

static int created, deleted, updates;

static void on_lifecycle(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    const char *name = virNodeDeviceGetName(device);

    (void)conn, (void)detail, (void)opaque;
    if (strncmp(name, "net_", 4) != 0)
        return;
    if (event == VIR_NODE_DEVICE_EVENT_CREATED) {
        created++;
        add(name);
    } else if (event == VIR_NODE_DEVICE_EVENT_DELETED) {
        deleted++;
        discard(name);
    }
}

static void on_update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    (void)conn, (void)device, (void)opaque;
    updates++;
}

static int cpu_milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static int watch(int bytes)
{
    virConnectPtr conn = open_with_buffer(bytes);
    struct pollfd fds[2] = { { 0, POLLIN, 0 }, { 0, POLLIN, 0 } };
    int one, two, count, i, begin;
    virNodeDevicePtr *devices;
    char c;

    fds[1].fd = vndConnectGetEventFD(conn);
    one = virConnectNodeDeviceEventRegisterAny(conn, NULL, LIFECYCLE, CALLBACK(on_lifecycle), NULL, NULL);
    two = virConnectNodeDeviceEventRegisterAny(conn, NULL, UPDATE, CALLBACK(on_update), NULL, NULL);
    assert(fds[1].fd >= 0 && one >= 0 && two >= 0);
    count = virConnectListAllNodeDevices(conn, &devices, VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET);
    for (i = 0; i < count; i++) {
        add(virNodeDeviceGetName(devices[i]));
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
    assert(count >= 0);
    printf("ready\n");
    fflush(stdout);
    begin = cpu_milliseconds();
    for (;;) {
        assert(poll(fds, 2, -1) > 0);
        /* Before a question is answered, all that waits is taken in. */
        if (fds[1].revents != 0 || fds[0].revents != 0)
            assert(vndConnectDispatchEvents(conn) >= 0);
        if (fds[0].revents == 0 || is_readable(fds[1].fd, 0))
            continue;
        if (read(0, &c, 1) != 1)
            break;
        printf("%d %d %d %d %d\n", created, deleted, updates, cpu_milliseconds() - begin, size);
        fflush(stdout);
    }
    assert(virConnectNodeDeviceEventDeregisterAny(conn, one) == 0);
    assert(virConnectNodeDeviceEventDeregisterAny(conn, two) == 0);
    assert(virConnectClose(conn) == 0);
    print_and_free_set();
    return 0;
}

/* --- storm read -------------------------------------------------------------------------- */

/* So many documents of each list are asked for, so that lists and documents alternate. */
enum { SAMPLE = 40 };

static volatile int is_over;
static virConnectPtr shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long lists, documents, gone;

static int is_gone(void)
{
    if (virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE) {
        fprintf(stderr, "error %d: %s\n", virGetLastErrorCode(), virGetLastErrorMessage());
        abort();
    }
    return 1;
}

static void *read_devices(void *opaque)
{
    unsigned int random = (unsigned int)*(int *)opaque + 1;
    long printed = 0, missing = 0, turns = 0;

    for (; !is_over; turns++) {
        virNodeDevicePtr *devices, again;
        int count = virConnectListAllNodeDevices(shared, &devices, 0), i, first;

        assert(count > 0); /* a list does not fail, whatever goes meanwhile */
        random = random * 1103515245 + 12345;
        first = (int)(random >> 8) % count;
        for (i = 0; i < count; i++) {
            if ((i - first + count) % count < SAMPLE) {
                const char *name = virNodeDeviceGetName(devices[i]);
                char *xml = virNodeDeviceGetXMLDesc(devices[i], 0);

                assert(name);
                if (xml != NULL)
                    assert(strstr(xml, name) && strstr(xml, "</device>"));
                else
                    missing += is_gone();
                free(xml);
                again = virNodeDeviceLookupByName(shared, name);
                if (again != NULL)
                    assert(virNodeDeviceFree(again) == 0);
                else
                    missing += is_gone();
                printed++;
            }
            assert(virNodeDeviceFree(devices[i]) == 0);
        }
        free(devices);
    }
    pthread_mutex_lock(&lock);
    lists += turns;
    documents += printed;
    gone += missing;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static int read_in_threads(int count, int bytes)
{
    struct workers workers;
    char c;

    shared = open_with_buffer(bytes);
    start_workers(&workers, count, read_devices);
    while (read(0, &c, 1) == 1)
        ;
    is_over = 1;
    join_workers(&workers);
    assert(virConnectClose(shared) == 0);
    printf("%ld %ld %ld\n", lists, documents, gone);
    return 0;
}

int main(int argc, char **argv)
{
    need_own_network();
    virSetErrorFunc(NULL, ignore_error);
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "watch") == 0)
        return watch(argc == 3 ? atoi(argv[2]) : 0);
    if (argc >= 3 && argc <= 4 && strcmp(argv[1], "read") == 0)
        return read_in_threads(atoi(argv[2]), argc == 4 ? atoi(argv[3]) : 0);
    fprintf(stderr, "usage: storm watch [BYTES] | storm read THREADS [BYTES]\n");
    return 2;
}
