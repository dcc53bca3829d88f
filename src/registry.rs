// SPDX-License-Identifier: LGPL-2.1-or-later
//! The devices of one host: by name, and in the order of their paths.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::caps::Capability;
use crate::connection::Name;
use crate::device::Device;

/// A device found by its name.
#[derive(Debug)]
struct ByName(Arc<Device>);

/// A device found, and ordered, by its path.
#[derive(Debug)]
struct ByPath(Arc<Device>);

impl Borrow<[u8]> for ByName {
    fn borrow(&self) -> &[u8] {
        self.0.name.to_bytes()
    }
}

impl PartialEq for ByName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for ByName {}

impl Hash for ByName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.to_bytes().hash(state);
    }
}

impl Borrow<[u8]> for ByPath {
    fn borrow(&self) -> &[u8] {
        self.0.key()
    }
}

impl PartialEq for ByPath {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl Eq for ByPath {}

impl PartialOrd for ByPath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByPath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.key().cmp(other.0.key())
    }
}

/// The known devices of a host.
#[derive(Debug, Default)]
pub struct Registry {
    /// `computer` comes before all others.
    root: Option<Arc<Device>>,
    by_name: HashSet<ByName>,
    by_path: BTreeSet<ByPath>,
}

impl Registry {
    /// A registry of these devices. Of two with the same name the later one stays.
    pub fn new(devices: impl IntoIterator<Item = Device>) -> Registry {
        let mut registry = Registry::default();
        for device in devices {
            registry.insert(device);
        }
        registry
    }

    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The device of that name.
    pub fn by_name(&self, name: &[u8]) -> Option<&Arc<Device>> {
        self.by_name.get(name).map(|found| &found.0)
    }

    /// The name of the device at that path.
    pub fn name_at(&self, path: &[u8]) -> Option<Name> {
        self.by_path.get(path).map(|found| found.0.name.clone())
    }

    /// Every device in the one order of all lists.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.root
            .iter()
            .chain(self.by_path.iter().map(|found| &found.0))
    }

    /// Adds a device, in place of one with the same path or name.
    pub fn insert(&mut self, device: Device) {
        let device = Arc::new(device);
        if device.kind == Capability::System {
            if let Some(old) = self.root.replace(device.clone()) {
                self.by_name.remove(old.name.to_bytes());
            }
        } else if let Some(old) = self.by_path.replace(ByPath(device.clone())) {
            self.by_name.remove(old.0.name.to_bytes());
        }
        if let Some(old) = self.by_name.replace(ByName(device.clone())) {
            if old.0.key() != device.key() {
                self.by_path.remove(old.0.key());
            }
        }
    }

    /// Removes the device at that path.
    pub fn remove_path(&mut self, path: &[u8]) {
        if let Some(old) = self.by_path.take(path) {
            self.by_name.remove(old.0.name.to_bytes());
        }
    }
}
