/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* nodedev event: prints events as they happen. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

#include "nodedev.h"

/* What the callbacks know. */
struct watch {
    const struct settings *settings;
    int count; /* of events printed */
};

static const char *const event_names[] = { "lifecycle", "update" };
static const char *const lifecycle_names[] = { "Created", "Deleted", "Defined", "Undefined" };

enum {
    EVENTS = sizeof(event_names) / sizeof(event_names[0]),
    LIFECYCLE_TYPES = sizeof(lifecycle_names) / sizeof(lifecycle_names[0])
};

/* Set by the signals that end the program. */
static volatile sig_atomic_t is_interrupted;

static void on_signal(int signal_number)
{
    (void)signal_number;
    is_interrupted = 1;
}

const char *event_type_name(int type)
{
    return type < EVENTS ? event_names[type] : NULL;
}

int event_parse_type(const char *text, unsigned int *events)
{
    int i;

    for (i = 0; i < EVENTS; i++) {
        if (strcmp(text, event_names[i]) == 0) {
            *events |= 1U << i;
            return 0;
        }
    }
    complain("unknown event type %s", text);
    return -1;
}

int event_parse_timeout(const char *text, int *seconds)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < 1 || number > INT_MAX / 1000) {
        complain("Numeric value '%s' for <timeout> option is malformed or out of range", text);
        return -1;
    }
    *seconds = (int)number;
    return 0;
}

int event_check(const struct settings *settings)
{
    const unsigned int others =
        OPTION_DEVICE | OPTION_EVENT | OPTION_LOOP | OPTION_TIMEOUT | OPTION_TIMESTAMP;

    if ((settings->given & OPTION_LIST) != 0 && (settings->given & others) != 0) {
        complain("Option --list is incompatible with the other options of 'event'");
        return -1;
    }
    return 0;
}

/* Returns whether an event is to be printed, and then prints the beginning of its line. Without --loop only the first
 * event is printed. */
static int begin_line(struct watch *watch)
{
    struct timespec now;
    struct tm utc;
    char text[32];
    time_t seconds;

    if (watch->count > 0 && (watch->settings->given & OPTION_LOOP) == 0)
        return 0;
    watch->count++;
    if ((watch->settings->given & OPTION_TIMESTAMP) != 0 &&
        clock_gettime(CLOCK_REALTIME, &now) == 0) {
        seconds = now.tv_sec;
        if (gmtime_r(&seconds, &utc) != NULL &&
            strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc) > 0)
            put("%s.%03ld+0000: ", text, now.tv_nsec / 1000000);
    }
    return 1;
}

static void on_lifecycle(virConnectPtr conn, virNodeDevicePtr device, int type, int detail,
                         void *opaque)
{
    (void)conn;
    (void)detail;
    if (!begin_line(opaque))
        return;
    put("event 'lifecycle' for node device %s: %s\n", virNodeDeviceGetName(device),
        type >= 0 && type < LIFECYCLE_TYPES ? lifecycle_names[type] : "unknown");
}

static void on_update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    (void)conn;
    if (begin_line(opaque))
        put("event 'update' for node device %s\n", virNodeDeviceGetName(device));
}

/* The time until `end`, or zero when that has passed. */
static struct timespec time_left(const struct timespec *end)
{
    struct timespec left = { 0, 0 };
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return left;
    left.tv_sec = end->tv_sec - now.tv_sec;
    left.tv_nsec = end->tv_nsec - now.tv_nsec;
    if (left.tv_nsec < 0) {
        left.tv_sec--;
        left.tv_nsec += 1000000000L;
    }
    if (left.tv_sec < 0)
        left.tv_sec = left.tv_nsec = 0;
    return left;
}

/* Blocks the signals that end the program except while it waits, so that none is missed between the check of
 * `is_interrupted` and the wait. Sets `waiting` to the signal mask for the wait. */
static void catch_signals(sigset_t *waiting)
{
    static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action;
    struct sigaction old;
    sigset_t blocked;
    size_t i;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        /* What nohup(1) or a shell's background job ignores stays ignored. */
        if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
            continue;
        sigaction(ends[i], &action, NULL);
        sigaddset(&blocked, ends[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, waiting);
    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        sigdelset(waiting, ends[i]);
}

/* Waits for events and prints them until the command is done. Returns 0, or -1 after an error line. */
static int follow(virConnectPtr conn, int fd, struct watch *watch)
{
    const struct settings *settings = watch->settings;
    struct timespec end = { 0, 0 };
    struct timespec left;
    sigset_t waiting;
    fd_set readable;
    int ready;

    catch_signals(&waiting);
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += settings->timeout;
    while ((settings->given & OPTION_LOOP) != 0 || watch->count == 0) {
        FD_ZERO(&readable);
        FD_SET(fd, &readable);
        left = time_left(&end);
        ready = pselect(fd + 1, &readable, NULL, NULL, settings->timeout > 0 ? &left : NULL,
                        &waiting);
        if (is_interrupted) {
            put("event loop interrupted\n");
            return 0;
        }
        if (ready == 0) {
            put("event loop timed out\n");
            return 0;
        }
        if (ready < 0 && errno != EINTR) {
            complain("cannot wait for events: %s", strerror(errno));
            return -1;
        }
        if (ready > 0 && vndConnectDispatchEvents(conn) < 0) {
            complain_library();
            return -1;
        }
        /* A reader wants each event when it happens. */
        if (put_flush() < 0)
            return -1;
    }
    return 0;
}

/* Registers callbacks for the events that were asked for. Returns 0, or -1 after an error line. */
static int register_callbacks(virConnectPtr conn, virNodeDevicePtr device, struct watch *watch, int *ids)
{
    const virConnectNodeDeviceEventGenericCallback callbacks[EVENTS] = {
        VIR_NODE_DEVICE_EVENT_CALLBACK(on_lifecycle),
        VIR_NODE_DEVICE_EVENT_CALLBACK(on_update)
    };
    unsigned int events = watch->settings->events;
    int i;

    for (i = 0; i < EVENTS; i++) {
        if (events != 0 && (events & (1U << i)) == 0)
            continue;
        ids[i] = virConnectNodeDeviceEventRegisterAny(conn, device, i, callbacks[i], watch, NULL);
        if (ids[i] < 0) {
            complain_library();
            return -1;
        }
    }
    return 0;
}

int event_run(virConnectPtr conn, const struct settings *settings)
{
    struct watch watch = { settings, 0 };
    virNodeDevicePtr device = NULL;
    int ids[EVENTS] = { -1, -1 };
    int result = -1;
    int fd;
    int i;

    if ((settings->given & OPTION_LIST) != 0) {
        for (i = 0; i < EVENTS; i++)
            put("%s\n", event_names[i]);
        put_end(settings);
        return STATUS_OK;
    }
    if (settings->device != NULL) {
        device = find_device(conn, settings->device);
        if (device == NULL)
            return STATUS_FAILED;
    }
    fd = vndConnectGetEventFD(conn);
    if (fd < 0)
        complain_library();
    else if (fd >= FD_SETSIZE)
        complain("cannot wait for events: too many open files");
    else if (register_callbacks(conn, device, &watch, ids) == 0)
        result = follow(conn, fd, &watch);
    for (i = 0; i < EVENTS; i++) {
        if (ids[i] >= 0)
            virConnectNodeDeviceEventDeregisterAny(conn, ids[i]);
    }
    if (device != NULL)
        virNodeDeviceFree(device);
    if (result < 0)
        return STATUS_FAILED;
    put("events received: %d\n", watch.count);
    put_end(settings);
    return watch.count > 0 ? STATUS_OK : STATUS_FAILED;
}
