// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! USB devices (kernel: Documentation/ABI/stable/sysfs-bus-usb).

use super::identity::Identity;
use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::host::udev_data::UdevData;
use crate::text;
use crate::xml::schema::Pattern;
use crate::xml::schema::text;
use crate::xml::schema::text_kind::UNSIGNED_LONG;
use crate::xml::writer::Writer;

/// A USB device; a root hub is one too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsbDevice {
    /// The number of its bus, from the uevent variable `BUSNUM`.
    pub bus: i32,
    /// Its address on the bus, from the uevent variable `DEVNUM`.
    pub device: i32,
    /// The chain of ports from the root hub, such as `1.2`, or `0` for a root hub; from the attribute `devpath`.
    pub port: Option<String>,
    /// The product id, with the name from udev's hardware database or else from the device's own descriptor.
    pub product: Identity,
    /// The vendor id, with a name from the same sources.
    pub vendor: Identity,
}

/// Vendor and product id from udev's properties or, if there is no udev database at all, from the device's own
/// attributes. `None` for a device that udev does not know.
fn ids(node: &Node<'_>, udev: &UdevData) -> Found<(u32, u32)> {
    let said = udev
        .property(b"ID_VENDOR_ID")
        .zip(udev.property(b"ID_MODEL_ID"));
    match said {
        Some((vendor, product)) => Ok(hex(vendor).zip(hex(product))),
        None if node.host.has_udev_database()? => Ok(None),
        None => own_ids(node),
    }
}

/// Vendor and product id in the device's own attributes `idVendor` and `idProduct`.
fn own_ids(node: &Node<'_>) -> Found<(u32, u32)> {
    let number = |name| Ok(node.attribute(name)?.and_then(|text| hex(&text)));
    Ok(number("idVendor")?.zip(number("idProduct")?))
}

fn hex(text: &[u8]) -> Option<u32> {
    text::parse_u32(text, 16)
}

fn number(node: &Node<'_>, variable: &[u8]) -> Option<i32> {
    text::parse_i32(node.variable(variable)?, 10)
}

impl Kind for UsbDevice {
    type State = ();
    const NAME: &'static str = "usb_device";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("usb")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("usb_device")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        text("bus", UNSIGNED_LONG),
        text("device", UNSIGNED_LONG),
        text("port", UNSIGNED_LONG),
        Identity::schema("product"),
        Identity::schema("vendor"),
    ]);

    /// Without an address on the bus, or without ids, it is not a node device.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        let has_address = number(node, b"BUSNUM").is_some() && number(node, b"DEVNUM").is_some();
        Ok(Verdict::plain_if(
            has_address && ids(node, node.udev_data()?)?.is_some(),
        ))
    }

    /// Takes the address from the `uevent` file, ids and names from udev's database and sysfs.
    fn read(node: &Node<'_>) -> Found<UsbDevice> {
        let udev = node.udev_data()?;
        let ids = match ids(node, udev)? {
            // udev has lost its entry since the device was listed.
            None => own_ids(node)?,
            ids => ids,
        };
        let address = number(node, b"BUSNUM").zip(number(node, b"DEVNUM"));
        let (Some((bus, device)), Some((vendor, product))) = (address, ids) else {
            return Ok(None);
        };
        let name = |property: &[u8], attribute: &str| match udev.property(property) {
            Some(name) => Ok(Some(text::clean(name))),
            None => node.text(attribute),
        };
        Ok(Some(UsbDevice {
            bus,
            device,
            port: node.text("devpath")?,
            product: Identity {
                id: product,
                name: name(b"ID_MODEL_FROM_DATABASE", "product")?,
            },
            vendor: Identity {
                id: vendor,
                name: name(b"ID_VENDOR_FROM_DATABASE", "manufacturer")?,
            },
        }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.value("bus", self.bus);
        w.value("device", self.device);
        w.optional("port", self.port.as_ref());
        self.product.write("product", w, Writer::empty_spaced);
        self.vendor.write("vendor", w, Writer::empty_spaced);
    }

    fn parse(input: Input<'_>) -> Result<(UsbDevice, ())> {
        let number = |child: &str, what: &str| input.number(child, what, text::parse_i32, 10);
        let device = UsbDevice {
            bus: number("bus", "USB bus number")?,
            device: number("device", "USB device number")?,
            port: input.text("port"),
            product: Identity::parse(input, "product", "USB product ID")?,
            vendor: Identity::parse(input, "vendor", "USB vendor ID")?,
        };
        Ok((device, ()))
    }
}
