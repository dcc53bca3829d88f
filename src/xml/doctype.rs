// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Document type declarations (XML 1.0, section 2.8): the entities that they define, and the types of attributes.
//!
//! Declarations of elements and notations are checked and skipped. Nothing outside of the document is read.

mod element;

use std::collections::HashMap;
use std::rc::Rc;

use super::entities::{Entities, REFERENCE_DEPTH};
use super::fault::Fault;
use super::scanner::{Scanner, normalise_ends};
use super::tag::read_value;

/// Types of attributes, except enumerations. If a longer word begins with one, the rest of it is an error.
const ATTRIBUTE_TYPES: [&str; 8] = [
    "CDATA", "IDREFS", "IDREF", "ID", "ENTITY", "ENTITIES", "NMTOKENS", "NMTOKEN",
];

/// What a document type declaration defines for the document after it.
#[derive(Debug, Default)]
pub(super) struct Doctype {
    /// The entities that it defines.
    pub entities: Entities,
    /// For each element, whether its attributes have a tokenized type or are character data (section 3.3.1). The
    /// first declaration of an attribute counts.
    tokenized: HashMap<String, HashMap<String, bool>>,
}

impl Doctype {
    /// Removes extra blanks from those attributes of an element that have a tokenized type (section 3.3.3).
    pub fn normalise(&self, element: &str, attributes: &mut [(String, String)]) {
        let Some(tokenized) = self.tokenized.get(element) else {
            return;
        };
        for (name, value) in attributes {
            if tokenized.get(name) == Some(&true) {
                let words: Vec<_> = value.split(' ').filter(|word| !word.is_empty()).collect();
                *value = words.join(" ");
            }
        }
    }
}

/// Reads the declaration with which `text` starts, from `<!DOCTYPE` to its `>`; `base` is its offset in the
/// document. Returns what it defines, and the offset of its end in the document.
pub(super) fn read_doctype(
    text: &str,
    base: usize,
    is_standalone: bool,
) -> Result<(Doctype, usize), Fault> {
    let mut scanner = Scanner::new(text, base);
    let mut reader = DoctypeReader::default();
    scanner.take_text("<!DOCTYPE");
    scanner.expect_blanks("Space required after 'DOCTYPE'")?;
    scanner.expect_name("xmlParseDocTypeDecl : no DOCTYPE name !")?;
    scanner.blanks();
    let external = external_id(&mut scanner)?;
    reader.may_be_defined_outside = external.is_some() && !is_standalone;
    reader.is_standalone = is_standalone;
    scanner.blanks();
    if scanner.take('[') {
        while !scanner.rest().is_empty() && !scanner.take(']') {
            reader.declaration(&mut scanner)?;
        }
        scanner.blanks();
    }
    if !scanner.take('>') {
        return Err(scanner.fault("DOCTYPE improperly terminated"));
    }
    Ok((reader.doctype, base + scanner.at))
}

/// Reads the declarations between the brackets.
#[derive(Default)]
struct DoctypeReader {
    doctype: Doctype,
    /// Parameter entities, which stand for declarations: their text, or `None` if it is outside of the document.
    parameters: HashMap<String, Option<Rc<str>>>,
    is_standalone: bool,
    /// Whether a parameter entity that is not defined here may be defined outside of the document.
    may_be_defined_outside: bool,
}

impl DoctypeReader {
    /// Reads blanks, a declaration, or the declarations that a parameter entity stands for.
    fn declaration(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        match self.own_declaration(scanner)? {
            None => Ok(()),
            // The fault is placed at the reference: the entity's text has no offset in the document.
            Some(text) => self
                .declarations(text)
                .map_err(|message| scanner.fault(message)),
        }
    }

    /// Reads blanks, a declaration, or a reference to a parameter entity, whose text it returns.
    fn own_declaration(&mut self, scanner: &mut Scanner<'_>) -> Result<Option<Rc<str>>, Fault> {
        if scanner.blanks() {
            return Ok(None);
        }
        if scanner.take_text("<!ENTITY") {
            self.entity(scanner)?;
        } else if scanner.take_text("<!ATTLIST") {
            self.attributes(scanner)?;
        } else if scanner.take_text("<!ELEMENT") {
            element::declaration(scanner)?;
        } else if scanner.take_text("<!NOTATION") {
            notation(scanner)?;
        } else if scanner.take_text("<!--") {
            scanner.comment()?;
        } else if scanner.take_text("<?") {
            scanner.instruction()?;
        } else if scanner.take('%') {
            return self.parameter(scanner);
        } else {
            return Err(scanner.fault("Content error in the internal subset"));
        }
        Ok(None)
    }

