// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The devices of a connection's host, kept up to date by the messages of the kernel or udevd.

pub mod definitions;
mod difference;
mod events;
pub mod filter;
pub mod known;
mod mediated;
mod notifier;
pub mod reads;
pub mod registry;
#[cfg(test)]
mod testing;

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::host::found::retry_interrupted;
use crate::host::monitor::{Monitor, News, ScanNews};
use crate::host::readiness::DescriptorSet;
use crate::host::uevent::{Action, Uevent};
use crate::name::Name;
pub use events::{Change, DeviceEvent};
use known::Known;
use notifier::Notifier;
use reads::Reads;
use registry::Registry;

/// The devices of a host as they were at the last call, and the monitor that reports changes.
#[derive(Debug)]
pub struct View {
    known: Known,
    /// Whether the devices are known; a host is scanned at the first call.
    is_scanned: bool,
    /// `None` for recorded trees and the test driver, whose devices do not change by themselves.
    monitor: Option<Monitor>,
    /// What the monitor has received and has not been applied yet, because that failed.
    waiting: News,
    /// The descriptor for programs that wait for events; `None` until one asks for it.
    notifier: Option<Notifier>,
}

impl View {
    /// A view that begins with these devices, or for `None` with a scan at the first call.
    pub fn new(registry: Option<Registry>, monitor: Option<Monitor>) -> View {
        View {
            is_scanned: registry.is_some(),
            known: Known::new(registry.unwrap_or_default()),
            monitor,
            waiting: News::default(),
            notifier: None,
        }
    }

    /// The devices as they were at the last call.
    pub fn registry(&self) -> &Registry {
        &self.known.registry
    }

    /// Takes in what happened, or scans the host at the first call. For `thorough` see [`Monitor::news`].
    ///
    /// If this fails (code 38), what was received and not applied is kept for the next call. Programs that wait for
    /// events are woken after a while, so that they try again; they are also woken when the time ends for which udevd
    /// is waited for.
    pub fn refresh(&mut self, host: &Host, thorough: bool) -> Result<()> {
        self.notifying(|view| view.take_in_or_pause(host, thorough))
    }

    fn take_in_or_pause(&mut self, host: &Host, thorough: bool) -> Result<()> {
        let result = self.take_in(host, thorough);
        let patience_ends = self.patience_ends();
        if let Some(notifier) = &mut self.notifier {
            match result {
                Ok(()) => notifier.resume(patience_ends),
                Err(_) => notifier.pause(),
            }
        }
        result
    }

    fn patience_ends(&self) -> Option<Instant> {
        self.monitor.as_ref().and_then(Monitor::patience_ends)
    }

    /// Reads definitions of mediated devices for which there is no message yet, because their folder is new.
    pub fn reread_definitions(&mut self, host: &Host) -> Result<()> {
        let result = self.notifying(|view| view.known.read_unwatched_definitions(host));
        // The next refresh reads them.
        self.waiting.missed_definitions |= result.is_err();
        result
    }

    /// Makes the event for a device whose description has changed.
    pub fn emit_update(&mut self, name: &Name) {
        self.notifying(|view| view.known.events.push(name, Change::Updated));
    }

    /// Adds the device at `path`, which has just been made, before its message comes.
    pub fn add_early(&mut self, host: &Host, path: &[u8]) -> Result<()> {
        self.notifying(|view| view.known.add_early(host, path))
    }

    /// Has `change` change the devices, and makes events of the difference. If it fails, nothing is changed.
    pub fn with_registry_mut<T>(
        &mut self,
        change: impl FnOnce(&mut Registry) -> Result<T>,
    ) -> Result<T> {
        let mut changed = self.known.registry.clone();
        let result = change(&mut changed)?;
        self.notifying(|view| view.known.replace(changed));
        Ok(result)
    }

    /// Does work that may make events, and makes the descriptor readable if there are any.
    fn notifying<T>(&mut self, work: impl FnOnce(&mut View) -> T) -> T {
        let before = self.known.events.len();
        let result = work(self);
        self.notify_of_events_beyond(before);
        result
    }

    fn notify_of_events_beyond(&mut self, count: usize) {
        if self.known.events.len() > count {
            self.notifier.iter_mut().for_each(Notifier::notify);
        }
    }

    fn take_in(&mut self, host: &Host, thorough: bool) -> Result<()> {
        if !self.is_scanned {
            return self.rescan(host);
        }
        let Some(monitor) = &mut self.monitor else {
            return Ok(());
        };
        monitor.news(&host.files, thorough, &mut self.waiting)?;
        if self.waiting.is_empty() {
            return Ok(());
        }
        if self.waiting.missed_definitions {
            // The monitor may have new descriptors.
            self.watch_monitor()?;
        }
        if self.waiting.rescan {
            self.rescan(host)?;
        } else {
            self.apply_waiting(host, Reads::default())?;
            while let Some(link) = self.waiting.links.last() {
                self.known.follow_link(host, link)?;
                self.waiting.links.pop();
            }
            if self.waiting.definitions {
                self.known.read_definitions(host)?;
            } else if self.waiting.missed_definitions {
                self.known.read_unwatched_definitions(host)?;
            }
        }
        self.waiting.definitions = false;
        self.waiting.missed_definitions = false;
        Ok(())
    }

