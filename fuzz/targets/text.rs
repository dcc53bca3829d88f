// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Text of devices: cleaned text is XML, names are ASCII, numbers never panic.

use virnodedev::{name, text};

pub fn run(bytes: &[u8]) {
    assert!(text::clean(bytes).chars().all(text::is_xml_char));
    let name = name::device_name(b"net", bytes, Some(bytes));
    assert!(name.to_bytes().iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'));
    for base in [0, 8, 10, 16] {
        let _ = text::parse_u64(bytes, base);
        let _ = text::parse_i32(bytes, base);
    }
    let _ = virnodedev::uri::source_of(&String::from_utf8_lossy(bytes));
}
