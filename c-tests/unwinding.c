/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Threads that end in the middle: pthread_exit() and pthread_cancel() in every kind of function that the library calls,
 * while the library waits, and while it is at work. The process lives on, and so do connection and loop.
 */
#include "common.h"

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REGISTER virConnectNodeDeviceEventRegisterAny
#define DEREGISTER virConnectNodeDeviceEventDeregisterAny
#define LIFECYCLE VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE
#define CALLBACK VIR_NODE_DEVICE_EVENT_CALLBACK

static void sleep_ms(int ms)
{
    struct timespec t;

    t.tv_sec = ms / 1000;
    t.tv_nsec = ms % 1000 * 1000000L;
    nanosleep(&t, NULL);
}

/* --- ending a thread ------------------------------------------------------------- */

static enum { BY_EXIT, BY_CANCEL } way;
static int dummy;
static void *const ended = &dummy;

/* What is to end the thread that calls it. */
static const void *fatal;

static void may_end(const void *where)
{
    if (where == NULL || where != fatal)
        return;
    fatal = NULL;
    if (way == BY_EXIT)
        pthread_exit(ended);
    assert(pthread_cancel(pthread_self()) == 0);
    for (;;)
        sleep_ms(1000);
}

/* Runs FUNCTION in a thread that WHERE ends. */
static void run_until(const void *where, void *(*function)(void *), void *argument)
{
    pthread_t thread;
    void *result = NULL;

    fatal = where;
    assert(pthread_create(&thread, NULL, function, argument) == 0);
    assert(pthread_join(thread, &result) == 0);
    assert(result == (way == BY_EXIT ? ended : PTHREAD_CANCELED));
    assert(fatal == NULL);
}

/* --- error handlers -------------------------------------------------------------- */

static int handled;

static void handler(void *data, virErrorPtr error)
{
    assert(error->code == VIR_ERR_NO_NODE_DEVICE);
    handled++;
    may_end(data);
}

static void *look_up_nosuch(void *conn)
{
    assert(!virNodeDeviceLookupByName(conn, "nosuch"));
    return NULL;
}

static void test_handlers(virConnectPtr conn)
{
    static int all, own;

    handled = 0;
    virSetErrorFunc(&all, handler);
    run_until(&all, look_up_nosuch, conn);
    virConnSetErrorFunc(conn, &own, handler);
    run_until(&own, look_up_nosuch, conn);
    look_up_nosuch(conn);
    assert(handled == 3);
    virConnSetErrorFunc(conn, NULL, NULL);
}

/* --- events ---------------------------------------------------------------------- */

static int told, freed;

static void lifecycle(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    (void)conn;
    assert(virNodeDeviceGetName(device) && event <= VIR_NODE_DEVICE_EVENT_DELETED && detail == 0);
    told++;
    may_end(opaque);
}

/* The registration that ends itself when it is told. */
static int own_number;

static void deregister_itself(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    (void)device, (void)event, (void)detail, (void)opaque;
    told++;
    assert(DEREGISTER(conn, own_number) == 0);
}

static void on_free(void *opaque)
{
    freed++;
    may_end(opaque);
}

static const char port[] = "<device><parent>scsi_host1</parent><capability type='scsi_host'>"
                           "<capability type='fc_host'><wwnn>2000000043214321</wwnn>"
                           "<wwpn>1000000043214321</wwpn></capability></capability></device>";

/* Two events: a port comes and goes. */
static void make_events(virConnectPtr conn)
{
    virNodeDevicePtr device = virNodeDeviceCreateXML(conn, port, 0);

    assert(device && virNodeDeviceDestroy(device) == 0 && virNodeDeviceFree(device) == 0);
}

static void *dispatch(void *conn)
{
    assert(vndConnectDispatchEvents(conn) >= 0);
    return NULL;
}

static void *run_loop(void *unused)
{
    (void)unused;
    for (;;)
        assert(virEventRunDefaultImpl() == 0);
    return NULL;
}

static void *deregister(void *conn)
{
    assert(DEREGISTER(conn, own_number) == 0);
    return NULL;
}

