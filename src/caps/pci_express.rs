// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Links of PCI Express functions, from their configuration space (PCI Express Base Specification, 7.5.3).

use super::config_space::{find_capability, word};
use super::input::{attribute, invalid_attribute, missing_attribute, number_attribute};
use crate::error::Error;
use crate::host::found::Found;
use crate::xml::element::Element;
use crate::xml::schema::Pattern::{self, Many};
use crate::xml::schema::text_kind::{LINK_SPEED, UNSIGNED_INT};
use crate::xml::schema::{NOTHING, Sort, element, one, optional, required};
use crate::xml::value::Decimal;
use crate::xml::writer::{Attribute, Writer};

/// The link of a PCI Express function. Functions that are integrated in the root complex have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Express {
    /// What the link can do at most, from the register Link Capabilities.
    pub capability: Option<Link>,
    /// How the link runs, from the register Link Status.
    pub status: Option<Link>,
}

/// The speed and width of a link, at most or as it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    /// The port number; only Link Capabilities has it.
    pub port: Option<u32>,
    /// An index into [`SPEEDS`].
    pub speed: u32,
    /// How many lanes it has.
    pub width: u32,
}

/// Link speeds in GT/s, by their code in the registers. Code 0 stands for an unknown speed.
pub const SPEEDS: [&str; 7] = ["", "2.5", "5", "8", "16", "32", "64"];

/// The ID of the PCI Express capability.
pub const ID_EXPRESS: u8 = 0x10;
/// The size of the configuration space of conventional PCI, in bytes.
const CONVENTIONAL_SIZE: u64 = 256;
/// How many bytes are read: a capability begins in the first 256, and its registers may end behind them.
pub const CONFIG_SIZE: usize = 256 + 0x14;

impl Express {
    /// Reads the first [`CONFIG_SIZE`] bytes of configuration space; `size` asks for the size of the whole, in bytes.
    ///
    /// Without the capability the size decides, as in libvirt: only PCI Express has an extended
    /// configuration space. Host bridges often have that and no capability.
    pub fn read(config: &[u8], size: impl FnOnce() -> Result<u64, Error>) -> Found<Express> {
        Ok(match find_capability(config, ID_EXPRESS) {
            Some(at) => Some(Express::read_links(config, at).unwrap_or_default()),
            None => (size()? != CONVENTIONAL_SIZE).then(Express::default),
        })
    }

    fn read_links(config: &[u8], at: usize) -> Option<Express> {
        let port_type = word(config, at + 0x02) >> 4 & 0xf;
        // Root complex integrated endpoints and event collectors have no link.
        if matches!(port_type, 0x9 | 0xa) {
            return None;
        }
        let link = |register: u32| Link {
            port: None,
            speed: register & 0xf,
            width: register >> 4 & 0x3f,
        };
        let capability = word(config, at + 0x0c) | word(config, at + 0x0e) << 16;
        Some(Express {
            capability: Some(Link {
                port: Some(capability >> 24),
                ..link(capability)
            }),
            status: Some(link(word(config, at + 0x12))),
        })
    }

    /// The link of a function that must not be woken, from the attributes `max_link_speed` and, if it is known,
    /// `max_link_width`. Without a width the link is left out, since XML requires one.
    pub fn from_cached(max_speed: &str, max_width: Option<&str>) -> Option<Express> {
        let number = max_speed.split([' ', '.']).next()?;
        let speed = SPEEDS
            .iter()
            .skip(1)
            .position(|known| known.split('.').next() == Some(number))?;
        let link = |width| {
            Some(Link {
                port: None,
                speed: u32::try_from(speed + 1).ok()?,
                width,
            })
        };
        Some(Express {
            capability: max_width
                .and_then(|width| width.parse().ok())
                .and_then(link),
            status: None,
        })
    }

    /// What the schema of libvirt 12.8.0 allows of `<pci-express>`.
    pub const SCHEMA: Pattern = element("pci-express", &[], &[Many(&Link::SCHEMA)]);

    /// Writes `<pci-express>`.
    pub fn write(&self, w: &mut Writer) {
        if self.capability.is_none() && self.status.is_none() {
            return w.empty("pci-express", &[]);
        }
        w.element("pci-express", &[], |w| {
            for (validity, link) in [("cap", self.capability), ("sta", self.status)] {
                if let Some(link) = link {
                    link.write(validity, w);
                }
            }
        });
    }

    /// Reads `<pci-express>`; code 27 for a link without a width or with an unknown speed.
    pub fn parse(element: &Element) -> Result<Express, Error> {
        let mut express = Express::default();
        for link in element.children_named("link") {
            let place = match attribute(link, "validity")? {
                "cap" => &mut express.capability,
                "sta" => &mut express.status,
                _ => return Err(invalid_attribute(link, "validity")),
            };
            *place = Some(Link::parse(link)?);
        }
        Ok(express)
    }
}

impl Link {
    const SCHEMA: Pattern = one(
        "link",
        Sort::Is("validity", &["cap", "sta"]),
        &[
            optional("port", UNSIGNED_INT),
            optional("speed", LINK_SPEED),
            required("width", UNSIGNED_INT),
        ],
        NOTHING,
    );

    fn write(&self, validity: &str, w: &mut Writer) {
        let mut attributes: Vec<Attribute<'_>> = vec![("validity", &validity)];
        if let Some(port) = &self.port {
            attributes.push(("port", port));
        }
        let speed = Decimal(SPEEDS.get(self.speed as usize).copied().unwrap_or_default());
        if !speed.0.is_empty() {
            attributes.push(("speed", &speed));
        }
        attributes.push(("width", &self.width));
        w.item().empty("link", &attributes);
    }

