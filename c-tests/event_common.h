/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * What the event tests share. They run in a network namespace of their own with its own /sys, so they
 * can have the kernel report real devices: a "change" written to an interface's uevent file, and
 * pairs of virtual interfaces made with ip(8).
 */
#ifndef EVENT_COMMON_H
#define EVENT_COMMON_H

#include "common.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define LOOPBACK "net_lo_00_00_00_00_00_00"
#define HOST_URI "nodedev:///system"

#define LIFECYCLE VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE
#define UPDATE VIR_NODE_DEVICE_EVENT_ID_UPDATE
#define CALLBACK VIR_NODE_DEVICE_EVENT_CALLBACK

/* Says and leaves undone what cannot be tested without a network namespace of one's own. */
static inline void need_own_network(void)
{
    if (getenv("KIT_OWN_NETWORK") == NULL) {
        fprintf(stderr, "needs a network namespace of its own\n");
        exit(77);
    }
}

/* Has the kernel say that an interface changed (kernel: Documentation/ABI/testing/sysfs-uevent). */
static inline void change_interface(const char *name)
{
    char path[100];
    FILE *file;

    snprintf(path, sizeof(path), "/sys/class/net/%s/uevent", name);
    file = fopen(path, "w");
    assert(file && fputs("change\n", file) >= 0);
    assert(fclose(file) == 0);
}

static inline void change_loopback(void)
{
    change_interface("lo");
}

/* Two interfaces with fixed addresses. The kernel makes the peer, which is the second, first. */
#define PAIR_0 "net_vt0_02_00_00_00_00_00"
#define PAIR_1 "net_vt1_02_00_00_00_00_01"

static inline void make_pair(void)
{
    /* A test that failed may have left one. */
    if (system("ip link del vt0 2>/dev/null") != 0) {
        /* There was none. */
    }
    assert(system("ip link add vt0 address 02:00:00:00:00:00 type veth "
                  "peer name vt1 address 02:00:00:00:00:01") == 0);
}

static inline void remove_pair(void)
{
    assert(system("ip link del vt0") == 0);
}

/* A process that makes and removes the pair when it is told to, for one that cannot itself. */
static int order[2], reply[2];

static inline void start_helper(void)
{
    char what;

    assert(pipe(order) == 0 && pipe(reply) == 0);
    if (fork() != 0)
        return;
    close(order[1]);
    while (read(order[0], &what, 1) == 1) {
        if (what == '+')
            make_pair();
        else
            remove_pair();
        assert(write(reply[1], &what, 1) == 1);
    }
    _exit(0);
}

static inline void have_helper(char what)
{
    assert(write(order[1], &what, 1) == 1 && read(reply[0], &what, 1) == 1);
}

static inline int is_readable(int fd, int timeout)
{
    struct pollfd p = { 0, POLLIN, 0 };

    p.fd = fd;
    return poll(&p, 1, timeout) == 1;
}

/* Dispatches until `*count` reaches `wanted`, by the descriptor of the connection. */
static inline void dispatch_until(virConnectPtr conn, const int *count, int wanted)
{
    int fd = vndConnectGetEventFD(conn);

    assert(fd >= 0);
    while (*count < wanted) {
        assert(is_readable(fd, 20000));
        assert(vndConnectDispatchEvents(conn) >= 0);
    }
    assert(*count == wanted);
}

static inline double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static inline void sleep_ms(int ms)
{
    struct timespec t;

    t.tv_sec = ms / 1000;
    t.tv_nsec = ms % 1000 * 1000000L;
    nanosleep(&t, NULL);
}

/* Errors are looked at, not printed. */
static inline void ignore_error(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

#endif
