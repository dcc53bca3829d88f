// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Machines with an identifier in each place where one may stand.

use super::*;
use crate::caps::vpd;
use crate::host::recording::components;

const ADAPTER: &[u8] = include_bytes!("../../../tests/data/vpd/adapter.vpd");

fn machine(files: &[(&str, &[u8])], links: &[(&str, &str)]) -> Recording {
    let mut recording = Recording::default();
    let place =
        |path: &str| -> Vec<Vec<u8>> { components(path.as_bytes()).map(<[u8]>::to_vec).collect() };
    for (path, content) in files {
        recording.put(&place(path), Entry::File(content.to_vec()));
    }
    for (path, target) in links {
        recording.put(&place(path), Entry::Link(target.as_bytes().to_vec()));
    }
    recording
}

/// The whole recording as text: paths, targets and contents.
fn dump(recording: &Recording) -> String {
    let mut all = Vec::new();
    walk(&recording.root, &mut Vec::new(), &mut all);
    let mut out = String::new();
    for (path, entry) in all {
        let content = match entry {
            Entry::Folder(_) => continue,
            Entry::File(content) | Entry::Link(content) => content,
        };
        out += &String::from_utf8_lossy(&path.join(&b'/'));
        out += ": ";
        out += &String::from_utf8_lossy(content);
        out += "\n";
    }
    out
}

fn file<'a>(recording: &'a Recording, path: &str) -> &'a [u8] {
    recording.read(path.as_bytes()).unwrap()
}

#[test]
fn identifiers_are_replaced_wherever_they_stand() {
    let nic = "sys/devices/pci0/0000:00:03.0/net/enx52540012ab34";
    let files: Vec<(String, &[u8])> = vec![
        (format!("{nic}/address"), b"52:54:00:12:ab:34\n"),
        (format!("{nic}/uevent"), b"INTERFACE=enx52540012ab34\nIFINDEX=2\n"),
        ("sys/devices/pci0/0000:00:04.0/resource".into(), b"0x00000000fe000000 0x5000c500a1b2c3d4\n"),
        ("sys/devices/pci0/host1/fc_host/host1/port_name".into(), b"0x2100001b32a9da4e\n"),
        ("sys/devices/virtual/dmi/id/product_serial".into(), b"Box of Anna\n"),
        ("sys/devices/virtual/dmi/id/product_uuid".into(), b"6C616220-766E-4400-8000-00000000000A\n"),
        ("sys/devices/virtual/dmi/id/product_name".into(), b"Tower 5 of annas-pc\n"),
        ("etc/machine-id".into(), b"0123456789abcdef0123456789abcdef\n"),
        ("sys/devices/css0/dasda/uid".into(), b"IBM.75000000092461.e900.8a\n"),
        (
            "run/udev/data/b8:0".into(),
            b"S:disk/by-id/ata-Maker_Disk_S3Z8NB0K123456\nS:disk/by-id/wwn-0x5000c500a1b2c3d4\n\
              S:disk/by-label/annas\\x20photos\nS:disk/by-uuid/1234-ABCD\n\
              S:disk/by-path/ip-10.9.8.7:3260-iscsi-iqn.2003-01.org.anna:disk-lun-1\n\
              I:77\nE:ID_TYPE=disk\nE:ID_SERIAL=Maker_Disk_S3Z8NB0K123456\nE:ID_SERIAL_SHORT=S3Z8NB0K123456\n\
              E:ID_FS_LABEL=annas\\x20photos\nE:ID_FS_UUID=1234-ABCD\nG:systemd\n",
        ),
        (
            "sys/devices/sda/sda4/uevent".into(),
            b"DEVNAME=sda4\nDEVTYPE=partition\nPARTN=4\nPARTNAME=holiday 7\nPARTUUID=0a1b2c3d-04\n",
        ),
        ("run/udev/data/b8:16".into(), b"S:disk/by-id/virtio-ann\\x2d1\nE:ID_SERIAL=ann1\nE:ID_BUS=ann1\n"),
    ];
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(path, content)| (&path[..], *content))
        .collect();
    let original = machine(
        &files,
        &[(
            "sys/class/net/enx52540012ab34",
            "../../devices/pci0/0000:00:03.0/net/enx52540012ab34",
        )],
    );
    let anonymous = anonymise(&original, Some(b"annas-pc"));
    let text = dump(&anonymous);
    for gone in [
        "12:ab:34",
        "12ab34",
        "a9da4e",
        "Box of Anna",
        "6C616220",
        "annas",
        "0123456789abcdef",
        "75000000092461",
        "S3Z8NB0K123456",
        "1234-ABCD",
        "10.9.8.7",
        "org.anna",
        "holiday",
        "0a1b2c3d-04",
        "systemd",
        "ID_SERIAL=ann1",
    ] {
        assert!(!text.contains(gone), "{gone} is still in:\n{text}");
    }
    for kept in [
        "52:54:00:",
        "enx525400",
        "0000:00:03.0",
        "0x00000000fe000000",
        "0x2100001b32",
        "Tower 5 of ",
        "IBM.",
        ".e900.8a",
        "ata-Maker_Disk_",
        "wwn-0x5000c50",
        "-iscsi",
        "-lun-1",
        "\\x20",
        "ID_TYPE=disk",
        "ID_BUS=ann1",
        "I:77",
        "ID_FS_UUID=",
        "PARTN=4",
    ] {
        assert!(text.contains(kept), "{kept} is not in:\n{text}");
    }
    assert_eq!(text.len(), dump(&original).len() - "G:systemd\n".len());

    // Equal values stay equal: the link leads to the interface, whose name has its address.
    let names = anonymous.names(b"/sys/class/net").unwrap();
    let name = String::from_utf8(names[0].clone()).unwrap();
    let address =
        String::from_utf8(file(&anonymous, &format!("/sys/class/net/{name}/address")).to_vec())
            .unwrap();
    assert_eq!(name, format!("enx{}", address.trim().replace(':', "")));
    let uevent = file(&anonymous, &format!("/sys/class/net/{name}/uevent"));
    assert!(uevent.starts_with(format!("INTERFACE={name}\n").as_bytes()));
    let entry = String::from_utf8_lossy(file(&anonymous, "/run/udev/data/b8:0")).into_owned();
    let value = |key: &str| {
        entry
            .split(key)
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_string()
    };
    assert_eq!(value("S:disk/by-id/ata-"), value("E:ID_SERIAL="));
    assert!(value("E:ID_SERIAL=").ends_with(&value("E:ID_SERIAL_SHORT=")));
    assert_eq!(value("S:disk/by-uuid/"), value("E:ID_FS_UUID="));
    assert_eq!(value("S:disk/by-label/"), value("E:ID_FS_LABEL="));
    // The next recording has other values.
    assert_ne!(dump(&anonymise(&original, None)), text);
}

