// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A recorded machine, and changes of its files that bytes describe.

use std::sync::OnceLock;

use virnodedev::host::recording::{Entry, Folder, Recording};

/// A machine, and where its files and links are.
pub struct Machine {
    pub recording: Recording,
    pub places: Vec<Vec<Vec<u8>>>,
}

pub fn machine() -> &'static Machine {
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

/// Files from this length on are not made longer, so that changes of one file do not multiply.
const LONG: usize = 4096;

fn is_target(text: &[u8]) -> bool {
    !text.is_empty() && !text.contains(&0)
}

fn is_name(text: &[u8]) -> bool {
    !matches!(text, b"" | b"." | b"..") && !text.iter().any(|b| matches!(b, 0 | b'/'))
}

/// Each change: which file (two bytes), what is done, how many bytes follow, and these.
pub fn change(recording: &mut Recording, mut bytes: &[u8]) {
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
        // What no folder can hold.
        if (what % 8 == 1 && !is_target(text)) || (what % 8 == 5 && !is_name(text)) {
            continue;
        }
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
            (6, Some(Entry::File(content))) if content.len() < LONG => {
                let longer = content.repeat(text.len() + 1);
                folder.insert(name.clone(), Entry::File(longer));
            }
            _ => {
                folder.insert(name.clone(), Entry::File(text.to_vec()));
            }
        }
    }
}
