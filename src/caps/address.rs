// SPDX-License-Identifier: LGPL-2.1-or-later
//! Addresses of PCI functions and of s390 channel devices.

use super::input::{Input, invalid_attribute, number_attribute};
use crate::error::Result;
use crate::xml::element::Element;
use std::fmt;

use crate::xml::value::{Hex, Prefixed};
use crate::xml::writer::Writer;

/// The address of a PCI function, `dddd:bb:ss.f`. Domains above 0xffff exist (Intel VMD).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub struct PciAddress {
    pub domain: u32,
    pub bus: u32,
    pub slot: u32,
    pub function: u32,
}

/// A hexadecimal number without sign, blanks or prefix.
fn hex(digits: &str) -> Option<u32> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

impl PciAddress {
    /// Reads the name that sysfs gives a function.
    pub fn parse(name: &[u8]) -> Option<PciAddress> {
        let name = std::str::from_utf8(name).ok()?;
        let (rest, function) = name.rsplit_once('.')?;
        let mut parts = rest.splitn(3, ':').map(hex);
        Some(PciAddress {
            domain: parts.next()??,
            bus: parts.next()??,
            slot: parts.next()??,
            function: hex(function)?,
        })
    }

    /// Writes `<address domain=… bus=… slot=… function=…/>`.
    pub fn write(&self, w: &mut Writer) {
        w.empty(
            "address",
            &[
                ("domain", &Hex(4, self.domain)),
                ("bus", &Hex(2, self.bus)),
                ("slot", &Hex(2, self.slot)),
                ("function", &Prefixed(self.function)),
            ],
        );
    }
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04x}:{:02x}:{:02x}.{:x}",
            self.domain, self.bus, self.slot, self.function
        )
    }
}

/// The address of a channel device or subchannel, `c.s.dddd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ChannelAddress {
    pub cssid: u32,
    pub ssid: u32,
    pub devno: u32,
}

impl ChannelAddress {
    /// Reads the name that sysfs gives a channel device.
    pub fn parse(name: &[u8]) -> Option<ChannelAddress> {
        let name = std::str::from_utf8(name).ok()?;
        let mut parts = name.splitn(3, '.').map(hex);
        Some(ChannelAddress {
            cssid: parts.next()??,
            ssid: parts.next()??,
            devno: parts.next()??,
        })
    }

    /// Writes `<cssid>`, `<ssid>` and `<devno>`.
    pub fn write(&self, w: &mut Writer) {
        w.value("cssid", Hex(1, self.cssid));
        w.value("ssid", Hex(1, self.ssid));
        w.value("devno", Hex(4, self.devno));
    }
}

impl fmt::Display for ChannelAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}.{:04x}", self.cssid, self.ssid, self.devno)
    }
}

impl PciAddress {
    /// Reads an `<address>` element; what is missing is 0.
    pub fn parse_element(element: &Element) -> Result<PciAddress> {
        let number = |name: &str, limit: u32| match number_attribute(element, name)? {
            Some(number) if number > limit => Err(invalid_attribute(element, name)),
            number => Ok(number.unwrap_or(0)),
        };
        Ok(PciAddress {
            domain: number("domain", u32::MAX)?,
            bus: number("bus", 0xff)?,
            slot: number("slot", 0x1f)?,
            function: number("function", 7)?,
        })
    }

    /// Reads every `<address>` in an element.
    pub fn parse_children(element: &Element) -> Result<Vec<PciAddress>> {
        let addresses = element.children_named("address");
        addresses.map(PciAddress::parse_element).collect()
    }
}

impl ChannelAddress {
    /// Reads `<cssid>`, `<ssid>` and `<devno>`.
    pub fn parse_elements(input: Input<'_>) -> Result<ChannelAddress> {
        Ok(ChannelAddress {
            cssid: input.s390_number("cssid", 0, u32::MAX)?,
            ssid: input.s390_number("ssid", 0, u32::MAX)?,
            devno: input.s390_number("devno", 16, u32::MAX)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pci_addresses() {
        let address = PciAddress::parse(b"10000:3b:1f.7").unwrap();
        assert_eq!(
            (address.domain, address.bus, address.slot, address.function),
            (0x10000, 0x3b, 0x1f, 7)
        );
        assert_eq!(address.to_string(), "10000:3b:1f.7");
        for bad in [
            "",
            "0000:00:01",
            "0000:00.0",
            "x:0:0.0",
            "0:0:0.",
            "0:0:+1.0",
            "0:0:0:0.0",
        ] {
            assert_eq!(PciAddress::parse(bad.as_bytes()), None, "{bad}");
        }
    }

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
