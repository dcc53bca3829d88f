/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * The built-in event loop: numbers, timers, descriptors, what is removed and when it is freed, turns within
 * turns, and waking from other threads. Needs no connection.
 */
#include "event_common.h"

#include <pthread.h>
#include <signal.h>

#define READABLE VIR_EVENT_HANDLE_READABLE
#define WRITABLE VIR_EVENT_HANDLE_WRITABLE
#define HANGUP VIR_EVENT_HANDLE_HANGUP
#define ERRORS VIR_EVENT_HANDLE_ERROR

/* What the callbacks of one watch or timer saw. */
struct seen {
    int calls;
    int id;
    int fd;
    int events;
    int freed;
};

static void on_handle(int watch, int fd, int events, void *opaque)
{
    struct seen *seen = opaque;

    seen->calls++;
    seen->id = watch;
    seen->fd = fd;
    seen->events = events;
}

static void on_timer(int timer, void *opaque)
{
    struct seen *seen = opaque;

    seen->calls++;
    seen->id = timer;
}

static void on_free(void *opaque)
{
    ((struct seen *)opaque)->freed++;
}

static void turn(void)
{
    assert(virEventRunDefaultImpl() == 0);
}

/* A turn that does not wait: a timer of every turn is there. */
static void quick_turns(int count)
{
    struct seen seen = { 0, 0, 0, 0, 0 };
    int timer = virEventAddTimeout(0, on_timer, &seen, NULL);
    int i;

    for (i = 0; i < count; i++)
        turn();
    assert(seen.calls == count && seen.id == timer);
    assert(virEventRemoveTimeout(timer) == 0);
}

static void test_without_loop(void)
{
    struct seen seen = { 0, 0, 0, 0, 0 };

    assert(virEventAddHandle(0, READABLE, on_handle, &seen, on_free) == -1);
    assert(virEventAddTimeout(1, on_timer, &seen, on_free) == -1);
    assert(virEventRemoveHandle(1) == -1 && virEventRemoveTimeout(1) == -1);
    virEventUpdateHandle(1, 0);
    virEventUpdateTimeout(1, 0);
    assert(!virGetLastError() && seen.freed == 0);
}

/* Two counters from 1 upwards, and no number twice. */
static void test_numbers(void)
{
    struct seen seen = { 0, 0, 0, 0, 0 };
    int i;

    for (i = 1; i <= 3; i++) {
        assert(virEventAddHandle(0, 0, on_handle, &seen, on_free) == i);
        assert(virEventAddTimeout(-1, on_timer, &seen, on_free) == i);
        assert(virEventRemoveHandle(i) == 0 && virEventRemoveHandle(i) == -1);
        assert(virEventRemoveTimeout(i) == 0 && virEventRemoveTimeout(i) == -1);
    }
    assert(virEventRemoveHandle(0) == -1 && virEventRemoveHandle(-1) == -1 && virEventRemoveHandle(100) == -1);
    assert(virEventRemoveTimeout(0) == -1 && virEventRemoveTimeout(100) == -1);
    virEventUpdateHandle(1, READABLE);
    virEventUpdateTimeout(1, 0);
    assert(seen.freed == 0); /* not within the call that removes */
    turn();
    assert(seen.freed == 6 && seen.calls == 0);
    /* The functions of the loop leave errors alone. */
    assert(virConnectIsAlive(NULL) == -1);
    assert(virEventRemoveHandle(100) == -1);
    assert(virGetLastErrorCode() == VIR_ERR_INVALID_CONN);
    virResetLastError();
}

