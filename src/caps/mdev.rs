// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Mediated devices: parts of a parent device that the parent's driver made (kernel:
//! Documentation/driver-api/vfio-mediated-device.rst).

use super::input::{Input, filled_attribute};
use super::kind::{Kind, Mark, Subsystem, Verdict};
use super::mdev_types;
use crate::error::{Code, Error, Result};
use crate::host::files::{basename, dirname};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::text::uuid::normalise_uuid;
use crate::xml::schema::Pattern::{self, Many, Maybe, Mixed};
use crate::xml::schema::text_kind::{ANY, UNSIGNED_INT, UUID};
use crate::xml::schema::{element, required, text};
use crate::xml::writer::Writer;

/// A mediated device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mdev {
    /// The id of its type, `mtty-1`; see [`mdev_types::MdevType`].
    pub type_id: String,
    /// Its name in sysfs, a UUID. Empty in a document that leaves it to the host.
    pub uuid: String,
    /// The sysfs name of the device that provides it, such as `0000:3b:00.0`. Empty in a document
    /// that names the parent otherwise.
    pub parent_addr: String,
    /// The number of the IOMMU group that isolates it; 0 for a device that is not running. `None`
    /// for a running device in no group: its driver is not bound yet, or it is reached through
    /// IOMMUFD only.
    pub iommu_group: Option<u32>,
    /// Names and values of the attributes that mdevctl sets, in order.
    pub attributes: Vec<(String, String)>,
}

/// The sysfs name of the parent: that of the folder above.
fn parent_of<'a>(node: &Node<'a>) -> Option<&'a [u8]> {
    let name = basename(dirname(node.path));
    (!name.is_empty()).then_some(name)
}

/// The text, unless it is empty: what a document left out is not written.
fn filled(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

impl Kind for Mdev {
    type State = ();
    const NAME: &'static str = "mdev";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("mdev")];
    const MARKS: &'static [Mark] = &[Mark::Subsystem];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[Mixed(&[
        element("type", &[required("id", ANY)], &[]),
        Maybe(&element(
            "iommuGroup",
            &[required("number", UNSIGNED_INT)],
            &[],
        )),
        Maybe(&text("uuid", UUID)),
        Maybe(&text("parent_addr", ANY)),
        Many(&element(
            "attr",
            &[required("name", ANY), required("value", ANY)],
            &[],
        )),
    ])]);

    /// Its name ends with the parent's sysfs name.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        Ok(match parent_of(node) {
            Some(parent) if node.has("mdev_type")? => Verdict::Suffix(parent.to_vec()),
            _ => Verdict::Rejected,
        })
    }

    /// Reads type and IOMMU group.
    fn read(node: &Node<'_>) -> Found<Mdev> {
        let (Some(type_id), Some(parent)) = (node.link("mdev_type")?, parent_of(node)) else {
            return Ok(None);
        };
        let group = node.link("iommu_group")?;
        Ok(Some(Mdev {
            type_id: text::clean(&type_id),
            uuid: text::clean(&node.sysname()),
            parent_addr: text::clean(parent),
            iommu_group: group.and_then(|group| text::parse_u32(&group, 10)),
            attributes: Vec::new(),
        }))
    }

    /// Without a group it is read again: no uevent tells when the device gets one.
    fn is_final(&self) -> bool {
        self.iommu_group.is_some()
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.empty("type", &[("id", &self.type_id)]);
        w.optional("uuid", filled(&self.uuid));
        w.optional("parent_addr", filled(&self.parent_addr));
        if let Some(group) = &self.iommu_group {
            w.empty("iommuGroup", &[("number", group)]);
        }
        for (name, value) in &self.attributes {
            w.item().empty("attr", &[("name", name), ("value", value)]);
        }
    }

    fn parse(input: Input<'_>) -> Result<(Mdev, ())> {
        let type_id = mdev_types::parse_id(input, input.element.child("type"))?;
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
        let mdev = Mdev {
            type_id,
            uuid,
            parent_addr: input.text("parent_addr").unwrap_or_default(),
            iommu_group: Some(iommu_group),
            // As in libvirt, one without a name or a value is ignored.
            attributes: attributes
                .filter_map(|attribute| {
                    filled_attribute(attribute, "name").zip(filled_attribute(attribute, "value"))
                })
                .collect(),
        };
        Ok((mdev, ()))
    }
}
