// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! s390 channel devices (kernel: Documentation/arch/s390/driver-model.rst).

use super::channel::{
    ChannelAddress, ONLINE_SCHEMA, has_valid_state, name_of, parse_online, read_online,
    write_online,
};
use super::input::Input;
use super::kind::{Kind, Mark, Nested, SlowFacts, Subsystem, Verdict};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::xml::schema::Pattern::{self, Maybe};
use crate::xml::schema::text_kind::ANY;
use crate::xml::schema::{capability, text};
use crate::xml::writer::Writer;

/// A device that is reached by channel programs: a disk, a terminal, a part of a network adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ccw {
    /// Whether the kernel uses it, from the attribute `online`; `None` if neither kernel nor
    /// document says.
    pub online: Option<bool>,
    /// Its address, which is its sysfs name.
    pub address: ChannelAddress,
}

/// The name of the node device for the group that a channel device belongs to, from the link
/// `group_device`; `None` for a device in no group.
fn group_of(node: &Node<'_>) -> Found<String> {
    let group = node.link("group_device")?;
    Ok(group.map(|group| name_of(b"ccwgroup", &group)))
}

impl Kind for Ccw {
    /// The name of the node device for its group; `None` for a device in no group.
    type State = Option<String>;
    const NAME: &'static str = "ccw";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("ccw")];
    const MARKS: &'static [Mark] = &[Mark::Subsystem];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        ONLINE_SCHEMA,
        ChannelAddress::SCHEMA,
        Maybe(&capability(
            &["ccwgroup_member"],
            &[text("group_device", ANY)],
        )),
    ]);
    const NESTED: &'static [Nested<Ccw>] = &[Nested {
        name: "ccwgroup_member",
        in_state: Option::is_some,
        on_node: |node, _| Ok(group_of(node)?.is_some()),
    }];

    fn judge(node: &Node<'_>) -> Result<Verdict> {
        let has_address = ChannelAddress::parse(node.basename()).is_some();
        Ok(Verdict::plain_if(has_address && has_valid_state(node)?))
    }

    fn read(node: &Node<'_>) -> Found<Ccw> {
        let Some(address) = ChannelAddress::parse(node.basename()) else {
            return Ok(None);
        };
        let online = read_online(node)?;
        Ok(Some(Ccw { online, address }))
    }

    fn read_state(node: &Node<'_>, _: &SlowFacts) -> Result<Option<String>> {
        group_of(node)
    }

    fn write(&self, group: &Option<String>, w: &mut Writer) {
        write_online(self.online, w);
        self.address.write(w);
        if let Some(group) = group {
            w.capability("ccwgroup_member", &[], |w| w.value("group_device", group));
        }
    }

    fn parse(input: Input<'_>) -> Result<(Ccw, Option<String>)> {
        let device = Ccw {
            online: parse_online(input)?,
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
}
