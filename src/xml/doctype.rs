// SPDX-License-Identifier: LGPL-2.1-or-later
//! Document type declarations, and the entities that they define.

use super::entities::Entities;
use super::fault::Fault;
use super::scanner::Scanner;

/// Reads a declaration from `<!DOCTYPE` to its `>`, with which `text` starts; it stands at `base` in
/// the document. Its entities, and where in the document it ends.
pub(super) fn read_doctype(text: &str, base: usize) -> Result<(Entities, usize), Fault> {
    let mut scanner = Scanner::new(text, base);
    scanner.take_text("<!DOCTYPE");
    if !scanner.blanks() {
        return Err(scanner.fault("Space required after 'DOCTYPE'"));
    }
    if scanner.name().is_none() {
        return Err(scanner.fault("xmlParseDocTypeDecl : no DOCTYPE name !"));
    }
    scanner.blanks();
    external_id(&mut scanner)?;
    scanner.blanks();
    let mut entities = Entities::default();
    if scanner.take('[') {
        while !scanner.rest().is_empty() && !scanner.take(']') {
            declaration(&mut scanner, &mut entities)?;
            scanner.blanks();
        }
        scanner.blanks();
    }
    if !scanner.take('>') {
        return Err(scanner.fault("DOCTYPE improperly terminated"));
    }
    Ok((entities, base + scanner.at))
}

/// Passes the place of something outside of the document, if it stands here.
fn external_id(scanner: &mut Scanner<'_>) -> Result<bool, Fault> {
    let literals = if scanner.take_text("SYSTEM") {
        1
    } else if scanner.take_text("PUBLIC") {
        2
    } else {
        return Ok(false);
    };
    for _ in 0..literals {
        scanner.blanks();
        scanner.literal()?;
    }
    Ok(true)
}

/// Passes what stands between the brackets, one thing at a time.
fn declaration(scanner: &mut Scanner<'_>, entities: &mut Entities) -> Result<(), Fault> {
    const OTHERS: [&str; 3] = ["<!ELEMENT", "<!ATTLIST", "<!NOTATION"];
    if scanner.blanks() {
        return Ok(());
    }
    let start = scanner.at;
    if scanner.take_text("<!ENTITY") {
        return entity(scanner, entities);
    }
    let is_passed = if scanner.take_text("<!--") {
        scanner.pass_to("-->")
    } else if scanner.take_text("<?") {
        scanner.pass_to("?>")
    } else if scanner.take('%') {
        // A parameter entity: at most it defines what is then not known here.
        scanner.name().is_some() && scanner.take(';')
    } else {
        OTHERS.iter().any(|other| scanner.take_text(other)) && scanner.pass_declaration()
    };
    if !is_passed {
        scanner.at = start;
        return Err(scanner.fault("Content error in the internal subset"));
    }
    Ok(())
}

/// Reads the definition of an entity after its `<!ENTITY`. The first one of a name counts.
fn entity(scanner: &mut Scanner<'_>, entities: &mut Entities) -> Result<(), Fault> {
    scanner.blanks();
    let is_parameter = scanner.take('%');
    scanner.blanks();
    let Some(name) = scanner.name() else {
        return Err(scanner.fault("xmlParseEntityDecl: no name"));
    };
    scanner.blanks();
    let text = match external_id(scanner)? {
        true => None,
        false => Some(replacement(scanner)?),
    };
    if !is_parameter {
        entities.define(name, text);
    }
    if !scanner.pass_declaration() {
        return Err(scanner.fault(format!("xmlParseEntityDecl: entity {name} not terminated")));
    }
    Ok(())
}

/// The text of an entity: characters that are given by number are put in here, entities where it is used.
fn replacement(scanner: &mut Scanner<'_>) -> Result<String, Fault> {
    let literal = scanner.literal()?;
    let start = scanner.at - literal.len() - 1;
    let mut inner = scanner.part(literal, start);
    let mut text = String::new();
    loop {
        let rest = inner.rest();
        let plain = rest.find("&#").unwrap_or(rest.len());
        text.push_str(&rest[..plain]);
        inner.at += plain;
        if !inner.take_text("&#") {
            return Ok(text);
        }
        text.push(inner.character()?);
    }
}
