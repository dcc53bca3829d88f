/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 *
 * Fails the library's system calls, one in each run, and looks whether it answers right or says so.
 *
 *   faults [EVERY] list URI     opens, lists, and asks for everything that there is to know of each device
 *   faults [EVERY] events URI   opens and registers; then an interface changes, two come, and two go
 *   faults refused URI          asks for everything of a machine whose eswitch modes the library may not ask for
 *
 * A first run without a fault makes the answers that are expected, and counts the calls. Then the N-th call fails
 * with EMFILE, ENFILE, ENOMEM, EIO or EINTR, in a process of its own, which has kept nothing from before. Every
 * question is either answered as expected or ends with code 38 and the errno; asked again, it is answered as expected.
 * So are the other questions about that device, and then, for all devices, XML and list.
 * Of the calls that do the same to files of the same name the first is failed; with EVERY, a number, every EVERY-th of
 * all calls is failed, too: 1 fails all of them. Each run lists and describes all devices, so that the time grows with
 * the square of their number.
 * `refused` refuses generic netlink as confinement does, each call in turn with EACCES and EPERM, every time: no question
 * may be answered otherwise, or end with an error.
 *
 * Prints the numbers of calls and runs. Exit status: 1 when something was wrong, 77 where there is no such filter.
 */
#define _GNU_SOURCE
#include "event_common.h"
#include "failing_call.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* --- what the processes share ----------------------------------------------------------- */

static const struct {
    int number;
    const char *name;
} ERRORS[] = {
    { EMFILE, "EMFILE" }, { ENFILE, "ENFILE" }, { ENOMEM, "ENOMEM" }, { EIO, "EIO" }, { EINTR, "EINTR" },
};

enum { MAX_STEPS = 1 << 12, MAX_TEXT = 32 << 20 };

static struct {
    struct calls calls;
    /* The expected answers, one behind the other. */
    int steps;
    size_t length;
    char *step[MAX_STEPS];
    char text[MAX_TEXT];
    char failure[4096];
} *shared;

/* --- questions ------------------------------------------------------------------------ */

static const char *uri;
static virConnectPtr conn;
/* What a question leaves to be given back: that would clear its error. */
static virNodeDevicePtr held;

/* Ends the run with a word of what is wrong. */
static void fail(const char *format, ...)
{
    va_list args;

    is_armed = 0;
    va_start(args, format);
    vsnprintf(shared->failure, sizeof(shared->failure), format, args);
    va_end(args);
    _exit(1);
}

static int steps;

/* Where two texts differ, for a message. */
static const char *difference(const char *found, const char *expected)
{
    static char text[900];
    size_t at = 0;

    while (found[at] && found[at] == expected[at])
        at++;
    at -= at < 60 ? at : 60;
    snprintf(text, sizeof(text), "found    ...%.300s\nexpected ...%.300s", found + at, expected + at);
    return text;
}

static void give_back(void)
{
    if (held)
        virNodeDeviceFree(held);
    held = NULL;
}

/* Asks a question, once more if the first answer is an error that says what failed. An answer that is not empty is
 * compared. */
static void ask(const char *title, char *(*question)(const char *name), const char *name)
{
    int errors = 0;
    char *answer;

    for (;;) {
        virErrorPtr error;

        is_armed = 1;
        answer = question(name);
        is_armed = 0;
        if (answer)
            break;
        error = virGetLastError();
        if (!error)
            fail("%s %s: no answer and no error", title, name);
        if (errors++ || !has_failed)
            fail("%s %s: asked again: %d %s", title, name, error->code, error->message);
        if (error->code != VIR_ERR_SYSTEM_ERROR || error->int1 != failing_error ||
            !strstr(error->message, strerror(failing_error)))
            fail("%s %s: error %d, errno %d: %s", title, name, error->code, error->int1, error->message);
        virResetLastError();
        give_back();
    }
    give_back();
    if (answer[0] == '\0') {
        /* There is nothing to compare. */
        free(answer);
        return;
    }
    if (is_first_run) {
        size_t size = strlen(answer) + 1;

        assert(steps < MAX_STEPS && shared->length + size <= MAX_TEXT);
        shared->step[steps] = shared->text + shared->length;
        memcpy(shared->step[steps], answer, size);
        shared->length += size;
        shared->steps = steps + 1;
    } else if (steps >= shared->steps || strcmp(answer, shared->step[steps]) != 0) {
        fail("%s %s%s: %s", title, name, errors ? " asked again" : "",
             steps < shared->steps ? difference(answer, shared->step[steps]) : "one question too many");
    }
    free(answer);
    steps++;
}

