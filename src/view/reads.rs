// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The devices for which there are messages, each read once for all messages that came together: what is read after the
//! last of them came is newer than all of them.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::registry::Registry;
use crate::device::Device;
use crate::device::scan::find;
use crate::error::Result;
use crate::host::Host;
use crate::host::found::Found;

/// What was read for messages that came together, by path; `None` for a device that does not exist.
#[derive(Debug, Default)]
pub struct Reads<'a> {
    scanned: Option<&'a Registry>,
    read: HashMap<Box<[u8]>, Option<Read>>,
}

/// A device that was read.
#[derive(Debug)]
pub struct Read {
    device: Device,
    affects_definitions: OnceCell<bool>,
}

impl<'a> Reads<'a> {
    /// Uses what a scan has read after the messages came, and reads nothing else.
    pub fn scanned(devices: &'a Registry) -> Reads<'a> {
        Reads {
            scanned: Some(devices),
            read: HashMap::new(),
        }
    }

    /// The device at a path; `None` if there is none. The caller gives it its definition and its parent.
    pub fn find(&mut self, host: &Host, path: &[u8]) -> Found<&Read> {
        if !self.read.contains_key(path) {
            let device = match self.scanned {
                Some(devices) => devices.active_at(path).map(|d| Device::clone(d)),
                None => find(host, path)?,
            };
            let read = device.map(|device| Read {
                device,
                affects_definitions: OnceCell::new(),
            });
            self.read.insert(path.into(), read);
        }
        Ok(self.read.get(path).and_then(Option::as_ref))
    }
}

impl Read {
    /// The device as it was read.
    pub fn device(&self) -> Device {
        self.device.clone()
    }

    /// Whether the device affects definitions. `ask` finds out, and may read files; it is called once for the device.
    pub fn affects_definitions(&self, ask: impl FnOnce(&Device) -> Result<bool>) -> Result<bool> {
        if let Some(answer) = self.affects_definitions.get() {
            return Ok(*answer);
        }
        let answer = ask(&self.device)?;
        Ok(*self.affects_definitions.get_or_init(|| answer))
    }
}
