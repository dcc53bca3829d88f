// SPDX-License-Identifier: LGPL-2.1-or-later
//! Start tags and references: the parts of XML 1.0 that the tokenizer leaves unchecked.

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
struct Scanner<'a> {
    text: &'a str,
    base: usize,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.base + self.at, message)
    }

    /// Passes blanks; whether there were any.
    fn blanks(&mut self) -> bool {
        let rest = self.rest().trim_start_matches([' ', '\t', '\n', '\r']);
        let start = self.at;
        self.at = self.text.len() - rest.len();
        self.at > start
    }

    /// Passes a character, if it is the next one.
    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Passes a name; `None` if none stands here.
    fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        rest.chars().next().filter(|c| starts_name(*c))?;
        let end = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
        self.at += end;
        Some(&rest[..end])
    }

    /// Passes a reference after its `&`; the character that it stands for.
    fn reference(&mut self) -> Result<char, Fault> {
        if self.take('#') {
            return self.character();
        }
        let Some(name) = self.name() else {
            return Err(self.fault("xmlParseEntityRef: no name"));
        };
        if !self.take(';') {
            return Err(self.fault("EntityRef: expecting ';'"));
        }
        Ok(match name {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            _ => return Err(self.fault(format!("Entity '{name}' not defined"))),
        })
    }

    /// Passes a character reference after its `&#`.
    fn character(&mut self) -> Result<char, Fault> {
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
    fn value(&mut self) -> Result<String, Fault> {
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
                '&' => value.push(self.reference()?),
                '\t' | '\n' | '\r' => value.push(' '),
                _ => value.push(c),
            }
        }
    }

    fn attributes(&mut self) -> Result<Vec<(String, String)>, Fault> {
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
            let value = self.value()?;
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
pub(super) fn read_tag(text: &str, base: usize) -> Result<Tag, Fault> {
    let mut scanner = Scanner { text, base, at: 0 };
    let Some(name) = scanner.name() else {
        return Err(scanner.fault("StartTag: invalid element name"));
    };
    Ok(Tag {
        name: name.to_string(),
        attributes: scanner.attributes()?,
    })
}

/// The character that the reference stands for whose `&` is just before `text`, at `base` in the document.
pub(super) fn read_reference(text: &str, base: usize) -> Result<char, Fault> {
    Scanner { text, base, at: 0 }.reference()
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

    #[test]
    fn values_are_normalised() {
        let tag = read_tag("a  b = 'x&amp;\n\"&#x41;&#10;'\tc=\"'\r\n'\" ", 0).unwrap();
        assert_eq!(tag.name, "a");
        let pair = |name: &str, value: &str| (name.to_string(), value.to_string());
        assert_eq!(tag.attributes, [pair("b", "x& \"A\n"), pair("c", "' '")]);
    }

    #[test]
    fn attributes_are_limited() {
        let attributes = |n: usize| {
            let text: String = (0..n).map(|i| format!(" a{i}=''")).collect();
            read_tag(&format!("x{text}"), 0)
        };
        assert!(attributes(ATTRIBUTE_LIMIT).is_ok());
        assert!(attributes(ATTRIBUTE_LIMIT + 1).is_err());
    }
}
