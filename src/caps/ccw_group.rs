// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Groups of s390 channel devices (kernel: Documentation/arch/s390/driver-model.rst).

use super::channel::{
    ChannelAddress, ONLINE_SCHEMA, has_valid_state, name_of, parse_online, read_online,
    write_online,
};
use super::input::{Input, attribute, invalid_attribute};
use super::kind::{Kind, Mark, SlowFacts, Subsystem, Verdict};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern::{self, Maybe, Mixed, Several};
use crate::xml::schema::text_kind::ANY;
use crate::xml::schema::{capability, element, required, text, text_with};
use crate::xml::writer::Writer;

/// A group of channel devices that act as one: a qeth network adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CcwGroup {
    /// Whether the kernel uses it, from the attribute `online`; `None` if neither kernel nor
    /// document says.
    pub online: Option<bool>,
    /// Its address, which is its sysfs name.
    pub address: ChannelAddress,
    /// The kernel's device type, one of [`QETH_TYPES`].
    pub device_type: String,
    /// The driver's name for the type of adapter, from the attribute `card_type`: `OSD_1000`.
    pub card_type: Option<String>,
    /// The number of the channel path to the adapter, from the attribute `chpid`: hexadecimal text.
    pub chpid: Option<String>,
}

/// The device types of groups that form a network adapter (kernel:
/// drivers/s390/net/qeth_core_main.c).
pub const QETH_TYPES: [&str; 3] = ["qeth_generic", "qeth_layer2", "qeth_layer3"];

/// A device of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    /// The name of the link to it, which tells its role: `cdev0` to `cdev2`.
    pub reference: String,
    /// The name of its node device.
    pub device: String,
}

/// The devices of a group, in the order in which the kernel lists the links to them.
fn members(node: &Node<'_>) -> Result<Vec<GroupMember>> {
    let entries = node.host.files.entries(node.path)?.unwrap_or_default();
    let mut members = Vec::new();
    for name in entries.iter().filter(|name| name.starts_with(b"cdev")) {
        if let Some(device) = node.link(name)? {
            members.push(GroupMember {
                reference: text::clean(name),
                device: name_of(b"ccw", &device),
            });
        }
    }
    Ok(members)
}

impl Kind for CcwGroup {
    /// Its devices, in the order in which the kernel lists the links to them.
    type State = Vec<GroupMember>;
    const NAME: &'static str = "ccwgroup";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("ccwgroup")];
    const MARKS: &'static [Mark] = &[
        Mark::DeviceType(QETH_TYPES[0]),
        Mark::DeviceType(QETH_TYPES[1]),
        Mark::DeviceType(QETH_TYPES[2]),
    ];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        ONLINE_SCHEMA,
        ChannelAddress::SCHEMA,
        Maybe(&element(
            "members",
            &[],
            &[Several(&text_with(
                "ccw_device",
                &[required("ref", ANY)],
                ANY,
            ))],
        )),
        capability(
            &QETH_TYPES,
            &[Mixed(&[text("card_type", ANY), text("chpid", ANY)])],
        ),
    ]);

    /// A group without links to its channel devices is not a node device.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        let has_address = ChannelAddress::parse(node.basename()).is_some();
        Ok(Verdict::plain_if(
            has_address && has_valid_state(node)? && !members(node)?.is_empty(),
        ))
    }

    fn read(node: &Node<'_>) -> Found<CcwGroup> {
        let Some(address) = ChannelAddress::parse(node.basename()) else {
            return Ok(None);
        };
        Ok(Some(CcwGroup {
            online: read_online(node)?,
            address,
            device_type: text::clean(node.devtype().unwrap_or_default()),
            card_type: node.text("card_type")?,
            chpid: node.text("chpid")?,
        }))
    }

    fn read_state(node: &Node<'_>, _: &SlowFacts) -> Result<Vec<GroupMember>> {
        members(node)
    }

    fn write(&self, members: &Vec<GroupMember>, w: &mut Writer) {
        write_online(self.online, w);
        self.address.write(w);
        if !members.is_empty() {
            w.element("members", &[], |w| {
                for member in members {
                    w.item().value_with(
                        "ccw_device",
                        &[("ref", &member.reference)],
                        &member.device,
                    );
                }
            });
        }
        w.capability(&self.device_type, &[], |w| {
            w.optional("card_type", self.card_type.as_ref());
            w.optional("chpid", self.chpid.as_ref());
        });
    }

    fn parse(input: Input<'_>) -> Result<(CcwGroup, Vec<GroupMember>)> {
        let online = parse_online(input)?;
        let address = ChannelAddress::parse_elements(input)?;
        let mut members = Vec::new();
        if let Some(list) = input.element.child("members") {
            for member in list.children_named("ccw_device") {
                members.push(GroupMember {
                    reference: attribute(member, "ref")?.to_string(),
                    device: member.text.clone(),
                });
            }
        }
        // As in libvirt the first one counts, and without one it is the first type.
        let adapter = input.element.child("capability");
        let device_type = match adapter {
            None => QETH_TYPES[0],
            Some(adapter) => {
                let kind = attribute(adapter, "type")?;
                if !QETH_TYPES.contains(&kind) {
                    return Err(invalid_attribute(adapter, "type"));
                }
                kind
            }
        };
        let filled = |name| {
            let text = &adapter?.child(name)?.text;
            (!text.is_empty()).then(|| text.clone())
        };
        let group = CcwGroup {
            online,
            address,
            device_type: device_type.to_string(),
            card_type: filled("card_type"),
            chpid: filled("chpid"),
        };
        Ok((group, members))
    }
}