static char *open_connection(const char *name)
{
    (void)name;
    conn = virConnectOpen(uri);
    return conn ? strdup("") : NULL;
}

/* The names of all devices, a line each. */
static char *list(const char *unused)
{
    virNodeDevicePtr *devices;
    int i, n = virConnectListAllNodeDevices(conn, &devices, 0);
    char *text, *end;

    (void)unused;
    if (n < 0)
        return NULL;
    text = end = malloc((size_t)n * 256 + 1);
    assert(text);
    *end = '\0';
    for (i = 0; i < n; i++) {
        end += snprintf(end, 256, "%s\n", virNodeDeviceGetName(devices[i]));
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
    return text;
}

/* How many devices have each capability; a list by flags reads what they need. */
static char *count_capabilities(const char *unused)
{
    char *text = malloc(1000), *end = text;
    unsigned int bit;

    (void)unused;
    assert(text);
    for (bit = 0; bit < 24; bit++) {
        virNodeDevicePtr *devices;
        int n = virConnectListAllNodeDevices(conn, &devices, 1U << bit);

        if (n < 0) {
            free(text);
            return NULL;
        }
        end += sprintf(end, "%d ", n);
        while (n > 0)
            virNodeDeviceFree(devices[--n]);
        free(devices);
    }
    return text;
}

static char *xml(const char *name)
{
    held = virNodeDeviceLookupByName(conn, name);
    return held ? virNodeDeviceGetXMLDesc(held, 0) : NULL;
}

static char *json(const char *name)
{
    held = virNodeDeviceLookupByName(conn, name);
    return held ? vndNodeDeviceGetJSONDesc(held, 0) : NULL;
}

static char *capabilities(const char *name)
{
    char *names[30], *text = NULL;
    int i, n;

    held = virNodeDeviceLookupByName(conn, name);
    n = held ? virNodeDeviceListCaps(held, names, COUNT(names)) : -1;
    if (n >= 0) {
        text = calloc(1, 1000);
        assert(text);
        for (i = 0; i < n; i++) {
            strcat(strcat(text, names[i]), " ");
            free(names[i]);
        }
    }
    return text;
}

static char *xml_of_all(const char *unused)
{
    (void)unused;
    return vndConnectGetAllDevicesXML(conn, 0);
}

static void close_connection(void)
{
    assert(virConnectClose(conn) >= 0); /* registrations keep it */
}

static void ask_for_everything(void)
{
    char *names, *name, *rest;

    ask("open", open_connection, "");
    ask("list", list, "");
    names = strdup(shared->step[steps - 1]);
    ask("count", count_capabilities, "");
    for (name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
        ask("XML of", xml, name);
        ask("JSON of", json, name);
        ask("capabilities of", capabilities, name);
        if (has_failed) {
            /* The rest is in the XML of all devices: what the fault left behind shows there. */
            steps = shared->steps - 2;
            break;
        }
    }
    free(names);
    ask("XML of all", xml_of_all, "");
    ask("list", list, "");
    close_connection();
}

/* --- events --------------------------------------------------------------------------- */

static char told[1000];

static void on_lifecycle(virConnectPtr c, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    static const char *const names[] = { "created", "deleted", "defined", "undefined" };

    (void)c, (void)detail, (void)opaque;
    sprintf(told + strlen(told), "%s %.60s\n", names[event], virNodeDeviceGetName(device));
}

static void on_update(virConnectPtr c, virNodeDevicePtr device, void *opaque)
{
    (void)c, (void)opaque;
    sprintf(told + strlen(told), "updated %.60s\n", virNodeDeviceGetName(device));
}

static int fd;

static char *get_fd(const char *unused)
{
    (void)unused;
    fd = vndConnectGetEventFD(conn);
    return fd < 0 ? NULL : strdup("");
}

static char *register_lifecycle(const char *unused)
{
    (void)unused;
    return virConnectNodeDeviceEventRegisterAny(conn, NULL, LIFECYCLE, CALLBACK(on_lifecycle), NULL, NULL) < 0
               ? NULL : strdup("");
}

static char *register_update(const char *unused)
{
    (void)unused;
    return virConnectNodeDeviceEventRegisterAny(conn, NULL, UPDATE, CALLBACK(on_update), NULL, NULL) < 0
               ? NULL : strdup("");
}

static char *dispatch(const char *unused)
{
    (void)unused;
    return vndConnectDispatchEvents(conn) < 0 ? NULL : strdup("");
}

/* Dispatches until that was told, as a program does that sleeps until the descriptor is readable. */
static void wait_for(const char *first, const char *second)
{
    while (!strstr(told, first) || !strstr(told, second)) {
        if (!is_readable(fd, 3000))
            fail("asleep before it was told '%s' and '%s'; told was:\n%s", first, second, told);
        ask("dispatch", dispatch, "");
    }
    told[0] = '\0';
}

static void follow_events(void)
{
    ask("open", open_connection, "");
    ask("descriptor", get_fd, "");
    ask("registration", register_lifecycle, "");
    ask("registration", register_update, "");
    ask("list", list, "");
    change_loopback();
    wait_for("updated " LOOPBACK "\n", "");
    have_helper('+');
    wait_for("created " PAIR_0 "\n", "created " PAIR_1 "\n");
    ask("list", list, "");
    ask("XML of", xml, PAIR_1);
    have_helper('-');
    wait_for("deleted " PAIR_0 "\n", "deleted " PAIR_1 "\n");
    ask("list", list, "");
    close_connection();
}

/* --- runs ------------------------------------------------------------------------------ */

static void (*work)(void);

static int run(void)
{
    int status;
    pid_t child = fork();

    assert(child >= 0);
    if (child == 0) {
        alarm(60);
        virSetErrorFunc(NULL, ignore_error);
        work();
        if (is_first_run)
            seen->count = count;
        _exit(0);
    }
    assert(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status))
        snprintf(shared->failure, sizeof(shared->failure), "ended by signal %d", WTERMSIG(status));
    return status == 0;
}

