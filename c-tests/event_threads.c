/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Events with the built-in loop in a thread of its own: several connections, threads that register and
 * deregister while events arrive, a connection that lives by its registration, an empty loop that wakes.
 */
#include "event_common.h"
#include "workers.h"

#define REGISTER virConnectNodeDeviceEventRegisterAny
#define DEREGISTER virConnectNodeDeviceEventDeregisterAny

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* What one registration saw. */
struct seen {
    virConnectPtr conn;
    int calls;
    int freed;
    pthread_t where;
};

/* Flags between threads. */
static int is_set(const int *flag)
{
    int value;

    pthread_mutex_lock(&lock);
    value = *flag;
    pthread_mutex_unlock(&lock);
    return value;
}

static void set(int *flag)
{
    pthread_mutex_lock(&lock);
    *flag = 1;
    pthread_mutex_unlock(&lock);
}

static pthread_t loop_thread;
static int is_over;

static void *run_loop(void *opaque)
{
    (void)opaque;
    while (!is_set(&is_over))
        assert(virEventRunDefaultImpl() == 0);
    return NULL;
}

static void update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    struct seen *seen = opaque;

    pthread_mutex_lock(&lock);
    assert(conn == seen->conn && seen->freed == 0);
    assert(strcmp(virNodeDeviceGetName(device), LOOPBACK) == 0);
    assert(pthread_equal(pthread_self(), loop_thread));
    seen->calls++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void on_free(void *opaque)
{
    struct seen *seen = opaque;

    pthread_mutex_lock(&lock);
    assert(seen->freed == 0);
    seen->freed++;
    seen->where = pthread_self();
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_for(const int *count, int wanted)
{
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 30;
    pthread_mutex_lock(&lock);
    while (*count < wanted)
        assert(pthread_cond_timedwait(&changed, &lock, &end) == 0);
    pthread_mutex_unlock(&lock);
}

/* Every connection is told of the same event. */
static void test_connections(void)
{
    enum { CONNECTIONS = 5 };
    struct seen seen[CONNECTIONS];
    int ids[CONNECTIONS], i;

    memset(seen, 0, sizeof(seen));
    for (i = 0; i < CONNECTIONS; i++) {
        seen[i].conn = virConnectOpen(HOST_URI);
        ids[i] = REGISTER(seen[i].conn, NULL, UPDATE, CALLBACK(update), &seen[i], on_free);
        assert(seen[i].conn && ids[i] == 0);
        assert(virConnectClose(seen[i].conn) == 1); /* the registration keeps it */
    }
    change_loopback();
    change_loopback();
    for (i = 0; i < CONNECTIONS; i++)
        wait_for(&seen[i].calls, 2);
    for (i = 0; i < CONNECTIONS; i++) {
        assert(DEREGISTER(seen[i].conn, ids[i]) == 0);
        wait_for(&seen[i].freed, 1);
        assert(seen[i].calls == 2);
        assert(virConnectIsAlive(seen[i].conn) == -1);
    }
}

/* Once deregistered and freed, nothing is called any more, whichever thread did it. */
enum { WORKERS = 4, ROUNDS = 40 };

static virConnectPtr shared;

static void other_update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    update(conn, device, opaque);
}

static void *come_and_go(void *opaque)
{
    int number = *(int *)opaque, i;
    virNodeDevicePtr filter = virNodeDeviceLookupByName(shared, LOOPBACK);

    assert(filter);
    for (i = 0; i < ROUNDS; i++) {
        struct seen *seen = calloc(1, sizeof(*seen));
        int id;

        assert(seen);
        seen->conn = shared;
        /* Four registrations that differ. */
        id = REGISTER(shared, number & 1 ? filter : NULL, UPDATE,
                      number & 2 ? CALLBACK(update) : CALLBACK(other_update), seen, on_free);
        assert(id >= 0);
        change_loopback();
        if (i % 4 == 0)
            wait_for(&seen->calls, 1);
        assert(virNodeNumOfDevices(shared, NULL, 0) > 0);
        assert(DEREGISTER(shared, id) == 0);
        wait_for(&seen->freed, 1);
        free(seen); /* a later call would be seen by valgrind */
    }
    assert(virNodeDeviceFree(filter) == 0);
    return NULL;
}

static void test_threads(void)
{
    struct workers workers;

    shared = virConnectOpen(HOST_URI);
    assert(shared);
    start_workers(&workers, WORKERS, come_and_go);
    join_workers(&workers);
    assert(virConnectClose(shared) == 0);
}

/* A watch that ends while its callback runs: freed in the thread of the loop, at the end. */
static int is_inside, may_leave;

static void slow(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    set(&is_inside);
    while (!is_set(&may_leave))
        sleep_ms(1);
    update(conn, device, opaque);
}

static void test_end_within(void)
{
    struct seen seen;
    int id;

    memset(&seen, 0, sizeof(seen));
    seen.conn = virConnectOpen(HOST_URI);
    id = REGISTER(seen.conn, NULL, UPDATE, CALLBACK(slow), &seen, on_free);
    assert(id == 0);
    change_loopback();
    while (!is_set(&is_inside))
        sleep_ms(1);
    assert(DEREGISTER(seen.conn, id) == 0);
    assert(seen.freed == 0);
    set(&may_leave);
    wait_for(&seen.freed, 1);
    assert(seen.calls == 1 && pthread_equal(seen.where, loop_thread));
    assert(virConnectClose(seen.conn) == 0);
}

/* What a call in another thread took in is told by the loop, though no message is left to wake it. */
static void test_taken_in_elsewhere(void)
{
    struct seen seen;
    int id, i;

    memset(&seen, 0, sizeof(seen));
    seen.conn = virConnectOpen(HOST_URI);
    id = REGISTER(seen.conn, NULL, UPDATE, CALLBACK(update), &seen, on_free);
    for (i = 1; i <= 20; i++) {
        change_loopback();
        assert(virNodeNumOfDevices(seen.conn, NULL, 0) > 0);
        wait_for(&seen.calls, i);
    }
    assert(DEREGISTER(seen.conn, id) == 0);
    wait_for(&seen.freed, 1); /* the loop may still be about to give the last device back */
    assert(virConnectClose(seen.conn) == 0);
}

static void on_timer(int timer, void *opaque)
{
    (void)opaque;
    assert(virEventRemoveTimeout(timer) == 0);
}

int main(void)
{
    pthread_t thread;

    need_own_network();
    virSetErrorFunc(NULL, ignore_error);
    assert(virEventRegisterDefaultImpl() == 0);
    assert(pthread_create(&thread, NULL, run_loop, NULL) == 0);
    loop_thread = thread;
    test_connections();
    test_threads();
    test_end_within();
    test_taken_in_elsewhere();
    set(&is_over);
    assert(virEventAddTimeout(0, on_timer, NULL, NULL) > 0);
    assert(pthread_join(thread, NULL) == 0);
    return 0;
}