static void test_descriptors(void)
{
    struct seen seen = { 0, 0, 0, 0, 0 };
    int ends[2], watch;

    assert(pipe(ends) == 0);
    watch = virEventAddHandle(ends[0], 0, on_handle, &seen, on_free);
    assert(write(ends[1], "x", 1) == 1);
    quick_turns(2);
    assert(seen.calls == 0); /* for nothing yet */
    virEventUpdateHandle(watch, READABLE);
    virEventUpdateHandle(watch, READABLE);
    turn();
    turn();
    assert(seen.calls == 2 && seen.id == watch && seen.fd == ends[0] && seen.events == READABLE);
    virEventUpdateHandle(watch, WRITABLE); /* this end never is */
    quick_turns(2);
    assert(seen.calls == 2);
    virEventUpdateHandle(watch, READABLE);
    assert(close(ends[1]) == 0);
    turn();
    assert(seen.calls == 3 && seen.events == (READABLE | HANGUP));
    assert(close(ends[0]) == 0);
    turn();
    assert(seen.calls == 4 && (seen.events & ERRORS)); /* no descriptor any more */
    assert(virEventRemoveHandle(watch) == 0);
    quick_turns(1);
    assert(seen.calls == 4 && seen.freed == 1);

    assert(pipe(ends) == 0);
    watch = virEventAddHandle(ends[1], READABLE | WRITABLE, on_handle, &seen, NULL);
    turn();
    assert(seen.calls == 5 && seen.events == WRITABLE);
    assert(close(ends[0]) == 0);
    turn();
    assert(seen.calls == 6 && (seen.events & ERRORS));
    assert(virEventRemoveHandle(watch) == 0);
    assert(close(ends[1]) == 0);
    turn();
}

static void test_timers(void)
{
    struct seen slow = { 0, 0, 0, 0, 0 }, never = { 0, 0, 0, 0, 0 };
    double begin = now();
    int timer = virEventAddTimeout(30, on_timer, &slow, on_free);
    int stopped = virEventAddTimeout(-1, on_timer, &never, on_free);

    while (slow.calls < 3) /* repeats by itself */
        turn();
    assert(now() - begin >= 0.090 && slow.id == timer);
    virEventUpdateTimeout(timer, -1);
    quick_turns(3);
    sleep_ms(40);
    quick_turns(3);
    assert(slow.calls == 3);
    /* The same value starts it anew. */
    virEventUpdateTimeout(timer, 100);
    sleep_ms(60);
    begin = now();
    virEventUpdateTimeout(timer, 100);
    while (slow.calls < 4)
        turn();
    assert(now() - begin >= 0.100);
    virEventUpdateTimeout(timer, 0);
    turn();
    turn();
    assert(slow.calls == 6);
    assert(never.calls == 0);
    assert(virEventRemoveTimeout(timer) == 0 && virEventRemoveTimeout(stopped) == 0);
    turn();
    assert(slow.calls == 6 && slow.freed == 1 && never.freed == 1);
}

/* --- callbacks that change the loop -------------------------------------------- */

static int others[2];
static struct seen other_seen[2];

/* Removes the other one, which is due in the same turn, then itself. */
static void remove_both(int timer, void *opaque)
{
    struct seen *seen = opaque;
    int other = timer == others[0] ? 1 : 0;

    seen->calls++;
    assert(virEventRemoveTimeout(others[other]) == 0);
    assert(virEventRemoveTimeout(timer) == 0);
    assert(virEventRemoveTimeout(timer) == -1);
    assert(seen->freed == 0 && other_seen[other].freed == 0);
}

static void test_removal_within(void)
{
    int i;

    memset(other_seen, 0, sizeof(other_seen));
    for (i = 0; i < 2; i++)
        others[i] = virEventAddTimeout(0, remove_both, &other_seen[i], on_free);
    turn();
    assert(other_seen[0].calls + other_seen[1].calls == 1);
    assert(other_seen[0].freed == 0 && other_seen[1].freed == 0);
    turn();
    assert(other_seen[0].freed == 1 && other_seen[1].freed == 1);
    assert(other_seen[0].calls + other_seen[1].calls == 1);
}

/* A turn within a callback does not call the same one again. */
static void nested(int watch, int fd, int events, void *opaque)
{
    struct seen *seen = opaque;

    on_handle(watch, fd, events, seen);
    if (seen->calls == 1)
        quick_turns(2);
    assert(seen->calls <= 2);
}

