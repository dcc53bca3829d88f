// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

use super::*;
use crate::host::Host;
use crate::host::node::Node;
use std::ffi::CString;
use std::path::PathBuf;

const ADDRESS: &str = "0000:03:00.0";
const DIRECTORY: &str = "/sys/devices/pci0000:00/0000:03:00.0";

/// A recorded machine with one PCI function in an IOMMU group, an Ethernet controller.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Machine {
        let machine = Machine(tempfile::tempdir().unwrap());
        machine.put(&format!("{DIRECTORY}/class"), "0x020000\n");
        machine.put(
            &format!("{DIRECTORY}/modalias"),
            "pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00\n",
        );
        machine.put(&format!("{DIRECTORY}/iommu_group/type"), "DMA\n");
        machine.add_driver("vfio-pci");
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(&path[1..])
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn add_driver(&self, name: &str) {
        self.put(&format!("/sys/bus/pci/drivers/{name}/unbind"), "");
    }

    fn set_aliases(&self, lines: &str) {
        let uname = rustix::system::uname();
        let release = uname.release().to_str().unwrap();
        self.put(&format!("/lib/modules/{release}/modules.alias"), lines);
    }

    /// The driver that is chosen, or the error's code and text.
    fn choose(&self, wanted: Option<&str>) -> std::result::Result<String, (Code, String)> {
        let host = Host::recorded(self.0.path()).unwrap();
        let function = Function {
            node: Node::at(&host, DIRECTORY.as_bytes(), b"pci"),
            address: ADDRESS.into(),
            name: "pci_0000_03_00_0".into(),
        };
        let wanted = wanted.map(|name| CString::new(name).unwrap());
        choose(&function, wanted.as_deref())
            .map(|driver| String::from_utf8(driver).unwrap())
            .map_err(|e| (e.code(), e.message()))
    }

    fn chosen(&self, wanted: Option<&str>) -> String {
        self.choose(wanted).unwrap()
    }

    fn refusal(&self, wanted: Option<&str>) -> (Code, String) {
        self.choose(wanted).unwrap_err()
    }
}

#[test]
fn names_stay_in_their_folder_and_are_no_options() {
    let longest = "x".repeat(128);
    for name in [
        "vfio-pci",
        "mlx5_vfio_pci",
        "3c59x",
        "budget dvb",
        "a.b",
        "~",
        "x",
        &longest,
    ] {
        assert!(is_name(name.as_bytes()), "{name}");
    }
    let long = "x".repeat(129);
    for name in [
        "", ".", "..", "../x", "a/b", "/x", "-r", "--remove", " x", "a\nb", "a\tb", "\u{7f}", "é",
        &long,
    ] {
        assert!(!is_name(name.as_bytes()), "{name}");
        let refusal = Machine::new().refusal(Some(name));
        assert_eq!(refusal.0, Code::InvalidArg, "{name}");
        assert!(refusal.1.contains("cannot be the name of a driver"));
    }
}

#[test]
fn the_best_vfio_driver_is_the_one_that_the_modules_name() {
    let machine = Machine::new();
    assert_eq!(machine.chosen(None), "vfio-pci");
    machine.add_driver("acme_vfio");
    for (lines, expected) in [
        ("", "vfio-pci"),
        ("alias vfio_pci:v*d*sv*sd*bc*sc*i* acme_vfio\n", "acme_vfio"),
        (
            "alias vfio_pci:v00008087d*sv*sd*bc*sc*i* acme_vfio\n",
            "vfio-pci",
        ),
        // A name that is not valid as that of a file is not used.
        (
            "alias vfio_pci:v*d*sv*sd*bc*sc*i* ../acme_vfio\n",
            "vfio-pci",
        ),
    ] {
        machine.set_aliases(lines);
        assert_eq!(machine.chosen(None), expected, "{lines}");
        assert_eq!(machine.chosen(Some("vfio")), expected, "{lines}");
    }
    let modalias = format!("{DIRECTORY}/modalias");
    machine.put(&modalias, "usb:v1D6B\n");
    let (code, text) = machine.refusal(None);
    assert_eq!(code, Code::InternalError);
    assert!(text.ends_with("0000:03:00.0/modalias content has improper format"));
    // No alias is needed for a driver that is named.
    std::fs::remove_file(machine.path(&modalias)).unwrap();
    assert_eq!(machine.refusal(None).0, Code::SystemError);
    assert_eq!(machine.chosen(Some("acme_vfio")), "acme_vfio");
}

