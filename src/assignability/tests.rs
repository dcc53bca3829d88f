// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A machine written by hand: each reason there is, and what the files say that leads to it.

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::symlink;

use super::report::{Reason, Report, Verdict};
use crate::connection::Connection;
use crate::error::Code;

const ROOT: &str = "sys/devices/pci0000:00/";

/// A tree of files below a folder, which is opened as a recording.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Machine {
        let machine = Machine(tempfile::tempdir().unwrap());
        machine.file("sys/devices/pci0000:00/uevent", "");
        machine
    }

    fn file(&self, path: &str, text: impl AsRef<[u8]>) -> &Machine {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn link(&self, path: &str, target: &str) -> &Machine {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    /// A PCI function: its class, its driver (none if empty), its IOMMU group (none if empty).
    fn function(&self, address: &str, class: &str, driver: &str, group: &str) -> &Machine {
        let folder = format!("{ROOT}{address}/");
        let uevent = format!("PCI_CLASS={class}\nPCI_ID=8086:10D3\nPCI_SLOT_NAME={address}\n");
        self.file(&format!("{folder}uevent"), uevent);
        self.file(&format!("{folder}vendor"), "0x8086\n");
        self.file(&format!("{folder}device"), "0x10d3\n");
        self.file(
            &format!("{folder}config"),
            [0x86, 0x80, 0xd3, 0x10]
                .into_iter()
                .chain([0; 60])
                .collect::<Vec<u8>>(),
        );
        self.link(
            &format!("sys/bus/pci/devices/{address}"),
            &format!("../../../devices/pci0000:00/{address}"),
        );
        if !driver.is_empty() {
            self.file(&format!("sys/bus/pci/drivers/{driver}/uevent"), "");
            self.link(
                &format!("{folder}driver"),
                &format!("../../../bus/pci/drivers/{driver}"),
            );
        }
        if !group.is_empty() {
            let groups = format!("sys/kernel/iommu_groups/{group}");
            self.file(&format!("{groups}/type"), "DMA\n");
            self.link(
                &format!("{folder}iommu_group"),
                &format!("../../../kernel/iommu_groups/{group}"),
            );
            self.link(
                &format!("{groups}/devices/{address}"),
                &format!("../../../../devices/pci0000:00/{address}"),
            );
        }
        self
    }

    fn open(&self) -> Connection {
        let uri = format!("nodedev:///embed?root={}", self.0.path().display());
        Connection::open(Some(uri.as_bytes()), false).unwrap()
    }

    fn report(&self, name: &str) -> Report {
        self.open()
            .assignability(&CString::new(name).unwrap())
            .unwrap()
    }
}

const NIC: &str = "pci_0000_00_02_0";

/// Code, verdict allowed and device of each reason.
fn found(report: &Report) -> Vec<(&str, Verdict, &str)> {
    let reasons = report.reasons.iter();
    reasons
        .map(
            |Reason {
                 code,
                 allows,
                 device,
                 ..
             }| (*code, *allows, device.as_str()),
        )
        .collect()
}

#[test]
fn a_function_of_the_host_alone_in_its_group_can_be_assigned() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "20000", "e1000e", "5");
    let report = machine.report(NIC);
    assert_eq!(report.verdict(), Verdict::Yes);
    assert_eq!(found(&report), [("host-driver", Verdict::Yes, NIC)]);
    let json = r#"{"name":"pci_0000_00_02_0","verdict":"yes","iommu_group":{"number":5,"type":"DMA","members":[{"name":"pci_0000_00_02_0","class":"0x020000","driver":"e1000e"}]},"reasons":[{"code":"host-driver","allows":"yes","device":"pci_0000_00_02_0","what":"is bound to the host's driver e1000e","advice":"detach it, if the virtual machine's manager does not: nodedev detach pci_0000_00_02_0"}]}"#;
    assert_eq!(report.to_json(), json);
    let text = "pci_0000_00_02_0: yes\n  IOMMU group 5: pci_0000_00_02_0 (e1000e)\n  note: pci_0000_00_02_0: is bound to the host's driver e1000e\n    detach it, if the virtual machine's manager does not: nodedev detach pci_0000_00_02_0\n";
    assert_eq!(report.to_text(), text);
}

