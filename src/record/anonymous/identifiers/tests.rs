// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What counts as an identifier, at the limits of each form.

use super::*;

const ADAPTER: &[u8] = include_bytes!("../../../../tests/data/vpd/adapter.vpd");

fn replaced(secrets: &Secrets, word: &str) -> String {
    String::from_utf8(secrets.replace(word.as_bytes())).unwrap()
}

/// Whether `word` is replaced once the numbers in `text` are known.
fn is_number_of(text: &str, word: &str) -> bool {
    let mut secrets = Secrets::default();
    add_numbers(text.as_bytes(), &mut secrets);
    replaced(&secrets, word) != word
}

#[test]
fn hardware_addresses_have_six_eight_or_twenty_bytes() {
    let bytes = |count: u8| -> String {
        let bytes: Vec<_> = (0..count).map(|at| format!("{:02x}", 0x52 + at)).collect();
        bytes.join(":")
    };
    for count in 1..=24 {
        let address = bytes(count);
        let is_address = [6, 8, 20].contains(&count);
        assert_eq!(is_number_of(&address, &address), is_address, "{address}");
    }
    for no_address in [
        "52:54:0:12:ab:34",
        "52:54:000:12:ab:34",
        "52:54:00:12:ab:3x",
        "ff:ff:ff:ff:ff:ff",
        "52-54-00-12-ab-34",
    ] {
        assert!(!is_number_of(no_address, no_address), "{no_address}");
    }
    assert!(is_number_of("a 52:54:00:12:ab:34\n", "52-54-00-12-ab-34"));
    assert!(is_number_of("enx52540012ab34", "52:54:00:12:ab:34"));
    for no_interface in ["enx52540012ab3", "enx52540012ab345", "eth52540012ab34"] {
        assert!(
            !is_number_of(no_interface, "52540012ab34"),
            "{no_interface}"
        );
    }
}

#[test]
fn uuids_stand_alone_or_after_a_hyphen() {
    let uuid = "0a1b2c3d-1111-4222-8333-44445555666a";
    for text in [
        uuid.to_string(),
        format!("DM_UUID={uuid}\n"),
        format!("dm-uuid-{uuid}-part1"),
    ] {
        assert!(is_number_of(&text, uuid), "{text}");
    }
    for no_uuid in [
        "0a1b2c3d-1111-4222-8333-44445555666",
        "0a1b2c3d-1111-4222-8333-44445555666x",
        "0a1b2c3d-1111-42222-833-44445555666a",
        "0a1b2c3d_1111_4222_8333_44445555666a",
    ] {
        assert!(!is_number_of(no_uuid, no_uuid), "{no_uuid}");
    }
}

#[test]
fn long_numbers_keep_their_makers_digits() {
    for (number, kept) in [
        ("5000c500a1b2c3d4", 7),
        ("0x5000c500a1b2c3d4", 9),
        ("2100001b32a9da4e", 10),
        ("1000001b32a9da4e", 10),
        ("6000c290a1b2c3d46000c290a1b2c3d4", 7),
    ] {
        let mut secrets = Secrets::default();
        add_numbers(number.as_bytes(), &mut secrets);
        let made = replaced(&secrets, number);
        assert_ne!(made, number);
        assert_eq!(made[..kept], number[..kept]);
        // The digits after those are equal by chance once in 4096 times.
        let is_other = |_| {
            let mut secrets = Secrets::default();
            add_numbers(number.as_bytes(), &mut secrets);
            replaced(&secrets, number)[kept..kept + 1] != number[kept..kept + 1]
        };
        assert!((0..40).any(is_other), "{number}");
    }
    // Of another length, nothing tells a maker.
    assert!((0..40).any(|_| {
        let mut secrets = Secrets::default();
        add_numbers(b"5000c500a1b2c3d4ffff", &mut secrets);
        !replaced(&secrets, "5000c500a1b2c3d4ffff").starts_with('5')
    }));
    for (text, word, is_number) in [
        ("5000c500a1b2c3d", "5000c500a1b2c3d", false),
        ("0000000000b2c3d4", "0000000000b2c3d4", false),
        // With the digit of scsi_id, and with a digit that is not.
        ("35000c500a1b2c3d4", "5000c500a1b2c3d4", true),
        ("25000c500a1b2c3d4", "5000c500a1b2c3d4", true),
        ("45000c500a1b2c3d4", "5000c500a1b2c3d4", false),
        ("45000c500a1b2c3d4", "45000c500a1b2c3d4", true),
    ] {
        assert_eq!(is_number_of(text, word), is_number, "{text}");
    }
}

#[test]
fn only_what_cannot_be_a_common_word_is_a_serial_number() {
    let names = HashSet::from([&b"sda1234"[..]]);
    for (text, expected) in [
        ("SER-12", true),
        ("ser012", true),
        ("SER-1", false),
        ("ABCDEFGH", true),
        ("ABCDEFG", false),
        ("ABCDEFGh", false),
        ("abcdefgh", false),
        ("000000", false),
        ("AAAAAAAA", false),
        ("sda1234", false),
        ("sda12345", true),
    ] {
        assert_eq!(is_serial(text.as_bytes(), &names), expected, "{text}");
    }
}

