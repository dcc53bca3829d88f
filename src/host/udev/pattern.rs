// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Patterns with the wild cards of shells (fnmatch(3), without flags).

/// Whether a byte has a meaning of its own in a pattern.
pub fn is_wild(byte: u8) -> bool {
    b"*?[".contains(&byte)
}

/// The part of a pattern before the first wild card.
pub fn literal_start(pattern: &[u8]) -> &[u8] {
    let end = pattern.iter().position(|&byte| is_wild(byte));
    &pattern[..end.unwrap_or(pattern.len())]
}

/// Whether a text matches a pattern: `*` stands for any bytes, `?` for one, `[a-f0]` and `[!a-f0]` for one that is or is
/// not in a set; `\` makes the next byte stand for itself.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // What follows the last `*`, and the text from which it was tried last.
    let mut last: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = pattern {
            pattern = rest;
            last = Some((rest, text));
        } else if pattern.is_empty() && text.is_empty() {
            return true;
        } else if let Some(rest) = text.split_first().and_then(|(&b, _)| take_one(pattern, b)) {
            pattern = rest;
            text = &text[1..];
        } else {
            let Some((after, [_, tried @ ..])) = last else {
                return false;
            };
            (pattern, text) = (after, tried);
            last = Some((after, tried));
        }
    }
}

/// What is left of a pattern whose first element, which is no `*`, matches a byte; `None` if it does not.
fn take_one(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    match pattern {
        [b'?', rest @ ..] => Some(rest),
        [b'[', set @ ..] => match take_set(set, byte) {
            Some((is_in, rest)) => is_in.then_some(rest),
            // Without an end it is no set.
            None => (byte == b'[').then_some(set),
        },
        [b'\\', first, rest @ ..] | [first, rest @ ..] => (*first == byte).then_some(rest),
        [] => None,
    }
}

/// Whether a byte is in the set that the pattern begins with, and what follows its `]`; `None` if there is none.
fn take_set(pattern: &[u8], byte: u8) -> Option<(bool, &[u8])> {
    let (is_not, mut rest) = match pattern {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let (mut is_in, mut is_first) = (false, true);
    loop {
        let (low, high);
        (low, high, rest) = match rest {
            [b']', after @ ..] if !is_first => return Some((is_in != is_not, after)),
            [low, b'-', high, after @ ..] if *high != b']' => (low, high, after),
            [b'\\', one, after @ ..] | [one, after @ ..] => (one, one, after),
            [] => return None,
        };
        is_in |= (low..=high).contains(&&byte);
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_shells() {
        let matching = [
            ("", ""),
            ("*", ""),
            ("*", "a/b"),
            ("a*c", "abbc"),
            ("*b*d", "abcbcd"),
            ("a?c", "abc"),
            ("**", "x"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[^a]", "b"),
            ("[]]", "]"),
            ("[]-]", "-"),
            ("[a-]", "-"),
            ("[a", "[a"),
            (r"\*", "*"),
            (r"[\]]", "]"),
            (
                "pci:v00008086d*bc02*",
                "pci:v00008086d00001237sv0sd0bc02sc00",
            ),
        ];
        for (pattern, text) in matching {
            assert!(
                matches(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
        let others = [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("a*c", "abd"),
            ("*b*d", "abc"),
            ("[a-c]", "d"),
            ("[!a-c]", "b"),
            ("[a", "a"),
            (r"\*", "a"),
            ("a", "ab"),
            ("ab", "a"),
        ];
        for (pattern, text) in others {
            assert!(
                !matches(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = b"*a".repeat(500);
        assert!(!matches(&[&pattern, &b"b"[..]].concat(), &vec![b'a'; 4000]));
    }

    #[test]
    fn the_part_that_stands_for_itself() {
        assert_eq!(literal_start(b"pci:v*d"), b"pci:v");
        assert_eq!(literal_start(b"abc"), b"abc");
        assert_eq!(literal_start(b"[a]"), b"");
    }
}
