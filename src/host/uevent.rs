// SPDX-License-Identifier: LGPL-2.1-or-later
//! What the kernel or udevd tells of a device.

use std::os::unix::ffi::OsStrExt;

use super::files::syspath;

/// One uevent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uevent {
    /// What happened.
    pub action: Action,
    /// The device's directory, `/sys/devices/…`.
    pub path: Vec<u8>,
    /// The directory before a move.
    pub old_path: Option<Vec<u8>>,
    /// The kernel's number of it.
    pub number: u64,
}

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was added.
    Added,
    /// Something about it changed.
    Changed,
    /// It has another name or parent.
    Moved,
    /// It was removed.
    Removed,
}

impl Uevent {
    /// What a message says, if it is of something that can happen to a device.
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
