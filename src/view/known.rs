// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The known devices of a host, and how messages and scans change them.

use std::collections::BTreeSet;

use super::definitions::{self, Definitions};
use super::difference::difference;
use super::events::{Change, EventQueue};
use super::mediated;
use super::reads::Reads;
use super::registry::Registry;
use crate::caps::Capability;
use crate::device::Device;
use crate::device::scan::{computer, nearest, scan};
use crate::error::Result;
use crate::host::Host;
use crate::host::files::basename;
use crate::host::found::Found;
use crate::host::links::Link;
use crate::host::uevent::{Action, Uevent};
use crate::name::{Name, device_name};

/// The devices of a host as they were at the last call, and the events that have not been taken yet.
#[derive(Debug, Default)]
pub struct Known {
    /// The devices.
    pub registry: Registry,
    /// The events of the devices.
    pub events: EventQueue,
    /// Definitions of mediated devices by device name.
    definitions: Definitions,
    /// Paths of devices that were added before the message of their creation came.
    added_early: BTreeSet<Vec<u8>>,
}

impl Known {
    /// Knows these devices, without definitions or events.
    pub fn new(registry: Registry) -> Known {
        Known {
            registry,
            ..Known::default()
        }
    }

    /// Scans the host. The result is for [`Known::replace`]. Definitions are replaced at once, so that devices which
    /// messages add in between get the new ones.
    pub fn scan(&mut self, host: &Host) -> Result<Registry> {
        let definitions = Definitions::read(&host.files)?;
        let devices = scan(host)?.into_iter().map(|mut device| {
            device.definition = definitions.get(&device);
            device
        });
        let mut registry = Registry::new(std::iter::once(computer()).chain(devices));
        for definition in definitions.iter() {
            if registry.by_name(&definition.name).is_none() {
                registry.insert(definitions::inactive(definition.clone(), &registry));
            }
        }
        self.definitions = definitions;
        Ok(registry)
    }

    /// Replaces the known devices by these, and makes events of the difference.
    pub fn replace(&mut self, now: Registry) {
        if self.events.is_kept() {
            for event in difference(&self.registry, &now) {
                self.events.push(&event.name, event.change);
            }
        }
        self.registry = now;
    }

    /// Applies a message of the kernel or udevd. `reads` is shared by all messages that came together. If this fails,
    /// nothing is changed, so that it can be done again.
    pub fn apply(&mut self, host: &Host, event: &Uevent, reads: &mut Reads<'_>) -> Result<()> {
        let old_path = event.old_path.as_deref();
        if old_path.is_none_or(|path| self.registry.below(path).is_empty()) {
            return self.follow(host, event, reads);
        }
        // The devices below it move too, one after the other, so a failure must restore all.
        let (registry, events) = (self.registry.clone(), self.events.len());
        let added_early = self.added_early.clone();
        self.follow(host, event, reads).inspect_err(|_| {
            self.registry = registry;
            self.events.truncate(events);
            self.added_early = added_early;
        })
    }

    fn follow(&mut self, host: &Host, event: &Uevent, reads: &mut Reads<'_>) -> Result<()> {
        // Everything is read before anything is changed, except devices below one that moved.
        let found = match event.action {
            Action::Removed => None,
            Action::Added | Action::Changed | Action::Moved => {
                self.find(host, &event.path, reads)?
            }
        };
        let removed = match event.action {
            Action::Removed => Some(&event.path),
            Action::Moved => event.old_path.as_ref(),
            Action::Added | Action::Changed => None,
        };
        let removed = removed.filter(|path| !self.is_defined_at(path));
        let was_added_early =
            event.action != Action::Changed && self.added_early.remove(&event.path);
        if let Some(device) = removed.and_then(|path| self.registry.remove_key(path)) {
            self.deleted(&device);
        }
        // As in libvirt, a device that can no longer be read stays as it was.
        let Some(found) = found else {
            return Ok(());
        };
        let (name, affects) = (found.device.name.clone(), found.affects_definitions);
        let old = self.registry.insert(found.device);
        let is_same = old.as_ref().is_some_and(|old| old.name == name);
        match old.filter(|old| old.is_active()) {
            Some(_) if is_same => {
                if !was_added_early {
                    self.emit_change(&name, Change::Updated, affects);
                }
            }
            old => self.renamed(old.as_deref(), &event.path, affects),
        }
        if let Some(old_path) = &event.old_path {
            self.follow_move(host, old_path, &event.path, reads)?;
        }
        self.correct_parents(&event.path);
        Ok(())
    }

