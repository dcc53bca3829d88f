// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Every device that is listed has a description; facts that cannot be had are left out of it.
//! tests/test_describable.py spoils the files of whole machines; the cases that it cannot make are
//! here.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::caps::config_space::find_capability;
use crate::caps::kind::Kind;
use crate::caps::pci::{Bridge, Pci};
use crate::caps::pci_address::PciAddress;
use crate::device::scan;
use crate::host::mdevctl::run::Asking;

const FUNCTION: &str = "devices/pci0000:00/0000:00:05.0";
const UEVENT: &str = "DRIVER=e1000e\nPCI_CLASS=60400\nPCI_ID=8086:10D3\n";

/// A PCI function with this configuration space.
fn function(config: &[u8]) -> (tempfile::TempDir, Host) {
    let (root, host) = host(&[
        (&format!("{FUNCTION}/uevent"), UEVENT),
        (&format!("{FUNCTION}/vendor"), "0x8086\n"),
        (&format!("{FUNCTION}/device"), "0x10d3\n"),
        (&format!("{FUNCTION}/numa_node"), "1\n"),
    ]);
    let folder = root.path().join("sys").join(FUNCTION);
    std::fs::write(folder.join("config"), config).unwrap();
    (root, host)
}

fn folder(root: &tempfile::TempDir) -> std::path::PathBuf {
    root.path().join("sys").join(FUNCTION)
}

fn link(target: &str, path: impl AsRef<Path>) {
    let path = path.as_ref();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(path);
    symlink(target, path).unwrap();
}

fn read(host: &Host) -> Pci {
    let path = format!("/sys/{FUNCTION}");
    let node = node(host, path.as_bytes(), b"pci", UEVENT.as_bytes());
    assert_eq!(Pci::judge(&node), Ok(Verdict::Plain));
    Pci::read(&node).unwrap().unwrap()
}

fn state(host: &Host) -> pci::PciState {
    let path = format!("/sys/{FUNCTION}");
    let node = node(host, path.as_bytes(), b"pci", UEVENT.as_bytes());
    Pci::read_state(&node, &SlowFacts::default()).unwrap()
}

/// Configuration space of 4096 bytes with this header type and all else 0.
fn config(header_type: u8) -> Vec<u8> {
    let mut config = vec![0; 4096];
    config[0x0e] = header_type;
    config
}

#[test]
fn a_function_that_does_not_answer_has_neither_bridge_nor_link() {
    for silent in [vec![0xff; 4096], vec![0xff; 64], config(3), config(0x83)] {
        let (root, host) = function(&silent);
        let found = read(&host);
        assert_eq!((found.bridge, found.express), (None, None));
        assert_eq!((found.vendor.id, found.numa_node), (0x8086, Some(1)));
        // Once it answers again it is read again.
        assert!(!found.is_final());
        std::fs::write(folder(&root).join("config"), config(1)).unwrap();
        let found = read(&host);
        assert_eq!(found.bridge, Some(Bridge::Pci));
        assert!(found.express.is_some() && found.is_final());
    }
    // The ids of a virtual function read as ones, and it answers.
    let mut virtual_function = config(0);
    virtual_function[..4].fill(0xff);
    let (_root, host) = function(&virtual_function);
    assert!(read(&host).express.is_some());
}

/// Capabilities lie behind the header, of 64 bytes; a pointer of 0 ends their list (PCI Local Bus Specification 3.0, 6.7).
#[test]
fn the_header_is_no_capability() {
    for pointer in [0, 0x3c, 0xff] {
        let mut config = config(0);
        // The ids and the byte at 3Ch look like a capability with the ID of PCI Express.
        config[..4].fill(0x10);
        config[0x3c] = 0x10;
        config[0x06] = 0x10;
        config[0x34] = 0x40;
        config[0x40..0x42].copy_from_slice(&[0x01, pointer]);
        assert_eq!(find_capability(&config, 0x10), None, "{pointer:#x}");
        assert_eq!(find_capability(&config, 0x01), Some(0x40));
    }
}

