// SPDX-License-Identifier: LGPL-2.1-or-later
//! s390 channel devices, subchannels and device groups
//! (kernel: Documentation/arch/s390/driver-model.rst).

use super::Verdict;
use super::address::ChannelAddress;
use super::input::{Input, attribute};
use super::mdev;
use crate::error::Result;
use crate::host::node::Node;
use crate::name;
use crate::text;
use crate::xml::writer::Writer;

fn address(node: &Node<'_>) -> Result<ChannelAddress> {
    ChannelAddress::parse(node.basename())
        .ok_or_else(|| node.unusable("its name is no channel address"))
}

/// Whether a device is online; `None` for any value but 0 and 1.
fn online(node: &Node<'_>) -> Result<Option<bool>> {
    Ok(
        match node.number("online", 0, text::parse_u32)?.unwrap_or(0) {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
    )
}

fn write_state(online: Option<bool>, w: &mut Writer) {
    w.optional(
        "state",
        online.map(|online| if online { "online" } else { "offline" }),
    );
}

/// A device name made of a prefix and a sanitised part.
fn name_of(prefix: &[u8], part: &[u8]) -> String {
    let name = name::device_name(prefix, part, None);
    name.to_string_lossy().into_owned()
}

/// A channel device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Ccw {
    pub online: Option<bool>,
    pub address: ChannelAddress,
}

impl Ccw {
    /// Reads address and state.
    pub fn read(node: &Node<'_>) -> Result<Ccw> {
        Ok(Ccw {
            online: online(node)?,
            address: address(node)?,
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, group: Option<&str>, w: &mut Writer) {
        write_state(self.online, w);
        self.address.write(w);
        if let Some(group) = group {
            w.capability("ccwgroup_member", &[], |w| w.value("group_device", group));
        }
    }
}

/// The name of the group that a channel device belongs to.
pub fn group_of(node: &Node<'_>) -> Option<String> {
    Some(name_of(b"ccwgroup", &node.link("group_device")?))
}

/// A subchannel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Css {
    pub address: ChannelAddress,
    /// The address of the device that the subchannel belongs to.
    pub channel_dev: Option<ChannelAddress>,
}

/// Only subchannels for I/O are devices.
pub fn judge_css(node: &Node<'_>) -> Verdict {
    let for_io = matches!(
        node.variable(b"DRIVER"),
        Some(b"io_subchannel" | b"vfio_ccw")
    );
    Verdict::plain_if(for_io && Css::read(node).is_ok())
}

impl Css {
    /// Reads both addresses.
    pub fn read(node: &Node<'_>) -> Result<Css> {
        let channel_dev = match node.attribute("dev_busid") {
            None => None,
            Some(text) if text.is_empty() || text == b"none" => None,
            Some(text) => Some(
                ChannelAddress::parse(&text).ok_or_else(|| node.malformed("dev_busid", &text))?,
            ),
        };
        Ok(Css {
            address: address(node)?,
            channel_dev,
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, types: &[mdev::Type], w: &mut Writer) {
        self.address.write(w);
        if let Some(channel_dev) = &self.channel_dev {
            w.element("channel_dev_addr", &[], |w| channel_dev.write(w));
        }
        mdev::write_types(types, w);
    }
}

/// A group of channel devices that act as one: a qeth network adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Group {
    pub online: Option<bool>,
    pub address: ChannelAddress,
    /// `qeth_generic`, `qeth_layer2` or `qeth_layer3`.
    pub kind: String,
    pub card_type: Option<String>,
    pub chpid: Option<String>,
}

/// A device of a group: its role and the name of its node device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Member {
    pub reference: String,
    pub device: String,
}

/// A group is a device only with the channel devices that it is made of.
pub fn judge_group(node: &Node<'_>) -> Verdict {
    Verdict::plain_if(Group::read(node).is_ok() && !members(node).is_empty())
}

impl Group {
    /// Reads address, state and adapter.
    pub fn read(node: &Node<'_>) -> Result<Group> {
        Ok(Group {
            online: online(node)?,
            address: address(node)?,
            kind: text::clean(node.devtype().unwrap_or_default()),
            card_type: node.text("card_type"),
            chpid: node.text("chpid"),
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, members: &[Member], w: &mut Writer) {
        write_state(self.online, w);
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
        w.capability(&self.kind, &[], |w| {
            w.optional("card_type", self.card_type.as_ref());
            w.optional("chpid", self.chpid.as_ref());
        });
    }
}

/// The devices of a group, in the order in which the kernel lists the links to them.
pub fn members(node: &Node<'_>) -> Vec<Member> {
    let entries = node.host.files.entries(node.path).unwrap_or_default();
    entries
        .iter()
        .filter(|name| name.starts_with(b"cdev"))
        .filter_map(|name| {
            Some(Member {
                reference: text::clean(name),
                device: name_of(b"ccw", &node.link(name)?),
            })
        })
        .collect()
}

fn parse_state(input: Input<'_>) -> Result<Option<bool>> {
    match input.element.child_text("state") {
        None => Ok(None),
        Some("online") => Ok(Some(true)),
        Some("offline") => Ok(Some(false)),
        Some(other) => Err(input.unsupported(format!("unknown state '{other}'"))),
    }
}

/// Reads the content of a channel device's capability: the device and its group.
pub fn parse_device(input: Input<'_>) -> Result<(Ccw, Option<String>)> {
    let device = Ccw {
        online: parse_state(input)?,
        address: ChannelAddress::parse_elements(input)?,
    };
    let mut group = None;
    for (kind, nested) in input.nested("CCW")? {
        if kind == "ccwgroup_member" {
            group = Some(nested.required("group_device", "group device")?);
        }
    }
    Ok((device, group))
}

impl Css {
    /// Reads both addresses.
    pub fn parse(input: Input<'_>) -> Result<Css> {
        let channel_dev = input.element.child("channel_dev_addr");
        Ok(Css {
            address: ChannelAddress::parse_elements(input)?,
            channel_dev: channel_dev
                .map(|element| ChannelAddress::parse_elements(input.at(element)))
                .transpose()?,
        })
    }
}

/// Reads the content of a group's capability: the group and its members.
pub fn parse_group(input: Input<'_>) -> Result<(Group, Vec<Member>)> {
    let online = parse_state(input)?;
    let address = ChannelAddress::parse_elements(input)?;
    let mut members = Vec::new();
    if let Some(list) = input.element.child("members") {
        for member in list.children_named("ccw_device") {
            members.push(Member {
                reference: attribute(member, "ref")?.to_string(),
                device: member.text.clone(),
            });
        }
    }
    let nested = input.nested("CCW group")?;
    let Some((kind, adapter)) = nested.first() else {
        return Err(input.unsupported("missing CCW group type"));
    };
    if !QETH_TYPES.contains(kind) {
        return Err(input.unsupported(format!("unknown CCW group type '{kind}'")));
    }
    let group = Group {
        online,
        address,
        kind: (*kind).to_string(),
        card_type: adapter.text("card_type"),
        chpid: adapter.text("chpid"),
    };
    Ok((group, members))
}

/// The device types of groups that form a network adapter (kernel: drivers/s390/net/qeth_core_main.c).
const QETH_TYPES: [&str; 3] = ["qeth_generic", "qeth_layer2", "qeth_layer3"];
