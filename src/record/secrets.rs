// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Words that identify a machine, and their replacements in an anonymous recording.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// The shortest word that is replaced, in bytes.
const SHORTEST: usize = 4;

/// How a word is replaced so that it stays the same kind of word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Letters are replaced by letters of the same case, digits by digits.
    Text,
    /// Hexadecimal digits are replaced by others. So many at the beginning are kept, because they identify a maker.
    Hex(usize),
    /// Hexadecimal digits are replaced by others, except those for version and variant of the UUID.
    Uuid,
}

/// Replacements for words. A word has one replacement in the whole recording, and another one in each recording.
#[derive(Debug, Default)]
pub struct Secrets {
    replacements: HashMap<Vec<u8>, Vec<u8>>,
    given: HashSet<Vec<u8>>,
    words: Words,
    key: RandomState,
}

/// Words with their replacements, by their first bytes.
#[derive(Debug, Default)]
pub struct Words(HashMap<[u8; SHORTEST], Vec<Pair>>);

/// A word and its replacement.
type Pair = (Vec<u8>, Vec<u8>);

impl Secrets {
    /// The replacement for a word: as long as the word, and different from other words' replacements as far as
    /// possible. Except for [`Form::Text`], words that differ only in case have the same replacement.
    pub fn replacement(&mut self, word: &[u8], form: Form) -> Vec<u8> {
        let known = match form {
            Form::Text => word.to_vec(),
            Form::Hex(_) | Form::Uuid => word.to_ascii_lowercase(),
        };
        if !self.replacements.contains_key(&known) {
            // If there are too few possible replacements, two words get the same.
            let attempts = (0..100)
                .map(|attempt| mask(&known, form, |at| self.key.hash_one((attempt, &known, at))));
            let unused = attempts
                .clone()
                .find(|made| *made != known && !self.given.contains(made));
            let made = unused
                .or_else(|| attempts.clone().next())
                .unwrap_or_default();
            self.given.insert(made.clone());
            self.replacements.insert(known.clone(), made);
        }
        let made = &self.replacements[&known];
        match form != Form::Text && word.iter().any(u8::is_ascii_uppercase) {
            true => made.to_ascii_uppercase(),
            false => made.clone(),
        }
    }

    /// Adds a word to those that [`Secrets::replace`] replaces.
    pub fn add(&mut self, word: &[u8], form: Form) {
        let replacement = self.replacement(word, form);
        self.words.add(word, &replacement);
    }

    /// Adds another spelling of a word, with its replacement in the same spelling.
    pub fn add_as(&mut self, word: &[u8], replacement: &[u8]) {
        self.words.add(word, replacement);
    }

    /// Adds a number in hexadecimal digits, in both cases and with the prefixes that programs use.
    pub fn add_hex(&mut self, digits: &[u8], kept: usize) {
        for digits in [digits.to_ascii_lowercase(), digits.to_ascii_uppercase()] {
            let replacement = self.replacement(&digits, Form::Hex(kept));
            // `0x` of C, `2` and `3` of scsi_id, `enx` of the names of interfaces.
            for before in [&b""[..], b"0x", b"2", b"3", b"enx"] {
                let (word, replacement) =
                    ([before, &digits].concat(), [before, &replacement].concat());
                self.words.add(&word, &replacement);
            }
        }
    }

    /// Adds a hardware address, given by its hexadecimal digits, with and without separators between its bytes.
    pub fn add_address(&mut self, digits: &[u8]) {
        // The last three bytes belong to the device, those before to its maker.
        self.add_hex(digits, digits.len().saturating_sub(6));
        for digits in [digits.to_ascii_lowercase(), digits.to_ascii_uppercase()] {
            let replacement = self.replacement(&digits, Form::Hex(0));
            for between in [b':', b'-', b'_', b'.'] {
                self.words
                    .add(&spread(&digits, between), &spread(&replacement, between));
            }
        }
    }

