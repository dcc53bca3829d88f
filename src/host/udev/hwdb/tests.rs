// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
use std::collections::BTreeMap;
use std::io::{Seek, Write};

use super::*;

/// A value of a database: pattern, key, value, priority of the file and line.
type Entry = (&'static str, &'static str, &'static str, u16, u32);

/// Writes databases, one byte of a pattern a node but for what `prefix` puts into the root.
struct Writer {
    value_size: u64,
    bytes: Vec<u8>,
}

impl Writer {
    fn text(&mut self, text: &str) -> u64 {
        let at = self.bytes.len() as u64;
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
        at
    }

    /// Writes the node of the entries whose patterns have these beginnings, and returns its place.
    fn node(&mut self, prefix: &str, entries: &[(&str, Entry)]) -> u64 {
        let mut children: BTreeMap<u8, Vec<(&str, Entry)>> = BTreeMap::new();
        let mut values = Vec::new();
        for (rest, entry) in entries {
            let rest = rest.strip_prefix(prefix).unwrap();
            match rest.as_bytes().first() {
                Some(first) => children
                    .entry(*first)
                    .or_default()
                    .push((&rest[1..], *entry)),
                None => values.push(*entry),
            }
        }
        let children: Vec<_> = children
            .iter()
            .map(|(byte, entries)| (*byte, self.node("", entries)))
            .collect();
        let values: Vec<_> = values
            .iter()
            .map(|(_, key, value, priority, line)| {
                let places = [self.text(&format!(" {key}")), self.text(value)];
                (places, u64::from(*priority) << 32 | u64::from(*line))
            })
            .collect();
        let text_at = if prefix.is_empty() {
            0
        } else {
            self.text(prefix)
        };
        let at = self.bytes.len() as u64;
        let numbers = [text_at, children.len() as u64, values.len() as u64];
        self.bytes.extend(numbers.map(u64::to_le_bytes).concat());
        for (byte, place) in children {
            let numbers = [u64::from(byte), place];
            self.bytes.extend(numbers.map(u64::to_le_bytes).concat());
        }
        for (places, last) in values {
            let numbers = [places[0], places[1], 0, last]
                .map(u64::to_le_bytes)
                .concat();
            self.bytes.extend(&numbers[..self.value_size as usize]);
        }
        at
    }
}

fn database(value_size: u64, prefix: &str, entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer {
        value_size,
        bytes: vec![0; HEADER],
    };
    let entries: Vec<_> = entries.iter().map(|entry| (entry.0, *entry)).collect();
    let root = writer.node(prefix, &entries);
    let mut bytes = writer.bytes;
    let size = bytes.len() as u64;
    let numbers = [252, size, 80, 24, 16, value_size, root, size, 0];
    bytes[..8].copy_from_slice(SIGNATURE);
    bytes[8..HEADER].copy_from_slice(&numbers.map(u64::to_le_bytes).concat());
    bytes
}

fn open(bytes: &[u8]) -> io::Result<Hwdb> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    Hwdb::of(file)
}

fn query(hwdb: &Hwdb, modalias: &str, key: &str) -> Option<String> {
    let value = hwdb.query(modalias, key).unwrap();
    value.map(|value| String::from_utf8(value).unwrap())
}

const ENTRIES: [Entry; 7] = [
    ("pci:v1*", "VENDOR", "one", 1, 10),
    ("pci:v1d2*", "MODEL", "two", 1, 20),
    ("pci:v1d3", "MODEL", "three", 1, 30),
    ("pci:v1d?*", "MODEL", "any", 1, 5),
    ("pci:v*bc02*", "CLASS", "network", 1, 40),
    ("pci:v[1-3]d9", "MODEL", "nine", 1, 50),
    ("pci:v1d2*", "MODEL", "of the user", 2, 1),
];

#[test]
fn patterns_are_found() {
    for prefix in ["", "pci:v"] {
        let hwdb = open(&database(32, prefix, &ENTRIES)).unwrap();
        let text = |text: &str| Some(text.to_string());
        assert_eq!(query(&hwdb, "pci:v1", "VENDOR"), text("one"));
        assert_eq!(query(&hwdb, "pci:v1d7", "VENDOR"), text("one"));
        assert_eq!(query(&hwdb, "pci:v1d3", "MODEL"), text("three"));
        assert_eq!(query(&hwdb, "pci:v1d3x", "MODEL"), text("any"));
        assert_eq!(query(&hwdb, "pci:v2d9", "MODEL"), text("nine"));
        assert_eq!(query(&hwdb, "pci:v4d9", "MODEL"), None);
        assert_eq!(query(&hwdb, "pci:v7d7bc02sc00", "CLASS"), text("network"));
        assert_eq!(query(&hwdb, "pci:v7d7bc03sc00", "CLASS"), None);
        // The file with the higher priority counts.
        assert_eq!(query(&hwdb, "pci:v1d2", "MODEL"), text("of the user"));
        for (modalias, key) in [
            ("", "VENDOR"),
            ("pci:v", "VENDOR"),
            ("pci:v1", ""),
            ("usb:v1", "VENDOR"),
        ] {
            assert_eq!(query(&hwdb, modalias, key), None, "{modalias}");
        }
    }
}

