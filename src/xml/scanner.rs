// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Reads XML text from left to right in its smallest parts: blanks, names, literals, character
//! references.

use std::borrow::Cow;

use super::fault::Fault;
use crate::text::is_xml_char;

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

    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.base + self.at, message)
    }

    /// Skips blanks; returns whether there were any.
    pub fn blanks(&mut self) -> bool {
        let rest = self.rest().trim_start_matches([' ', '\t', '\n', '\r']);
        let start = self.at;
        self.at = self.text.len() - rest.len();
        self.at > start
    }

    /// Skips blanks; a fault with the message `missing` if there are none.
    pub fn expect_blanks(&mut self, missing: &str) -> Result<(), Fault> {
        match self.blanks() {
            true => Ok(()),
            false => Err(self.fault(missing)),
        }
    }

    /// Skips a character if it is the next one; returns whether it was.
    pub fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Skips a text if it comes next; returns whether it did.
    pub fn take_text(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Skips everything up to a text, and the text; returns whether it was found.
    pub fn skip_past(&mut self, end: &str) -> bool {
        let found = self.rest().find(end);
        if let Some(at) = found {
            self.at += at + end.len();
        }
        found.is_some()
    }

    /// Reads a name; `None` if there is none here.
    pub fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        rest.chars().next().filter(|c| starts_name(*c))?;
        let end = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
        self.at += end;
        Some(&rest[..end])
    }

    /// Reads a name; a fault with the message `missing` if there is none.
    pub fn expect_name(&mut self, missing: &str) -> Result<&'a str, Fault> {
        self.name().ok_or_else(|| self.fault(missing))
    }

    /// Reads one or more characters that names may hold; `None` if there is none here.
    pub fn name_token(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| &rest[..end])
    }

    /// Skips the rest of a comment, after its `<!--`.
    pub fn comment(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if !self.skip_past("--") {
            return Err(self.fault("Comment not terminated"));
        }
        if !self.take('>') {
            self.at = start;
            return Err(self.fault("Double hyphen within comment"));
        }
        Ok(())
    }

    /// Skips the rest of a processing instruction, after its `<?`.
    pub fn instruction(&mut self) -> Result<(), Fault> {
        let Some(name) = self.name() else {
            return Err(self.fault("xmlParsePI : no target name"));
        };
        if name == "xml" {
            let message = "XML declaration allowed only at the start of the document";
            return Err(self.fault(message));
        }
        if name.eq_ignore_ascii_case("xml") {
            return Err(self.fault("Invalid PI name"));
        }
        if !self.rest().starts_with("?>") && !self.blanks() {
            return Err(self.fault(format!("ParsePI: PI {name} space expected")));
        }
        match self.skip_past("?>") {
            true => Ok(()),
            false => Err(self.fault(format!("ParsePI: PI {name} never end ..."))),
        }
    }

    /// Reads a text in quotes; returns what is between them.
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

    /// Reads the name of an entity and its `;`, after the `&`.
    pub fn entity_name(&mut self) -> Result<&'a str, Fault> {
        let Some(name) = self.name() else {
            return Err(self.fault("xmlParseEntityRef: no name"));
        };
        if !self.take(';') {
            return Err(self.fault("EntityRef: expecting ';'"));
        }
        Ok(name)
    }

    /// Reads a character reference after its `&#`; returns the character.
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
}

/// The text with LF at the end of each line (section 2.11).
pub(super) fn normalise_ends(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
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
