// SPDX-License-Identifier: LGPL-2.1-or-later
//! What a connection knows of its host, kept current from uevents.

pub mod definitions;
mod difference;
mod events;
pub mod filter;
mod mediated;
pub mod notifier;
pub mod registry;

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::sync::Arc;

use crate::device::Device;
use crate::device::scan::{computer, find, nearest, scan};
use crate::error::Result;
use crate::host::Host;
use crate::host::monitor::{Action, Monitor, Uevent};
use crate::name::Name;
use definitions::Definitions;
use difference::difference;
use events::Events;
pub use events::{Change, DeviceEvent};
use notifier::Bell;
use registry::Registry;

/// The devices of a host as they were at the last look.
#[derive(Debug)]
pub struct View {
    /// Nothing until the first question.
    registry: Option<Registry>,
    /// Definitions of mediated devices by device name.
    definitions: Definitions,
    /// Recorded trees and the test driver's devices do not change by themselves.
    monitor: Option<Monitor>,
    /// Paths of devices that were taken in before the message of their coming.
    anticipated: BTreeSet<Vec<u8>>,
    events: Events,
}

impl View {
    /// A view that begins with these devices, or with a scan at the first question.
    pub fn new(registry: Option<Registry>, monitor: Option<Monitor>) -> View {
        View {
            registry,
            definitions: Definitions::default(),
            monitor,
            anticipated: BTreeSet::new(),
            events: Events::default(),
        }
    }

    /// The device of that name.
    pub fn by_name(&self, name: &CStr) -> Option<&Arc<Device>> {
        self.registry.as_ref()?.by_name(name)
    }

    /// The name as it is kept, if there is such a device.
    pub fn shared_name(&self, name: &CStr) -> Option<Name> {
        self.registry.as_ref()?.shared_name(name)
    }

    /// All names in the one order of all lists.
    pub fn names(&self) -> &[Name] {
        self.registry.as_ref().map_or(&[], Registry::names)
    }

    /// Every device in the one order of all lists.
    pub fn devices(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.registry.iter().flat_map(Registry::iter)
    }

    /// Takes in what happened, or scans the host at the first question.
    pub fn refresh(&mut self, host: &Host, thorough: bool) {
        self.ringing(|view| view.take_in(host, thorough));
    }

    /// Takes in definitions of mediated devices that no news told of, because their folder is new.
    pub fn reread_definitions(&mut self, host: &Host) {
        if Definitions::read(&host.files) != self.definitions {
            self.ringing(|view| view.read_definitions(host));
        }
    }

    /// Tells that a device is another now.
    pub fn tell_of_update(&mut self, name: &Name) {
        self.ringing(|view| view.events.push(name, Change::Updated));
    }

    /// Takes in the device at `path`, which has just been made, before its message arrives: udevd may need its time.
    pub fn anticipate(&mut self, host: &Host, path: &[u8]) {
        if self.is_active_at(path) {
            return;
        }
        let event = Uevent {
            action: Action::Added,
            path: path.to_vec(),
            old_path: None,
            number: 0,
        };
        self.ringing(|view| view.apply(host, &event));
        if self.is_active_at(path) {
            self.anticipated.insert(event.path);
        }
    }

    /// Whether the device at a path is there. What exists by definition alone has a path only for its
    /// place in the order.
    fn is_active_at(&self, path: &[u8]) -> bool {
        let registry = self.registry.as_ref();
        let device = registry.and_then(|r| r.by_name(&r.name_at(path)?));
        device.is_some_and(|device| device.is_active())
    }

    /// Does something that may have events to tell.
    fn ringing(&mut self, work: impl FnOnce(&mut View)) {
        let before = self.events.pending();
        work(self);
        if self.events.pending() > before {
            self.events.bell.iter().for_each(Bell::ring);
        }
    }

    fn take_in(&mut self, host: &Host, thorough: bool) {
        if self.registry.is_none() {
            return self.rescan(host);
        }
        let Some(monitor) = &mut self.monitor else {
            return;
        };
        let news = monitor.news(&host.files, thorough);
        // What was heard is told in its order; a scan adds what was not.
        for event in news.events {
            self.apply(host, &event);
        }
        if news.rescan {
            self.rescan(host);
        } else if news.definitions {
            self.read_definitions(host);
        }
    }