    /// Reads a reference to a parameter entity after its `%`, and returns its text; `None` if that is not known.
    fn parameter(&mut self, scanner: &mut Scanner<'_>) -> Result<Option<Rc<str>>, Fault> {
        let name = scanner.expect_name("PEReference: no name")?;
        if !scanner.take(';') {
            return Err(scanner.fault("PEReference: expecting ';'"));
        }
        let text = self.parameters.get(name).cloned();
        if text.is_none() && !self.may_be_defined_outside {
            return Err(scanner.fault(format!("PEReference: %{name}; not found")));
        }
        // Section 4.1, "Entity Declared": after such a reference, an entity that is not defined is no error.
        self.may_be_defined_outside = !self.is_standalone;
        Ok(text.flatten())
    }

    /// Reads the declarations in the text of a parameter entity, and in those that it refers to.
    fn declarations(&mut self, text: Rc<str>) -> Result<(), String> {
        self.doctype.entities.spend(&text)?;
        let mut open = vec![(text, 0)];
        while let Some((text, at)) = open.last_mut() {
            let mut scanner = Scanner::new(text, 0);
            scanner.at = *at;
            if scanner.rest().is_empty() {
                open.pop();
                continue;
            }
            let inner = self
                .own_declaration(&mut scanner)
                .map_err(|fault| fault.message)?;
            *at = scanner.at;
            if let Some(inner) = inner {
                if open.len() == REFERENCE_DEPTH {
                    return Err("Detected an entity reference loop".to_string());
                }
                self.doctype.entities.spend(&inner)?;
                open.push((inner, 0));
            }
        }
        Ok(())
    }

    /// Reads the definition of an entity after its `<!ENTITY`.
    fn entity(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        scanner.expect_blanks("Space required after '<!ENTITY'")?;
        let is_parameter = scanner.take('%');
        if is_parameter {
            scanner.expect_blanks("Space required after '%'")?;
        }
        let name = scanner.expect_name("xmlParseEntityDecl: no name")?;
        scanner.expect_blanks("Space required after the entity name")?;
        let text = match external_id(scanner)? {
            None => Some(replacement(scanner)?),
            Some(place) if place.contains('#') => {
                return Err(scanner.fault("Fragment not allowed"));
            }
            Some(_) => {
                let is_separated = scanner.blanks();
                if !is_parameter && scanner.take_text("NDATA") {
                    if !is_separated {
                        return Err(scanner.fault("Space required before 'NDATA'"));
                    }
                    scanner.expect_blanks("Space required after 'NDATA'")?;
                    scanner.expect_name("xmlParseEntityDecl: no name")?;
                }
                None
            }
        };
        scanner.blanks();
        if !scanner.take('>') {
            let message = format!("xmlParseEntityDecl: entity {name} not terminated");
            return Err(scanner.fault(message));
        }
        match is_parameter {
            false => self.doctype.entities.define(name, text),
            true => {
                let known = self.parameters.entry(name.to_string());
                known.or_insert(text.map(Rc::from));
            }
        }
        Ok(())
    }

    /// Reads the attributes of an element after their `<!ATTLIST`. Default values are checked, and not applied.
    fn attributes(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        scanner.expect_blanks("Space required after '<!ATTLIST'")?;
        let element = scanner.expect_name("ATTLIST: no name for Element")?;
        let Doctype {
            entities,
            tokenized,
        } = &mut self.doctype;
        let known = tokenized.entry(element.to_string()).or_default();
        scanner.blanks();
        while !scanner.take('>') {
            let attribute = scanner.expect_name("ATTLIST: no name for Attribute")?;
            scanner.expect_blanks("Space required after the attribute name")?;
            let is_tokenized = attribute_type(scanner)?;
            scanner.expect_blanks("Space required after the attribute type")?;
            if !scanner.take_text("#REQUIRED") && !scanner.take_text("#IMPLIED") {
                if scanner.take_text("#FIXED") {
                    scanner.expect_blanks("Space required after '#FIXED'")?;
                }
                read_value(scanner, entities)?;
            }
            if !scanner.blanks() && !scanner.rest().starts_with('>') {
                return Err(scanner.fault("Space required after the attribute default value"));
            }
            known.entry(attribute.to_string()).or_insert(is_tokenized);
        }
        Ok(())
    }
}