    fn parse(element: &Element) -> Result<Link, Error> {
        let speed = element.attribute("speed").unwrap_or_default();
        let speed = SPEEDS.iter().position(|known| *known == speed);
        let width = number_attribute(element, "width")?;
        Ok(Link {
            port: number_attribute(element, "port")?,
            speed: speed
                .and_then(|speed| u32::try_from(speed).ok())
                .ok_or_else(|| invalid_attribute(element, "speed"))?,
            width: width.ok_or_else(|| missing_attribute(element, "width"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::config_space::{CAPABILITIES, STATUS, STATUS_CAPABILITIES};
    use super::*;

    /// Configuration space with an Express capability behind another one.
    fn config(port_type: u8, speed: u8) -> Vec<u8> {
        let mut config = vec![0; 256];
        config[STATUS] = STATUS_CAPABILITIES;
        config[CAPABILITIES] = 0x40;
        config[0x40..0x42].copy_from_slice(&[0x01, 0x50]);
        config[0x50..0x52].copy_from_slice(&[ID_EXPRESS, 0]);
        config[0x52] = port_type << 4;
        // Link capabilities: port 3, width 16; status: width 4.
        config[0x5c..0x60].copy_from_slice(&[speed, 0x01, 0, 3]);
        config[0x62..0x64].copy_from_slice(&[0x41, 0]);
        config
    }

    fn read(config: &[u8], size: u64) -> Option<Express> {
        Express::read(config, || Ok(size)).unwrap()
    }

    fn xml(express: Express) -> String {
        let mut w = Writer::xml();
        express.write(&mut w);
        w.finish()
    }

    #[test]
    fn links_are_read_for_every_speed() {
        for (code, speed) in SPEEDS.iter().enumerate().skip(1) {
            let express = read(&config(0, code as u8), 4096).unwrap();
            assert_eq!(
                xml(express),
                format!(
                    "<pci-express>\n  <link validity='cap' port='3' speed='{speed}' width='16'/>\n  \
                     <link validity='sta' speed='2.5' width='4'/>\n</pci-express>\n"
                )
            );
        }
        let unknown = xml(read(&config(0, 0), 4096).unwrap());
        assert!(unknown.contains("<link validity='cap' port='3' width='16'/>"));
    }

    #[test]
    fn integrated_endpoints_have_no_link() {
        for port_type in [0x9, 0xa] {
            let express = read(&config(port_type, 1), 4096).unwrap();
            assert_eq!(xml(express), "<pci-express/>\n");
        }
    }

    #[test]
    fn without_the_capability_the_size_decides() {
        // What libvirt prints was seen with its version 9.0 on made-up configuration spaces.
        let mut other = config(0, 1);
        other[0x50] = 0x02;
        for none in [&[0; 256][..], &[], &other] {
            assert_eq!(read(none, 256), None);
            assert_eq!(read(none, 4096), Some(Express::default()));
        }
    }

    #[test]
    fn a_capability_at_the_end_is_read() {
        let mut config = vec![0; CONFIG_SIZE];
        config[STATUS] = STATUS_CAPABILITIES;
        config[CAPABILITIES] = 0xf0;
        config[0xf0] = ID_EXPRESS;
        config[0xfc..0x100].copy_from_slice(&[0x13, 0, 0, 1]);
        config[0x102] = 0x12;
        assert_eq!(
            xml(read(&config, 4096).unwrap()),
            "<pci-express>\n  <link validity='cap' port='1' speed='8' width='1'/>\n  \
             <link validity='sta' speed='5' width='1'/>\n</pci-express>\n"
        );
        // Registers that are not there are 0.
        assert_eq!(
            xml(read(&config[..256], 256).unwrap()),
            "<pci-express>\n  <link validity='cap' port='1' speed='8' width='1'/>\n  \
             <link validity='sta' width='0'/>\n</pci-express>\n"
        );
    }

    #[test]
    fn odd_pointers_are_taken_as_they_are() {
        let mut odd = config(0, 1);
        odd[CAPABILITIES] = 0x43;
        odd[0x43..0x45].copy_from_slice(&[0xff, 0x50]);
        assert!(read(&odd, 256).unwrap().status.is_some());
        odd[CAPABILITIES] = 0xff;
        assert_eq!(read(&odd, 256), None);
    }

    #[test]
    fn a_list_out_of_reach_is_judged_by_size() {
        let short = &config(0, 1)[..64];
        assert_eq!(read(short, 256), None);
        assert_eq!(read(short, 4096), Some(Express::default()));
    }

    #[test]
    fn a_circle_ends() {
        let mut circle = config(0, 1);
        circle[0x50] = 0x02;
        circle[0x51] = 0x40;
        assert_eq!(read(&circle, 256), None);
    }

    #[test]
    fn every_cut_is_survived() {
        let whole = config(0, 1);
        for end in 0..whole.len() {
            read(&whole[..end], 4096);
        }
    }

    #[test]
    fn cached_attributes_give_the_capability() {
        let express = Express::from_cached("8.0 GT/s PCIe", Some("4")).unwrap();
        assert_eq!(
            xml(express),
            "<pci-express>\n  <link validity='cap' speed='8' width='4'/>\n</pci-express>\n"
        );
        let express = Express::from_cached("2.5 GT/s PCIe", Some("1")).unwrap();
        assert_eq!(express.capability.unwrap().speed, 1);
        assert_eq!(Express::from_cached("Unknown", Some("255")), None);
        for unknown in [None, Some("wide")] {
            let express = Express::from_cached("16.0 GT/s PCIe", unknown).unwrap();
            assert_eq!(xml(express), "<pci-express/>\n");
        }
    }
}