/* One call in each run. Returns how many runs were wrong. */
static int fail_each(int every)
{
    int n, runs = 0, wrong = 0;
    size_t e;

    for (n = 0; n < seen->count; n++) {
        if ((every == 0 || n % every != 0) && is_repeated(n))
            continue;
        for (e = 0; e < COUNT(ERRORS); e++) {
            failing_call = n;
            failing_error = ERRORS[e].number;
            runs++;
            if (!run()) {
                wrong++;
                fprintf(stderr, "call %d, %s '%s', %s: %s\n", n, call_name(seen->call[n].number),
                        seen->call[n].about, ERRORS[e].name, shared->failure);
                if (work == follow_events && system("ip link del vt0 2>/dev/null") != 0) {
                    /* It was gone. */
                }
            }
        }
    }
    printf("%d calls, %d runs, %d wrong\n", seen->count, runs, wrong);
    return wrong;
}

static int refuse_generic_netlink(void)
{
    static const char *const calls[] = { "socket", "sendto", "recvfrom" };
    int wrong = 0;
    size_t i;

    for (i = 0; i < 2 * COUNT(calls); i++) {
        refused_call = calls[i / 2];
        failing_error = i % 2 ? EACCES : EPERM;
        seen->refused = 0;
        if (!run()) {
            wrong++;
            fprintf(stderr, "%s, %s: %s\n", refused_call, strerror(failing_error), shared->failure);
        } else if (seen->refused == 0) {
            wrong++;
            fprintf(stderr, "%s was not called\n", refused_call);
        }
    }
    printf("%d calls, %d runs, %d wrong\n", seen->count, (int)i, wrong);
    return wrong;
}

int main(int argc, char **argv)
{
    int every = argc > 1 ? atoi(argv[1]) : 0;
    const char *what;

    if (every > 0)
        argc--, argv++;
    what = argc == 3 ? argv[1] : "";
    if (strcmp(what, "list") != 0 && strcmp(what, "events") != 0 && strcmp(what, "refused") != 0) {
        fprintf(stderr, "usage: faults [EVERY] list|events|refused URI\n");
        return 2;
    }
    uri = argv[2];
    work = ask_for_everything;
    if (strcmp(what, "events") == 0) {
        need_own_network();
        work = follow_events;
        start_helper();
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(shared != MAP_FAILED);
    seen = &shared->calls;
    catch_calls(on_call);
    is_first_run = 1;
    if (!run()) {
        fprintf(stderr, "without a fault: %s\n", shared->failure);
        return 1;
    }
    is_first_run = 0;
    return (strcmp(what, "refused") == 0 ? refuse_generic_netlink() : fail_each(every)) != 0;
}
