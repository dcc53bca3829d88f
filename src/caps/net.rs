// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Network interfaces (kernel: Documentation/ABI/testing/sysfs-class-net).

use super::input::{Input, attribute, invalid_attribute, number_attribute};
use super::kind::{Kind, Mark, SlowFacts, Subsystem, Verdict};
use crate::error::Result;
use crate::host::devlink;
use crate::host::ethtool::features::Features;
use crate::host::files::{basename, join};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern::{self, Many, Maybe};
use crate::xml::schema::text_kind::{ANY, FEATURE, MAC, TextKind, UNSIGNED_INT};
use crate::xml::schema::{capability, element, optional, required, text};
use crate::xml::writer::Writer;

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Net {
    /// Its name, from the uevent variable `INTERFACE`.
    pub interface: String,
    /// Its link-layer address as the attribute `address` has it; `None` if it has none.
    pub address: Option<String>,
    /// Whether it is an IEEE 802.11 one; `None` only in documents that do not say.
    pub wireless: Option<bool>,
}

/// The operational state of RFC 2863 with its names, in the order of `IF_OPER_*`.
pub const LINK_STATES: [&str; 7] = [
    "unknown",
    "notpresent",
    "down",
    "lowerlayerdown",
    "testing",
    "dormant",
    "up",
];

/// What changes about an interface without a uevent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetState {
    /// In Mbit/s, from the attribute `speed`; `None` unless the link is up. As in libvirt, the kernel's -1 for
    /// "unknown" reads as 4,294,967,295.
    pub speed: Option<u32>,
    /// One of [`LINK_STATES`], from the attribute `operstate`; `None` for any other text.
    pub link: Option<&'static str>,
    /// Offloads and other features that are on.
    pub features: Features,
}

impl Kind for Net {
    type State = NetState;
    const NAME: &'static str = "net";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Class("net")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("wlan"), Mark::Variable("INTERFACE")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        text("interface", ANY),
        Maybe(&text("address", MAC)),
        Maybe(&element(
            "link",
            &[
                optional("speed", UNSIGNED_INT),
                optional("state", TextKind::Words(&LINK_STATES)),
            ],
            &[],
        )),
        Many(&element("feature", &[required("name", FEATURE)], &[])),
        Many(&capability(&["80203", "80211"], &[])),
    ]);

    /// Its name ends with its link-layer address.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        if node.variable(b"INTERFACE").is_none() {
            return Ok(Verdict::Rejected);
        }
        let address = node.attribute("address")?.map(text::without_controls);
        Ok(match address.filter(|text| !text.is_empty()) {
            // An interface that is being unregistered has no readable address. Listed without it, it would be
            // another device for a moment.
            None if node.is_going("address")? => Verdict::Rejected,
            None => Verdict::Plain,
            Some(address) => Verdict::Suffix(address),
        })
    }

    /// Takes name and address as they were when the device was named.
    fn read(node: &Node<'_>) -> Found<Net> {
        Ok(Some(Net {
            interface: text::clean(node.variable(b"INTERFACE").unwrap_or_default()),
            address: node.suffix.map(text::clean),
            wireless: Some(node.devtype() == Some(b"wlan")),
        }))
    }

    /// Asks the kernel for link and features.
    fn read_state(node: &Node<'_>, _: &SlowFacts) -> Result<NetState> {
        let link = link_state(node)?;
        let speed = match link {
            Some("up") => speed(node)?,
            _ => None,
        };
        Ok(NetState {
            speed,
            link,
            features: features(node)?,
        })
    }

    fn write(&self, state: &NetState, w: &mut Writer) {
        w.value("interface", &self.interface);
        w.optional("address", self.address.as_ref());
        match (state.speed.filter(|&speed| speed != 0), state.link) {
            (None, None) => {}
            (Some(speed), None) => w.empty("link", &[("speed", &speed)]),
            (None, Some(link)) => w.empty("link", &[("state", &link)]),
            (Some(speed), Some(link)) => w.empty("link", &[("speed", &speed), ("state", &link)]),
        }
        for feature in state.features.names() {
            w.item().empty("feature", &[("name", &feature)]);
        }
        if let Some(wireless) = self.wireless {
            w.empty_capability(if wireless { "80211" } else { "80203" }, &[]);
        }
    }

    fn parse(input: Input<'_>) -> Result<(Net, NetState)> {
        let mut net = Net {
            interface: input.required("interface", "network interface")?,
            address: input.text("address"),
            wireless: None,
        };
        if let Some((kind, _)) = input.nested("network")?.first() {
            net.wireless = match *kind {
                "80203" => Some(false),
                "80211" => Some(true),
                _ => return Err(input.wrong("invalid network type supplied")),
            };
        }
        let mut state = NetState::default();
        if let Some(link) = input.element.child("link") {
            state.speed = number_attribute(link, "speed")?;
            if let Some(text) = link.attribute("state") {
                let known = LINK_STATES.into_iter().find(|known| *known == text);
                state.link = Some(known.ok_or_else(|| invalid_attribute(link, "state"))?);
            }
        }
        for feature in input.element.children_named("feature") {
            if !state.features.insert(attribute(feature, "name")?) {
                return Err(invalid_attribute(feature, "name"));
            }
        }
        Ok((net, state))
    }
}

