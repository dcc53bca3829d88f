// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What devices are: one file for each kind of device, with its data, its reader and its XML, and
//! in this file the list of them.
//!
//! *Facts* stay the same until the kernel sends a uevent for the device; they are read once. *State*
//! changes without one (links, state of NICs, SR-IOV functions, …) and is read at every call.

// What kinds share.
pub mod channel;
pub mod config_space;
pub mod identity;
pub mod input;
pub mod kind;
mod list;
pub mod pci_address;
pub mod pci_express;
pub mod storage_ids;
pub mod vgpu_types;
pub mod vpd;

// The kinds.
pub mod ap_card;
pub mod ap_matrix;
pub mod ap_queue;
pub mod ccw;
pub mod ccw_group;
pub mod css;
pub mod drm;
pub mod mdev;
pub mod mdev_types;
pub mod net;
pub mod pci;
pub mod scsi_device;
pub mod scsi_generic;
pub mod scsi_host;
pub mod scsi_target;
pub mod storage;
pub mod system;
pub mod usb_device;
pub mod usb_interface;
pub mod vdpa;

use std::sync::Arc;

use once_cell::race::OnceBox;

use crate::error::{Error, Result};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::xml::schema::{Pattern, capability};
use crate::xml::writer::Writer;
use input::{Input, Purpose, attribute, invalid_attribute};
use kind::{Kind, Mark, Nested, SlowFacts, Subsystem, Verdict};

// Each with the number of its bit in libvirt's list flags, in the order in which libvirt's schema has them.
list::list! {
    kinds {
        0 System: system::System,
        1 Pci: pci::Pci,
        2 UsbDevice: usb_device::UsbDevice,
        3 UsbInterface: usb_interface::UsbInterface,
        4 Net: net::Net,
        11 ScsiGeneric: scsi_generic::ScsiGeneric,
        5 ScsiHost: scsi_host::ScsiHost,
        6 ScsiTarget: scsi_target::ScsiTarget,
        7 ScsiDevice: scsi_device::ScsiDevice,
        8 Storage: storage::Storage,
        12 Drm: drm::Drm,
        14 Mdev: mdev::Mdev,
        13 MdevTypes: mdev_types::MdevTypes,
        15 Ccw: ccw::Ccw,
        22 CcwGroup: ccw_group::CcwGroup,
        16 Css: css::Css,
        17 Vdpa: vdpa::Vdpa,
        18 ApCard: ap_card::ApCard,
        19 ApQueue: ap_queue::ApQueue,
        20 ApMatrix: ap_matrix::ApMatrix,
    }
    nested {
        9 FcHost: "fc_host",
        10 Vports: "vports",
        21 Vpd: "vpd",
        23 CcwGroupMember: "ccwgroup_member",
    }
}

/// What is the same for all devices of a kind.
struct About {
    subsystems: &'static [Subsystem],
    marks: &'static [Mark],
    is_creatable: bool,
    /// The list flags of what can be nested in it.
    nested_flags: u32,
}

impl About {
    /// A capability that is only nested in others.
    const NO_KIND: About = About {
        subsystems: &[],
        marks: &[],
        is_creatable: false,
        nested_flags: 0,
    };

    const fn of<K: Kind>() -> About {
        let mut nested_flags = 0;
        let mut index = 0;
        while index < K::NESTED.len() {
            nested_flags |= K::NESTED[index].capability().flag();
            index += 1;
        }
        About {
            subsystems: K::SUBSYSTEMS,
            marks: K::MARKS,
            is_creatable: K::IS_CREATABLE,
            nested_flags,
        }
    }
}

impl<K: Kind> Nested<K> {
    /// The capability of that name in the list.
    const fn capability(&self) -> Capability {
        match Capability::from_name(self.name) {
            Some(capability) => capability,
            // The flags of each kind are a constant, so a wrong name fails the build.
            None => panic!("the list of kinds has no capability of this name"),
        }
    }
}

impl Capability {
    /// The capability with this name in lists; `None` if there is none.
    pub const fn from_name(name: &str) -> Option<Capability> {
        let mut index = 0;
        while index < Capability::ALL.len() {
            let capability = Capability::ALL[index];
            if is_same(capability.name(), name) {
                return Some(capability);
            }
            index += 1;
        }
        None
    }

    /// The list flags of all capabilities.
    pub const ALL_FLAGS: u32 = {
        let mut flags = 0;
        let mut index = 0;
        while index < Capability::ALL.len() {
            flags |= Capability::ALL[index].flag();
            index += 1;
        }
        flags
    };

    /// Its list flag, `VIR_CONNECT_LIST_NODE_DEVICES_CAP_*`.
    pub const fn flag(self) -> u32 {
        1 << self as u32
    }

