// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The types of mediated device that a parent offers, and the kind of device that is only there to be such
//! a parent (kernel: Documentation/driver-api/vfio-mediated-device.rst).

use super::input::{Input, filled_attribute};
use super::kind::{Kind, Mark, SlowFacts, Subsystem, Verdict};
use crate::error::Result;
use crate::host::files::{join, syspath_of_link};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::element::Element;
use crate::xml::schema::Pattern::{self, Maybe, Several};
use crate::xml::schema::text_kind::{ANY, TextKind, UNSIGNED_INT};
use crate::xml::schema::{capability, element, required, text};
use crate::xml::writer::Writer;

/// A type of mediated device that a parent can make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MdevType {
    /// The name of its folder, which the parent's driver chose: `mtty-1`.
    pub id: String,
    /// The driver's description, from the attribute `name`; `None` if it gives none.
    pub name: Option<String>,
    /// The interface that a virtual machine uses, from `device_api`: `vfio-pci`, `vfio-ccw` or `vfio-ap`.
    pub device_api: String,
    /// How many more the parent can make, from `available_instances`.
    pub available_instances: u32,
}

/// The name of the capability that lists a parent's types.
pub const NAME: &str = "mdev_types";

/// The folder in which a parent shows its types.
pub const FOLDER: &str = "mdev_supported_types";

/// What the schema of libvirt 12.8.0 allows of the capability that lists types.
pub const SCHEMA: Pattern = capability(
    &[NAME],
    &[Several(&element(
        "type",
        &[required("id", ANY)],
        &[
            Maybe(&text("name", ANY)),
            text(
                "deviceAPI",
                TextKind::Words(&["vfio-pci", "vfio-ccw", "vfio-ap"]),
            ),
            text("availableInstances", UNSIGNED_INT),
        ],
    ))],
);

/// Whether a parent offers any type.
pub fn has_any(node: &Node<'_>) -> Result<bool> {
    let ids = node.host.files.entries(&node.below(FOLDER))?;
    for id in ids.unwrap_or_default() {
        if MdevType::read(node, &id)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The types that a parent offers, in the order in which the kernel lists them; none for a device that is
/// no parent. A type without `device_api` or `available_instances` is left out.
pub fn read(node: &Node<'_>) -> Result<Vec<MdevType>> {
    let ids = node.host.files.entries(&node.below(FOLDER))?;
    let mut types = Vec::new();
    for id in ids.unwrap_or_default() {
        types.extend(MdevType::read(node, &id)?);
    }
    Ok(types)
}

impl MdevType {
    fn read(node: &Node<'_>, id: &[u8]) -> Found<MdevType> {
        let text = |name: &str| -> Found<String> {
            let file = join(&join(FOLDER.as_bytes(), id), name.as_bytes());
            let text = node.attribute(file)?;
            Ok(text.map(|text| text::clean(&text).trim_end().to_string()))
        };
        let instances = text("available_instances")?;
        let instances = instances.and_then(|text| text::parse_u32(text.as_bytes(), 10));
        let device_api = text("device_api")?.filter(|api| !api.is_empty());
        let (Some(available_instances), Some(device_api)) = (instances, device_api) else {
            return Ok(None);
        };
        Ok(Some(MdevType {
            id: text::clean(id),
            name: text("name")?,
            device_api,
            available_instances,
        }))
    }
}

/// Writes the capability that lists a parent's types, if there are any.
pub fn write(types: &[MdevType], w: &mut Writer) {
    if types.is_empty() {
        return;
    }
    w.capability(NAME, &[], |w| {
        for offered in types {
            w.item().element("type", &[("id", &offered.id)], |w| {
                w.optional("name", offered.name.as_ref());
                w.value("deviceAPI", &offered.device_api);
                w.value("availableInstances", offered.available_instances);
            });
        }
    });
}

/// Reads the types from the `mdev_types` capability nested in a device's own; none if there is none.
pub fn parse_nested(input: Input<'_>) -> Result<Vec<MdevType>> {
    let mut types = Vec::new();
    for (kind, nested) in input.nested("mediated device parent")? {
        if kind == NAME {
            types.extend(parse(nested)?);
        }
    }
    Ok(types)
}

/// Reads the content of an `mdev_types` capability.
pub fn parse(input: Input<'_>) -> Result<Vec<MdevType>> {
    let types = input.element.children_named("type");
    types
        .map(|element| {
            let input = input.at(element);
            let instances = "number of available instances";
            Ok(MdevType {
                id: parse_id(input, Some(element))?,
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

/// The id in a `<type>` element; code 67 if there is none.
pub fn parse_id(input: Input<'_>, element: Option<&Element>) -> Result<String> {
    let id = element.and_then(|element| filled_attribute(element, "id"));
    id.ok_or_else(|| input.unsupported("missing type id attribute"))
}

/// A device that is only there to be the parent of mediated devices: that of the kernel's sample driver mtty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MdevTypes;

impl Kind for MdevTypes {
    /// The types of mediated device that it offers.
    type State = Vec<MdevType>;
    const NAME: &'static str = NAME;
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Class("mtty")];
    const MARKS: &'static [Mark] = &[Mark::Subsystem];
    const SCHEMA: Option<&'static [Pattern]> = None;
    const IS_CREATABLE: bool = false;

    /// It must be in the class `mdev_bus`, where the kernel links the parents of mediated devices.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        let parents = node.host.files.links(b"/sys/class/mdev_bus")?;
        let is_own = |target: &[u8]| syspath_of_link(target).as_deref() == Some(node.path);
        Ok(Verdict::plain_if(
            parents.iter().any(|(_, target)| is_own(target)),
        ))
    }

    fn read(_node: &Node<'_>) -> Found<MdevTypes> {
        Ok(Some(MdevTypes))
    }

    fn read_state(node: &Node<'_>, _: &SlowFacts) -> Result<Vec<MdevType>> {
        read(node)
    }

    fn write(&self, types: &Vec<MdevType>, w: &mut Writer) {
        write(types, w);
    }

    fn parse(input: Input<'_>) -> Result<(MdevTypes, Vec<MdevType>)> {
        Ok((MdevTypes, parse_nested(input)?))
    }
}
