// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The filter for lists of devices, by list flags.
//!
//! Flags are in three groups: capabilities, active or inactive, persistent or transient. If any
//! flag of a group is given, a device must match one of them.

use crate::caps::Capability;
use crate::device::Device;
use crate::error::Result;
use crate::host::Host;

/// List flags that are not capabilities.
const PERSISTENT: u32 = 1 << 28;
const TRANSIENT: u32 = 1 << 29;
const INACTIVE: u32 = 1 << 30;
const ACTIVE: u32 = 1 << 31;
const ANY_CAPABILITY: u32 = Capability::ALL_FLAGS;

const _: () = assert!(ANY_CAPABILITY & (PERSISTENT | TRANSIENT | INACTIVE | ACTIVE) == 0);

/// All list flags.
pub const LIST_FLAGS: u32 = ANY_CAPABILITY | PERSISTENT | TRANSIENT | INACTIVE | ACTIVE;

/// Whether a device may pass the flags, as far as is known without reading files.
pub fn may_pass(device: &Device, flags: u32) -> bool {
    let presence = if device.is_active() { ACTIVE } else { INACTIVE };
    let lifetime = match device.is_persistent() {
        true => PERSISTENT,
        false => TRANSIENT,
    };
    let may_have = device.kind.flag() | device.kind.nested_flags();
    (flags & (ACTIVE | INACTIVE) == 0 || flags & presence != 0)
        && (flags & (PERSISTENT | TRANSIENT) == 0 || flags & lifetime != 0)
        && (flags & ANY_CAPABILITY == 0 || flags & may_have != 0)
}

/// Whether the flags ask for a capability that is nested in another, for which devices must be
/// read.
pub fn needs_facts(flags: u32) -> bool {
    Capability::ALL
        .iter()
        .any(|kind| flags & kind.nested_flags() != 0)
}

/// Whether a device passes the flags, if [`may_pass`] allows it.
pub fn passes(device: &Device, flags: u32, host: &Host) -> Result<bool> {
    match flags & ANY_CAPABILITY == 0 || flags & device.kind.flag() != 0 {
        true => Ok(true),
        false => device.has_nested(flags, host),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{defined, inactive, kernel, mediated};
    use super::*;

    /// A PCI function whose files offer a type of mediated device, or none.
    fn function(types: usize) -> (tempfile::TempDir, Host, Device) {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("sys/devices/f");
        std::fs::create_dir_all(&place).unwrap();
        for number in 0..types {
            let folder = place.join(format!("mdev_supported_types/t-{number}"));
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("device_api"), "vfio-pci\n").unwrap();
            std::fs::write(folder.join("available_instances"), "1\n").unwrap();
        }
        let host = Host::recorded(root.path()).unwrap();
        let device = Device {
            kind: Capability::Pci,
            ..kernel("pci_f", "/sys/devices/f")
        };
        (root, host, device)
    }

    #[test]
    fn one_flag_of_each_group_has_to_fit() {
        let path = "/sys/devices/mtty/1";
        let devices = [
            mediated("transient", path),
            defined(mediated("both", path), "t"),
            inactive("inactive", path, "t"),
        ];
        for (flags, expected) in [
            (0, [true, true, true]),
            (ACTIVE, [true, true, false]),
            (INACTIVE, [false, false, true]),
            (ACTIVE | INACTIVE, [true, true, true]),
            (PERSISTENT, [false, true, true]),
            (TRANSIENT, [true, false, false]),
            (PERSISTENT | TRANSIENT, [true, true, true]),
            (PERSISTENT | ACTIVE, [false, true, false]),
            (TRANSIENT | INACTIVE, [false, false, false]),
            (Capability::Mdev.flag() | TRANSIENT, [true, false, false]),
            (Capability::Net.flag(), [false, false, false]),
            (Capability::Net.flag() | ACTIVE, [false, false, false]),
        ] {
            let found = devices.each_ref().map(|device| may_pass(device, flags));
            assert_eq!(found, expected, "{flags:#x}");
        }
    }

    #[test]
    fn a_device_passes_by_its_own_capability_or_one_nested_in_it() {
        let (own, nested) = (Capability::Pci.flag(), Capability::MdevTypes.flag());
        for (types, expected) in [(1, true), (0, false)] {
            let (_root, host, device) = function(types);
            for (flags, passed) in [
                (own, true),
                (own | nested, true),
                (own | nested | ACTIVE, true),
                (ACTIVE, true),
                (nested, expected),
                (nested | ACTIVE, expected),
            ] {
                assert!(may_pass(&device, flags));
                assert_eq!(passes(&device, flags, &host), Ok(passed), "{flags:#x}");
            }
        }
        assert!(needs_facts(nested) && needs_facts(own | nested));
        assert!(!needs_facts(own) && !needs_facts(ACTIVE | PERSISTENT));
    }
}
