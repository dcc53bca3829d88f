// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What no recorded or handmade machine shows: how kinds are told apart, documents with faults
//! within a capability, hosts without udev, numbers out of range.

mod left_out;
mod lists;
mod machines;
mod uevent;

use super::*;
use crate::document::{Purpose, parse};
use crate::error::Code;
use crate::host::Host;

/// A host whose files are these, below `/sys`.
fn host(files: &[(&str, &str)]) -> (tempfile::TempDir, Host) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join("sys").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let host = Host::recorded(root.path()).unwrap();
    (root, host)
}

fn node<'a>(host: &'a Host, path: &'a [u8], subsystem: &'a [u8], uevent: &'a [u8]) -> Node<'a> {
    Node {
        uevent,
        ..Node::at(host, path, subsystem)
    }
}

fn document(kind: &str, content: &str) -> String {
    format!("<device><name>n</name><capability type='{kind}'>{content}</capability></device>")
}

/// The capability of a document, written with this state in place of its own.
fn written(kind: &str, content: &str, state: Option<&State>) -> String {
    let device = parse(document(kind, content).as_bytes(), Purpose::Update, false).unwrap();
    let mut w = Writer::xml();
    let own = &device.description.state;
    device.description.facts.write(state.unwrap_or(own), &mut w);
    w.finish()
}

#[test]
fn a_nested_capability_is_no_kind_of_device() {
    let (_root, host) = host(&[("devices/x/uevent", "")]);
    let node = node(&host, b"/sys/devices/x", b"pci", b"");
    let bearers = |nested: Capability| {
        let all = Capability::ALL.iter().copied();
        let bear = all.filter(|kind| kind.nested_flags() & nested.flag() != 0);
        bear.collect::<Vec<_>>()
    };
    for (nested, expected) in [
        (Capability::FcHost, Capability::ScsiHost),
        (Capability::Vports, Capability::ScsiHost),
        (Capability::Vpd, Capability::Pci),
        (Capability::CcwGroupMember, Capability::Ccw),
    ] {
        assert_eq!(Facts::read(nested, &node), Ok(None));
        assert_eq!(judge(nested, &node), Ok(Verdict::Rejected));
        assert_eq!(bearers(nested), [expected]);
        // No other kind has it.
        let (cache, flag) = (Cache::default(), nested.flag());
        let has = has_nested(Capability::UsbInterface, flag, &node, &cache);
        assert_eq!(has, Ok(false));
    }
    assert_eq!(
        bearers(Capability::MdevTypes),
        [Capability::Pci, Capability::Css, Capability::ApMatrix]
    );
    assert_eq!(bearers(Capability::Pci), []);
}

/// From the list of capabilities in libvirt's documentation of node devices.
#[test]
fn a_kind_can_have_itself_and_what_is_nested_in_it() {
    for (kind, wanted, can) in [
        (Capability::Pci, Capability::Pci, true),
        (Capability::Pci, Capability::MdevTypes, true),
        (Capability::Pci, Capability::Vpd, true),
        (Capability::Pci, Capability::Net, false),
        (Capability::Net, Capability::MdevTypes, false),
        (Capability::ScsiHost, Capability::Vports, true),
        (Capability::Vports, Capability::ScsiHost, false),
    ] {
        assert_eq!(kind.can_have(wanted), can, "{kind:?} {wanted:?}");
    }
}

