// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What mdevctl prints, and the files that it keeps definitions in.

use virnodedev::host::mdevctl::files::{Definition, listed_attributes};
use virnodedev::text::is_xml_char;

const UUID: &str = "11111111-2222-3333-4444-555555555501";

pub fn run(bytes: &[u8]) {
    let is_clean = |text: &str| text.chars().all(is_xml_char);
    let pairs_are_clean = |pairs: &[(String, String)]| {
        pairs.iter().all(|(name, value)| is_clean(name) && is_clean(value))
    };
    if let Some(attributes) = listed_attributes(bytes) {
        assert!(pairs_are_clean(&attributes));
    }
    let (parent, text) = match bytes.iter().position(|&b| b == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (&b"0000:00:02.0"[..], bytes),
    };
    if let Some(definition) = Definition::parse(text, parent, UUID.to_string()) {
        assert!(is_clean(&definition.parent_addr) && is_clean(&definition.type_id));
        assert!(pairs_are_clean(&definition.attributes));
        assert!(definition.name.to_bytes().starts_with(b"mdev_11111111_2222_"));
    }
}
