// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The inventory of a host: facts about its devices that descriptions do not have, and for which programs go to sysfs
//! themselves. docs/inventory.md lists them.
//!
//! A part of the inventory is one file. Most facts are a row of a table there; what is more than one attribute has a
//! function.

mod block;
mod drm;
mod facts;
mod net;
mod others;
mod pci;
mod scsi;
mod sriov;
mod survey;
mod usb;
mod vgpu;

use crate::caps::Capability;
use crate::device::{Device, Origin};
use crate::error::{Code, Error, Result};
use crate::host::found::Found;
use crate::host::node::Node;
pub use facts::Object;
pub use pci::{Ids, ids};
pub use survey::Survey;

/// A part of the inventory.
#[derive(Debug)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// The kinds of device that it is about.
    kinds: &'static [Capability],
    /// Reads it for one device of these kinds; `None` if it does not apply to the device.
    read: fn(&Survey<'_>, &Node<'_>) -> Found<Object>,
}

/// All parts.
pub static PARTS: [Part; 10] = [
    Part {
        name: "pci",
        kinds: &[Capability::Pci],
        read: pci::read,
    },
    Part {
        name: "sriov",
        kinds: &[Capability::Pci],
        read: sriov::read,
    },
    Part {
        name: "vgpu",
        kinds: &[
            Capability::Pci,
            Capability::Css,
            Capability::ApMatrix,
            Capability::MdevTypes,
            Capability::Mdev,
        ],
        read: vgpu::read,
    },
    Part {
        name: "net",
        kinds: &[Capability::Net],
        read: net::read,
    },
    Part {
        name: "block",
        kinds: &[Capability::Storage],
        read: block::read,
    },
    Part {
        name: "usb",
        kinds: &[Capability::UsbDevice],
        read: usb::read,
    },
    Part {
        name: "scsi",
        kinds: &[Capability::ScsiDevice],
        read: scsi::read,
    },
    Part {
        name: "fc",
        kinds: &[Capability::ScsiHost],
        read: scsi::read_fc,
    },
    Part {
        name: "drm",
        kinds: &[Capability::Drm],
        read: drm::read,
    },
    Part {
        name: "others",
        kinds: &[Capability::System],
        read: others::read,
    },
];

/// The parts that a list of their names with commas between them chooses; all for an empty one. Code 8 for a name that
/// no part has.
pub fn parts_named(names: &str) -> Result<Vec<&'static Part>> {
    if names.is_empty() {
        return Ok(PARTS.iter().collect());
    }
    for name in names.split(',') {
        if PARTS.iter().all(|part| part.name != name) {
            let known: Vec<_> = PARTS.iter().map(|part| part.name).collect();
            return Err(Error::new(
                Code::InvalidArg,
                format!(
                    "the inventory has no part '{name}', only {}",
                    known.join(", ")
                ),
            ));
        }
    }
    let is_chosen = |part: &&Part| names.split(',').any(|name| name == part.name);
    Ok(PARTS.iter().filter(is_chosen).collect())
}

/// The inventory of one device: an object for each part that applies to it. Code 53 if the device has gone.
pub fn inventory_of(
    device: &Device,
    parts: &[&'static Part],
    survey: &Survey<'_>,
) -> Result<Object> {
    let mut inventory = Object::new();
    // What only a document or a definition tells of has no files.
    let Origin::Kernel(kernel) = &device.origin else {
        return Ok(inventory);
    };
    let node = kernel.node(survey.host);
    for part in parts {
        if part.kinds.contains(&device.kind) {
            facts::set(&mut inventory, part.name, (part.read)(survey, &node)?);
        }
    }
    device.unless_gone(&node, Some(inventory))
}
