/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Handles that are no handles: freed, freed twice, foreign, of the wrong kind, of a closed
 * connection. Each gives an error; run under valgrind, none reads freed memory. */
#include "common.h"

/* A handle's address must not come back before so many others were made. */
#define REUSE 65536

static int on_stack_value;
static const char constant[64] = "not a handle";

static void expect_bad_device(virNodeDevicePtr dev)
{
    char *names[1];

    virResetLastError();
    assert(!virNodeDeviceGetName(dev));
    EXPECT_BAD_DEVICE("virNodeDeviceGetName");
    assert(!virNodeDeviceGetXMLDesc(dev, 0));
    EXPECT_BAD_DEVICE("virNodeDeviceGetXMLDesc");
    assert(!virNodeDeviceGetParent(dev));
    EXPECT_BAD_DEVICE("virNodeDeviceGetParent");
    assert(virNodeDeviceListCaps(dev, names, 1) == -1);
    EXPECT_BAD_DEVICE("virNodeDeviceListCaps");
    assert(virNodeDeviceRef(dev) == -1);
    EXPECT_BAD_DEVICE("virNodeDeviceRef");
    assert(virNodeDeviceFree(dev) == -1);
    EXPECT_BAD_DEVICE("virNodeDeviceFree");
}

static void expect_bad_conn(virConnectPtr conn)
{
    virNodeDevicePtr *devs;

    virResetLastError();
    assert(virConnectListAllNodeDevices(conn, &devs, 0) == -1 && !devs);
    EXPECT_BAD_CONN(VIR_FROM_NODEDEV, "virConnectListAllNodeDevices");
    assert(!virNodeDeviceLookupByName(conn, "computer"));
    EXPECT_BAD_CONN(VIR_FROM_NODEDEV, "virNodeDeviceLookupByName");
    assert(virConnectIsAlive(conn) == -1);
    EXPECT_BAD_CONN(VIR_FROM_DOMAIN, "virConnectIsAlive");
    assert(virConnectRef(conn) == -1);
    EXPECT_BAD_CONN(VIR_FROM_DOMAIN, "virConnectRef");
    assert(virConnectClose(conn) == -1);
    EXPECT_BAD_CONN(VIR_FROM_NONE, "virConnectClose");
    assert(!virConnGetLastError(conn));
    virConnResetLastError(conn);
    virConnSetErrorFunc(conn, NULL, NULL);
}

static void foreign_pointers(virConnectPtr conn, virNodeDevicePtr dev)
{
    int local = 0;
    char *heap = malloc(256);
    size_t i;
    void *list[9];

    memset(heap, 0x5a, 256);
    list[0] = &local;
    list[1] = &on_stack_value;
    list[2] = (void *)(size_t)constant;
    list[3] = heap;
    list[4] = heap + 1;       /* not even aligned */
    list[5] = (void *)8;      /* nothing is there to be read */
    list[6] = (void *)~(size_t)0;
    list[7] = (char *)conn + 1;
    list[8] = (char *)dev + 8;
    for (i = 0; i < COUNT(list); i++) {
        expect_bad_device(list[i]);
        expect_bad_conn(list[i]);
    }
    free(heap);

    /* The wrong kind. */
    expect_bad_device((virNodeDevicePtr)conn);
    expect_bad_conn((virConnectPtr)dev);
    assert(virConnectIsAlive(conn) == 1 && virNodeDeviceIsActive(dev) == 1);
}

static void freed(virConnectPtr conn)
{
    virNodeDevicePtr dev = virNodeDeviceLookupByName(conn, "computer");
    virNodeDevicePtr *devs;
    int n, i;

    assert(dev && virNodeDeviceRef(dev) == 0);
    assert(virNodeDeviceFree(dev) == 0);
    assert(virNodeDeviceIsActive(dev) == 1);
    assert(virNodeDeviceFree(dev) == 0);
    expect_bad_device(dev);

    n = virConnectListAllNodeDevices(conn, &devs, 0);
    assert(n > 0);
    for (i = 0; i < n; i++)
        assert(virNodeDeviceFree(devs[i]) == 0);
    for (i = 0; i < n; i++)
        assert(virNodeDeviceFree(devs[i]) == -1);
    free(devs);
    virResetLastError();
}

static void closed(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");

    assert(conn && virConnectClose(conn) == 0);
    expect_bad_conn(conn);
}

/* A stale pointer does not quietly become another device. */
static void reuse(virConnectPtr conn)
{
    virNodeDevicePtr stale = virNodeDeviceLookupByName(conn, "computer");
    int i;

    assert(stale && virNodeDeviceFree(stale) == 0);
    for (i = 0; i < REUSE; i++) {
        virNodeDevicePtr other = virNodeDeviceLookupByName(conn, "computer");

        assert(other && other != stale);
        assert(virNodeDeviceFree(other) == 0);
        if (i % 4096 == 0)
            assert(!virNodeDeviceGetName(stale) && virGetLastErrorCode() == VIR_ERR_INVALID_NODE_DEVICE);
    }
    assert(virNodeDeviceFree(stale) == -1);
    virResetLastError();
}

/* The real libvirt, handed one of our handles, reads its first bytes to see what it is. They can
 * be read and name no object of it: a class pointer of zero is what it takes for "not mine". */
static void head(virConnectPtr conn, virNodeDevicePtr dev)
{
    static const unsigned char zero[sizeof(void *)];

    assert(memcmp(conn, zero, sizeof(zero)) == 0);
    assert(memcmp(dev, zero, sizeof(zero)) == 0);
}

static void silent(void *data, virErrorPtr error)
{
    (void)data, (void)error;
}

int main(void)
{
    virConnectPtr conn;
    virNodeDevicePtr dev;

    virSetErrorFunc(NULL, silent);
    conn = virConnectOpen("test:///default");
    assert(conn);
    dev = virNodeDeviceLookupByName(conn, "scsi_host1");
    assert(dev);
    foreign_pointers(conn, dev);
    freed(conn);
    closed();
    reuse(conn);
    head(conn, dev);
    assert(virNodeDeviceFree(dev) == 0);
    assert(virConnectClose(conn) == 0);
    return 0;
}
