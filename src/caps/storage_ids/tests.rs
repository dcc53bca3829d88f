// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The recorded machines have the properties that udev 262 set for each block device beside the
//! files in sysfs; attributes made by hand cover what they lack.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::host::files::{Files, join};
use crate::host::udev_data::value_of;

/// Drives whose serial udev got by asking the drive: sysfs has no copy of it.
const ASKED_FOR: [&str; 3] = ["sr0", "sr2", "sr3"];

/// Compares every disk of a recorded machine; returns their names.
fn compare(machine: &str) -> Vec<String> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/machines")
        .join(machine)
        .join("sysfs.tar.gz");
    let root = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .args(["-P", "-xzf"])
        .arg(&archive)
        .arg("-C")
        .arg(root.path())
        .status()
        .unwrap();
    assert!(status.success(), "{}", archive.display());

    let files = Files::tree(root.path()).unwrap();
    let mut compared = Vec::new();
    for (name, link) in files.links(b"/sys/class/block").unwrap() {
        let path = [b"/sys", link.strip_prefix(b"../..").unwrap()].concat();
        let uevent = files.read(&join(&path, b"uevent")).unwrap();
        let uevent = uevent.unwrap_or_default();
        let lines = || uevent.split(|&b| b == b'\n');
        let variable = |key: &[u8]| lines().find_map(|line| value_of(line, key));
        let (Some(b"disk"), Some(major), Some(minor)) =
            (variable(b"DEVTYPE"), variable(b"MAJOR"), variable(b"MINOR"))
        else {
            continue;
        };
        let key = [&b"/run/udev/data/b"[..], major, b":", minor].concat();
        let said = files.read(&key).unwrap().unwrap_or_default();
        let property = |key: &[u8]| {
            said.split(|&b| b == b'\n')
                .filter_map(|line| line.strip_prefix(b"E:"))
                .find_map(|line| value_of(line, key))
                .map(<[u8]>::to_vec)
        };
        let name = String::from_utf8(name).unwrap();
        let mut expected = StorageIds {
            bus: property(b"ID_BUS"),
            id_type: property(b"ID_TYPE"),
            serial: property(b"ID_SERIAL"),
        };
        if ASKED_FOR.contains(&&name[..]) {
            expected.serial = None;
        }
        let ids = read(&path, &|attribute| {
            files.read(&join(&path, attribute.as_bytes()))
        })
        .unwrap();
        assert_eq!(ids, expected, "{name} of {machine}");
        compared.push(name);
    }
    compared
}

#[test]
fn as_udev_said_on_the_recorded_machines() {
    for machine in ["plain", "base", "modules"] {
        let disks = compare(machine);
        if machine == "base" {
            for known in [
                "vda", "nvme0n2", "mmcblk0", "sda", "sdb", "sde", "sdf", "sr3",
            ] {
                assert!(disks.iter().any(|disk| disk == known), "{known}");
            }
        }
    }
}

/// The ids of a device with these attributes.
fn ids(path: &str, attributes: &[(&str, &[u8])]) -> StorageIds {
    let attributes: BTreeMap<_, _> = attributes.iter().copied().collect();
    read(path.as_bytes(), &|name| {
        Ok(attributes.get(name).map(|text| text.to_vec()))
    })
    .unwrap()
}

#[test]
fn an_attribute_that_cannot_be_read_is_no_missing_one() {
    let failure = crate::error::Error::system("cannot read serial", libc::EMFILE);
    let found = read(b"/sys/devices/x/block/vda", &|_| Err(failure.clone()));
    assert_eq!(found, Err(failure));
}

fn serial(path: &str, attributes: &[(&str, &[u8])]) -> Option<String> {
    ids(path, attributes)
        .serial
        .map(|serial| String::from_utf8(serial).unwrap())
}

#[test]
fn simple_kinds() {
    assert_eq!(serial("vda", &[("serial", b"a b\n")]).unwrap(), "a b");
    assert_eq!(serial("vda", &[("serial", b"\n")]), None);
    assert_eq!(serial("vda", &[]), None);
    let card: &[(&str, &[u8])] = &[("device/serial", b"0x1\n")];
    assert_eq!(serial("mmcblk10", card).unwrap(), "0x1");
    // A boot partition's own disk.
    assert_eq!(serial("mmcblk0boot0", card), None);
    let disk: &[(&str, &[u8])] = &[
        ("device/model", b"Fast/SSD 1  \n"),
        ("device/serial", b"S1   \n"),
    ];
    assert_eq!(serial("nvme0n1", disk).unwrap(), "Fast_SSD_1_S1");
    assert_eq!(serial("nvme0n1", &disk[..1]), None);
    assert_eq!(ids("dasda", &[]), StorageIds::new("ccw", "disk", None));
    for name in [
        "loop0", "zram0", "fd0", "sd", "sr", "srx", "sda1", "vd", "xvda", "nbd0", "",
    ] {
        assert_eq!(
            ids(name, &[("serial", b"x"), ("device/type", b"0")]),
            StorageIds::default()
        );
    }
}

