// SPDX-License-Identifier: LGPL-2.1-or-later
//! USB devices and their interfaces (kernel: Documentation/ABI/stable/sysfs-bus-usb).

use super::Verdict;
use super::identity::Identity;
use super::input::Input;
use crate::error::Result;
use crate::host::node::Node;
use crate::host::udev_data::UdevData;
use crate::text;
use crate::xml::writer::Writer;

/// A USB device; a root hub is one too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Device {
    pub bus: i32,
    pub device: i32,
    /// The chain of ports from the root hub, such as `1.2`; `0` for a root hub.
    pub port: Option<String>,
    pub product: Identity,
    pub vendor: Identity,
}

/// Vendor and product number: udev's properties, or the device's own attributes
/// where there is no udev database at all.
fn ids(node: &Node<'_>, udev: &UdevData) -> Option<(u32, u32)> {
    let hex = |text: &[u8]| text::parse_u32(text, 16);
    if let (Some(vendor), Some(product)) = (
        udev.property(b"ID_VENDOR_ID"),
        udev.property(b"ID_MODEL_ID"),
    ) {
        return Some((hex(vendor)?, hex(product)?));
    }
    if node.host.has_udev_database() {
        return None;
    }
    Some((
        hex(&node.attribute("idVendor")?)?,
        hex(&node.attribute("idProduct")?)?,
    ))
}

fn number(node: &Node<'_>, variable: &[u8]) -> Option<i32> {
    text::parse_i32(node.variable(variable)?, 10)
}

/// A device needs its address on the bus and its ids.
pub fn judge_device(node: &Node<'_>) -> Verdict {
    Verdict::plain_if(
        number(node, b"BUSNUM").is_some()
            && number(node, b"DEVNUM").is_some()
            && ids(node, &node.udev_data()).is_some(),
    )
}

impl Device {
    /// Reads address, ids and names.
    pub fn read(node: &Node<'_>) -> Result<Device> {
        let missing = |what: &str| node.unusable(format!("it has no {what}"));
        let udev = node.udev_data();
        let (vendor, product) =
            ids(node, &udev).ok_or_else(|| missing("USB vendor and product ID"))?;
        let name = |property: &[u8], attribute: &str| match udev.property(property) {
            Some(name) => Some(text::clean(name)),
            None => node.text(attribute),
        };
        Ok(Device {
            bus: number(node, b"BUSNUM").ok_or_else(|| missing("USB bus number"))?,
            device: number(node, b"DEVNUM").ok_or_else(|| missing("USB device number"))?,
            port: node.text("devpath"),
            product: Identity {
                id: product,
                name: name(b"ID_MODEL_FROM_DATABASE", "product"),
            },
            vendor: Identity {
                id: vendor,
                name: name(b"ID_VENDOR_FROM_DATABASE", "manufacturer"),
            },
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.value("bus", self.bus);
        w.value("device", self.device);
        w.optional("port", self.port.as_ref());
        self.product.write("product", w, Writer::empty_spaced);
        self.vendor.write("vendor", w, Writer::empty_spaced);
    }
}

/// An interface of a USB device: what a driver binds to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Interface {
    pub number: i32,
    pub class: i32,
    pub subclass: i32,
    pub protocol: i32,
    /// Only in documents; the kernel gives none.
    pub description: Option<String>,
}

impl Interface {
    /// Reads the fields of the interface descriptor.
    pub fn read(node: &Node<'_>) -> Result<Interface> {
        let field = |name| Ok(node.number(name, 16, text::parse_i32)?.unwrap_or(0));
        Ok(Interface {
            number: field("bInterfaceNumber")?,
            class: field("bInterfaceClass")?,
            subclass: field("bInterfaceSubClass")?,
            protocol: field("bInterfaceProtocol")?,
            description: None,
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.value("number", self.number);
        w.value("class", self.class);
        w.value("subclass", self.subclass);
        w.value("protocol", self.protocol);
        w.optional("description", self.description.as_ref());
    }
}

impl Device {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Result<Device> {
        let number = |child: &str, what: &str| input.number(child, what, text::parse_i32, 10);
        Ok(Device {
            bus: number("bus", "USB bus number")?,
            device: number("device", "USB device number")?,
            port: input.text("port"),
            product: Identity::parse(input, "product", "USB product ID")?,
            vendor: Identity::parse(input, "vendor", "USB vendor ID")?,
        })
    }
}

impl Interface {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Result<Interface> {
        let number = |child: &str| {
            let what = format!("USB interface {child}");
            input.number(child, &what, text::parse_i32, 10)
        };
        Ok(Interface {
            number: number("number")?,
            class: number("class")?,
            subclass: number("subclass")?,
            protocol: number("protocol")?,
            description: input.text("description"),
        })
    }
}
