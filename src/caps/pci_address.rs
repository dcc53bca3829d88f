// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Addresses of PCI functions.

use std::fmt;

use super::input::{invalid_attribute, number_attribute};
use crate::error::Result;
use crate::text::parse_hex;
use crate::xml::element::Element;
use crate::xml::schema::Pattern;
use crate::xml::schema::text_kind::HEX;
use crate::xml::schema::{element, required};
use crate::xml::value::{Hex, Prefixed};
use crate::xml::writer::Writer;

/// The address of a PCI function, `dddd:bb:ss.f`. Domains above 0xffff exist (Intel VMD).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PciAddress {
    /// The domain, which PCI Express calls segment.
    pub domain: u32,
    /// The bus, 8 bits.
    pub bus: u32,
    /// The device on the bus, 5 bits.
    pub slot: u32,
    /// The function of the device, 3 bits.
    pub function: u32,
}

impl PciAddress {
    /// Reads the name that sysfs gives a function; `None` for a text that is no address.
    pub fn parse(name: &[u8]) -> Option<PciAddress> {
        let dot = name.iter().rposition(|&b| b == b'.')?;
        let (rest, function) = (&name[..dot], &name[dot + 1..]);
        let mut parts = rest.splitn(3, |&b| b == b':').map(parse_hex);
        Some(PciAddress {
            domain: parts.next()??,
            bus: parts.next()??,
            slot: parts.next()??,
            function: parse_hex(function)?,
        })
    }

    /// What the schema of libvirt 12.8.0 allows of `<address>`.
    pub const SCHEMA: Pattern = element(
        "address",
        &[
            required("domain", HEX),
            required("bus", HEX),
            required("slot", HEX),
            required("function", HEX),
        ],
        &[],
    );

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

    /// Reads an `<address>` element; a missing attribute is 0. Code 27 for an attribute that is no
    /// number or too large.
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

    /// Reads every `<address>` in an element, with the errors of [`PciAddress::parse_element`].
    pub fn parse_children(element: &Element) -> Result<Vec<PciAddress>> {
        let addresses = element.children_named("address");
        addresses.map(PciAddress::parse_element).collect()
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

    /// PCI Local Bus Specification 3.0, 3.2.2.3.2: 8 bits of bus, 5 of device, 3 of function.
    #[test]
    fn elements_within_the_limits_of_pci() {
        for (attributes, expected) in [
            (
                "domain='0x10000' bus='0xff' slot='0x1f' function='7'",
                Some("10000:ff:1f.7"),
            ),
            ("bus='1'", Some("0000:01:00.0")),
            ("bus='0x100'", None),
            ("slot='0x20'", None),
            ("function='8'", None),
            ("function='x'", None),
        ] {
            let text = format!("<address {attributes}/>");
            let element = crate::xml::reader::parse(text.as_bytes(), None).unwrap();
            let found = PciAddress::parse_element(&element).map(|address| address.to_string());
            assert_eq!(found.ok().as_deref(), expected, "{attributes}");
        }
    }
}
