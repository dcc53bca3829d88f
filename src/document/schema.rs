// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The schema of devices: which elements their XML may have, and where.
//!
//! It accepts and refuses the same documents as libvirt 12.8.0's schema; the messages are this library's own.

use crate::caps;
use crate::error::Result;
use crate::xml::element::Element;
use crate::xml::schema::Pattern::{self, Choice, Many, Maybe, Mixed};
use crate::xml::schema::text_kind::{ANY, WWN};
use crate::xml::schema::{
    AttributeRule, Content, NOTHING, Rule, Sort, element, one, required, text,
};

/// Checks a document, whose root must be a `<device>`. Code 92 if the schema does not allow it; the message names what
/// is wrong, with line and column.
pub fn validate(device: &Element) -> Result<()> {
    DEVICE.check(device)
}

/// The rule for the root.
const DEVICE: Rule = Rule {
    name: "device",
    sort: Sort::Only,
    attributes: &[],
    content: Content::Elements(&[Mixed(&[
        text("name", ANY),
        Maybe(&text("path", ANY)),
        Many(&one(
            "devnode",
            Sort::Is("type", &["dev", "link"]),
            &[],
            Content::Text(ANY),
        )),
        Maybe(&Choice(PARENT)),
        Maybe(&element("driver", &[], &[text("name", ANY)])),
        Many(&Choice(caps::SCHEMA)),
    ])]),
};

/// The forms of `<parent>`: by the world-wide names of the parent, by that of its fabric, or by the parent's name.
const PARENT: &[Pattern] = &[
    one("parent", Sort::Has("wwnn"), PARENT_PORT, NOTHING),
    one("parent", Sort::Has("wwpn"), PARENT_PORT, NOTHING),
    one(
        "parent",
        Sort::Has("fabric_wwn"),
        &[required("fabric_wwn", WWN)],
        NOTHING,
    ),
    text("parent", ANY),
];

/// The world-wide names of node and port, which are given together.
const PARENT_PORT: &[AttributeRule] = &[required("wwnn", WWN), required("wwpn", WWN)];

#[cfg(test)]
mod tests;
