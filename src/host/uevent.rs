// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The messages of the kernel or udevd about devices.

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

/// What a message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The kernel's sequence number, `SEQNUM`.
    pub number: u64,
    /// The uevent; `None` for another action than those of [`Action`], or a path that is not that of a device.
    pub event: Option<Uevent>,
}

impl Uevent {
    /// The uevent of a message with these properties: ACTION, DEVPATH, DEVPATH_OLD and SEQNUM. `None` for another action, or a
    /// path that is not that of a device.
    pub fn new(
        action: &[u8],
        devpath: &[u8],
        old_devpath: Option<&[u8]>,
        number: u64,
    ) -> Option<Uevent> {
        let action = match action {
            b"add" => Action::Added,
            b"change" => Action::Changed,
            b"remove" => Action::Removed,
            b"move" => Action::Moved,
            _ => return None,
        };
        let old_path = match old_devpath {
            Some(old) => Some(syspath(old)?),
            None => None,
        };
        Some(Uevent {
            action,
            path: syspath(devpath)?,
            old_path,
            number,
        })
    }
}
