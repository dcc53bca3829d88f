// SPDX-License-Identifier: LGPL-2.1-or-later
//! The test driver: devices that exist on paper only, in the `<device>` elements of a `<node>`.
//!
//! The format is that of libvirt's own test driver (libvirt's manual, "Test driver");
//! everything else that such a file holds (domains, networks, …) is passed over.

pub mod ports;

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::caps::Capability;
use crate::description::Description;
use crate::device::{Device, Origin, WrittenDevice};
use crate::document::{Purpose, parse_device};
use crate::error::{Code, Domain, Error, Result};
use crate::name::Name;
use crate::xml::element::Element;
use crate::xml::reader;

/// The devices of `test:///default`: those of libvirt 12.8.0.
const DEFAULT: &[u8] = include_bytes!("testdriver.xml");
const DEFAULT_NAME: &str = "test:///default";

/// The largest file that is read, in bytes.
const SIZE_LIMIT: u64 = 10 * 1024 * 1024;

/// The name of the host itself, which devices may name as their parent without its being listed.
const COMPUTER: &str = "computer";

/// A device with the place where it is written.
struct Entry {
    description: Description,
    kind: Capability,
    /// `file:line`, for messages.
    place: String,
    is_persistent: bool,
}

/// The devices of `test:///default`.
pub fn default_devices() -> Result<Vec<Device>> {
    let node = reader::parse(DEFAULT, Some(DEFAULT_NAME))?;
    devices(entries(&node, DEFAULT_NAME, Path::new("/"))?)
}

/// The devices of a test driver file, whose `<node>` holds `<device>` elements or, as
/// `<device file='…'/>`, the names of files that hold one. Errors name file and line:
/// code 38 for a file that cannot be read, 35 for malformed XML, 27 for a root element
/// other than `<node>`, a name that is taken or a parent that is not there, and those
/// of [`parse_device`].
pub fn devices_of_file(path: &Path) -> Result<Vec<Device>> {
    let node = read(path)?;
    let folder = path.parent().unwrap_or(path);
    devices(entries(&node, &path.to_string_lossy(), folder)?)
}

/// Reads a file as XML.
fn read(path: &Path) -> Result<Element> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut text))
        .and_then(|_| match text.len() as u64 {
            0..=SIZE_LIMIT => Ok(()),
            _ => Err(io::Error::from_raw_os_error(libc::EFBIG)),
        })
        .map_err(|e| {
            let what = format!("cannot read {}", path.display());
            Error::io(what, &e).in_domain(Domain::None)
        })?;
    reader::parse(&text, Some(&path.to_string_lossy()))
}

fn misplaced(place: &str, what: &str) -> Error {
    Error::new(Code::XmlError, format!("{place}: {what}")).in_domain(Domain::Xml)
}

/// The same error with the place that it is about.
fn placed(error: &Error, place: &str) -> Error {
    let detail = match error.detail() {
        Some(detail) => format!("{place}: {detail}"),
        // "missing name information in …"
        None => place.to_string(),
    };
    Error::new(error.code(), detail).in_domain(error.domain())
}

/// Every device of a `<node>` element of the file `file`; `folder` is where other files are looked for.
fn entries(node: &Element, file: &str, folder: &Path) -> Result<Vec<Entry>> {
    if node.name != "node" {
        let what = format!("expecting root element of 'node', not '{}'", node.name);
        return Err(misplaced(&format!("{file}:{}", node.line), &what));
    }
    node.children_named("device")
        .map(|device| match device.attribute("file") {
            None => entry(device, file),
            Some(other) => {
                let path = folder.join(other);
                entry(&read(&path)?, &path.to_string_lossy())
            }
        })
        .collect()
}

fn entry(device: &Element, file: &str) -> Result<Entry> {
    let place = format!("{file}:{}", device.line);
    match parse_device(device, Purpose::Describe) {
        Ok(document) => Ok(Entry {
            kind: document.description.facts.kind(),
            description: document.description,
            place,
            is_persistent: true,
        }),
        Err(error) => Err(placed(&error, &place)),
    }
}

/// The devices, in order and with keys that keep it.
fn devices(entries: Vec<Entry>) -> Result<Vec<Device>> {
    let order = order(&entries)?;
    let mut entries: Vec<Option<Entry>> = entries.into_iter().map(Some).collect();
    let in_order = order.into_iter().filter_map(|index| entries[index].take());
    Ok(in_order.enumerate().map(device).collect())
}

fn device((rank, entry): (usize, Entry)) -> Device {
    let name = |text: &str| -> Name { CString::new(text).unwrap_or_default().into() };
    Device {
        name: name(&entry.description.name),
        kind: entry.kind,
        parent: entry.description.parent.as_deref().map(name),
        origin: Origin::Document(Box::new(WrittenDevice {
            description: entry.description,
            key: (rank as u64).to_be_bytes().into(),
            is_persistent: entry.is_persistent,
        })),
        definition: None,
    }
}

/// The order of the devices: each before its children, siblings by path or else by name.
fn order(entries: &[Entry]) -> Result<Vec<usize>> {
    let mut by_name = HashMap::new();
    let mut host = None;
    for (
        index,
        Entry {
            description,
            kind,
            place,
            ..
        },
    ) in entries.iter().enumerate()
    {
        if by_name.insert(description.name.as_str(), index).is_some() {
            let what = format!("a second device is called '{}'", description.name);
            return Err(misplaced(place, &what));
        }
        if *kind == Capability::System && host.replace(index).is_some() {
            return Err(misplaced(
                place,
                "a second device has the capability 'system'",
            ));
        }
    }
    let mut roots = Vec::new();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); entries.len()];
    for (
        index,
        Entry {
            description, place, ..
        },
    ) in entries.iter().enumerate()
    {
        let parent = description.parent.as_deref();
        match parent.and_then(|parent| by_name.get(parent)) {
            Some(parent) => children[*parent].push(index),
            None if parent.is_none_or(|parent| parent == COMPUTER) => roots.push(index),
            None => {
                let what = format!(
                    "there is no device '{}', which is the parent of '{}'",
                    parent.unwrap_or_default(),
                    description.name
                );
                return Err(misplaced(place, &what));
            }
        }
    }
    let sort = |siblings: &mut [usize]| {
        siblings.sort_unstable_by_key(|index| {
            let description = &entries[*index].description;
            // From last to first: they are taken from the end.
            std::cmp::Reverse(description.path.as_ref().unwrap_or(&description.name))
        });
    };
    sort(&mut roots);
    let mut order = Vec::with_capacity(entries.len());
    while let Some(index) = roots.pop() {
        order.push(index);
        sort(&mut children[index]);
        roots.append(&mut children[index]);
    }
    match children.iter().position(|children| !children.is_empty()) {
        None => Ok(order),
        Some(index) => {
            let Entry {
                description, place, ..
            } = &entries[index];
            let what = format!("the parents of '{}' go round in a circle", description.name);
            Err(misplaced(place, &what))
        }
    }
}

#[cfg(test)]
mod tests;