/// The operational state, if it is one of those known.
fn link_state(node: &Node<'_>) -> Found<&'static str> {
    let text = node.attribute("operstate")?.unwrap_or_default();
    let line = text.split(|&b| b == b'\n').next().unwrap_or_default();
    let mut known = LINK_STATES.into_iter();
    Ok(known.find(|state| state.as_bytes() == line))
}

/// The speed of a link that is up. Drivers that do not know answer EINVAL, another error or -1.
fn speed(node: &Node<'_>) -> Found<u32> {
    let text = node.host.files.read(&node.below("speed"))?;
    let mut lines = text.iter().flat_map(|text| text.splitn(2, |&b| b == b'\n'));
    // A number that no newline follows is not whole.
    let speed = match (lines.next(), lines.next()) {
        (Some(digits), Some(_)) => text::parse_i64(digits, 10),
        _ => None,
    };
    Ok(speed.and_then(|speed| {
        let negative = || i32::try_from(speed).ok().map(|speed| speed as u32);
        u32::try_from(speed).ok().or_else(negative)
    }))
}

fn features(node: &Node<'_>) -> Result<Features> {
    let Some(interface) = node.variable(b"INTERFACE") else {
        return Ok(Features::default());
    };
    let mut features = match node.host.ethtool()? {
        Some(ethtool) => ethtool.features(interface)?,
        None => Features::default(),
    };
    // Only an interface of a hardware device can have the features below.
    let Some(device) = node.host.files.read_link(&node.below("device"))? else {
        return Ok(features);
    };
    if has_rdma(node)? {
        features.insert("rdma");
    }
    if is_switchdev(node, &device)? {
        features.insert("switchdev");
    }
    Ok(features)
}

/// Whether the same hardware has an RDMA device: its file `device/resource` has the same content.
fn has_rdma(node: &Node<'_>) -> Result<bool> {
    const CLASS: &[u8] = b"/sys/class/infiniband";
    let files = &node.host.files;
    let Some(devices) = files.entries(CLASS)? else {
        return Ok(false);
    };
    let resource = |path: &[u8]| files.read_start(&join(path, b"device/resource"), 4096);
    let Some(own) = resource(node.path)? else {
        return Ok(false);
    };
    for device in devices {
        if resource(&join(CLASS, &device))?.as_ref() == Some(&own) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the eswitch of a PCI device is in switchdev mode; for a virtual function, that of its physical function.
fn is_switchdev(node: &Node<'_>, device: &[u8]) -> Result<bool> {
    let files = &node.host.files;
    if !files.is_live() || node.link("device/subsystem")?.as_deref() != Some(b"pci") {
        return Ok(false);
    }
    let owner = files.read_link(&node.below("device/physfn"))?;
    devlink::is_switchdev(&text::clean(basename(owner.as_deref().unwrap_or(device))))
}
