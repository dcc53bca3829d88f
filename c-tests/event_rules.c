/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * The rules of registering for events: who may, what is refused and in which words, when memory of the
 * program is given back. Needs no event to happen.
 */
#include "event_common.h"

#define FUNCTION "virConnectNodeDeviceEventRegisterAny"
#define REGISTER virConnectNodeDeviceEventRegisterAny
#define DEREGISTER virConnectNodeDeviceEventDeregisterAny

static int freed;

static void lifecycle(virConnectPtr conn, virNodeDevicePtr device, int event, int detail, void *opaque)
{
    (void)conn, (void)device, (void)event, (void)detail, (void)opaque;
    assert(!"no event happens here");
}

static void update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    (void)conn, (void)device, (void)opaque;
    assert(!"no event happens here");
}

static void other_update(virConnectPtr conn, virNodeDevicePtr device, void *opaque)
{
    update(conn, device, opaque);
}

static void count_free(void *opaque)
{
    assert(opaque == &freed);
    freed++;
}

/* Before any event loop: refused in libvirt's words and with what to call, unless the program polls by itself. */
static void test_without_loop(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");

    assert(conn);
    assert(REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), &freed, count_free) == -1);
    EXPECT_NORMAL(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "internal error: ",
                  "could not initialize domain event timer (call virEventRegisterDefaultImpl() or virEventRegisterImpl() "
                  "first, or vndConnectGetEventFD() to poll without a loop)");
    assert(freed == 0);
    assert(vndConnectGetEventFD(conn) >= 0);
    assert(REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), &freed, count_free) == 0);
    assert(DEREGISTER(conn, 0) == 0);
    assert(freed == 1);
    assert(virConnectClose(conn) == 0);
    freed = 0;
}

static void test_refused_arguments(virConnectPtr conn, virConnectPtr other)
{
    virNodeDevicePtr device = virNodeDeviceLookupByName(conn, "computer");
    virNodeDevicePtr foreign = virNodeDeviceLookupByName(other, "computer");

    assert(device && foreign);
    assert(REGISTER(NULL, NULL, LIFECYCLE, CALLBACK(lifecycle), NULL, NULL) == -1);
    EXPECT_BAD_CONN(VIR_FROM_NODEDEV, FUNCTION);
    assert(REGISTER((virConnectPtr)device, NULL, LIFECYCLE, CALLBACK(lifecycle), NULL, NULL) == -1);
    EXPECT_BAD_CONN(VIR_FROM_NODEDEV, FUNCTION);
    assert(REGISTER(conn, (virNodeDevicePtr)conn, LIFECYCLE, CALLBACK(lifecycle), NULL, NULL) == -1);
    EXPECT_BAD_DEVICE(FUNCTION);
    assert(REGISTER(conn, foreign, LIFECYCLE, CALLBACK(lifecycle), NULL, NULL) == -1);
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, FUNCTION, "dev",
                    "node device 'computer' in " FUNCTION " must match connection");
    assert(REGISTER(conn, NULL, -1, NULL, NULL, NULL) == -1);
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, FUNCTION, "cb", "cb in " FUNCTION " must not be NULL");
    assert(REGISTER(conn, NULL, -1, CALLBACK(lifecycle), NULL, NULL) == -1);
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, FUNCTION, "eventID", "eventID in " FUNCTION " must be zero or greater");
    assert(REGISTER(conn, NULL, 2, CALLBACK(lifecycle), NULL, NULL) == -1);
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, FUNCTION, "eventID", "eventID in " FUNCTION " must be less than 2");

    assert(DEREGISTER(NULL, 0) == -1);
    EXPECT_BAD_CONN(VIR_FROM_NODEDEV, "virConnectNodeDeviceEventDeregisterAny");
    assert(DEREGISTER(conn, -1) == -1);
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, "virConnectNodeDeviceEventDeregisterAny", "callbackID",
                    "callbackID in virConnectNodeDeviceEventDeregisterAny must be zero or greater");
    assert(DEREGISTER(conn, 0) == -1);
    EXPECT_NORMAL(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "invalid argument: ",
                  "could not find event callback 0 for deletion");
    assert(vndConnectGetEventFD(NULL) == -1);
    EXPECT_BAD_CONN(VIR_FROM_NODEDEV, "vndConnectGetEventFD");
    assert(vndConnectDispatchEvents(NULL) == -1);
    EXPECT_BAD_CONN(VIR_FROM_NODEDEV, "vndConnectDispatchEvents");
    assert(virNodeDeviceFree(device) == 0 && virNodeDeviceFree(foreign) == 0);
}

