// SPDX-License-Identifier: LGPL-2.1-or-later
//! What happens to node devices, and what of it was not told yet.

use super::notifier::Bell;
use crate::host::monitor::Monitor;
use crate::name::Name;

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
    /// It was given a definition that outlives it.
    Defined,
    /// It lost its definition.
    Undefined,
    /// Its description may be another now.
    Updated,
}

/// What happened and was not told yet.
#[derive(Debug, Default)]
pub struct Events {
    /// Nothing while nobody asks to be told.
    pub queue: Option<Vec<DeviceEvent>>,
    /// Rings while there are events to take.
    pub bell: Option<Bell>,
}

impl Events {
    pub fn push(&mut self, name: &Name, change: Change) {
        if let Some(queue) = &mut self.queue {
            queue.push(DeviceEvent {
                name: name.clone(),
                change,
            });
        }
    }

    /// Hears of news through the monitor's descriptors, which may be new.
    pub fn listen(&self, monitor: &Monitor) {
        if let Some(bell) = &self.bell {
            // Without it the next call still takes in what there is.
            monitor.fds().for_each(|fd| drop(bell.listen(fd)));
        }
    }

    pub fn pending(&self) -> usize {
        self.queue.as_ref().map_or(0, Vec::len)
    }
}