    /// Whether devices of this kind are or can have that capability.
    pub fn can_have(self, wanted: Capability) -> bool {
        (self.flag() | self.nested_flags()) & wanted.flag() != 0
    }

    /// The buses and classes in which the kernel lists devices of this kind.
    pub fn subsystems(self) -> &'static [Subsystem] {
        self.about().subsystems
    }

    /// The list flags of the capabilities that devices of this kind can have nested in their own.
    pub fn nested_flags(self) -> u32 {
        self.about().nested_flags
    }
}

/// What the schema allows of the `<capability>` of this kind.
const fn schema_of<K: Kind>() -> Pattern {
    match K::SCHEMA {
        Some(content) => capability(const { &[K::NAME] }, content),
        // Nothing is of this pattern.
        None => Pattern::Choice(&[]),
    }
}

/// `==` for strings, which constants cannot use.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

/// The buses and classes in which devices of any kind are found, each once.
pub fn subsystems() -> Vec<&'static Subsystem> {
    let kinds = Capability::KINDS.iter();
    let mut found = Vec::new();
    for subsystem in kinds.flat_map(|kind| kind.subsystems()) {
        if let Err(place) = found.binary_search(&subsystem) {
            found.insert(place, subsystem);
        }
    }
    found
}

/// The bus or class of that name, if devices of any kind are found there.
pub fn subsystem_named(name: &[u8]) -> Option<&'static Subsystem> {
    let kinds = Capability::KINDS.iter();
    let mut all = kinds.flat_map(|kind| kind.subsystems());
    all.find(|known| known.name().as_bytes() == name)
}

/// The kind of a kernel device, which is told by the kinds' marks; `None` for a device that libvirt does not list.
/// Kinds of the device's own subsystem are tried first, then the others in the order of the list.
pub fn classify(node: &Node<'_>) -> Option<Capability> {
    let devtype = node.devtype();
    let is_own = |about: &About| {
        let mut names = about.subsystems.iter().map(|known| known.name());
        names.any(|name| name.as_bytes() == node.subsystem)
    };
    let is_marked = |about: &About| {
        about.marks.iter().any(|mark| match (mark, devtype) {
            (Mark::DeviceType(name), Some(devtype)) => name.as_bytes() == devtype,
            (Mark::Subsystem, None) => is_own(about),
            (Mark::Variable(name), None) => node.variable(name.as_bytes()).is_some(),
            _ => false,
        })
    };
    let first = |is_it: &dyn Fn(&About) -> bool| {
        let mut kinds = Capability::KINDS.iter().copied();
        kinds.find(|kind| is_it(kind.about()))
    };
    first(&|about| is_own(about) && is_marked(about)).or_else(|| first(&is_marked))
}

/// What was read of a device, kept until its next uevent.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    facts: OnceBox<Arc<Facts>>,
    slow: SlowFacts,
}

impl Cache {
    /// The facts, read at the first call and kept if they are final; see [`Kind::read`] for `None` and errors.
    pub fn facts(&self, kind: Capability, node: &Node<'_>) -> Found<Arc<Facts>> {
        if let Some(facts) = self.facts.get() {
            return Ok(Some(facts.clone()));
        }
        let facts = Facts::read(kind, node)?.map(Arc::new);
        if let Some(facts) = facts.as_ref().filter(|facts| facts.is_final()) {
            // Another thread may have stored the facts first: they are as good.
            let _ = self.facts.set(Box::new(facts.clone()));
        }
        Ok(facts)
    }
}

impl Facts {
    /// Writes the `<capability>` element. A state of another kind counts as not read.
    pub fn write(&self, state: &State, w: &mut Writer) {
        w.capability(self.kind().name(), &[], |w| self.write_content(state, w));
    }

    /// Reads a device's `<capability>` element. Code 27 if its type is missing or unknown, code 1 if the type is
    /// only nested in others or cannot be made; see [`Kind::parse`] for other errors.
    pub fn parse(input: Input<'_>) -> Result<(Facts, State)> {
        let name = attribute(input.element, "type")?;
        match Capability::from_name(name) {
            None => Err(invalid_attribute(input.element, "type")),
            Some(kind) if input.purpose == Purpose::Describe || kind.about().is_creatable => {
                Facts::parse_content(kind, input)
            }
            Some(kind) => Err(unknown(kind, input)),
        }
    }
}

/// The error for a capability that the document must not hold; as in libvirt, it is named by its number.
fn unknown(kind: Capability, input: Input<'_>) -> Error {
    input.wrong(format!("unknown capability type '{}'", kind as u32))
}

#[cfg(test)]
mod tests;
