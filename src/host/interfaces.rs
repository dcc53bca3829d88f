// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The network interfaces that exist, to notice one that was added or removed without a message.

use std::collections::HashMap;

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, openat};

use super::files::{basename, dirname};
use super::found::{found, retry_interrupted};
use crate::error::Result;

/// The folder with every interface of the namespace for which sysfs was mounted.
const FOLDER: &[u8] = b"/sys/class/net";

/// The interfaces that are known.
#[derive(Debug, Default)]
pub struct Interfaces {
    /// The names, with the inode number of the entry in sysfs: a later interface with the same name
    /// has another number. `None` for an interface that is only known from a message.
    known: HashMap<Box<[u8]>, Option<u64>>,
}

impl Interfaces {
    /// Learns all interfaces that exist.
    pub fn learn(&mut self) -> Result<()> {
        let entries = entries()?.into_iter();
        self.known = entries.map(|(name, number)| (name, Some(number))).collect();
        Ok(())
    }

    /// Takes in a message that a device was added or removed; devices that are no interfaces are
    /// ignored.
    pub fn received(&mut self, path: &[u8], is_there: bool) {
        let name = basename(path);
        if basename(dirname(path)) != b"net" {
            return;
        }
        if is_there {
            self.known.insert(name.into(), None);
        } else {
            self.known.remove(name);
        }
    }

    /// Whether an interface was added or removed without a message.
    pub fn differ(&self) -> Result<bool> {
        let entries = entries()?;
        let is_known = |(name, number): &(Box<[u8]>, u64)| {
            let known = self.known.get(name);
            known.is_some_and(|known| known.is_none_or(|known| known == *number))
        };
        Ok(entries.len() != self.known.len() || !entries.iter().all(is_known))
    }
}

/// The names and inode numbers of the interfaces in the folder.
fn entries() -> Result<Vec<(Box<[u8]>, u64)>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let list = || {
        let folder = Dir::new(openat(CWD, FOLDER, flags, Mode::empty())?)?;
        let mut entries = Vec::new();
        for entry in folder {
            let entry = entry?;
            // `bonding_masters` is not an interface, but an attribute of a driver.
            if entry.file_type() == FileType::Symlink {
                entries.push((entry.file_name().to_bytes().into(), entry.ino()));
            }
        }
        Ok(entries)
    };
    Ok(found("list", FOLDER, retry_interrupted(list))?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_messages_tell_of_is_accounted_for() {
        let mut interfaces = Interfaces::default();
        interfaces.learn().unwrap();
        assert!(!interfaces.differ().unwrap());
        let path = |name: &str| format!("/sys/devices/virtual/net/{name}").into_bytes();
        // A message tells of one that does not exist, then that it is gone.
        interfaces.received(&path("none-such"), true);
        assert!(interfaces.differ().unwrap());
        interfaces.received(&path("none-such"), false);
        assert!(!interfaces.differ().unwrap());
        // Neither a queue nor another device is an interface.
        interfaces.received(&path("none-such/queues/rx-0"), true);
        interfaces.received(b"/sys/devices/virtual/block/loop0", true);
        interfaces.received(b"net", true);
        assert!(!interfaces.differ().unwrap());
    }

    #[test]
    fn a_successor_of_the_same_name_is_another() {
        let mut interfaces = Interfaces::default();
        interfaces.learn().unwrap();
        let Some(name) = interfaces.known.keys().next().cloned() else {
            return; // a host without a network
        };
        interfaces.known.insert(name.clone(), Some(u64::MAX));
        assert!(interfaces.differ().unwrap());
        interfaces.known.insert(name, None);
        assert!(!interfaces.differ().unwrap());
    }
}
