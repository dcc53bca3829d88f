// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The devices of one host, by name and in the order in which they are listed.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashSet};
use std::ffi::CStr;
use std::hash::{Hash, Hasher};
use std::ops::Bound;
use std::sync::Arc;

use foldhash::fast::RandomState;
use once_cell::sync::OnceCell;

use crate::caps::Capability;
use crate::device::{Device, Origin};
use crate::name::Name;

/// A device that is ordered by its key; see [`Device::key`].
#[derive(Debug, Clone)]
struct ByKey(Arc<Device>);

impl Borrow<[u8]> for ByKey {
    fn borrow(&self) -> &[u8] {
        self.0.key()
    }
}

impl PartialEq for ByKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl Eq for ByKey {}

impl PartialOrd for ByKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.key().cmp(other.0.key())
    }
}

/// A device that is found by its name.
#[derive(Debug, Clone)]
struct ByName(Arc<Device>);

impl Borrow<CStr> for ByName {
    fn borrow(&self) -> &CStr {
        &self.0.name
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
        self.0.name.hash(state);
    }
}

/// The known devices of a host. No two have the same name, and no two the same key.
///
/// The kernel may have several devices that get the same name. As after a scan by libvirt, the one with the last path
/// has the name, and the others are hidden until it is removed.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// `computer`, which is before all others in order.
    computer: Option<Arc<Device>>,
    /// All devices by name. The hasher is one for short texts, seeded at random: names that collide cannot be chosen in
    /// advance.
    by_name: HashSet<ByName, RandomState>,
    /// All devices except `computer`, in order.
    by_key: BTreeSet<ByKey>,
    /// The mediated devices among them.
    mediated: BTreeSet<ByKey>,
    /// Devices of the kernel that are hidden because others have their names.
    hidden: BTreeSet<ByKey>,
    /// The names in order, made when they are asked for.
    names: OnceCell<Box<[Name]>>,
}

impl Registry {
    /// A registry of these devices, each added after the one before.
    pub fn new(devices: impl IntoIterator<Item = Device>) -> Registry {
        let devices: Vec<_> = devices.into_iter().map(Arc::new).collect();
        let mut registry = Registry::of_different(&devices);
        let count = registry.by_key.len() + usize::from(registry.computer.is_some());
        if registry.by_name.len() < devices.len() || count < devices.len() {
            // Some have the same name or key.
            registry = Registry::default();
            for device in devices {
                registry.add(device);
            }
        }
        registry
    }

    /// A registry of devices of which no two have the same name or key; otherwise some are missing.
    fn of_different(devices: &[Arc<Device>]) -> Registry {
        let (of_system, others): (Vec<_>, Vec<_>) = devices
            .iter()
            .cloned()
            .partition(|device| device.kind == Capability::System);
        let mediated = others.iter().filter(|d| d.kind == Capability::Mdev);
        Registry {
            computer: of_system.into_iter().next(),
            by_name: devices.iter().cloned().map(ByName).collect(),
            mediated: mediated.cloned().map(ByKey).collect(),
            by_key: others.into_iter().map(ByKey).collect(),
            hidden: BTreeSet::new(),
            names: OnceCell::new(),
        }
    }

    /// The device with this name; `None` if there is none, or only a hidden one.
    pub fn by_name(&self, name: &CStr) -> Option<&Arc<Device>> {
        self.by_name.get(name).map(|found| &found.0)
    }

    /// The name as the registry shares it; `None` if no device has it.
    pub fn shared_name(&self, name: &CStr) -> Option<Name> {
        Some(self.by_name(name)?.name.clone())
    }

    /// All names, in the order in which devices are listed.
    pub fn names(&self) -> &[Name] {
        self.names
            .get_or_init(|| self.iter().map(|device| device.name.clone()).collect())
    }

    /// The device with this key; `computer` and hidden devices are not found this way.
    pub fn by_key(&self, key: &[u8]) -> Option<&Arc<Device>> {
        self.by_key.get(key).map(|found| &found.0)
    }

    /// The active device with this key, which may be hidden.
    pub fn active_at(&self, key: &[u8]) -> Option<&Arc<Device>> {
        self.hidden_or_by_key(key)
            .filter(|device| device.is_active())
    }

    fn hidden_or_by_key(&self, key: &[u8]) -> Option<&Arc<Device>> {
        let hidden = || self.hidden.get(key).map(|found| &found.0);
        self.by_key(key).or_else(hidden)
    }

