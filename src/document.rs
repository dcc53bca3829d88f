// SPDX-License-Identifier: LGPL-2.1-or-later
//! Devices as documents describe them: the `<device>` element read from XML.

mod schema;

use crate::caps::Facts;
pub use crate::caps::input::Purpose;
use crate::caps::input::{Input, attribute, invalid_attribute};
use crate::description::Description;
use crate::error::{Code, Domain, Error, Result};
use crate::xml::element::Element;
use crate::xml::reader;

/// What a device is called before the host has named it.
pub const NEW_DEVICE: &str = "new device";

/// What a `<device>` element says.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceDocument {
    /// The device, with the first of its capabilities.
    pub description: Description,
    /// The Fibre Channel host that shall be its parent, if it is not given by name.
    pub parent_port: ParentPort,
}

/// A Fibre Channel host by its world-wide names; with a port name there always is a node name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct ParentPort {
    pub wwnn: Option<String>,
    pub wwpn: Option<String>,
    pub fabric_wwn: Option<String>,
}

/// Reads a description that a caller passed. Malformed XML is code 35, another root
/// element code 27; see [`parse_device`] for the rest. With `validate`, what the schema
/// of devices does not allow is code 92.
pub fn parse(xml: &[u8], purpose: Purpose, validate: bool) -> Result<DeviceDocument> {
    let device = reader::parse(xml, None)?;
    check_root(&device)?;
    if validate {
        schema::validate(&device)?;
    }
    parse_device(&device, purpose)
}

/// Reads a `<device>` element. Codes are libvirt 12.8.0's: 21 without a name that is
/// needed, 27 for what attributes lack, 1 and 67 for what elements do.
pub fn parse_device(device: &Element, purpose: Purpose) -> Result<DeviceDocument> {
    check_root(device)?;
    let name = match (purpose, filled(device, "name")) {
        (Purpose::Create, _) => NEW_DEVICE.to_string(),
        (_, Some(name)) => name,
        (_, None) => return Err(Error::bare(Code::NoName)),
    };
    let (devnode, links) = parse_devnodes(device)?;
    let parent_port = ParentPort::parse(device.child("parent"))?;
    let input = Input {
        element: device,
        device: &name,
        purpose,
    };
    let mut capabilities = device.children_named("capability");
    let Some(first) = capabilities.next() else {
        return Err(input.wrong("no device capabilities"));
    };
    let (facts, state) = Facts::parse(input.at(first))?;
    // Devices have one capability; whatever else is there must make sense all the same.
    for other in capabilities {
        Facts::parse(input.at(other))?;
    }
    let driver = device.child("driver");
    Ok(DeviceDocument {
        description: Description {
            path: filled(device, "path"),
            devnode,
            links,
            parent: filled(device, "parent"),
            driver: driver.and_then(|driver| filled(driver, "name")),
            facts: facts.into(),
            state,
            name,
        },
        parent_port,
    })
}

fn check_root(device: &Element) -> Result<()> {
    match &*device.name {
        "device" => Ok(()),
        other => {
            let text = format!("expecting root element of 'device', not '{other}'");
            Err(Error::new(Code::XmlError, text).in_domain(Domain::Xml))
        }
    }
}

/// The text of a child, if there is any.
fn filled(element: &Element, child: &str) -> Option<String> {
    let text = element.child_text(child)?;
    (!text.is_empty()).then(|| text.to_string())
}

/// The device node and the links to it.
fn parse_devnodes(device: &Element) -> Result<(Option<String>, Vec<String>)> {
    let mut node = None;
    let mut links = Vec::new();
    for devnode in device.children_named("devnode") {
        match attribute(devnode, "type")? {
            "dev" => node = Some(devnode.text.clone()),
            "link" => links.push(devnode.text.clone()),
            _ => return Err(invalid_attribute(devnode, "type")),
        }
    }
    Ok((node, links))
}

impl ParentPort {
    fn parse(parent: Option<&Element>) -> Result<ParentPort> {
        let name = |attribute: &str| {
            let name = parent?.attribute(attribute)?;
            Some(name.to_string())
        };
        let port = ParentPort {
            wwnn: name("wwnn"),
            wwpn: name("wwpn"),
            fabric_wwn: name("fabric_wwn"),
        };
        let incomplete = |given: &str, value: &str, missing: &str| {
            let text = format!(
                "when providing parent {given}='{value}', the {missing} must also be provided"
            );
            Err(Error::new(Code::XmlError, text))
        };
        match (&port.wwnn, &port.wwpn) {
            (Some(wwnn), None) => incomplete("wwnn", wwnn, "wwpn"),
            (None, Some(wwpn)) => incomplete("wwpn", wwpn, "wwnn"),
            _ => Ok(port),
        }
    }
}

#[cfg(test)]
mod tests;