#[test]
fn old_names_of_drivers_are_known() {
    let machine = Machine::new();
    machine.add_driver("xen-pciback");
    assert_eq!(machine.chosen(Some("xen")), "xen-pciback");
    assert_eq!(machine.refusal(Some("kvm")).0, Code::ArgumentUnsupported);
}

#[test]
fn a_module_that_is_loaded_names_its_driver() {
    let machine = Machine::new();
    machine.add_driver("acme-driver");
    machine.put("/sys/module/acme/drivers/platform:other/x", "");
    let (_, text) = machine.refusal(Some("acme"));
    assert!(text.ends_with("module 'acme' does not implement any pci driver"));
    machine.put("/sys/module/acme/drivers/pci:acme-driver/x", "");
    assert_eq!(machine.chosen(Some("acme")), "acme-driver");
    machine.put("/sys/module/a_b/drivers/pci:acme-driver/x", "");
    assert_eq!(machine.chosen(Some("a-b")), "acme-driver");
    // A module without a list of drivers may have a driver with its own name.
    machine.put("/sys/module/plain/version", "1\n");
    let (_, text) = machine.refusal(Some("plain"));
    assert!(
        text.ends_with("pci driver 'plain' supposedly loaded by module 'plain' not found in sysfs")
    );
}

#[test]
fn vfio_takes_no_bridges() {
    let machine = Machine::new();
    machine.add_driver("pci-stub");
    for (class, is_bridge) in [
        ("0x060400", true),
        ("0x060401", true),
        ("0x060700", true),
        ("0x060940", true),
        ("0x060000", false),
        ("0x068000", false),
        ("0x020000", false),
        ("0x06", false),
    ] {
        machine.put(&format!("{DIRECTORY}/class"), class);
        for wanted in [None, Some("vfio"), Some("vfio-pci")] {
            match is_bridge {
                false => assert_eq!(machine.chosen(wanted), "vfio-pci", "{class}"),
                true => {
                    let (code, text) = machine.refusal(wanted);
                    assert_eq!(code, Code::OperationInvalid, "{class}");
                    assert!(text.ends_with("is a bridge, which no VFIO driver takes"));
                }
            }
        }
        assert_eq!(machine.chosen(Some("pci-stub")), "pci-stub", "{class}");
    }
}

#[test]
fn vfio_needs_an_iommu_group_or_leave_to_do_without() {
    let machine = Machine::new();
    machine.add_driver("pci-stub");
    machine.add_driver("acme_vfio");
    machine.set_aliases("alias vfio_pci:v*d*sv*sd*bc*sc*i* acme_vfio\n");
    std::fs::remove_dir_all(machine.path(&format!("{DIRECTORY}/iommu_group"))).unwrap();
    for wanted in [None, Some("vfio"), Some("vfio-pci")] {
        let (code, text) = machine.refusal(wanted);
        assert_eq!(code, Code::ArgumentUnsupported);
        assert!(text.ends_with("PCI device 0000:03:00.0 is in no IOMMU group"));
    }
    // Nothing shows that these are VFIO drivers.
    for other in ["pci-stub", "acme_vfio"] {
        assert_eq!(machine.chosen(Some(other)), other);
    }
    machine.put(
        "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
        "Y\n",
    );
    assert_eq!(machine.chosen(None), "acme_vfio");
}