#[test]
fn a_detached_function_tells_the_file_that_drives_it() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "20000", "vfio-pci", "5");
    machine.file(&format!("{ROOT}0000:00:02.0/vfio-dev/vfio3/dev"), "511:3\n");
    let report = machine.report(NIC);
    assert_eq!(found(&report), []);
    assert_eq!(
        report.vfio,
        [("device", "/dev/vfio/devices/vfio3".to_owned())]
    );
}

#[test]
fn other_functions_of_the_group_must_go_along_unless_they_are_bridges_or_free() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "20000", "e1000e", "5");
    machine.function("0000:00:01.0", "60400", "pcieport", "5");
    machine.function("0000:00:02.1", "20000", "e1000e", "5");
    machine.function("0000:00:02.2", "20000", "vfio-pci", "5");
    machine.function("0000:00:02.3", "20000", "", "5");
    let report = machine.report(NIC);
    assert_eq!(report.verdict(), Verdict::Together);
    assert_eq!(
        found(&report),
        [
            ("group-member", Verdict::Together, "pci_0000_00_02_1"),
            ("host-driver", Verdict::Yes, NIC)
        ]
    );
    assert_eq!(
        report.reasons[0].advice,
        "detach it as well: nodedev detach pci_0000_00_02_1"
    );
    assert_eq!(report.group.unwrap().members.len(), 5);
}

#[test]
fn bridges_and_functions_without_a_group_or_an_iommu_cannot_be_assigned() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "20000", "", "");
    machine.function("0000:00:01.0", "60400", "pcieport", "1");
    machine.function("0000:00:03.0", "20000", "", "7");
    machine.file("sys/kernel/iommu_groups/7/name", "vfio-noiommu\n");
    let report = machine.report(NIC);
    assert_eq!(found(&report), [("no-iommu", Verdict::No, NIC)]);
    assert!(report.reasons[0].advice.contains("intel_iommu=on"));
    machine.file("sys/class/iommu/dmar0/uevent", "");
    assert!(machine.report(NIC).reasons[0].advice.contains("firmware"));
    let bridge = machine.report("pci_0000_00_01_0");
    assert_eq!(
        found(&bridge)[0],
        ("bridge", Verdict::No, "pci_0000_00_01_0")
    );
    let unguarded = machine.report("pci_0000_00_03_0");
    assert_eq!(
        found(&unguarded),
        [("unguarded", Verdict::No, "pci_0000_00_03_0")]
    );
}

#[test]
fn interrupts_must_be_remapped_unless_it_was_allowed_without() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "20000", "", "5");
    let capabilities = format!("{ROOT}0000:00:02.0/iommu/intel-iommu/ecap");
    machine.file(&capabilities, "f0207\n");
    assert_eq!(
        found(&machine.report(NIC)),
        [("interrupts", Verdict::No, NIC)]
    );
    machine.file(
        "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
        "Y\n",
    );
    assert_eq!(
        found(&machine.report(NIC)),
        [("interrupts", Verdict::Yes, NIC)]
    );
    machine.file(&capabilities, "f020f\n");
    assert_eq!(found(&machine.report(NIC)), []);
}

#[test]
fn what_is_only_to_be_known_changes_no_verdict() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "30000", "", "5");
    for (name, text) in [
        ("reset_method", "\n"),
        ("boot_vga", "1\n"),
        ("sriov_numvfs", "4\n"),
    ] {
        machine.file(&format!("{ROOT}0000:00:02.0/{name}"), text);
    }
    let report = machine.report(NIC);
    assert_eq!(report.verdict(), Verdict::Yes);
    let codes: Vec<_> = report.reasons.iter().map(|reason| reason.code).collect();
    assert_eq!(codes, ["no-reset", "boot-display", "virtual-functions"]);
}

