// SPDX-License-Identifier: LGPL-2.1-or-later
//! The host itself, `computer`: what its firmware says in the SMBIOS tables
//! (kernel: `/sys/class/dmi/id`, Documentation/ABI/testing/sysfs-firmware-dmi-tables).

use super::input::Input;
use crate::error::Result;
use std::sync::OnceLock;

use crate::host::node::Node;
use crate::process::without_fork;
use crate::text::uuid::normalise_uuid;
use crate::xml::writer::Writer;

/// Where the kernel shows the identification strings.
pub const DMI: &[u8] = b"/sys/devices/virtual/dmi/id";

/// The machine and its firmware.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct System {
    pub product: Option<String>,
    pub vendor: Option<String>,
    pub version: Option<String>,
    pub serial: Option<String>,
    /// Lower case with hyphens.
    pub uuid: String,
    pub firmware_vendor: Option<String>,
    pub firmware_version: Option<String>,
    pub firmware_date: Option<String>,
}

const NO_UUID: &str = "00000000-0000-0000-0000-000000000000";

impl System {
    /// Reads the SMBIOS strings; `node` is the `dmi/id` folder.
    pub fn read(node: &Node<'_>) -> System {
        if !node.host.files.exists(node.path) {
            return System {
                uuid: NO_UUID.into(),
                ..System::default()
            };
        }
        System {
            product: node.text("product_name"),
            vendor: node.text("sys_vendor"),
            version: node.text("product_version"),
            serial: node.text("product_serial"),
            uuid: node
                .text("product_uuid")
                .and_then(|text| normalise_uuid(&text))
                .filter(|uuid| !is_uniform(uuid))
                .unwrap_or_else(|| random_uuid().into()),
            firmware_vendor: node.text("bios_vendor"),
            firmware_version: node.text("bios_version"),
            firmware_date: node.text("bios_date"),
        }
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.optional("product", self.product.as_ref());
        w.element("hardware", &[], |w| {
            w.optional("vendor", self.vendor.as_ref());
            w.optional("version", self.version.as_ref());
            w.optional("serial", self.serial.as_ref());
            w.value("uuid", &self.uuid);
        });
        w.element("firmware", &[], |w| {
            w.optional("vendor", self.firmware_vendor.as_ref());
            w.optional("version", self.firmware_version.as_ref());
            w.optional("release_date", self.firmware_date.as_ref());
        });
    }
}

/// Whether all 16 bytes are the same: firmware's way to say that it has no UUID.
fn is_uniform(uuid: &str) -> bool {
    let digits: Vec<u8> = uuid.bytes().filter(|b| *b != b'-').collect();
    digits.chunks(2).all(|byte| byte == &digits[..2])
}

/// A UUID made once per process, for a machine that has none: the kernel makes it (random(4), `uuid`).
fn random_uuid() -> &'static str {
    static UUID: OnceLock<String> = OnceLock::new();
    let make = || {
        std::fs::read_to_string("/proc/sys/kernel/random/uuid")
            .ok()
            .and_then(|text| normalise_uuid(&text))
            .unwrap_or_else(|| NO_UUID.into())
    };
    without_fork(|| UUID.get_or_init(make))
}

impl System {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Result<System> {
        let mut system = System {
            product: input.text("product"),
            ..System::default()
        };
        let mut uuid = None;
        if let Some(hardware) = input.element.child("hardware") {
            let hardware = input.at(hardware);
            system.vendor = hardware.text("vendor");
            system.version = hardware.text("version");
            system.serial = hardware.text("serial");
            uuid = hardware.text("uuid");
        }
        if let Some(firmware) = input.element.child("firmware") {
            let firmware = input.at(firmware);
            system.firmware_vendor = firmware.text("vendor");
            system.firmware_version = firmware.text("version");
            system.firmware_date = firmware.text("release_date");
        }
        let uuid = uuid.ok_or_else(|| input.wrong("no system UUID supplied"))?;
        system.uuid = normalise_uuid(&uuid).ok_or_else(|| input.wrong("malformed uuid element"))?;
        Ok(system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_uuids_are_none() {
        assert!(is_uniform(NO_UUID));
        assert!(is_uniform("ffffffff-ffff-ffff-ffff-ffffffffffff"));
        assert!(!is_uniform("6c616220-766e-6400-0000-00000000000a"));
    }

    #[test]
    fn the_random_uuid_stays() {
        assert_eq!(random_uuid(), random_uuid());
        assert_ne!(random_uuid(), NO_UUID);
    }
}
