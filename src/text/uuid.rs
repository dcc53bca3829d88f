// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! UUIDs in one spelling.

/// A UUID as 32 lower-case hexadecimal digits with hyphens (RFC 9562, section 4). `text` may have digits of
/// either case, any hyphens and blanks before each of the 16 bytes, and white space around it. `None` for
/// anything else. These are the spellings that libvirt takes.
pub fn normalise_uuid(text: &str) -> Option<String> {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let mut rest = text.as_bytes();
    while rest.first().is_some_and(is_space) {
        rest = &rest[1..];
    }
    let mut uuid = String::with_capacity(36);
    for byte in 0..16 {
        while let Some(b'-' | b' ') = rest.first() {
            rest = &rest[1..];
        }
        let digits;
        (digits, rest) = rest.split_at_checked(2)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        if matches!(byte, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        uuid.extend(
            digits
                .iter()
                .map(|digit| char::from(digit.to_ascii_lowercase())),
        );
    }
    rest.iter().all(is_space).then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libvirt 12.8.0 accepted and refused as the `<uuid>` of a `computer` (recorded).
    #[test]
    fn spellings() {
        let expected = Some("aabbccdd-2222-3333-4444-555566667777");
        for text in [
            "aabbccdd222233334444555566667777",
            "AABBCCDD-2222-3333-4444-555566667777\n",
            "aa bb cc dd 2222 3333 4444 5555 6666 7777",
            "aabbccdd - 2222-3333-4444-555566667777",
            "--aa-bb-cc-dd-22-22-33-33-44-44-55-55-66-66-77-77",
            " - -aabbccdd-2222-3333-4444-555566667777",
            "\n\t-aabbccdd-2222-3333-4444-555566667777 \n\t",
        ] {
            assert_eq!(normalise_uuid(text).as_deref(), expected, "{text:?}");
        }
        for text in [
            "",
            "a-abbccdd-2222-3333-4444-555566667777",
            "a abbccdd-2222-3333-4444-555566667777",
            "aabbccdd-2222-3333-4444-555566667777-",
            "aabbccdd-2222-3333-4444-555566667777 -",
            "-\taabbccdd-2222-3333-4444-555566667777",
            "aa\tbbccdd222233334444555566667777",
            "aabbccdd2222333344445555666677778",
            "aabbccdd222233334444555566667777x",
            "aabbccdd22223333444455556666777",
            "aabbccdd2222333344445555666677",
            "aabbccddzz2233334444555566667777",
            "{aabbccdd-2222-3333-4444-555566667777}",
            "\u{a0}aabbccdd222233334444555566667777",
            "aabbccdd222233334444555566667777\u{a0}",
        ] {
            assert_eq!(normalise_uuid(text), None, "{text:?}");
        }
    }
}
