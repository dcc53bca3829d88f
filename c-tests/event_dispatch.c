/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Events that the kernel reports, told through the descriptor of a connection: what is told, in which
 * order, to whom; and callbacks that register, deregister, close and ask for more.
 */
#include "event_common.h"

#define REGISTER virConnectNodeDeviceEventRegisterAny
#define DEREGISTER virConnectNodeDeviceEventDeregisterAny

static virConnectPtr conn;

/* What was told, one line an event. */
static char told[4096];
static int events;

static void note(const char *what, const char *name)
{
    size_t used = strlen(told);

    snprintf(told + used, sizeof(told) - used, "%s %s\n", what, name);
    events++;
}

static void forget(void)
{
    told[0] = '\0';
    events = 0;
}

static void expect_told(int line, const char *expected)
{
    if (strcmp(told, expected) != 0) {
        fprintf(stderr, "line %d: got\n%sexpected\n%s", line, told, expected);
        abort();
    }
    forget();
}

#define EXPECT_TOLD(expected) expect_told(__LINE__, expected)

/* How many times each registration was freed; `opaque` points to one of these. */
static int freed[8];

static void count_free(void *opaque)
{
    ++*(int *)opaque;
}

static void lifecycle(virConnectPtr c, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    static const char *const names[] = { "created", "deleted", "defined", "undefined" };

    (void)opaque;
    assert(c == conn && detail == 0 && event >= 0 && event < 4);
    note(names[event], virNodeDeviceGetName(device));
}

static void update(virConnectPtr c, virNodeDevicePtr device, void *opaque)
{
    (void)opaque;
    assert(c == conn);
    note("update", virNodeDeviceGetName(device));
}

/* A second function, so that it counts as another registration. */
static void second(virConnectPtr c, virNodeDevicePtr device, void *opaque)
{
    (void)c, (void)opaque;
    note("second", virNodeDeviceGetName(device));
}

static void test_what_is_told(void)
{
    int one, two;

    one = REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), NULL, NULL);
    two = REGISTER(conn, NULL, UPDATE, CALLBACK(update), NULL, NULL);
    assert(one >= 0 && two >= 0);
    assert(vndConnectDispatchEvents(conn) == 0);
    assert(!is_readable(vndConnectGetEventFD(conn), 0));
    make_pair();
    dispatch_until(conn, &events, 2);
    /* The kernel makes the peer first. */
    EXPECT_TOLD("created " PAIR_1 "\ncreated " PAIR_0 "\n");
    change_loopback();
    dispatch_until(conn, &events, 1);
    EXPECT_TOLD("update " LOOPBACK "\n");
    assert(system("ip link set vt1 name vt2") == 0);
    dispatch_until(conn, &events, 2);
    EXPECT_TOLD("deleted " PAIR_1 "\ncreated net_vt2_02_00_00_00_00_01\n");
    remove_pair();
    dispatch_until(conn, &events, 2);
    EXPECT_TOLD("deleted " PAIR_0 "\ndeleted net_vt2_02_00_00_00_00_01\n");
    assert(DEREGISTER(conn, one) == 0 && DEREGISTER(conn, two) == 0);
}

static void test_order_of_callbacks(void)
{
    int two = REGISTER(conn, NULL, UPDATE, CALLBACK(second), NULL, NULL);
    int one = REGISTER(conn, NULL, UPDATE, CALLBACK(update), NULL, NULL);

    assert(two >= 0 && one > two);
    change_loopback();
    change_loopback();
    dispatch_until(conn, &events, 4);
    EXPECT_TOLD("second " LOOPBACK "\nupdate " LOOPBACK "\nsecond " LOOPBACK "\nupdate " LOOPBACK "\n");
    assert(DEREGISTER(conn, two) == 0 && DEREGISTER(conn, one) == 0);
}

/* The name counts, not the device: a later one of the same name is told of. */
static void test_filter(void)
{
    virNodeDevicePtr device;
    int id, other;

    make_pair();
    device = virNodeDeviceLookupByName(conn, PAIR_1);
    assert(device);
    id = REGISTER(conn, device, LIFECYCLE, CALLBACK(lifecycle), NULL, NULL);
    other = REGISTER(conn, device, UPDATE, CALLBACK(update), NULL, NULL);
    assert(id >= 0 && other >= 0);
    assert(virNodeDeviceFree(device) == 0);
    change_loopback();
    change_interface("vt1");
    change_interface("vt0");
    dispatch_until(conn, &events, 1);
    EXPECT_TOLD("update " PAIR_1 "\n");
    remove_pair();
    make_pair();
    remove_pair();
    while (events < 1 || strstr(told, "deleted") == NULL)
        assert(is_readable(vndConnectGetEventFD(conn), 20000) && vndConnectDispatchEvents(conn) >= 0);
    assert(strstr(told, PAIR_0) == NULL && strstr(told, LOOPBACK) == NULL);
    forget();
    assert(DEREGISTER(conn, id) == 0 && DEREGISTER(conn, other) == 0);
}

/* --- callbacks that change the registrations ---------------------------------- */

static int ids[4];

