// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A whole recorded machine with some of its files changed: what is found is described, as XML that is read back and as JSON.

use virnodedev::caps::input::Purpose;
use virnodedev::device::scan::{computer, scan};
use virnodedev::document::parse;
use virnodedev::host::Host;
use virnodedev::host::mdevctl::files::read_definitions;
use virnodedev::host::mdevctl::run::Asking;

use crate::changed_machine::{change, machine};

/// Without what the way through a document may change, as in libvirt: white space is written as it is, and readers of XML
/// make other white space of some; a mediated device without an IOMMU group is read as one of group 0; a world-wide name
/// without digits is read as none.
fn lasting(xml: &str) -> String {
    let text: String = xml.split_ascii_whitespace().collect();
    text.replace("<iommuGroupnumber='0'/>", "")
        .replace("<fabric_wwn></fabric_wwn>", "")
}

/// Whether an FC host or an interface has no name, as in libvirt: the host's file is empty, which the kernel's are not, or the
/// interface's name has only characters that XML cannot carry. Such a document is refused.
fn is_nameless(xml: &str) -> bool {
    ["<wwnn></wwnn>", "<wwpn></wwpn>", "<interface></interface>"].iter().any(|name| xml.contains(name))
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
        if is_nameless(&xml) {
            assert!(read.is_err(), "{xml}");
            continue;
        }
        let read = read.unwrap_or_else(|error| panic!("{error}\n{xml}"));
        assert_eq!(lasting(&read.description.to_xml()), lasting(&xml));
        let json: serde_json::Value = serde_json::from_str(&description.to_json()).expect("JSON");
        assert_eq!(json["name"], description.name);
    }
}