#[test]
fn scsi_types() {
    for (kind, word) in [
        ("0", "disk"),
        ("1", "tape"),
        ("4", "optical"),
        ("5", "cd"),
        ("7", "optical"),
        ("14", "disk"),
        ("15", "optical"),
        ("12", "generic"),
        ("x", "generic"),
    ] {
        let kind = format!("{kind}\n");
        let found = ids("sda", &[("device/type", kind.as_bytes())]);
        assert_eq!(found, StorageIds::new("scsi", word, None));
    }
    assert_eq!(ids("sr0", &[]), StorageIds::new("scsi", "generic", None));
}

#[test]
fn ata_drives() {
    let disk: &[(&str, &[u8])] = &[("device/vendor", b"ATA     \n"), ("device/type", b"0\n")];
    assert_eq!(ids("sda", disk), StorageIds::new("ata", "disk", None));
    let path = "/sys/devices/pci0000:00/0000:00:1f.2/ata2/host3/target3:0:0/3:0:0:0/block/sr0";
    let drive = |level: &'static [u8]| {
        ids(
            path,
            &[("device/type", b"5\n"), ("device/scsi_level", level)],
        )
        .bus
        .unwrap()
    };
    assert_eq!(drive(b"6\n"), b"ata");
    assert_eq!(drive(b"5\n"), b"scsi");
}

#[test]
fn usb_drives() {
    const PATH: &str = "/sys/devices/usb1/1-1/1-1:1.0/host9/target9:0:2/9:0:2:1/block/sdb";
    let stick = |class: &'static [u8], subclass: &'static [u8], serial: &'static [u8]| {
        ids(
            PATH,
            &[
                ("device/../../../bInterfaceClass", class),
                ("device/../../../bInterfaceSubClass", subclass),
                ("device/../../../../serial", serial),
                ("device/../../../../idVendor", b"1234\n"),
                ("device/../../../../idProduct", b"abcd\n"),
                ("device/../../../../manufacturer", b"The Maker\n"),
                ("device/vendor", b"Scsi    \n"),
                ("device/model", b"Stick  16GB     \n"),
                ("device/type", b"0\n"),
            ],
        )
    };
    let usb = |id_type, serial: &str| StorageIds::new("usb", id_type, Some(serial.into()));
    assert_eq!(
        stick(b"08\n", b"06\n", b"S 1\n"),
        usb("disk", "Scsi_Stick_16GB_S_1-2:1")
    );
    assert_eq!(
        stick(b"08\n", b"02\n", b""),
        usb("disk", "Scsi_Stick_16GB-2:1")
    );
    // Serials that `usb_id` does not use.
    assert_eq!(
        stick(b"08\n", b"06\n", b"a,b\n"),
        usb("disk", "Scsi_Stick_16GB-2:1")
    );
    assert_eq!(
        stick(b"08\n", b"06\n", b"\x01\n"),
        usb("disk", "Scsi_Stick_16GB-2:1")
    );
    // Where SCSI commands are not used, the USB descriptors count; there is no product text here. The subclasses are those of
    // "Universal Serial Bus Mass Storage Class Specification Overview" 1.4, table 2.
    for (class, subclass, id_type) in [
        (b"08\n", b"01\n", "rbc"),
        (b"08\n", b"03\n", "tape"),
        (b"08\n", b"04\n", "floppy"),
        (b"08\n", b"05\n", "generic"),
        (b"ff\n", b"06\n", "generic"),
    ] {
        assert_eq!(
            stick(class, subclass, b"1\n"),
            usb(id_type, "The_Maker_abcd_1")
        );
    }
}

#[test]
fn any_bytes_will_do() {
    for value in [
        &b"\0\0\0\0"[..],
        b"\xff\xfe\xfd",
        b"\n",
        &[0xff; 5000],
        &[0; 5000],
    ] {
        for name in ["vda", "sda", "sr0", "nvme0n1", "mmcblk0", "dasda", "/"] {
            read(name.as_bytes(), &|_| Ok(Some(value.to_vec()))).unwrap();
        }
    }
}
