// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The mediated device that a document asks for, checked before any text of it becomes part of a
//! path or an argument.

use std::ffi::CString;
use std::sync::Arc;

use crate::caps::Facts;
use crate::connection::Connection;
use crate::device::Device;
use crate::document::DeviceDocument;
use crate::error::{Code, Error, Result};
use crate::host::files::{Joined, join};
use crate::name::{self, Name};
use crate::view::definitions::address_of;

use crate::manage::refusal::unsupported;

/// The longest name of a file (Linux: NAME_MAX).
const NAME_MAX: usize = 255;

/// A mediated device as a document describes it.
#[derive(Debug)]
pub struct Wanted {
    /// Its UUID in lower case with hyphens; `None` if the document has none.
    pub uuid: Option<String>,
    /// The id of its type, which is valid as the name of a file.
    pub type_id: String,
    /// Its attributes, in order. The names are relative paths that lead to files below the device.
    pub attributes: Vec<(String, String)>,
    /// mdevctl's name for the parent, which is valid as the name of a file.
    pub address: String,
    parent: Arc<Device>,
}

impl Wanted {
    /// Finds the parent and checks the document. Codes and texts are libvirt's (67, or 32 for a
    /// parent of the wrong kind), except those for names that no device can have: libvirt passes
    /// such names to mdevctl.
    pub fn read(conn: &Connection, document: &DeviceDocument) -> Result<Wanted> {
        let description = &document.description;
        let Facts::Mdev(mdev) = &*description.facts else {
            return Err(unsupported("Unsupported device type"));
        };
        let (parent, address) = parent(conn, description.parent.as_deref())?;
        let wrong = |what: &str, value: &str| {
            let (value, name) = (value.escape_debug(), &description.name);
            unsupported(format!("invalid {what} '{value}' for '{name}'"))
        };
        if !is_file_name(&mdev.type_id) {
            return Err(wrong("type id", &mdev.type_id));
        }
        for (name, _) in &mdev.attributes {
            if !name.split('/').all(is_file_name) {
                return Err(wrong("attribute name", name));
            }
        }
        Ok(Wanted {
            uuid: Some(mdev.uuid.clone()).filter(|uuid| !uuid.is_empty()),
            type_id: mdev.type_id.clone(),
            attributes: mdev.attributes.clone(),
            address,
            parent,
        })
    }

    /// The name of the node device with this UUID.
    pub fn name(&self, uuid: &str) -> Name {
        name::device_name(b"mdev", uuid.as_bytes(), Some(self.address.as_bytes()))
    }

    /// The parent's folder in sysfs.
    pub fn parent_path(&self) -> &[u8] {
        self.parent.key()
    }

    /// The folder in sysfs of the device with this UUID.
    pub fn path_of(&self, uuid: &str) -> Joined {
        join(self.parent_path(), uuid.as_bytes())
    }
}

/// The parent with this name, and mdevctl's name for it.
fn parent(conn: &Connection, name: Option<&str>) -> Result<(Arc<Device>, String)> {
    let Some(name) = name else {
        return Err(unsupported("missing parent device"));
    };
    let device = CString::new(name)
        .ok()
        .and_then(|name| conn.device(&name).ok());
    let Some(device) = device else {
        return Err(unsupported(format!("invalid parent device '{name}'")));
    };
    let address = address_of(&device).and_then(|address| String::from_utf8(address.into()).ok());
    match address.filter(|address| is_file_name(address)) {
        Some(address) => Ok((device, address)),
        None => Err(Error::new(
            Code::ParseFailed,
            format!("Unable to find address for parent device '{name}'"),
        )),
    }
}

/// Whether a text is valid as the name of a file in a folder, and does not look like an option.
fn is_file_name(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.len() <= NAME_MAX
        && !text.starts_with('-')
        && !text.contains(|c: char| c == '/' || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_told_from_what_leads_elsewhere() {
        for good in [
            "mtty-2",
            "i915-GVTg_V5_4",
            "0000:01:00.0",
            "a b",
            "...",
            "é",
        ] {
            assert!(is_file_name(good), "{good:?}");
        }
        assert!(is_file_name(&"x".repeat(NAME_MAX)));
        let long = "x".repeat(NAME_MAX + 1);
        for bad in [
            "", ".", "..", "../x", "a/b", "/", "-t", "--help", "a\0b", "a\nb", "\u{7f}", &long,
        ] {
            assert!(!is_file_name(bad), "{bad:?}");
        }
    }
}
