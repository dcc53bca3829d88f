// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A `pci.ids` file: what is looked up in it is what a reader of all its lines, one after the other, has found.

use std::collections::BTreeMap;

use virnodedev::host::pci_ids::file::PciIds;

/// The first line with each id: its name, as the file has it.
#[derive(Default)]
struct Lines {
    vendors: BTreeMap<u16, Vec<u8>>,
    devices: BTreeMap<(u16, u16), Vec<u8>>,
    subsystems: BTreeMap<[u16; 4], Vec<u8>>,
}

/// An id of four digits, and what follows after white space.
fn numbered(line: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = line.split_at_checked(4)?;
    let is_id = digits.iter().all(u8::is_ascii_hexdigit);
    let id = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    let id = id.filter(|_| is_id && rest.first().is_some_and(u8::is_ascii_whitespace))?;
    let name = rest.trim_ascii_start();
    Some((id, name.strip_suffix(b"\r").unwrap_or(name)))
}

fn read(text: &[u8]) -> Lines {
    let mut lines = Lines::default();
    let (mut vendor, mut device) = (None, None);
    for line in text.split(|&b| b == b'\n') {
        match line {
            [] | [b'#', ..] => {}
            [b'C', b' ', ..] => break,
            [b'\t', b'\t', line @ ..] => {
                let Some(((vendor, device), (of_vendor, rest))) = vendor.zip(device).zip(numbered(line)) else {
                    continue;
                };
                if let Some((of_device, name)) = numbered(rest) {
                    let key = [vendor, device, of_vendor, of_device];
                    lines.subsystems.entry(key).or_insert(name.to_vec());
                }
            }
            [b'\t', line @ ..] => {
                device = None;
                if let (Some(vendor), Some((id, name))) = (vendor, numbered(line)) {
                    device = Some(id);
                    lines.devices.entry((vendor, id)).or_insert(name.to_vec());
                }
            }
            line => {
                (vendor, device) = (None, None);
                if let Some((id, name)) = numbered(line) {
                    vendor = Some(id);
                    lines.vendors.entry(id).or_insert(name.to_vec());
                }
            }
        }
    }
    lines
}

pub fn run(bytes: &[u8]) {
    let (ids, lines) = (PciIds::new(bytes.to_vec()), read(bytes));
    let printed = |name: Option<&Vec<u8>>| {
        let name = name.filter(|name| name.len() <= 65_535);
        name.map(|name| virnodedev::text::clean(name)).filter(|name| !name.is_empty())
    };
    let vendors = lines.vendors.keys().copied();
    let devices = lines.devices.keys().map(|&(_, device)| device);
    let known: Vec<u16> = vendors.chain(devices).chain([0, 1, 0xffff]).take(64).collect();
    for &one in &known {
        assert_eq!(ids.vendor(one), printed(lines.vendors.get(&one)));
        for &other in &known {
            let found = ids.device(one, other);
            assert_eq!(found, printed(lines.devices.get(&(one, other))));
        }
    }
    for (&[vendor, device, of_vendor, of_device], name) in &lines.subsystems {
        let found = ids.subsystem((vendor, device), (of_vendor, of_device));
        assert_eq!(found, printed(Some(name)));
        assert_eq!(ids.subsystem((vendor, device), (of_vendor, !of_device)).is_some(),
            printed(lines.subsystems.get(&[vendor, device, of_vendor, !of_device])).is_some());
    }
    for name in [0, 0x02_0000, 0x03_0001, 0xff_ffff].map(|code| ids.classes(code)).concat().iter().flatten() {
        assert!(!name.is_empty());
    }
}
