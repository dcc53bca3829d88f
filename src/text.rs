// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Text from devices, which is made safe where it is read.
//!
//! A device can say anything: NUL bytes, broken UTF-8, control characters. What passes through here can be printed in
//! XML 1.0 and in JSON.

pub mod uri;
pub mod uuid;

/// The text up to the first NUL, as C programs that use libudev see it.
pub fn until_nul(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// The lines of a text, without the newlines; the last one is empty if the text ends with a newline.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text).chain([text.len()]);
    ends.map(move |end| {
        let line = &text[start..end];
        start = end + 1;
        line
    })
}

/// Text that XML 1.0 and JSON can carry: invalid UTF-8 becomes U+FFFD, characters outside the XML `Char` production are
/// dropped.
pub fn clean(bytes: &[u8]) -> String {
    // Almost every text is of these, and stays as it is.
    let is_printable = bytes.iter().all(|b| matches!(b, b' '..=b'~'));
    if let (true, Ok(text)) = (is_printable, std::str::from_utf8(bytes)) {
        return text.to_string();
    }
    let text = String::from_utf8_lossy(until_nul(bytes));
    if text.chars().all(is_xml_char) {
        text.into_owned()
    } else {
        text.chars().filter(|&c| is_xml_char(c)).collect()
    }
}

/// The same in one line, for the messages that people read: a blank for each control character.
pub fn line(bytes: &[u8]) -> String {
    clean(bytes).replace(char::is_control, " ")
}

/// Attribute text without the control characters that libvirt removes from it, which are those that
/// XML 1.0 forbids; other bytes stay as they are.
pub fn without_controls(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.retain(|&b| b >= b' ' || is_xml_char(b.into()));
    bytes
}

/// The `Char` production of XML 1.0 (fifth edition), section 2.2.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The text of an attribute as `udev_device_get_sysattr_value` returns it: up to a NUL, without newlines at its end.
pub fn trim_newlines(bytes: &[u8]) -> &[u8] {
    let text = until_nul(bytes);
    let end = text
        .iter()
        .rposition(|b| !matches!(b, b'\n' | b'\r'))
        .map_or(0, |last| last + 1);
    &text[..end]
}

/// Reads an unsigned number in C notation; `None` if the text is no number or too large. With base 0, a prefix `0x` or
/// `0` gives the base.
///
/// White space and a plus sign before the digits are accepted, nothing after them: as strtoull(3) does with a check
/// of the end.
pub fn parse_u64(bytes: &[u8], base: u32) -> Option<u64> {
    let (negative, magnitude) = parse_magnitude(bytes, base)?;
    if negative && magnitude != 0 {
        return None;
    }
    Some(magnitude)
}

/// Reads a signed number in C notation; see [`parse_u64`].
pub fn parse_i64(bytes: &[u8], base: u32) -> Option<i64> {
    let (negative, magnitude) = parse_magnitude(bytes, base)?;
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// Reads a signed 32-bit number in C notation; see [`parse_u64`].
pub fn parse_i32(bytes: &[u8], base: u32) -> Option<i32> {
    parse_i64(bytes, base)?.try_into().ok()
}

/// Reads an unsigned 32-bit number in C notation; see [`parse_u64`].
pub fn parse_u32(bytes: &[u8], base: u32) -> Option<u32> {
    parse_u64(bytes, base)?.try_into().ok()
}

/// Reads a number of hexadecimal digits only; `None` if there is anything else, such as a sign, blank or prefix.
pub fn parse_hex(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn parse_magnitude(bytes: &[u8], base: u32) -> Option<(bool, u64)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let hex = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = match (base, hex) {
        (0 | 16, Some(rest)) => (rest, 16),
        (0, None) if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        (0, None) => (digits, 10),
        (base, _) => (digits, base),
    };
    if !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    Some((negative, u64::from_str_radix(digits, radix).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_newlines() {
        let found = |text| lines(text).collect::<Vec<_>>();
        assert_eq!(found(b"a\n\nbc"), [&b"a"[..], b"", b"bc"]);
        assert_eq!(found(b"a\n"), [&b"a"[..], b""]);
        assert_eq!(found(b""), [b""]);
    }

    #[test]
    fn a_line_has_no_control_characters() {
        assert_eq!(line(b"a\n\tb\x1b\x7f\xff"), "a  b \u{fffd}");
    }

    #[test]
    fn clean_drops_what_xml_forbids() {
        assert_eq!(clean(b"a\x01b\x1f\x7fc\0d"), "ab\x7fc");
        assert_eq!(clean(b"\xc3\xa9\xff"), "é\u{fffd}");
        assert_eq!(clean("x\u{fffe}\u{ffff}y".as_bytes()), "xy");
    }

    #[test]
    fn control_characters_are_removed_from_bytes() {
        let odd = b"\x01a\tb\x1b\x7f\xff\x0e".to_vec();
        assert_eq!(without_controls(odd), b"a\tb\x7f\xff");
    }

    #[test]
    fn numbers_follow_c_notation() {
        assert_eq!(parse_u64(b"0x10", 0), Some(16));
        assert_eq!(parse_u64(b"0x10", 16), Some(16));
        assert_eq!(parse_u64(b"10", 16), Some(16));
        assert_eq!(parse_u64(b"010", 0), Some(8));
        assert_eq!(parse_u64(b"0", 0), Some(0));
        assert_eq!(parse_u64(b" 7", 10), Some(7));
        assert_eq!(parse_u64(b"7 ", 10), None);
        assert_eq!(parse_u64(b"", 10), None);
        assert_eq!(parse_u64(b"-1", 10), None);
        assert_eq!(parse_i32(b"-1", 10), Some(-1));
        assert_eq!(parse_i32(b"4294967296", 10), None);
        assert_eq!(parse_u64(b"++1", 10), None);
        assert_eq!(parse_u64(b"99999999999999999999", 10), None);
    }

    #[test]
    fn hexadecimal_digits_stand_alone() {
        assert_eq!(parse_hex(b"fF"), Some(255));
        for bad in ["", "+1", "-1", "0x1", " 1", "g", "100000000"] {
            assert_eq!(parse_hex(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn attribute_text_loses_trailing_newlines_only() {
        assert_eq!(trim_newlines(b" a \n\n"), b" a ");
        assert_eq!(trim_newlines(b"\n"), b"");
        assert_eq!(trim_newlines(b"a\0b\n"), b"a");
    }
}
