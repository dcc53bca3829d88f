// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! SCSI hosts, with Fibre Channel and NPIV (kernel: Documentation/scsi/scsi_fc_transport.rst).

use super::input::{Input, Purpose};
use super::kind::{Kind, Mark, Nested, SlowFacts, Subsystem, Verdict};
use crate::error::Result;
use crate::host::files::join;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern::{self, Choice, Many, Maybe};
use crate::xml::schema::text_kind::{UNSIGNED_INT, UNSIGNED_LONG, WWN};
use crate::xml::schema::{capability, text};
use crate::xml::writer::Writer;

/// A SCSI host adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScsiHost {
    /// The number in its sysfs name `hostN`; 0 in a document about one that is to be made.
    pub number: u32,
}

/// What changes about a host without a uevent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScsiHostState {
    /// The driver's own number for the adapter, from the attribute `unique_id`; `None` if the driver gives none.
    pub unique_id: Option<i32>,
    /// World-wide names; `None` for a host that is not Fibre Channel.
    pub fc_host: Option<FcHost>,
    /// Virtual ports; `None` for a host that cannot have any.
    pub vport_ops: Option<VportOps>,
}

/// World-wide names of a Fibre Channel host: hexadecimal digits without prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FcHost {
    /// That of the node, WWNN; empty in a document that leaves it to the library to choose.
    pub wwnn: String,
    /// That of the port, WWPN; empty in a document that leaves it to the library to choose.
    pub wwpn: String,
    /// That of the fabric; `None` if the kernel has no attribute `fabric_name`.
    pub fabric_wwn: Option<String>,
}

/// How many virtual ports (NPIV) a host can have and has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VportOps {
    /// How many there can be, from the attribute `max_npiv_vports`.
    pub max_vports: i32,
    /// How many there are, from the attribute `npiv_vports_inuse`.
    pub vports: i32,
}

/// The number in the name `hostN`.
fn number(node: &Node<'_>) -> Option<u32> {
    text::parse_u32(node.basename().strip_prefix(b"host")?, 0)
}

impl ScsiHostState {
    /// Reads the host's folders in the classes `scsi_host` and `fc_host`. What is missing there is left out. If a
    /// world-wide name or a count is missing that must be there, both nested capabilities are left out.
    pub fn read(node: &Node<'_>) -> Result<ScsiHostState> {
        let classes = Classes::of(node);
        let (fc_host, vport_ops) = classes.ports()?.unwrap_or_default();
        let unique_id = classes.line(&classes.scsi_host, "unique_id")?;
        Ok(ScsiHostState {
            unique_id: unique_id
                .and_then(|line| text::parse_i32(&line, 10))
                .filter(|id| *id >= 0),
            fc_host,
            vport_ops,
        })
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
            scsi_host: join(b"/sys/class/scsi_host", name.as_bytes()).to_vec(),
            fc_host: join(b"/sys/class/fc_host", name.as_bytes()).to_vec(),
        }
    }

    fn line(&self, folder: &[u8], name: &str) -> Found<Vec<u8>> {
        let text = self.node.host.files.read(&join(folder, name.as_bytes()))?;
        let line = |text: Vec<u8>| Some(text.split(|&b| b == b'\n').next()?.to_vec());
        Ok(text.and_then(line))
    }

    /// A world-wide name: the digits after the first `0x`.
    fn wwn(&self, name: &str) -> Found<String> {
        let line = self.line(&self.fc_host, name)?;
        Ok(line.map(|line| {
            let prefix = line.windows(2).position(|pair| pair == b"0x");
            text::clean(&line[prefix.map_or(0, |at| at + 2)..])
        }))
    }

    fn count(&self, name: &str) -> Found<i32> {
        let line = self.line(&self.fc_host, name)?;
        Ok(line.and_then(|line| text::parse_i32(&line, 10)))
    }

    /// Both nested capabilities; `None` if anything that they require is missing.
    fn ports(&self) -> Found<(Option<FcHost>, Option<VportOps>)> {
        let files = &self.node.host.files;
        let mut fc_host = None;
        if files.exists(&self.fc_host)? {
            let (Some(wwnn), Some(wwpn)) = (self.wwn("node_name")?, self.wwn("port_name")?) else {
                return Ok(None);
            };
            fc_host = Some(FcHost {
                wwnn,
                wwpn,
                fabric_wwn: self.wwn("fabric_name")?,
            });
        }
        let mut vport_ops = None;
        if files.exists(&join(&self.fc_host, b"vport_create"))?
            || files.exists(&join(&self.scsi_host, b"vport_create"))?
        {
            let counts = (
                self.count("max_npiv_vports")?,
                self.count("npiv_vports_inuse")?,
            );
            let (Some(max_vports), Some(vports)) = counts else {
                return Ok(None);
            };
            vport_ops = Some(VportOps { max_vports, vports });
        }
        Ok(Some((fc_host, vport_ops)))
    }
}

impl Kind for ScsiHost {
    type State = ScsiHostState;
    const NAME: &'static str = "scsi_host";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("scsi")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("scsi_host")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        text("host", UNSIGNED_LONG),
        Maybe(&text("unique_id", UNSIGNED_INT)),
        Many(&Choice(&[
            capability(
                &["fc_host"],
                &[
                    text("wwnn", WWN),
                    text("wwpn", WWN),
                    Maybe(&text("fabric_wwn", WWN)),
                ],
            ),
            capability(
                &["vport_ops"],
                &[
                    text("max_vports", UNSIGNED_INT),
                    text("vports", UNSIGNED_INT),
                ],
            ),
        ])),
    ]);
    const NESTED: &'static [Nested<ScsiHost>] = &[
        Nested {
            name: "fc_host",
            in_state: |state| state.fc_host.is_some(),
            on_node: |node, _| Ok(ScsiHostState::read(node)?.fc_host.is_some()),
        },
        // In XML it is called vport_ops.
        Nested {
            name: "vports",
            in_state: |state| state.vport_ops.is_some(),
            on_node: |node, _| Ok(ScsiHostState::read(node)?.vport_ops.is_some()),
        },
    ];

    fn judge(node: &Node<'_>) -> Result<Verdict> {
        Ok(Verdict::plain_if(number(node).is_some()))
    }

    fn read(node: &Node<'_>) -> Found<ScsiHost> {
        Ok(number(node).map(|number| ScsiHost { number }))
    }

    fn read_state(node: &Node<'_>, _: &SlowFacts) -> Result<ScsiHostState> {
        ScsiHostState::read(node)
    }

    fn write(&self, state: &ScsiHostState, w: &mut Writer) {
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

    /// In a document about a host to be made, missing numbers are 0 and missing world-wide names empty: the kernel
    /// gives the numbers, and `manage/npiv.rs` the names.
    fn parse(input: Input<'_>) -> Result<(ScsiHost, ScsiHostState)> {
        let number =
            |child: &str, what: &str| input.optional_number(child, what, text::parse_i32, 10);
        let is_new = input.purpose == Purpose::Create;
        let host = input.optional_number("host", "SCSI host ID", text::parse_u32, 10)?;
        if host.is_none() && !is_new {
            return Err(input.wrong("no SCSI host ID supplied"));
        }
        let mut state = ScsiHostState {
            unique_id: number("unique_id", "unique ID")?,
            ..ScsiHostState::default()
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
        Ok((ScsiHost { number }, state))
    }
}