#[test]
fn facts_are_written_without_state_too() {
    let address = "<cssid>0</cssid><ssid>0</ssid><devno>1</devno>";
    let channel = "  <cssid>0x0</cssid>\n  <ssid>0x0</ssid>\n  <devno>0x0001</devno>\n";
    let cases = [
        (
            "pci",
            "<domain>0</domain><bus>1</bus><slot>2</slot><function>3</function>\
             <product id='0x1'/><vendor id='0x2'/>\
             <capability type='mdev_types'><type id='t'><deviceAPI>a</deviceAPI>\
             <availableInstances>1</availableInstances></type></capability>\
             <iommuGroup number='1'><address slot='1'/></iommuGroup>"
                .to_string(),
            "  <domain>0</domain>\n  <bus>1</bus>\n  <slot>2</slot>\n  <function>3</function>\n  \
             <product id='0x0001'/>\n  <vendor id='0x0002'/>\n"
                .to_string(),
        ),
        (
            "net",
            "<interface>i</interface><link speed='1' state='up'/><feature name='rx'/>".into(),
            "  <interface>i</interface>\n".into(),
        ),
        (
            "scsi_host",
            "<host>1</host><unique_id>2</unique_id>".into(),
            "  <host>1</host>\n".into(),
        ),
        (
            "scsi_target",
            "<target>t</target><capability type='fc_remote_port'><rport>r</rport>\
             <wwpn>0x1</wwpn></capability>"
                .into(),
            "  <target>t</target>\n".into(),
        ),
        (
            "ccw",
            format!(
                "{address}<capability type='ccwgroup_member'><group_device>g</group_device>\
                 </capability>"
            ),
            channel.into(),
        ),
        (
            "ccwgroup",
            format!("{address}<members><ccw_device ref='cdev0'>c</ccw_device></members>"),
            format!("{channel}  <capability type='qeth_generic'>\n  </capability>\n"),
        ),
        (
            "ccwgroup",
            format!(
                "{address}<members><ccw_device ref='cdev0'>c</ccw_device></members>\
                 <capability type='qeth_layer2'><card_type>a</card_type></capability>"
            ),
            format!(
                "{channel}  <capability type='qeth_layer2'>\n    <card_type>a</card_type>\n  \
                 </capability>\n"
            ),
        ),
        (
            "css",
            format!(
                "{address}<capability type='mdev_types'><type id='t'><deviceAPI>a</deviceAPI>\
                 <availableInstances>1</availableInstances></type></capability>"
            ),
            channel.into(),
        ),
    ];
    for (kind, content, expected) in cases {
        let with = written(kind, &content, None);
        let without = written(kind, &content, Some(&State::None));
        let expected = format!("<capability type='{kind}'>\n{expected}</capability>\n");
        assert_eq!(without, expected);
        assert!(with.len() > without.len(), "{with}");
    }
}

#[test]
fn what_only_documents_say_is_written_again() {
    // No kernel device is ever hotpluggable or has a description.
    let drive = "<block>/dev/x</block><size>1</size><capability type='hotpluggable'/>";
    assert_eq!(
        written("storage", drive, None),
        "<capability type='storage'>\n  <block>/dev/x</block>\n  <size>1</size>\n  \
         <capability type='hotpluggable'/>\n</capability>\n"
    );
    let interface = "<number>1</number><class>2</class><subclass>3</subclass>\
                     <protocol>4</protocol><description>d</description>";
    assert!(written("usb", interface, None).contains("  <description>d</description>\n"));
}

#[test]
fn documents_that_are_wrong_inside_name_what_is() {
    let pci = "<domain>0</domain><bus>0</bus><slot>0</slot><function>0</function>\
               <product id='0x1'/><vendor id='0x2'/>";
    let channel = "<cssid>0</cssid><ssid>0</ssid><devno>1</devno>";
    let section = |field: &str| {
        format!(
            "{pci}<capability type='vpd'><fields access='readonly'>{field}</fields></capability>"
        )
    };
    let cases = [
        (
            "drm",
            "<type>sideways</type>".to_string(),
            Code::InternalError,
            "unknown drm type 'sideways'",
        ),
        (
            "ccwgroup",
            format!("{channel}<capability type='lcs'/>"),
            Code::XmlError,
            "Invalid value for attribute 'type' in element 'capability': 'lcs'.",
        ),
        (
            "net",
            "<interface>i</interface><feature name='teleport'/>".into(),
            Code::XmlError,
            "'name' in element 'feature': 'teleport'",
        ),
        (
            "net",
            "<interface>i</interface><capability type='80216'/>".into(),
            Code::InternalError,
            "invalid network type supplied",
        ),
        (
            "pci",
            format!("{pci}<pci-express><link validity='soon' width='1'/></pci-express>"),
            Code::XmlError,
            "'validity' in element 'link': 'soon'",
        ),
        (
            "pci",
            section("<vendor_field index='AB'>x</vendor_field>"),
            Code::XmlError,
            "'index' in element 'vendor_field': 'AB'",
        ),
        // The second byte of a keyword is a digit or an upper-case letter (PCI Local Bus Specification 3.0, appendix I).
        (
            "pci",
            section("<vendor_field index='?'>x</vendor_field>"),
            Code::XmlError,
            "'index' in element 'vendor_field': '?'",
        ),
        (
            "mdev_types",
            "<capability type='mdev_types'><type id='t'><deviceAPI>a</deviceAPI></type></capability>"
                .into(),
            Code::InternalError,
            "no number of available instances supplied",
        ),
    ];
    for (kind, content, code, detail) in cases {
        // Given devices are described, so that every kind is read.
        let text = document(kind, &content);
        let error = parse(text.as_bytes(), Purpose::Describe, false).unwrap_err();
        assert_eq!(error.code(), code, "{kind}: {}", error.message());
        assert!(error.message().contains(detail), "{}", error.message());
    }
}