#[test]
fn without_priorities_what_is_exact_counts() {
    let hwdb = open(&database(16, "", &ENTRIES[..4])).unwrap();
    assert_eq!(query(&hwdb, "pci:v1d3", "MODEL").as_deref(), Some("three"));
    assert_eq!(query(&hwdb, "pci:v1d2", "MODEL").as_deref(), Some("two"));
    assert_eq!(query(&hwdb, "pci:v1d4", "MODEL").as_deref(), Some("any"));
}

#[test]
fn what_is_no_database_is_refused() {
    let good = database(32, "", &ENTRIES);
    for bytes in [&b""[..], &good[..79], &good[..good.len() - 1], &[0; 100]] {
        let error = open(bytes).unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::INVAL));
    }
}

#[test]
fn a_spoilt_database_has_an_end() {
    let good = database(32, "pci:v", &ENTRIES);
    for at in 0..good.len() {
        for value in [0, 1, good[at] ^ 0x80, good[at] ^ 0x10, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = value;
            let Ok(hwdb) = open(&bytes) else { continue };
            if let Err(e) = hwdb.query("pci:v1d2", "MODEL") {
                assert_eq!(
                    Errno::from_io_error(&e),
                    Some(Errno::INVAL),
                    "{at}: {value}"
                );
            }
        }
    }
    // A node that is its own child.
    let mut bytes = good.clone();
    let root = u64_at(&bytes, 56) as usize;
    bytes[root..root + 8].fill(0);
    bytes[root + 24..root + 32].copy_from_slice(&u64::from(b'*').to_le_bytes());
    bytes[root + 32..root + 40].copy_from_slice(&(root as u64).to_le_bytes());
    let hwdb = open(&bytes).unwrap();
    assert!(hwdb.query("pci:v1d2", "MODEL").is_err());
}

/// Some PCI vendors and devices of a `pci.ids` file, and other kinds with wild cards within their patterns.
#[cfg(feature = "libudev")]
#[test]
fn the_systems_database_says_what_libudev_says() {
    use crate::host::udev::libudev;
    let (own, other) = match (Hwdb::open(), libudev::Hwdb::open()) {
        (Ok(own), Ok(other)) => (own, other),
        (Err(_), Err(_)) => {
            eprintln!("skipped: no hardware database here");
            return;
        }
        (own, other) => panic!("{own:?}, libudev: {}", other.is_ok()),
    };
    let mut found = 0;
    let mut compare = |modalias: &str, key: &str| {
        let value = own.query(modalias, key).unwrap();
        assert_eq!(
            value,
            other.query(modalias, key).unwrap(),
            "{modalias} {key}"
        );
        found += usize::from(value.is_some());
    };
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pci.ids.gz");
    let mut text = Vec::new();
    let packed = std::fs::read(path).unwrap();
    io::Read::read_to_end(
        &mut crate::host::gzip::Unpacker::new(&packed).unwrap(),
        &mut text,
    )
    .unwrap();
    let mut vendor = 0;
    for (index, line) in text.split(|&b| b == b'\n').enumerate() {
        let (is_device, digits) = match line {
            [b'C', b' ', ..] => break,
            [b'\t', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        let digits = digits
            .get(..4)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let Some(id) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            continue;
        };
        if !is_device {
            vendor = id;
            if vendor % 5 == 0 {
                compare(&format!("pci:v{vendor:08X}"), "ID_VENDOR_FROM_DATABASE");
            }
        } else if index % 200 == 0 {
            compare(
                &format!("pci:v{vendor:08X}d{id:08X}"),
                "ID_MODEL_FROM_DATABASE",
            );
            let class = index % 20;
            let whole =
                format!("pci:v{vendor:08X}d{id:08X}sv00001AF4sd00001100bc{class:02X}sc00i00");
            compare(&whole, "ID_PCI_CLASS_FROM_DATABASE");
            compare(&whole, "ID_AUTOSUSPEND");
        }
    }
    for (modalias, key) in [
        ("usb:v1D6Bp0001", "ID_MODEL_FROM_DATABASE"),
        ("OUI:0000C9D00000", "ID_OUI_FROM_DATABASE"),
        ("mouse:usb:v046dpc52b:name:Logitech M705:", "MOUSE_DPI"),
        (
            "evdev:atkbd:dmi:bvnX:bvrY:svnDell Inc.:pnLatitude 7390:pvr:",
            "KEYBOARD_KEY_88",
        ),
        (
            "sensor:modalias:acpi:KIOX000A*:dmi:bvnx:svnAcer:pnOne 10:",
            "ACCEL_MOUNT_MATRIX",
        ),
        ("touchpad:i8042:x", "ID_INPUT_TOUCHPAD_INTEGRATION"),
    ] {
        compare(modalias, key);
    }
    assert!(found > 300, "{found}");
}
