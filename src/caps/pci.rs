// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! PCI functions (kernel: Documentation/ABI/testing/sysfs-bus-pci).

mod iommu_group;
mod virtual_functions;

use std::sync::Arc;

use super::config_space::{answers, header_type};
use super::identity::Identity;
use super::input::{Input, attribute, invalid_attribute, number_attribute};
use super::kind::{Kind, Mark, Nested, SlowFacts, Subsystem, Verdict};
use super::mdev_types::{self, MdevType};
use super::pci_address::PciAddress;
use super::pci_express::{CONFIG_SIZE, Express};
use super::vpd::Vpd;
use crate::error::{Code, Error, Result};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern::{self, Many, Maybe};
use crate::xml::schema::text_kind::{INT, PCI_CLASS, UNSIGNED_INT, UNSIGNED_LONG};
use crate::xml::schema::{capability, capability_with, element, optional, text};
use crate::xml::value::Hex;
use crate::xml::writer::Writer;
pub use iommu_group::IommuGroup;
use virtual_functions::function_of_link;
pub use virtual_functions::{VirtualFunctions, virtual_functions};

/// A PCI function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pci {
    /// Base class, subclass and programming interface; `None` only in documents that do not say.
    pub class: Option<u32>,
    /// Its address, which is its sysfs name.
    pub address: PciAddress,
    /// The attribute `device`, and its name in the database of PCI ids.
    pub product: Identity,
    /// The attribute `vendor`, and its name in the database of PCI ids.
    pub vendor: Identity,
    /// For a function that is a bridge, the kind of bridge.
    pub bridge: Option<Bridge>,
    /// The number of the NUMA node that the function is closest to, from the attribute `numa_node`; `None` if the
    /// kernel knows none.
    pub numa_node: Option<i32>,
    /// Its PCI Express links; `None` for a function of conventional PCI, and where the process may not read
    /// configuration space.
    pub express: Option<Express>,
    /// Whether configuration space could not be read, because the function is suspended or does not answer. The
    /// facts are then not complete and must not be kept.
    pub is_silent: bool,
}

/// The kind of a bridge, by the bus that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bridge {
    /// To a PCI bus.
    Pci,
    /// To a CardBus.
    CardBus,
}

/// The bridges with their names in XML.
pub const BRIDGES: [(Bridge, &str); 2] = [
    (Bridge::Pci, "pci-bridge"),
    (Bridge::CardBus, "cardbus-bridge"),
];

/// What changes about a function without a uevent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PciState {
    /// The physical function of a virtual one, from the link `physfn`.
    pub physical_function: Option<PciAddress>,
    /// The virtual functions of a physical one; `None` for a function that cannot have any.
    pub virtual_functions: Option<VirtualFunctions>,
    /// The types of mediated device that it offers.
    pub mdev_types: Vec<MdevType>,
    /// Its vital product data; `None` if it has none, or none that is valid.
    pub vpd: Option<Arc<Vpd>>,
    /// Its IOMMU group; `None` if it is in none.
    pub iommu_group: Option<IommuGroup>,
}

fn address(node: &Node<'_>) -> Option<PciAddress> {
    PciAddress::parse(node.basename())
}

/// Base class, subclass and programming interface.
pub fn class(node: &Node<'_>) -> Option<u32> {
    text::parse_u32(node.variable(b"PCI_CLASS")?, 16)
}

/// The kind of bridge that the class tells of (kernel: include/linux/pci_ids.h); `None` for everything else.
fn bridge_of_class(class: u32) -> Option<Bridge> {
    match class >> 8 {
        0x0604 => Some(Bridge::Pci),
        0x0607 => Some(Bridge::CardBus),
        _ => None,
    }
}

/// Bridges to PCI and CardBus, as their class tells.
pub fn is_bridge(node: &Node<'_>) -> bool {
    class(node).and_then(bridge_of_class).is_some()
}

/// Whether looking at configuration space or VPD would wake the function (kernel: Documentation/power/pci.rst).
pub fn is_asleep(node: &Node<'_>) -> Result<bool> {
    Ok(is_suspended(node, "power/runtime_status")? || is_cold(node)?)
}

fn is_suspended(node: &Node<'_>, status: &str) -> Result<bool> {
    Ok(node.attribute(status)?.as_deref() == Some(b"suspended"))
}

fn is_cold(node: &Node<'_>) -> Result<bool> {
    Ok(node.attribute("power_state")?.as_deref() == Some(b"D3cold"))
}

/// The function's vital product data, read at the first call while it is awake; `None` for one that has none.
fn vpd(node: &Node<'_>, slow: &SlowFacts) -> Found<Arc<Vpd>> {
    if let Some(vpd) = slow.vpd.get() {
        return Ok(vpd.clone());
    }
    let read = match node.has("vpd")? {
        true if is_asleep(node)? => return Ok(None),
        true => Vpd::read(node)?.map(Arc::new),
        false => None,
    };
    // Of what two threads read at once, either will do.
    Ok(slow.vpd.get_or_init(|| Box::new(read)).clone())
}