    fn apply(&mut self, host: &Host, event: &Uevent) {
        let gone = match event.action {
            Action::Removed => Some(&event.path),
            Action::Moved => event.old_path.as_ref(),
            Action::Added | Action::Changed => None,
        };
        let gone = gone.filter(|path| self.is_active_at(path));
        let was_anticipated =
            event.action != Action::Changed && self.anticipated.remove(&event.path);
        let Some(registry) = &mut self.registry else {
            return;
        };
        if let Some(device) = gone.and_then(|path| registry.remove_path(path)) {
            if let Some(definition) = &device.definition {
                registry.insert(definitions::inactive(definition.clone(), registry));
            }
            self.follow_parent(&device);
            self.tell_of_transient();
            self.events.push(&device.name, Change::Deleted);
        }
        if event.action == Action::Removed {
            return;
        }
        // A device that can no longer be read keeps its last description, as in libvirt.
        let Some((name, replaced)) = self.read(host, &event.path) else {
            return;
        };
        match replaced {
            Some(old) if old.name == name && old.is_active() && was_anticipated => {}
            Some(old) if old.name == name && old.is_active() => {
                if self.concerns_mdevctl(host, &name) {
                    self.tell_of_transient();
                }
                self.events.push(&name, Change::Updated);
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
        self.adopt(host, &event.path);
    }

    /// Reads the device at a path; returns its name and the one whose place it takes.
    fn read(&mut self, host: &Host, path: &[u8]) -> Option<(Name, Option<Arc<Device>>)> {
        let registry = self.registry.as_mut()?;
        let mut device = find(host, path, |path| registry.name_at(path))?;
        device.definition = self.definitions.get(&device);
        let name = device.name.clone();
        Some((name, registry.insert(device)))
    }

    /// The kernel tells only of the device that moved: those below it have another path, too.
    fn follow_move(&mut self, host: &Host, old_path: &[u8], new_path: &[u8]) {
        let below = self.registry.iter().flat_map(|r| r.below(old_path));
        for old in below.collect::<Vec<_>>() {
            let rest = &old.key()[old_path.len()..];
            match self.read(host, &[new_path, rest].concat()) {
                Some((name, _)) if name == old.name => self.events.push(&name, Change::Updated),
                found => {
                    if let Some(registry) = &mut self.registry {
                        registry.remove_path(old.key());
                    }
                    self.events.push(&old.name, Change::Deleted);
                    if let Some((name, _)) = found {
                        self.created(host, &name);
                    }
                }
            }
        }
    }

    /// udevd may tell of a device before it tells of its parent: then it gets its parent now, without an
    /// event, as libvirt has none for that.
    fn adopt(&mut self, host: &Host, path: &[u8]) {
        let Some(registry) = &self.registry else {
            return;
        };
        let is_orphan = |device: &Arc<Device>| {
            let nearest = nearest(device.key(), |path| registry.name_at(path));
            device.is_active() && device.parent.as_ref() != Some(&nearest)
        };
        let below = registry.below(path);
        let orphans: Vec<_> = below.into_iter().filter(is_orphan).collect();
        for orphan in orphans {
            self.read(host, orphan.key());
        }
    }

    fn created(&mut self, host: &Host, name: &Name) {
        if let Some(device) = self.by_name(name).cloned() {
            self.follow_parent(&device);
        }
        if self.concerns_mdevctl(host, name) {
            self.tell_of_transient();
        }
        self.events.push(name, Change::Created);
    }

    fn rescan(&mut self, host: &Host) {
        let monitor = self.monitor.as_mut();
        let count = monitor.map_or(0, |monitor| monitor.begin_scan(&host.files));
        self.definitions = Definitions::read(&host.files);
        let devices = scan(host).into_iter().map(|mut device| {
            device.definition = self.definitions.get(&device);
            device
        });
        let mut now = Registry::new(std::iter::once(computer()).chain(devices));
        for definition in self.definitions.iter() {
            if now.by_name(&definition.name).is_none() {
                now.insert(definitions::inactive(definition.clone(), &now));
            }
        }
        self.monitor
            .iter()
            .for_each(|monitor| self.events.listen(monitor));
        let monitor = self.monitor.as_mut();
        let (seen, later) = monitor.map(|m| m.end_scan(count)).unwrap_or_default();
        for event in seen {
            self.apply(host, &event);
        }
        self.replace(now);
        for event in later {
            if !self.is_seen(&event) {
                self.apply(host, &event);
            }
        }
    }

    /// Puts these devices in place of those that there are, and tells the difference.
    fn replace(&mut self, now: Registry) {
        let before = self.registry.replace(now);
        if let (Some(queue), Some(before), Some(now)) =
            (&mut self.events.queue, &before, &self.registry)
        {
            queue.extend(difference(before, now));
        }
    }

    /// Puts those devices in place that `change` makes of those that there are.
    pub fn exchange<T>(
        &mut self,
        change: impl FnOnce(&Registry) -> Result<(Registry, T)>,
    ) -> Result<T> {
        let (now, result) = change(self.registry.get_or_insert_default())?;
        self.ringing(|view| view.replace(now));
        Ok(result)
    }

    /// Whether a scan has found the device already whose coming is told only now.
    fn is_seen(&self, event: &Uevent) -> bool {
        let has_come = matches!(event.action, Action::Added | Action::Moved);
        let is_known = |registry: &Registry| registry.name_at(&event.path).is_some();
        let is_whole = |monitor: &Monitor| !monitor.is_told_by_udevd();
        has_come
            && self.monitor.as_ref().is_some_and(is_whole)
            && self.registry.as_ref().is_some_and(is_known)
    }

    /// Descriptors that are readable while there is news; they outlive the view.
    pub fn fds(&self) -> Vec<OwnedFd> {
        let fds = self.monitor.iter().flat_map(Monitor::fds);
        fds.filter_map(|fd| fd.try_clone_to_owned().ok()).collect()
    }

    /// A descriptor that is readable while there may be events to take; it lives as long as the view.
    pub fn event_fd(&mut self) -> io::Result<RawFd> {
        if let Some(bell) = &self.events.bell {
            return Ok(bell.fd());
        }
        let bell = Bell::new(self.monitor.iter().flat_map(Monitor::fds))?;
        if self.events.pending() > 0 {
            bell.ring();
        }
        Ok(self.events.bell.insert(bell).fd())
    }

    /// Begins or ends to keep what happens, for [`View::take_events`].
    pub fn keep_events(&mut self, keep: bool) {
        match (keep, &self.events.queue) {
            (true, None) => self.events.queue = Some(Vec::new()),
            (false, _) => self.events.queue = None,
            _ => {}
        }
    }

    /// What happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<DeviceEvent> {
        self.events.bell.iter().for_each(Bell::hush);
        let queue = self.events.queue.as_mut();
        queue.map(std::mem::take).unwrap_or_default()
    }
}
