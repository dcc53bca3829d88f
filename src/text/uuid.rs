// SPDX-License-Identifier: LGPL-2.1-or-later
//! UUIDs in their one spelling.

/// A UUID as 32 lower-case hexadecimal digits with hyphens (RFC 9562, section 4). In `text` the digits may be
/// of either case and have hyphens anywhere or none; white space around them is ignored. `None` for
/// anything else.
pub fn normalise_uuid(text: &str) -> Option<String> {
    let digits: Vec<u8> = text
        .trim()
        .bytes()
        .filter(|b| *b != b'-')
        .map(|b| b.to_ascii_lowercase())
        .collect();
    if digits.len() != 32 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut uuid = String::with_capacity(36);
    for (index, digit) in digits.iter().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(char::from(*digit));
    }
    Some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_normalised() {
        let expected = "6c616220-766e-6400-0000-00000000000a";
        assert_eq!(
            normalise_uuid("6C616220-766E-6400-0000-00000000000A\n").as_deref(),
            Some(expected)
        );
        assert_eq!(
            normalise_uuid("6c616220766e6400000000000000000a").as_deref(),
            Some(expected)
        );
        assert_eq!(normalise_uuid("6c616220-766e"), None);
        assert_eq!(normalise_uuid("zz616220766e6400000000000000000a"), None);
    }
}