#[test]
fn a_function_needs_a_class_and_configuration_space() {
    let (root, host) = function(&config(0));
    let judge = |uevent: &str| {
        let path = format!("/sys/{FUNCTION}");
        Pci::judge(&node(&host, path.as_bytes(), b"pci", uevent.as_bytes()))
    };
    assert_eq!(judge(UEVENT), Ok(Verdict::Plain));
    assert_eq!(judge("PCI_ID=8086:10D3\n"), Ok(Verdict::Rejected));
    std::fs::remove_file(folder(&root).join("config")).unwrap();
    assert_eq!(judge(UEVENT), Ok(Verdict::Rejected));
}

/// Its `uevent` file may lack them, too: see `uevent.rs`.
#[test]
fn a_function_without_ids_is_no_node_device() {
    let (root, host) = function(&config(0));
    let path = format!("/sys/{FUNCTION}");
    let device = node(&host, path.as_bytes(), b"pci", b"PCI_CLASS=60400\n");
    assert_eq!(Pci::judge(&device), Ok(Verdict::Plain));
    for text in ["", "8086\n", "0x18086\n", "0x\n", "?\n"] {
        std::fs::write(folder(&root).join("device"), text).unwrap();
        assert_eq!(Pci::judge(&device), Ok(Verdict::Rejected), "{text}");
        let found = read(&host);
        assert_eq!(
            (found.vendor.id, found.product.id),
            (0x8086, 0x10d3),
            "{text}"
        );
    }
}

/// The kernel has the attribute since 3.8; recordings can lack it. Seen with libvirt 9.0 on such a one.
#[test]
fn virtual_functions_are_listed_without_the_most_there_can_be() {
    let (root, host) = function(&config(0));
    assert_eq!(state(&host).virtual_functions, None);
    link("../0000:00:05.1", folder(&root).join("virtfn0"));
    let found = state(&host).virtual_functions.unwrap();
    let first = PciAddress::parse(b"0000:00:05.1").unwrap();
    assert_eq!((found.functions, found.max), (vec![first], 0));
    std::fs::write(folder(&root).join("sriov_totalvfs"), "7\n").unwrap();
    assert_eq!(state(&host).virtual_functions.unwrap().max, 7);
}

#[test]
fn numbers_of_a_function_that_are_none() {
    let (root, host) = function(&config(0));
    for text in ["", "one\n", "1.5\n", "99999999999\n", "-1\n", "\u{ff}"] {
        std::fs::write(folder(&root).join("numa_node"), text).unwrap();
        std::fs::write(folder(&root).join("sriov_totalvfs"), text).unwrap();
        assert_eq!(read(&host).numa_node, None, "{text}");
        assert_eq!(state(&host).virtual_functions, None, "{text}");
    }
}

/// As libvirt 12.8.0 prints it, except for the last: libvirt does not list such a function.
#[test]
fn an_iommu_group_without_its_list() {
    let (root, host) = function(&config(0));
    let written = || {
        let mut w = Writer::xml();
        let facts = Facts::Pci(read(&host));
        facts.write(&State::Pci(state(&host)), &mut w);
        let text = w.finish();
        let group = text.lines().skip_while(|line| !line.contains("iommuGroup"));
        let group =
            group.take_while(|line| line.contains("iommuGroup") || line.contains("address"));
        group.map(str::trim).collect::<Vec<_>>().concat()
    };
    assert_eq!(written(), "");
    link(
        "../../../kernel/iommu_groups/7",
        folder(&root).join("iommu_group"),
    );
    let group = root.path().join("sys/kernel/iommu_groups/7");
    std::fs::create_dir_all(&group).unwrap();
    let own = "<address domain='0x0000' bus='0x00' slot='0x05' function='0x0'/>";
    assert_eq!(
        written(),
        format!("<iommuGroup number='7'>{own}</iommuGroup>")
    );
    std::fs::create_dir(group.join("devices")).unwrap();
    assert_eq!(written(), "");
    std::fs::remove_dir_all(&group).unwrap();
    assert_eq!(written(), "<iommuGroup number='7'/>");
    link("?", folder(&root).join("iommu_group"));
    assert_eq!(written(), "");
}