#[test]
fn common_words_are_not_replaced() {
    let original = machine(
        &[
            ("sys/devices/disk/uevent", b"DEVTYPE=disk\n"),
            ("sys/devices/disk/serial", b"disk\n"),
            ("sys/devices/virtual/dmi/id/product_serial", b"0000000\n"),
            ("sys/devices/net/address", b"00:00:00:00:00:00\n"),
            ("sys/devices/net/broadcast", b"ff:ff:ff:ff:ff:ff\n"),
        ],
        &[],
    );
    let anonymous = anonymise(&original, Some(b"disk"));
    assert_eq!(
        file(&anonymous, "/sys/devices/disk/uevent"),
        b"DEVTYPE=disk\n"
    );
    assert_ne!(
        file(&anonymous, "/sys/devices/disk/serial"),
        b"disk\n",
        "it is the serial number here"
    );
    assert_eq!(
        file(&anonymous, "/sys/devices/net/address"),
        b"00:00:00:00:00:00\n"
    );
    assert_eq!(
        file(&anonymous, "/sys/devices/net/broadcast"),
        b"ff:ff:ff:ff:ff:ff\n"
    );
}

#[test]
fn the_hosts_name_is_replaced_unless_it_is_a_common_word() {
    for (host, files, is_replaced) in [
        ("anna", &["sys/d/model"][..], true),
        ("anna", &["sys/d/model", "sys/d/uevent"], false),
        ("anna", &["sys/d/model", "sys/anna/x"], false),
        ("localhost", &["sys/d/model"], false),
    ] {
        let content = format!("A={host}!\n");
        let files: Vec<_> = files
            .iter()
            .map(|path| (*path, content.as_bytes()))
            .collect();
        let anonymous = anonymise(&machine(&files, &[]), Some(host.as_bytes()));
        let after = file(&anonymous, "/sys/d/model");
        assert_eq!(
            after != content.as_bytes(),
            is_replaced,
            "{host} in {files:?}"
        );
    }
    // A part of a word is not the word.
    let files = [
        ("sys/d/uevent", &b"A=annas\n"[..]),
        ("sys/d/model", b"anna 1"),
    ];
    let anonymous = anonymise(&machine(&files, &[]), Some(b"anna"));
    assert_eq!(file(&anonymous, "/sys/d/uevent"), b"A=annas\n");
    assert_ne!(file(&anonymous, "/sys/d/model"), b"anna 1");
}

