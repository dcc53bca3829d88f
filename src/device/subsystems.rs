// SPDX-License-Identifier: LGPL-2.1-or-later
//! The buses and classes whose devices can be node devices.

/// The buses and classes of node devices, and where their devices are linked.
pub const SUBSYSTEMS: [(&[u8], &[u8]); 15] = [
    (b"ap", b"/sys/bus/ap/devices"),
    (b"block", b"/sys/class/block"),
    (b"ccw", b"/sys/bus/ccw/devices"),
    (b"ccwgroup", b"/sys/bus/ccwgroup/devices"),
    (b"css", b"/sys/bus/css/devices"),
    (b"drm", b"/sys/class/drm"),
    (b"matrix", b"/sys/bus/matrix/devices"),
    (b"mdev", b"/sys/bus/mdev/devices"),
    (b"mtty", b"/sys/class/mtty"),
    (b"net", b"/sys/class/net"),
    (b"pci", b"/sys/bus/pci/devices"),
    (b"scsi", b"/sys/bus/scsi/devices"),
    (b"scsi_generic", b"/sys/class/scsi_generic"),
    (b"usb", b"/sys/bus/usb/devices"),
    (b"vdpa", b"/sys/bus/vdpa/devices"),
];

/// Whether a subsystem is a bus: drivers bind to devices of buses, never to those of classes.
pub fn is_bus(subsystem: &[u8]) -> bool {
    SUBSYSTEMS
        .iter()
        .any(|(name, folder)| *name == subsystem && folder.starts_with(b"/sys/bus/"))
}
