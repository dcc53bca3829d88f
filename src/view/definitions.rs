// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The set of all definitions of mediated devices, and the devices that are only defined.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::registry::Registry;
use crate::caps::{Capability, ap_matrix};
use crate::device::scan::COMPUTER;
use crate::device::{Device, Origin};
use crate::error::Result;
use crate::host::files::{Files, basename, join};
use crate::host::mdevctl::files::{Definition, read_definitions};
use crate::name::{self, Name};

/// Definitions by the name of their node device.
#[derive(Debug, Default, PartialEq)]
pub struct Definitions(BTreeMap<Name, Arc<Definition>>);

impl Definitions {
    /// Reads mdevctl's files.
    pub fn read(files: &Files) -> Result<Definitions> {
        let definitions = read_definitions(files)?.into_iter();
        let named = definitions.map(|definition| (definition.name.clone(), Arc::new(definition)));
        Ok(Definitions(named.collect()))
    }

    /// All definitions, sorted by the name of their device.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.0.values()
    }

    /// The definition of a device; `None` if it has none or is not a mediated device.
    pub fn get(&self, device: &Device) -> Option<Arc<Definition>> {
        match device.kind {
            Capability::Mdev => self.0.get(&device.name).cloned(),
            _ => None,
        }
    }

    /// The definitions whose parent is this device.
    pub fn below(&self, parent: &Device) -> impl Iterator<Item = &Arc<Definition>> {
        let address = address_of(parent);
        self.iter()
            .filter(move |definition| Some(definition.parent_addr.as_bytes()) == address)
    }

    /// The definitions of devices that have no definition in the other set.
    pub fn without(&self, other: &Definitions) -> impl Iterator<Item = &Arc<Definition>> {
        self.iter()
            .filter(|definition| !other.0.contains_key(&definition.name))
    }

    /// The definitions of devices that have a different definition in an earlier set.
    pub fn changed_since(&self, earlier: &Definitions) -> impl Iterator<Item = &Arc<Definition>> {
        self.iter().filter(|definition| {
            earlier
                .0
                .get(&definition.name)
                .is_some_and(|before| before != *definition)
        })
    }
}

/// mdevctl's name for a parent of mediated devices, which is the name of its folder. `None` for a
/// device of a kind that cannot be such a parent.
pub fn address_of(device: &Device) -> Option<&[u8]> {
    match (device.kind, &device.origin) {
        (kind, Origin::Kernel(kernel)) if kind.can_have(Capability::MdevTypes) => {
            Some(basename(kernel.path()))
        }
        _ => None,
    }
}

/// The inactive device for a definition. Its parent is the device that the definition names, or
/// `computer` if that does not exist.
pub fn inactive(definition: Arc<Definition>, registry: &Registry) -> Device {
    let address = definition.parent_addr.as_bytes();
    let kinds = Capability::KINDS.iter();
    let parent = kinds
        .filter(|kind| kind.can_have(Capability::MdevTypes))
        .flat_map(|kind| kind.subsystems())
        .map(|subsystem| name::device_name(subsystem.name().as_bytes(), address, None))
        .chain([Name::from(ap_matrix::DEVICE_NAME)])
        .filter_map(|name| registry.by_name(&name))
        .find(|device| address_of(device) == Some(address));
    let above = parent.map_or(b"/sys/devices".as_slice(), |parent| parent.key());
    Device {
        name: definition.name.clone(),
        kind: Capability::Mdev,
        parent: Some(parent.map_or(Name::from(COMPUTER), |parent| parent.name.clone())),
        origin: Origin::Definition(join(above, definition.uuid.as_bytes()).to_vec().into()),
        definition: Some(definition),
    }
}
