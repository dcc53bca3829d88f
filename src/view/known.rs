// SPDX-License-Identifier: LGPL-2.1-or-later
//! What is known of a host's devices, and how messages and scans change it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::definitions::{self, Definitions};
use super::difference::difference;
use super::events::{Change, EventQueue};
use super::mediated;
use super::registry::Registry;
use crate::device::Device;
use crate::device::scan::{computer, find, nearest, scan};
use crate::host::Host;
use crate::host::monitor::{Action, Uevent};
use crate::name::Name;

/// The devices of a host as they were at the last look, and the events that are not taken yet.
#[derive(Debug, Default)]
pub struct Known {
    /// The devices.
    pub registry: Registry,
    /// What happened to them.
    pub events: EventQueue,
    /// Definitions of mediated devices by device name.
    definitions: Definitions,
    /// Paths of devices that were added before the message of their creation came.
    added_early: BTreeSet<Vec<u8>>,
}

impl Known {
    /// These devices, without definitions or events.
    pub fn new(registry: Registry) -> Known {
        Known {
            registry,
            ..Known::default()
        }
    }

    /// Scans the host. The result is for [`Known::replace`]; definitions are replaced at once, so that what messages
    /// bring in between gets the new ones.
    pub fn scan(&mut self, host: &Host) -> Registry {
        self.definitions = Definitions::read(&host.files);
        let devices = scan(host).into_iter().map(|mut device| {
            device.definition = self.definitions.get(&device);
            device
        });
        let mut registry = Registry::new(std::iter::once(computer()).chain(devices));
        for definition in self.definitions.iter() {
            if registry.by_name(&definition.name).is_none() {
                registry.insert(definitions::inactive(definition.clone(), &registry));
            }
        }
        registry
    }

    /// Puts these devices in place of those that are known. The difference becomes events.
    pub fn replace(&mut self, now: Registry) {
        if self.events.is_kept() {
            for event in difference(&self.registry, &now) {
                self.events.push(&event.name, event.change);
            }
        }
        self.registry = now;
    }

    /// Changes what is known as the kernel or udevd says that a device changed.
    pub fn apply(&mut self, host: &Host, event: &Uevent) {
        let removed = match event.action {
            Action::Removed => Some(&event.path),
            Action::Moved => event.old_path.as_ref(),
            Action::Added | Action::Changed => None,
        };
        let removed = removed.filter(|path| self.is_active_at(path));
        let was_added_early =
            event.action != Action::Changed && self.added_early.remove(&event.path);
        if let Some(device) = removed.and_then(|path| self.registry.remove_key(path)) {
            self.deleted(&device);
        }
        if event.action == Action::Removed {
            return;
        }
        // A device that cannot be read any more keeps its last description, as in libvirt.
        let Some((name, replaced)) = self.read(host, &event.path) else {
            return;
        };
        match replaced {
            Some(old) if old.name == name && old.is_active() => {
                if !was_added_early {
                    self.emit_change(host, &name, Change::Updated);
                }
            }
            Some(old) if old.name != name => {
                self.events.push(&old.name, Change::Deleted);
                self.created(host, &name);
            }
            _ => self.created(host, &name),
        }
        if let Some(old_path) = &event.old_path {
            self.follow_move(host, old_path, &event.path);
        }
        self.correct_parents(host, &event.path);
    }

    /// Adds the device at `path`, which has just been made, before its message comes: udevd may need its time.
    pub fn add_early(&mut self, host: &Host, path: &[u8]) {
        if self.is_active_at(path) {
            return;
        }
        let event = Uevent {
            action: Action::Added,
            path: path.to_vec(),
            old_path: None,
            number: 0,
        };
        self.apply(host, &event);
        if self.is_active_at(path) {
            self.added_early.insert(event.path);
        }
    }

    /// Reads the definitions of mediated devices again; what is new becomes events.
    pub fn read_definitions(&mut self, host: &Host) {
        let now = Definitions::read(&host.files);
        let before = std::mem::replace(&mut self.definitions, now);
        let (registry, events) = (&mut self.registry, &mut self.events);
        mediated::follow_definitions(&before, &self.definitions, host, registry, events);
    }

    /// The same where no message can tell of new definitions, because their folder is new, too.
    pub fn read_unwatched_definitions(&mut self, host: &Host) {
        if Definitions::read(&host.files) != self.definitions {
            self.read_definitions(host);
        }
    }

    /// Whether the device at a path is there. What exists by definition alone has a path only for its
    /// place in the order.
    fn is_active_at(&self, path: &[u8]) -> bool {
        self.registry.by_key(path).is_some_and(|d| d.is_active())
    }

    /// Reads the device at a path; returns its name and the device whose place it takes.
    fn read(&mut self, host: &Host, path: &[u8]) -> Option<(Name, Option<Arc<Device>>)> {
        let mut device = find(host, path, |path| self.registry.name_at(path))?;
        device.definition = self.definitions.get(&device);
        let name = device.name.clone();
        Some((name, self.registry.insert(device)))
    }

    /// A device is not there any more. One that is defined stays as an inactive device.
    fn deleted(&mut self, device: &Device) {
        if let Some(definition) = &device.definition {
            let inactive = definitions::inactive(definition.clone(), &self.registry);
            self.registry.insert(inactive);
        }
        self.redefine_below(device);
        mediated::emit_transient_changes(&self.registry, &mut self.events);
        self.events.push(&device.name, Change::Deleted);
    }

    fn created(&mut self, host: &Host, name: &Name) {
        if let Some(device) = self.registry.by_name(name).cloned() {
            self.redefine_below(&device);
        }
        self.emit_change(host, name, Change::Created);
    }

    /// Makes the event of a device that is there, after those which libvirt has for other devices then.
    fn emit_change(&mut self, host: &Host, name: &Name, change: Change) {
        // Whether there are transient devices is known at once; the other question may have to read files.
        let has_transient = mediated::transient(&self.registry).next().is_some();
        let device = self.registry.by_name(name);
        if has_transient && device.is_some_and(|d| mediated::affects_definitions(d, host)) {
            mediated::emit_transient_changes(&self.registry, &mut self.events);
        }
        self.events.push(name, change);
    }

    fn redefine_below(&mut self, parent: &Device) {
        let (registry, events) = (&mut self.registry, &mut self.events);
        mediated::redefine_below(parent, &self.definitions, registry, events);
    }

    /// The kernel tells only of the device that moved. Those below it have other paths, too.
    fn follow_move(&mut self, host: &Host, old_path: &[u8], new_path: &[u8]) {
        for old in self.registry.below(old_path) {
            let rest = &old.key()[old_path.len()..];
            match self.read(host, &[new_path, rest].concat()) {
                Some((name, _)) if name == old.name => self.events.push(&name, Change::Updated),
                found => {
                    self.registry.remove_key(old.key());
                    self.events.push(&old.name, Change::Deleted);
                    if let Some((name, _)) = found {
                        self.created(host, &name);
                    }
                }
            }
        }
    }

    /// udevd may tell of a device before it tells of its parent. When the parent at `path` comes, the devices below it
    /// are read again, to name it as their parent. libvirt has no event for that.
    fn correct_parents(&mut self, host: &Host, path: &[u8]) {
        let registry = &self.registry;
        let has_other_parent = |device: &Arc<Device>| {
            let nearest = nearest(device.key(), |path| registry.name_at(path));
            device.is_active() && device.parent.as_ref() != Some(&nearest)
        };
        let below = registry.below(path).into_iter();
        for device in below.filter(has_other_parent).collect::<Vec<_>>() {
            self.read(host, device.key());
        }
    }
}

#[cfg(test)]
mod tests;
