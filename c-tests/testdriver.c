/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
 * The test driver through the API: test:///default as libvirt's own has it. */
#include "common.h"

static void look_up_by_wwn(virConnectPtr conn)
{
    /* The numbers of scsi_host1 and scsi_host11 in tests/data/testdriver/devices.xml. */
    virNodeDevicePtr dev = virNodeDeviceLookupSCSIHostByWWN(conn, "2000000012341234", "1000000012341234", 0);

    assert(dev && same(virNodeDeviceGetName(dev), "scsi_host1"));
    assert(virNodeDeviceFree(dev) == 0);
    dev = virNodeDeviceLookupSCSIHostByWWN(conn, "2000000034563456", "1000000034563456", 0);
    assert(dev && same(virNodeDeviceGetName(dev), "scsi_host11"));
    assert(same(virNodeDeviceGetParent(dev), "scsi_host1"));
    assert(virNodeDeviceFree(dev) == 0);
    /* Both have to match. */
    assert(!virNodeDeviceLookupSCSIHostByWWN(conn, "2000000034563456", "1000000012341234", 0));
    assert(virGetLastErrorCode() == VIR_ERR_INTERNAL_ERROR);
}

/* The kind alone, though it is listed by what is nested in that, too. */
static void caps(virConnectPtr conn, const char *name, const char *expected)
{
    virNodeDevicePtr dev = virNodeDeviceLookupByName(conn, name);
    char *caps[8];

    assert(dev && virNodeDeviceNumOfCaps(dev) == 1 && virNodeDeviceListCaps(dev, caps, 8) == 1);
    assert(same(caps[0], expected));
    free(caps[0]);
    assert(virNodeDeviceFree(dev) == 0);
}

int main(void)
{
    virConnectPtr conn = virConnectOpen("test:///default");
    char *uri;

    assert(conn);
    uri = virConnectGetURI(conn);
    assert(same(uri, "test:///default"));
    free(uri);
    assert(virNodeNumOfDevices(conn, "fc_host", 0) == 3 && virNodeNumOfDevices(conn, "vports", 0) == 2);
    assert(virConnectListAllNodeDevices(conn, NULL, VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPORTS) == 2);
    assert(virConnectListAllNodeDevices(conn, NULL, VIR_CONNECT_LIST_NODE_DEVICES_CAP_FC_HOST) == 3);
    assert(virConnectListAllNodeDevices(conn, NULL, VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM |
                                                        VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPORTS) == 3);
    assert(virConnectListAllNodeDevices(conn, NULL, VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE) == 0);
    look_up_by_wwn(conn);
    caps(conn, "scsi_host1", "scsi_host");
    caps(conn, "computer", "system");
    assert(virConnectClose(conn) == 0);
    return 0;
}
