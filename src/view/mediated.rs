// SPDX-License-Identifier: LGPL-2.1-or-later
//! Follows what mdevctl keeps of mediated devices.

use std::ffi::CStr;
use std::sync::Arc;

use super::View;
use super::definitions::{self, Definitions};
use super::events::Change;
use super::registry::Registry;
use crate::caps::Capability;
use crate::device::Device;
use crate::device::scan::find;
use crate::host::Host;
use crate::host::mdevctl::files::Definition;
use crate::name::Name;

impl View {
    /// Whether libvirt asks mdevctl again when such a device comes or changes.
    pub(super) fn concerns_mdevctl(&self, host: &Host, name: &CStr) -> bool {
        let device = self.by_name(name);
        self.transient().next().is_some()
            && device.is_some_and(|device| {
                matches!(device.kind, Capability::Mdev | Capability::MdevTypes)
                    || device.has_nested(Capability::MdevTypes.flag(), host)
            })
    }

    /// The mediated devices that run without a definition.
    pub(super) fn transient(&self) -> impl Iterator<Item = &Arc<Device>> {
        let mediated = self.registry.iter().flat_map(Registry::mediated);
        mediated.filter(|device| device.definition.is_none())
    }

    /// Whenever it has asked mdevctl, libvirt tells of every transient device as if it had changed.
    pub(super) fn tell_of_transient(&mut self) {
        let names: Vec<_> = self.transient().map(|device| device.name.clone()).collect();
        for name in names {
            self.events.push(&name, Change::Updated);
        }
    }

    /// A definition belongs to its device and its parent: where that comes or goes, the old one is
    /// undefined and a new one defined.
    pub(super) fn follow_parent(&mut self, parent: &Device) {
        let Some(registry) = &mut self.registry else {
            return;
        };
        for definition in self.definitions.below(parent) {
            let name = &definition.name;
            let is_active = |device: &Arc<Device>| device.is_active();
            if registry.by_name(name).is_some_and(is_active) {
                continue;
            }
            registry.insert(definitions::inactive(definition.clone(), registry));
            self.events.push(name, Change::Undefined);
            self.events.push(name, Change::Defined);
        }
    }

    /// Reads the definitions of mediated devices again and takes in what is new.
    pub(super) fn read_definitions(&mut self, host: &Host) {
        let Some(registry) = &mut self.registry else {
            return;
        };
        let now = Definitions::read(&host.files);
        for definition in self.definitions.without(&now) {
            let name = &definition.name;
            redefine(registry, host, name, None);
            self.events.push(name, Change::Undefined);
        }
        for definition in now.without(&self.definitions) {
            redefine(registry, host, &definition.name, Some(definition));
            self.events.push(&definition.name, Change::Defined);
        }
        for definition in now.changed_since(&self.definitions) {
            redefine(registry, host, &definition.name, Some(definition));
            self.events.push(&definition.name, Change::Updated);
        }
        self.definitions = now;
        self.tell_of_transient();
    }
}

/// Gives the device of that name another definition, or takes it away.
fn redefine(
    registry: &mut Registry,
    host: &Host,
    name: &Name,
    definition: Option<&Arc<Definition>>,
) {
    let old = registry.remove_name(name);
    let path = old
        .as_ref()
        .filter(|old| old.is_active())
        .map(|old| old.key());
    let active = path.and_then(|path| find(host, path, |above| registry.name_at(above)));
    match (active, definition) {
        (Some(mut device), _) => {
            device.definition = definition.cloned();
            registry.insert(device);
        }
        (None, Some(definition)) => {
            registry.insert(definitions::inactive(definition.clone(), registry));
        }
        (None, None) => {}
    }
}
