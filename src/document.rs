// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Documents that describe a device: the `<device>` element, read from XML.

mod schema;

use crate::caps::Facts;
pub use crate::caps::input::Purpose;
use crate::caps::input::{Input, attribute, invalid_attribute};
use crate::description::Description;
use crate::error::{Code, Domain, Error, Result};
use crate::xml::element::Element;
use crate::xml::reader;

/// The name of a device in messages before the host has given it one.
pub const NEW_DEVICE: &str = "new device";

/// The content of a `<device>` element.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceDocument {
    /// The description of the device, with the first of its capabilities.
    pub description: Description,
    /// The world-wide names of the Fibre Channel host that is to be its parent, if those are given in place of a name.
    pub parent_port: ParentPort,
}

/// The world-wide names of a Fibre Channel host. There is either both a node and a port name, or neither.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct ParentPort {
    pub wwnn: Option<String>,
    pub wwpn: Option<String>,
    pub fabric_wwn: Option<String>,
}

/// Reads a description that a caller passed. Code 35 for malformed XML, code 27 for another root element, code 92 for
/// what the schema of devices does not allow if `validate` is true; see [`parse_device`] for other errors.
pub fn parse(xml: &[u8], purpose: Purpose, validate: bool) -> Result<DeviceDocument> {
    let device = reader::parse(xml, None)?;
    check_root(&device)?;
    if validate {
        schema::validate(&device)?;
    }
    parse_device(&device, purpose)
}

/// Reads a `<device>` element. Errors are those of libvirt 12.8.0: code 21 if a name is needed and missing, 27 for
/// missing or invalid attributes, 1 and 67 for missing or invalid elements.
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
    // A device has one capability. Others are ignored, but must be valid.
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

/// The text of a child; `None` if it is missing or empty.
fn filled(element: &Element, child: &str) -> Option<String> {
    let text = element.child_text(child)?;
    (!text.is_empty()).then(|| text.to_string())
}

/// The paths of the device node and of the links to it.
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