    /// The text with all words that were added replaced, where they stand as whole words.
    pub fn replace(&self, text: &[u8]) -> Vec<u8> {
        self.words.replace(text)
    }
}

impl Words {
    /// Adds a word, unless it is there already or has fewer than four bytes.
    pub fn add(&mut self, word: &[u8], replacement: &[u8]) {
        let Some(first) = word.first_chunk() else {
            return;
        };
        let words = self.0.entry(*first).or_default();
        if words.iter().all(|(known, _)| *known != word) {
            let place = words.partition_point(|(known, _)| known.len() >= word.len());
            words.insert(place, (word.to_vec(), replacement.to_vec()));
        }
    }

    /// The text with all words replaced, where they stand as whole words.
    pub fn replace(&self, text: &[u8]) -> Vec<u8> {
        let mut out = text.to_vec();
        let mut at = 0;
        while let Some(first) = text.get(at..).and_then(<[u8]>::first_chunk) {
            let begins = at == 0 || !text[at - 1].is_ascii_alphanumeric();
            let words = self.0.get(first).filter(|_| begins);
            let found = words.into_iter().flatten().find(|(word, _)| {
                let after = text[at..].strip_prefix(&word[..]).map(<[u8]>::first);
                after.is_some_and(|next| !next.is_some_and(u8::is_ascii_alphanumeric))
            });
            match found {
                Some((word, replacement)) => {
                    out[at..at + word.len()].copy_from_slice(replacement);
                    at += word.len();
                }
                None => at += 1,
            }
        }
        out
    }
}

/// The digits of a number with a separator between its bytes.
fn spread(digits: &[u8], between: u8) -> Vec<u8> {
    digits.chunks(2).collect::<Vec<_>>().join(&between)
}

