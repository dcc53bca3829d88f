// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! SCSI logical units (kernel: Documentation/scsi; SPC-6 for the device types).

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern::{self, Maybe};
use crate::xml::schema::text;
use crate::xml::schema::text_kind::{ANY, UNSIGNED_LONG};
use crate::xml::writer::Writer;

/// A SCSI logical unit, by its address `host:bus:target:lun`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScsiDevice {
    /// The number of the SCSI host, N of `hostN`.
    pub host: i32,
    /// The host's bus, which the kernel calls channel.
    pub bus: i32,
    /// The target on that bus.
    pub target: i32,
    /// The unit of that target.
    pub lun: i32,
    /// The name of its peripheral device type, such as `disk`; `None` for one that libvirt has no name for.
    pub peripheral_type: Option<String>,
}

/// Host, bus, target and unit from the sysfs name. As in libvirt, a unit number that needs the 32nd bit becomes
/// a negative one; `None` for a longer one, or if the name is no address.
fn address(node: &Node<'_>) -> Option<[i32; 4]> {
    let mut parts = node.basename().splitn(4, |&b| b == b':').map(|part| {
        let number = text::parse_i64(part, 10)?;
        let unsigned = u32::try_from(number).ok().map(|n| n as i32);
        unsigned.or_else(|| i32::try_from(number).ok())
    });
    Some([
        parts.next()??,
        parts.next()??,
        parts.next()??,
        parts.next()??,
    ])
}

/// The names of peripheral device types (SPC, "PERIPHERAL DEVICE TYPE" field) that libvirt prints.
fn type_name(code: u32) -> Option<&'static str> {
    Some(match code {
        0 => "disk",
        1 => "tape",
        3 => "processor",
        4 => "worm",
        5 => "cdrom",
        6 => "scanner",
        7 => "mod",
        8 => "changer",
        12 => "raid",
        13 => "enclosure",
        _ => return None,
    })
}

impl Kind for ScsiDevice {
    type State = ();
    const NAME: &'static str = "scsi";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("scsi")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("scsi_device")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        text("host", UNSIGNED_LONG),
        text("bus", UNSIGNED_LONG),
        text("target", UNSIGNED_LONG),
        text("lun", UNSIGNED_LONG),
        Maybe(&text("type", ANY)),
    ]);

    fn judge(node: &Node<'_>) -> Result<Verdict> {
        Ok(Verdict::plain_if(address(node).is_some()))
    }

    /// Takes the address from the name, and the attribute `type`.
    fn read(node: &Node<'_>) -> Found<ScsiDevice> {
        let Some([host, bus, target, lun]) = address(node) else {
            return Ok(None);
        };
        let code = node.number("type", 0, text::parse_u32)?;
        Ok(Some(ScsiDevice {
            host,
            bus,
            target,
            lun,
            peripheral_type: code.and_then(type_name).map(str::to_string),
        }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.value("host", self.host);
        w.value("bus", self.bus);
        w.value("target", self.target);
        w.value("lun", self.lun);
        w.optional("type", self.peripheral_type.as_ref());
    }

    fn parse(input: Input<'_>) -> Result<(ScsiDevice, ())> {
        let number = |child: &str, what: &str| input.number(child, what, text::parse_i32, 10);
        let device = ScsiDevice {
            host: number("host", "SCSI host ID")?,
            bus: number("bus", "SCSI bus ID")?,
            target: number("target", "SCSI target ID")?,
            lun: number("lun", "SCSI LUN ID")?,
            peripheral_type: input.text("type"),
        };
        Ok((device, ()))
    }
}