    /// Applies a message about an interface. If its address has changed, so has its name.
    pub fn follow_link(&mut self, host: &Host, link: &Link) -> Result<()> {
        let address = Some(link.address.as_slice()).filter(|address| !address.is_empty());
        let name = device_name(b"net", &link.interface, address);
        let named = self.registry.by_name(&name);
        if named.is_some_and(|device| basename(device.key()) == link.interface) {
            return Ok(());
        }
        let Some(path) = link.path(&host.files)? else {
            return Ok(());
        };
        let mut reads = Reads::default();
        // An interface that is not known yet is added by its uevent.
        let (Some(old), Some(now)) = (
            self.registry.name_at(&path),
            self.find(host, &path, &mut reads)?,
        ) else {
            return Ok(());
        };
        if now.device.name == old {
            return Ok(());
        }
        let event = Uevent {
            action: Action::Changed,
            path,
            old_path: None,
            number: 0,
        };
        self.apply(host, &event, &mut reads)
    }

    /// Adds the device at `path`, which has just been made, before its message comes, which may take udevd a while.
    pub fn add_early(&mut self, host: &Host, path: &[u8]) -> Result<()> {
        if self.is_active_at(path) {
            return Ok(());
        }
        let event = Uevent {
            action: Action::Added,
            path: path.to_vec(),
            old_path: None,
            number: 0,
        };
        self.apply(host, &event, &mut Reads::default())?;
        if self.is_active_at(path) {
            self.added_early.insert(event.path);
        }
        Ok(())
    }

    /// Reads the definitions of mediated devices again, and makes events of the difference.
    pub fn read_definitions(&mut self, host: &Host) -> Result<()> {
        let now = Definitions::read(&host.files)?;
        self.follow_definitions(now);
        Ok(())
    }

    /// The same if their folder may be new and not be watched yet: without a difference, there are no events.
    pub fn read_unwatched_definitions(&mut self, host: &Host) -> Result<()> {
        let now = Definitions::read(&host.files)?;
        if now != self.definitions {
            self.follow_definitions(now);
        }
        Ok(())
    }

    fn follow_definitions(&mut self, now: Definitions) {
        let before = std::mem::replace(&mut self.definitions, now);
        let (registry, events) = (&mut self.registry, &mut self.events);
        mediated::follow_definitions(&before, &self.definitions, registry, events);
    }

    /// Whether there is an active device at a path.
    fn is_active_at(&self, path: &[u8]) -> bool {
        self.registry.active_at(path).is_some()
    }

    /// Whether the device with this path is only defined. Then the path is only its key in the order.
    fn is_defined_at(&self, path: &[u8]) -> bool {
        self.registry.by_key(path).is_some_and(|d| !d.is_active())
    }

    /// Reads the device at a path.
    fn find(&self, host: &Host, path: &[u8], reads: &mut Reads<'_>) -> Found<FoundDevice> {
        let Some(read) = reads.find(host, path)? else {
            return Ok(None);
        };
        let mut device = read.device();
        device.parent = Some(nearest(path, |path| self.registry.name_at(path)));
        device.definition = self.definitions.get(&device);
        // Whether there are transient devices is known; the other condition may need files to be read.
        let is_transient = device.kind == Capability::Mdev && device.definition.is_none();
        let has_transient = is_transient || mediated::transient(&self.registry).next().is_some();
        let asks = |device: &Device| mediated::affects_definitions(device, host);
        let affects_definitions = has_transient && read.affects_definitions(asks)?;
        Ok(Some(FoundDevice {
            device,
            affects_definitions,
        }))
    }