/* Refused is what is the same event, function and device; the pointer does not count. */
static void test_twice(virConnectPtr conn, virConnectPtr other)
{
    virNodeDevicePtr device = virNodeDeviceLookupByName(conn, "scsi_host1");
    virNodeDevicePtr again = virNodeDeviceLookupByName(conn, "scsi_host1");
    virNodeDevicePtr second = virNodeDeviceLookupByName(conn, "scsi_host2");
    int i;

    assert(device && again && second);
    freed = 0;
    assert(REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), &freed, count_free) == 0);
    assert(REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), NULL, count_free) == -1);
    EXPECT_NORMAL(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "invalid argument: ", "event callback already tracked");
    assert(REGISTER(conn, NULL, UPDATE, CALLBACK(update), &freed, count_free) == 1);
    assert(REGISTER(conn, NULL, UPDATE, CALLBACK(other_update), &freed, count_free) == 2);
    assert(REGISTER(conn, device, UPDATE, CALLBACK(update), &freed, count_free) == 3);
    assert(REGISTER(conn, again, UPDATE, CALLBACK(update), &freed, count_free) == -1);
    EXPECT_NORMAL(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "invalid argument: ", "event callback already tracked");
    assert(REGISTER(conn, second, UPDATE, CALLBACK(update), &freed, count_free) == 4);
    /* Another connection counts by itself. */
    assert(REGISTER(other, NULL, LIFECYCLE, CALLBACK(lifecycle), NULL, NULL) == 0);
    assert(DEREGISTER(other, 1) == -1);
    EXPECT_NORMAL(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "invalid argument: ",
                  "could not find event callback 1 for deletion");
    assert(DEREGISTER(other, 0) == 0);
    assert(freed == 0);
    for (i = 0; i < 5; i++) {
        assert(DEREGISTER(conn, i) == 0);
        assert(freed == i + 1); /* at once, outside a dispatch */
        assert(DEREGISTER(conn, i) == -1);
        virResetLastError();
    }
    /* Numbers are not used again. */
    assert(REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), NULL, NULL) == 5);
    assert(DEREGISTER(conn, 5) == 0);
    assert(virNodeDeviceFree(device) == 0 && virNodeDeviceFree(again) == 0 && virNodeDeviceFree(second) == 0);
}

/* A registration keeps its connection; with the last one it goes. */
static void test_close(void)
{
    virConnectPtr conn = virConnectOpenReadOnly("test:///default");
    int one, two;

    assert(conn);
    freed = 0;
    one = REGISTER(conn, NULL, LIFECYCLE, CALLBACK(lifecycle), &freed, count_free);
    two = REGISTER(conn, NULL, UPDATE, CALLBACK(update), &freed, count_free);
    assert(one == 0 && two == 1);
    assert(virConnectClose(conn) == 1);
    assert(virConnectIsAlive(conn) == 1);
    assert(virConnectClose(conn) == -1);
    EXPECT_BAD_CONN(VIR_FROM_NONE, "virConnectClose");
    assert(DEREGISTER(conn, one) == 0);
    assert(virNodeNumOfDevices(conn, NULL, 0) == 4);
    assert(DEREGISTER(conn, two) == 0);
    assert(freed == 2);
    assert(virConnectIsAlive(conn) == -1);
    EXPECT_BAD_CONN(VIR_FROM_DOMAIN, "virConnectIsAlive");
}

int main(void)
{
    virConnectPtr conn, other;

    virSetErrorFunc(NULL, ignore_error);
    test_without_loop();
    assert(virEventRegisterDefaultImpl() == 0);
    assert(virEventRegisterDefaultImpl() == 0);
    conn = virConnectOpen("test:///default");
    other = virConnectOpen("test:///default");
    assert(conn && other);
    test_refused_arguments(conn, other);
    test_twice(conn, other);
    assert(virConnectClose(conn) == 0 && virConnectClose(other) == 0);
    test_close();
    return 0;
}
