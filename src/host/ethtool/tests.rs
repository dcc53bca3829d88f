// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Tests on the interfaces of this machine. What is expected comes from the old commands, which
//! libvirt uses, and from `ethtool -k` where that is installed.

use std::collections::BTreeSet;
use std::process::Command as Process;

use super::*;

fn ethtool() -> Ethtool {
    Ethtool::open().unwrap().unwrap()
}

/// The features as libvirt asks for them: by the old commands, and bit 25.
fn asked_one_by_one(ethtool: &Ethtool, interface: &str) -> Features {
    let name = name(interface.as_bytes()).unwrap();
    let mut features = Features::default();
    ethtool.ask_each(&name, &mut features).unwrap();
    let active = ethtool.active(&name).unwrap_or(0);
    features.set(TXUDPTNL, active & (1 << 25) != 0);
    features
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Process::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// A pair of virtual interfaces, which is removed when the test ends.
struct Pair(String);

impl Pair {
    fn new() -> Option<Pair> {
        let name = format!("vndt{}", std::process::id() % 100_000);
        let peer = format!("{name}p");
        let arguments = ["link", "add", &name, "type", "veth", "peer", "name", &peer];
        run("ip", &arguments).map(|_| Pair(name))
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        run("ip", &["link", "del", &self.0]);
    }
}

#[test]
fn names_are_in_the_order_of_xml() {
    let features = Features::from_names(["switchdev", "rx", "txudptnl", "rdma", "rx"]).unwrap();
    let names: Vec<_> = features.names().collect();
    assert_eq!(names, ["rx", "rdma", "txudptnl", "switchdev"]);
    assert_eq!(Features::from_names([]), Some(Features::default()));
    assert_eq!(Features::default().names().count(), 0);
    assert_eq!(
        Features::from_names(features::NAMES)
            .unwrap()
            .names()
            .count(),
        14
    );
    // libvirt 12.8.0 does not have "ufo".
    assert_eq!(Features::from_names(["rx", "ufo"]), None);
    assert!(!Features::default().insert("RX"));
}

#[test]
fn every_interface_has_what_the_old_commands_say() {
    let ethtool = ethtool();
    let mut seen = 0;
    for entry in std::fs::read_dir("/sys/class/net").unwrap() {
        let interface = entry.unwrap().file_name().into_string().unwrap();
        let before = asked_one_by_one(&ethtool, &interface);
        let features = ethtool.features(interface.as_bytes()).unwrap();
        // Another test may remove or change its interface meanwhile.
        if asked_one_by_one(&ethtool, &interface) == before {
            assert_eq!(features, before, "{interface}");
            seen += 1;
        }
    }
    assert!(seen > 0, "not even lo is there");
}

#[test]
fn the_loopback() {
    // net/core/dev.c and drivers/net/loopback.c: never off for lo, never on for lo.
    let features: BTreeSet<_> = ethtool().features(b"lo").unwrap().names().collect();
    for on in ["rx", "tx", "sg"] {
        assert!(features.contains(on), "{on}");
    }
    for off in [
        "lro",
        "rxvlan",
        "txvlan",
        "ntuple",
        "rxhash",
        "rdma",
        "switchdev",
    ] {
        assert!(!features.contains(off), "{off}");
    }
}

#[test]
fn connectors_of_ports() {
    // drivers/net/loopback.c tells none, drivers/net/veth.c PORT_TP.
    let ethtool = ethtool();
    assert_eq!(ethtool.port(b"lo"), Ok(None));
    assert_eq!(ethtool.port(b"a-name-that-is-too-long"), Ok(None));
    let Some(pair) = Pair::new() else {
        eprintln!("skipped: adding a veth pair needs root and `ip`");
        return;
    };
    assert_eq!(ethtool.port(pair.0.as_bytes()), Ok(Some("twisted pair")));
}

#[test]
fn switching_features_is_seen_at_once() {
    let Some(pair) = Pair::new() else {
        eprintln!("skipped: adding a veth pair needs root and `ip`");
        return;
    };
    let ethtool = ethtool();
    let interface = pair.0.as_bytes();
    assert!(
        ethtool
            .features(interface)
            .unwrap()
            .names()
            .any(|name| name == "gso")
    );
    for name in ["tx", "tso", "gso", "gro", "txvlan", "rxvlan", "rx", "sg"] {
        if run("ethtool", &["-K", &pair.0, name, "off"]).is_none() {
            eprintln!("skipped: `ethtool -K` is not to be had");
            return;
        }
        let features = ethtool.features(interface).unwrap();
        assert!(features.names().all(|on| on != name), "{name} is off");
        assert_eq!(features, asked_one_by_one(&ethtool, &pair.0));
        // Words of `ethtool -k` for the same features.
        let report = run("ethtool", &["-k", &pair.0]).unwrap();
        for (feature, word) in [
            ("rx", "rx-checksumming"),
            ("tx", "tx-checksumming"),
            ("sg", "scatter-gather"),
            ("gso", "generic-segmentation-offload"),
            ("gro", "generic-receive-offload"),
            ("lro", "large-receive-offload"),
            ("rxvlan", "rx-vlan-offload"),
            ("txvlan", "tx-vlan-offload"),
            ("ntuple", "ntuple-filters"),
            ("rxhash", "receive-hashing"),
        ] {
            let on = report.contains(&format!("\n{word}: on"));
            assert_eq!(
                features.names().any(|name| name == feature),
                on,
                "{feature}"
            );
        }
    }
}

#[test]
fn an_interface_that_is_not_there_has_none() {
    let ethtool = ethtool();
    let none = Features::default();
    for interface in [
        &b""[..],
        b"vnd-none",
        b"0123456789abcdef",
        b"lo\0",
        b"\xff\xfe",
        b"sixteen-bytes-00",
    ] {
        assert_eq!(ethtool.features(interface).unwrap(), none, "{interface:?}");
    }
    // A name that is not found must not affect the next question.
    assert_ne!(ethtool.features(b"lo").unwrap(), none);
}

#[test]
fn names_fill_fifteen_bytes_at_most() {
    assert_eq!(name(b"123456789012345").unwrap()[15], 0);
    assert_eq!(name(b"1234567890123456"), None);
    assert_eq!(name(b"\xff").unwrap()[0].to_ne_bytes(), [0xff]);
}

/// The kernel's strings with these at the given places.
fn strings(names: &[(usize, &str)]) -> Vec<[u8; 32]> {
    let mut strings = vec![[0; 32]; MAX_STRINGS];
    for (index, name) in names {
        strings[*index][..name.len()].copy_from_slice(name.as_bytes());
    }
    strings
}

#[test]
fn bits_are_found_by_name() {
    let all: Vec<_> = KERNEL_FEATURES
        .iter()
        .flat_map(|(_, names)| *names)
        .collect();
    let numbered = |first: usize| -> Vec<(usize, &str)> {
        all.iter()
            .enumerate()
            .map(|(i, name)| (first + i, **name))
            .collect()
    };
    let masks = masks_of(&strings(&numbered(3))).unwrap();
    // One name for rx at bit 3, five for tx at bits 4 to 8, two for sg at 9 and 10.
    assert_eq!(masks[..3], [1 << 3, 0x1f << 4, 3 << 9]);
    let union = masks.iter().fold(0, |union, mask| union | mask);
    assert_eq!(union.count_ones() as usize, all.len());

    assert_eq!(masks_of(&strings(&[])), None);
    assert_eq!(masks_of(&strings(&numbered(0)[1..])), None, "rx is unknown");
    assert_eq!(
        masks_of(&strings(&numbered(60))),
        None,
        "beyond the 64 bits asked for"
    );
}