#[test]
fn the_serial_number_is_cleared_wherever_its_capability_is() {
    // Capabilities at 0x100 and 0x140; the second leads back to itself, which ends the chain.
    let mut config = vec![0; 0x160];
    config[0x100..0x10c].copy_from_slice(b"\x01\0\x01\x14KEPTKEPT");
    config[0x140..0x14c].copy_from_slice(b"\x03\0\x01\x14SERIALNO");
    config[0x14c..0x154].copy_from_slice(b"KEPTKEPT");
    let anonymous = anonymise(&machine(&[("sys/d/config", &config)], &[]), None);
    config[0x144..0x14c].fill(0);
    assert_eq!(file(&anonymous, "/sys/d/config"), config);
}

#[test]
fn a_dasds_uid_keeps_all_but_its_serial_number() {
    let uid = b"IBM.750.e900.8a\n";
    let anonymous = anonymise(&machine(&[("sys/d/uid", uid)], &[]), None);
    let after = file(&anonymous, "/sys/d/uid");
    assert_eq!((&after[..4], &after[7..]), (&uid[..4], &uid[7..]));
    assert_ne!(&after[4..7], &uid[4..7]);
}

#[test]
fn vital_product_data_stay_in_form() {
    let before = vpd::parse(ADAPTER).unwrap();
    let anonymous = anonymise(&machine(&[("sys/devices/a/vpd", ADAPTER)], &[]), None);
    let after = vpd::parse(file(&anonymous, "/sys/devices/a/vpd")).unwrap();
    let (old, new) = (before.read_only.unwrap(), after.read_only.unwrap());
    assert_eq!(
        (before.name, &old.part_number, &old.change_level),
        (after.name, &new.part_number, &new.change_level)
    );
    assert_ne!(old.serial_number, new.serial_number);
    assert_eq!(old.vendor_fields.len(), new.vendor_fields.len());
    assert_ne!(
        before.read_write.unwrap().asset_tag,
        after.read_write.unwrap().asset_tag
    );
    // Malformed data, here with a wrong checksum, are left as they are.
    let mut bad = ADAPTER.to_vec();
    bad[5] ^= 1;
    let anonymous = anonymise(&machine(&[("sys/devices/a/vpd", &bad)], &[]), None);
    assert_eq!(file(&anonymous, "/sys/devices/a/vpd"), bad);
}

#[test]
fn binary_identifiers_are_replaced() {
    let page80 = b"\0\x80\0\x08  SER-12";
    // A designator in binary with the association of the unit, one in ASCII, a short one.
    let page83 = [
        &b"\0\x83\0\x30\x01\x03\0\x08\x50\0\xc5\0\xa1\xb2\xc3\xd4"[..],
        b"\x02\x01\0\x13ATA     Disk SER-12",
        b"\x01\x14\0\x04\0\0\0\x01",
    ]
    .concat();
    let mut page89 = vec![0; 572];
    page89[80..100].copy_from_slice(b"ES-R21              ");
    page89[276..284].copy_from_slice(b"\x50\0\xc5\0\xa1\xb2\xc3\xd4");
    let mut config = vec![0; 276];
    config[0x100..0x10c].copy_from_slice(b"\x03\0\x01\0SERIALNO");
    let anonymous = anonymise(
        &machine(
            &[
                ("sys/d/vpd_pg80", page80),
                ("sys/d/vpd_pg83", &page83),
                ("sys/d/vpd_pg89", &page89),
                ("sys/d/config", &config),
                ("sys/d/wwid", b"naa.5000c500a1b2c3d4\n"),
            ],
            &[],
        ),
        None,
    );
    let new80 = file(&anonymous, "/sys/d/vpd_pg80");
    assert_eq!(&new80[..6], &page80[..6]);
    let serial = &new80[6..];
    assert_ne!(serial, b"SER-12");
    let new83 = file(&anonymous, "/sys/d/vpd_pg83");
    assert_eq!(&new83[..8], &page83[..8]);
    assert_eq!(&new83[8..11], b"\x50\0\xc5", "the maker's number");
    assert_ne!(&new83[11..16], &page83[11..16]);
    assert_eq!(&new83[16..33], b"\x02\x01\0\x13ATA     Disk ");
    assert_eq!(&new83[33..39], serial);
    assert_eq!(&new83[39..], &page83[39..]);
    let id: String = new83[8..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        file(&anonymous, "/sys/d/wwid"),
        format!("naa.{id}\n").as_bytes()
    );
    let new89 = file(&anonymous, "/sys/d/vpd_pg89");
    let swapped: Vec<u8> = new89[80..86]
        .chunks(2)
        .flat_map(|pair| [pair[1], pair[0]])
        .collect();
    assert_eq!(swapped, serial);
    assert_eq!(new89[276..284], [0; 8]);
    let config = file(&anonymous, "/sys/d/config");
    assert_eq!(
        (&config[0x100..0x104], &config[0x104..0x10c]),
        (&b"\x03\0\x01\0"[..], &[0; 8][..])
    );
}