/// The word with other letters and digits, chosen by `random`.
fn mask(word: &[u8], form: Form, random: impl Fn(usize) -> u64) -> Vec<u8> {
    let mut escaped = 0;
    let put = |(at, byte): (usize, &u8)| {
        // udev writes unsafe characters of a name in this form: `\x20`.
        if word[at..].starts_with(b"\\x") {
            escaped = at + 4;
        }
        let choose = |from: &[u8]| from[(random(at) % from.len() as u64) as usize];
        match (form, byte) {
            _ if at < escaped => *byte,
            (Form::Hex(kept), _) if at < kept => *byte,
            (Form::Uuid, _) if at == 14 || at == 19 => *byte,
            (Form::Hex(_) | Form::Uuid, b'0'..=b'9' | b'a'..=b'f') => choose(b"0123456789abcdef"),
            (Form::Text, b'0'..=b'9') => choose(b"0123456789"),
            (Form::Text, b'a'..=b'z') => choose(b"abcdefghijklmnopqrstuvwxyz"),
            (Form::Text, b'A'..=b'Z') => choose(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            _ => *byte,
        }
    };
    word.iter().enumerate().map(put).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn replacements_keep_the_form() {
        let mut secrets = Secrets::default();
        let made = text(secrets.replacement(b"S3Z8-nb\\x20K.1", Form::Text));
        assert_ne!(made, "S3Z8-nb\\x20K.1");
        let class = |c: char| match c {
            '0'..='9' => '0',
            'a'..='z' => 'a',
            'A'..='Z' => 'A',
            other => other,
        };
        let classes: String = made.chars().map(class).collect();
        assert_eq!(classes, "A0A0-aa\\a00A.0");
        assert_eq!(&made[7..11], "\\x20");

        let made = text(secrets.replacement(b"5000c500a1b2c3d4", Form::Hex(7)));
        assert!(made.starts_with("5000c50") && made != "5000c500a1b2c3d4");
        assert!(
            made.bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        );

        let made = text(secrets.replacement(b"11111111-2222-4333-8444-555566667777", Form::Uuid));
        assert_eq!(
            (&made[8..9], &made[13..15], &made[18..20]),
            ("-", "-4", "-8")
        );
    }

    #[test]
    fn all_but_what_is_kept_is_replaced() {
        for (word, form, kept) in [
            ("ABCD", Form::Text, "...."),
            ("abcd", Form::Text, "...."),
            ("1234", Form::Text, "...."),
            ("é-_ ", Form::Text, "é-_ "),
            ("\\x20K", Form::Text, "\\x20."),
            ("a\\x2d1", Form::Text, ".\\x2d."),
            ("5000c50f", Form::Hex(7), "5000c50."),
            ("5000c50f", Form::Hex(0), "........"),
        ] {
            // In each place there is another byte sooner or later.
            let mut found = word.as_bytes().to_vec();
            for _ in 0..200 {
                let made = Secrets::default().replacement(word.as_bytes(), form);
                assert!(kept == word || made != word.as_bytes(), "{word}");
                for ((found, made), word) in found.iter_mut().zip(made).zip(word.bytes()) {
                    if made != word {
                        *found = b'.';
                    }
                }
            }
            assert_eq!(text(found), kept);
        }
    }

    #[test]
    fn the_longest_word_counts() {
        let mut secrets = Secrets::default();
        for word in ["SER-1234", "SER-1234-567", "SER-1234-56"] {
            secrets.add(word.as_bytes(), Form::Text);
        }
        for word in ["SER-1234", "SER-1234-567", "SER-1234-56"] {
            let replacement = secrets.replacement(word.as_bytes(), Form::Text);
            assert_eq!(secrets.replace(word.as_bytes()), replacement);
        }
    }

    #[test]
    fn one_word_one_replacement() {
        let mut secrets = Secrets::default();
        let made = secrets.replacement(b"00aabbccdd", Form::Hex(2));
        assert_eq!(secrets.replacement(b"00aabbccdd", Form::Hex(2)), made);
        assert_eq!(
            secrets.replacement(b"00AABBCCDD", Form::Hex(2)),
            made.to_ascii_uppercase()
        );
        let all: HashSet<_> = (0..9)
            .map(|n: u8| secrets.replacement(&[b'0' + n], Form::Text))
            .collect();
        assert_eq!(all.len(), 9, "no two words of one digit share one");
        let other = Secrets::default().replacement(b"00aabbccddeeff001122", Form::Hex(0));
        assert_ne!(
            secrets.replacement(b"00aabbccddeeff001122", Form::Hex(0)),
            other
        );
    }

    #[test]
    fn words_are_replaced_in_every_spelling_and_nothing_else() {
        let mut secrets = Secrets::default();
        secrets.add(b"SER-123", Form::Text);
        secrets.add_hex(b"5000c500a1b2c3d4", 7);
        secrets.add_address(b"525400123456");
        let serial = text(secrets.replacement(b"SER-123", Form::Text));
        let wwn = text(secrets.replacement(b"5000c500a1b2c3d4", Form::Hex(7)));
        let mac = text(secrets.replacement(b"525400123456", Form::Hex(6)));
        assert!(mac.starts_with("525400"));
        let colons = text(spread(mac.as_bytes(), b':'));
        for (before, after) in [
            ("ID=a_SER-123\n", format!("ID=a_{serial}\n")),
            ("SER-123", serial.clone()),
            (
                "SER-1234 xSER-123 ser-123",
                "SER-1234 xSER-123 ser-123".into(),
            ),
            ("naa.5000c500a1b2c3d4", format!("naa.{wwn}")),
            ("wwn-0x5000c500a1b2c3d4-part1", format!("wwn-0x{wwn}-part1")),
            (
                "scsi-35000C500A1B2C3D4",
                format!("scsi-3{}", wwn.to_uppercase()),
            ),
            (
                "52:54:00:12:34:56 enx525400123456",
                format!("{colons} enx{mac}"),
            ),
            (
                "net/52-54-00-12-34-56/",
                format!("net/{}/", colons.replace(':', "-")),
            ),
            ("abc", "abc".into()),
            ("", String::new()),
        ] {
            assert_eq!(text(secrets.replace(before.as_bytes())), after);
        }
    }
}
