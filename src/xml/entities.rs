// SPDX-License-Identifier: LGPL-2.1-or-later
//! Entities: names for text. What they grow to is bounded, and nothing outside of the document is read.

use std::collections::HashMap;

use super::scanner::Scanner;

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
    /// Defines an entity: by its text, or by `None` where that is outside of the document. The first
    /// definition of a name counts.
    pub fn define(&mut self, name: &str, text: Option<String>) {
        self.texts.entry(name.to_string()).or_insert(text);
    }

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
