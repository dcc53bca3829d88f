// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Messages and scans on a small tree of sysfs. The expected events are those that libvirt had for
//! such changes in the recordings in tests/data/events and tests/data/mdev.

mod definitions;
mod names;

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::*;

const NET: &str = "/sys/devices/virtual/net";
const MTTY: &str = "/sys/devices/virtual/mtty/mtty";
const ONE: &str = "11111111-2222-3333-4444-555555555501";
const TWO: &str = "11111111-2222-3333-4444-555555555502";
const NAME_ONE: &str = "mdev_11111111_2222_3333_4444_555555555501_mtty";
const NAME_TWO: &str = "mdev_11111111_2222_3333_4444_555555555502_mtty";

/// A recorded host whose devices are added and removed, and its known devices.
struct Scene {
    root: tempfile::TempDir,
    host: Host,
    known: Known,
}

impl Scene {
    /// A scanned host with the interface `eth0`.
    fn new() -> Scene {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("sys")).unwrap();
        let host = Host::recorded(root.path()).unwrap();
        let mut scene = Scene {
            root,
            host,
            known: Known::default(),
        };
        scene.put_net("eth0", "02:00:00:00:00:00");
        scene.known.registry = scene.known.scan(&scene.host).unwrap();
        scene.known.events.keep(true);
        scene
    }

    fn place(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    fn put(&self, path: &str, text: &str) {
        let place = self.place(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    /// A link within sysfs, relative as the kernel's are.
    fn link(&self, path: &str, target: &str) {
        let place = self.place(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let up = "../".repeat(path.matches('/').count() - 2);
        symlink(up + target.strip_prefix("/sys/").unwrap(), place).unwrap();
    }

    fn put_device(&self, path: &str, subsystem: &str, uevent: &str) {
        let name = path.rsplit('/').next().unwrap();
        self.put(&format!("{path}/uevent"), uevent);
        self.link(&format!("{path}/subsystem"), subsystem);
        let folder = match subsystem.starts_with("/sys/bus/") {
            true => format!("{subsystem}/devices"),
            false => subsystem.to_string(),
        };
        self.link(&format!("{folder}/{name}"), path);
    }

    fn put_net(&self, name: &str, address: &str) {
        self.put_net_at(&format!("{NET}/{name}"), name, address);
    }

    fn put_net_at(&self, path: &str, name: &str, address: &str) {
        self.put_device(path, "/sys/class/net", &format!("INTERFACE={name}\n"));
        self.put(&format!("{path}/address"), &format!("{address}\n"));
    }

    fn put_mtty(&self) {
        self.put_device(MTTY, "/sys/class/mtty", "");
        self.link("/sys/class/mdev_bus/mtty", MTTY);
        self.put(
            &format!("{MTTY}/mdev_supported_types/mtty-1/device_api"),
            "vfio-pci\n",
        );
    }

    fn put_mdev(&self, uuid: &str) {
        let path = format!("{MTTY}/{uuid}");
        self.put_device(&path, "/sys/bus/mdev", "DRIVER=mtty\n");
        self.link(
            &format!("{path}/mdev_type"),
            &format!("{MTTY}/mdev_supported_types/mtty-1"),
        );
        self.put("/sys/kernel/iommu_groups/7/type", "");
        self.link(&format!("{path}/iommu_group"), "/sys/kernel/iommu_groups/7");
    }

    fn define(&self, uuid: &str, type_id: &str) {
        let text = format!(r#"{{"mdev_type":"{type_id}","start":"manual"}}"#);
        self.put(&format!("/etc/mdevctl.d/mtty/{uuid}"), &text);
    }

    fn undefine(&self, uuid: &str) {
        fs::remove_file(self.place(&format!("/etc/mdevctl.d/mtty/{uuid}"))).unwrap();
    }

    /// Removes the device at a path, and the link to it.
    fn remove(&self, path: &str) {
        let name = path.rsplit('/').next().unwrap();
        fs::remove_dir_all(self.place(path)).unwrap();
        for folder in ["net", "mtty", "mdev_bus"] {
            let _ = fs::remove_file(self.place(&format!("/sys/class/{folder}/{name}")));
        }
        let _ = fs::remove_file(self.place(&format!("/sys/bus/mdev/devices/{name}")));
    }

    /// Moves a parent of mediated devices to another name, and the interface below it to another
    /// path.
    fn move_mtty(&self, old: &str, new: &str, net: &str) {
        let name = |path: &str| path.rsplit('/').next().unwrap().to_string();
        fs::rename(self.place(old), self.place(new)).unwrap();
        for folder in ["mtty", "mdev_bus"] {
            let folder = format!("/sys/class/{folder}");
            fs::remove_file(self.place(&format!("{folder}/{}", name(old)))).unwrap();
            self.link(&format!("{folder}/{}", name(new)), new);
        }
        let (link, path) = (format!("/sys/class/net/{net}"), format!("{new}/{net}"));
        fs::remove_file(self.place(&link)).unwrap();
        if self.place(&path).exists() {
            self.link(&link, &path);
        }
    }

    /// The events after a message.
    fn told(&mut self, action: Action, path: &str) -> Vec<String> {
        self.told_of_move(action, None, path)
    }

    /// The same if messages for other changes have not come yet.
    fn told_of(&mut self, action: Action, path: &str) -> Vec<String> {
        self.apply(action, None, path);
        self.events()
    }

    fn apply(&mut self, action: Action, old_path: Option<&str>, path: &str) {
        let event = Uevent {
            action,
            path: path.into(),
            old_path: old_path.map(Into::into),
            number: 0,
        };
        let mut reads = Reads::default();
        self.known.apply(&self.host, &event, &mut reads).unwrap();
    }

    fn told_of_move(&mut self, action: Action, old_path: Option<&str>, path: &str) -> Vec<String> {
        self.apply(action, old_path, path);
        self.take()
    }

    fn told_of_definitions(&mut self) -> Vec<String> {
        self.known.read_definitions(&self.host).unwrap();
        self.take()
    }

    /// The events. The known devices must be those that a new scan finds.
    fn take(&mut self) -> Vec<String> {
        let found = |registry: &Registry| -> Vec<_> {
            let devices = registry.iter();
            devices
                .map(|device| {
                    let parent = device.parent.clone();
                    let definition = device.definition.clone();
                    (device.name.clone(), parent, definition, device.is_active())
                })
                .collect()
        };
        let fresh = Known::default().scan(&self.host).unwrap();
        assert_eq!(found(&self.known.registry), found(&fresh));
        self.events()
    }

    fn events(&mut self) -> Vec<String> {
        let text = |event: crate::view::DeviceEvent| {
            let name = event.name.to_str().unwrap();
            format!("{:?} {name}", event.change)
        };
        self.known.events.take().into_iter().map(text).collect()
    }
}

const ETH0: &str = "net_eth0_02_00_00_00_00_00";
const ETH1: &str = "net_eth1_02_00_00_00_00_01";

#[test]
fn devices_are_added_changed_and_removed() {
    let mut scene = Scene::new();
    scene.put_net("eth1", "02:00:00:00:00:01");
    let path = format!("{NET}/eth1");
    assert_eq!(
        scene.told(Action::Added, &path),
        [format!("Created {ETH1}")]
    );
    assert_eq!(
        scene.told(Action::Changed, &path),
        [format!("Updated {ETH1}")]
    );
    // A known device is not created again, even if a message says that it was added.
    assert_eq!(
        scene.told(Action::Added, &path),
        [format!("Updated {ETH1}")]
    );
    scene.remove(&path);
    assert_eq!(
        scene.told(Action::Removed, &path),
        [format!("Deleted {ETH1}")]
    );
    assert_eq!(scene.told(Action::Removed, &path), [""; 0]);
    assert_eq!(scene.told(Action::Changed, &path), [""; 0]);
}

#[test]
fn nothing_is_kept_unless_it_is_wanted() {
    let mut scene = Scene::new();
    scene.known.events.keep(false);
    assert_eq!(scene.told(Action::Changed, &format!("{NET}/eth0")), [""; 0]);
    scene.known.events.keep(true);
    assert!(scene.known.events.is_kept());
    assert_eq!(scene.take(), [""; 0]);
}

#[test]
fn a_device_with_another_name_is_another_device() {
    let mut scene = Scene::new();
    let path = format!("{NET}/eth0");
    scene.put(&format!("{path}/address"), "02:00:00:00:00:09\n");
    assert_eq!(
        scene.told(Action::Changed, &path),
        [
            format!("Deleted {ETH0}"),
            "Created net_eth0_02_00_00_00_00_09".into()
        ]
    );
}

#[test]
fn a_device_that_cannot_be_read_keeps_its_description() {
    let mut scene = Scene::new();
    let path = format!("{NET}/eth0");
    fs::rename(scene.place(&path), scene.place("/sys/aside")).unwrap();
    assert_eq!(scene.told_of(Action::Changed, &path), [""; 0]);
    fs::rename(scene.place("/sys/aside"), scene.place(&path)).unwrap();
    assert_eq!(scene.take(), [""; 0]);
}

#[test]
fn a_device_that_was_added_early_is_told_of_once() {
    let mut scene = Scene::new();
    scene.put_net("eth1", "02:00:00:00:00:01");
    let path = format!("{NET}/eth1");
    scene.known.add_early(&scene.host, path.as_bytes()).unwrap();
    scene.known.add_early(&scene.host, path.as_bytes()).unwrap();
    assert_eq!(scene.take(), [format!("Created {ETH1}")]);
    // There may be an event for a change before the message of its creation comes.
    assert_eq!(
        scene.told(Action::Changed, &path),
        [format!("Updated {ETH1}")]
    );
    assert_eq!(scene.told(Action::Added, &path), [""; 0]);
    assert_eq!(
        scene.told(Action::Added, &path),
        [format!("Updated {ETH1}")]
    );
    // A device that does not exist is not noted as added early.
    scene
        .known
        .add_early(&scene.host, format!("{NET}/eth2").as_bytes())
        .unwrap();
    assert_eq!(scene.take(), [""; 0]);
    scene.put_net("eth2", "02:00:00:00:00:02");
    let created = ["Created net_eth2_02_00_00_00_00_02"];
    assert_eq!(scene.told(Action::Added, &format!("{NET}/eth2")), created);
}

#[test]
fn what_lies_below_follows_a_move() {
    let mut scene = Scene::new();
    scene.put_mtty();
    scene.told(Action::Added, MTTY);
    scene.put_net_at(&format!("{MTTY}/eth2"), "eth2", "02:00:00:00:00:02");
    scene.told(Action::Added, &format!("{MTTY}/eth2"));
    let moved = "/sys/devices/virtual/mtty/other";
    scene.move_mtty(MTTY, moved, "eth2");
    assert_eq!(
        scene.told_of_move(Action::Moved, Some(MTTY), moved),
        [
            "Deleted mtty_mtty",
            "Created mtty_other",
            "Updated net_eth2_02_00_00_00_00_02"
        ]
    );
    // The interface has another name when it is read at its new path.
    let again = "/sys/devices/virtual/mtty/again";
    scene.put(&format!("{moved}/eth2/address"), "02:00:00:00:00:03\n");
    scene.move_mtty(moved, again, "eth2");
    assert_eq!(
        scene.told_of_move(Action::Moved, Some(moved), again),
        [
            "Deleted mtty_other",
            "Created mtty_again",
            "Deleted net_eth2_02_00_00_00_00_02",
            "Created net_eth2_02_00_00_00_00_03"
        ]
    );
    // The interface has gone at the same time.
    fs::remove_dir_all(scene.place(&format!("{again}/eth2"))).unwrap();
    scene.move_mtty(again, MTTY, "eth2");
    assert_eq!(
        scene.told_of_move(Action::Moved, Some(again), MTTY),
        [
            "Deleted mtty_again",
            "Created mtty_mtty",
            "Deleted net_eth2_02_00_00_00_00_03"
        ]
    );
}

#[test]
fn a_parent_that_comes_later_is_the_parent() {
    let mut scene = Scene::new();
    scene.put_net_at(&format!("{MTTY}/eth2"), "eth2", "02:00:00:00:00:02");
    scene.told(Action::Added, &format!("{MTTY}/eth2"));
    let parent = |scene: &Scene| {
        let device = scene.known.registry.by_name(c"net_eth2_02_00_00_00_00_02");
        device.unwrap().parent.clone().unwrap()
    };
    assert_eq!(&*parent(&scene), c"computer");
    scene.put_mtty();
    assert_eq!(scene.told(Action::Added, MTTY), ["Created mtty_mtty"]);
    assert_eq!(&*parent(&scene), c"mtty_mtty");
}
