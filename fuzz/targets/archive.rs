// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Archives: what is understood of them is written and read back the same, and nothing leads out of them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use virnodedev::host::recording::{Entry, Folder, Recording};
use virnodedev::record::anonymous::anonymise;

fn check(folder: &Folder) {
    for (name, entry) in folder {
        assert!(!name.is_empty() && !name.contains(&b'/') && name != b"..");
        if let Entry::Folder(entries) = entry {
            check(entries);
        }
    }
}

fn read(archive: &[u8]) -> Option<Recording> {
    let recording = Recording::read_archive(archive).ok()?;
    check(&recording.root);
    Some(recording)
}

fn write(recording: &Recording) -> Vec<u8> {
    let mut archive = Vec::new();
    recording.write_archive(&mut archive).expect("an archive");
    archive
}

/// The bytes as an archive, and as the tar file in one.
pub fn run(bytes: &[u8]) {
    let _ = read(bytes);
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(bytes).expect("memory");
    let Some(recording) = read(&packed.finish().expect("memory")) else {
        return;
    };
    assert_eq!(read(&write(&recording)).expect("an archive"), recording);
    read(&write(&anonymise(&recording, None))).expect("an archive");
}