/* A callback that ends its thread loses the event that it was told, and no other. */
static void test_dispatching(void)
{
    static int callback, free_later;
    virConnectPtr conn = virConnectOpen("test:///default");
    struct pollfd p = { 0, POLLIN, 0 };
    int number;

    assert(conn);
    p.fd = vndConnectGetEventFD(conn);
    told = freed = 0;
    number = REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), &callback, on_free);
    assert(number >= 0);
    make_events(conn);
    run_until(&callback, dispatch, conn);
    assert(told == 1 && poll(&p, 1, 0) == 1);
    assert(vndConnectDispatchEvents(conn) == 1 && told == 2 && poll(&p, 1, 0) == 0);
    assert(DEREGISTER(conn, number) == 0 && freed == 1);

    /* The function that frees, called at the end of the dispatch. */
    own_number = REGISTER(conn, NULL, LIFECYCLE, CALLBACK(deregister_itself), &free_later, on_free);
    make_events(conn);
    run_until(&free_later, dispatch, conn);
    assert(told == 3 && freed == 2);

    /* And within the call that ends the registration. */
    own_number = REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), &free_later, on_free);
    run_until(&free_later, deregister, conn);
    assert(freed == 3);
    assert(vndConnectDispatchEvents(conn) == 0);
    assert(virConnectClose(conn) == 0);
}

/* --- the built-in loop ------------------------------------------------------------- */

static volatile int turns, watched;

static void on_timer(int timer, void *opaque)
{
    (void)timer;
    turns++;
    may_end(opaque);
}

static void on_readable(int watch, int fd, int events, void *opaque)
{
    (void)watch, (void)fd;
    assert(events & VIR_EVENT_HANDLE_READABLE);
    watched++;
    may_end(opaque);
}

static void test_loop(void)
{
    static int callback, timer_data, watch_data, freed_data, other_data;
    virConnectPtr conn = virConnectOpen("test:///default");
    int fds[2], number, timer, watch, i;

    assert(conn && pipe(fds) == 0 && write(fds[1], "x", 1) == 1);
    told = freed = turns = watched = 0;
    number = REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), &callback, on_free);
    assert(number >= 0);
    make_events(conn);
    run_until(&callback, run_loop, NULL);
    assert(told == 1 && virEventRunDefaultImpl() == 0 && told == 2);

    timer = virEventAddTimeout(0, on_timer, &timer_data, on_free);
    watch = virEventAddHandle(fds[0], VIR_EVENT_HANDLE_READABLE, on_readable, &watch_data, on_free);
    assert(timer > 0 && watch > 0);
    run_until(&timer_data, run_loop, NULL);
    run_until(&watch_data, run_loop, NULL);
    i = turns;
    assert(virEventRunDefaultImpl() == 0 && turns == i + 1 && watched >= 2);

    /* What a turn was to free is freed in the next one. */
    assert(virEventRemoveTimeout(timer) == 0 && virEventRemoveHandle(watch) == 0);
    for (i = 0; i < 2; i++) {
        void *data = i == 0 ? &freed_data : &other_data;

        assert(virEventRemoveTimeout(virEventAddTimeout(-1, on_timer, data, on_free)) == 0);
    }
    run_until(&freed_data, run_loop, NULL);
    assert(freed == 3 && virEventRunDefaultImpl() == 0 && freed == 4);

    assert(DEREGISTER(conn, number) == 0 && freed == 5);
    assert(virConnectClose(conn) == 0);
    assert(virEventRunDefaultImpl() == 0);
    close(fds[0]);
    close(fds[1]);
}

/* Cancels a thread and waits for its end. */
static void cancel(pthread_t thread)
{
    void *result = NULL;

    assert(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0);
    assert(result == PTHREAD_CANCELED);
}

/* Idle in the loop, and while another thread is. */
static void test_idle_loop(void)
{
    pthread_t thread, waiting, next;
    int timer, i;

    assert(pthread_create(&thread, NULL, run_loop, NULL) == 0);
    sleep_ms(50);
    assert(pthread_create(&waiting, NULL, run_loop, NULL) == 0);
    assert(pthread_create(&next, NULL, run_loop, NULL) == 0);
    sleep_ms(50);
    cancel(waiting);
    cancel(thread);
    /* The other one that waited runs the loop. */
    turns = 0;
    timer = virEventAddTimeout(1, on_timer, NULL, NULL);
    for (i = 0; i < 1000 && turns == 0; i++)
        sleep_ms(10);
    assert(turns > 0);
    cancel(next);
    assert(virEventRemoveTimeout(timer) == 0);
    assert(virEventRemoveTimeout(virEventAddTimeout(0, on_timer, NULL, NULL)) == 0);
    assert(virEventRunDefaultImpl() == 0);
}

/* --- the library at work ----------------------------------------------------------- */