static void leave(virConnectPtr c, virNodeDevicePtr device, void *opaque)
{
    note("leave", virNodeDeviceGetName(device));
    assert(opaque == &freed[0] && freed[0] == 0);
    assert(DEREGISTER(c, ids[0]) == 0);
    assert(DEREGISTER(c, ids[0]) == -1);
    virResetLastError();
    assert(freed[0] == 0); /* `opaque` is in use until the dispatch ends */
    assert(DEREGISTER(c, ids[1]) == 0); /* its turn would be next */
    assert(freed[1] == 0);
    ids[2] = REGISTER(c, NULL, UPDATE, CALLBACK(update), &freed[2], count_free);
    assert(ids[2] > ids[1]);
}

static void test_changes_within(void)
{
    memset(freed, 0, sizeof(freed));
    ids[0] = REGISTER(conn, NULL, UPDATE, CALLBACK(leave), &freed[0], count_free);
    ids[1] = REGISTER(conn, NULL, UPDATE, CALLBACK(second), &freed[1], count_free);
    assert(ids[0] >= 0 && ids[1] >= 0);
    change_loopback();
    dispatch_until(conn, &events, 1);
    EXPECT_TOLD("leave " LOOPBACK "\n");
    assert(freed[0] == 1 && freed[1] == 1 && freed[2] == 0);
    change_loopback();
    dispatch_until(conn, &events, 1);
    EXPECT_TOLD("update " LOOPBACK "\n");
    assert(DEREGISTER(conn, ids[2]) == 0);
    assert(freed[0] == 1 && freed[1] == 1 && freed[2] == 1);
}

/* A callback may list, look up, print and dispatch; a device that went is not found. */
static void ask(virConnectPtr c, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    const char *name = virNodeDeviceGetName(device);
    virNodeDevicePtr again;
    char *xml;

    (void)detail, (void)opaque;
    events++;
    assert(vndConnectDispatchEvents(c) == 0); /* one at a time */
    assert(virNodeNumOfDevices(c, "net", 0) >= 1);
    xml = virNodeDeviceGetXMLDesc(device, 0);
    again = virNodeDeviceLookupByName(c, name);
    if (event == VIR_NODE_DEVICE_EVENT_CREATED) {
        assert(xml && strstr(xml, name) && again);
        assert(virNodeDeviceFree(again) == 0);
        /* Kept beyond the callback. */
        assert(virNodeDeviceRef(device) == 0);
        if (events == 1)
            *(virNodeDevicePtr *)opaque = device;
        else
            assert(virNodeDeviceFree(device) == 0);
        free(xml);
    } else {
        assert(!xml && !again && virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE);
        virResetLastError();
    }
}

static void test_questions_within(void)
{
    virNodeDevicePtr kept = NULL;
    int id = REGISTER(conn, NULL, LIFECYCLE, CALLBACK(ask), &kept, NULL);

    assert(id >= 0);
    make_pair();
    dispatch_until(conn, &events, 2);
    assert(kept && strcmp(virNodeDeviceGetName(kept), PAIR_1) == 0);
    remove_pair();
    dispatch_until(conn, &events, 4);
    assert(virNodeDeviceFree(kept) == 0);
    assert(DEREGISTER(conn, id) == 0);
    forget();
}

/* What a call takes in between is told at the next dispatch, and the descriptor says so. */
static void test_calls_between(void)
{
    int fd = vndConnectGetEventFD(conn);
    int id = REGISTER(conn, NULL, UPDATE, CALLBACK(update), NULL, NULL);

    assert(id >= 0);
    change_loopback();
    assert(is_readable(fd, 20000));
    assert(virNodeNumOfDevices(conn, NULL, 0) > 0);
    assert(is_readable(fd, 0) && is_readable(fd, 0));
    assert(events == 0);
    assert(vndConnectDispatchEvents(conn) == 1 && events == 1);
    assert(!is_readable(fd, 0));
    /* What nobody wants to hear is not kept. */
    assert(DEREGISTER(conn, id) == 0);
    change_loopback();
    id = REGISTER(conn, NULL, UPDATE, CALLBACK(update), NULL, NULL);
    assert(vndConnectDispatchEvents(conn) == 0 && events == 1);
    assert(DEREGISTER(conn, id) == 0);
    forget();
}

/* The last reference to the connection goes within its own callback. */
static void close_all(virConnectPtr c, virNodeDevicePtr device, void *opaque)
{
    (void)device;
    events++;
    assert(DEREGISTER(c, *(int *)opaque) == 0);
    assert(virConnectIsAlive(c) == 1); /* `device` keeps it */
}

static void test_close_within(void)
{
    virConnectPtr own = virConnectOpen(HOST_URI);
    int fd, id;

    assert(own);
    fd = vndConnectGetEventFD(own);
    id = REGISTER(own, NULL, UPDATE, CALLBACK(close_all), &id, NULL);
    assert(fd >= 0 && id == 0);
    assert(virConnectClose(own) == 1);
    change_loopback();
    assert(is_readable(fd, 20000));
    assert(vndConnectDispatchEvents(own) == 1 && events == 1);
    assert(virConnectIsAlive(own) == -1);
    virResetLastError();
    forget();
}

int main(void)
{
    need_own_network();
    virSetErrorFunc(NULL, ignore_error);
    conn = virConnectOpen(HOST_URI);
    assert(conn && vndConnectGetEventFD(conn) >= 0);
    test_what_is_told();
    test_order_of_callbacks();
    test_filter();
    test_changes_within();
    test_questions_within();
    test_calls_between();
    test_close_within();
    assert(virConnectClose(conn) == 0);
    return 0;
}