/// Reads the type of an attribute; returns whether it is a tokenized type or an enumeration, not character data.
fn attribute_type(scanner: &mut Scanner<'_>) -> Result<bool, Fault> {
    if let Some(known) = ATTRIBUTE_TYPES.iter().find(|name| scanner.take_text(name)) {
        return Ok(*known != "CDATA");
    }
    let is_notation = scanner.take_text("NOTATION");
    if is_notation {
        scanner.expect_blanks("Space required after 'NOTATION'")?;
    }
    if !scanner.take('(') {
        return Err(scanner.fault("'(' required to start ATTLIST enumeration"));
    }
    loop {
        scanner.blanks();
        let word = match is_notation {
            true => scanner.name(),
            false => scanner.name_token(),
        };
        if word.is_none() {
            return Err(scanner.fault("NmToken expected in ATTLIST enumeration"));
        }
        scanner.blanks();
        if scanner.take(')') {
            return Ok(true);
        }
        if !scanner.take('|') {
            return Err(scanner.fault("')' required to finish ATTLIST enumeration"));
        }
    }
}

/// Skips the declaration of a notation after its `<!NOTATION`.
fn notation(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    scanner.expect_blanks("Space required after '<!NOTATION'")?;
    scanner.expect_name("NOTATION: Name expected here")?;
    scanner.expect_blanks("Space required after the NOTATION name'")?;
    if scanner.take_text("PUBLIC") {
        scanner.expect_blanks("Space required after 'PUBLIC'")?;
        public_literal(scanner)?;
        if scanner.blanks() && scanner.rest().starts_with(['"', '\'']) {
            scanner.literal()?;
        }
    } else if external_id(scanner)?.is_none() {
        return Err(scanner.fault("NOTATION: SYSTEM or PUBLIC expected"));
    }
    scanner.blanks();
    match scanner.take('>') {
        true => Ok(()),
        false => Err(scanner.fault("'>' required to close NOTATION declaration")),
    }
}

/// Reads the identifier of something outside of the document, and returns its location; `None` if there is none
/// here.
fn external_id<'a>(scanner: &mut Scanner<'a>) -> Result<Option<&'a str>, Fault> {
    if scanner.take_text("SYSTEM") {
        scanner.expect_blanks("Space required after 'SYSTEM'")?;
    } else if scanner.take_text("PUBLIC") {
        scanner.expect_blanks("Space required after 'PUBLIC'")?;
        public_literal(scanner)?;
        scanner.expect_blanks("Space required after the Public Identifier")?;
    } else {
        return Ok(None);
    }
    scanner.literal().map(Some)
}

/// Skips a public identifier and checks its characters (`PubidChar`).
fn public_literal(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    let start = scanner.at;
    let literal = scanner.literal()?;
    let is_known = |c: char| c.is_ascii_alphanumeric() || " \r\n-'()+,./:=?;!*#@$_%".contains(c);
    match literal.chars().all(is_known) {
        true => Ok(()),
        false => {
            scanner.at = start;
            Err(scanner.fault("Unfinished System or Public ID \" or ' expected"))
        }
    }
}

/// Reads the text of an entity. References to characters are replaced here, those to entities where it is used.
fn replacement(scanner: &mut Scanner<'_>) -> Result<String, Fault> {
    let mut inner = Scanner::new(scanner.literal()?, 0);
    let mut text = String::new();
    loop {
        let rest = inner.rest();
        let plain = &rest[..rest.find(['&', '%']).unwrap_or(rest.len())];
        text.push_str(&normalise_ends(plain));
        inner.at += plain.len();
        if inner.take_text("&#") {
            // As in libxml2, the fault is behind the text.
            let character = inner.character();
            text.push(character.map_err(|fault| scanner.fault(fault.message))?);
        } else if inner.take('&') {
            let reference = inner.name().filter(|_| inner.take(';')).ok_or_else(|| {
                scanner.fault("EntityValue: '&' forbidden except for entities references")
            })?;
            text.extend(["&", reference, ";"]);
        } else if inner.take('%') {
            return Err(scanner.fault("PEReferences forbidden in internal subset"));
        } else {
            return Ok(text);
        }
    }
}
