// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The kinds of text in a schema.

/// A kind of text.
pub enum TextKind {
    /// A description for messages about text that is not of this kind, and a function that tells whether text is.
    Form(&'static str, fn(&str) -> bool),
    /// One of these words; blanks around it are ignored.
    Words(&'static [&'static str]),
}

impl TextKind {
    /// Whether a text is of this kind.
    pub fn fits(&self, text: &str) -> bool {
        match self {
            TextKind::Form(_, fits) => fits(text),
            TextKind::Words(words) => is_one_of(words, text),
        }
    }

    /// A description of this kind of text, for messages.
    pub fn describe(&self) -> String {
        match self {
            TextKind::Form(what, _) => (*what).to_string(),
            TextKind::Words(words) => enumerate(words),
        }
    }
}

/// Whether a text is one of these words; blanks around it are ignored.
pub fn is_one_of(words: &[&str], text: &str) -> bool {
    words.contains(&trim(text))
}

/// The words as a list in a sentence, with "or" before the last.
pub fn enumerate(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_string(),
        [only] => (*only).to_string(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

use TextKind::Form;

/// Any text, also an empty one.
pub const ANY: TextKind = Form("a text", |_| true);
/// XML Schema's `unsignedInt`, of digits only.
pub const UNSIGNED_INT: TextKind = Form("a decimal number below 4294967296", |text| {
    unsigned(text, u32::MAX.into())
});
/// XML Schema's `unsignedLong`, of digits only.
pub const UNSIGNED_LONG: TextKind = Form("a decimal number below 18446744073709551616", |text| {
    unsigned(text, u64::MAX)
});
/// XML Schema's `int`.
pub const INT: TextKind = Form("a decimal number of 32 bits", |text| {
    signed(text, i32::MIN.into(), i32::MAX.into())
});
/// A number such as `0x1a`, the prefix optional.
pub const HEX: TextKind = Form("a hexadecimal number in lower case", |text| {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    !digits.is_empty() && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
});
/// The class of a PCI function, `0x060400`.
pub const PCI_CLASS: TextKind = Form("0x and 6 hexadecimal digits", |text| hex(text, 6, 6));
/// A number of 8 bits.
pub const UINT8: TextKind = Form("a number from 0 to 255, decimal or with 0x", |text| {
    hex(text, 1, 2) || signed(text, 0, 255)
});
/// The number of a usage domain of an s390 cryptographic adapter.
pub const AP_DOMAIN: TextKind = Form("0x and up to 4 hexadecimal digits, or 0 to 255", |text| {
    hex(text, 1, 4) || signed(text, 0, 255)
});
/// The number of the channel subsystem of an s390 device.
pub const CSSID: TextKind = Form("a number from 0 to 254, decimal or with 0x", |text| {
    (hex(text, 1, 2) && !text.eq_ignore_ascii_case("0xff")) || signed(text, 0, 254)
});
/// The number of the subchannel set of an s390 device.
pub const SSID: TextKind = Form("a number from 0 to 3", |text| {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    matches!(digits, "0" | "1" | "2" | "3")
});
/// The number of an s390 device.
pub const DEVNO: TextKind = Form("a number from 0 to 65535, decimal or with 0x", |text| {
    hex(text, 1, 4) || signed(text, 0, 65535)
});
/// A UUID with hyphens or without.
pub const UUID: TextKind = Form("a UUID", |text| {
    let groups: Vec<_> = text.split('-').collect();
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    matches!(*lengths, [32] | [8, 4, 4, 4, 12]) && groups.iter().all(|group| are_hex(group))
});
/// A world-wide name of Fibre Channel, with `0x` or without.
pub const WWN: TextKind = Form("a world-wide name of 16 hexadecimal digits", |text| {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() == 16 && are_hex(digits)
});
/// The address of a network interface, `52:54:00:aa:bb:cc`.
pub const MAC: TextKind = Form("a MAC address", |text| {
    let bytes: Vec<_> = text.split(':').collect();
    bytes.len() == 6 && bytes.iter().all(|byte| byte.len() == 2 && are_hex(byte))
});
/// An absolute path.
pub const PATH: TextKind = Form("a path of letters, digits and _+-/%", |text| {
    let known = |c: char| c.is_ascii_alphanumeric() || "_+-/%".contains(c);
    text.len() > 1 && text.starts_with('/') && text.chars().all(known)
});
/// The name of a feature of a network interface.
pub const FEATURE: TextKind = Form("a name of letters, - and _", |text| {
    let known = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_');
    !text.is_empty() && text.chars().all(known)
});
/// The speed of a PCI Express link in GT/s. libvirt's schema allows any character in place of the point.
pub const LINK_SPEED: TextKind = Form("a number such as 8 or 2.5", |text| {
    let whole = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let mut rest = whole.chars();
    let point = rest.next();
    whole.len() < text.len()
        && match point {
            None => true,
            Some('\n' | '\r') => false,
            Some(_) => !rest.as_str().is_empty() && rest.all(|c| c.is_ascii_digit()),
        }
});
/// A field of vital product data.
pub const VPD_TEXT: TextKind = Form("a line of at most 255 characters", |text| {
    text.chars().count() <= 255 && !text.contains(['\n', '\r'])
});
/// The index of a field `V0` to `VZ` of vital product data.
pub const VENDOR_INDEX: TextKind = Form("a digit or a capital letter", |text| {
    matches!(text.as_bytes(), [b'0'..=b'9' | b'A'..=b'Z'])
});
/// The index of a field `Y0` to `YZ` of vital product data other than `YA`, the asset tag.
pub const SYSTEM_INDEX: TextKind = Form("a digit or a capital letter other than A", |text| {
    matches!(text.as_bytes(), [b'0'..=b'9' | b'B'..=b'Z'])
});

fn are_hex(digits: &str) -> bool {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Whether a text is `0x` and so many hexadecimal digits.
fn hex(text: &str, at_least: usize, at_most: usize) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|digits| (at_least..=at_most).contains(&digits.len()) && are_hex(digits))
}

/// Whether a text has only digits and is a number up to `most`.
fn unsigned(text: &str, most: u64) -> bool {
    text.bytes().all(|digit| digit.is_ascii_digit())
        && text.parse().is_ok_and(|number: u64| number <= most)
}

/// Whether a text is a number from `least` to `most`, with or without a sign; blanks around it are ignored
/// (XML Schema's `int`).
fn signed(text: &str, least: i64, most: i64) -> bool {
    trim(text)
        .parse()
        .is_ok_and(|number: i64| (least..=most).contains(&number))
}

/// A text without the blanks around it.
pub fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What libvirt 12.8.0's schema allows: XML Schema's types, and the patterns of its basic types.
    #[test]
    fn numbers_and_texts_of_the_schema() {
        for (kind, allowed, others) in [
            (
                UNSIGNED_INT,
                "0 007 4294967295",
                "4294967296 -1 +1 0x1 x 1x",
            ),
            (
                UNSIGNED_LONG,
                "0 18446744073709551615",
                "18446744073709551616 -1 +1 1.0",
            ),
            (INT, "-2147483648 2147483647 +1", "-2147483649 2147483648 x"),
            (HEX, "0x1a 1a", "0x 0xg 1A"),
            (
                PCI_CLASS,
                "0x060400 0xFFffFF",
                "0x06040 0x0604000 060400 0x06040g",
            ),
            (UINT8, "0 255 0xff 0xF", "256 -1 0x 0x100 0xg"),
            (AP_DOMAIN, "0 255 0xffff 0x1", "256 0x10000 0x 0xg"),
            (CSSID, "0 254 0xfe 0x0", "255 0xff 0xFF 0x100 0xg"),
            (SSID, "0 3 0x3", "4 00 0x"),
            (DEVNO, "0 65535 0xffff", "65536 0x10000 0xg -1"),
            (
                WWN,
                "0x21000024ff370144 21000024FF370144",
                "21000024ff37014 21000024ff37014g 0x21000024ff3701444",
            ),
            (
                MAC,
                "52:54:00:aa:bb:CC",
                "52:54:00:aa:bb 52:54:00:aa:bb:cg 5:254:00:aa:bb:cc",
            ),
        ] {
            let Form(what, is_allowed) = kind else {
                panic!("no form");
            };
            for text in allowed.split(' ') {
                assert!(is_allowed(text), "{what}: {text}");
            }
            for text in others.split(' ').chain([""]) {
                assert!(!is_allowed(text), "{what}: {text}");
            }
        }
        // Blanks around a number are ignored.
        let Form(_, is_int) = INT else {
            panic!("no form");
        };
        assert!(is_int(" 1\n") && !is_int("1 1"));
    }
}
