// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Declarations of elements (XML 1.0, section 3.2): checked, and skipped.

use crate::xml::fault::Fault;
use crate::xml::scanner::Scanner;

/// How deep the content model of an element may be nested.
const MODEL_DEPTH: usize = 128;

/// Skips the declaration of an element after its `<!ELEMENT`.
pub fn declaration(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    scanner.expect_blanks("Space required after 'ELEMENT'")?;
    scanner.expect_name("xmlParseElementDecl: no name for Element")?;
    scanner.expect_blanks("Space required after the element name")?;
    if scanner.take('(') {
        scanner.blanks();
        match scanner.take_text("#PCDATA") {
            true => mixed_content(scanner)?,
            false => content_model(scanner)?,
        }
    } else if !scanner.take_text("EMPTY") && !scanner.take_text("ANY") {
        let message = "xmlParseElementDecl: 'EMPTY', 'ANY' or '(' expected";
        return Err(scanner.fault(message));
    }
    scanner.blanks();
    match scanner.take('>') {
        true => Ok(()),
        false => Err(scanner.fault("expected '>'")),
    }
}

/// Skips the rest of `(#PCDATA|a|b)*`, or of `(#PCDATA)`.
fn mixed_content(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    scanner.blanks();
    if scanner.take(')') {
        scanner.take('*');
        return Ok(());
    }
    while scanner.take('|') {
        scanner.blanks();
        scanner.expect_name("xmlParseElementMixedContentDecl : Name expected")?;
        scanner.blanks();
    }
    match scanner.take_text(")*") {
        true => Ok(()),
        false => Err(scanner.fault("MixedContentDecl : '|' or ')*' expected")),
    }
}

/// Skips the rest of a model such as `(a,(b|c)*,d?)`.
fn content_model(scanner: &mut Scanner<'_>) -> Result<(), Fault> {
    // The separator within each open parenthesis; `None` before the first one there.
    let mut separators: Vec<Option<char>> = vec![None];
    while !separators.is_empty() {
        scanner.blanks();
        if scanner.take('(') {
            if separators.len() == MODEL_DEPTH {
                return Err(scanner.fault("xmlParseElementChildrenContentDecl : too deep"));
            }
            separators.push(None);
            continue;
        }
        scanner.expect_name("ContentDecl : Name or '(' expected")?;
        occurrence(scanner);
        scanner.blanks();
        while !separators.is_empty() && scanner.take(')') {
            separators.pop();
            occurrence(scanner);
            if !separators.is_empty() {
                scanner.blanks();
            }
        }
        let Some(known) = separators.last_mut() else {
            continue;
        };
        let Some(separator) = [',', '|'].into_iter().find(|c| scanner.take(*c)) else {
            return Err(scanner.fault("ContentDecl : ',' '|' or ')' expected"));
        };
        let expected = *known.get_or_insert(separator);
        if separator != expected {
            let message = format!("xmlParseElementChildrenContentDecl : '{expected}' expected");
            return Err(scanner.fault(message));
        }
    }
    Ok(())
}

/// Skips the sign for how often a part of a content model may stand.
fn occurrence(scanner: &mut Scanner<'_>) {
    let _ = scanner.take('?') || scanner.take('*') || scanner.take('+');
}
