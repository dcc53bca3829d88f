// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Tests of the view: what refreshing finds, and when programs are woken.

use std::time::Duration;

use super::testing::{computer, kernel};
use super::*;
use crate::error::Error;
use crate::host::files::Files;
use crate::host::readiness::is_readable;

fn view() -> View {
    View::new(Some(Registry::new([computer()])), None)
}

fn is_notified(view: &View) -> bool {
    let notifier = view.notifier.as_ref().unwrap();
    is_readable([notifier.as_fd()], Duration::ZERO).unwrap()
}

fn add(view: &mut View, name: &str) {
    let device = kernel(name, &format!("/sys/devices/{name}"));
    let added: Result<()> = view.with_registry_mut(|registry| {
        registry.insert(device);
        Ok(())
    });
    added.unwrap();
}

/// A host without devices, in a folder where files can be put.
fn recorded() -> (tempfile::TempDir, Host) {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("sys")).unwrap();
    let host = Host::recorded(root.path()).unwrap();
    (root, host)
}

fn put(root: &tempfile::TempDir, path: &str, text: &str) {
    let path = root.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const ETH0: &str = "sys/devices/virtual/net/eth0";

fn put_eth0(root: &tempfile::TempDir) {
    put(root, &format!("{ETH0}/uevent"), "INTERFACE=eth0\n");
    put(root, &format!("{ETH0}/address"), "02:00:00:00:00:00\n");
    std::fs::create_dir_all(root.path().join("sys/class/net")).unwrap();
    let link = root.path().join(ETH0).join("subsystem");
    std::os::unix::fs::symlink("../../../../class/net", link).unwrap();
}

fn told(view: &mut View) -> Vec<(String, Change)> {
    let text = |event: DeviceEvent| event.name.to_string_lossy().into_owned();
    let events = view.take_events().into_iter();
    events.map(|e| (text(e.clone()), e.change)).collect()
}

#[test]
fn the_first_question_scans_and_tells_nothing() {
    let (_root, host) = recorded();
    let mut view = View::new(None, None);
    view.keep_events(true);
    assert!(view.registry().by_name(c"computer").is_none());
    view.refresh(&host, false).unwrap();
    assert!(view.registry().by_name(c"computer").is_some());
    assert_eq!(told(&mut view), []);
}

#[test]
fn definitions_of_which_no_message_tells_are_taken_in() {
    let (root, host) = recorded();
    let mut view = view();
    view.keep_events(true);
    view.event_fd().unwrap();
    view.reread_definitions(&host).unwrap();
    assert!(told(&mut view).is_empty() && !view.waiting.missed_definitions);
    put(
        &root,
        "etc/mdevctl.d/mtty/11111111-2222-3333-4444-555555555501",
        r#"{"mdev_type":"mtty-1","start":"manual"}"#,
    );
    // That the next look is to compare them all is not forgotten.
    view.waiting.missed_definitions = true;
    view.reread_definitions(&host).unwrap();
    assert!(is_notified(&view) && view.waiting.missed_definitions);
    let name = "mdev_11111111_2222_3333_4444_555555555501_mtty".to_string();
    assert_eq!(told(&mut view), [(name, Change::Defined)]);
}

#[test]
fn a_device_is_added_before_its_message_comes() {
    let (root, host) = recorded();
    put_eth0(&root);
    let mut view = view();
    view.keep_events(true);
    view.event_fd().unwrap();
    view.add_early(&host, format!("/{ETH0}").as_bytes())
        .unwrap();
    assert!(is_notified(&view));
    let name = "net_eth0_02_00_00_00_00_00".to_string();
    assert_eq!(told(&mut view), [(name, Change::Created)]);
}

#[test]
fn messages_are_applied_and_not_kept() {
    let (root, host) = recorded();
    put_eth0(&root);
    let mut view = view();
    view.keep_events(true);
    for action in [Action::Added, Action::Changed] {
        view.waiting.events.push_back(Uevent {
            action,
            path: format!("/{ETH0}").into(),
            old_path: None,
            number: 1,
        });
    }
    view.apply_waiting(&host, Reads::default()).unwrap();
    assert!(view.waiting.events.is_empty());
    let name = "net_eth0_02_00_00_00_00_00".to_string();
    let expected = [(name.clone(), Change::Created), (name, Change::Updated)];
    assert_eq!(told(&mut view), expected);
}

#[test]
fn descriptors_for_messages_are_those_of_the_monitor() {
    assert!(view().fds().unwrap().is_empty());
    let monitor = Monitor::open(&Files::live()).unwrap();
    let expected = monitor.fds().count();
    let view = View::new(Some(Registry::default()), Some(monitor));
    assert_eq!(view.fds().unwrap().len(), expected);
}

#[test]
fn events_that_could_not_be_told_make_the_descriptor_readable() {
    let mut view = view();
    view.keep_events(true);
    view.event_fd().unwrap();
    add(&mut view, "a");
    let untold = view.take_events();
    assert!(!is_notified(&view));
    view.give_back_events(untold.clone());
    assert!(is_notified(&view));
    assert_eq!(view.take_events(), untold);
}

#[test]
fn the_descriptor_is_readable_while_events_wait() {
    let mut view = view();
    let fd = view.event_fd().unwrap();
    assert_eq!(view.event_fd().unwrap(), fd);
    add(&mut view, "unwatched");
    assert!(!is_notified(&view) && view.take_events().is_empty());
    view.keep_events(true);
    add(&mut view, "a");
    assert!(is_notified(&view));
    view.keep_events(true);
    let events = view.take_events();
    assert_eq!((events.len(), events[0].change), (1, Change::Created));
    assert!(!is_notified(&view) && view.take_events().is_empty());
    view.emit_update(&events[0].name);
    assert!(is_notified(&view));
    view.keep_events(false);
    assert!(view.take_events().is_empty());
}

#[test]
fn a_new_descriptor_tells_of_events_from_before() {
    let mut view = view();
    view.keep_events(true);
    view.event_fd().unwrap();
    assert!(!is_notified(&view));
    view.notifier = None;
    add(&mut view, "a");
    view.event_fd().unwrap();
    assert!(is_notified(&view));
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let mut view = view();
    view.keep_events(true);
    let failed: Result<()> = view.with_registry_mut(|registry| {
        registry.remove_name(c"computer");
        Err(Error::unknown())
    });
    assert!(failed.is_err());
    assert!(view.registry().by_name(c"computer").is_some());
    assert!(view.take_events().is_empty());
}

#[test]
fn a_scan_has_found_what_the_kernel_tells_of_late() {
    let monitor = Monitor::open(&Files::live()).unwrap();
    let is_of_kernel = !monitor.receives_from_udevd();
    let registry = Registry::new([kernel("a", "/sys/devices/a")]);
    let mut view = View::new(Some(registry), Some(monitor));
    let event = |action, path: &str| Uevent {
        action,
        path: path.into(),
        old_path: None,
        number: 1,
    };
    for (action, path, expected) in [
        (Action::Added, "/sys/devices/a", is_of_kernel),
        (Action::Moved, "/sys/devices/a", is_of_kernel),
        (Action::Changed, "/sys/devices/a", false),
        (Action::Removed, "/sys/devices/a", false),
        (Action::Added, "/sys/devices/b", false),
    ] {
        assert_eq!(view.is_in_scan(&event(action, path)), expected);
    }
    view.monitor = None;
    assert!(!view.is_in_scan(&event(Action::Added, "/sys/devices/a")));
}
