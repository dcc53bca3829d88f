// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! How udev makes text fit for names of links (udev(7), `$attr` and `OPTIONS="string_escape=…"`).

use crate::text::until_nul;

/// Characters that are never replaced, beside letters, digits and valid UTF-8.
const SAFE: &[u8] = b"#+-.:=@_";
/// Characters that are not replaced in the value of an attribute either.
const SAFE_IN_VALUES: &[u8] = b"/ $%?,";

fn replace(text: &[u8], also_safe: &[u8]) -> Vec<u8> {
    let is_safe = |b: u8| b.is_ascii_alphanumeric() || SAFE.contains(&b) || also_safe.contains(&b);
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        let mut buffer = [0; 4];
        while let Some(c) = chars.next() {
            match u8::try_from(c) {
                Ok(b) if b.is_ascii() => out.push(match b {
                    _ if is_safe(b) => b,
                    // The start of an escape, \x20.
                    b'\\' if chars.peek() == Some(&'x') => b,
                    b if is_space(&b) && also_safe.contains(&b' ') => b' ',
                    _ => b'_',
                }),
                _ => out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
            }
        }
        out.resize(out.len() + chunk.invalid().len(), b'_');
    }
    out
}

fn is_space(b: &u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

/// The value that a rule sees for an attribute with this content; `None` if it is empty.
pub fn attribute_value(raw: &[u8]) -> Option<Vec<u8>> {
    let text = until_nul(raw);
    let last = text.iter().rposition(|b| !is_space(b))?;
    Some(replace(&text[..=last], SAFE_IN_VALUES))
}

/// The text with each unsafe byte replaced by `_`.
pub fn replace_unsafe(text: &[u8]) -> Vec<u8> {
    replace(text, &[])
}

/// The text up to a NUL, without white space at its ends, with one `_` for each white space within,
/// and with each unsafe byte replaced by `_`.
pub fn joined(text: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = until_nul(text)
        .split(is_space)
        .filter(|word| !word.is_empty())
        .collect();
    replace(&words.join(&b'_'), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_what_rules_may_show() {
        assert_eq!(attribute_value(b"QEMU!\n").unwrap(), b"QEMU_");
        assert_eq!(attribute_value(b" a b/c$%?, \t\n").unwrap(), b" a b/c$%?,");
        assert_eq!(attribute_value(b"a\tb\0c").unwrap(), b"a b");
        assert_eq!(attribute_value(b" \n"), None);
        assert_eq!(attribute_value(b"\0x"), None);
        assert_eq!(attribute_value(b"").as_deref(), None);
        assert_eq!(attribute_value("né\n".as_bytes()).unwrap(), "né".as_bytes());
        assert_eq!(attribute_value(b"a\xff\xc3b").unwrap(), b"a__b");
        assert_eq!(
            attribute_value(b"a\\x20b\\y<>'\"&").unwrap(),
            b"a\\x20b_y_____"
        );
    }

    #[test]
    fn names_keep_less() {
        assert_eq!(replace_unsafe(b"a  b/c,d#+-.:=@_"), b"a__b_c_d#+-.:=@_");
        assert_eq!(joined(b"  a \t b\n"), b"a_b");
        assert_eq!(joined(b"a/b\0c"), b"a_b");
        assert_eq!(joined(b" "), b"");
    }
}
