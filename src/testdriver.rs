// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The test driver: devices that only exist in a document, as `<device>` elements of a `<node>`.
//!
//! The format is that of libvirt's own test driver (libvirt's manual, "Test driver"). Everything else in such a file
//! (domains, networks, …) is ignored.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::description::Description;
use crate::device::{Device, Origin, WrittenDevice};
use crate::document::{Purpose, parse_device};
use crate::error::{Code, Domain, Error, Result};
use crate::machine::written::Written;
use crate::name::Name;
use crate::xml::element::Element;
use crate::xml::reader;

/// The devices of `test:///default`: those of libvirt 12.8.0.
const DEFAULT: &[u8] = include_bytes!("testdriver.xml");
const DEFAULT_NAME: &str = "test:///default";

/// The largest size of a file, and of all files together that one file names, in bytes.
const SIZE_LIMIT: u64 = 10 * 1024 * 1024;

/// A device of the test driver.
#[derive(Debug)]
pub struct TestDevice {
    /// Its description.
    pub description: Description,
    /// Whether it is defined, and was not created later.
    pub is_persistent: bool,
}

/// What a connection to the test driver has.
#[derive(Debug)]
pub struct TestNode {
    /// Its devices.
    pub devices: Vec<Device>,
    /// Its machine.
    pub machine: Written,
    /// Who may open it; nobody where everybody may.
    pub users: Vec<User>,
}

/// Somebody who may open a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their name.
    pub name: String,
    /// What they have to know, if anything.
    pub password: Option<String>,
}

/// The node of `test:///default`.
pub fn default_node() -> Result<TestNode> {
    let node = reader::parse(DEFAULT, Some(DEFAULT_NAME))?;
    let written = read_devices(node, DEFAULT_NAME, Path::new("/"))?;
    Ok(TestNode {
        devices: devices(written),
        machine: Written::default_machine(),
        users: Vec::new(),
    })
}

/// That of a test driver file, whose `<node>` holds `<device>` elements or, as
/// `<device file='…'/>`, the names of files that hold one. Errors name file and line:
/// code 38 for a file that cannot be read, 35 for malformed XML, 27 for a root element
/// other than `<node>`, files that are too large together and a user without a name, and those of [`parse_device`] and
/// [`Written::of_file`].
/// A parent need not be in the file, and parents may go round in a circle.
pub fn node_of_file(path: &Path) -> Result<TestNode> {
    let (node, _) = read(path)?;
    let folder = path.parent().unwrap_or(path);
    let machine = Written::of_file(&node)?;
    let users = read_users(&node)?;
    let written = read_devices(node, &path.to_string_lossy(), folder)?;
    Ok(TestNode {
        devices: devices(written),
        machine,
        users,
    })
}

/// The users in the `<auth>` of a file.
fn read_users(node: &Element) -> Result<Vec<User>> {
    let lists = node.children_named("auth");
    let users = lists.flat_map(|list| list.children_named("user"));
    users
        .map(|user| match user.text.is_empty() {
            false => Ok(User {
                name: user.text.clone(),
                password: user.attribute("password").map(str::to_string),
            }),
            true => Err(
                Error::new(Code::XmlError, "missing username in /node/auth/user field")
                    .in_domain(Domain::Test),
            ),
        })
        .collect()
}

/// Reads a file as XML; its root element and its size.
fn read(path: &Path) -> Result<(Element, u64)> {
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
    let root = reader::parse(&text, Some(&path.to_string_lossy()))?;
    Ok((root, text.len() as u64))
}

fn misplaced(place: &str, what: &str) -> Error {
    Error::new(Code::XmlError, format!("{place}: {what}")).in_domain(Domain::Xml)
}

/// The same error with file and line before its detail.
fn placed(error: &Error, place: &str) -> Error {
    let detail = match error.detail() {
        Some(detail) => format!("{place}: {detail}"),
        // "missing name information in …"
        None => place.to_string(),
    };
    Error::new(error.code(), detail).in_domain(error.domain())
}