    /// The name of the device with this key, which may be hidden.
    pub fn name_at(&self, key: &[u8]) -> Option<Name> {
        let device = self.hidden_or_by_key(key)?;
        Some(device.name.clone())
    }

    /// All devices in the order in which they are listed: `computer`, then by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.computer
            .iter()
            .chain(self.by_key.iter().map(|found| &found.0))
    }

    /// All mediated devices, in order.
    pub fn mediated(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.mediated.iter().map(|found| &found.0)
    }

    /// Adds a device. It replaces those with the same key or name, except that of two devices of the kernel with the
    /// same name one is hidden. Returns the device that had its key, or else the one that had its name. After that
    /// [`Registry::show`] can give a name that is free to a hidden device.
    pub fn insert(&mut self, device: Device) -> Option<Arc<Device>> {
        self.add(Arc::new(device))
    }

    fn add(&mut self, device: Arc<Device>) -> Option<Arc<Device>> {
        self.hidden.remove(device.key());
        let rival = self.by_name(&device.name).cloned();
        let rival = rival.filter(|rival| are_two_of_kernel(rival, &device));
        if rival.as_ref().is_some_and(|r| r.key() > device.key()) {
            let old = self.remove_key(device.key());
            self.hidden.insert(ByKey(device));
            return old;
        }
        let same_name = self.remove_name(&device.name);
        self.hidden.extend(rival.map(ByKey));
        let same_key = match device.kind {
            Capability::System if self.is_first_system(&device) => {
                self.computer.replace(device.clone())
            }
            _ => {
                let old = self.by_key.replace(ByKey(device.clone()));
                old.map(|old| old.0)
            }
        };
        if let Some(old) = &same_key {
            self.by_name.remove(&*old.name);
            self.mediated.remove(old.key());
        }
        if device.kind == Capability::Mdev {
            self.mediated.insert(ByKey(device.clone()));
        }
        self.by_name.insert(ByName(device));
        self.names.take();
        same_key.or(same_name)
    }

    /// Whether no other device has the capability `system`. A second one, which only files of the test driver can have,
    /// is listed like any other device.
    fn is_first_system(&self, device: &Device) -> bool {
        let computer = self.computer.as_ref();
        computer.is_none_or(|computer| computer.key() == device.key())
    }

    /// Shows the last of the hidden devices with this name, if no other device has the name. Returns whether there was
    /// one.
    pub fn show(&mut self, name: &Name) -> bool {
        if self.hidden.is_empty() || self.by_name(name).is_some() {
            return false;
        }
        let mut hidden = self.hidden.iter().rev();
        let Some(found) = hidden.find(|found| found.0.name == *name).cloned() else {
            return false;
        };
        self.insert(Device::clone(&found.0));
        true
    }

    /// Removes the device with this name, and returns it.
    pub fn remove_name(&mut self, name: &CStr) -> Option<Arc<Device>> {
        let ByName(old) = self.by_name.take(name)?;
        self.by_key.remove(old.key());
        self.mediated.remove(old.key());
        self.computer.take_if(|computer| computer.name == old.name);
        self.names.take();
        Some(old)
    }

    /// Removes the device with this key, and returns it unless it was hidden; `computer` is not removed.
    pub fn remove_key(&mut self, key: &[u8]) -> Option<Arc<Device>> {
        self.hidden.remove(key);
        let name = self.by_key(key)?.name.clone();
        self.remove_name(&name)
    }

    /// The devices below this path, hidden ones too, parents before their children.
    pub fn below(&self, path: &[u8]) -> Vec<Arc<Device>> {
        let prefix = [path, b"/"].concat();
        let below = |devices: &BTreeSet<ByKey>| -> Vec<Arc<Device>> {
            let from = (Bound::Included(prefix.as_slice()), Bound::Unbounded);
            let following = devices.range::<[u8], _>(from).map(|found| &found.0);
            following
                .take_while(|device| device.key().starts_with(&prefix))
                .cloned()
                .collect()
        };
        let mut found = below(&self.by_key);
        found.extend(below(&self.hidden));
        found.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        found
    }
}

/// Whether these are two different devices of the kernel. One that comes from a document or a definition replaces the
/// other.
fn are_two_of_kernel(one: &Device, other: &Device) -> bool {
    let is_of_kernel = |device: &Device| matches!(device.origin, Origin::Kernel(_));
    is_of_kernel(one) && is_of_kernel(other) && one.key() != other.key()
}

#[cfg(test)]
mod tests;
