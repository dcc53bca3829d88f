// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Uevents of any kind on a machine whose files change meanwhile: whatever they say, the devices that the events tell of are those
//! that are known.

use std::collections::BTreeSet;

use virnodedev::host::Host;
use virnodedev::host::uevent::Uevent;
use virnodedev::name::Name;
use virnodedev::view::Change;
use virnodedev::view::known::Known;
use virnodedev::view::reads::Reads;
use virnodedev::view::registry::Registry;

use crate::changed_machine::{change, machine};

const ACTIONS: [&[u8]; 5] = [b"add", b"change", b"remove", b"move", b"bind"];

/// How many uevents of one input are looked at: each takes a copy of the machine.
const LIMIT: usize = 8;

/// The DEVPATH of the device to which a file of the machine belongs.
fn devpath(number: &[u8; 2]) -> Vec<u8> {
    let places = &machine().places;
    let place = &places[usize::from(u16::from_le_bytes(*number)) % places.len()];
    let above = place.split_last().map_or(&[][..], |(_, above)| above);
    let names = above.iter().skip(1); // sys
    names.flat_map(|name| [b"/", name.as_slice()].concat()).collect()
}

fn active(registry: &Registry) -> BTreeSet<Name> {
    let active = registry.iter().filter(|device| device.is_active());
    active.map(|device| device.name.clone()).collect()
}

/// Takes the events in: only what is there goes or changes, only what is not there comes, and in the end all are known. As in
/// libvirt, a mediated device that comes may change before it is created.
fn follow(known: &mut Known, told: &mut BTreeSet<Name>) {
    let mut early = BTreeSet::new();
    for event in known.events.take() {
        let is_there = told.contains(&event.name);
        match event.change {
            Change::Created => assert!(told.insert(event.name), "created twice"),
            Change::Deleted => assert!(told.remove(&event.name), "deleted twice"),
            Change::Updated if !is_there && event.name.to_bytes().starts_with(b"mdev_") => {
                early.insert(event.name);
            }
            Change::Updated => assert!(is_there, "updated without being there"),
            Change::Defined | Change::Undefined => {}
        }
    }
    assert_eq!(*told, active(&known.registry));
    assert!(early.is_subset(told), "updated and not created");
}

fn scan(known: &mut Known, host: &Host) {
    let Ok(devices) = known.scan(host) else {
        return;
    };
    known.replace(devices);
}

/// Each uevent: its action, the files to whose devices DEVPATH and DEVPATH_OLD belong (two bytes each), the length of what changed
/// before, and that. With an action above 127, DEVPATH is that text instead.
pub fn run(mut bytes: &[u8]) {
    let mut recording = machine().recording.clone();
    let mut known = Known::default();
    scan(&mut known, &Host::replayed(recording.clone()));
    known.events.keep(true);
    let mut told = active(&known.registry);
    for number in 0..LIMIT {
        let Some((&[what, new1, new2, old1, old2, length], rest)) = bytes.split_first_chunk() else {
            break;
        };
        let (text, rest) = rest.split_at(usize::from(length).min(rest.len()));
        bytes = rest;
        let action = ACTIONS[usize::from(what) % ACTIONS.len()];
        let old = devpath(&[old1, old2]);
        let old = (action == b"move").then_some(old.as_slice());
        let path = match what {
            128.. => text.to_vec(),
            _ => {
                change(&mut recording, text);
                devpath(&[new1, new2])
            }
        };
        let host = Host::replayed(recording.clone());
        if let Some(event) = Uevent::new(action, &path, old, number as u64) {
            for path in [Some(&event.path), event.old_path.as_ref()].into_iter().flatten() {
                assert!(path.starts_with(b"/sys/devices/"));
                assert!(!path.split(|&b| b == b'/').any(|name| name == b".."));
            }
            let _ = known.apply(&host, &event, &mut Reads::default());
            follow(&mut known, &mut told);
        }
    }
    scan(&mut known, &Host::replayed(recording));
    follow(&mut known, &mut told);
}
