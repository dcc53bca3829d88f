/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * Argument checks of every function: code, domain, text and the extra fields. */
#include "common.h"

static virConnectPtr conn, readonly;
static virNodeDevicePtr dev, readonly_dev;

static void on_close(virConnectPtr c, int reason, void *opaque)
{
    (void)c, (void)reason, (void)opaque;
}

static void on_event(virConnectPtr c, virNodeDevicePtr d, void *opaque)
{
    (void)c, (void)d, (void)opaque;
}

/* NULL in the place of the connection. FAILED is what the call must return. */
#define NO_CONN(domain, function, args, failed) \
    do { \
        assert(function args == failed); \
        EXPECT_BAD_CONN(domain, #function); \
    } while (0)

static void null_connections(void)
{
    virNodeDevicePtr *list = &dev;
    unsigned long v;
    char *names[1];

    NO_CONN(VIR_FROM_NONE, virConnectClose, (NULL), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectRef, (NULL), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectGetType, (NULL), NULL);
    NO_CONN(VIR_FROM_DOMAIN, virConnectGetURI, (NULL), NULL);
    NO_CONN(VIR_FROM_DOMAIN, virConnectGetHostname, (NULL), NULL);
    NO_CONN(VIR_FROM_DOMAIN, virConnectGetCapabilities, (NULL), NULL);
    NO_CONN(VIR_FROM_DOMAIN, virConnectGetVersion, (NULL, &v), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectGetLibVersion, (NULL, &v), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectIsAlive, (NULL), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectIsEncrypted, (NULL), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectIsSecure, (NULL), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectSetKeepAlive, (NULL, 5, 6), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectRegisterCloseCallback, (NULL, on_close, NULL, NULL), -1);
    NO_CONN(VIR_FROM_DOMAIN, virConnectUnregisterCloseCallback, (NULL, on_close), -1);

    NO_CONN(VIR_FROM_NODEDEV, virNodeNumOfDevices, (NULL, NULL, 0), -1);
    NO_CONN(VIR_FROM_NODEDEV, virNodeListDevices, (NULL, NULL, names, 1, 0), -1);
    NO_CONN(VIR_FROM_NODEDEV, virConnectListAllNodeDevices, (NULL, &list, 0), -1);
    assert(list == NULL); /* set before the connection is looked at */
    NO_CONN(VIR_FROM_NODEDEV, virNodeDeviceLookupByName, (NULL, "computer"), NULL);
    NO_CONN(VIR_FROM_NODEDEV, virNodeDeviceLookupSCSIHostByWWN, (NULL, "1", "2", 0), NULL);
    NO_CONN(VIR_FROM_NODEDEV, virNodeDeviceCreateXML, (NULL, "<device/>", 0), NULL);
    NO_CONN(VIR_FROM_NODEDEV, virNodeDeviceDefineXML, (NULL, "<device/>", 0), NULL);
    NO_CONN(VIR_FROM_NODEDEV, virConnectNodeDeviceEventRegisterAny, (NULL, NULL, 0, on_event, NULL, NULL), -1);
    NO_CONN(VIR_FROM_NODEDEV, virConnectNodeDeviceEventDeregisterAny, (NULL, 0), -1);
}

/* NULL in the place of the device. */
#define NO_DEVICE(function, args, failed) \
    do { \
        assert(function args == failed); \
        EXPECT_BAD_DEVICE(#function); \
    } while (0)

static void null_devices(void)
{
    char *names[1];
    int autostart;

    NO_DEVICE(virNodeDeviceGetName, (NULL), NULL);
    NO_DEVICE(virNodeDeviceGetParent, (NULL), NULL);
    NO_DEVICE(virNodeDeviceNumOfCaps, (NULL), -1);
    NO_DEVICE(virNodeDeviceListCaps, (NULL, names, 1), -1);
    NO_DEVICE(virNodeDeviceGetXMLDesc, (NULL, 0), NULL);
    NO_DEVICE(virNodeDeviceRef, (NULL), -1);
    NO_DEVICE(virNodeDeviceFree, (NULL), -1);
    NO_DEVICE(virNodeDeviceIsActive, (NULL), -1);
    NO_DEVICE(virNodeDeviceIsPersistent, (NULL), -1);
    NO_DEVICE(virNodeDeviceGetAutostart, (NULL, &autostart), -1);
    NO_DEVICE(virNodeDeviceSetAutostart, (NULL, 1), -1);
    NO_DEVICE(virNodeDeviceDettach, (NULL), -1);
    NO_DEVICE(virNodeDeviceDetachFlags, (NULL, NULL, 0), -1);
    NO_DEVICE(virNodeDeviceReAttach, (NULL), -1);
    NO_DEVICE(virNodeDeviceReset, (NULL), -1);
    NO_DEVICE(virNodeDeviceDestroy, (NULL), -1);
    NO_DEVICE(virNodeDeviceUndefine, (NULL, 0), -1);
    NO_DEVICE(virNodeDeviceCreate, (NULL, 0), -1);
    NO_DEVICE(virNodeDeviceUpdate, (NULL, "<device/>", 0), -1);
}

/* A pointer argument that must not be NULL. */
#define NULL_ARG(domain, function, args, argument, failed) \
    do { \
        assert(function args == failed); \
        EXPECT_ARGUMENT(domain, #function, argument, argument " in " #function " must not be NULL"); \
    } while (0)
/* A number that must not be negative. */
#define NEGATIVE(domain, function, args, argument, failed) \
    do { \
        assert(function args == failed); \
        EXPECT_ARGUMENT(domain, #function, argument, argument " in " #function " must be zero or greater"); \
    } while (0)

static void arguments(void)
{
    char *names[1];

    NULL_ARG(VIR_FROM_NODEDEV, virNodeDeviceLookupByName, (conn, NULL), "name", NULL);
    NULL_ARG(VIR_FROM_NODEDEV, virNodeDeviceLookupSCSIHostByWWN, (conn, NULL, "1", 0), "wwnn", NULL);
    NULL_ARG(VIR_FROM_NODEDEV, virNodeDeviceLookupSCSIHostByWWN, (conn, "1", NULL, 0), "wwpn", NULL);
    NULL_ARG(VIR_FROM_NODEDEV, virNodeListDevices, (conn, NULL, NULL, 1, 0), "names", -1);
    NULL_ARG(VIR_FROM_NODEDEV, virNodeDeviceListCaps, (dev, NULL, 1), "names", -1);
    NULL_ARG(VIR_FROM_NODEDEV, virNodeDeviceCreateXML, (conn, NULL, 0), "xmlDesc", NULL);
    NULL_ARG(VIR_FROM_NODEDEV, virNodeDeviceDefineXML, (conn, NULL, 0), "xmlDesc", NULL);
    NULL_ARG(VIR_FROM_NODEDEV, virNodeDeviceUpdate, (dev, NULL, 0), "xmlDesc", -1);
    NULL_ARG(VIR_FROM_NODEDEV, virConnectNodeDeviceEventRegisterAny, (conn, NULL, 0, NULL, NULL, NULL), "cb", -1);
    NULL_ARG(VIR_FROM_DOMAIN, virConnectGetVersion, (conn, NULL), "hvVer", -1);
    NULL_ARG(VIR_FROM_DOMAIN, virConnectGetLibVersion, (conn, NULL), "libVer", -1);
    NULL_ARG(VIR_FROM_DOMAIN, virConnectRegisterCloseCallback, (conn, NULL, NULL, NULL), "cb", -1);
    NULL_ARG(VIR_FROM_DOMAIN, virConnectUnregisterCloseCallback, (conn, NULL), "cb", -1);

    NEGATIVE(VIR_FROM_NODEDEV, virNodeListDevices, (conn, NULL, names, -1, 0), "maxnames", -1);
    NEGATIVE(VIR_FROM_NODEDEV, virNodeDeviceListCaps, (dev, names, -1), "maxnames", -1);
    NEGATIVE(VIR_FROM_NODEDEV, virConnectNodeDeviceEventRegisterAny, (conn, NULL, -1, on_event, NULL, NULL),
             "eventID", -1);
    NEGATIVE(VIR_FROM_NODEDEV, virConnectNodeDeviceEventDeregisterAny, (conn, -1), "callbackID", -1);

    assert(virGetVersion(NULL, NULL, NULL) == -1);
    expect_error(__LINE__, VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "An error occurred, but the cause is unknown",
                 NULL, NULL, 0, 0);
}

/* The message gives the unknown bits only and the name of the inner function. */
static void unknown_flags(void)
{
    static const struct {
        unsigned int flags;
        const char *text;
    } list[] = {
        { 1U << 24, "unsupported flags (0x1000000) in function nodeConnectListAllNodeDevices" },
        { 1U << 27, "unsupported flags (0x8000000) in function nodeConnectListAllNodeDevices" },
        { ~0U, "unsupported flags (0xf000000) in function nodeConnectListAllNodeDevices" },
    };
    virNodeDevicePtr *devs = &dev;
    char *names[1];
    size_t i;

    for (i = 0; i < COUNT(list); i++) {
        devs = &dev;
        assert(virConnectListAllNodeDevices(conn, &devs, list[i].flags) == -1 && !devs);
        EXPECT_ARGUMENT(VIR_FROM_NODEDEV, "nodeConnectListAllNodeDevices", "flags", list[i].text);
    }
    assert(virNodeNumOfDevices(conn, NULL, 1) == -1);
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, "nodeNumOfDevices", "flags",
                    "unsupported flags (0x1) in function nodeNumOfDevices");
    assert(virNodeListDevices(conn, NULL, names, 1, 2) == -1);
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, "nodeListDevices", "flags",
                    "unsupported flags (0x2) in function nodeListDevices");
    assert(!virNodeDeviceGetXMLDesc(dev, 6));
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, "nodeDeviceGetXMLDesc", "flags",
                    "unsupported flags (0x6) in function nodeDeviceGetXMLDesc");
    assert(!virNodeDeviceLookupSCSIHostByWWN(conn, "1", "1", 1));
    EXPECT_ARGUMENT(VIR_FROM_NODEDEV, "nodeDeviceLookupSCSIHostByWWN", "flags",
                    "unsupported flags (0x1) in function nodeDeviceLookupSCSIHostByWWN");
    assert(!virConnectOpenAuth("test:///default", NULL, 4));
    assert(virGetLastErrorCode() == VIR_ERR_INVALID_ARG);
}

#define READ_ONLY(function, args, failed) \
    do { \
        assert(function args == failed); \
        EXPECT_NORMAL(VIR_ERR_OPERATION_DENIED, VIR_FROM_NODEDEV, "operation forbidden: ", \
                      "read only access prevents " #function); \
    } while (0)

static void read_only(void)
{
    READ_ONLY(virNodeDeviceCreateXML, (readonly, "<device/>", 0), NULL);
    READ_ONLY(virNodeDeviceCreateXML, (readonly, NULL, 0), NULL); /* before the other arguments */
    READ_ONLY(virNodeDeviceDefineXML, (readonly, "<device/>", 0), NULL);
    READ_ONLY(virNodeDeviceDestroy, (readonly_dev), -1);
    READ_ONLY(virNodeDeviceUndefine, (readonly_dev, 0), -1);
    READ_ONLY(virNodeDeviceCreate, (readonly_dev, 0), -1);
    READ_ONLY(virNodeDeviceSetAutostart, (readonly_dev, 1), -1);
    READ_ONLY(virNodeDeviceUpdate, (readonly_dev, "<device/>", 0), -1);
    READ_ONLY(virNodeDeviceDettach, (readonly_dev), -1);
    READ_ONLY(virNodeDeviceDetachFlags, (readonly_dev, NULL, 0), -1);
    READ_ONLY(virNodeDeviceReAttach, (readonly_dev), -1);
    READ_ONLY(virNodeDeviceReset, (readonly_dev), -1);
}

/* What a recorded machine cannot do. */
#define RECORDED(function, args, failed) \
    do { \
        assert(function args == failed); \
        EXPECT_NORMAL(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_NODEDEV, "Operation not supported: ", \
                      #function ": a recorded tree cannot be changed"); \
    } while (0)

static void recorded(void)
{
    RECORDED(virNodeDeviceDettach, (dev), -1);
    RECORDED(virNodeDeviceDetachFlags, (dev, NULL, 0), -1);
    RECORDED(virNodeDeviceReAttach, (dev), -1);
    RECORDED(virNodeDeviceReset, (dev), -1);
}

static void results(void)
{
    virNodeDevicePtr computer = virNodeDeviceLookupByName(conn, "computer");

    assert(!virNodeDeviceLookupByName(conn, "nosuch"));
    EXPECT_NORMAL(VIR_ERR_NO_NODE_DEVICE, VIR_FROM_NODEDEV, "Node device not found: ",
                  "no node device with matching name 'nosuch'");
    assert(!virNodeDeviceLookupByName(conn, ""));
    EXPECT_NORMAL(VIR_ERR_NO_NODE_DEVICE, VIR_FROM_NODEDEV, "Node device not found: ",
                  "no node device with matching name ''");
    assert(!virNodeDeviceLookupSCSIHostByWWN(conn, "1000000000000000", "1000000000000001", 0));
    expect_error(__LINE__, VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "An error occurred, but the cause is unknown",
                 NULL, NULL, 0, 0);
    assert(!virNodeDeviceGetXMLDesc(dev, VIR_NODE_DEVICE_XML_INACTIVE));
    EXPECT_NORMAL(VIR_ERR_OPERATION_INVALID, VIR_FROM_NODEDEV, "Requested operation is not valid: ",
                  "node device 'pci_0000_03_00_0' is not persistent");
    assert(computer && !virNodeDeviceGetParent(computer) && virGetLastErrorCode() == VIR_ERR_OK);
    assert(virNodeDeviceFree(computer) == 0);

    assert(!virConnectOpen("bogus:///x"));
    EXPECT_NORMAL(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "no connection driver available for ", "bogus:///x");
    assert(!virConnectOpen("nodedev:///foo"));
    assert(virGetLastErrorCode() == VIR_ERR_INTERNAL_ERROR);
    assert(strstr(virGetLastErrorMessage(), "unexpected nodedev URI path '/foo', try nodedev:///system"));
    assert(!virConnectOpen("/no/scheme"));
    EXPECT_NORMAL(VIR_ERR_NO_CONNECT, VIR_FROM_NONE, "no connection driver available for ",
                  "URI '/no/scheme' does not include a driver name");
    assert(!virConnectOpen("nodedev://otherhost/system"));
    assert(virGetLastErrorCode() == VIR_ERR_NO_CONNECT && strstr(virGetLastErrorMessage(), "remote"));
    assert(!virConnectOpen("qemu+ssh://root@otherhost/system"));
    assert(virGetLastErrorCode() == VIR_ERR_NO_CONNECT);
}

int main(void)
{
    conn = virConnectOpen(machine_uri());
    readonly = virConnectOpenReadOnly(machine_uri());
    assert(conn && readonly);
    dev = virNodeDeviceLookupByName(conn, "pci_0000_03_00_0");
    readonly_dev = virNodeDeviceLookupByName(readonly, "pci_0000_03_00_0");
    assert(dev && readonly_dev);

    null_connections();
    null_devices();
    arguments();
    unknown_flags();
    read_only();
    recorded();
    results();

    assert(virNodeDeviceFree(dev) == 0 && virNodeDeviceFree(readonly_dev) == 0);
    assert(virConnectClose(conn) == 0 && virConnectClose(readonly) == 0);
    return 0;
}
