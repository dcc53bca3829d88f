// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Tests of where names are in a file.

use std::collections::BTreeSet;

use super::super::load;
use super::*;
use crate::host::files::Files;

const SAMPLE: &[u8] = b"# comment\n\
    \tffff  device without a vendor\n\
    0001  First\n\
    \t0002  Two\n\
    \t\t0001 0002  subsystem\n\
    # comment\n\
    \t0001  One \xff\x01\n\
    \t0002  Two again\n\
    zz11  no id\n\
    \t0003  below nothing\n\
    ABCD  Upper\r\n\
    \tabcd  lower\n\
    0001x no blank\n\
    12  short\n\
    0002\n\
    0003  \n\
    \n\
    C 02  Network controller\n\
    \t0000  Ethernet\n\
    0004  after the classes\n";

const DETAILS: &[u8] = b"0001  First\n\
    \t\t0001 0002  below no device\n\
    \t0002  Two\n\
    \t\t0003 0004  Board \xff\n\
    \t\t0003  short\n\
    # comment\n\
    \n\
    \t\t0003 0005  Other\r\n\
    0002  Second\n\
    \t\t0003 0006  below no device\n\
    C 02  Network controller\n\
    \t00  Ethernet controller\n\
    # comment\n\
    \n\
    \t\t01  made up\n\
    \t80  Network controller\n\
    C 03  Display controller\n\
    \t\t00  below no subclass\n\
    \t00  VGA compatible controller\n\
    \t\t00  VGA controller\n\
    HUT 01  another list\n\
    \t02  not a class\n";

/// The file that gave libvirt 12.8.0 the names in the recorded machines; names in tests were read off with `grep`.
fn real_file() -> PciIds {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pci.ids.gz");
    load(&Files::live(), path.as_bytes()).unwrap().unwrap()
}

/// How many vendors there are, and how many devices, those of the same id counted once.
fn counted(ids: &PciIds) -> (usize, usize) {
    let vendors: BTreeSet<_> = ids.vendors.iter().map(|vendor| vendor.id).collect();
    let devices = ids.vendors.iter().flat_map(|vendor| {
        let lines = ids.devices_of(vendor).0.iter();
        lines.map(move |(device, _)| (vendor.id, *device))
    });
    (vendors.len(), devices.collect::<BTreeSet<_>>().len())
}

#[test]
fn vendors_and_devices() {
    let ids = PciIds::new(SAMPLE.to_vec());
    let text = |name: &str| Some(name.to_string());
    assert_eq!(ids.vendor(1), text("First"));
    assert_eq!(ids.device(1, 1), text("One \u{fffd}"));
    assert_eq!(ids.device(1, 2), text("Two"), "the first of two counts");
    assert_eq!(ids.device(1, 3), None);
    assert_eq!(ids.vendor(0xabcd), text("Upper"));
    assert_eq!(ids.device(0xabcd, 0xabcd), text("lower"));
    assert_eq!(ids.device(0xabcd, 1), None);
    for vendor in [0, 2, 3, 4, 0x12, 0xffff] {
        assert_eq!(ids.vendor(vendor), None, "{vendor:#x}");
    }
    assert_eq!(ids.device(0, 0xffff), None);
}

#[test]
fn nonsense_is_an_empty_database() {
    for text in [&b""[..], b"\n\n\n", b"\t", b"\0\0\0\0  x", &[b'0'; 100_000]] {
        assert_eq!(counted(&PciIds::new(text.to_vec())), (0, 0));
    }
    let named = |length| PciIds::new([b"0001  ".to_vec(), vec![b'x'; length]].concat()).vendor(1);
    assert_eq!(named(LONGEST).map(|name| name.len()), Some(LONGEST));
    assert_eq!(named(LONGEST + 1), None);
    assert_eq!(named(1 << 20), None);
    let text = format!("{:?}", PciIds::new(SAMPLE.to_vec()));
    assert!(
        text.contains("vendors: 3"),
        "a summary, not the text: {text}"
    );
}