/// The id in the attribute of this name: `0x8086`. `None` if there is no such number of 16 bits.
fn id(node: &Node<'_>, name: &str) -> Found<u16> {
    let text = node.attribute(name)?;
    let text = text.filter(|text| text.starts_with(b"0x"));
    let id = text.and_then(|text| text::parse_u32(&text, 16));
    Ok(id.and_then(|id| u16::try_from(id).ok()))
}

/// The two ids in a uevent variable: `8086:1237`.
fn ids_in(node: &Node<'_>, variable: &[u8]) -> Option<(u16, u16)> {
    let mut ids = node.variable(variable)?.split(|&b| b == b':');
    let mut id = || u16::try_from(text::parse_hex(ids.next()?)?).ok();
    id().zip(id())
}

/// Two ids from the variable that has both, in the `uevent` file that has been read already (kernel:
/// drivers/pci/pci-driver.c, `pci_uevent`), or else from an attribute for each.
pub fn ids(node: &Node<'_>, variable: &[u8], one: &str, two: &str) -> Found<(u16, u16)> {
    match ids_in(node, variable) {
        Some(ids) => Ok(Some(ids)),
        None => Ok(id(node, one)?.zip(id(node, two)?)),
    }
}

/// Vendor and device id.
pub fn device_ids(node: &Node<'_>) -> Found<(u16, u16)> {
    ids(node, b"PCI_ID", "vendor", "device")
}

impl Pci {
    /// Reads bridge and links from configuration space.
    fn read_config(&mut self, node: &Node<'_>) -> Result<()> {
        let path = node.below("config");
        let config = node.host.files.read_start(&path, CONFIG_SIZE)?;
        let Some(config) = config else {
            return Ok(());
        };
        if !answers(&config) {
            self.is_silent = true;
            return Ok(());
        }
        self.bridge = match header_type(&config) {
            Some(1) => Some(Bridge::Pci),
            Some(2) => Some(Bridge::CardBus),
            _ => None,
        };
        let size = || Ok(node.host.files.size(&path)?.unwrap_or(0));
        self.express = Express::read(&config, size)?;
        Ok(())
    }

    /// Takes bridge and link from what the kernel has cached, so that the function is not woken.
    fn infer_from_cached(&mut self, node: &Node<'_>) -> Result<()> {
        self.is_silent = true;
        self.bridge = self.class.and_then(bridge_of_class);
        // The kernel has cached the speed, but reads the width from the function. For that it wakes a function
        // in D3cold, and the bridge above (drivers/pci/pci.c, `pci_config_pm_runtime_get`).
        let width = match is_cold(node)? || is_suspended(node, "../power/runtime_status")? {
            true => None,
            false => node.text("max_link_width")?,
        };
        let speed = node.text("max_link_speed")?;
        self.express = speed.and_then(|speed| Express::from_cached(&speed, width.as_deref()));
        Ok(())
    }
}

