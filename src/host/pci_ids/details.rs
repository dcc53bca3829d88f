// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Names of PCI subsystems and device classes, in the part of `pci.ids` that descriptions of devices do not need.
//! They are read when they are first asked for.

use once_cell::sync::OnceCell;

use super::table::Table;
use super::{entry, load_system, load_usual, numbered};
use crate::error::Result;
use crate::host::files::Files;
use crate::process::without_fork;
use crate::text;

/// The names of subsystems and classes in one `pci.ids` file.
#[derive(Default)]
pub struct Details {
    /// By vendor, device, and the vendor and device of the subsystem, 16 bits each.
    subsystems: Table<u64>,
    /// By how many digits of the class code are named, and these: base class, subclass, programming interface.
    classes: Table<(u8, u32)>,
}

impl Details {
    /// Indexes the text of a file; invalid lines are skipped.
    pub fn parse(text: &[u8]) -> Details {
        let mut details = Details::default();
        let mut lines = text::lines(text);
        details.parse_subsystems(&mut lines);
        details.subsystems.finish();
        details.classes.finish();
        details
    }

    /// Reads up to the first class, and that with all that follow.
    fn parse_subsystems<'a>(&mut self, lines: &mut impl Iterator<Item = &'a [u8]>) {
        let (mut vendor, mut device) = (None, None);
        while let Some(line) = lines.next() {
            match line {
                [b'#', ..] | [] => {}
                [b'\t', b'\t', line @ ..] => {
                    if let (Some(device), Some((id, name))) = (device, subsystem(line)) {
                        self.subsystems.add(device << 32 | id, name);
                    }
                }
                [b'\t', line @ ..] => {
                    let id = entry(line).map(|(id, _)| u64::from(id));
                    device = vendor.zip(id).map(|(vendor, id)| vendor << 16 | id);
                }
                [b'C', b' ', first @ ..] => return self.parse_classes(first, lines),
                _ => {
                    vendor = entry(line).map(|(id, _)| u64::from(id));
                    device = None;
                }
            }
        }
    }

    fn parse_classes<'a>(&mut self, first: &'a [u8], lines: impl Iterator<Item = &'a [u8]>) {
        let mut code = self.add_class(1, 0, first);
        let mut subclass = None;
        for line in lines {
            match line {
                [b'#', ..] | [] => {}
                [b'\t', b'\t', line @ ..] => {
                    subclass.and_then(|above| self.add_class(3, above, line));
                }
                [b'\t', line @ ..] => {
                    subclass = code.and_then(|above| self.add_class(2, above, line));
                }
                [b'C', b' ', line @ ..] => {
                    code = self.add_class(1, 0, line);
                    subclass = None;
                }
                // Another list begins, whose entries have the same form.
                _ => (code, subclass) = (None, None),
            }
        }
    }

    /// Adds a line of classes, and returns its code.
    fn add_class(&mut self, level: u8, above: u32, line: &[u8]) -> Option<u32> {
        let (id, name) = numbered(line, 2)?;
        let code = above << 8 | id;
        self.classes.add((level, code), name);
        Some(code)
    }

    /// The name of a subsystem of a device, each given by vendor and device id; `None` if it is not in the file.
    pub fn subsystem(&self, device: (u16, u16), subsystem: (u16, u16)) -> Option<String> {
        let ids = [device.0, device.1, subsystem.0, subsystem.1];
        let key = ids.iter().fold(0, |key, id| key << 16 | u64::from(*id));
        self.subsystems.find(key)
    }

    /// The names of base class, subclass and programming interface of a class code of 24 bits.
    pub fn classes(&self, code: u32) -> [Option<String>; 3] {
        [(1, code >> 16), (2, code >> 8), (3, code)].map(|key| self.classes.find(key))
    }

    /// The running system's names, which are read once in each process.
    pub fn system() -> Result<&'static Details> {
        static DETAILS: OnceCell<Details> = OnceCell::new();
        let load = || Ok(load_system(Details::parse)?.unwrap_or_default());
        match DETAILS.get() {
            Some(details) => Ok(details),
            None => without_fork(|| DETAILS.get_or_try_init(load)),
        }
    }

    /// The names in the recorded tree with these files; `None` if it has no such file.
    pub fn recorded(files: &Files) -> Result<Option<Details>> {
        load_usual(files, Details::parse)
    }
}

/// Reads two ids and a name: `103c 1234  Name`.
fn subsystem(line: &[u8]) -> Option<(u64, &[u8])> {
    let (vendor, rest) = entry(line)?;
    let (device, name) = entry(rest)?;
    Some((u64::from(vendor) << 16 | u64::from(device), name))
}

impl std::fmt::Debug for Details {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Details")
            .field("subsystems", &self.subsystems.len())
            .field("classes", &self.classes.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] = b"0001  First\n\
        \t\t0001 0002  below no device\n\
        \t0002  Two\n\
        \t\t0003 0004  Board \xff\n\
        \t\t0003  short\n\
        \t\t0003 0005  Other\r\n\
        0002  Second\n\
        \t\t0003 0006  below no device\n\
        C 02  Network controller\n\
        \t00  Ethernet controller\n\
        \t\t01  made up\n\
        \t80  Network controller\n\
        C 03  Display controller\n\
        \t\t00  below no subclass\n\
        \t00  VGA compatible controller\n\
        \t\t00  VGA controller\n\
        HUT 01  another list\n\
        \t02  not a class\n";

    #[test]
    fn subsystems_and_classes() {
        let details = Details::parse(SAMPLE);
        let text = |name: &str| Some(name.to_string());
        assert_eq!(details.subsystem((1, 2), (3, 4)), text("Board \u{fffd}"));
        assert_eq!(details.subsystem((1, 2), (3, 5)), text("Other"));
        assert_eq!(details.subsystem((2, 0), (3, 6)), None);
        assert_eq!(details.subsystems.len(), 2);
        let ethernet = [text("Network controller"), text("Ethernet controller")];
        let [base, subclass, interface] = details.classes(0x02_0000);
        assert_eq!([base, subclass], ethernet);
        assert_eq!(interface, None);
        assert_eq!(details.classes(0x02_0001)[2], text("made up"));
        assert_eq!(details.classes(0x03_0000)[2], text("VGA controller"));
        assert_eq!(details.classes(0x03_0200)[0], text("Display controller"));
        assert_eq!(details.classes(0x04_0000), [None, None, None]);
        assert_eq!(details.classes.len(), 7);
    }

    /// Names read off with `grep` from the file that gave libvirt 12.8.0 its names.
    #[test]
    fn the_real_file() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pci.ids.gz");
        let details = super::super::load(&Files::live(), path.as_bytes(), Details::parse);
        let details = details.unwrap().unwrap();
        let text = |name: &str| Some(name.to_string());
        assert_eq!(
            details.classes(0x01_0802),
            [
                text("Mass storage controller"),
                text("Non-Volatile memory controller"),
                text("NVM Express")
            ]
        );
        assert_eq!(
            details.subsystem((0x8086, 0x1237), (0x1af4, 0x1100)),
            text("Qemu virtual machine")
        );
    }
}
