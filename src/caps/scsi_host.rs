// SPDX-License-Identifier: LGPL-2.1-or-later
//! SCSI hosts, with Fibre Channel and NPIV
//! (kernel: Documentation/scsi/scsi_fc_transport.rst).

use super::input::{Input, Purpose};
use crate::error::Result;
use crate::host::files::join;
use crate::host::node::Node;
use crate::text;
use crate::xml::writer::Writer;

/// A SCSI host adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its number.
    pub number: u32,
}

/// What changes about a host without a uevent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The driver's own number for the adapter.
    pub unique_id: Option<i32>,
    /// World-wide names, for a Fibre Channel host.
    pub fc_host: Option<FcHost>,
    /// Virtual ports, for a host that can have them.
    pub vport_ops: Option<VportOps>,
}

/// World-wide names, hexadecimal digits without prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FcHost {
    pub wwnn: String,
    pub wwpn: String,
    pub fabric_wwn: Option<String>,
}

/// How many virtual ports a host can have and has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct VportOps {
    pub max_vports: i32,
    pub vports: i32,
}

/// The number in the name `hostN`.
pub fn number(node: &Node<'_>) -> Option<u32> {
    text::parse_u32(node.basename().strip_prefix(b"host")?, 0)
}

impl Host {
    /// Takes the number from the name.
    pub fn read(node: &Node<'_>) -> Result<Host> {
        let number = number(node).ok_or_else(|| node.unusable("its name is not hostN"))?;
        Ok(Host { number })
    }

    /// Writes the content of the capability.
    pub fn write(&self, state: &State, w: &mut Writer) {
        w.value("host", self.number);
        w.optional("unique_id", state.unique_id);
        if let Some(fc) = &state.fc_host {
            w.capability("fc_host", &[], |w| {
                w.value("wwnn", &fc.wwnn);
                w.value("wwpn", &fc.wwpn);
                w.optional("fabric_wwn", fc.fabric_wwn.as_ref());
            });
        }
        if let Some(vports) = &state.vport_ops {
            w.capability("vport_ops", &[], |w| {
                w.value("max_vports", vports.max_vports);
                w.value("vports", vports.vports);
            });
        }
    }
}

impl State {
    /// Reads the class folders of the host.
    pub fn read(node: &Node<'_>) -> State {
        let classes = Classes::of(node);
        let (fc_host, vport_ops) = classes.ports().unwrap_or_default();
        State {
            unique_id: classes
                .line(&classes.scsi_host, "unique_id")
                .and_then(|line| text::parse_i32(&line, 10))
                .filter(|id| *id >= 0),
            fc_host,
            vport_ops,
        }
    }
}

/// A host's folders in the classes `scsi_host` and `fc_host`.
struct Classes<'a> {
    node: &'a Node<'a>,
    scsi_host: Vec<u8>,
    fc_host: Vec<u8>,
}

impl<'a> Classes<'a> {
    fn of(node: &'a Node<'a>) -> Self {
        let name = format!("host{}", number(node).unwrap_or(0));
        Classes {
            node,
            scsi_host: join(b"/sys/class/scsi_host", name.as_bytes()),
            fc_host: join(b"/sys/class/fc_host", name.as_bytes()),
        }
    }

    fn line(&self, folder: &[u8], name: &str) -> Option<Vec<u8>> {
        let text = self
            .node
            .host
            .files
            .read(&join(folder, name.as_bytes()))
            .ok()?;
        Some(text.split(|&b| b == b'\n').next()?.to_vec())
    }

    /// A world-wide name: the digits after the first `0x`.
    fn wwn(&self, name: &str) -> Option<String> {
        let line = self.line(&self.fc_host, name)?;
        let prefix = line.windows(2).position(|pair| pair == b"0x");
        Some(text::clean(&line[prefix.map_or(0, |at| at + 2)..]))
    }

    fn count(&self, name: &str) -> Option<i32> {
        text::parse_i32(&self.line(&self.fc_host, name)?, 10)
    }

    /// Both capabilities, or nothing when anything that they require cannot be read.
    fn ports(&self) -> Option<(Option<FcHost>, Option<VportOps>)> {
        let files = &self.node.host.files;
        let fc_host = match files.exists(&self.fc_host) {
            false => None,
            true => Some(FcHost {
                wwnn: self.wwn("node_name")?,
                wwpn: self.wwn("port_name")?,
                fabric_wwn: self.wwn("fabric_name"),
            }),
        };
        let capable = [&self.fc_host, &self.scsi_host]
            .into_iter()
            .any(|folder| files.exists(&join(folder, b"vport_create")));
        let vport_ops = match capable {
            false => None,
            true => Some(VportOps {
                max_vports: self.count("max_npiv_vports")?,
                vports: self.count("npiv_vports_inuse")?,
            }),
        };
        Some((fc_host, vport_ops))
    }
}

/// Reads the content of the capability. What a host to be made lacks is 0 or empty:
/// the kernel gives the numbers, its maker the world-wide names.
pub fn parse(input: Input<'_>) -> Result<(Host, State)> {
    let number = |child: &str, what: &str| input.optional_number(child, what, text::parse_i32, 10);
    let is_new = input.purpose == Purpose::Create;
    let host = input.optional_number("host", "SCSI host ID", text::parse_u32, 10)?;
    if host.is_none() && !is_new {
        return Err(input.wrong("no SCSI host ID supplied"));
    }
    let mut state = State {
        unique_id: number("unique_id", "unique ID")?,
        ..State::default()
    };
    for (kind, nested) in input.nested("SCSI host")? {
        let number = |child: &str| {
            let number = nested.optional_number(child, child, text::parse_i32, 10)?;
            Ok(number.unwrap_or(0))
        };
        let wwn = |child: &str, what: &str| match nested.required(child, what) {
            Ok(wwn) => Ok(wwn),
            Err(_) if is_new => Ok(String::new()),
            Err(_) => Err(input.wrong(format!("no {what} supplied"))),
        };
        match kind {
            "fc_host" => {
                state.fc_host = Some(FcHost {
                    wwnn: wwn("wwnn", "WWNN")?,
                    wwpn: wwn("wwpn", "WWPN")?,
                    fabric_wwn: nested.text("fabric_wwn"),
                });
            }
            "vport_ops" => {
                state.vport_ops = Some(VportOps {
                    max_vports: number("max_vports")?,
                    vports: number("vports")?,
                });
            }
            other => {
                return Err(input.wrong(format!("unknown SCSI host capability type '{other}'")));
            }
        }
    }
    let number = host.unwrap_or(0);
    Ok((Host { number }, state))
}
