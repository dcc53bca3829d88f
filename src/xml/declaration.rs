// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The encoding of a document, and its XML declaration.

use std::borrow::Cow;

use super::entities::Entities;
use super::fault::Fault;
use super::tag::{Tag, read_tag};

/// What names of encodings begin with in which ASCII characters are ASCII bytes. A document in one of them is read
/// if it has no other characters.
const LIKE_ASCII: [&str; 3] = ["ISO-8859-", "windows-125", "KOI8-"];

/// Decodes a document from UTF-8, or from the encoding that its declaration names.
pub(super) fn decode(document: &[u8]) -> Result<Cow<'_, str>, Fault> {
    if let Some(marked) = document.strip_prefix("\u{feff}".as_bytes()) {
        return utf8(marked).map(Cow::from);
    }
    let Some((encoding, end)) = encoding(document) else {
        return utf8(document).map(Cow::from);
    };
    let is = |name: &str| encoding.eq_ignore_ascii_case(name);
    let starts = |name: &&str| {
        let start = encoding.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    if is("UTF-8") || is("UTF8") {
        return utf8(document).map(Cow::from);
    }
    if is("ISO-8859-1") || is("latin1") {
        return Ok(document.iter().map(|byte| char::from(*byte)).collect());
    }
    let other = document.iter().position(|byte| !byte.is_ascii());
    match other {
        Some(at) if is("US-ASCII") || is("ASCII") => Err(invalid_bytes(at)),
        None if is("US-ASCII") || is("ASCII") || LIKE_ASCII.iter().any(starts) => {
            utf8(document).map(Cow::from)
        }
        _ => Err(Fault::new(end, format!("Unsupported encoding: {encoding}"))),
    }
}

fn utf8(document: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(document).map_err(|error| invalid_bytes(error.valid_up_to()))
}

fn invalid_bytes(at: usize) -> Fault {
    Fault::new(at, "Invalid bytes in character encoding")
}

/// The encoding that the declaration names, and where the declaration ends.
fn encoding(document: &[u8]) -> Option<(String, usize)> {
    let inner = document.strip_prefix(b"<?")?;
    let end = inner.windows(2).position(|two| two == b"?>")?;
    let inner = std::str::from_utf8(&inner[..end]).ok()?;
    let declaration = read_tag(inner, 2, &mut Entities::default()).ok()?;
    let mut attributes = declaration.attributes.into_iter();
    let (_, encoding) = attributes.find(|(name, _)| name == "encoding")?;
    (declaration.name == "xml").then_some((encoding, end + 2))
}

/// Checks a declaration, which starts at `start`; `inner` is what stands between `<?` and `?>`. Returns whether it
/// says `standalone='yes'`.
pub(super) fn check(inner: &str, start: usize) -> Result<bool, Fault> {
    let name_end = start + "<?xml".len();
    if start != 0 {
        let message = "XML declaration allowed only at the start of the document";
        return Err(Fault::new(name_end, message));
    }
    let Tag { attributes, .. } = read_tag(inner, start + 2, &mut Entities::default())?;
    let end = start + 2 + inner.len();
    let mut attributes = attributes.iter().map(|(name, value)| (&**name, &**value));
    let Some(("version", version)) = attributes.next() else {
        let message = "Malformed declaration expecting version";
        return Err(Fault::new(name_end + 1, message));
    };
    let minor = version.strip_prefix("1.").unwrap_or_default();
    if minor.is_empty() || !minor.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Fault::new(end, format!("Unsupported version '{version}'")));
    }
    let mut next = attributes.next();
    if matches!(next, Some(("encoding", _))) {
        next = attributes.next();
    }
    let mut is_standalone = false;
    if let Some(("standalone", value)) = next {
        is_standalone = match value {
            "yes" => true,
            "no" => false,
            _ => return Err(Fault::new(end, "standalone accepts only 'yes' or 'no'")),
        };
        next = attributes.next();
    }
    match next {
        None => Ok(is_standalone),
        Some(_) => Err(Fault::new(end, "parsing XML declaration: '?>' expected")),
    }
}
