// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What the `uevent` file says of a device is taken from there; attributes serve where it says nothing, or nonsense.

use super::{host, node};
use crate::caps::kind::Kind;
use crate::caps::pci::device_ids;
use crate::caps::scsi_device::ScsiDevice;
use crate::caps::usb_interface::UsbInterface;

#[test]
fn a_usb_interface_has_class_subclass_and_protocol_there() {
    let (_root, known) = host(&[
        ("devices/a/1-1:1.2/bInterfaceNumber", "02\n"),
        ("devices/a/1-1:1.2/bInterfaceClass", "0e\n"),
        ("devices/a/1-1:1.2/bInterfaceSubClass", "01\n"),
        ("devices/a/2-1:1.0/bInterfaceClass", "08\n"),
    ]);
    let read = |path: &[u8], uevent: &str| {
        let uevent = format!("DEVTYPE=usb_interface\n{uevent}");
        let usb = UsbInterface::read(&node(&known, path, b"usb", uevent.as_bytes()));
        let usb = usb.unwrap().unwrap();
        [usb.number, usb.class, usb.subclass, usb.protocol]
    };
    let path = b"/sys/devices/a/1-1:1.2";
    assert_eq!(read(path, "INTERFACE=14/2/80\n"), [2, 14, 2, 80]);
    for nonsense in ["", "14/2", "14/2/80/1", "14/x/80", "14//80"] {
        let uevent = format!("INTERFACE={nonsense}\n");
        assert_eq!(read(path, &uevent), [2, 14, 1, 0], "{nonsense}");
    }
    // Recordings can lack the attributes. libvirt 12.8.0 prints zeros for them, whatever the variable says.
    let path = b"/sys/devices/a/2-1:1.0";
    assert_eq!(read(path, "INTERFACE=14/2/80\n"), [0, 8, 0, 0]);
}

/// libvirt takes it from the attribute, which recordings can lack; the alias of the module tells it, too.
#[test]
fn a_scsi_device_without_its_attribute_has_no_type() {
    let (_root, known) = host(&[("devices/a/0:0:0:0/type", "13\n")]);
    let read = |path: &[u8]| {
        let uevent = b"DEVTYPE=scsi_device\nMODALIAS=scsi:t-0x0d\n";
        let scsi = ScsiDevice::read(&node(&known, path, b"scsi", uevent));
        scsi.unwrap().unwrap().peripheral_type
    };
    let found = read(b"/sys/devices/a/0:0:0:0");
    assert_eq!(found.as_deref(), Some("enclosure"));
    assert_eq!(read(b"/sys/devices/a/0:0:0:1"), None);
}

#[test]
fn a_pci_function_has_its_ids_there() {
    let (_root, known) = host(&[
        ("devices/a/0000:00:01.0/vendor", "0x8086\n"),
        ("devices/a/0000:00:01.0/device", "0x10c9\n"),
    ]);
    let ids = |uevent: &str| {
        let path = b"/sys/devices/a/0000:00:01.0";
        device_ids(&node(&known, path, b"pci", uevent.as_bytes())).unwrap()
    };
    assert_eq!(ids("PCI_ID=1AF4:1000\n"), Some((0x1af4, 0x1000)));
    for nonsense in ["", "PCI_ID=1AF4\n", "PCI_ID=1AF4:10000\n", "PCI_ID=x:1\n"] {
        assert_eq!(ids(nonsense), Some((0x8086, 0x10c9)), "{nonsense}");
    }
}
