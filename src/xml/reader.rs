// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Reads XML text into a tree of elements (XML 1.0, fifth edition).
//!
//! The text may come from anyone. Nothing outside of it is read, and its size, its depth and the expansion of its
//! entities are limited. Entities can only stand for text, and default values of attributes are not applied.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::encoding::EncodingError;
use quick_xml::errors::{Error as TokenError, IllFormedError, SyntaxError};
use quick_xml::events::Event;

use super::declaration::{self, decode};
use super::doctype::{Doctype, read_doctype};
use super::element::Element;
use super::fault::Fault;
use super::scanner::Scanner;
use super::tag::{Tag, read_reference, read_tag};
use crate::error;
use crate::text::is_xml_char;

/// How large a document may be, in bytes.
const SIZE_LIMIT: usize = 10 * 1024 * 1024;

/// How much memory the tree of elements may take: this many times the size of the document, or `MEMORY_FLOOR` bytes if
/// that is more. Documents of devices take 7 times their size, since they have 30 bytes and more for each element.
const MEMORY_FACTOR: usize = 16;
const MEMORY_FLOOR: usize = 1024 * 1024;

/// The most that the allocator adds to a string that is not empty, in bytes.
const STRING: usize = 32;

/// How deeply elements may be nested.
const DEPTH_LIMIT: usize = 256;

/// Reads a document and returns its root element. Code 35 if it is malformed or exceeds a limit; the message has the
/// line and a pointer into it, and names `source` as the file if that is given.
pub fn parse(document: &[u8], source: Option<&str>) -> error::Result<Element> {
    if document.len() > SIZE_LIMIT {
        let text = format!("Document is larger than {SIZE_LIMIT} bytes");
        return Err(Fault::new(0, text).into_error("", source));
    }
    match decode(document) {
        Ok(text) => Parser::new(&text)
            .run()
            .map_err(|fault| fault.into_error(&text, source)),
        Err(fault) => Err(fault.into_error(&String::from_utf8_lossy(document), source)),
    }
}

/// A line, and a character in it, both counted from 1.
#[derive(Debug, Clone, Copy)]
struct Place {
    line: usize,
    column: usize,
}

fn attribute_memory((name, value): &(String, String)) -> usize {
    size_of::<(String, String)>() + 2 * STRING + name.len() + value.len()
}

fn tokenizer(text: &str) -> Reader<&[u8]> {
    let mut tokens = Reader::from_str(text);
    tokens.config_mut().check_comments = true;
    tokens
}

