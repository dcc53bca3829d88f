/* SPDX-License-Identifier: LGPL-2.1-or-later
 * How long events take: from a change that the kernel is asked to report to the callback, with the library
 * waiting in another thread; and the processor time for 10,000 that arrive together. Needs a network
 * namespace of its own and the /sys that belongs to it.
 */
#include "timing.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <virnodedev.h>

enum { ROUNDS = 1000, BURST = 10000 };

static virConnectPtr conn;
static double told_at;
static int told, pipe_ends[2];

static void on_update(virConnectPtr c, virNodeDevicePtr device, void *opaque)
{
    (void)c, (void)device, (void)opaque;
    told_at = now_us();
    told++;
}

static void change(void)
{
    FILE *file = fopen("/sys/class/net/lo/uevent", "w");

    if (!file || fputs("change\n", file) < 0 || fclose(file) != 0) {
        fprintf(stderr, "events: cannot write /sys/class/net/lo/uevent\n");
        exit(1);
    }
}

/* Dispatches what comes, and says so, until told to end. */
static void *dispatch(void *end)
{
    struct pollfd fd = { vndConnectGetEventFD(conn), POLLIN, 0 };
    int before;

    while (!*(volatile int *)end) {
        before = told;
        if (poll(&fd, 1, 1000) == 1)
            vndConnectDispatchEvents(conn);
        if (told != before && write(pipe_ends[1], "x", 1) != 1)
            break;
    }
    return NULL;
}

static void latency(void)
{
    static double times[ROUNDS];
    pthread_t thread;
    int i, end = 0;
    char c;

    if (pipe(pipe_ends) != 0 || pthread_create(&thread, NULL, dispatch, &end) != 0)
        exit(1);
    for (i = 0; i < ROUNDS; i++) {
        struct timespec pause = { 0, 300000 };
        double begin;

        nanosleep(&pause, NULL);
        begin = now_us();
        change();
        if (read(pipe_ends[0], &c, 1) != 1)
            exit(1);
        times[i] = told_at - begin;
    }
    end = 1;
    pthread_join(thread, NULL);
    qsort(times, ROUNDS, sizeof(times[0]), compare_doubles);
    printf("event_latency %.3f\nevent_latency_fastest %.3f\n", times[ROUNDS / 2], times[0]);
}

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void burst(void)
{
    double begin;
    int i;

    for (i = 0; i < BURST; i++)
        change();
    told = 0;
    begin = cpu_us();
    vndConnectDispatchEvents(conn);
    printf("event_burst %.3f\nevent_burst_told %d\n", cpu_us() - begin, told);
}

int main(void)
{
    conn = virConnectOpen("nodedev:///system");
    if (!conn || vndConnectGetEventFD(conn) < 0 ||
        virConnectNodeDeviceEventRegisterAny(conn, NULL, VIR_NODE_DEVICE_EVENT_ID_UPDATE,
                                             VIR_NODE_DEVICE_EVENT_CALLBACK(on_update), NULL, NULL) < 0)
        return 1;
    latency();
    burst();
    return 0;
}
