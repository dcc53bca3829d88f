// SPDX-License-Identifier: LGPL-2.1-or-later
//! Start tags and references: the parts of XML 1.0 that the tokenizer leaves unchecked.

use super::doctype::Entities;
use super::fault::Fault;
use crate::text::is_xml_char;

/// No element that is known has more than a handful.
const ATTRIBUTE_LIMIT: usize = 256;

/// A start tag: the element's name and its attributes, values as XML 1.0 section 3.3.3 normalises them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

/// A position in a text that stands at `base` in the document.
pub(super) struct Scanner<'a> {
    text: &'a str,
    base: usize,
    pub at: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(text: &'a str, base: usize) -> Self {
        Scanner { text, base, at: 0 }
    }

    /// A scanner of a part of the text, which stands `at` there.
    pub fn part(&self, text: &'a str, at: usize) -> Self {
        Scanner::new(text, self.base + at)
    }

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.base + self.at, message)
    }

    /// Passes blanks; whether there were any.
    pub fn blanks(&mut self) -> bool {
        let rest = self.rest().trim_start_matches([' ', '\t', '\n', '\r']);
        let start = self.at;
        self.at = self.text.len() - rest.len();
        self.at > start
    }

    /// Passes a character, if it is the next one.
    pub fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Passes a text, if it is what comes next.
    pub fn take_text(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Passes everything up to and with a text; whether it is there.
    pub fn pass_to(&mut self, end: &str) -> bool {
        let found = self.rest().find(end);
        if let Some(at) = found {
            self.at += at + end.len();
        }
        found.is_some()
    }

    /// Passes the rest of a declaration and its `>`, which may also stand in quotes before.
    pub fn pass_declaration(&mut self) -> bool {
        while let Some(at) = self.rest().find(['>', '"', '\'']) {
            self.at += at;
            if self.take('>') {
                return true;
            }
            if self.literal().is_err() {
                return false;
            }
        }
        false
    }

    /// Passes a name; `None` if none stands here.
    pub fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        rest.chars().next().filter(|c| starts_name(*c))?;
        let end = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
        self.at += end;
        Some(&rest[..end])
    }

    /// Passes a text in quotes; what is between them.
    pub fn literal(&mut self) -> Result<&'a str, Fault> {
        let rest = self.rest();
        let quote = match self.peek() {
            Some(quote @ ('"' | '\'')) => quote,
            _ => return Err(self.fault("String not started expecting ' or \"")),
        };
        let Some(end) = rest[1..].find(quote) else {
            return Err(self.fault("String not closed expecting \" or '"));
        };
        self.at += end + 2;
        Ok(&rest[1..=end])
    }

    /// Passes the name of an entity and its `;`, after the `&`.
    pub fn entity_name(&mut self) -> Result<&'a str, Fault> {
        let Some(name) = self.name() else {
            return Err(self.fault("xmlParseEntityRef: no name"));
        };
        if !self.take(';') {
            return Err(self.fault("EntityRef: expecting ';'"));
        }
        Ok(name)
    }

    /// Passes a reference after its `&`; appends what it stands for.
    fn reference(&mut self, entities: &mut Entities, out: &mut String) -> Result<(), Fault> {
        if self.take('#') {
            out.push(self.character()?);
            return Ok(());
        }
        let name = self.entity_name()?;
        entities
            .expand(name, out)
            .map_err(|message| self.fault(message))
    }

    /// Passes a character reference after its `&#`.
    pub fn character(&mut self) -> Result<char, Fault> {
        let (radix, kind) = if self.take('x') {
            (16, "hexadecimal")
        } else {
            (10, "decimal")
        };
        let mut number = 0u32;
        let mut is_empty = true;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(radix)) {
            number = number.saturating_mul(radix).saturating_add(digit);
            self.at += 1;
            is_empty = false;
        }
        if is_empty || !self.take(';') {
            return Err(self.fault(format!("CharRef: invalid {kind} value")));
        }
        char::from_u32(number)
            .filter(|c| is_xml_char(*c))
            .ok_or_else(|| self.fault(format!("xmlParseCharRef: invalid xmlChar value {number}")))
    }

    /// Passes an attribute's value with its quotes.
    fn value(&mut self, entities: &mut Entities) -> Result<String, Fault> {
        let quote = match self.peek() {
            Some(quote @ ('"' | '\'')) => quote,
            _ => return Err(self.fault("AttValue: \" or ' expected")),
        };
        self.at += 1;
        let mut value = String::new();
        loop {
            let Some(c) = self.peek() else {
                return Err(self.fault(format!("AttValue: {quote} expected")));
            };
            if c == '<' {
                return Err(self.fault("Unescaped '<' not allowed in attributes values"));
            }
            let is_line_end = self.rest().starts_with("\r\n");
            self.at += c.len_utf8() + usize::from(is_line_end);
            match c {
                _ if c == quote => return Ok(value),
                '&' => {
                    let start = value.len();
                    let is_character = self.rest().starts_with('#');
                    self.reference(entities, &mut value)?;
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

    fn attributes(&mut self, entities: &mut Entities) -> Result<Vec<(String, String)>, Fault> {
        let mut attributes: Vec<(String, String)> = Vec::new();
        loop {
            let separated = self.blanks();
            if self.at == self.text.len() {
                return Ok(attributes);
            }
            if !separated && !attributes.is_empty() {
                return Err(self.fault("attributes construct error"));
            }
            let Some(name) = self.name() else {
                return Err(self.fault("error parsing attribute name"));
            };
            self.blanks();
            if !self.take('=') {
                return Err(
                    self.fault(format!("Specification mandates value for attribute {name}"))
                );
            }
            self.blanks();
            let value = self.value(entities)?;
            if attributes.iter().any(|(known, _)| known == name) {
                return Err(self.fault(format!("Attribute {name} redefined")));
            }
            if attributes.len() == ATTRIBUTE_LIMIT {
                return Err(self.fault(format!("more than {ATTRIBUTE_LIMIT} attributes")));
            }
            attributes.push((name.to_string(), value));
        }
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
        attributes: scanner.attributes(entities)?,
    })
}

/// What the reference stands for whose `&` is just before `text`, at `base` in the document.
pub(super) fn read_reference(
    text: &str,
    base: usize,
    entities: &mut Entities,
) -> Result<String, Fault> {
    let mut out = String::new();
    Scanner::new(text, base).reference(entities, &mut out)?;
    Ok(out)
}

/// The `NameStartChar` production of XML 1.0 (fifth edition), section 2.3.
fn starts_name(c: char) -> bool {
    matches!(c, ':' | '_' | 'A'..='Z' | 'a'..='z'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}'
        | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// The `NameChar` production.
fn is_in_name(c: char) -> bool {
    starts_name(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}'
            | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
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
