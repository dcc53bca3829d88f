// SPDX-License-Identifier: LGPL-2.1-or-later
//! The schema of devices: what may stand where in their XML, checked element by element.
//!
//! The verdict is that of libvirt 12.8.0's schema; the words about it are our own.

use crate::caps;
use crate::error::Result;
use crate::xml::element::Element;
use crate::xml::schema::Pattern::{self, Choice, Many, Maybe, Mixed};
use crate::xml::schema::text_kind::{ANY, WWN};
use crate::xml::schema::{
    AttributeRule, Content, NOTHING, Rule, Sort, element, one, required, text,
};

/// Refuses a document that the schema does not allow (code 92). The message names what is
/// wrong, with line and column. The root has to be a `<device>`.
pub fn validate(device: &Element) -> Result<()> {
    DEVICE.check(device)
}

/// The root.
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

/// The parent by world-wide names, by those of its fabric, or by its own name.
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

const PARENT_PORT: &[AttributeRule] = &[required("wwnn", WWN), required("wwpn", WWN)];

#[cfg(test)]
mod tests;
