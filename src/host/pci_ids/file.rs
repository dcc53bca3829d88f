// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The content of a `pci.ids` file, and where names are in it.
//!
//! It is a text that is kept by hand: a line `VVVV  Name` is a vendor, one with a tab and `DDDD  Name` a device of that
//! vendor, one with two tabs and `VVVV DDDD  Name` a subsystem of that device. The first line `C xx  Name` starts the device
//! classes, with their subclasses and programming interfaces below them in the same way. The head of the file describes the
//! format.
//!
//! A program that describes one device needs two of its 20,000 names, so only the lines of vendors are looked for at first,
//! and those of a vendor's devices when one of these is asked for.

use std::fmt;
use std::ops::Range;

use memchr::memchr_iter;
use once_cell::race::OnceBox;

use crate::text;

/// The longest name that is taken, in bytes.
const LONGEST: usize = 65_535;

/// The names of one file.
#[derive(Default)]
pub struct PciIds {
    text: Box<[u8]>,
    /// In the order of their ids, then of their lines.
    vendors: Vec<Vendor>,
    /// Where the first class is.
    classes_at: usize,
    /// By how many digits of the class code are named, and these: base class, subclass, programming interface.
    classes: OnceBox<Index<(u8, u32)>>,
}

/// A vendor's line.
struct Vendor {
    id: u16,
    at: u32,
    /// Of the devices in the lines that follow.
    devices: OnceBox<Index<u16>>,
}

/// Where the lines of some ids begin, in the order of these, then of the lines.
struct Index<K>(Box<[(K, u32)]>);

impl<K: Ord + Copy> Index<K> {
    fn of(mut lines: Vec<(K, u32)>) -> Index<K> {
        lines.sort_unstable();
        Index(lines.into())
    }

    /// Where the lines of an id begin: more than one if the file has it more than once.
    fn find(&self, id: K) -> impl Iterator<Item = usize> {
        let same = equal(&self.0, |(known, _)| known.cmp(&id));
        self.0[same].iter().map(|&(_, at)| at as usize)
    }
}

/// Where those elements are that are equal to what `order` compares them with.
fn equal<T>(sorted: &[T], order: impl Fn(&T) -> std::cmp::Ordering) -> Range<usize> {
    let start = sorted.partition_point(|element| order(element).is_lt());
    let count = sorted[start..].partition_point(|element| order(element).is_eq());
    start..start + count
}

impl PciIds {
    /// The names in the text of a file, which is shorter than 4 GiB; invalid lines are skipped.
    pub fn new(text: Vec<u8>) -> PciIds {
        let text = text.into_boxed_slice();
        let mut vendors = Vec::new();
        let mut classes_at = text.len();
        for at in line_starts(&text, 0) {
            match &text[at..] {
                [b'\t' | b'#' | b'\n', ..] | [] => {}
                [b'C', b' ', ..] => {
                    classes_at = at;
                    break;
                }
                line => vendors.extend(id(line).map(|id| Vendor {
                    id,
                    at: at as u32,
                    devices: OnceBox::new(),
                })),
            }
        }
        vendors.sort_unstable_by_key(|vendor| (vendor.id, vendor.at));
        PciIds {
            text,
            vendors,
            classes_at,
            classes: OnceBox::new(),
        }
    }

    /// The name of a vendor; `None` if it is not in the file. Of two the first counts.
    pub fn vendor(&self, vendor: u16) -> Option<String> {
        let first = self.vendors_with(vendor).first()?;
        self.name(4, first.at as usize)
    }

    /// The name of a vendor's device; `None` if it is not in the file. Of two the first counts.
    pub fn device(&self, vendor: u16, device: u16) -> Option<String> {
        let first = self.device_lines(vendor, device).next()?;
        self.name(4, first + 1)
    }

    /// The name of a subsystem of a device, each given by vendor and device id; `None` if it is not in the file. Of two the
    /// first counts.
    pub fn subsystem(&self, device: (u16, u16), subsystem: (u16, u16)) -> Option<String> {
        let name = |line: &[u8]| {
            let (vendor, rest) = numbered(line, 4)?;
            let (device, name) = numbered(rest, 4)?;
            ((vendor, device) == (subsystem.0.into(), subsystem.1.into())).then(|| printed(name))
        };
        let mut lines = self.device_lines(device.0, device.1);
        lines.find_map(|at| {
            let below = text::lines(&self.text[at..]).skip(1);
            let subsystems = below.map_while(|line| match line {
                [b'\t', b'\t', line @ ..] => Some(Some(line)),
                [b'#', ..] | [] => Some(None),
                _ => None,
            });
            subsystems.flatten().find_map(name)
        })?
    }

