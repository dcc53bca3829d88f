// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

use super::super::testing::{computer, inactive, kernel, mediated, name};
use super::*;

fn names<'a>(devices: impl IntoIterator<Item = &'a Arc<Device>>) -> Vec<String> {
    let devices = devices.into_iter();
    devices.map(|device| device.name_text()).collect()
}

/// Checks that the registry has exactly these devices, in this order, in all of its functions.
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
fn among_many_devices_each_has_its_own_name() {
    let all: Vec<_> = (0..3000).map(|n| format!("device_{n}")).collect();
    let registry = Registry::new(all.iter().map(|n| kernel(n, &format!("/sys/devices/{n}"))));
    assert_eq!(registry.names().len(), all.len());
    for n in &all {
        let found = registry.by_name(&name(n)).unwrap();
        assert_eq!(found.key(), format!("/sys/devices/{n}").as_bytes());
    }
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
fn a_definition_gives_way_to_a_device_of_the_kernel() {
    let mut registry = Registry::new([inactive("m", "/sys/devices/a/m", "t-1")]);
    let old = registry.insert(kernel("m", "/sys/devices/z"));
    assert_eq!(old.unwrap().key(), b"/sys/devices/a/m");
    check(&registry, &["m"]);
    // It is replaced, not hidden behind the other.
    registry.remove_key(b"/sys/devices/z");
    assert!(!registry.show(&name("m")));
    check(&registry, &[]);
}

#[test]
fn a_second_system_is_a_device_like_others() {
    let second = Device {
        kind: Capability::System,
        ..kernel("second", "/sys/devices/b")
    };
    let mut registry = some();
    assert!(registry.insert(second).is_none());
    assert_eq!(
        names(registry.iter()),
        ["computer", "a", "c", "m", "second", "b"]
    );
}

#[test]
fn of_two_devices_with_one_name_that_with_the_last_path_is_shown() {
    let mut registry = some();
    // The device that has the name keeps it.
    assert!(registry.insert(kernel("b", "/sys/devices/0")).is_none());
    check(&registry, &["computer", "a", "c", "m", "b"]);
    assert_eq!(registry.by_key(b"/sys/devices/0").map(|d| d.key()), None);
    assert_eq!(registry.name_at(b"/sys/devices/0"), Some(name("b")));
    let key = |registry: &Registry| registry.by_name(c"b").map(|d| d.key().to_vec());
    assert!(!registry.show(&name("b")));
    // The new device gets the name.
    let old = registry.insert(kernel("b", "/sys/devices/zz")).unwrap();
    assert_eq!(old.key(), b"/sys/devices/z");
    check(&registry, &["computer", "a", "c", "m", "b"]);
    assert_eq!(key(&registry).unwrap(), b"/sys/devices/zz");
    // Hidden devices are shown again, the last one first.
    assert!(registry.remove_key(b"/sys/devices/zz").is_some());
    assert!(registry.show(&name("b")) && !registry.show(&name("b")));
    assert_eq!(key(&registry).unwrap(), b"/sys/devices/z");
    assert!(registry.remove_key(b"/sys/devices/z").is_some());
    check(&registry, &["computer", "a", "c", "m"]);
    assert!(!registry.show(&name("a")) && !registry.show(&name("c")));
    assert!(registry.show(&name("b")));
    check(&registry, &["computer", "b", "a", "c", "m"]);
    assert!(registry.hidden.is_empty());
}

#[test]
fn hidden_devices_change_and_go() {
    let mut registry = some();
    registry.insert(kernel("b", "/sys/devices/0"));
    // A hidden device is removed.
    assert!(registry.remove_key(b"/sys/devices/0").is_none());
    assert_eq!(registry.name_at(b"/sys/devices/0"), None);
    registry.insert(kernel("b", "/sys/devices/0"));
    // A hidden device is read again, and gets a name of its own.
    assert!(registry.insert(kernel("b", "/sys/devices/0")).is_none());
    check(&registry, &["computer", "a", "c", "m", "b"]);
    assert!(registry.insert(kernel("0", "/sys/devices/0")).is_none());
    check(&registry, &["computer", "0", "a", "c", "m", "b"]);
    // A device that is shown gets the name of another one.
    let old = registry.insert(kernel("b", "/sys/devices/0")).unwrap();
    assert_eq!(old.name_text(), "0");
    check(&registry, &["computer", "a", "c", "m", "b"]);
    registry.remove_key(b"/sys/devices/z");
    assert!(registry.show(&name("b")));
    check(&registry, &["computer", "b", "a", "c", "m"]);
}

#[test]
fn what_is_hidden_lies_below_a_path_too() {
    let mut registry = some();
    registry.insert(kernel("b", "/sys/devices/a/a"));
    assert_eq!(names(&registry.below(b"/sys/devices/a")), ["b", "c", "m"]);
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
        assert!(registry.hidden.is_empty());
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
    registry.insert(kernel("n", "/sys/devices/z0"));
    assert_eq!(names(registry.mediated()), [""; 0]);
    registry.insert(mediated("x", "/sys/devices/a/m"));
    check(&registry, &["computer", "a", "c", "x", "b", "n"]);
    registry.remove_name(c"x");
    registry.insert(mediated("y", "/sys/devices/y"));
    registry.remove_key(b"/sys/devices/y");
    check(&registry, &["computer", "a", "c", "b", "n"]);
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
