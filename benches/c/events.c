/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * How long events take: from a change that the kernel is asked to report to the callback, with the library
 * waiting in another thread; the same with a plain program that takes the kernel's message and does no more; the
 * processor time for 10,000 that arrive together; and how long a call takes while uevents keep coming as fast as
 * another process can make them. Needs a network namespace of its own and the /sys that belongs to it.
 */
#include "timing.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <virnodedev.h>

enum { ROUNDS = 1000, BURST = 10000, STORM_US = 3000000 };

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

static void say_so(void)
{
    if (write(pipe_ends[1], "x", 1) != 1)
        exit(1);
}

/* Dispatches what comes, and says so, until told to end. Says first that it waits. */
static void *dispatch(void *end)
{
    struct pollfd fd = { vndConnectGetEventFD(conn), POLLIN, 0 };
    int before;

    say_so();
    while (!*(volatile int *)end) {
        before = told;
        if (poll(&fd, 1, 1000) == 1)
            vndConnectDispatchEvents(conn);
        if (told != before)
            say_so();
    }
    return NULL;
}

/* What no program can do without: it waits for the kernel's message, and takes it. */
static void *receive(void *end)
{
    struct sockaddr_nl group = { AF_NETLINK, 0, 0, 1 };
    int from = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    struct pollfd fd = { from, POLLIN, 0 };
    char message[4096];

    if (from < 0 || bind(from, (struct sockaddr *)&group, sizeof(group)) != 0)
        exit(1);
    say_so();
    while (!*(volatile int *)end) {
        if (poll(&fd, 1, 1000) != 1)
            continue;
        if (recv(from, message, sizeof(message), 0) < 0)
            exit(1);
        told_at = now_us();
        say_so();
    }
    close(from);
    return NULL;
}

/* From a change until a thread that waits this way has noticed it. */
static void latency(const char *name, void *(*wait_for_changes)(void *))
{
    static double times[ROUNDS];
    pthread_t thread;
    int i, end = 0;
    char c;

    if (pipe(pipe_ends) != 0 || pthread_create(&thread, NULL, wait_for_changes, &end) != 0 ||
        read(pipe_ends[0], &c, 1) != 1)
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
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    qsort(times, ROUNDS, sizeof(times[0]), compare_doubles);
    printf("%s %.3f\n%s_fastest %.3f\n", name, times[ROUNDS / 2], name, times[0]);
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
    /* A call takes in so much, and the next ones the rest. */
    do {
        i = told;
        vndConnectDispatchEvents(conn);
    } while (told != i);
    printf("event_burst %.3f\nevent_burst_told %d\n", cpu_us() - begin, told);
}

/* Makes uevents until it is killed. */
static pid_t feeder(void)
{
    pid_t child = fork();

    if (child == 0) {
        int fd = open("/sys/class/net/lo/uevent", O_WRONLY);

        while (write(fd, "change", 6) == 6)
            continue;
        _exit(1);
    }
    return child;
}

static double sent(void)
{
    FILE *file = fopen("/sys/kernel/uevent_seqnum", "r");
    double count = 0;

    if (!file || fscanf(file, "%lf", &count) != 1)
        exit(1);
    fclose(file);
    return count;
}

/* A program that looks and does not wait for events. */
static void storm(void)
{
    virConnectPtr other = virConnectOpen("nodedev:///system");
    double begin, before, end, longest = 0;
    pid_t child;

    if (!other || virNodeNumOfDevices(other, NULL, 0) < 0 || (child = feeder()) < 0)
        exit(1);
    before = sent();
    begin = end = now_us();
    while (end - begin < STORM_US) {
        double called = end;

        if (virNodeNumOfDevices(other, NULL, 0) < 0)
            exit(1);
        end = now_us();
        if (end - called > longest)
            longest = end - called;
    }
    printf("event_storm_rate %.0f\nevent_storm_call %.3f\n", (sent() - before) * 1e6 / (end - begin), longest);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    virConnectClose(other);
}

int main(void)
{
    latency("plain_latency", receive);
    conn = virConnectOpen("nodedev:///system");
    if (!conn || vndConnectGetEventFD(conn) < 0 ||
        virConnectNodeDeviceEventRegisterAny(conn, NULL, VIR_NODE_DEVICE_EVENT_ID_UPDATE,
                                             VIR_NODE_DEVICE_EVENT_CALLBACK(on_update), NULL, NULL) < 0)
        return 1;
    latency("event_latency", dispatch);
    burst();
    storm();
    return 0;
}
