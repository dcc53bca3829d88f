/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * A process that has no file descriptor left while devices come: whoever waits for events is not called all the time,
 * hears of the error once, and is told of the devices when there are descriptors again. Lookups work on.
 */
#include "event_common.h"

#include <sys/resource.h>

static struct rlimit usual;
static int created, errors;

/* From here on no descriptor can be made, until have_descriptors(). */
static void want_descriptors(void)
{
    struct rlimit limit = usual;
    int lowest = dup(0);

    assert(lowest > 0 && close(lowest) == 0);
    limit.rlim_cur = (rlim_t)lowest;
    assert(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    assert(dup(0) < 0 && errno == EMFILE);
}

static void have_descriptors(void)
{
    assert(setrlimit(RLIMIT_NOFILE, &usual) == 0);
}

static void on_lifecycle(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    (void)conn, (void)device, (void)detail, (void)opaque;
    created += event == VIR_NODE_DEVICE_EVENT_CREATED;
}

static void on_error(void *opaque, virErrorPtr error)
{
    (void)opaque;
    assert(error->code == VIR_ERR_SYSTEM_ERROR && error->int1 == EMFILE);
    errors++;
}

/* Lets 100 turns of the loop in a second be more than there are. */
static void on_timeout(int timer, void *opaque)
{
    (void)timer, (void)opaque;
}

static virConnectPtr open_and_register(int polls)
{
    virConnectPtr conn = virConnectOpen(HOST_URI);

    assert(conn);
    virConnSetErrorFunc(conn, NULL, on_error);
    if (polls)
        assert(vndConnectGetEventFD(conn) >= 0);
    assert(virConnectNodeDeviceEventRegisterAny(conn, NULL, LIFECYCLE, CALLBACK(on_lifecycle), NULL, NULL) == 0);
    assert(virNodeNumOfDevices(conn, NULL, 0) > 0);
    created = errors = 0;
    return conn;
}

static void close_connection(virConnectPtr conn)
{
    assert(virConnectNodeDeviceEventDeregisterAny(conn, 0) == 0);
    assert(virConnectClose(conn) == 0);
}

static void test_event_loop(void)
{
    int round, turns, timer;
    virConnectPtr conn;
    double begin;

    assert(virEventRegisterDefaultImpl() == 0);
    timer = virEventAddTimeout(50, on_timeout, NULL, NULL);
    assert(timer > 0);
    conn = open_and_register(0);
    for (round = 1; round <= 2; round++) {
        want_descriptors();
        have_helper('+');
        for (turns = 0, begin = now(); now() < begin + 1; turns++)
            assert(virEventRunDefaultImpl() == 0);
        assert(turns < 100);
        assert(errors == round && created == 0);
        have_descriptors();
        while (created < 2)
            assert(virEventRunDefaultImpl() == 0);
        assert(errors == round && created == 2);
        have_helper('-');
        created = 0;
    }
    close_connection(conn);
    assert(virEventRemoveTimeout(timer) == 0);
}

static void test_own_poll(void)
{
    virConnectPtr conn = open_and_register(1);
    int fd = vndConnectGetEventFD(conn), calls = 0;
    double begin;

    want_descriptors();
    have_helper('+');
    for (begin = now(); now() < begin + 1;) {
        if (is_readable(fd, 50)) {
            assert(vndConnectDispatchEvents(conn) == -1);
            assert(virGetLastErrorCode() == VIR_ERR_SYSTEM_ERROR);
            calls++;
        }
    }
    assert(calls > 0 && calls < 20);
    assert(errors == calls && created == 0);
    have_descriptors();
    dispatch_until(conn, &created, 2);
    have_helper('-');
    close_connection(conn);
}

/* What a lookup needs is open after one that is not in the connection's first second. */
static void test_lookups(void)
{
    virConnectPtr conn = virConnectOpen(HOST_URI);
    virNodeDevicePtr device;
    int i;

    assert(conn && virNodeNumOfDevices(conn, NULL, 0) > 0);
    sleep_ms(1100);
    for (i = 0; i < 20; i++) {
        device = virNodeDeviceLookupByName(conn, "computer");
        assert(device && virNodeDeviceFree(device) == 0);
        if (i == 0)
            want_descriptors();
        sleep_ms(1);
    }
    have_descriptors();
    assert(virConnectClose(conn) == 0);
}

int main(void)
{
    need_own_network();
    alarm(120);
    assert(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    start_helper();
    test_lookups();
    test_own_poll();
    test_event_loop();
    return 0;
}
