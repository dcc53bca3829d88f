// SPDX-License-Identifier: LGPL-2.1-or-later
//! The devices of one host: by name, and in the one order of all lists.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};
use std::ffi::CStr;
use std::ops::Bound;
use std::sync::Arc;

use once_cell::sync::OnceCell;

use crate::caps::Capability;
use crate::device::Device;
use crate::name::Name;

/// A device found, and ordered, by its key: the path, or what stands for it.
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

/// The known devices of a host. No two have the same name, and no two the same key.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// `computer`, which comes before all others.
    computer: Option<Arc<Device>>,
    /// Every device, with its name beside it, so that a look-up touches no more memory than it must.
    by_name: HashMap<Name, Arc<Device>>,
    /// Every device but `computer`.
    by_key: BTreeSet<ByKey>,
    /// The mediated devices among them.
    mediated: BTreeSet<ByKey>,
    /// The names in order, made when they are asked for.
    names: OnceCell<Box<[Name]>>,
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

    /// The device of that name.
    pub fn by_name(&self, name: &CStr) -> Option<&Arc<Device>> {
        self.by_name.get(name)
    }

    /// The name as the registry keeps it, if there is such a device.
    pub fn shared_name(&self, name: &CStr) -> Option<Name> {
        Some(self.by_name.get_key_value(name)?.0.clone())
    }

    /// All names in the one order of all lists.
    pub fn names(&self) -> &[Name] {
        self.names
            .get_or_init(|| self.iter().map(|device| device.name.clone()).collect())
    }

    /// The device with that key; `computer` is not found this way.
    pub fn by_key(&self, key: &[u8]) -> Option<&Arc<Device>> {
        self.by_key.get(key).map(|found| &found.0)
    }

    /// The name of the device with that key.
    pub fn name_at(&self, key: &[u8]) -> Option<Name> {
        self.by_key(key).map(|device| device.name.clone())
    }

    /// Every device in the one order of all lists: `computer`, then by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.computer
            .iter()
            .chain(self.by_key.iter().map(|found| &found.0))
    }

    /// Every mediated device, in order.
    pub fn mediated(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.mediated.iter().map(|found| &found.0)
    }

    /// Adds a device in place of those with the same key or name. Returns the one whose key it has, else the one
    /// whose name it has.
    pub fn insert(&mut self, device: Device) -> Option<Arc<Device>> {
        let device = Arc::new(device);
        let same_name = self.remove_name(&device.name);
        let same_key = match device.kind {
            Capability::System => self.computer.replace(device.clone()),
            _ => {
                let old = self.by_key.replace(ByKey(device.clone()));
                old.map(|old| old.0)
            }
        };
        if let Some(old) = &same_key {
            self.by_name.remove(&old.name);
            self.mediated.remove(old.key());
        }
        if device.kind == Capability::Mdev {
            self.mediated.insert(ByKey(device.clone()));
        }
        self.by_name.insert(device.name.clone(), device);
        self.names.take();
        same_key.or(same_name)
    }

    /// Removes the device of that name.
    pub fn remove_name(&mut self, name: &CStr) -> Option<Arc<Device>> {
        let old = self.by_name.remove(name)?;
        self.by_key.remove(old.key());
        self.mediated.remove(old.key());
        self.computer.take_if(|computer| computer.name == old.name);
        self.names.take();
        Some(old)
    }

    /// Removes the device with that key; `computer` stays.
    pub fn remove_key(&mut self, key: &[u8]) -> Option<Arc<Device>> {
        let name = self.name_at(key)?;
        self.remove_name(&name)
    }

    /// The devices below that path, parents before their children.
    pub fn below(&self, path: &[u8]) -> Vec<Arc<Device>> {
        let prefix = [path, b"/"].concat();
        let from = (Bound::Included(prefix.as_slice()), Bound::Unbounded);
        let following = self.by_key.range::<[u8], _>(from).map(|found| &found.0);
        following
            .take_while(|device| device.key().starts_with(&prefix))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{computer, inactive, kernel, mediated};
    use super::*;

    fn names<'a>(devices: impl IntoIterator<Item = &'a Arc<Device>>) -> Vec<String> {
        let devices = devices.into_iter();
        devices.map(|device| device.name_text()).collect()
    }

    /// The registry must know exactly these devices, in this order, whichever way it is asked.
    fn check(registry: &Registry, expected: &[&str]) {
        assert_eq!(names(registry.iter()), expected);
        let listed: Vec<_> = registry.names().iter().collect();
        let kept: Vec<_> = registry.iter().map(|device| &device.name).collect();
        assert_eq!(listed, kept);
        assert_eq!(registry.by_name.len(), expected.len());
        for device in registry.iter() {
            let found = registry.by_name(&device.name).unwrap();
            assert!(Arc::ptr_eq(found, device));
            assert_eq!(
                registry.shared_name(&device.name).as_ref(),
                Some(&device.name)
            );
            if device.kind != Capability::System {
                assert!(Arc::ptr_eq(registry.by_key(device.key()).unwrap(), device));
            }
        }
        let is_mediated = |device: &&Arc<Device>| device.kind == Capability::Mdev;
        assert_eq!(
            names(registry.mediated()),
            names(registry.iter().filter(is_mediated))
        );
    }

    fn some() -> Registry {
        Registry::new([
            kernel("c", "/sys/devices/a/b"),
            kernel("b", "/sys/devices/z"),
            mediated("m", "/sys/devices/a/m"),
            kernel("a", "/sys/devices/a"),
            computer(),
        ])
    }

    #[test]
    fn the_order_is_computer_then_key() {
        let registry = some();
        check(&registry, &["computer", "a", "c", "m", "b"]);
        assert_eq!(
            registry.name_at(b"/sys/devices/z").unwrap().to_bytes(),
            b"b"
        );
        assert_eq!(registry.name_at(b"/sys/devices"), None);
        assert!(registry.by_name(c"x").is_none() && registry.shared_name(c"x").is_none());
    }

    #[test]
    fn what_lies_below_a_path_is_found() {
        let paths = [
            "/sys/a",
            "/sys/a-b",
            "/sys/a/x",
            "/sys/a.b/x",
            "/sys/a/x/y",
            "/sys/a0",
        ];
        let registry = Registry::new(paths.map(|path| kernel(path, path)));
        let below = |path: &str| names(&registry.below(path.as_bytes()));
        assert_eq!(below("/sys/a"), ["/sys/a/x", "/sys/a/x/y"]);
        assert_eq!(below("/sys/a/x/y"), [""; 0]);
    }

    #[test]
    fn of_two_devices_with_one_name_the_later_stays() {
        let mut registry = some();
        let old = registry.insert(kernel("b", "/sys/devices/0")).unwrap();
        assert_eq!(old.key(), b"/sys/devices/z");
        check(&registry, &["computer", "b", "a", "c", "m"]);
        assert_eq!(registry.name_at(b"/sys/devices/z"), None);
        assert!(registry.remove_key(b"/sys/devices/z").is_none());
        check(&registry, &["computer", "b", "a", "c", "m"]);
    }

    #[test]
    fn a_device_that_changes_its_name_leaves_none_behind() {
        let mut registry = some();
        let old = registry.insert(kernel("y", "/sys/devices/z")).unwrap();
        assert_eq!(old.name_text(), "b");
        check(&registry, &["computer", "a", "c", "m", "y"]);
    }

    #[test]
    fn a_device_may_take_the_name_of_one_and_the_key_of_another() {
        let mut registry = some();
        let old = registry.insert(kernel("a", "/sys/devices/z")).unwrap();
        assert_eq!(old.name_text(), "b");
        check(&registry, &["computer", "c", "m", "a"]);
    }

    #[test]
    fn a_device_is_replaced_by_itself() {
        let mut registry = some();
        for device in [
            computer(),
            kernel("a", "/sys/devices/a"),
            mediated("m", "/sys/devices/a/m"),
            inactive("m", "/sys/devices/a/m", "t-1"),
        ] {
            let (name, kind) = (device.name.clone(), device.kind);
            let old = registry.insert(device).unwrap();
            assert_eq!((&old.name, old.kind), (&name, kind));
            check(&registry, &["computer", "a", "c", "m", "b"]);
        }
        assert!(registry.insert(kernel("n", "/sys/devices/n")).is_none());
    }

    #[test]
    fn mediated_devices_come_and_go() {
        let mut registry = some();
        registry.insert(mediated("n", "/sys/devices/n"));
        assert_eq!(names(registry.mediated()), ["m", "n"]);
        // Another kind of device takes the key of one, and the name of the other.
        registry.insert(kernel("x", "/sys/devices/a/m"));
        assert_eq!(names(registry.mediated()), ["n"]);
        registry.insert(kernel("n", "/sys/devices/0"));
        assert_eq!(names(registry.mediated()), [""; 0]);
        registry.insert(mediated("x", "/sys/devices/a/m"));
        check(&registry, &["computer", "n", "a", "c", "x", "b"]);
        registry.remove_name(c"x");
        registry.insert(mediated("y", "/sys/devices/y"));
        registry.remove_key(b"/sys/devices/y");
        check(&registry, &["computer", "n", "a", "c", "b"]);
    }

    #[test]
    fn removed_devices_are_known_no_more() {
        let mut registry = some();
        registry.names();
        assert_eq!(registry.remove_name(c"a").unwrap().key(), b"/sys/devices/a");
        check(&registry, &["computer", "c", "m", "b"]);
        assert!(registry.remove_name(c"a").is_none());
        assert!(registry.remove_key(b"/sys/devices/a").is_none());
        assert_eq!(
            registry
                .remove_key(b"/sys/devices/a/b")
                .unwrap()
                .name_text(),
            "c"
        );
        check(&registry, &["computer", "m", "b"]);
        assert_eq!(
            registry.remove_name(c"computer").unwrap().name_text(),
            "computer"
        );
        check(&registry, &["m", "b"]);
        assert!(
            registry
                .remove_key(b"/sys/devices/virtual/dmi/id")
                .is_none()
        );
    }
}
