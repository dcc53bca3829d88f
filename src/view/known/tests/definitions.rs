// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Mediated devices that are active, defined, or both.

use super::*;

#[test]
fn definitions_come_change_and_go() {
    let mut scene = Scene::new();
    scene.put_mtty();
    scene.told(Action::Added, MTTY);
    assert_eq!(scene.told_of_definitions(), [""; 0]);
    scene.define(ONE, "mtty-1");
    assert_eq!(scene.told_of_definitions(), [format!("Defined {NAME_ONE}")]);
    assert_eq!(scene.told_of_definitions(), [""; 0]);
    scene.define(ONE, "mtty-2");
    assert_eq!(scene.told_of_definitions(), [format!("Updated {NAME_ONE}")]);
    scene.undefine(ONE);
    assert_eq!(
        scene.told_of_definitions(),
        [format!("Undefined {NAME_ONE}")]
    );
}

#[test]
fn definitions_are_compared_where_no_message_tells() {
    let mut scene = Scene::new();
    scene.put_mtty();
    scene.told(Action::Added, MTTY);
    scene.put_mdev(TWO);
    scene.told(Action::Added, &format!("{MTTY}/{TWO}"));
    scene.known.read_unwatched_definitions(&scene.host).unwrap();
    assert_eq!(scene.take(), [""; 0]);
    scene.define(ONE, "mtty-1");
    scene.known.read_unwatched_definitions(&scene.host).unwrap();
    assert_eq!(
        scene.take(),
        [format!("Defined {NAME_ONE}"), format!("Updated {NAME_TWO}")]
    );
}

#[test]
fn a_defined_device_runs_and_stops() {
    let mut scene = Scene::new();
    let path = format!("{MTTY}/{ONE}");
    scene.put_mtty();
    scene.told(Action::Added, MTTY);
    scene.define(ONE, "mtty-1");
    scene.told_of_definitions();
    scene.put_mdev(ONE);
    assert_eq!(
        scene.told(Action::Added, &path),
        [format!("Created {NAME_ONE}")]
    );
    // Its definition is removed and added again while it runs.
    scene.undefine(ONE);
    assert_eq!(
        scene.told_of_definitions(),
        [
            format!("Undefined {NAME_ONE}"),
            format!("Updated {NAME_ONE}")
        ]
    );
    scene.define(ONE, "mtty-1");
    assert_eq!(scene.told_of_definitions(), [format!("Defined {NAME_ONE}")]);
    scene.remove(&path);
    assert_eq!(
        scene.told(Action::Removed, &path),
        [format!("Deleted {NAME_ONE}")]
    );
    // It is still in the order of devices, but cannot be removed again.
    assert_eq!(scene.told(Action::Removed, &path), [""; 0]);
}

#[test]
fn transient_devices_are_told_of_whenever_definitions_may_have_changed() {
    let mut scene = Scene::new();
    scene.put_mtty();
    scene.told(Action::Added, MTTY);
    let (one, two) = (format!("{MTTY}/{ONE}"), format!("{MTTY}/{TWO}"));
    let updated = |name: &str| format!("Updated {name}");
    scene.put_mdev(ONE);
    assert_eq!(
        scene.told(Action::Added, &one),
        [updated(NAME_ONE), format!("Created {NAME_ONE}")]
    );
    scene.put_mdev(TWO);
    scene.told(Action::Added, &two);
    let both = [updated(NAME_ONE), updated(NAME_TWO)];
    assert_eq!(
        scene.told(Action::Changed, &two),
        [both.as_slice(), &[updated(NAME_TWO)]].concat()
    );
    assert_eq!(
        scene.told(Action::Changed, MTTY),
        [both.as_slice(), &[updated("mtty_mtty")]].concat()
    );
    assert_eq!(scene.told_of_definitions(), both);
    // A changed interface does not concern them; but libvirt reads definitions when any device is removed.
    assert_eq!(
        scene.told(Action::Changed, &format!("{NET}/eth0")),
        [updated(ETH0)]
    );
    scene.remove(&format!("{NET}/eth0"));
    assert_eq!(
        scene.told(Action::Removed, &format!("{NET}/eth0")),
        [both.as_slice(), &[format!("Deleted {ETH0}")]].concat()
    );
}

#[test]
fn inactive_devices_are_defined_again_when_their_parent_comes_or_goes() {
    let mut scene = Scene::new();
    scene.define(ONE, "mtty-1");
    scene.define(TWO, "mtty-1");
    scene.told_of_definitions();
    let again = |name: &str| [format!("Undefined {name}"), format!("Defined {name}")];
    scene.put_mtty();
    assert_eq!(
        scene.told(Action::Added, MTTY),
        [
            again(NAME_ONE).as_slice(),
            &again(NAME_TWO),
            &["Created mtty_mtty".into()]
        ]
        .concat()
    );
    // An active device is not defined again.
    let path = format!("{MTTY}/{TWO}");
    scene.put_mdev(TWO);
    scene.told(Action::Added, &path);
    fs::remove_dir_all(scene.place("/sys/class/mtty")).unwrap();
    fs::remove_dir_all(scene.place("/sys/class/mdev_bus")).unwrap();
    assert_eq!(
        scene.told_of(Action::Removed, MTTY),
        [again(NAME_ONE).as_slice(), &["Deleted mtty_mtty".into()]].concat()
    );
}

#[test]
fn a_rescan_tells_the_difference() {
    let mut scene = Scene::new();
    scene.put_mtty();
    scene.define(ONE, "mtty-1");
    scene.remove(&format!("{NET}/eth0"));
    let now = scene.known.scan(&scene.host).unwrap();
    scene.known.replace(now);
    assert_eq!(
        scene.take(),
        [
            format!("Deleted {ETH0}"),
            "Created mtty_mtty".into(),
            format!("Defined {NAME_ONE}")
        ]
    );
    scene.known.events.keep(false);
    scene.undefine(ONE);
    let now = scene.known.scan(&scene.host).unwrap();
    scene.known.replace(now);
    assert_eq!(scene.take(), [""; 0]);
}

/// A definition whose folder has the name of a device of another kind is not that device's child.
#[test]
fn a_device_that_cannot_have_mediated_ones_is_no_parent() {
    let mut scene = Scene::new();
    let text = r#"{"mdev_type":"x-1","start":"manual"}"#;
    scene.put(&format!("/etc/mdevctl.d/eth0/{ONE}"), text);
    let name = NAME_ONE.replace("mtty", "eth0");
    assert_eq!(scene.told_of_definitions(), [format!("Defined {name}")]);
    let defined = scene.known.registry.iter().find(|d| !d.is_active());
    assert_eq!(defined.unwrap().parent.as_deref(), Some(c"computer"));
    // Nothing is defined anew when that device goes.
    let path = format!("{NET}/eth0");
    scene.remove(&path);
    assert_eq!(
        scene.told(Action::Removed, &path),
        [format!("Deleted {ETH0}")]
    );
}
