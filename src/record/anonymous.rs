// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Makes a recording anonymous: what identifies this one machine is replaced everywhere in files,
//! links and names. Equal values are replaced by equal values.

mod identifiers;
mod pages;

use std::collections::HashSet;

use super::secrets::{Form, Secrets, Words};
use crate::host::recording::{Entry, Folder, Recording};

/// The properties of udev's entries that are kept: those that this library reads.
const PROPERTIES: [&[u8]; 18] = [
    b"ID_BUS",
    b"ID_CDROM",
    b"ID_CDROM_MEDIA",
    b"ID_DRIVE_FLASH_SD",
    b"ID_DRIVE_FLOPPY",
    b"ID_FS_LABEL",
    b"ID_FS_TYPE",
    b"ID_FS_UUID",
    b"ID_MODEL",
    b"ID_MODEL_FROM_DATABASE",
    b"ID_MODEL_ID",
    b"ID_PART_ENTRY_UUID",
    b"ID_SERIAL",
    b"ID_SERIAL_SHORT",
    b"ID_TYPE",
    b"ID_VENDOR_FROM_DATABASE",
    b"ID_VENDOR_ID",
    b"ID_WWN",
];

/// The recording with other serial numbers, hardware addresses, world-wide names, UUIDs and labels,
/// and with another name in place of `host`, the host's name, if that is given.
pub fn anonymise(recording: &Recording, host: Option<&[u8]>) -> Recording {
    let mut all = Vec::new();
    walk(&recording.root, &mut Vec::new(), &mut all);
    let mut names: HashSet<&[u8]> = HashSet::new();
    for (path, _) in &all {
        names.extend(path.last());
    }
    let mut secrets = Secrets::default();
    for (path, entry) in &all {
        let name = path.last().copied().unwrap_or_default();
        identifiers::add_numbers(name, &mut secrets);
        match entry {
            Entry::File(content) => {
                identifiers::add_serials(path, content, &names, &mut secrets);
                // The numbers there have the same length, but are addresses of memory and ports.
                if name != b"resource" {
                    identifiers::add_numbers(content, &mut secrets);
                }
            }
            Entry::Link(target) => identifiers::add_numbers(target, &mut secrets),
            Entry::Folder(_) => {}
        }
    }
    if let Some(host) = host {
        // A name that other files have as a common word does not identify the machine.
        let is_common = |text: &[u8]| {
            text.split(|b| !b.is_ascii_alphanumeric())
                .any(|word| word == host)
        };
        let is_uevent = |path: &[&[u8]]| path.last().is_some_and(|name| *name == b"uevent");
        let mut uevents = all.iter().filter_map(|(path, entry)| match entry {
            Entry::File(content) if is_uevent(path) => Some(content),
            _ => None,
        });
        if host != b"localhost" && !names.contains(host) && !uevents.any(|text| is_common(text)) {
            secrets.add(host, Form::Text);
        }
    }
    Recording {
        root: rewrite(&recording.root, &mut Vec::new(), &mut secrets),
    }
}

/// Adds all entries below a folder to `all`, each with its path.
fn walk<'a>(
    folder: &'a Folder,
    path: &mut Vec<&'a [u8]>,
    all: &mut Vec<(Vec<&'a [u8]>, &'a Entry)>,
) {
    for (name, entry) in folder {
        path.push(name);
        all.push((path.clone(), entry));
        if let Entry::Folder(entries) = entry {
            walk(entries, path, all);
        }
        path.pop();
    }
}

/// The folder with everything replaced.
fn rewrite<'a>(folder: &'a Folder, path: &mut Vec<&'a [u8]>, secrets: &mut Secrets) -> Folder {
    let mut out = Folder::new();
    for (name, entry) in folder {
        path.push(name);
        let entry = match entry {
            Entry::Folder(entries) => Entry::Folder(rewrite(entries, path, secrets)),
            Entry::Link(target) => Entry::Link(secrets.replace(target)),
            Entry::File(content) => Entry::File(match path[..] {
                [b"run", b"udev", b"data", _] => udev_entry(content, secrets),
                _ => pages::rewrite(name, content, secrets),
            }),
        };
        out.insert(secrets.replace(name), entry);
        path.pop();
    }
    out
}

/// An entry of udev's database, with only what may be kept of it.
fn udev_entry(content: &[u8], secrets: &mut Secrets) -> Vec<u8> {
    let mut out = Vec::new();
    // In this entry they are known to be serial numbers, however short they are.
    let mut own = Words::default();
    for serial in identifiers::udev_serials(content) {
        own.add(serial, &secrets.replacement(serial, Form::Text));
    }
    for line in content.split_inclusive(|&b| b == b'\n') {
        let line = match line {
            [b'S', b':', link @ ..] => {
                let link = identifiers::without_labels(link, secrets);
                [b"S:", &secrets.replace(&own.replace(&link))[..]].concat()
            }
            [b'E', b':', property @ ..] => {
                let mut parts = property.splitn(2, |&b| b == b'=');
                let (Some(key), Some(value)) = (parts.next(), parts.next()) else {
                    continue;
                };
                if !PROPERTIES.contains(&key) {
                    continue;
                }
                let value = match key {
                    b"ID_FS_LABEL" | b"ID_FS_UUID" | b"ID_PART_ENTRY_UUID" => {
                        identifiers::label(value, secrets)
                    }
                    b"ID_SERIAL" | b"ID_SERIAL_SHORT" => secrets.replace(&own.replace(value)),
                    _ => secrets.replace(value),
                };
                [b"E:", key, b"=", &value].concat()
            }
            // The time when the device was set up, and the version of the format.
            [b'I' | b'V', b':', ..] => line.to_vec(),
            _ => continue,
        };
        out.extend(line);
    }
    out
}

#[cfg(test)]
mod tests;
