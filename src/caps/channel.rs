// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What s390 channel devices, subchannels and groups share: addresses, and whether they are online
//! (kernel: Documentation/arch/s390/driver-model.rst).

use std::fmt;

use super::input::Input;
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::name;
use crate::text::{self, parse_hex};
use crate::xml::schema::Pattern::{self, Maybe, Mixed};
use crate::xml::schema::text;
use crate::xml::schema::text_kind::{CSSID, DEVNO, SSID, TextKind};
use crate::xml::value::Hex;
use crate::xml::writer::Writer;

/// The address of a channel device or subchannel, `c.s.dddd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelAddress {
    /// The number of the channel subsystem.
    pub cssid: u32,
    /// The number of the set of subchannels within it.
    pub ssid: u32,
    /// The number of the device, or of the subchannel.
    pub devno: u32,
}

impl ChannelAddress {
    /// Reads a sysfs name: three hexadecimal numbers. `None` for any other text.
    pub fn parse(name: &[u8]) -> Option<ChannelAddress> {
        let mut parts = name.splitn(3, |&b| b == b'.').map(parse_hex);
        Some(ChannelAddress {
            cssid: parts.next()??,
            ssid: parts.next()??,
            devno: parts.next()??,
        })
    }

    /// What the schema of libvirt 12.8.0 allows of `<cssid>`, `<ssid>` and `<devno>`.
    pub const SCHEMA: Pattern = Mixed(&[
        text("cssid", CSSID),
        text("ssid", SSID),
        text("devno", DEVNO),
    ]);

    /// Writes `<cssid>`, `<ssid>` and `<devno>`.
    pub fn write(&self, w: &mut Writer) {
        w.value("cssid", Hex(1, self.cssid));
        w.value("ssid", Hex(1, self.ssid));
        w.value("devno", Hex(4, self.devno));
    }

    /// Reads `<cssid>`, `<ssid>` and `<devno>`; code 67 for one that is missing or no number.
    pub fn parse_elements(input: Input<'_>) -> Result<ChannelAddress> {
        Ok(ChannelAddress {
            cssid: input.s390_number("cssid", 0, u32::MAX)?,
            ssid: input.s390_number("ssid", 0, u32::MAX)?,
            devno: input.s390_number("devno", 16, u32::MAX)?,
        })
    }
}

impl fmt::Display for ChannelAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}.{:04x}", self.cssid, self.ssid, self.devno)
    }
}

/// Whether the attribute `online` holds a number or is missing. As in libvirt, a channel device
/// with any other text there is not listed.
pub fn has_valid_state(node: &Node<'_>) -> Result<bool> {
    let text = node.attribute("online")?;
    Ok(text.is_none_or(|text| text::parse_u32(&text, 0).is_some()))
}

/// Whether a device is online, from the attribute `online`: `false` if it is missing, `None` for
/// any value but 0 and 1.
pub fn read_online(node: &Node<'_>) -> Found<bool> {
    let Some(text) = node.attribute("online")? else {
        return Ok(Some(false));
    };
    Ok(match text::parse_u32(&text, 0) {
        Some(0) => Some(false),
        Some(1) => Some(true),
        _ => None,
    })
}

/// What the schema of libvirt 12.8.0 allows of `<state>`.
pub const ONLINE_SCHEMA: Pattern = Maybe(&text("state", TextKind::Words(&["online", "offline"])));

/// Writes `<state>`; nothing for `None`.
pub fn write_online(online: Option<bool>, w: &mut Writer) {
    w.optional(
        "state",
        online.map(|online| if online { "online" } else { "offline" }),
    );
}

/// Reads `<state>`; `None` if it is missing, code 67 for any word but online and offline.
pub fn parse_online(input: Input<'_>) -> Result<Option<bool>> {
    match input.element.child_text("state") {
        None => Ok(None),
        Some("online") => Ok(Some(true)),
        Some("offline") => Ok(Some(false)),
        Some(other) => Err(input.unsupported(format!("unknown state '{other}'"))),
    }
}

/// The name of the node device for the kernel's device of this subsystem and sysfs name.
pub fn name_of(subsystem: &[u8], sysname: &[u8]) -> String {
    let name = name::device_name(subsystem, sysname, None);
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channel_addresses() {
        let address = ChannelAddress::parse(b"0.1.bd00").unwrap();
        assert_eq!((address.cssid, address.ssid, address.devno), (0, 1, 0xbd00));
        assert_eq!(address.to_string(), "0.1.bd00");
        for bad in ["", "0.0", "0.0.", "0.0.1.2", "0.0.zz"] {
            assert_eq!(ChannelAddress::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