/// All devices of a `<node>` element of the file `file`; `folder` is where other files are looked for. Each element is
/// dropped after its device was read, to save memory.
fn read_devices(node: Element, file: &str, folder: &Path) -> Result<Vec<TestDevice>> {
    if node.name != "node" {
        let what = format!("expecting root element of 'node', not '{}'", node.name);
        return Err(misplaced(&format!("{file}:{}", node.line), &what));
    }
    let mut left = SIZE_LIMIT;
    let children = node.children.into_iter();
    children
        .filter(|child| child.name == "device")
        .map(|device| match device.attribute("file") {
            None => read_device(&device, file),
            Some(other) => {
                let path = folder.join(other);
                let (root, size) = read(&path)?;
                left = left.checked_sub(size).ok_or_else(|| {
                    let what = format!(
                        "the files up to '{other}' have more than {SIZE_LIMIT} bytes together"
                    );
                    misplaced(&format!("{file}:{}", device.line), &what)
                })?;
                read_device(&root, &path.to_string_lossy())
            }
        })
        .collect()
}

fn read_device(device: &Element, file: &str) -> Result<TestDevice> {
    let place = format!("{file}:{}", device.line);
    match parse_device(device, Purpose::Describe) {
        Ok(document) => Ok(TestDevice {
            description: document.description,
            is_persistent: true,
        }),
        Err(error) => Err(placed(&error, &place)),
    }
}

/// The devices in order, each with a key for that order. Of two with the same name, the later one is kept.
pub fn devices(written: Vec<TestDevice>) -> Vec<Device> {
    let order = order(&written);
    let mut written: Vec<Option<TestDevice>> = written.into_iter().map(Some).collect();
    let in_order = order.into_iter().filter_map(|index| written[index].take());
    in_order.enumerate().map(device).collect()
}

fn device((rank, written): (usize, TestDevice)) -> Device {
    let name = |text: &str| -> Name { CString::new(text).unwrap_or_default().into() };
    Device {
        name: name(&written.description.name),
        kind: written.description.facts.kind(),
        parent: written.description.parent.as_deref().map(name),
        origin: Origin::Document(Box::new(WrittenDevice {
            description: written.description,
            key: (rank as u64).to_be_bytes().into(),
            is_persistent: written.is_persistent,
        })),
        definition: None,
    }
}

/// The order of the devices, as indexes: each before its children, siblings by path or, without one, by name. Devices
/// whose parent is not in the file come first, those whose parents form a circle last.
fn order(written: &[TestDevice]) -> Vec<usize> {
    let mut children = children(written);
    for siblings in children.values_mut() {
        // In reverse order, because they are taken from the end.
        siblings.sort_unstable_by_key(|index| {
            let description = &written[*index].description;
            let place = description.path.as_ref().unwrap_or(&description.name);
            Reverse((place, *index))
        });
    }
    let mut order = Vec::with_capacity(written.len());
    let mut waiting = children.remove(&None).unwrap_or_default();
    loop {
        while let Some(index) = waiting.pop() {
            order.push(index);
            waiting.extend(children.remove(&Some(index)).unwrap_or_default());
        }
        // Devices that were not reached are in a circle of parents, or below one.
        match children.pop_first() {
            Some((_, siblings)) => waiting = siblings,
            None => return order,
        }
    }
}

/// The children of each device, as indexes; for `None`, the devices whose parent is not in the file.
fn children(written: &[TestDevice]) -> BTreeMap<Option<usize>, Vec<usize>> {
    let names = written
        .iter()
        .map(|device| device.description.name.as_str());
    let by_name: HashMap<&str, usize> = names.zip(0..).collect();
    let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (index, device) in written.iter().enumerate() {
        let Description { name, parent, .. } = &device.description;
        // Another device with this name comes later.
        if by_name.get(name.as_str()) != Some(&index) {
            continue;
        }
        let above = parent.as_deref().and_then(|parent| by_name.get(parent));
        children.entry(above.copied()).or_default().push(index);
    }
    children
}

#[cfg(test)]
mod tests;
