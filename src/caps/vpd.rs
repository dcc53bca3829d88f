// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Vital product data: names and numbers that a PCI function holds about itself (PCI Local Bus 3.0, appendix I;
//! PCI Express Base 4.0, section 6.28).

mod image;

use super::input::{Input, attribute, invalid_attribute};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::xml::element::Element;
use crate::xml::schema::Pattern::{self, Many, Maybe};
use crate::xml::schema::text_kind::{SYSTEM_INDEX, VENDOR_INDEX, VPD_TEXT};
use crate::xml::schema::{Content, Sort, capability, one, required, text, text_with};
use crate::xml::writer::Writer;
pub use image::{CustomField, ReadOnly, ReadWrite, Vpd, parse, replace_texts};
use image::{SPACE, is_index, put};

impl Vpd {
    /// Reads the `vpd` file of a function; `None` if it has none, or a malformed one. The caller makes sure that the
    /// function is awake, because reading would wake it.
    pub fn read(node: &Node<'_>) -> Found<Vpd> {
        let image = node.host.files.read_start(&node.below("vpd"), SPACE)?;
        Ok(image.and_then(|image| parse(&image)))
    }
}

/// What the schema of libvirt 12.8.0 allows within the capability.
const CONTENT: &[Pattern] = &[
    text("name", VPD_TEXT),
    Maybe(&fields(
        &["readonly"],
        &[
            Maybe(&text("change_level", VPD_TEXT)),
            Maybe(&text("manufacture_id", VPD_TEXT)),
            Maybe(&text("part_number", VPD_TEXT)),
            Maybe(&text("serial_number", VPD_TEXT)),
            Many(&VENDOR_FIELD),
        ],
    )),
    Maybe(&fields(
        &["readwrite"],
        &[
            Maybe(&text("asset_tag", VPD_TEXT)),
            Many(&VENDOR_FIELD),
            Many(&SYSTEM_FIELD),
        ],
    )),
];

const fn fields(access: &'static [&'static str], children: &'static [Pattern]) -> Pattern {
    let content = Content::Elements(children);
    one("fields", Sort::Is("access", access), &[], content)
}

const VENDOR_FIELD: Pattern =
    text_with("vendor_field", &[required("index", VENDOR_INDEX)], VPD_TEXT);
const SYSTEM_FIELD: Pattern =
    text_with("system_field", &[required("index", SYSTEM_INDEX)], VPD_TEXT);

impl Vpd {
    /// What the schema of libvirt 12.8.0 allows of the capability.
    pub const SCHEMA: Pattern = capability(&["vpd"], CONTENT);

    /// Writes the capability.
    pub fn write(&self, w: &mut Writer) {
        w.capability("vpd", &[], |w| {
            w.optional("name", self.name.as_ref());
            if let Some(fields) = &self.read_only {
                w.item().element("fields", &[("access", &"readonly")], |w| {
                    w.optional("change_level", fields.change_level.as_ref());
                    w.optional("manufacture_id", fields.manufacture_id.as_ref());
                    w.optional("part_number", fields.part_number.as_ref());
                    w.optional("serial_number", fields.serial_number.as_ref());
                    write_custom("vendor_field", &fields.vendor_fields, w);
                });
            }
            if let Some(fields) = &self.read_write {
                w.item()
                    .element("fields", &[("access", &"readwrite")], |w| {
                        w.optional("asset_tag", fields.asset_tag.as_ref());
                        write_custom("vendor_field", &fields.vendor_fields, w);
                        write_custom("system_field", &fields.system_fields, w);
                    });
            }
        });
    }
}

/// Writes custom fields. An empty one is a self-closed element, unlike an empty field with a name of its own.
fn write_custom(name: &str, fields: &[CustomField], w: &mut Writer) {
    for CustomField { index, value } in fields {
        w.item().text_or_empty(name, &[("index", index)], value);
    }
}

impl Vpd {
    /// Reads the capability. Code 27 if the attribute `access` or `index` is missing or invalid.
    pub fn parse(input: Input<'_>) -> Result<Vpd> {
        let mut vpd = Vpd {
            name: input.text("name"),
            ..Vpd::default()
        };
        for fields in input.element.children_named("fields") {
            let section = input.at(fields);
            match attribute(fields, "access")? {
                "readonly" => {
                    vpd.read_only = Some(ReadOnly {
                        change_level: section.text("change_level"),
                        manufacture_id: section.text("manufacture_id"),
                        part_number: section.text("part_number"),
                        serial_number: section.text("serial_number"),
                        vendor_fields: parse_custom("vendor_field", fields)?,
                    });
                }
                "readwrite" => {
                    vpd.read_write = Some(ReadWrite {
                        asset_tag: section.text("asset_tag"),
                        vendor_fields: parse_custom("vendor_field", fields)?,
                        system_fields: parse_custom("system_field", fields)?,
                    });
                }
                _ => return Err(invalid_attribute(fields, "access")),
            }
        }
        Ok(vpd)
    }
}

fn parse_custom(name: &str, section: &Element) -> Result<Vec<CustomField>> {
    let mut fields = Vec::new();
    for field in section.children_named(name) {
        match attribute(field, "index")?.as_bytes() {
            [index] if is_index(*index) => put(&mut fields, *index, field.text.clone()),
            _ => return Err(invalid_attribute(field, "index")),
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests;