#[test]
fn usb_ids_come_from_sysfs_where_udev_has_no_database() {
    let path = b"/sys/devices/usb1/1-1";
    let uevent = b"DEVTYPE=usb_device\nBUSNUM=001\nDEVNUM=002\n";
    let (root, recorded) = host(&[
        ("devices/usb1/1-1/idVendor", "0781\n"),
        ("devices/usb1/1-1/idProduct", "5567\n"),
        ("devices/usb1/1-1/product", "Stick\n"),
    ]);
    let device = || node(&recorded, path, b"usb", uevent);
    assert_eq!(usb_device::UsbDevice::judge(&device()), Ok(Verdict::Plain));
    let facts = usb_device::UsbDevice::read(&device()).unwrap().unwrap();
    assert_eq!((facts.vendor.id, facts.product.id), (0x0781, 0x5567));
    assert_eq!(facts.product.name.as_deref(), Some("Stick"));
    assert_eq!(facts.port, None);
    // If there is a database, libvirt's rule holds: a device that udev does not know is not listed.
    std::fs::create_dir_all(root.path().join("run/udev/data")).unwrap();
    assert_eq!(
        usb_device::UsbDevice::judge(&device()),
        Ok(Verdict::Rejected)
    );
    // One that was listed before the database lost its entry is described by its own attributes.
    let read = usb_device::UsbDevice::read(&device()).unwrap();
    assert_eq!(read, Some(facts));
}

#[test]
fn a_mediated_device_without_a_group_is_shown_without_it_until_it_has_one() {
    const UUID: &str = "11111111-2222-3333-4444-555555555501";
    let path = format!("/sys/devices/p/{UUID}");
    let (root, recorded) = host(&[(
        "devices/p/mdev_supported_types/t-1/device_api",
        "vfio-pci\n",
    )]);
    let folder = root.path().join(&path[1..]);
    std::fs::create_dir_all(&folder).unwrap();
    let device = node(&recorded, path.as_bytes(), b"mdev", b"DRIVER=d\n");
    assert_eq!(
        mdev::Mdev::judge(&device).unwrap(),
        Verdict::Rejected,
        "it has no type"
    );
    std::os::unix::fs::symlink("../mdev_supported_types/t-1", folder.join("mdev_type")).unwrap();
    assert_eq!(
        mdev::Mdev::judge(&device).unwrap(),
        Verdict::Suffix(b"p".to_vec())
    );
    let cache = Cache::default();
    let group = || match &*cache.facts(Capability::Mdev, &device).unwrap().unwrap() {
        Facts::Mdev(mdev) => mdev.iommu_group,
        other => panic!("{other:?}"),
    };
    assert_eq!(group(), None);
    let mut w = Writer::xml();
    cache
        .facts(Capability::Mdev, &device)
        .unwrap()
        .unwrap()
        .write(&State::None, &mut w);
    assert_eq!(
        w.finish(),
        format!(
            "<capability type='mdev'>\n  <type id='t-1'/>\n  <uuid>{UUID}</uuid>\n  <parent_addr>p</parent_addr>\n</capability>\n"
        )
    );
    std::fs::create_dir_all(root.path().join("sys/kernel/iommu_groups/7")).unwrap();
    std::os::unix::fs::symlink("../../../kernel/iommu_groups/7", folder.join("iommu_group"))
        .unwrap();
    assert_eq!(group(), Some(7));
    // From then on it is kept.
    std::fs::remove_file(folder.join("iommu_group")).unwrap();
    assert_eq!(group(), Some(7));
}

