// SPDX-License-Identifier: LGPL-2.1-or-later
//! What a connection knows of its host, kept current from uevents.

use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;

use crate::bell::Bell;
use crate::connection::Name;
use crate::device::{Device, Origin};
use crate::host::Host;
use crate::host::scan::{computer, find, scan};
use crate::monitor::{Action, Monitor, Uevent};
use crate::registry::Registry;

/// Something that happened to a node device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEvent {
    /// The device.
    pub name: Name,
    /// What happened.
    pub change: Change,
}

/// What can happen to a node device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It came.
    Created,
    /// It went.
    Deleted,
    /// Its description may be another now.
    Updated,
}

/// The devices of a host as they were at the last look.
#[derive(Debug)]
pub struct View {
    /// Nothing until the first question.
    registry: Option<Registry>,
    /// Recorded trees and the test driver's devices do not change by themselves.
    monitor: Option<Monitor>,
    /// What happened and was not told yet; nothing while nobody asks to be told.
    events: Option<Vec<DeviceEvent>>,
    /// Rings while there are events to take.
    bell: Option<Bell>,
}

impl View {
    /// A view that begins with these devices, or with a scan at the first question.
    pub fn new(registry: Option<Registry>, monitor: Option<Monitor>) -> View {
        View {
            registry,
            monitor,
            events: None,
            bell: None,
        }
    }

    /// The device of that name.
    pub fn by_name(&self, name: &[u8]) -> Option<&Arc<Device>> {
        self.registry.as_ref()?.by_name(name)
    }

    /// Every device in the one order of all lists.
    pub fn devices(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.registry.iter().flat_map(Registry::iter)
    }

    /// Takes in what happened, or scans the host at the first question.
    pub fn refresh(&mut self, host: &Host, thorough: bool) {
        let before = self.pending();
        self.take_in(host, thorough);
        if self.pending() > before {
            self.bell.iter().for_each(Bell::ring);
        }
    }

    /// How many events wait to be taken.
    fn pending(&self) -> usize {
        self.events.as_ref().map_or(0, Vec::len)
    }

    fn take_in(&mut self, host: &Host, thorough: bool) {
        if self.registry.is_none() {
            return self.rescan(host);
        }
        let Some(monitor) = &mut self.monitor else {
            return;
        };
        let news = monitor.news(&host.files, thorough);
        if news.rescan {
            return self.rescan(host);
        }
        for event in news.events {
            self.apply(host, &event);
        }
    }

    fn apply(&mut self, host: &Host, event: &Uevent) {
        let Some(registry) = &mut self.registry else {
            return;
        };
        let mut note = |name: &Name, change| {
            if let Some(events) = &mut self.events {
                events.push(DeviceEvent {
                    name: name.clone(),
                    change,
                });
            }
        };
        let gone = match event.action {
            Action::Removed => Some(&event.path),
            Action::Moved => event.old_path.as_ref(),
            Action::Present => None,
        };
        if let Some(device) = gone.and_then(|path| registry.remove_path(path)) {
            note(&device.name, Change::Deleted);
        }
        if event.action == Action::Removed {
            return;
        }
        let found = find(host, &event.path, |path| registry.name_at(path));
        // A device that can no longer be read keeps its last description, as in libvirt.
        let Some(device) = found else { return };
        let name = device.name.clone();
        match registry.insert(device) {
            Some(old) if old.name == name => note(&name, Change::Updated),
            Some(old) => {
                note(&old.name, Change::Deleted);
                note(&name, Change::Created);
            }
            None => note(&name, Change::Created),
        }
    }

    fn rescan(&mut self, host: &Host) {
        if let Some(monitor) = &mut self.monitor {
            monitor.settle();
        }
        let devices = std::iter::once(computer()).chain(scan(host));
        let now = Registry::new(devices);
        let before = self.registry.replace(now);
        if let (Some(events), Some(before), Some(now)) = (&mut self.events, &before, &self.registry)
        {
            events.extend(difference(before, now));
        }
    }

    /// A descriptor that is readable while there may be events to take; it lives as long as the view.
    pub fn event_fd(&mut self) -> io::Result<RawFd> {
        if let Some(bell) = &self.bell {
            return Ok(bell.fd());
        }
        let bell = Bell::new(self.monitor.as_ref().and_then(Monitor::fd))?;
        if self.pending() > 0 {
            bell.ring();
        }
        Ok(self.bell.insert(bell).fd())
    }

    /// Begins or ends to keep what happens, for [`View::take_events`].
    pub fn keep_events(&mut self, keep: bool) {
        match (keep, &self.events) {
            (true, None) => self.events = Some(Vec::new()),
            (false, _) => self.events = None,
            _ => {}
        }
    }

    /// What happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<DeviceEvent> {
        self.bell.iter().for_each(Bell::hush);
        self.events.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

/// What must have happened between two scans: what went (children before their
/// parents), what changed, what came (parents before their children).
fn difference(before: &Registry, now: &Registry) -> Vec<DeviceEvent> {
    let event = |device: &Arc<Device>, change| DeviceEvent {
        name: device.name.clone(),
        change,
    };
    let old: HashMap<&[u8], &Arc<Device>> = before
        .iter()
        .map(|device| (device.name.to_bytes(), device))
        .collect();
    let mut events: Vec<_> = before
        .iter()
        .filter(|device| now.by_name(device.name.to_bytes()).is_none())
        .map(|device| event(device, Change::Deleted))
        .collect();
    events.reverse();
    for device in now.iter() {
        match old.get(device.name.to_bytes()) {
            None => events.push(event(device, Change::Created)),
            Some(old) if differ(old, device) => events.push(event(device, Change::Updated)),
            Some(_) => {}
        }
    }
    events
}

fn differ(old: &Device, new: &Device) -> bool {
    match (&old.origin, &new.origin) {
        (Origin::Kernel(old), Origin::Kernel(new)) => {
            old.path != new.path || old.uevent != new.uevent || old.suffix != new.suffix
        }
        _ => false,
    }
}
