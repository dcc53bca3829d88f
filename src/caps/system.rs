// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The host itself, `computer`: what its firmware tells in the SMBIOS tables (kernel:
//! `/sys/class/dmi/id`, Documentation/ABI/testing/sysfs-firmware-dmi-tables).

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::machine_id::uuid_of_installation;
use crate::host::node::Node;
use crate::text::uuid::normalise_uuid;
use crate::xml::schema::Pattern::{self, Maybe};
use crate::xml::schema::text_kind::{ANY, UUID};
use crate::xml::schema::{element, text};
use crate::xml::writer::Writer;

/// The folder in which the kernel shows the identification strings.
pub const DMI: &[u8] = b"/sys/devices/virtual/dmi/id";

/// The class that the folder belongs to, in which no others are looked for.
pub static DMI_CLASS: Subsystem = Subsystem::Class("dmi");

/// The machine and its firmware.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    /// The machine's product name, `product_name`.
    pub product: Option<String>,
    /// Its maker, `sys_vendor`.
    pub vendor: Option<String>,
    /// Its version, `product_version`.
    pub version: Option<String>,
    /// Its serial number, `product_serial`; only root can read it.
    pub serial: Option<String>,
    /// `product_uuid` in lower case with hyphens. If the firmware has none, or the process may not
    /// read it, a UUID made from the id of the installation (`/etc/machine-id`); all zeros if that
    /// is missing too.
    pub uuid: String,
    /// The maker of the firmware, `bios_vendor`.
    pub firmware_vendor: Option<String>,
    /// The version of the firmware, `bios_version`.
    pub firmware_version: Option<String>,
    /// The date of the firmware, `bios_date`, as the firmware writes it: month/day/year.
    pub firmware_date: Option<String>,
}

const NO_UUID: &str = "00000000-0000-0000-0000-000000000000";

/// Whether all 16 bytes are the same, by which firmware says that it has no UUID.
fn is_uniform(uuid: &str) -> bool {
    let digits: Vec<u8> = uuid.bytes().filter(|b| *b != b'-').collect();
    digits.chunks(2).all(|byte| byte == &digits[..2])
}

impl Kind for System {
    type State = ();
    const NAME: &'static str = "system";
    // No bus or class lists it: it is always there.
    const SUBSYSTEMS: &'static [Subsystem] = &[];
    const MARKS: &'static [Mark] = &[];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        Maybe(&text("product", ANY)),
        element(
            "hardware",
            &[],
            &[
                Maybe(&text("vendor", ANY)),
                Maybe(&text("version", ANY)),
                Maybe(&text("serial", ANY)),
                text("uuid", UUID),
            ],
        ),
        element(
            "firmware",
            &[],
            &[
                Maybe(&text("vendor", ANY)),
                Maybe(&text("version", ANY)),
                Maybe(&text("release_date", ANY)),
            ],
        ),
    ]);

    /// Reads the strings; the path of `node` is [`DMI`], which some hosts do not have.
    fn read(node: &Node<'_>) -> Found<System> {
        let uuid = node.text("product_uuid")?;
        let uuid = uuid.and_then(|text| normalise_uuid(&text));
        let uuid = match uuid.filter(|uuid| !is_uniform(uuid)) {
            None => uuid_of_installation(&node.host.files)?,
            known => known,
        };
        Ok(Some(System {
            product: node.text("product_name")?,
            vendor: node.text("sys_vendor")?,
            version: node.text("product_version")?,
            serial: node.text("product_serial")?,
            uuid: uuid.unwrap_or_else(|| NO_UUID.into()),
            firmware_vendor: node.text("bios_vendor")?,
            firmware_version: node.text("bios_version")?,
            firmware_date: node.text("bios_date")?,
        }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
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

    fn parse(input: Input<'_>) -> Result<(System, ())> {
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
        Ok((system, ()))
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
}
