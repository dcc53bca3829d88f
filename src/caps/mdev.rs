// SPDX-License-Identifier: LGPL-2.1-or-later
//! Mediated devices and the types that a parent offers
//! (kernel: Documentation/driver-api/vfio-mediated-device.rst).

use super::Verdict;
use super::input::Input;
use crate::error::{Code, Error, Result};
use crate::host::files::{basename, dirname, join, syspath_of_link};
use crate::host::node::Node;
use crate::text;
use crate::text::uuid::normalise_uuid;
use crate::xml::element::Element;
use crate::xml::writer::Writer;

/// A mediated device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mdev {
    /// The id of its type.
    pub type_id: String,
    /// Its name.
    pub uuid: String,
    /// The name of the device that provides it.
    pub parent_addr: String,
    /// The IOMMU group that isolates it.
    pub iommu_group: u32,
    /// Attributes set by mdevctl, in order.
    pub attributes: Vec<(String, String)>,
}

/// A type of mediated device that a parent can make.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Type {
    pub id: String,
    pub name: Option<String>,
    pub device_api: String,
    pub available_instances: u32,
}

/// The address of a mediated device's parent: the name of the folder above.
fn parent_of<'a>(node: &Node<'a>) -> Option<&'a [u8]> {
    let name = basename(dirname(node.path));
    (!name.is_empty()).then_some(name)
}

/// A mediated device carries its parent's address in its name.
pub fn judge(node: &Node<'_>) -> Verdict {
    match parent_of(node) {
        Some(parent) if node.has("mdev_type") && node.has("iommu_group") => {
            Verdict::Suffix(parent.to_vec())
        }
        _ => Verdict::Rejected,
    }
}

impl Mdev {
    /// Reads type and IOMMU group.
    pub fn read(node: &Node<'_>) -> Result<Mdev> {
        let missing = |what: &str| node.unusable(format!("it has no {what}"));
        Ok(Mdev {
            type_id: text::clean(&node.link("mdev_type").ok_or_else(|| missing("mdev_type"))?),
            uuid: text::clean(&node.sysname()),
            parent_addr: text::clean(parent_of(node).ok_or_else(|| missing("parent"))?),
            iommu_group: node
                .link("iommu_group")
                .and_then(|group| text::parse_u32(&group, 10))
                .ok_or_else(|| missing("IOMMU group"))?,
            attributes: Vec::new(),
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.empty("type", &[("id", &self.type_id)]);
        w.value("uuid", &self.uuid);
        w.value("parent_addr", &self.parent_addr);
        w.empty("iommuGroup", &[("number", &self.iommu_group)]);
        for (name, value) in &self.attributes {
            w.item().empty("attr", &[("name", name), ("value", value)]);
        }
    }
}

/// The folder in which a parent shows its types.
const TYPES: &str = "mdev_supported_types";

/// Whether a parent offers any type.
pub fn has_types(node: &Node<'_>) -> bool {
    let entries = node.host.files.entries(&node.below(TYPES));
    entries.is_ok_and(|entries| !entries.is_empty())
}

/// The types that a parent offers, in the order in which the kernel lists them.
pub fn types(node: &Node<'_>) -> Result<Vec<Type>> {
    let entries = node.host.files.entries(&node.below(TYPES));
    entries
        .unwrap_or_default()
        .iter()
        .map(|id| Type::read(node, id))
        .collect()
}

impl Type {
    fn read(node: &Node<'_>, id: &[u8]) -> Result<Type> {
        let file = |name: &str| join(&join(TYPES.as_bytes(), id), name.as_bytes());
        let optional = |name: &str| {
            let text = node.attribute(file(name))?;
            Some(text::clean(&text).trim_end().to_string())
        };
        let required = |name: &str| {
            let missing = || {
                let path = text::clean(&file(name));
                node.unusable(format!("{path} cannot be read"))
            };
            optional(name).ok_or_else(missing)
        };
        let instances = required("available_instances")?;
        let available_instances = text::parse_u32(instances.as_bytes(), 10);
        Ok(Type {
            id: text::clean(id),
            name: optional("name"),
            device_api: required("device_api")?,
            available_instances: available_instances
                .ok_or_else(|| node.malformed(file("available_instances"), instances.as_bytes()))?,
        })
    }
}

/// Writes the capability that lists a parent's types, if there are any.
pub fn write_types(types: &[Type], w: &mut Writer) {
    if types.is_empty() {
        return;
    }
    w.capability("mdev_types", &[], |w| {
        for kind in types {
            w.item().element("type", &[("id", &kind.id)], |w| {
                w.optional("name", kind.name.as_ref());
                w.value("deviceAPI", &kind.device_api);
                w.value("availableInstances", kind.available_instances);
            });
        }
    });
}

/// The address of a generic parent: its entry in the class `mdev_bus`, whose link leads to it.
pub fn parent_address(node: &Node<'_>) -> Option<String> {
    const CLASS: &[u8] = b"/sys/class/mdev_bus";
    let files = &node.host.files;
    let entries = files.entries(CLASS).ok()?;
    let entry = entries.into_iter().find(|name| {
        let target = files.read_link(&join(CLASS, name)).unwrap_or_default();
        syspath_of_link(&target).as_deref() == Some(node.path)
    })?;
    Some(text::clean(&entry))
}

impl Mdev {
    /// Reads the content of the capability; an UUID that is not given is empty.
    pub fn parse(input: Input<'_>) -> Result<Mdev> {
        let type_id = type_id(input, input.element.child("type"))?;
        let uuid = match input.text("uuid").filter(|text| !text.is_empty()) {
            None => String::new(),
            Some(text) => normalise_uuid(&text).ok_or_else(|| {
                let text = format!("Invalid uuid '{text}' for new mdev device");
                Error::new(Code::InternalError, text)
            })?,
        };
        let group = input.element.child("iommuGroup");
        let iommu_group = match group.and_then(|group| group.attribute("number")) {
            None => 0,
            Some(number) => text::parse_u32(number.as_bytes(), 0)
                .ok_or_else(|| input.wrong("invalid iommuGroup number attribute"))?,
        };
        let attributes = input.element.children_named("attr");
        Ok(Mdev {
            type_id,
            uuid,
            parent_addr: input.text("parent_addr").unwrap_or_default(),
            iommu_group,
            // libvirt goes on without one that lacks its name or value.
            attributes: attributes
                .filter_map(|attribute| filled(attribute, "name").zip(filled(attribute, "value")))
                .collect(),
        })
    }
}

fn type_id(input: Input<'_>, element: Option<&Element>) -> Result<String> {
    let id = element.and_then(|element| filled(element, "id"));
    id.ok_or_else(|| input.unsupported("missing type id attribute"))
}

/// The value of an attribute; an empty one counts as missing, as in libvirt.
fn filled(element: &Element, name: &str) -> Option<String> {
    let value = element.attribute(name)?;
    (!value.is_empty()).then(|| value.to_string())
}

/// Reads the content of the capability that lists a parent's types.
pub fn parse_types(input: Input<'_>) -> Result<Vec<Type>> {
    let types = input.element.children_named("type");
    types
        .map(|element| {
            let input = input.at(element);
            let instances = "number of available instances";
            Ok(Type {
                id: type_id(input, Some(element))?,
                name: input.text("name"),
                device_api: input.required("deviceAPI", "device API")?,
                available_instances: input.number(
                    "availableInstances",
                    instances,
                    text::parse_u32,
                    10,
                )?,
            })
        })
        .collect()
}