/// A disk with a partition below a function.
fn disk(machine: &Machine, address: &str, name: &str, number: &str) {
    let folder = format!("pci0000:00/{address}/ata1/block/{name}");
    machine.file(&format!("sys/devices/{folder}/{name}1/uevent"), "");
    for name in [name.to_owned(), format!("{name}1")] {
        let target = match name.ends_with('1') {
            true => format!("../../devices/{folder}/{name}"),
            false => format!("../../devices/{folder}"),
        };
        machine.link(&format!("sys/class/block/{name}"), &target);
    }
    machine.link(
        &format!("sys/dev/block/{number}"),
        &format!("../../devices/{folder}/{name}1"),
    );
}

#[test]
fn a_mounted_disk_keeps_its_controller_and_the_group_of_that() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "10601", "ahci", "5");
    machine.function("0000:00:03.0", "20000", "e1000e", "5");
    disk(&machine, "0000:00:02.0", "sda", "8:1");
    machine.file("proc/self/mountinfo", "30 1 8:1 / / rw - ext4 /dev/root rw\n31 30 8:1 /x /my\\040data rw - ext4 /dev/root rw\n32 30 0:5 / /proc rw - proc proc rw\nbroken\n");
    let report = machine.report(NIC);
    assert_eq!(report.verdict(), Verdict::No);
    assert_eq!(found(&report)[0], ("mounted", Verdict::No, NIC));
    assert_eq!(report.reasons[0].what, "sda1 is mounted on /, /my data");
    let other = machine.report("pci_0000_00_03_0");
    assert_eq!(found(&other)[0], ("mounted", Verdict::No, NIC));
}

#[test]
fn disks_are_found_below_volumes_btrfs_and_nvme_subsystems() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "10601", "ahci", "5");
    disk(&machine, "0000:00:02.0", "sda", "8:1");
    // A logical volume on an encrypted partition.
    for (name, slave) in [("dm-0", "sda1"), ("dm-1", "dm-0")] {
        machine.file(
            &format!("sys/devices/virtual/block/{name}/slaves/{slave}"),
            "",
        );
        machine.link(
            &format!("sys/class/block/{name}"),
            &format!("../../devices/virtual/block/{name}"),
        );
    }
    machine.link("sys/dev/block/254:1", "../../devices/virtual/block/dm-1");
    machine.file(
        "proc/self/mountinfo",
        "30 1 254:1 / / rw - ext4 /dev/mapper/v rw\n",
    );
    assert_eq!(machine.report(NIC).reasons[0].what, "dm-1 is mounted on /");
    // A file system with a number of its own; the node is a link.
    machine.link("dev/mapper/v", "../dm-1");
    machine.file(
        "proc/self/mountinfo",
        "30 1 0:40 / /data rw,x shared:3 - btrfs /dev/mapper/v rw\n",
    );
    assert_eq!(
        machine.report(NIC).reasons[0].what,
        "dm-1 is mounted on /data"
    );
    machine.file("proc/self/mountinfo", "");
    machine.file(
        "proc/swaps",
        "Filename Type Size Used Priority\n/dev/sda1 partition 9 0 -2\n/swapfile file 9 0 -3\n",
    );
    let report = machine.report(NIC);
    assert_eq!(
        (report.reasons[0].code, report.reasons[0].what.as_str()),
        ("swap", "the host swaps to /dev/sda1")
    );
    // A namespace that several controllers lead to.
    let subsystem = "sys/devices/virtual/nvme-subsystem/nvme-subsys0";
    machine.file(&format!("{subsystem}/nvme0n1/uevent"), "");
    machine.link(
        &format!("{subsystem}/nvme0"),
        "../../../pci0000:00/0000:00:04.0/nvme/nvme0",
    );
    machine.function("0000:00:04.0", "10802", "nvme", "6");
    machine.file(&format!("{ROOT}0000:00:04.0/nvme/nvme0/uevent"), "");
    machine.link(
        "sys/dev/block/259:0",
        "../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1",
    );
    machine.file(
        "proc/self/mountinfo",
        "30 1 259:0 / /fast rw - xfs /dev/nvme0n1 rw\n",
    );
    assert_eq!(
        machine.report("pci_0000_00_04_0").reasons[0].what,
        "nvme0n1 is mounted on /fast"
    );
}

