// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The events for the difference between two scans of a host.

use super::events::{Change, DeviceEvent};
use super::registry::Registry;
use crate::device::{Device, Origin};

/// The events that lead from one set of devices to another: first those of devices that have gone, children before
/// their parents, then all others, parents before their children.
pub fn difference(before: &Registry, now: &Registry) -> Vec<DeviceEvent> {
    let mut events = Vec::new();
    let mut add = |device: &Device, changes: Vec<Change>| {
        let event = |change| DeviceEvent {
            name: device.name.clone(),
            change,
        };
        events.extend(changes.into_iter().map(event));
    };
    let gone = before.iter().filter(|old| now.by_name(&old.name).is_none());
    for old in gone.collect::<Vec<_>>().into_iter().rev() {
        add(old, changes(Some(old), None));
    }
    for new in now.iter() {
        let old = before.by_name(&new.name);
        add(new, changes(old.map(AsRef::as_ref), Some(new)));
    }
    events
}

/// The changes that lead from one state of a device to another, in order; `None` if the device does not exist there.
fn changes(old: Option<&Device>, new: Option<&Device>) -> Vec<Change> {
    let is_defined = |device: Option<&Device>| device.is_some_and(|d| d.definition.is_some());
    let is_active = |device: Option<&Device>| device.is_some_and(Device::is_active);
    let mut changes = Vec::new();
    match (is_defined(old), is_defined(new)) {
        (false, true) => changes.push(Change::Defined),
        (true, false) => changes.push(Change::Undefined),
        _ => {}
    }
    match (is_active(old), is_active(new)) {
        (false, true) => changes.push(Change::Created),
        (true, false) => changes.push(Change::Deleted),
        _ => {}
    }
    match (old, new) {
        (Some(old), Some(new)) if changes.is_empty() && differ(old, new) => {
            changes.push(Change::Updated);
        }
        _ => {}
    }
    changes
}

/// Whether anything that a scan reads of a device has changed.
fn differ(old: &Device, new: &Device) -> bool {
    let has_changed = match (&old.origin, &new.origin) {
        (Origin::Kernel(old), Origin::Kernel(new)) => {
            old.path() != new.path() || old.uevent() != new.uevent() || old.suffix() != new.suffix()
        }
        _ => false,
    };
    has_changed || old.definition != new.definition
}

#[cfg(test)]
mod tests {
    use super::super::testing::{defined, inactive, kernel, kernel_with};
    use super::*;

    /// The events, with names as text.
    fn told<const A: usize, const B: usize>(
        before: [Device; A],
        now: [Device; B],
    ) -> Vec<(String, Change)> {
        let events = difference(&Registry::new(before), &Registry::new(now));
        let text = |event: DeviceEvent| (event.name.to_str().unwrap().to_string(), event.change);
        events.into_iter().map(text).collect()
    }

    fn expected(events: &[(&str, Change)]) -> Vec<(String, Change)> {
        let own = |(name, change): &(&str, Change)| ((*name).to_string(), *change);
        events.iter().map(own).collect()
    }

    #[test]
    fn deletions_go_up_and_creations_down() {
        let all = || {
            [
                kernel("parent", "/sys/devices/a"),
                kernel("child", "/sys/devices/a/b"),
            ]
        };
        assert_eq!(
            told(all(), []),
            expected(&[("child", Change::Deleted), ("parent", Change::Deleted)])
        );
        assert_eq!(
            told([], all()),
            expected(&[("parent", Change::Created), ("child", Change::Created)])
        );
        assert_eq!(told(all(), all()), []);
    }

    #[test]
    fn deletions_come_first() {
        assert_eq!(
            told(
                [
                    kernel("z", "/sys/devices/z"),
                    kernel("both", "/sys/devices/m")
                ],
                [
                    kernel("a", "/sys/devices/a"),
                    kernel("both", "/sys/devices/m")
                ],
            ),
            expected(&[("z", Change::Deleted), ("a", Change::Created)])
        );
    }

    #[test]
    fn each_thing_that_a_scan_reads_updates() {
        let device = || kernel_with("x", "/sys/devices/1", "A=1", Some("s"));
        for other in [
            kernel_with("x", "/sys/devices/2", "A=1", Some("s")),
            kernel_with("x", "/sys/devices/1", "A=2", Some("s")),
            kernel_with("x", "/sys/devices/1", "A=1", Some("t")),
            kernel_with("x", "/sys/devices/1", "A=1", None),
        ] {
            assert_eq!(
                told([device()], [other]),
                expected(&[("x", Change::Updated)])
            );
        }
        assert_eq!(told([device()], [device()]), []);
    }

    #[test]
    fn definitions_come_go_and_change() {
        let path = "/sys/devices/p/x";
        let running = || kernel("x", path);
        for (before, now, changes) in [
            (running(), defined(running(), "t-1"), &[Change::Defined][..]),
            (defined(running(), "t-1"), running(), &[Change::Undefined]),
            (
                defined(running(), "t-1"),
                defined(running(), "t-2"),
                &[Change::Updated],
            ),
            (defined(running(), "t-1"), defined(running(), "t-1"), &[]),
            (
                inactive("x", path, "t-1"),
                inactive("x", path, "t-2"),
                &[Change::Updated],
            ),
            (inactive("x", path, "t-1"), inactive("x", path, "t-1"), &[]),
            // It was started or stopped; a changed definition makes no event of its own then.
            (
                inactive("x", path, "t-1"),
                defined(running(), "t-1"),
                &[Change::Created],
            ),
            (
                defined(running(), "t-1"),
                inactive("x", path, "t-2"),
                &[Change::Deleted],
            ),
            // It lost its definition and was started, or was stopped and got one.
            (
                inactive("x", path, "t-1"),
                running(),
                &[Change::Undefined, Change::Created],
            ),
            (
                running(),
                inactive("x", path, "t-1"),
                &[Change::Defined, Change::Deleted],
            ),
        ] {
            let changes: Vec<_> = changes.iter().map(|change| ("x", *change)).collect();
            assert_eq!(told([before], [now]), expected(&changes));
        }
        let stopped = || inactive("x", path, "t-1");
        assert_eq!(told([], [stopped()]), expected(&[("x", Change::Defined)]));
        assert_eq!(told([stopped()], []), expected(&[("x", Change::Undefined)]));
        let both = [("x", Change::Defined), ("x", Change::Created)];
        assert_eq!(told([], [defined(running(), "t-1")]), expected(&both));
        let both = [("x", Change::Undefined), ("x", Change::Deleted)];
        assert_eq!(told([defined(running(), "t-1")], []), expected(&both));
    }
}
