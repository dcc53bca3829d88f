// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Applies changes of definitions to the mediated devices in a registry, and makes the events for them.
//!
//! libvirt reads all definitions from mdevctl at certain moments, and makes its events for mediated devices by
//! comparing them. The functions here make the same events, in the same order, from mdevctl's files.

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

/// Whether libvirt reads the definitions again when this device is added or changes: it is a mediated device, or offers
/// types of mediated device.
pub fn affects_definitions(device: &Device, host: &Host) -> Result<bool> {
    match device.kind {
        Capability::Mdev | Capability::MdevTypes => Ok(true),
        _ => device.has_nested(Capability::MdevTypes.flag(), host),
    }
}

/// The active mediated devices without a definition.
pub fn transient(registry: &Registry) -> impl Iterator<Item = &Arc<Device>> {
    let mediated = registry.mediated();
    mediated.filter(|device| device.definition.is_none())
}

/// Makes an event for each transient device, as libvirt does each time it has read the definitions.
pub fn emit_transient_changes(registry: &Registry, events: &mut EventQueue) {
    transient(registry).for_each(|device| events.push(&device.name, Change::Updated));
}

/// Adds the inactive devices that are defined below `parent` again after that was added or removed. As in libvirt,
/// their parent is then this device, or `computer` if it does not exist.
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

/// Gives each device in the registry its definition in `now`, if that differs from the one in `before`.
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

/// Gives the device with this name another definition, or for `None` takes its definition away. An inactive device is
/// removed with its definition.
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