static void test_nested(void)
{
    struct seen seen = { 0, 0, 0, 0, 0 };
    int ends[2], watch;

    assert(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    watch = virEventAddHandle(ends[0], READABLE, nested, &seen, NULL);
    turn();
    assert(seen.calls == 1);
    turn();
    assert(seen.calls == 2);
    assert(virEventRemoveHandle(watch) == 0);
    assert(close(ends[0]) == 0 && close(ends[1]) == 0);
    turn();
}

/* --- other threads -------------------------------------------------------------- */

static void *run_until_called(void *opaque)
{
    volatile struct seen *seen = opaque;

    while (seen->calls == 0)
        turn();
    return NULL;
}

/* Each change from outside ends the wait: a new timer, a restarted one, a new watch, a widened one. */
static void test_waking(void)
{
    struct seen seen, idle = { 0, 0, 0, 0, 0 };
    int ends[2], how, timer = -1, watch = -1;
    pthread_t thread;

    assert(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    for (how = 0; how < 4; how++) {
        memset(&seen, 0, sizeof(seen));
        if (how == 1)
            timer = virEventAddTimeout(-1, on_timer, &seen, NULL);
        if (how == 3)
            watch = virEventAddHandle(ends[0], 0, on_handle, &seen, NULL);
        /* Something long under way, so that nothing else ends the wait. */
        assert(virEventAddTimeout(1000000, on_timer, &idle, NULL) > 0);
        assert(pthread_create(&thread, NULL, run_until_called, &seen) == 0);
        sleep_ms(20);
        switch (how) {
        case 0: timer = virEventAddTimeout(0, on_timer, &seen, NULL); break;
        case 1: virEventUpdateTimeout(timer, 0); break;
        case 2: watch = virEventAddHandle(ends[0], READABLE, on_handle, &seen, NULL); break;
        case 3: virEventUpdateHandle(watch, READABLE); break;
        }
        assert(pthread_join(thread, NULL) == 0);
        assert(how < 2 ? virEventRemoveTimeout(timer) == 0 : virEventRemoveHandle(watch) == 0);
    }
    assert(idle.calls == 0);
    assert(close(ends[0]) == 0 && close(ends[1]) == 0);
}

enum { WORKERS = 4, ROUNDS = 300 };
static struct seen worker_seen[WORKERS];

/* Adds, changes and removes while the loop runs. */
static void *work(void *opaque)
{
    struct seen *seen = opaque;
    int ends[2], i;

    assert(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    for (i = 0; i < ROUNDS; i++) {
        int timer = virEventAddTimeout(i % 3 - 1, on_timer, seen, on_free);
        int watch = virEventAddHandle(ends[0], i % 2, on_handle, seen, on_free);

        assert(timer > 0 && watch > 0);
        virEventUpdateTimeout(timer, 0);
        virEventUpdateHandle(watch, READABLE);
        assert(virEventRemoveTimeout(timer) == 0 && virEventRemoveHandle(watch) == 0);
    }
    /* Left open: the loop may be polling it. */
    return NULL;
}

static volatile int is_over;

static void *run_until_over(void *opaque)
{
    (void)opaque;
    while (!is_over)
        turn();
    return NULL;
}

static void test_threads(void)
{
    struct seen last = { 0, 0, 0, 0, 0 };
    pthread_t loops[2], workers[WORKERS];
    int i;

    for (i = 0; i < 2; i++) /* they take turns */
        assert(pthread_create(&loops[i], NULL, run_until_over, NULL) == 0);
    for (i = 0; i < WORKERS; i++)
        assert(pthread_create(&workers[i], NULL, work, &worker_seen[i]) == 0);
    for (i = 0; i < WORKERS; i++)
        assert(pthread_join(workers[i], NULL) == 0);
    is_over = 1;
    i = virEventAddTimeout(0, on_timer, &last, NULL);
    assert(pthread_join(loops[0], NULL) == 0 && pthread_join(loops[1], NULL) == 0);
    assert(virEventRemoveTimeout(i) == 0);
    quick_turns(2);
    for (i = 0; i < WORKERS; i++)
        assert(worker_seen[i].freed == 2 * ROUNDS);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

/* A signal ends the wait, so that a program can look at what its handler noted. */
static void test_signal(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_alarm;
    assert(sigaction(SIGALRM, &action, NULL) == 0);
    alarm(1);
    turn();
    while (alarm(0) != 0) { /* something else came first */
        alarm(1);
        turn();
    }
}

int main(void)
{
    virSetErrorFunc(NULL, ignore_error);
    test_without_loop();
    assert(virEventRegisterDefaultImpl() == 0);
    test_numbers();
    test_descriptors();
    test_timers();
    test_removal_within();
    test_nested();
    test_waking();
    test_threads();
    test_signal();
    return 0;
}
