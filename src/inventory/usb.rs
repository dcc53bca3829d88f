// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The part `usb`: USB devices (kernel: Documentation/ABI/testing/sysfs-bus-usb, stable/sysfs-bus-usb).

use super::facts::{Fact, Form, Object, read_facts, set, set_list, sorted_names, speed};
use super::survey::Survey;
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

const FACTS: &[Fact] = &[
    Fact("bus", "busnum", Form::Number),
    Fact("number", "devnum", Form::Number),
    Fact("ports_above", "devpath", Form::Text),
    Fact("vendor", "idVendor", Form::Hex),
    Fact("product", "idProduct", Form::Hex),
    Fact("release", "bcdDevice", Form::Hex),
    Fact("manufacturer_name", "manufacturer", Form::Text),
    Fact("product_name", "product", Form::Text),
    Fact("serial", "serial", Form::Text),
    Fact("version", "version", Form::Text),
    Fact("class", "bDeviceClass", Form::Hex),
    Fact("ports", "maxchild", Form::Number),
    Fact("removable", "removable", Form::Text),
    Fact("authorized", "authorized", Form::Switch),
    Fact("max_power", "bMaxPower", Form::Text),
    Fact("runtime_status", "power/runtime_status", Form::Text),
];

const INTERFACE_FACTS: &[Fact] = &[
    Fact("number", "bInterfaceNumber", Form::Hex),
    Fact("class", "bInterfaceClass", Form::Hex),
    Fact("subclass", "bInterfaceSubClass", Form::Hex),
    Fact("protocol", "bInterfaceProtocol", Form::Hex),
    Fact("driver", "driver", Form::Link),
];

/// Reads the part of one device.
pub fn read(_: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    let mut usb = Object::new();
    set(&mut usb, "name", Some(text::clean(node.basename())));
    let megabits = node.attribute("speed")?;
    set(&mut usb, "speed", megabits.and_then(|text| speed(&text)));
    read_facts(node, FACTS, &mut usb)?;
    let folders = node.path.split(|&b| b == b'/');
    let hubs = folders.filter(|folder| *folder != node.basename() && is_device(folder));
    set_list(&mut usb, "hubs", hubs.map(text::clean));
    set_list(&mut usb, "interfaces", interfaces(node)?);
    Ok(Some(usb))
}

/// Whether a folder is that of a USB device: `usb1`, `1-2.3`; not of an interface: `1-2.3:1.0`.
fn is_device(folder: &[u8]) -> bool {
    let has_only = |text: &[u8], more: u8| {
        !text.is_empty() && text.iter().all(|b| b.is_ascii_digit() || *b == more)
    };
    if let Some(bus) = folder.strip_prefix(b"usb") {
        return has_only(bus, b'0');
    }
    let mut parts = folder.splitn(2, |&b| b == b'-');
    let (bus, ports) = (parts.next().unwrap_or_default(), parts.next());
    has_only(bus, b'0') && ports.is_some_and(|ports| has_only(ports, b'.'))
}

/// The interfaces of the configuration that is chosen.
fn interfaces(node: &Node<'_>) -> Result<Vec<Object>> {
    let mut interfaces = Vec::new();
    for name in sorted_names(node.host, node.path, |name| name.contains(&b':'))? {
        let path = node.below(&name);
        let interface = Node::at(node.host, &path, b"usb");
        let mut object = Object::new();
        read_facts(&interface, INTERFACE_FACTS, &mut object)?;
        if object.contains_key("number") {
            set(&mut object, "name", Some(text::clean(&name)));
            interfaces.push(object);
        }
    }
    Ok(interfaces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_devices() {
        for (folder, expected) in [
            ("usb1", true),
            ("1-2", true),
            ("10-2.13.1", true),
            ("1-2:1.0", false),
            ("usbmon", false),
            ("usb", false),
            ("0000:00:14.0", false),
            ("1-", false),
        ] {
            assert_eq!(is_device(folder.as_bytes()), expected, "{folder}");
        }
    }
}
