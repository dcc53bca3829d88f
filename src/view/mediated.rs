// SPDX-License-Identifier: LGPL-2.1-or-later
//! How mediated devices in a registry follow their definitions, and the events of that.
//!
//! libvirt asks mdevctl for all definitions at certain moments. Its events of mediated devices come from comparing the
//! answers; the functions here make the same events, in the same order, from the files.

use std::sync::Arc;

use super::definitions::{self, Definitions};
use super::events::{Change, EventQueue};
use super::registry::Registry;
use crate::caps::Capability;
use crate::device::Device;
use crate::error::Result;
use crate::host::Host;
use crate::host::mdevctl::files::Definition;
use crate::name::Name;

/// Whether libvirt asks mdevctl again when this device is created or changes: it is a mediated device, or
/// offers types of them.
pub fn affects_definitions(device: &Device, host: &Host) -> Result<bool> {
    match device.kind {
        Capability::Mdev | Capability::MdevTypes => Ok(true),
        _ => device.has_nested(Capability::MdevTypes.flag(), host),
    }
}

/// The mediated devices that run without a definition.
pub fn transient(registry: &Registry) -> impl Iterator<Item = &Arc<Device>> {
    let mediated = registry.mediated();
    mediated.filter(|device| device.definition.is_none())
}

/// Whenever libvirt has asked mdevctl, it tells of every transient device as if that had changed.
pub fn emit_transient_changes(registry: &Registry, events: &mut EventQueue) {
    transient(registry).for_each(|device| events.push(&device.name, Change::Updated));
}

/// Adds, again or for the first time, the inactive devices that are defined below `parent`, which was created or
/// deleted: libvirt knows each of them as a child of its parent, or else of `computer`.
pub fn redefine_below(
    parent: &Device,
    definitions: &Definitions,
    registry: &mut Registry,
    events: &mut EventQueue,
) {
    for definition in definitions.below(parent) {
        let name = &definition.name;
        if registry.by_name(name).is_some_and(|d| d.is_active()) {
            continue;
        }
        registry.insert(definitions::inactive(definition.clone(), registry));
        events.push(name, Change::Undefined);
        events.push(name, Change::Defined);
    }
}

/// Gives each device in the registry the definition that it has in `now`, where that is not the one of `before`.
pub fn follow_definitions(
    before: &Definitions,
    now: &Definitions,
    registry: &mut Registry,
    events: &mut EventQueue,
) {
    for definition in before.without(now) {
        redefine(registry, &definition.name, None);
        events.push(&definition.name, Change::Undefined);
    }
    for definition in now.without(before) {
        redefine(registry, &definition.name, Some(definition));
        events.push(&definition.name, Change::Defined);
    }
    for definition in now.changed_since(before) {
        redefine(registry, &definition.name, Some(definition));
        events.push(&definition.name, Change::Updated);
    }
    emit_transient_changes(registry, events);
}

/// Gives the device of that name another definition, or takes its definition away. A device that is not
/// active goes with its definition.
fn redefine(registry: &mut Registry, name: &Name, definition: Option<&Arc<Definition>>) {
    let old = registry.remove_name(name);
    let active = old.filter(|old| old.is_active());
    match (active, definition) {
        (Some(old), _) => {
            let mut device = Device::clone(&old);
            device.definition = definition.cloned();
            registry.insert(device);
        }
        (None, Some(definition)) => {
            registry.insert(definitions::inactive(definition.clone(), registry));
        }
        (None, None) => {}
    }
}