impl Kind for Pci {
    type State = PciState;
    const NAME: &'static str = "pci";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("pci")];
    const MARKS: &'static [Mark] = &[Mark::Variable("PCI_CLASS")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        Maybe(&text("class", PCI_CLASS)),
        text("domain", UNSIGNED_LONG),
        text("bus", UNSIGNED_LONG),
        text("slot", UNSIGNED_LONG),
        text("function", UNSIGNED_LONG),
        Identity::schema("product"),
        Identity::schema("vendor"),
        Maybe(&capability(
            &["phys_function"],
            &[Maybe(&PciAddress::SCHEMA)],
        )),
        Maybe(&capability_with(
            &["virt_functions"],
            &[optional("maxCount", UNSIGNED_INT)],
            &[Many(&PciAddress::SCHEMA)],
        )),
        Maybe(&capability(&[BRIDGES[0].1, BRIDGES[1].1], &[])),
        Maybe(&mdev_types::SCHEMA),
        Maybe(&Vpd::SCHEMA),
        Maybe(&IommuGroup::SCHEMA),
        Maybe(&element("numa", &[optional("node", INT)], &[])),
        Maybe(&Express::SCHEMA),
    ]);
    const NESTED: &'static [Nested<Pci>] = &[
        Nested {
            name: mdev_types::NAME,
            in_state: |state| !state.mdev_types.is_empty(),
            on_node: |node, _| mdev_types::has_any(node),
        },
        Nested {
            name: "vpd",
            in_state: |state| state.vpd.is_some(),
            on_node: |node, slow| Ok(vpd(node, slow)?.is_some()),
        },
    ];

    /// It needs an address, a class, ids and configuration space.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        let is_function = address(node).is_some() && class(node).is_some();
        Ok(Verdict::plain_if(
            is_function && node.has("config")? && device_ids(node)?.is_some(),
        ))
    }

    /// Reads ids, names, NUMA node and, where allowed, configuration space.
    fn read(node: &Node<'_>) -> Found<Pci> {
        let (Some(address), Some((vendor, product))) = (address(node), device_ids(node)?) else {
            return Ok(None);
        };
        let names = node.host.pci_names()?;
        let numa_node = node.number("numa_node", 10, text::parse_i32)?;
        let mut pci = Pci {
            class: class(node),
            address,
            product: Identity {
                id: product.into(),
                name: names.device(vendor, product)?,
            },
            vendor: Identity {
                id: vendor.into(),
                name: names.vendor(vendor)?,
            },
            bridge: None,
            numa_node: numa_node.filter(|node| *node >= 0),
            express: None,
            is_silent: false,
        };
        if node.host.privileged {
            match is_asleep(node)? {
                true => pci.infer_from_cached(node)?,
                false => pci.read_config(node)?,
            }
        }
        Ok(Some(pci))
    }

    /// Without configuration space the function is read again.
    fn is_final(&self) -> bool {
        !self.is_silent
    }

    /// Reads the links and attributes that change, and vital product data if it is not known yet.
    fn read_state(node: &Node<'_>, slow: &SlowFacts) -> Result<PciState> {
        let vpd = vpd(node, slow)?;
        Ok(PciState {
            physical_function: function_of_link(node, "physfn")?,
            virtual_functions: VirtualFunctions::read(node)?,
            mdev_types: mdev_types::read(node)?,
            vpd,
            iommu_group: IommuGroup::read(node)?,
        })
    }

    fn write(&self, state: &PciState, w: &mut Writer) {
        if let Some(class) = self.class {
            w.value("class", Hex(6, class));
        }
        w.value("domain", self.address.domain);
        w.value("bus", self.address.bus);
        w.value("slot", self.address.slot);
        w.value("function", self.address.function);
        self.product.write("product", w, Writer::empty);
        self.vendor.write("vendor", w, Writer::empty);
        state.write_functions(w);
        if let Some(bridge) = self.bridge {
            w.empty_capability(BRIDGES[bridge as usize].1, &[]);
        }
        mdev_types::write(&state.mdev_types, w);
        if let Some(vpd) = &state.vpd {
            vpd.write(w);
        }
        if let Some(group) = &state.iommu_group {
            group.write(w);
        }
        if let Some(numa_node) = self.numa_node {
            w.empty("numa", &[("node", &numa_node)]);
        }
        if let Some(express) = &self.express {
            express.write(w);
        }
    }

    fn parse(input: Input<'_>) -> Result<(Pci, PciState)> {
        let class = input.optional_number("class", "PCI class", text::parse_u32, 16)?;
        if class.is_some_and(|class| class > 0xff_ffff) {
            return Err(input.wrong("invalid PCI class supplied"));
        }
        let number = |child: &str, what: &str| input.number(child, what, text::parse_u32, 10);
        let mut pci = Pci {
            class,
            address: PciAddress {
                domain: number("domain", "PCI domain ID")?,
                bus: number("bus", "PCI bus ID")?,
                slot: number("slot", "PCI slot ID")?,
                function: number("function", "PCI function ID")?,
            },
            product: Identity::parse(input, "product", "PCI product ID")?,
            vendor: Identity::parse(input, "vendor", "PCI vendor ID")?,
            bridge: None,
            numa_node: None,
            express: None,
            is_silent: false,
        };
        let mut state = PciState::default();
        for (kind, nested) in input.nested("PCI")? {
            match kind {
                mdev_types::NAME => state.mdev_types.extend(mdev_types::parse(nested)?),
                "vpd" => state.vpd = Some(Arc::new(Vpd::parse(nested)?)),
                _ => state.parse_functions(kind, nested)?,
            }
            let bridge = BRIDGES.iter().find(|(_, name)| *name == kind);
            pci.bridge = bridge.map(|(bridge, _)| *bridge).or(pci.bridge);
        }
        if let Some(group) = input.element.child("iommuGroup") {
            state.iommu_group = Some(IommuGroup::parse(input.at(group))?);
        }
        if let Some(numa) = input.element.child("numa") {
            let number = text::parse_i32(attribute(numa, "node")?.as_bytes(), 10);
            pci.numa_node = Some(number.ok_or_else(|| invalid_attribute(numa, "node"))?)
                .filter(|node| *node >= 0);
        }
        let express = input.element.child("pci-express");
        pci.express = express.map(Express::parse).transpose()?;
        Ok((pci, state))
    }
}

impl PciState {
    fn write_functions(&self, w: &mut Writer) {
        if let Some(address) = &self.physical_function {
            w.capability("phys_function", &[], |w| address.write(w));
        }
        if let Some(functions) = &self.virtual_functions {
            functions.write(w);
        }
    }

    /// Reads a nested capability that is about functions of the same device.
    fn parse_functions(&mut self, kind: &str, input: Input<'_>) -> Result<()> {
        let addresses = PciAddress::parse_children(input.element)?;
        match kind {
            "phys_function" => {
                let text = "Missing address in 'phys_function' capability";
                let missing = || Error::new(Code::XmlError, text);
                self.physical_function = Some(*addresses.first().ok_or_else(missing)?);
            }
            "virt_functions" => {
                let functions = self.virtual_functions.get_or_insert_default();
                functions.functions.extend(addresses);
                if let Some(max) = number_attribute(input.element, "maxCount")? {
                    functions.max = max;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
