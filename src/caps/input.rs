// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What the kinds of device share when they are read from XML: the element at hand, and the errors that libvirt 12.8.0
//! has for what is missing or wrong in it.

use crate::error::{Code, Domain, Error, Result};
use crate::text;
use crate::xml::element::Element;

/// What a document is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To make or define the device: names and numbers that the host chooses may be missing.
    Create,
    /// To change the device.
    Update,
    /// To know a device that exists: all that the library writes can be read, also kinds that cannot be made.
    Describe,
}

/// An element of a device's description.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The element.
    pub element: &'a Element,
    /// The name of the device, for messages.
    pub device: &'a str,
    /// What it is read for.
    pub purpose: Purpose,
}

/// A missing attribute that must be there (code 27).
pub fn missing_attribute(element: &Element, name: &str) -> Error {
    let text = format!(
        "Missing required attribute '{name}' in element '{}'",
        element.name
    );
    Error::new(Code::XmlError, text).in_domain(Domain::Xml)
}

/// An attribute with a value that is not one of those known (code 27).
pub fn invalid_attribute(element: &Element, name: &str) -> Error {
    let text = format!(
        "Invalid value for attribute '{name}' in element '{}': '{}'.",
        element.name,
        element.attribute(name).unwrap_or_default()
    );
    Error::new(Code::XmlError, text).in_domain(Domain::Xml)
}

/// The value of an attribute that must be there (code 27).
pub fn attribute<'a>(element: &'a Element, name: &str) -> Result<&'a str> {
    element
        .attribute(name)
        .ok_or_else(|| missing_attribute(element, name))
}

/// The number in an attribute: decimal, octal (`0…`) or hexadecimal (`0x…`). `None` if the attribute is missing,
/// code 27 if it holds no number.
pub fn number_attribute(element: &Element, name: &str) -> Result<Option<u32>> {
    let number = |text: &str| text::parse_u32(text.as_bytes(), 0);
    match element.attribute(name).map(number) {
        None => Ok(None),
        Some(Some(number)) => Ok(Some(number)),
        Some(None) => Err(invalid_attribute(element, name)),
    }
}

/// The value of an attribute; `None` if it is missing or, as in libvirt, empty.
pub fn filled_attribute(element: &Element, name: &str) -> Option<String> {
    let value = element.attribute(name)?;
    (!value.is_empty()).then(|| value.to_string())
}

impl<'a> Input<'a> {
    /// The input for another element of the same description.
    pub fn at(self, element: &'a Element) -> Input<'a> {
        Input { element, ..self }
    }

    /// The error with code 1 and the message `{text} for '{device}'`.
    pub fn wrong(self, text: impl AsRef<str>) -> Error {
        self.error(Code::InternalError, text)
    }

    /// The error with code 67 and the message `{text} for '{device}'`.
    pub fn unsupported(self, text: impl AsRef<str>) -> Error {
        self.error(Code::ConfigUnsupported, text)
    }

    fn error(self, code: Code, text: impl AsRef<str>) -> Error {
        Error::new(code, format!("{} for '{}'", text.as_ref(), self.device))
    }

    /// The text of a child, if there is one.
    pub fn text(self, child: &str) -> Option<String> {
        self.element.child_text(child).map(str::to_string)
    }

    /// The text of a child that must be there and not be empty (code 1).
    pub fn required(self, child: &str, what: &str) -> Result<String> {
        self.text(child)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| self.wrong(format!("no {what} supplied")))
    }

    /// The number in a child, if there is one; code 1 if the text is no number. `parse` is one of `text::parse_*`.
    pub fn optional_number<T>(
        self,
        child: &str,
        what: &str,
        parse: fn(&[u8], u32) -> Option<T>,
        base: u32,
    ) -> Result<Option<T>> {
        match self.element.child_text(child) {
            None => Ok(None),
            Some(text) => parse(text.as_bytes(), base)
                .map(Some)
                .ok_or_else(|| self.wrong(format!("invalid {what} supplied"))),
        }
    }

    /// The number in a child that must be there (code 1).
    pub fn number<T>(
        self,
        child: &str,
        what: &str,
        parse: fn(&[u8], u32) -> Option<T>,
        base: u32,
    ) -> Result<T> {
        self.optional_number(child, what, parse, base)?
            .ok_or_else(|| self.wrong(format!("no {what} supplied")))
    }

    /// An unsigned number up to `limit` of an s390 device, which must be there (code 67).
    pub fn s390_number(self, child: &str, base: u32, limit: u32) -> Result<u32> {
        let Some(text) = self.element.child_text(child) else {
            return Err(self.unsupported(format!("missing {child} value")));
        };
        text::parse_u32(text.as_bytes(), base)
            .filter(|number| *number <= limit)
            .ok_or_else(|| self.unsupported(format!("invalid {child} value '{text}'")))
    }

    /// The capabilities nested in the element, each with its type. Code 1 for one without a type; `what` names the
    /// kind of device in the message.
    pub fn nested(self, what: &str) -> Result<Vec<(&'a str, Input<'a>)>> {
        self.element
            .children_named("capability")
            .map(|capability| match capability.attribute("type") {
                Some(kind) => Ok((kind, self.at(capability))),
                None => Err(self.wrong(format!("missing {what} capability type"))),
            })
            .collect()
    }
}
