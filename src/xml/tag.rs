// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Start tags and references: the parts of XML 1.0 that the tokenizer leaves unchecked.

use super::entities::{Entities, Within};
use super::fault::Fault;
use super::scanner::Scanner;

/// How many attributes an element may have. No known element has more than a handful.
const ATTRIBUTE_LIMIT: usize = 256;

/// A start tag: the element's name and its attributes, values as XML 1.0 section 3.3.3 normalises them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

/// Reads a reference after its `&`, and appends the text that it stands for to `out`.
fn read_reference_to(
    scanner: &mut Scanner<'_>,
    entities: &mut Entities,
    within: Within,
    out: &mut String,
) -> Result<(), Fault> {
    if scanner.take('#') {
        out.push(scanner.character()?);
        return Ok(());
    }
    let name = scanner.entity_name()?;
    entities
        .expand(name, within, out)
        .map_err(|message| scanner.fault(message))
}

/// Reads the value of an attribute with its quotes; returns it with a blank for each white space.
pub(super) fn read_value(
    scanner: &mut Scanner<'_>,
    entities: &mut Entities,
) -> Result<String, Fault> {
    let quote = match scanner.peek() {
        Some(quote @ ('"' | '\'')) => quote,
        _ => return Err(scanner.fault("AttValue: \" or ' expected")),
    };
    scanner.at += 1;
    let mut value = String::new();
    loop {
        let Some(c) = scanner.peek() else {
            return Err(scanner.fault(format!("AttValue: {quote} expected")));
        };
        if c == '<' {
            return Err(scanner.fault("Unescaped '<' not allowed in attributes values"));
        }
        let is_line_end = scanner.rest().starts_with("\r\n");
        scanner.at += c.len_utf8() + usize::from(is_line_end);
        match c {
            _ if c == quote => return Ok(value),
            '&' => {
                let start = value.len();
                let is_character = scanner.rest().starts_with('#');
                read_reference_to(scanner, entities, Within::Attribute, &mut value)?;
                if !is_character && value[start..].contains(['\t', '\n', '\r']) {
                    let spaced = value[start..].replace(['\t', '\n', '\r'], " ");
                    value.replace_range(start.., &spaced);
                }
            }
            '\t' | '\n' | '\r' => value.push(' '),
            _ => value.push(c),
        }
    }
}

/// Reads attributes up to the end of the text.
fn read_attributes(
    scanner: &mut Scanner<'_>,
    entities: &mut Entities,
) -> Result<Vec<(String, String)>, Fault> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        let separated = scanner.blanks();
        if scanner.rest().is_empty() {
            // A list first grows to four places, and most elements have one or two attributes.
            attributes.shrink_to_fit();
            return Ok(attributes);
        }
        if !separated && !attributes.is_empty() {
            return Err(scanner.fault("attributes construct error"));
        }
        let Some(name) = scanner.name() else {
            return Err(scanner.fault("error parsing attribute name"));
        };
        scanner.blanks();
        if !scanner.take('=') {
            let message = format!("Specification mandates value for attribute {name}");
            return Err(scanner.fault(message));
        }
        scanner.blanks();
        let value = read_value(scanner, entities)?;
        if attributes.iter().any(|(known, _)| known == name) {
            return Err(scanner.fault(format!("Attribute {name} redefined")));
        }
        if attributes.len() == ATTRIBUTE_LIMIT {
            return Err(scanner.fault(format!("more than {ATTRIBUTE_LIMIT} attributes")));
        }
        attributes.push((name.to_string(), value));
    }
}

/// Reads what stands between `<` and `>` (or `/>`), at `base` in the document.
pub(super) fn read_tag(text: &str, base: usize, entities: &mut Entities) -> Result<Tag, Fault> {
    let mut scanner = Scanner::new(text, base);
    let Some(name) = scanner.name() else {
        return Err(scanner.fault("StartTag: invalid element name"));
    };
    Ok(Tag {
        name: name.to_string(),
        attributes: read_attributes(&mut scanner, entities)?,
    })
}

/// The text that a reference in content stands for. `text` begins after its `&`, at `base` in the document.
pub(super) fn read_reference(
    text: &str,
    base: usize,
    entities: &mut Entities,
) -> Result<String, Fault> {
    let mut out = String::new();
    let mut scanner = Scanner::new(text, base);
    read_reference_to(&mut scanner, entities, Within::Content, &mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Tag {
        read_tag(text, 0, &mut Entities::default()).unwrap()
    }

    #[test]
    fn values_are_normalised() {
        let tag = tag("a  b = 'x&amp;\n\"&#x41;&#10;'\tc=\"'\r\n'\" ");
        assert_eq!(tag.name, "a");
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(tag.attributes, [pair("b", "x& \"A\n"), pair("c", "' '")]);
    }

    #[test]
    fn attributes_are_limited() {
        let attributes = |n: usize| {
            let text: String = (0..n).map(|i| format!(" a{i}=''")).collect();
            read_tag(&format!("x{text}"), 0, &mut Entities::default())
        };
        assert!(attributes(ATTRIBUTE_LIMIT).is_ok());
        assert!(attributes(ATTRIBUTE_LIMIT + 1).is_err());
    }
}