#[test]
fn a_driver_link_that_leads_nowhere() {
    let (root, host) = function(&config(0));
    link(
        "../../../devices/pci0000:00/0000:00:05.0",
        root.path().join("sys/bus/pci/devices/0000:00:05.0"),
    );
    let driver = || {
        let devices = scan::scan(&host).unwrap();
        let description = devices[0].describe(&host, Asking::Never).unwrap();
        description.driver
    };
    assert_eq!(driver(), None);
    link(
        "../../../bus/pci/drivers/e1000e",
        folder(&root).join("driver"),
    );
    assert_eq!(driver(), None);
    std::fs::create_dir_all(root.path().join("sys/bus/pci/drivers/e1000e")).unwrap();
    assert_eq!(driver().as_deref(), Some("e1000e"));
    // As libvirt 12.8.0 prints them, by replay.
    for (target, expected) in [
        ("drivers/e1000e/", "e1000e"),
        ("drivers/.", "drivers"),
        ("drivers/ ", " "),
    ] {
        std::fs::create_dir_all(root.path().join("sys/bus/pci").join(target)).unwrap();
        std::fs::remove_file(folder(&root).join("driver")).unwrap();
        let target = format!("../../../bus/pci/{target}");
        symlink(target, folder(&root).join("driver")).unwrap();
        assert_eq!(driver().as_deref(), Some(expected));
    }
    // The root of the tree has no name.
    link("../../../..", folder(&root).join("driver"));
    assert_eq!(driver().as_deref(), Some(""));
}

#[test]
fn types_of_mediated_device_that_do_not_say_what_they_must() {
    let types = "devices/p/mdev_supported_types";
    let (_root, host) = host(&[
        (&format!("{types}/whole/device_api"), "vfio-pci\n"),
        (&format!("{types}/whole/available_instances"), "2\n"),
        (&format!("{types}/uncounted/device_api"), "vfio-pci\n"),
        (&format!("{types}/many/device_api"), "vfio-pci\n"),
        (&format!("{types}/many/available_instances"), "many\n"),
        (&format!("{types}/silent/available_instances"), "1\n"),
        (&format!("{types}/empty/available_instances"), "1\n"),
        (&format!("{types}/empty/device_api"), "\n"),
        ("devices/q/mdev_supported_types/silent/name", "x\n"),
    ]);
    let parent = node(&host, b"/sys/devices/p", b"matrix", b"");
    let found = mdev_types::read(&parent).unwrap();
    let ids: Vec<_> = found.iter().map(|found| &found.id[..]).collect();
    assert_eq!(ids, ["whole"]);
    assert_eq!(mdev_types::has_any(&parent), Ok(true));
    // A parent whose only type lacks both offers none.
    let parent = node(&host, b"/sys/devices/q", b"matrix", b"");
    assert_eq!(mdev_types::read(&parent), Ok(Vec::new()));
    assert_eq!(mdev_types::has_any(&parent), Ok(false));
}

#[test]
fn a_unit_whose_type_makes_no_sense() {
    for text in ["", "\n", "disk\n", "-1\n", "0x\n", "99999999999\n"] {
        let (_root, host) = host(&[("devices/0:0:0:1/type", text)]);
        let device = node(&host, b"/sys/devices/0:0:0:1", b"scsi", b"");
        let found = scsi_device::ScsiDevice::read(&device).unwrap().unwrap();
        assert_eq!((found.peripheral_type, found.lun), (None, 1), "{text}");
    }
}
