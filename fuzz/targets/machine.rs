// SPDX-License-Identifier: LGPL-2.1-or-later
//! A whole recorded machine with some of its files changed: what is found is described, as XML that is read back and as JSON.

use std::sync::OnceLock;

use virnodedev::caps::input::Purpose;
use virnodedev::device::scan::{computer, scan};
use virnodedev::document::parse;
use virnodedev::host::Host;
use virnodedev::host::mdevctl::files::read_definitions;
use virnodedev::host::mdevctl::run::Asking;
use virnodedev::host::recording::{Entry, Folder, Recording};

/// A machine, and where its files and links are.
struct Machine {
    recording: Recording,
    places: Vec<Vec<Vec<u8>>>,
}

fn machine() -> &'static Machine {
    static MACHINE: OnceLock<Machine> = OnceLock::new();
    MACHINE.get_or_init(|| {
        let archive = include_bytes!("../../tests/data/machines/synth/sysfs.tar.gz");
        let recording = Recording::read_archive(&archive[..]).expect("an archive");
        let mut places = Vec::new();
        list(&recording.root, &mut Vec::new(), &mut places);
        Machine { recording, places }
    })
}

fn list(folder: &Folder, path: &mut Vec<Vec<u8>>, places: &mut Vec<Vec<Vec<u8>>>) {
    for (name, entry) in folder {
        path.push(name.clone());
        match entry {
            Entry::Folder(entries) => list(entries, path, places),
            Entry::File(_) | Entry::Link(_) => places.push(path.clone()),
        }
        path.pop();
    }
}

/// Each change: which file (two bytes), what is done, how many bytes follow, and these.
fn change(recording: &mut Recording, mut bytes: &[u8]) {
    let places = &machine().places;
    while let Some((&[low, high, what, length], rest)) = bytes.split_first_chunk() {
        let (text, rest) = rest.split_at(usize::from(length).min(rest.len()));
        bytes = rest;
        let place = &places[usize::from(u16::from_le_bytes([low, high])) % places.len()];
        let Some((name, above)) = place.split_last() else {
            continue;
        };
        let Some(folder) = recording.folder(above) else {
            continue;
        };
        let entry = folder.get(name).cloned();
        match (what % 8, entry) {
            (0, _) => {
                folder.shift_remove(name);
            }
            (1, _) => {
                folder.insert(name.clone(), Entry::Link(text.to_vec()));
            }
            (2, _) => {
                folder.insert(name.clone(), Entry::Folder(Folder::new()));
            }
            (3, Some(Entry::File(mut content))) => {
                content.truncate(text.first().copied().unwrap_or_default().into());
                folder.insert(name.clone(), Entry::File(content));
            }
            (4, Some(Entry::File(mut content))) => {
                for pair in text.chunks_exact(2) {
                    if let Some(byte) = content.get_mut(usize::from(pair[0])) {
                        *byte = pair[1];
                    }
                }
                folder.insert(name.clone(), Entry::File(content));
            }
            (5, Some(entry)) => {
                folder.insert(text.to_vec(), entry);
            }
            (6, Some(Entry::File(content))) => {
                let longer = content.repeat(text.len() + 1);
                folder.insert(name.clone(), Entry::File(longer));
            }
            _ => {
                folder.insert(name.clone(), Entry::File(text.to_vec()));
            }
        }
    }
}

/// Without what the way through a document may change, as in libvirt: white space is written as it is, and readers of XML
/// make other white space of some; a mediated device without an IOMMU group is read as one of group 0.
fn lasting(xml: &str) -> String {
    let text: String = xml.split_ascii_whitespace().collect();
    text.replace("<iommuGroupnumber='0'/>", "")
}

pub fn run(bytes: &[u8]) {
    let mut recording = machine().recording.clone();
    change(&mut recording, bytes);
    let host = Host::replayed(recording);
    let Ok(devices) = scan(&host) else {
        return;
    };
    let _ = read_definitions(&host.files);
    for device in devices.into_iter().chain([computer()]) {
        let description = match device.describe(&host, Asking::Never) {
            Ok(description) => description,
            Err(error) => {
                assert!(!error.message().is_empty());
                continue;
            }
        };
        let xml = description.to_xml();
        let read = parse(xml.as_bytes(), Purpose::Describe, false);
        let read = read.unwrap_or_else(|error| panic!("{error}\n{xml}"));
        assert_eq!(lasting(&read.description.to_xml()), lasting(&xml));
        let json: serde_json::Value = serde_json::from_str(&description.to_json()).expect("JSON");
        assert_eq!(json["name"], description.name);
    }
}
