// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Slots for cards as the firmware describes them (DMTF DSP0134, System Management BIOS, 6.1.3 and 7.10: type 9; kernel:
//! Documentation/ABI/testing/sysfs-firmware-dmi-entries).

use super::files::{Files, join};
use crate::error::Result;

/// The folder with a folder for each structure, `TYPE-NUMBER`. The structures are root's to read.
const ENTRIES: &[u8] = b"/sys/firmware/dmi/entries";

/// The type of structures that describe slots.
const SYSTEM_SLOT: u8 = 9;

/// A slot, from the firmware's point of view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// What is printed beside it.
    pub designation: Vec<u8>,
    /// The number that ACPI has for it.
    pub id: u16,
    /// The domain, bus, and device with function in one byte, of what is in it.
    pub place: (u16, u8, u8),
}

/// The slots that have an address; none where the firmware tells none, or this process may not read.
pub fn slots(files: &Files) -> Result<Vec<Slot>> {
    let mut names = files.entries(ENTRIES)?.unwrap_or_default();
    names.retain(|name| name.starts_with(b"9-"));
    names.sort_unstable();
    let mut slots = Vec::new();
    for name in names {
        let structure = files.read(&join(&join(ENTRIES, &name), b"raw"))?;
        slots.extend(structure.and_then(|structure| slot(&structure)));
    }
    Ok(slots)
}

/// Reads a structure: its length is in the second byte, and its texts follow it. `None` for a slot without an address,
/// as before SMBIOS 2.6, or one that is of another bus.
fn slot(structure: &[u8]) -> Option<Slot> {
    let length = usize::from(*structure.get(1)?);
    let (fields, texts) = structure.split_at_checked(length)?;
    let byte = |at: usize| fields.get(at).copied();
    let word = |at: usize| Some(u16::from_le_bytes([byte(at)?, byte(at + 1)?]));
    let place = (word(0x0d)?, byte(0x0f)?, byte(0x10)?);
    if fields.first() != Some(&SYSTEM_SLOT) || place == (u16::MAX, u8::MAX, u8::MAX) {
        return None;
    }
    let number = usize::from(byte(0x04)?).checked_sub(1)?;
    let designation = texts.split(|&b| b == 0).nth(number)?.trim_ascii();
    (!designation.is_empty()).then(|| Slot {
        designation: designation.to_vec(),
        id: word(0x09).unwrap_or_default(),
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Type, length, handle; text 1; kind, width, use, length; id 3; characteristics; domain, bus, device and function.
    const PLAIN: &[u8] =
        b"\x09\x11\x00\x00\x01\xa5\x0d\x04\x04\x03\x00\x04\x01\x00\x00\x41\x08PCIe Slot 3\0\0";

    #[test]
    fn a_slot_is_read() {
        let expected = Slot {
            designation: b"PCIe Slot 3".to_vec(),
            id: 3,
            place: (0, 0x41, 0x08),
        };
        assert_eq!(slot(PLAIN), Some(expected));
    }

    #[test]
    fn slots_without_an_address_or_a_name() {
        let with = |at: usize, bytes: &[u8]| {
            let mut structure = PLAIN.to_vec();
            structure[at..at + bytes.len()].copy_from_slice(bytes);
            slot(&structure)
        };
        assert_eq!(with(0x0d, &[0xff; 4]), None);
        assert_eq!(with(0x00, &[8]), None);
        assert_eq!(with(0x01, &[0x0d]), None);
        assert_eq!(with(0x01, &[0xff]), None);
        for text in [0, 2, 9] {
            assert_eq!(with(0x04, &[text]), None);
        }
        assert_eq!(with(0x11, b"           "), None);
        for length in 0..PLAIN.len() - 2 {
            let cut = slot(&PLAIN[..length]);
            assert!(cut.is_none_or(|cut| b"PCIe Slot 3".starts_with(&cut.designation)));
        }
    }
}