#[test]
fn facts_are_read_once() {
    let (root, recorded) = host(&[("devices/0:0:0:1/type", "5\n")]);
    let device = node(&recorded, b"/sys/devices/0:0:0:1", b"scsi", b"");
    let cache = Cache::default();
    let kind = |cache: &Cache| match &*cache
        .facts(Capability::ScsiDevice, &device)
        .unwrap()
        .unwrap()
    {
        Facts::ScsiDevice(found) => found.peripheral_type.clone(),
        other => panic!("{other:?}"),
    };
    let before = kind(&cache);
    std::fs::write(root.path().join("sys/devices/0:0:0:1/type"), "0\n").unwrap();
    assert_eq!(kind(&cache), before);
    assert_ne!(kind(&Cache::default()), before);
}

#[test]
fn the_hosts_uuid_is_the_firmwares_else_that_of_the_installation() {
    let (root, recorded) = host(&[("devices/virtual/dmi/id/sys_vendor", "Maker\n")]);
    let uuid = || {
        let device = node(&recorded, system::DMI, b"dmi", b"");
        system::System::read(&device).unwrap().unwrap().uuid
    };
    assert_eq!(uuid(), "00000000-0000-0000-0000-000000000000");
    std::fs::create_dir(root.path().join("etc")).unwrap();
    std::fs::write(
        root.path().join("etc/machine-id"),
        "0123456789abcdef0123456789abcdef\n",
    )
    .unwrap();
    // As systemd-id128 prints it; see host/machine_id.rs.
    let made = "d6c4252b-14c3-435f-8500-dd2b2ffcf667";
    assert_eq!(uuid(), made);
    let firmware = root.path().join("sys/devices/virtual/dmi/id/product_uuid");
    // Text that is none, and what firmware has in place of one.
    for text in ["none", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n"] {
        std::fs::write(&firmware, text).unwrap();
        assert_eq!(uuid(), made);
    }
    std::fs::write(&firmware, "11 11 11 11-2222-3333-4444-55556666777A\n").unwrap();
    assert_eq!(uuid(), "11111111-2222-3333-4444-55556666777a");
}

/// If udevd has an entry for every device but one, that one is described by its attributes in
/// sysfs.
#[test]
fn a_disk_without_an_entry_of_udev_is_read_from_sysfs_whatever_there_is_of_others() {
    let path = b"/sys/devices/virtual/mmc0/block/mmcblk0";
    let uevent = b"MAJOR=179\nMINOR=0\nDEVNAME=mmcblk0\nDEVTYPE=disk\n";
    let nvme = b"/sys/devices/nvme0/nvme0n1";
    let nvme_uevent = b"MAJOR=259\nMINOR=0\nDEVNAME=nvme0n1\nDEVTYPE=disk\n";
    let (root, recorded) = host(&[
        ("devices/nvme0/nvme0n1/device/model", "Model 1\n"),
        ("devices/nvme0/nvme0n1/device/serial", "S1\n"),
        ("devices/virtual/mmc0/block/mmcblk0/size", "8\n"),
    ]);
    let database = root.path().join("run/udev/data");
    std::fs::create_dir_all(&database).unwrap();
    std::fs::write(
        database.join("b179:0"),
        "I:1\nE:ID_DRIVE_FLASH_SD=1\nE:ID_SERIAL=0x1\n",
    )
    .unwrap();
    let disk = || node(&recorded, nvme, b"block", nvme_uevent);
    assert_eq!(
        storage::Storage::judge(&disk()).unwrap(),
        Verdict::Suffix(b"Model_1_S1".to_vec())
    );
    let card = node(&recorded, path, b"block", uevent);
    assert_eq!(
        storage::Storage::judge(&card).unwrap(),
        Verdict::Suffix(b"0x1".to_vec())
    );
    // If udevd has an entry for a disk, nothing else is used.
    std::fs::write(database.join("b259:0"), "I:1\nE:ID_MODEL=x\n").unwrap();
    assert_eq!(storage::Storage::judge(&disk()).unwrap(), Verdict::Plain);
}

