// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A machine with some of its files changed is recorded: the recording shows the same devices. An anonymous one can be read, too.

use virnodedev::device::scan::{computer, scan};
use virnodedev::host::Host;
use virnodedev::host::mdevctl::run::Asking;
use virnodedev::host::recording::Recording;
use virnodedev::record::anonymous::anonymise;
use virnodedev::record::record;

use crate::changed_machine::{change, machine};

/// The descriptions of all devices, or the errors.
fn describe(host: &Host) -> Vec<String> {
    let devices = scan(host).expect("files in memory");
    let devices = devices.into_iter().chain([computer()]);
    let describe = |device: virnodedev::device::Device| {
        let description = device.describe(host, Asking::Never);
        description.map_or_else(|error| error.to_string(), |found| found.to_xml())
    };
    devices.map(describe).collect()
}

fn read_back(recording: &Recording) -> Recording {
    let mut archive = Vec::new();
    recording.write_archive(&mut archive).expect("an archive");
    Recording::read_archive(&archive[..]).expect("an archive")
}

pub fn run(bytes: &[u8]) {
    let mut changed = machine().recording.clone();
    change(&mut changed, bytes);
    let host = Host::replayed(changed);
    let Ok(recording) = record(&host) else {
        return;
    };
    let anonymous = read_back(&anonymise(&recording, Some(b"host")));
    let recorded = Host::replayed(read_back(&recording));
    assert_eq!(describe(&recorded), describe(&host));
    describe(&Host::replayed(anonymous));
}
