// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Events of node devices that have not been dispatched yet.

use crate::name::Name;

/// An event of a node device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEvent {
    /// The name of the device.
    pub name: Name,
    /// What happened.
    pub change: Change,
}

/// What can happen to a node device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was added to the host, or started.
    Created,
    /// It was removed from the host, or stopped.
    Deleted,
    /// It was given a definition that outlives it.
    Defined,
    /// It lost its definition.
    Undefined,
    /// Its description may have changed.
    Updated,
}

/// Events in the order in which they happened. They are only kept while they are asked for.
#[derive(Debug, Default)]
pub struct EventQueue(Option<Vec<DeviceEvent>>);

impl EventQueue {
    /// Starts or stops to keep events. To stop drops those that are kept.
    pub fn keep(&mut self, keep: bool) {
        match keep {
            true => drop(self.0.get_or_insert_default()),
            false => self.0 = None,
        }
    }

    /// Whether events are kept.
    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// How many events are kept.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::len)
    }

    /// Adds an event to the end.
    pub fn push(&mut self, name: &Name, change: Change) {
        if let Some(events) = &mut self.0 {
            events.push(DeviceEvent {
                name: name.clone(),
                change,
            });
        }
    }

    /// Drops all events after the first `count`.
    pub fn truncate(&mut self, count: usize) {
        if let Some(events) = &mut self.0 {
            events.truncate(count);
        }
    }

    /// Puts events back before all others that were taken but not dispatched.
    pub fn give_back(&mut self, mut untold: Vec<DeviceEvent>) {
        if let Some(events) = &mut self.0 {
            untold.append(events);
            *events = untold;
        }
    }

    /// Takes all events out.
    pub fn take(&mut self) -> Vec<DeviceEvent> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_told_comes_first_again() {
        let name: Name = c"net_lo".into();
        let changes = |events: Vec<DeviceEvent>| -> Vec<Change> {
            events.into_iter().map(|event| event.change).collect()
        };
        let mut queue = EventQueue::default();
        queue.keep(true);
        queue.push(&name, Change::Created);
        queue.push(&name, Change::Updated);
        let untold = queue.take().split_off(1);
        queue.push(&name, Change::Deleted);
        queue.give_back(untold.clone());
        assert_eq!(changes(queue.take()), [Change::Updated, Change::Deleted]);
        // What a change that failed has added is dropped.
        for change in [Change::Created, Change::Updated, Change::Deleted] {
            queue.push(&name, change);
        }
        queue.truncate(2);
        assert_eq!(changes(queue.take()), [Change::Created, Change::Updated]);
        queue.keep(false);
        assert!(!queue.is_kept());
        queue.truncate(0);
        queue.give_back(untold);
        assert_eq!((queue.len(), changes(queue.take())), (0, vec![]));
    }
}