    fn apply_waiting(&mut self, host: &Host, mut reads: Reads<'_>) -> Result<()> {
        while let Some(event) = self.waiting.events.front() {
            self.known.apply(host, event, &mut reads)?;
            self.waiting.events.pop_front();
        }
        Ok(())
    }

    fn rescan(&mut self, host: &Host) -> Result<()> {
        let monitor = self.monitor.as_mut();
        let count = monitor.map_or(Ok(0), |monitor| monitor.begin_scan(&host.files))?;
        let devices = self.known.scan(host)?;
        self.watch_monitor()?;
        let monitor = self.monitor.as_mut();
        let news = monitor.map_or(Ok(ScanNews::default()), |m| m.end_scan(count))?;
        // The messages were read, and must not be lost if anything fails from here on. In that case the next call
        // applies them, and scans the host again.
        self.waiting.rescan = true;
        self.waiting.links.clear();
        if self.is_scanned {
            self.waiting.events.extend(news.seen);
            // The messages that arrived make events in their order; the scan adds those for missed messages.
            if let Err(e) = self.apply_waiting(host, Reads::scanned(&devices)) {
                self.waiting.events.extend(news.later);
                return Err(e);
            }
            self.known.replace(devices);
        } else {
            self.known.registry = devices;
            self.is_scanned = true;
        }
        self.waiting.rescan = news.rescan;
        let is_new = |event: &Uevent| !self.is_in_scan(event);
        let later: Vec<_> = news.later.into_iter().filter(is_new).collect();
        self.waiting.events.extend(later);
        self.apply_waiting(host, Reads::default())
    }

    /// Whether a scan has found the device already that this message adds. That does not count for messages of udevd,
    /// which tell of later changes too.
    fn is_in_scan(&self, event: &Uevent) -> bool {
        matches!(event.action, Action::Added | Action::Moved)
            && self
                .monitor
                .as_ref()
                .is_some_and(|m| !m.receives_from_udevd())
            && self.registry().name_at(&event.path).is_some()
    }

    /// Has programs wait for all of the monitor's descriptors: after a scan or a look, there may be others.
    fn watch_monitor(&mut self) -> Result<()> {
        if let (Some(_), Some(monitor)) = (&self.notifier, &mut self.monitor) {
            let set = monitor.set();
            set.map_err(|e| Error::io("cannot wait for uevents", &e))?;
        }
        Ok(())
    }

    /// Descriptors that are readable while there are messages. They belong to the caller.
    pub fn fds(&self) -> Result<Vec<OwnedFd>> {
        let fds = self.monitor.iter().flat_map(Monitor::fds);
        let copies: io::Result<_> = fds
            .map(|fd| retry_interrupted(|| fd.try_clone_to_owned()))
            .collect();
        copies.map_err(|e| Error::io("cannot wait for uevents", &e))
    }

    /// A descriptor that is readable while there may be events to take. It is open as long as the view.
    pub fn event_fd(&mut self) -> io::Result<RawFd> {
        Ok(self.notifier()?.as_fd().as_raw_fd())
    }

    /// A descriptor of the caller's own that is readable when that of [`View::event_fd`] is.
    pub fn own_event_fd(&mut self) -> io::Result<OwnedFd> {
        self.notifier()?.as_fd().try_clone_to_owned()
    }

    fn notifier(&mut self) -> io::Result<&Notifier> {
        let notifier = match self.notifier.take() {
            Some(notifier) => notifier,
            None => self.new_notifier()?,
        };
        Ok(self.notifier.insert(notifier))
    }

    fn new_notifier(&mut self) -> io::Result<Notifier> {
        let sources = match &mut self.monitor {
            Some(monitor) => monitor.set()?.clone(),
            None => Arc::new(DescriptorSet::new()?),
        };
        let mut notifier = Notifier::new(sources)?;
        notifier.resume(self.patience_ends());
        if self.known.events.len() > 0 {
            notifier.notify();
        }
        Ok(notifier)
    }

    /// To be called before somebody waits for events: the next refresh has the monitor hear of everything at once.
    pub fn expect_waiting(&mut self) {
        self.monitor.iter_mut().for_each(Monitor::expect_waiting);
    }

    /// Starts or stops to keep events for [`View::refresh_and_take_events`].
    pub fn keep_events(&mut self, keep: bool) {
        self.known.events.keep(keep);
    }

    /// Takes events back that could not be dispatched; the next call of [`View::refresh_and_take_events`] returns them first.
    pub fn give_back_events(&mut self, untold: Vec<DeviceEvent>) {
        self.notifying(|view| view.known.events.give_back(untold));
    }

    /// Takes in what happened, as a thorough [`View::refresh`] does, and returns the events since the last call, in order. If
    /// that fails, they are kept.
    pub fn refresh_and_take_events(&mut self, host: &Host) -> Result<Vec<DeviceEvent>> {
        // Nobody need be woken for what is taken at once.
        let before = self.known.events.len();
        let result = self.take_in_or_pause(host, true);
        if result.is_err() {
            self.notify_of_events_beyond(before);
        }
        result.map(|()| self.take_events())
    }

    fn take_events(&mut self) -> Vec<DeviceEvent> {
        self.notifier.iter_mut().for_each(Notifier::clear);
        self.known.events.take()
    }
}

#[cfg(test)]
mod tests;