    /// The names of base class, subclass and programming interface of a class code of 24 bits. Of two the first counts.
    pub fn classes(&self, code: u32) -> [Option<String>; 3] {
        let index = self.classes.get_or_init(|| Box::new(self.index_classes()));
        [(1, code >> 16), (2, code >> 8), (3, code)]
            .map(|key| self.name(2, index.find(key).next()?))
    }

    fn vendors_with(&self, id: u16) -> &[Vendor] {
        &self.vendors[equal(&self.vendors, |vendor| vendor.id.cmp(&id))]
    }

    /// Where the lines of a device begin.
    fn device_lines(&self, vendor: u16, device: u16) -> impl Iterator<Item = usize> {
        let vendors = self.vendors_with(vendor).iter();
        vendors.flat_map(move |vendor| self.devices_of(vendor).find(device))
    }

    /// The devices of a vendor, in the lines below its own.
    fn devices_of<'a>(&self, vendor: &'a Vendor) -> &'a Index<u16> {
        vendor.devices.get_or_init(|| {
            let mut lines = Vec::new();
            for at in line_starts(&self.text, vendor.at as usize).skip(1) {
                match &self.text[at..] {
                    [b'\t', b'\t', ..] | [b'#' | b'\n', ..] => {}
                    [b'\t', line @ ..] => lines.extend(id(line).map(|id| (id, at as u32))),
                    _ => break,
                }
            }
            Box::new(Index::of(lines))
        })
    }

    fn index_classes(&self) -> Index<(u8, u32)> {
        let mut lines = Vec::new();
        // The base class and the subclass that the line is below; `None` for those of an invalid line.
        let (mut class, mut subclass) = (None, None);
        for at in line_starts(&self.text, self.classes_at) {
            let mut add = |level: u8, above: u32, at: usize| {
                let (id, _) = numbered(line_at(&self.text, at), 2)?;
                let code = above << 8 | id;
                lines.push(((level, code), at as u32));
                Some(code)
            };
            match &self.text[at..] {
                [b'#' | b'\n', ..] | [] => {}
                [b'\t', b'\t', ..] => {
                    subclass.and_then(|above| add(3, above, at + 2));
                }
                [b'\t', ..] => subclass = class.and_then(|above| add(2, above, at + 1)),
                [b'C', b' ', ..] => (class, subclass) = (add(1, 0, at + 2), None),
                // Another list begins, whose entries have the same form.
                _ => (class, subclass) = (None, None),
            }
        }
        Index::of(lines)
    }

    /// The name after a number of so many digits.
    fn name(&self, digits: usize, at: usize) -> Option<String> {
        let (_, name) = numbered(line_at(&self.text, at), digits)?;
        printed(name)
    }
}

impl fmt::Debug for PciIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PciIds")
            .field("vendors", &self.vendors.len())
            .finish_non_exhaustive()
    }
}

/// Where the lines of a text begin, from a line on.
fn line_starts(text: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let ends = memchr_iter(b'\n', &text[from..]);
    std::iter::once(from).chain(ends.map(move |end| from + end + 1))
}

/// The text up to the end of the line.
fn line_at(text: &[u8], at: usize) -> &[u8] {
    text::lines(&text[at..]).next().unwrap_or_default()
}

/// Reads the four hexadecimal digits, with white space after them, that a line begins with. The text may go on after the line.
fn id(text: &[u8]) -> Option<u16> {
    let (start, _) = text.split_at_checked(5)?;
    let (id, _) = numbered(start, 4)?;
    (start[4] != b'\n').then_some(id as u16)
}

/// Reads so many hexadecimal digits, white space and a name. Editing by hand may have left a tab or a `\r`.
fn numbered(line: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = line.split_at_checked(digits)?;
    let mut id = 0;
    for &digit in digits {
        id = id << 4 | char::from(digit).to_digit(16)?;
    }
    let name = rest.trim_ascii_start();
    (name.len() < rest.len()).then_some((id, name.strip_suffix(b"\r").unwrap_or(name)))
}

/// A name as it is printed; `None` for one that is empty or too long.
fn printed(name: &[u8]) -> Option<String> {
    let is_short = name.len() <= LONGEST;
    let name = is_short.then(|| text::clean(name));
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
