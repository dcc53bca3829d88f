// SPDX-License-Identifier: LGPL-2.1-or-later
//! SCSI targets and logical units (kernel: Documentation/scsi, SPC-6 for the device types).

use super::input::Input;
use crate::error::Result;
use crate::host::files::{basename, dirname, join};
use crate::host::node::Node;
use crate::text;
use crate::xml::writer::Writer;

/// A SCSI target: a port that answers on a host's bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its sysfs name, `target0:0:1`.
    pub name: String,
}

/// The Fibre Channel port behind a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePort {
    /// Its sysfs name, `rport-2:0-1`.
    pub name: String,
    /// Its world-wide name as the kernel prints it, with `0x`.
    pub wwpn: String,
}

impl Target {
    /// Takes the target's name.
    pub fn read(node: &Node<'_>) -> Target {
        Target {
            name: text::clean(&node.sysname()),
        }
    }

    /// Writes the content of the capability.
    pub fn write(&self, port: Option<&RemotePort>, w: &mut Writer) {
        w.value("target", &self.name);
        if let Some(port) = port {
            w.capability("fc_remote_port", &[], |w| {
                w.value("rport", &port.name);
                w.value("wwpn", &port.wwpn);
            });
        }
    }
}

impl RemotePort {
    /// Looks for the folder above the target among the Fibre Channel remote ports.
    pub fn read(node: &Node<'_>) -> Option<RemotePort> {
        let name = basename(dirname(node.path));
        let port = join(b"/sys/class/fc_remote_ports", name);
        let wwpn = node.host.files.read(&join(&port, b"port_name")).ok()?;
        let line = wwpn.split(|&b| b == b'\n').next()?;
        Some(RemotePort {
            name: text::clean(name),
            wwpn: text::clean(line),
        })
    }
}

/// A SCSI logical unit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Device {
    pub host: i32,
    pub bus: i32,
    pub target: i32,
    pub lun: i32,
    /// The name of its peripheral device type, for those that have one here.
    pub kind: Option<String>,
}

/// Host, bus, target and unit: the name that sysfs gives a unit. As in libvirt, a unit number of
/// 32 bits becomes a negative one, and a longer one makes no address.
pub fn address(node: &Node<'_>) -> Option<[i32; 4]> {
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

impl Device {
    /// Reads address and type.
    pub fn read(node: &Node<'_>) -> Result<Device> {
        let [host, bus, target, lun] =
            address(node).ok_or_else(|| node.unusable("its name is no SCSI address"))?;
        let code = node.number("type", 0, text::parse_u32)?;
        Ok(Device {
            host,
            bus,
            target,
            lun,
            kind: code.and_then(type_name).map(str::to_string),
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.value("host", self.host);
        w.value("bus", self.bus);
        w.value("target", self.target);
        w.value("lun", self.lun);
        w.optional("type", self.kind.as_ref());
    }
}

/// Reads the content of a target's capability.
pub fn parse_target(input: Input<'_>) -> Result<(Target, Option<RemotePort>)> {
    let target = Target {
        name: input.required("target", "target name")?,
    };
    let mut port = None;
    for (kind, nested) in input.nested("SCSI target")? {
        if kind != "fc_remote_port" {
            return Err(input.wrong(format!("unknown SCSI target capability type '{kind}'")));
        }
        port = Some(RemotePort {
            name: nested.required("rport", "rport name")?,
            wwpn: nested.required("wwpn", "wwpn")?,
        });
    }
    Ok((target, port))
}

impl Device {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Result<Device> {
        let number = |child: &str, what: &str| input.number(child, what, text::parse_i32, 10);
        Ok(Device {
            host: number("host", "SCSI host ID")?,
            bus: number("bus", "SCSI bus ID")?,
            target: number("target", "SCSI target ID")?,
            lun: number("lun", "SCSI LUN ID")?,
            kind: input.text("type"),
        })
    }
}
