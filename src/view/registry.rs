// SPDX-License-Identifier: LGPL-2.1-or-later
//! The devices of one host: by name, and in the order of their paths.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};
use std::ffi::CStr;
use std::ops::Bound;
use std::sync::Arc;

use once_cell::sync::OnceCell;

use crate::caps::Capability;
use crate::device::Device;
use crate::name::Name;

/// A device found, and ordered, by its path.
#[derive(Debug)]
struct ByPath(Arc<Device>);

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
    /// Beside each device its name, so that a look-up touches no more memory than it must.
    by_name: HashMap<Name, Arc<Device>>,
    by_path: BTreeSet<ByPath>,
    /// How many of them are mediated devices.
    mediated: usize,
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

    /// Every mediated device, in order. Most hosts have none, which costs nothing.
    pub fn mediated(&self) -> impl Iterator<Item = &Arc<Device>> {
        let devices = (self.mediated > 0).then(|| self.iter());
        devices.into_iter().flatten().filter(|d| is_mediated(d))
    }

    /// Adds a device, in place of one with the same path or name; returns the one
    /// whose path it takes over, else the one whose name it takes over.
    pub fn insert(&mut self, device: Device) -> Option<Arc<Device>> {
        let device = Arc::new(device);
        let same_path = if device.kind == Capability::System {
            self.root.replace(device.clone())
        } else {
            self.by_path
                .replace(ByPath(device.clone()))
                .map(|old| old.0)
        };
        if let Some(old) = &same_path {
            self.by_name.remove(&old.name);
        }
        // The key goes too: it is shared with the old device.
        let same_name = self.by_name.remove(&device.name);
        if let Some(old) = same_name.as_ref().filter(|old| old.key() != device.key()) {
            self.by_path.remove(old.key());
        }
        self.mediated += usize::from(is_mediated(&device));
        for old in [&same_path, &same_name].into_iter().flatten() {
            self.mediated -= usize::from(is_mediated(old));
        }
        self.by_name.insert(device.name.clone(), device);
        self.names.take();
        same_path.or(same_name)
    }

    /// Removes the device of that name.
    pub fn remove_name(&mut self, name: &CStr) -> Option<Arc<Device>> {
        let old = self.by_name.remove(name)?;
        self.by_path.remove(old.key());
        self.mediated -= usize::from(is_mediated(&old));
        self.names.take();
        Some(old)
    }

    /// The devices below that path, parents before their children.
    pub fn below(&self, path: &[u8]) -> Vec<Arc<Device>> {
        let prefix = [path, b"/"].concat();
        let from = (Bound::Included(prefix.as_slice()), Bound::Unbounded);
        let following = self.by_path.range::<[u8], _>(from).map(|found| &found.0);
        following
            .take_while(|device| device.key().starts_with(&prefix))
            .cloned()
            .collect()
    }

    /// Removes the device at that path.
    pub fn remove_path(&mut self, path: &[u8]) -> Option<Arc<Device>> {
        let old = self.by_path.take(path)?.0;
        self.by_name.remove(&old.name);
        self.mediated -= usize::from(is_mediated(&old));
        self.names.take();
        Some(old)
    }
}

fn is_mediated(device: &Device) -> bool {
    device.kind == Capability::Mdev
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caps::Cache;
    use crate::device::{KernelDevice, Origin};
    use std::ffi::CString;

    fn device(name: &str, path: &str, parent: Option<&str>) -> Device {
        let name_of = |text: &str| Name::from(CString::new(text).unwrap());
        Device {
            name: name_of(name),
            kind: match parent {
                None => Capability::System,
                Some(_) => Capability::Net,
            },
            parent: parent.map(name_of),
            origin: Origin::Kernel(KernelDevice {
                path: path.as_bytes().into(),
                subsystem: b"net",
                uevent: Box::default(),
                suffix: None,
                cache: Cache::default(),
            }),
            definition: None,
        }
    }

    fn names(registry: &Registry) -> Vec<String> {
        registry.iter().map(|device| device.name_text()).collect()
    }

    #[test]
    fn the_order_is_computer_then_path() {
        let registry = Registry::new([
            device("c", "/sys/devices/a/b", Some("computer")),
            device("b", "/sys/devices/z", Some("computer")),
            device("a", "/sys/devices/a", Some("computer")),
            device("computer", "/sys/devices/virtual/dmi/id", None),
        ]);
        assert_eq!(names(&registry), ["computer", "a", "c", "b"]);
        assert_eq!(registry.iter().count(), 4);
        assert!(registry.by_name(c"c").is_some());
        assert_eq!(
            registry.name_at(b"/sys/devices/z").unwrap().to_bytes(),
            b"b"
        );
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
        let registry = Registry::new(paths.map(|path| device(path, path, Some("computer"))));
        let below = |path: &str| -> Vec<String> {
            let found = registry.below(path.as_bytes());
            found.iter().map(|device| device.name_text()).collect()
        };
        assert_eq!(below("/sys/a"), ["/sys/a/x", "/sys/a/x/y"]);
        assert_eq!(below("/sys/a/x/y"), [""; 0]);
    }

    #[test]
    fn of_two_devices_with_one_name_the_later_stays() {
        let mut registry = Registry::new([device("x", "/sys/devices/1", Some("computer"))]);
        registry.insert(device("x", "/sys/devices/2", Some("computer")));
        assert_eq!(names(&registry), ["x"]);
        assert_eq!(registry.name_at(b"/sys/devices/1"), None);
        registry.remove_path(b"/sys/devices/1");
        assert_eq!(registry.iter().count(), 1);
    }

    #[test]
    fn a_device_that_changes_its_name_leaves_none_behind() {
        let mut registry = Registry::new([device("x", "/sys/devices/1", Some("computer"))]);
        registry.insert(device("y", "/sys/devices/1", Some("computer")));
        assert_eq!(names(&registry), ["y"]);
        assert!(registry.by_name(c"x").is_none());
        registry.remove_path(b"/sys/devices/1");
        assert_eq!(registry.iter().count(), 0);
    }
}
