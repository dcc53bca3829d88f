// SPDX-License-Identifier: LGPL-2.1-or-later
//! What must have happened between two scans of a host.

use std::sync::Arc;

use super::events::{Change, DeviceEvent};
use super::registry::Registry;
use crate::device::{Device, Origin};

/// What must have happened between two scans: what went (children before their
/// parents), what came and what changed (parents before their children).
pub fn difference(before: &Registry, now: &Registry) -> Vec<DeviceEvent> {
    let mut events = Vec::new();
    let gone = before.iter().filter(|old| now.by_name(&old.name).is_none());
    for old in gone.collect::<Vec<_>>().into_iter().rev() {
        note_difference(Some(old), None, &mut events);
    }
    for new in now.iter() {
        note_difference(before.by_name(&new.name), Some(new), &mut events);
    }
    events
}

fn note_difference(
    old: Option<&Arc<Device>>,
    new: Option<&Arc<Device>>,
    events: &mut Vec<DeviceEvent>,
) {
    let Some(device) = new.or(old) else { return };
    let is_active = |device: Option<&Arc<Device>>| device.is_some_and(|d| d.is_active());
    let is_defined = |device: Option<&Arc<Device>>| device.is_some_and(|d| d.definition.is_some());
    let mut note = |change| {
        events.push(DeviceEvent {
            name: device.name.clone(),
            change,
        });
    };
    let (was_defined, was_active) = (is_defined(old), is_active(old));
    match (was_defined, is_defined(new)) {
        (false, true) => note(Change::Defined),
        (true, false) => note(Change::Undefined),
        _ => {}
    }
    match (was_active, is_active(new)) {
        (false, true) => note(Change::Created),
        (true, false) => note(Change::Deleted),
        _ => {}
    }
    if let (Some(old), Some(new)) = (old, new) {
        let same_state = was_defined == new.definition.is_some() && was_active == new.is_active();
        if same_state && differ(old, new) {
            note(Change::Updated);
        }
    }
}

fn differ(old: &Device, new: &Device) -> bool {
    let differs = match (&old.origin, &new.origin) {
        (Origin::Kernel(old), Origin::Kernel(new)) => {
            old.path != new.path || old.uevent != new.uevent || old.suffix != new.suffix
        }
        _ => false,
    };
    differs || old.definition != new.definition
}
