// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! SCSI targets (kernel: Documentation/scsi) and the Fibre Channel ports behind them (kernel:
//! Documentation/scsi/scsi_fc_transport.rst).

use super::input::Input;
use super::kind::{Kind, Mark, SlowFacts, Subsystem};
use crate::error::Result;
use crate::host::files::{basename, dirname, join};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern::{self, Maybe};
use crate::xml::schema::text_kind::{ANY, WWN};
use crate::xml::schema::{capability, text};
use crate::xml::writer::Writer;

/// A SCSI target: a port that answers on a host's bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScsiTarget {
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

impl RemotePort {
    /// Reads the remote port whose folder is the one above the target; `None` if that is no remote
    /// port.
    fn read(node: &Node<'_>) -> Found<RemotePort> {
        let name = basename(dirname(node.path));
        let port = join(b"/sys/class/fc_remote_ports", name);
        let wwpn = node.host.files.read(&join(&port, b"port_name"))?;
        let port = |wwpn: Vec<u8>| {
            let line = wwpn.split(|&b| b == b'\n').next()?;
            Some(RemotePort {
                name: text::clean(name),
                wwpn: text::clean(line),
            })
        };
        Ok(wwpn.and_then(port))
    }
}

impl Kind for ScsiTarget {
    /// The remote port of a target that is reached by Fibre Channel; `None` for other targets.
    type State = Option<RemotePort>;
    const NAME: &'static str = "scsi_target";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("scsi")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("scsi_target")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        text("target", ANY),
        Maybe(&capability(
            &["fc_remote_port"],
            &[text("rport", ANY), text("wwpn", WWN)],
        )),
    ]);

    fn read(node: &Node<'_>) -> Found<ScsiTarget> {
        Ok(Some(ScsiTarget {
            name: text::clean(&node.sysname()),
        }))
    }

    fn read_state(node: &Node<'_>, _: &SlowFacts) -> Result<Option<RemotePort>> {
        RemotePort::read(node)
    }

    fn write(&self, port: &Option<RemotePort>, w: &mut Writer) {
        w.value("target", &self.name);
        if let Some(port) = port {
            w.capability("fc_remote_port", &[], |w| {
                w.value("rport", &port.name);
                w.value("wwpn", &port.wwpn);
            });
        }
    }

    fn parse(input: Input<'_>) -> Result<(ScsiTarget, Option<RemotePort>)> {
        let target = ScsiTarget {
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
}
