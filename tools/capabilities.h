/* SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0 */
/* The capabilities by which devices can be listed. */
#ifndef CAPABILITIES_H
#define CAPABILITIES_H

#include <virnodedev.h>

#define CAPABILITY(name, bit) { name, #bit, VIR_CONNECT_LIST_NODE_DEVICES_CAP_##bit }

/* The names that XML, virNodeDeviceListCaps() and virNodeNumOfDevices() use, in the order of the bits. Only "vports"
 * has another name in XML: vport_ops. */
static const struct {
    const char *name;
    const char *bit;
    unsigned int flag;
} capabilities[] = {
    CAPABILITY("system", SYSTEM),
    CAPABILITY("pci", PCI_DEV),
    CAPABILITY("usb_device", USB_DEV),
    CAPABILITY("usb", USB_INTERFACE),
    CAPABILITY("net", NET),
    CAPABILITY("scsi_host", SCSI_HOST),
    CAPABILITY("scsi_target", SCSI_TARGET),
    CAPABILITY("scsi", SCSI),
    CAPABILITY("storage", STORAGE),
    CAPABILITY("fc_host", FC_HOST),
    CAPABILITY("vports", VPORTS),
    CAPABILITY("scsi_generic", SCSI_GENERIC),
    CAPABILITY("drm", DRM),
    CAPABILITY("mdev_types", MDEV_TYPES),
    CAPABILITY("mdev", MDEV),
    CAPABILITY("ccw", CCW_DEV),
    CAPABILITY("css", CSS_DEV),
    CAPABILITY("vdpa", VDPA),
    CAPABILITY("ap_card", AP_CARD),
    CAPABILITY("ap_queue", AP_QUEUE),
    CAPABILITY("ap_matrix", AP_MATRIX),
    CAPABILITY("vpd", VPD),
    CAPABILITY("ccwgroup", CCWGROUP_DEV),
    CAPABILITY("ccwgroup_member", CCWGROUP_MEMBER),
};

enum { CAPABILITIES = sizeof(capabilities) / sizeof(capabilities[0]) };

#endif
