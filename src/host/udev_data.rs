// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The entries of devices in udev's database, `/run/udev/data`.
//!
//! An entry is a text with one fact on each line: `E:KEY=VALUE` is a property, `S:PATH` a link below `/dev`. The format
//! is udev's own, and stable since udev 170; libudev reads the same lines.

use super::files::{Files, join};
use crate::error::Result;
use crate::text;

/// The folder of udev's database.
pub const FOLDER: &[u8] = b"/run/udev/data";

/// What almost every entry takes at most, in bytes.
const MOST_TAKE: usize = 2048;

/// The entry of one device; empty if udev has none.
#[derive(Debug, Default)]
pub struct UdevData(Vec<u8>);

impl UdevData {
    /// Reads the entry with this key (`b8:0`, `n2`, `+pci:0000:00:01.0`).
    pub fn read(files: &Files, key: &[u8]) -> Result<UdevData> {
        // Freed pieces of this size become free memory again; glibc keeps some of each smaller size.
        let mut entry = Vec::with_capacity(MOST_TAKE);
        files.read_to(&mut entry, &join(FOLDER, key))?;
        Ok(UdevData(entry))
    }

    /// Whether udevd has an entry for the device. Without one, what libvirt takes from it is derived from sysfs.
    pub fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    fn lines(&self, kind: u8) -> impl Iterator<Item = &[u8]> {
        text::lines(&self.0).filter_map(move |line| match line {
            [first, b':', rest @ ..] if *first == kind => Some(rest),
            _ => None,
        })
    }

    /// The value of a property; `None` if it is missing or, as in libudev, empty.
    pub fn property(&self, key: &[u8]) -> Option<&[u8]> {
        self.lines(b'E').find_map(|line| value_of(line, key))
    }

    /// The links to the device node, as absolute paths in byte order.
    pub fn links(&self) -> Vec<Vec<u8>> {
        let mut links = Vec::new();
        for link in self.lines(b'S') {
            let link = join(b"/dev", link).to_vec();
            if let Err(place) = links.binary_search(&link) {
                links.insert(place, link);
            }
        }
        links
    }
}

/// The value in a line `KEY=VALUE`; `None` if the line has another key or no value.
pub fn value_of<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let (name, rest) = line.split_at_checked(key.len())?;
    // Most keys have another length, so this comes before the comparison of keys.
    let value = rest.strip_prefix(b"=")?;
    (name == key && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_and_links() {
        let data =
            UdevData(b"S:disk/b\nS:disk/a\nI:1\nE:ID=x=y\nE:IDX=z\nE:NONE=\nG:systemd\n".to_vec());
        assert_eq!(data.property(b"NONE"), None);
        assert_eq!(data.property(b"ID"), Some(&b"x=y"[..]));
        assert_eq!(data.property(b"IDX"), Some(&b"z"[..]));
        assert_eq!(data.property(b"I"), None);
        assert_eq!(
            data.links(),
            [b"/dev/disk/a".to_vec(), b"/dev/disk/b".to_vec()]
        );
    }

    #[test]
    fn nonsense_is_no_entry() {
        let data = UdevData(b"\0\xff:\nE:\nS\n:x\nE:NOVALUE\n".to_vec());
        assert_eq!(data.property(b"NOVALUE"), None);
        assert_eq!(data.property(b""), None);
        assert!(data.links().is_empty());
    }
}