#[test]
fn a_network_device_without_an_interface_is_none() {
    let (_root, host) = host(&[("devices/w/address", "00:11:22:33:44:55\n")]);
    let device = node(&host, b"/sys/devices/w", b"net", b"DEVTYPE=wlan\n");
    assert_eq!(classify(&device), Some(Capability::Net));
    assert_eq!(net::Net::judge(&device), Ok(Verdict::Rejected));
}

/// The speed and state of a link for these contents of `speed` and `operstate`.
fn link(operstate: Option<&str>, speed: &str) -> (Option<u32>, Option<&'static str>) {
    let mut files = vec![("devices/n/speed", speed)];
    files.extend(operstate.map(|text| ("devices/n/operstate", text)));
    let (_root, host) = host(&files);
    let device = node(&host, b"/sys/devices/n", b"net", b"INTERFACE=n\n");
    let state = net::Net::read_state(&device, &SlowFacts::default()).unwrap();
    (state.speed, state.link)
}

#[test]
fn a_link_speed_that_is_no_number_is_none() {
    for (speed, expected) in [
        ("-1\n", Some(u32::MAX)),
        ("4294967295\n", Some(u32::MAX)),
        ("4294967296\n", None),
        ("-2147483649\n", None),
        ("100\n\n", Some(100)),
        ("100", None),
        ("fast\n", None),
        ("", None),
    ] {
        assert_eq!(link(Some("up\n"), speed), (expected, Some("up")), "{speed}");
    }
    // Without a state of RFC 2863, no speed is read either.
    for operstate in [None, Some("sleepy\n"), Some(""), Some("\n"), Some("\u{ff}")] {
        assert_eq!(link(operstate, "100\n"), (None, None), "{operstate:?}");
    }
}

/// A document may hold each class that has 24 bits, as configuration space has.
#[test]
fn a_class_of_24_bits_is_one() {
    let pci = "<domain>0</domain><bus>0</bus><slot>0</slot><function>0</function>\
               <product id='0x1'/><vendor id='0x2'/>";
    let class = |class: &str| format!("<class>{class}</class>{pci}");
    assert!(written("pci", &class("0xffffff"), None).contains("<class>0xffffff</class>"));
    let text = document("pci", &class("0x1000000"));
    let error = parse(text.as_bytes(), Purpose::Describe, false).unwrap_err();
    assert_eq!(error.code(), Code::InternalError);
    assert!(error.message().contains("invalid PCI class supplied"));
}

/// As in libvirt (see [`channel::has_valid_state`]), of groups with a member.
#[test]
fn a_channel_group_needs_an_address_a_state_that_is_a_number_and_members() {
    let group = |name: &str, online: &str, has_member: bool| {
        let place = format!("devices/qeth/{name}");
        let (root, host) = host(&[
            (&format!("{place}/online"), online),
            ("devices/css0/0.0.1000/uevent", ""),
        ]);
        if has_member {
            let member = root.path().join("sys").join(&place).join("cdev0");
            std::os::unix::fs::symlink("../../css0/0.0.1000", member).unwrap();
        }
        let path = format!("/sys/{place}");
        let device = node(&host, path.as_bytes(), b"ccwgroup", b"DEVTYPE=qeth\n");
        ccw_group::CcwGroup::judge(&device).unwrap()
    };
    assert_eq!(group("0.0.1000", "1\n", true), Verdict::Plain);
    assert_eq!(group("0.0.1000", "on\n", true), Verdict::Rejected);
    assert_eq!(group("0.0.1000", "1\n", false), Verdict::Rejected);
    assert_eq!(group("qeth", "1\n", true), Verdict::Rejected);
}

#[test]
fn a_vdpa_device_needs_the_node_that_its_driver_promises() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("vhost-vdpa-of-no-kernel")).unwrap();
    let path = folder.path().to_str().unwrap().as_bytes();
    let live = Host::live();
    let device = node(&live, path, b"vdpa", b"");
    assert_eq!(vdpa::Vdpa::judge(&device), Ok(Verdict::Rejected));
    // One that was listed before its node went.
    let read = vdpa::Vdpa::read(&device).unwrap();
    assert_eq!(read, Some(vdpa::Vdpa { chardev: None }));
}
