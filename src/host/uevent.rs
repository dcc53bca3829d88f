// SPDX-License-Identifier: LGPL-2.1-or-later
//! The messages of the kernel or udevd about devices.

use std::os::unix::ffi::OsStrExt;

use super::files::syspath;

/// One uevent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uevent {
    /// What happened to the device.
    pub action: Action,
    /// The device's folder, `/sys/devices/…`.
    pub path: Vec<u8>,
    /// The device's folder before a move; `None` if it was not moved.
    pub old_path: Option<Vec<u8>>,
    /// The kernel's sequence number, `SEQNUM`.
    pub number: u64,
}

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was added.
    Added,
    /// Something about it has changed.
    Changed,
    /// It has another name or parent.
    Moved,
    /// It was removed.
    Removed,
}

impl Uevent {
    /// Reads a message; `None` for another action, or a path that is not that of a device.
    pub fn of(message: &udev::Event) -> Option<Uevent> {
        let action = match message.action()?.as_bytes() {
            b"add" => Action::Added,
            b"change" => Action::Changed,
            b"remove" => Action::Removed,
            b"move" => Action::Moved,
            _ => return None,
        };
        let old_path = match message.property_value("DEVPATH_OLD") {
            Some(old) => Some(syspath(old.as_bytes())?),
            None => None,
        };
        Some(Uevent {
            action,
            path: syspath(message.devpath().as_bytes())?,
            old_path,
            number: message.sequence_number(),
        })
    }
}