#[test]
fn serial_numbers_are_known_from_the_files_that_have_them() {
    let udev = b"S:disk/by-id/x\nE:ID_SERIAL_SHORT=SER12345\nE:ID_SCSI_SERIAL=SCSI6789\n";
    for (path, content, serial, is_added) in [
        (
            "etc/machine-id",
            &b"0123456789abcdef\n"[..],
            "0123456789abcdef",
            true,
        ),
        ("sys/d/serial", b" SER-1234 \n", "SER-1234", true),
        ("sys/d/product_serial", b"SER-1234\n", "SER-1234", true),
        ("sys/d/model", b"SER-1234\n", "SER-1234", false),
        (
            "sys/d/uid",
            b"IBM.75000000092461.e900.8a\n",
            "75000000092461",
            true,
        ),
        (
            "sys/d/uid",
            b"IBM.75000000092461\n",
            "75000000092461",
            false,
        ),
        ("sys/d/vpd", ADAPTER, "MT2113X00000", true),
        ("sys/d/vpd", ADAPTER, "MBF2H332A-AEEOT", false),
        ("run/udev/data/b8:0", udev, "SER12345", true),
        ("run/udev/data/b8:0", udev, "SCSI6789", true),
        ("run/udev/data/c8:0", udev, "SER12345", false),
    ] {
        let mut secrets = Secrets::default();
        let path: Vec<&[u8]> = path.split('/').map(str::as_bytes).collect();
        add_serials(&path, content, &HashSet::new(), &mut secrets);
        let other_text = format!("a {serial}, b");
        assert_eq!(
            replaced(&secrets, &other_text) != other_text,
            is_added,
            "{serial}"
        );
    }
}

#[test]
fn udev_writes_a_serial_number_with_blanks_in_another_way() {
    let mut secrets = Secrets::default();
    add_serials(
        &[b"d", b"serial"],
        b"AB 12  CD\n",
        &HashSet::new(),
        &mut secrets,
    );
    let made = replaced(&secrets, "AB 12  CD");
    assert_ne!(made, "AB 12  CD");
    assert_eq!(
        replaced(&secrets, "ata-Disk_AB_12_CD"),
        format!("ata-Disk_{}", made.replace("  ", " ").replace(' ', "_"))
    );
}

#[test]
fn udev_has_serial_numbers_in_three_properties() {
    for (entry, expected) in [
        (
            "E:ID_SERIAL=Maker_Disk_S1\nE:ID_SERIAL_SHORT=S1\n",
            &["S1"][..],
        ),
        (
            "E:ID_SERIAL=Maker_Disk_S1\nE:ID_SERIAL_SHORT=S2\n",
            &["S2", "S1"],
        ),
        ("E:ID_SERIAL=S1\n", &["S1"]),
        ("E:ID_SERIAL=Maker_S1\nE:ID_SCSI_SERIAL=S3\n", &["S3", "S1"]),
        ("E:ID_SERIAL=\nE:ID_SERIAL_SHORT=\nE:ID_MODEL=M\n", &[]),
    ] {
        let found: Vec<_> = udev_serials(entry.as_bytes())
            .into_iter()
            .map(String::from_utf8_lossy)
            .collect();
        assert_eq!(found, expected, "{entry}");
    }
}

#[test]
fn iscsi_targets_lose_portal_and_name() {
    // What changes is in braces.
    for link in [
        "disk/by-path/ip-{10.9.8.7:3260}-iscsi-iqn.{2003-01.org.example:disk}-lun-1",
        "disk/by-path/ip-{10.9.8.7:3260}-iscsi-eui.{02004567A425678D}",
        "disk/by-path/ip-{10.9.8.7:3260}-iscsi-iqn.",
        "disk/by-path/ip--iscsi-iqn.{2003-01.org.example:disk}-lun-1",
        "disk/by-path/ip-10.9.8.7:3260-iscsi-iqn",
        "disk/by-path/ip-10.9.8.7:3260-fc-1",
        "disk/by-path/x-iscsi-iqn.ip-10.9.8.7",
        "disk/by-path/pci-0000:00:1f.2-ata-1",
    ] {
        let plain = link.replace(['{', '}'], "");
        let made =
            String::from_utf8(without_labels(plain.as_bytes(), &mut Secrets::default())).unwrap();
        let mut rest = &made[..];
        for (number, part) in link.split(['{', '}']).enumerate() {
            let (made, after) = rest.split_at(part.len());
            let is_replaced = number % 2 == 1;
            assert_eq!(made != part, is_replaced, "{part} of {link}");
            rest = after;
        }
        assert_eq!(rest, "");
    }
}
