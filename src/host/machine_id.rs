// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A UUID for a host whose firmware gives none. It does not change, because it is made from the id of the
//! installation, `/etc/machine-id` (machine-id(5)).

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::files::Files;
use super::found::Found;
use crate::text::uuid::normalise_uuid;

/// The application id of this library (machine-id(5)): the id of the installation is confidential, but a UUID that is
/// made from it for one application is not.
const PURPOSE: [u8; 16] = [
    0x8f, 0x2c, 0x1d, 0x74, 0xa6, 0xb0, 0x4e, 0x0b, 0x9d, 0x5f, 0x3a, 0x6e, 0x71, 0xc2, 0xb8, 0x59,
];

/// The host's UUID in lower case with hyphens, the same in every process and after each boot; `None` if the
/// installation has no id.
///
/// `systemd-id128 machine-id --uuid --app-specific=8f2c1d74a6b04e0b9d5f3a6e71c2b859` prints the same: the first 16
/// bytes of the HMAC-SHA-256 of that number with the installation's id as the key, marked as a UUID of version 4
/// (sd_id128_get_machine_app_specific(3)).
pub fn uuid_of_installation(files: &Files) -> Found<String> {
    let text = files.read(b"/etc/machine-id")?;
    Ok(text.and_then(|text| uuid_of_id(&text)))
}

/// The UUID for the id in this text; `None` if the text is no id.
fn uuid_of_id(text: &[u8]) -> Option<String> {
    let digits = std::str::from_utf8(text.trim_ascii()).ok()?;
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let id = u128::from_str_radix(digits, 16)
        .ok()
        .filter(|id| *id != 0)?;
    let mut hmac = <Hmac<Sha256> as KeyInit>::new_from_slice(&id.to_be_bytes()).ok()?;
    hmac.update(&PURPOSE);
    let hash = hmac.finalize().into_bytes();
    let hash = u128::from_be_bytes(*hash.first_chunk()?);
    // Version 4, variant of RFC 9562, section 4.
    let uuid = hash & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    normalise_uuid(&format!("{uuid:032x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uuid(machine_id: &str) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        std::fs::write(root.path().join("etc/machine-id"), machine_id).unwrap();
        uuid_of_installation(&Files::tree(root.path()).unwrap()).unwrap()
    }

    /// What systemd-id128 of systemd 252 prints, with this `/etc/machine-id`.
    #[test]
    fn the_uuid_is_that_of_systemd() {
        let expected = Some("d6c4252b-14c3-435f-8500-dd2b2ffcf667".to_string());
        assert_eq!(uuid("0123456789abcdef0123456789abcdef\n"), expected);
        assert_eq!(uuid("0123456789abcdef0123456789abcdef"), expected);
    }

    #[test]
    fn what_is_no_id_gives_none() {
        for text in [
            "",
            "uninitialized\n",
            "0123456789abcdef0123456789abcde\n",
            "0123456789abcdef0123456789abcdef0\n",
            "00000000000000000000000000000000\n",
            "+123456789abcdef0123456789abcdef\n",
        ] {
            assert_eq!(uuid(text), None, "{text:?}");
        }
        let root = tempfile::tempdir().unwrap();
        assert_eq!(
            uuid_of_installation(&Files::tree(root.path()).unwrap()),
            Ok(None)
        );
    }
}
