// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What libvirt 12.8.0 printed of whole machines is read and written again, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};

use virnodedev::connection::Connection;
use virnodedev::document::{self, Purpose};

/// The documents that follow each other in a text; each ends with a line of its own.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    const END: &str = "\n</device>\n";
    let ends = text.match_indices(END).map(|(at, _)| at + END.len());
    ends.scan(0, |start, end| {
        let document = &text[*start..end];
        *start = end;
        Some(document)
    })
}

/// The recorded documents of every machine, by file.
fn recordings() -> Vec<(PathBuf, String)> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let machines = fs::read_dir(data.join("machines")).unwrap();
    let folders = machines.map(|machine| machine.unwrap().path());
    let files = folders
        .chain([data.join("testdriver")])
        .flat_map(|folder| ["devices.xml", "inactive.xml"].map(|name| folder.join(name)));
    files
        .filter_map(|file| Some((file.clone(), fs::read_to_string(file).ok()?)))
        .collect()
}

#[test]
fn every_document_comes_out_as_it_went_in() {
    let recordings = recordings();
    assert!(recordings.len() > 8, "{} recordings", recordings.len());
    for (file, text) in recordings {
        for expected in documents(&text) {
            let document = document::parse(expected.as_bytes(), Purpose::Describe, false)
                .unwrap_or_else(|e| panic!("{}: {e}\n{expected}", file.display()));
            assert_eq!(
                document.description.to_xml(),
                expected,
                "{}",
                file.display()
            );
        }
    }
}

#[test]
fn whole_machines_are_test_driver_files() {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in recordings() {
        if file.ends_with("inactive.xml") {
            continue;
        }
        let node = folder.path().join("node.xml");
        fs::write(&node, format!("<node>{text}</node>")).unwrap();
        let connection =
            Connection::open(Some(format!("test://{}", node.display()).as_bytes()), false).unwrap();
        let names = connection.list(0).unwrap();
        let position = |wanted| names.iter().position(|name| *name == wanted).unwrap();
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if name.to_bytes() != b"computer" {
                assert!(
                    position(connection.parent(name).unwrap().unwrap()) < index,
                    "{name:?}"
                );
            }
            found.push(connection.xml(name, false).unwrap());
        }
        let mut expected: Vec<_> = documents(&text).collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found.len(), expected.len(), "{}", file.display());
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found, expected, "{}", file.display());
        }
    }
}
