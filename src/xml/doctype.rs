// SPDX-License-Identifier: LGPL-2.1-or-later
//! Document type declarations: the entities that they define, and what these stand for.
//!
//! Nothing outside of the document is read, and what entities grow to is bounded.

use std::collections::HashMap;

use super::fault::Fault;
use super::tag::Scanner;

/// How much text all references of a document may yield, in bytes, and how many there may be in
/// entities.
const EXPANSION_LIMIT: usize = 1_000_000;

/// How deep entities may refer to each other.
const DEPTH_LIMIT: usize = 40;

/// The entities that a document defines itself.
#[derive(Debug, Default)]
pub(super) struct Entities {
    /// Their text; `None` for those that are outside of the document.
    texts: HashMap<String, Option<String>>,
    /// How much of the limit was used up.
    spent: usize,
}

/// The five that every document knows.
fn predefined(name: &str) -> Option<&'static str> {
    Some(match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    })
}

impl Entities {
    /// Appends what an entity stands for; what is wrong with it otherwise.
    pub fn expand(&mut self, name: &str, out: &mut String) -> Result<(), String> {
        if let Some(text) = predefined(name) {
            out.push_str(text);
            return Ok(());
        }
        let Entities { texts, spent } = self;
        expand(texts, spent, name, 0, out)
    }
}

fn expand(
    texts: &HashMap<String, Option<String>>,
    spent: &mut usize,
    name: &str,
    depth: usize,
    out: &mut String,
) -> Result<(), String> {
    let text = match texts.get(name) {
        None => return Err(format!("Entity '{name}' not defined")),
        Some(None) => {
            return Err(format!(
                "Entity '{name}' is external: nothing outside of the document is read"
            ));
        }
        Some(Some(text)) => text,
    };
    if depth == DEPTH_LIMIT {
        return Err("Detected an entity reference loop".to_string());
    }
    if text.contains('<') {
        return Err(format!("Entity '{name}' holds markup, which is not read"));
    }
    let mut scanner = Scanner::new(text, 0);
    loop {
        let rest = scanner.rest();
        let plain = rest.find('&').unwrap_or(rest.len());
        *spent += plain + 1;
        if *spent > EXPANSION_LIMIT {
            return Err("Maximum entity amplification exceeded".to_string());
        }
        out.push_str(&rest[..plain]);
        scanner.at += plain;
        if !scanner.take('&') {
            return Ok(());
        }
        if scanner.take('#') {
            out.push(scanner.character().map_err(|fault| fault.message)?);
            continue;
        }
        let inner = scanner.entity_name().map_err(|fault| fault.message)?;
        match predefined(inner) {
            Some(text) => out.push_str(text),
            None => expand(texts, spent, inner, depth + 1, out)?,
        }
    }
}

/// Reads a declaration from `<!DOCTYPE` to its `>`, which stands at `base` in the document.
pub(super) fn read_doctype(text: &str, base: usize) -> Result<Entities, Fault> {
    let mut scanner = Scanner::new(text, base);
    if !scanner.take_text("<!DOCTYPE") {
        scanner.at = 1;
        return Err(scanner.fault("StartTag: invalid element name"));
    }
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
        while !scanner.take(']') {
            declaration(&mut scanner, &mut entities)?;
            scanner.blanks();
        }
        scanner.blanks();
    }
    if !scanner.take('>') {
        return Err(scanner.fault("DOCTYPE improperly terminated"));
    }
    Ok(entities)
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
        entities.texts.entry(name.to_string()).or_insert(text);
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