#[test]
fn a_default_route_keeps_its_interface_also_below_a_bridge() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "20000", "e1000e", "5");
    machine.file(
        &format!("{ROOT}0000:00:02.0/net/eth0/uevent"),
        "INTERFACE=eth0\n",
    );
    machine.link(
        "sys/class/net/eth0",
        "../../devices/pci0000:00/0000:00:02.0/net/eth0",
    );
    machine.file("sys/devices/virtual/net/br0/uevent", "INTERFACE=br0\n");
    machine.link(
        "sys/devices/virtual/net/br0/lower_eth0",
        "../../../pci0000:00/0000:00:02.0/net/eth0",
    );
    machine.link("sys/class/net/br0", "../../devices/virtual/net/br0");
    let head = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n";
    let line = |name: &str, to: &str, mask: &str| {
        format!("{head}{name} {to} 0102A8C0 0003 0 0 100 {mask} 0 0 0\n")
    };
    machine.file("proc/net/route", line("eth0", "0002A8C0", "00FFFFFF"));
    assert_eq!(machine.report(NIC).verdict(), Verdict::Yes);
    for name in ["eth0", "br0"] {
        machine.file("proc/net/route", line(name, "00000000", "00000000"));
        let report = machine.report(NIC);
        assert_eq!(found(&report)[0], ("default-route", Verdict::No, NIC));
        assert!(report.reasons[0].what.ends_with(name));
    }
    machine.file("proc/net/route", head);
    let zeros = "0".repeat(32);
    let v6 = |name: &str| {
        format!("{zeros} 00 {zeros} 00 {zeros} 00000400 00000001 00000000 00000003 {name}\n")
    };
    machine.file("proc/net/ipv6_route", v6("lo"));
    assert_eq!(machine.report(NIC).verdict(), Verdict::Yes);
    machine.file("proc/net/ipv6_route", v6("eth0"));
    assert_eq!(machine.report(NIC).verdict(), Verdict::No);
}

#[test]
fn mediated_devices_are_assignable_and_other_kinds_are_not_asked_about() {
    let machine = Machine::new();
    let uuid = "c60cc60c-c60c-c60c-c60c-c60cc60cc60c";
    let folder = format!("sys/devices/virtual/mtty/mtty/{uuid}");
    machine.file(&format!("{folder}/uevent"), "");
    machine.file(
        "sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-1/name",
        "x\n",
    );
    machine.link(
        &format!("{folder}/mdev_type"),
        "../mdev_supported_types/mtty-1",
    );
    machine.link(
        &format!("{folder}/iommu_group"),
        "../../../../../kernel/iommu_groups/9",
    );
    machine.file("sys/kernel/iommu_groups/9/name", "");
    machine.link(
        &format!("sys/bus/mdev/devices/{uuid}"),
        &format!("../../../devices/virtual/mtty/mtty/{uuid}"),
    );
    let connection = machine.open();
    let names = connection.list(0).unwrap();
    let mdev = names
        .iter()
        .find(|name| name.to_bytes().starts_with(b"mdev_"))
        .unwrap();
    let report = connection.assignability(mdev).unwrap();
    assert_eq!(report.verdict(), Verdict::Yes);
    assert_eq!(report.group.unwrap().number, Some(9));
    let error = connection.assignability(c"computer").unwrap_err();
    assert_eq!(error.code(), Code::OperationUnsupported);
    let error = connection.assignability(c"nothing").unwrap_err();
    assert_eq!(error.code(), Code::NoNodeDevice);
}

#[test]
fn hostile_names_are_text() {
    let machine = Machine::new();
    machine.function("0000:00:02.0", "10601", "a\"\n<b>", "5");
    disk(&machine, "0000:00:02.0", "sda", "8:1");
    machine.file(
        "proc/self/mountinfo",
        b"30 1 8:1 / /\xff\\012\x1b rw - ext4 /dev/root rw\n",
    );
    let json: serde_json::Value = serde_json::from_str(&machine.report(NIC).to_json()).unwrap();
    let place = json["reasons"][0]["what"].as_str().unwrap();
    assert!(place.starts_with("sda1 is mounted on /") && !place.contains(['\n', '\u{1b}']));
}