/// The file that gave libvirt 12.8.0 the names in the recorded machines; names read off with `grep`.
#[test]
fn names_of_the_real_file() {
    let ids = real_file();
    let text = |name: &str| Some(name.to_string());
    assert_eq!(ids.vendor(0x8086), text("Intel Corporation"));
    assert_eq!(
        ids.device(0x8086, 0x1237),
        text("440FX - 82441FX PMC [Natoma]")
    );
    assert_eq!(ids.vendor(0x15b3), text("Mellanox Technologies"));
    assert_eq!(
        ids.device(0x15b3, 0x101d),
        text("MT2892 Family [ConnectX-6 Dx]")
    );
    assert_eq!(ids.vendor(0x0001), text("SafeNet (wrong ID)"));
    assert_eq!(
        ids.vendor(0x15cf),
        text("Hilscher Gesellschaft für Systemautomation mbH")
    );
    // Counted with `grep -c` above the line `C 00`.
    assert_eq!(counted(&ids), (2522, 21693));
}

/// Nothing is lost of a vendor or a device that stands twice, and the first name counts.
#[test]
fn what_stands_twice() {
    let text = b"0001  First\n\t0001  One\n\t\t0002 0003  Board\n\
        0002  Second\n\
        0001  First again\n\t0001  One again\n\t\t0002 0003  Board again\n\t\t0002 0004  Card\n\t0005  Five\n\
        C 01  Class\nC 01  Class again\n";
    let ids = PciIds::new(text.to_vec());
    let text = |name: &str| Some(name.to_string());
    assert_eq!(ids.vendor(1), text("First"));
    assert_eq!(ids.device(1, 1), text("One"));
    assert_eq!(ids.device(1, 5), text("Five"));
    assert_eq!(ids.subsystem((1, 1), (2, 3)), text("Board"));
    assert_eq!(ids.subsystem((1, 1), (2, 4)), text("Card"));
    assert_eq!(ids.classes(0x01_0000)[0], text("Class"));
}

#[test]
fn subsystems_and_classes() {
    let details = PciIds::new(DETAILS.to_vec());
    let text = |name: &str| Some(name.to_string());
    assert_eq!(details.subsystem((1, 2), (3, 4)), text("Board \u{fffd}"));
    assert_eq!(details.subsystem((1, 2), (3, 5)), text("Other"));
    assert_eq!(details.subsystem((2, 0), (3, 6)), None);
    let some = || 0..8;
    let all = some().flat_map(|v| some().flat_map(move |d| some().map(move |sv| ((v, d), sv))));
    let all = all.flat_map(|(device, vendor)| some().map(move |of| (device, (vendor, of))));
    let found = all.filter(|&(device, of)| details.subsystem(device, of).is_some());
    assert_eq!(found.count(), 2);
    let ethernet = [text("Network controller"), text("Ethernet controller")];
    let [base, subclass, interface] = details.classes(0x02_0000);
    assert_eq!([base, subclass], ethernet);
    assert_eq!(interface, None);
    assert_eq!(details.classes(0x02_0001)[2], text("made up"));
    assert_eq!(details.classes(0x03_0000)[2], text("VGA controller"));
    assert_eq!(details.classes(0x03_0200)[0], text("Display controller"));
    assert_eq!(details.classes(0x04_0000), [None, None, None]);
    assert_eq!(details.index_classes().0.len(), 7);
}

/// Names read off with `grep` from the file that gave libvirt 12.8.0 its names.
#[test]
fn details_of_the_real_file() {
    let details = real_file();
    let text = |name: &str| Some(name.to_string());
    assert_eq!(
        details.classes(0x01_0802),
        [
            text("Mass storage controller"),
            text("Non-Volatile memory controller"),
            text("NVM Express")
        ]
    );
    assert_eq!(
        details.subsystem((0x8086, 0x1237), (0x1af4, 0x1100)),
        text("Qemu virtual machine")
    );
}
