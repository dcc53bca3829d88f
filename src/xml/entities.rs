// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Entities: names for text. The size of their expansion is limited, and nothing outside of the document is read.

use std::collections::HashMap;
use std::rc::Rc;

use super::scanner::{Scanner, normalise_ends};

/// The limit for the text to which all references of a document expand: its bytes, and one for each reference
/// within an entity.
const EXPANSION_LIMIT: usize = 1_000_000;

/// How deeply entities may refer to each other.
pub(super) const REFERENCE_DEPTH: usize = 40;

/// The entities that a document defines itself.
#[derive(Debug, Default)]
pub(super) struct Entities {
    /// Their text; `None` if it is outside of the document.
    texts: HashMap<String, Option<Rc<str>>>,
    /// How much of the limit has been used.
    spent: usize,
}

/// The five entities that are predefined in every document.
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

/// Where a reference to an entity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// Between tags.
    Content,
    /// In the value of an attribute.
    Attribute,
}

impl Entities {
    /// Defines an entity; `text` is `None` if it is outside of the document. The first definition of a name counts.
    pub fn define(&mut self, name: &str, text: Option<String>) {
        self.texts
            .entry(name.to_string())
            .or_insert(text.map(Rc::from));
    }

    /// Counts a text to which a reference expands; an error message if the limit is exceeded.
    pub fn spend(&mut self, text: &str) -> Result<(), String> {
        // A reference to an empty text counts too.
        self.spent += text.len() + 1;
        match self.spent > EXPANSION_LIMIT {
            true => Err("Maximum entity amplification exceeded".to_string()),
            false => Ok(()),
        }
    }

    /// Appends the text of an entity to `out`; an error message if it cannot be expanded.
    pub fn expand(&mut self, name: &str, within: Within, out: &mut String) -> Result<(), String> {
        self.expand_at(name, within, 0, out)
    }

    fn expand_at(
        &mut self,
        name: &str,
        within: Within,
        depth: usize,
        out: &mut String,
    ) -> Result<(), String> {
        if let Some(text) = predefined(name) {
            out.push_str(text);
            return Ok(());
        }
        let text = match self.texts.get(name) {
            None => return Err(format!("Entity '{name}' not defined")),
            Some(None) => {
                return Err(format!(
                    "Entity '{name}' is external: nothing outside of the document is read"
                ));
            }
            Some(Some(text)) => text.clone(),
        };
        if depth == REFERENCE_DEPTH {
            return Err("Detected an entity reference loop".to_string());
        }
        if text.contains('<') {
            return Err(format!("Entity '{name}' holds markup, which is not read"));
        }
        if within == Within::Content && text.contains("]]>") {
            return Err("Sequence ']]>' not allowed in content".to_string());
        }
        let mut scanner = Scanner::new(&text, 0);
        loop {
            let rest = scanner.rest();
            let plain = &rest[..rest.find('&').unwrap_or(rest.len())];
            self.spend(plain)?;
            match within {
                // As libxml2, which reads this text as it reads a document.
                Within::Content => out.push_str(&normalise_ends(plain)),
                Within::Attribute => out.push_str(plain),
            }
            scanner.at += plain.len();
            if !scanner.take('&') {
                return Ok(());
            }
            if scanner.take('#') {
                out.push(scanner.character().map_err(|fault| fault.message)?);
                continue;
            }
            let inner = scanner.entity_name().map_err(|fault| fault.message)?;
            self.expand_at(inner, within, depth + 1, out)?;
        }
    }
}