struct Parser<'a> {
    text: &'a str,
    /// The tokenizer, which reads the text from `tokens_start` on.
    tokens: Reader<&'a [u8]>,
    tokens_start: usize,
    /// The elements whose end tag has not been read yet.
    open: Vec<Element>,
    root: Option<Element>,
    has_doctype: bool,
    doctype: Doctype,
    /// Whether the XML declaration says that nothing outside of the document defines anything.
    is_standalone: bool,
    /// An offset and its place. Counting goes on from there, so that the text is counted once.
    counted: (usize, Place),
    /// The memory that elements may still take, in bytes.
    memory_left: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Parser {
            text,
            tokens: tokenizer(text),
            tokens_start: 0,
            open: Vec::new(),
            root: None,
            has_doctype: false,
            doctype: Doctype::default(),
            is_standalone: false,
            counted: (0, Place { line: 1, column: 1 }),
            memory_left: MEMORY_FLOOR.max(MEMORY_FACTOR * text.len()),
        }
    }

    fn position(&self) -> usize {
        let read = usize::try_from(self.tokens.buffer_position()).unwrap_or(usize::MAX);
        self.tokens_start.saturating_add(read).min(self.text.len())
    }

    fn run(mut self) -> Result<Element, Fault> {
        if self.text.is_empty() {
            return Err(Fault::new(0, "Document is empty"));
        }
        self.no_byte_order_mark(0)?;
        if let Some((at, c)) = self.text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
            let message = format!("PCDATA invalid Char value {}", u32::from(c));
            return Err(Fault::new(at, message));
        }
        loop {
            let start = self.position();
            if self.text[start..].starts_with("<!DOCTYPE") {
                self.doctype(start)?;
                continue;
            }
            match self.tokens.read_event() {
                Ok(Event::Start(_)) => self.start(start, 1)?,
                Ok(Event::Empty(_)) => {
                    self.start(start, 2)?;
                    self.end();
                }
                Ok(Event::End(_)) => self.end(),
                Ok(Event::Text(text)) => {
                    if let Some(at) = self.text[start..self.position()].find("]]>") {
                        let message = "Sequence ']]>' not allowed in content";
                        return Err(Fault::new(start + at, message));
                    }
                    self.characters(start, text.xml10_content())?;
                }
                Ok(Event::CData(text)) => self.characters(start, text.xml10_content())?,
                Ok(Event::GeneralRef(_)) => self.reference(start)?,
                Ok(Event::Decl(_)) => {
                    let inner = &self.text[start + 2..self.position() - 2];
                    self.is_standalone = declaration::check(inner, start)?;
                }
                Ok(Event::DocType(_)) => return Err(self.bad_markup(start)),
                Ok(Event::PI(_)) => {
                    let inner = &self.text[start + 2..self.position()];
                    Scanner::new(inner, start + 2).instruction()?;
                }
                Ok(Event::Comment(_)) => {}
                Ok(Event::Eof) => return self.finish(),
                Err(error) => return Err(self.explain(start, &error)),
            }
        }
    }

    fn place_of(&mut self, at: usize) -> Place {
        let (from, mut place) = self.counted;
        for c in self.text.get(from..at).unwrap_or_default().chars() {
            if c == '\n' {
                place.line += 1;
                place.column = 1;
            } else {
                place.column += 1;
            }
        }
        self.counted = (at, place);
        place
    }

    /// Counts the memory that the part of the document at `start` takes.
    fn spend(&mut self, start: usize, bytes: usize) -> Result<(), Fault> {
        self.memory_left = self.memory_left.checked_sub(bytes).ok_or_else(|| {
            let text =
                format!("Document would take more than {MEMORY_FACTOR} times its size of memory");
            Fault::new(start, text)
        })?;
        Ok(())
    }

    /// Reads a start tag, which ends with `closing` characters of markup: `>` or `/>`.
    fn start(&mut self, start: usize, closing: usize) -> Result<(), Fault> {
        if self.root.is_some() {
            return Err(self.outside(start));
        }
        let inner = &self.text[start + 1..self.position() - closing];
        let Tag {
            name,
            mut attributes,
        } = read_tag(inner, start + 1, &mut self.doctype.entities)?;
        self.doctype.normalise(&name, &mut attributes);
        if self.open.len() == DEPTH_LIMIT {
            let message =
                format!("Excessive depth in document: {DEPTH_LIMIT}, use XML_PARSE_HUGE option");
            return Err(Fault::new(start, message));
        }
        let values: usize = attributes.iter().map(attribute_memory).sum();
        self.spend(start, size_of::<Element>() + STRING + name.len() + values)?;
        let Place { line, column } = self.place_of(start);
        self.open.push(Element {
            name,
            attributes,
            line,
            column,
            ..Element::default()
        });
        Ok(())
    }

    /// Closes the element that was opened last.
    fn end(&mut self) {
        if let Some(mut element) = self.open.pop() {
            // A list first grows to four places, and most elements have fewer children.
            element.children.shrink_to_fit();
            element.text.shrink_to_fit();
            match self.open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => self.root = Some(element),
            }
        }
    }

    /// Takes text without markup, which stands at `start`, as the tokenizer decoded it.
    fn characters(
        &mut self,
        start: usize,
        text: Result<Cow<str>, EncodingError>,
    ) -> Result<(), Fault> {
        if !self.open.is_empty() {
            let text = text.map_err(|error| Fault::new(start, error.to_string()))?;
            return self.add_text(start, &text);
        }
        let raw = &self.text[start..];
        let blank = raw.len() - raw.trim_start_matches([' ', '\t', '\n', '\r']).len();
        if start + blank < self.position() {
            return Err(self.outside(start + blank));
        }
        Ok(())
    }

    /// The fault for anything but blanks and comments outside of the root element.
    fn outside(&self, at: usize) -> Fault {
        if self.root.is_some() {
            return Fault::new(at, "Extra content at the end of the document");
        }
        match self.text[at..].strip_prefix('<') {
            Some(_) => Fault::new(at + 1, "StartTag: invalid element name"),
            None => Fault::new(at, "Start tag expected, '<' not found"),
        }
    }

    fn reference(&mut self, start: usize) -> Result<(), Fault> {
        if self.open.is_empty() {
            return Err(self.outside(start));
        }
        let text = read_reference(
            &self.text[start + 1..],
            start + 1,
            &mut self.doctype.entities,
        )?;
        self.add_text(start, &text)
    }

    /// Adds text, which stands at `start`, to the element that was opened last.
    fn add_text(&mut self, start: usize, text: &str) -> Result<(), Fault> {
        self.spend(start, STRING + text.len())?;
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
        Ok(())
    }

    /// Reads a document type declaration. The tokenizer starts again behind it, because older versions of quick-xml
    /// count brackets in it without regard to quotes and comments.
    fn doctype(&mut self, start: usize) -> Result<(), Fault> {
        if self.has_doctype || !self.open.is_empty() || self.root.is_some() {
            return Err(self.bad_markup(start));
        }
        self.has_doctype = true;
        let (doctype, end) = read_doctype(&self.text[start..], start, self.is_standalone)?;
        self.doctype = doctype;
        self.tokens_start = end;
        self.tokens = tokenizer(&self.text[end..]);
        self.no_byte_order_mark(end)
    }

    /// Refuses a byte order mark: the tokenizer would skip it without counting it.
    fn no_byte_order_mark(&self, at: usize) -> Result<(), Fault> {
        match self.text[at..].starts_with('\u{feff}') {
            true => Err(self.outside(at)),
            false => Ok(()),
        }
    }

    /// The fault for a `<!` that begins nothing known, or nothing that may stand here.
    fn bad_markup(&self, start: usize) -> Fault {
        match self.root {
            Some(_) => self.outside(start),
            None => Fault::new(start + 1, "StartTag: invalid element name"),
        }
    }

    fn finish(self) -> Result<Element, Fault> {
        let end = self.text.len();
        if let Some(element) = self.open.last() {
            let message = format!(
                "Premature end of data in tag {} line {}",
                element.name, element.line
            );
            return Err(Fault::new(end, message));
        }
        self.root
            .ok_or_else(|| Fault::new(end, "Start tag expected, '<' not found"))
    }

    /// The fault for an error of the tokenizer at `start`, in libxml2's words.
    fn explain(&mut self, start: usize, error: &TokenError) -> Fault {
        let end = self.text.len();
        match error {
            TokenError::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                let after = found.strip_prefix(expected.as_str()).unwrap_or_default();
                let blanks = after.len() - after.trim_start().len();
                if blanks > 0 {
                    let at = start + "</".len() + expected.len() + blanks;
                    return Fault::new(at, "expected '>'");
                }
                let line = self.open.last().map_or(1, |element| element.line);
                let message =
                    format!("Opening and ending tag mismatch: {expected} line {line} and {found}");
                Fault::new(self.position(), message)
            }
            TokenError::IllFormed(IllFormedError::UnmatchedEndTag(_)) => self.outside(start),
            TokenError::IllFormed(IllFormedError::DoubleHyphenInComment) => {
                Fault::new(start, "Double hyphen within comment")
            }
            TokenError::IllFormed(IllFormedError::UnclosedReference) => self
                .reference(start)
                .err()
                .unwrap_or_else(|| Fault::new(start, "EntityRef: expecting ';'")),
            TokenError::Syntax(SyntaxError::UnclosedComment) => {
                Fault::new(end, "Comment not terminated")
            }
            TokenError::Syntax(SyntaxError::UnclosedCData) => {
                Fault::new(end, "CData section not finished")
            }
            TokenError::IllFormed(IllFormedError::MissingDoctypeName)
            | TokenError::Syntax(SyntaxError::UnclosedDoctype | SyntaxError::InvalidBangMarkup) => {
                self.bad_markup(start)
            }
            // The rest are a `<?` or a tag without its end; versions of quick-xml name the errors differently.
            TokenError::Syntax(_) if self.text[start..].starts_with("<?") => {
                Fault::new(end, "processing instruction not finished")
            }
            TokenError::Syntax(_) => self.unclosed_tag(start),
            other => Fault::new(start, other.to_string()),
        }
    }

    fn unclosed_tag(&mut self, start: usize) -> Fault {
        if self.root.is_some() {
            return self.outside(start);
        }
        let rest = &self.text[start + 1..];
        if rest.starts_with('/') && !self.open.is_empty() {
            return Fault::new(self.text.len(), "expected '>'");
        }
        match read_tag(rest, start + 1, &mut self.doctype.entities) {
            Err(fault) => fault,
            Ok(tag) => {
                let line = self.place_of(start).line;
                let message = format!("Couldn't find end of Start Tag {} line {line}", tag.name);
                Fault::new(self.text.len(), message)
            }
        }
    }
}

#[cfg(test)]
mod tests;
