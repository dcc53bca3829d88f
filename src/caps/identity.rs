// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Products and vendors of PCI and USB devices.

use super::input::Input;
use crate::error::Result;
use crate::text;
use crate::xml::schema::Pattern;
use crate::xml::schema::text_kind::{ANY, HEX};
use crate::xml::schema::{required, text_with};
use crate::xml::value::Hex;
use crate::xml::writer::{Attribute, Writer};

/// A product or vendor: its number and, where known, its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id that PCI-SIG or USB-IF gave the vendor, or that the vendor gave its product. It has 16 bits on
    /// devices; documents can hold more.
    pub id: u32,
    /// The name in the database of ids or, for USB, in the device's own descriptor; `None` if there is none.
    pub name: Option<String>,
}

impl Identity {
    /// What the schema of libvirt 12.8.0 allows of the element: the number, and the name if it is known.
    pub const fn schema(element: &'static str) -> Pattern {
        text_with(element, const { &[required("id", HEX)] }, ANY)
    }

    /// Writes the element; `nameless` writes it if there is no name.
    pub fn write(
        &self,
        element: &str,
        w: &mut Writer,
        nameless: fn(&mut Writer, &str, &[Attribute<'_>]),
    ) {
        let id = Hex(4, self.id);
        match &self.name {
            Some(name) => w.value_with(element, &[("id", &id)], name),
            None => nameless(w, element, &[("id", &id)]),
        }
    }

    /// Reads the element. Code 1 if its number is missing or invalid; `what` names the number in the message.
    pub fn parse(input: Input<'_>, element: &str, what: &str) -> Result<Identity> {
        let child = input.element.child(element);
        let Some((child, id)) = child.and_then(|child| Some((child, child.attribute("id")?)))
        else {
            return Err(input.wrong(format!("no {what} supplied")));
        };
        Ok(Identity {
            id: text::parse_u32(id.as_bytes(), 16)
                .ok_or_else(|| input.wrong(format!("invalid {what} supplied")))?,
            name: Some(child.text.clone()).filter(|name| !name.is_empty()),
        })
    }
}
