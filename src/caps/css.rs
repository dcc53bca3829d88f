// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! s390 subchannels (kernel: Documentation/arch/s390/driver-model.rst).

use super::channel::ChannelAddress;
use super::input::Input;
use super::kind::{Kind, Mark, Nested, SlowFacts, Subsystem, Verdict};
use super::mdev_types::{self, MdevType};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::xml::schema::Pattern::{self, Maybe, Mixed};
use crate::xml::schema::element;
use crate::xml::writer::Writer;

/// A subchannel: the path by which the kernel reaches a channel device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Css {
    /// Its own address, which is its sysfs name.
    pub address: ChannelAddress,
    /// The address of the channel device behind it, from the attribute `dev_busid`; `None` if the kernel knows none.
    pub channel_dev: Option<ChannelAddress>,
}

/// The device that the attribute `dev_busid` names; `Some(None)` for the kernel's "none", which means that it knows
/// no device yet. `None` for text that is no address: as in libvirt, such a subchannel is not listed.
fn channel_device(node: &Node<'_>) -> Found<Option<ChannelAddress>> {
    Ok(match node.attribute("dev_busid")?.as_deref() {
        None | Some(b"" | b"none") => Some(None),
        Some(text) => ChannelAddress::parse(text).map(Some),
    })
}

impl Kind for Css {
    /// The types of mediated device that it offers.
    type State = Vec<MdevType>;
    const NAME: &'static str = "css";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("css")];
    const MARKS: &'static [Mark] = &[Mark::Subsystem];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[Mixed(&[
        ChannelAddress::SCHEMA,
        Maybe(&element("channel_dev_addr", &[], &[ChannelAddress::SCHEMA])),
        Maybe(&mdev_types::SCHEMA),
    ])]);
    const NESTED: &'static [Nested<Css>] = &[Nested {
        name: mdev_types::NAME,
        in_state: |types| !types.is_empty(),
        on_node: |node, _| mdev_types::has_any(node),
    }];

    /// Only subchannels for I/O are node devices.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        let for_io = matches!(
            node.variable(b"DRIVER"),
            Some(b"io_subchannel" | b"vfio_ccw")
        );
        let has_address = ChannelAddress::parse(node.basename()).is_some();
        Ok(Verdict::plain_if(
            for_io && has_address && channel_device(node)?.is_some(),
        ))
    }

    /// Takes its address from the sysfs name, and that of the channel device from `dev_busid`.
    fn read(node: &Node<'_>) -> Found<Css> {
        let Some(address) = ChannelAddress::parse(node.basename()) else {
            return Ok(None);
        };
        Ok(Some(Css {
            address,
            channel_dev: channel_device(node)?.flatten(),
        }))
    }

    fn read_state(node: &Node<'_>, _: &SlowFacts) -> Result<Vec<MdevType>> {
        mdev_types::read(node)
    }

    fn write(&self, types: &Vec<MdevType>, w: &mut Writer) {
        self.address.write(w);
        if let Some(channel_dev) = &self.channel_dev {
            w.element("channel_dev_addr", &[], |w| channel_dev.write(w));
        }
        mdev_types::write(types, w);
    }

    fn parse(input: Input<'_>) -> Result<(Css, Vec<MdevType>)> {
        let channel_dev = input.element.child("channel_dev_addr");
        let subchannel = Css {
            address: ChannelAddress::parse_elements(input)?,
            channel_dev: channel_dev
                .map(|element| ChannelAddress::parse_elements(input.at(element)))
                .transpose()?,
        };
        Ok((subchannel, mdev_types::parse_nested(input)?))
    }
}