    /// Makes the events for a device that has gone. A device with a definition stays as an inactive one.
    fn deleted(&mut self, device: &Device) {
        if let Some(definition) = &device.definition {
            let inactive = definitions::inactive(definition.clone(), &self.registry);
            self.registry.insert(inactive);
        }
        self.redefine_below(device);
        mediated::emit_transient_changes(&self.registry, &mut self.events);
        self.events.push(&device.name, Change::Deleted);
        self.come_back(&device.name);
    }

    /// Makes the events for the device at `path`, which took the place of `old` with another name, or of nothing.
    fn renamed(&mut self, old: Option<&Device>, path: &[u8], affects_definitions: bool) {
        if let Some(old) = old {
            self.events.push(&old.name, Change::Deleted);
            self.come_back(&old.name);
        }
        // A device whose name another one has is hidden.
        if let Some(device) = self.registry.by_key(path).cloned() {
            self.created(&device, affects_definitions);
        }
    }

    fn created(&mut self, device: &Device, affects_definitions: bool) {
        self.redefine_below(device);
        self.emit_change(&device.name, Change::Created, affects_definitions);
    }

    /// Shows the device that was hidden because another one had its name, if there is one.
    fn come_back(&mut self, name: &Name) {
        if self.registry.show(name) {
            if let Some(device) = self.registry.by_name(name).cloned() {
                self.created(&device, false);
            }
        }
    }

    /// Makes the event for a device that exists, after those that libvirt then has for transient mediated devices.
    fn emit_change(&mut self, name: &Name, change: Change, affects_definitions: bool) {
        if affects_definitions {
            mediated::emit_transient_changes(&self.registry, &mut self.events);
        }
        self.events.push(name, change);
    }

    fn redefine_below(&mut self, parent: &Device) {
        let (registry, events) = (&mut self.registry, &mut self.events);
        mediated::redefine_below(parent, &self.definitions, registry, events);
    }

    /// Reads the devices below one that moved again at their new paths. The kernel sends no messages for them.
    fn follow_move(
        &mut self,
        host: &Host,
        old_path: &[u8],
        new_path: &[u8],
        reads: &mut Reads<'_>,
    ) -> Result<()> {
        for old in self.registry.below(old_path) {
            let rest = &old.key()[old_path.len()..];
            let path = [new_path, rest].concat();
            let found = self.find(host, &path, reads)?;
            let affects = found.as_ref().is_some_and(|f| f.affects_definitions);
            let removed = self.registry.remove_key(old.key());
            if let Some(found) = found {
                self.registry.insert(found.device);
            }
            let now = self.registry.by_key(&path).map(|device| &device.name);
            match &removed {
                Some(old) if Some(&old.name) == now => {
                    self.events.push(&old.name, Change::Updated);
                }
                _ => self.renamed(removed.as_deref(), &path, affects),
            }
        }
        Ok(())
    }

    /// Makes the device at `path` the parent of the devices below it, because udevd may send the message for a device
    /// before that for its parent. As in libvirt, there is no event for this.
    fn correct_parents(&mut self, path: &[u8]) {
        for device in self.registry.below(path) {
            let nearest = nearest(device.key(), |path| self.registry.name_at(path));
            if device.is_active() && device.parent.as_ref() != Some(&nearest) {
                let mut device = Device::clone(&device);
                device.parent = Some(nearest);
                self.registry.insert(device);
            }
        }
    }
}

/// A device that was read for a message.
struct FoundDevice {
    device: Device,
    /// Whether libvirt has events for transient mediated devices when this one is added or changed.
    affects_definitions: bool,
}

#[cfg(test)]
mod tests;