static void *use(void *unused)
{
    (void)unused;
    for (;;) {
        virConnectPtr conn = virConnectOpenReadOnly(machine_uri());
        virNodeDevicePtr *devices;
        int count, i;

        assert(conn);
        count = virConnectListAllNodeDevices(conn, &devices, 0);
        assert(count > 100);
        for (i = 0; i < count; i++) {
            char *xml = virNodeDeviceGetXMLDesc(devices[i], 0);

            assert(xml && virNodeDeviceFree(devices[i]) == 0);
            free(xml);
        }
        free(devices);
        assert(virConnectClose(conn) == 0);
        /* The library has no cancellation point at work, so all was given back. */
        pthread_testcancel();
    }
    return NULL;
}

static void test_work(void)
{
    int i;

    for (i = 0; i < 20; i++) {
        pthread_t thread;

        assert(pthread_create(&thread, NULL, use, NULL) == 0);
        sleep_ms(i);
        cancel(thread);
    }
}

/* A program that does not want to be cancelled is not, in its callbacks either. */
static void *stay(void *conn)
{
    int before;

    assert(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before) == 0);
    assert(pthread_cancel(pthread_self()) == 0);
    virConnSetErrorFunc(conn, NULL, handler);
    look_up_nosuch(conn);
    virConnSetErrorFunc(conn, NULL, NULL);
    assert(pthread_setcancelstate(before, &before) == 0 && before == PTHREAD_CANCEL_DISABLE);
    pthread_testcancel();
    return NULL;
}

static void test_unwilling(virConnectPtr conn)
{
    pthread_t thread;
    void *result = NULL;

    handled = 0;
    assert(pthread_create(&thread, NULL, stay, conn) == 0 && pthread_join(thread, &result) == 0);
    assert(result == PTHREAD_CANCELED && handled == 1);
}

/* --- questions at the terminal ------------------------------------------------------ */

static void *ask(void *unused)
{
    virConnectCredential question;

    (void)unused;
    memset(&question, 0, sizeof(question));
    question.type = VIR_CRED_ECHOPROMPT;
    question.prompt = "Nobody answers";
    virConnectAuthPtrDefault->cb(&question, 1, NULL);
    return NULL;
}

static void test_terminal(void)
{
    pthread_t thread;
    int fds[2];

    assert(pipe(fds) == 0 && dup2(fds[0], 0) == 0);
    assert(pthread_create(&thread, NULL, ask, NULL) == 0);
    sleep_ms(50);
    cancel(thread);
}

/* --- a loop of the program's own ---------------------------------------------------- */

static int add_data, remove_data;

static int add_handle(int fd, int events, virEventHandleCallback callback, void *opaque, virFreeCallback ff)
{
    (void)fd, (void)events, (void)callback, (void)opaque, (void)ff;
    may_end(&add_data);
    return 7;
}

static int remove_handle(int watch)
{
    assert(watch == 7);
    may_end(&remove_data);
    return 0;
}

static void *register_one(void *conn)
{
    own_number = REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), NULL, on_free);
    assert(own_number >= 0);
    return NULL;
}

/* Where removing the watch ends the thread, the next dispatch, deregistration or close frees. */
static void test_freed_later(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");

    freed = 0;
    register_one(conn);
    run_until(&remove_data, deregister, conn);
    assert(freed == 0 && vndConnectDispatchEvents(conn) == 0 && freed == 1);
    register_one(conn);
    run_until(&remove_data, deregister, conn);
    register_one(conn);
    assert(freed == 1 && DEREGISTER(conn, own_number) == 0 && freed == 3);
    register_one(conn);
    run_until(&remove_data, deregister, conn);
    assert(freed == 3 && virConnectClose(conn) == 0 && freed == 4);
}

/* In a process of its own: the loop of a process stays. */
static void test_own_loop(void)
{
    pid_t pid = fork();
    int status;

    assert(pid >= 0);
    if (pid == 0) {
        virConnectPtr conn = virConnectOpen("test:///default");

        virEventRegisterImpl(add_handle, NULL, remove_handle, NULL, NULL, NULL);
        for (way = BY_EXIT; way <= BY_CANCEL; way++) {
            run_until(&add_data, register_one, conn);
            register_one(conn);
            run_until(&remove_data, deregister, conn);
            test_freed_later();
        }
        assert(virConnectClose(conn) == 0);
        _exit(0);
    }
    assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    virConnectPtr conn;

    test_own_loop();
    assert(virEventRegisterDefaultImpl() == 0);
    for (way = BY_EXIT; way <= BY_CANCEL; way++) {
        conn = virConnectOpen("test:///default");
        assert(conn);
        test_handlers(conn);
        test_unwilling(conn);
        assert(virConnectClose(conn) == 0);
        test_dispatching();
        test_loop();
    }
    test_idle_loop();
    test_work();
    test_terminal();
    return 0;
}
