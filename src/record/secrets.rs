// SPDX-License-Identifier: LGPL-2.1-or-later
//! Words that tell one machine from another, and what stands in their place in an anonymous recording.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// The shortest word that is looked for.
const SHORTEST: usize = 4;

/// How a word may be changed without becoming another kind of word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Letters stay letters, digits stay digits.
    Text,
    /// Hexadecimal digits stay such. So many at the beginning are kept, because they name a maker.
    Hex(usize),
    /// Hexadecimal digits stay such. Version and variant of the UUID are kept.
    Uuid,
}

/// Replacements for words. A word has one replacement throughout a recording, and another one in each recording.
#[derive(Debug, Default)]
pub struct Secrets {
    replacements: HashMap<Vec<u8>, Vec<u8>>,
    given: HashSet<Vec<u8>>,
    words: Words,
    key: RandomState,
}

/// Words that are looked for, by their first bytes, with what is put in their place.
#[derive(Debug, Default)]
pub struct Words(HashMap<[u8; SHORTEST], Vec<Pair>>);

/// A word and what is put in its place.
type Pair = (Vec<u8>, Vec<u8>);

impl Secrets {
    /// The replacement for a word: as long, and no other word's. Upper and lower case are one word, but for text.
    pub fn replacement(&mut self, word: &[u8], form: Form) -> Vec<u8> {
        let known = match form {
            Form::Text => word.to_vec(),
            Form::Hex(_) | Form::Uuid => word.to_ascii_lowercase(),
        };
        if !self.replacements.contains_key(&known) {
            // Where too few words are possible for each to have its own, two get the same.
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

    /// Looks for the word from here on, in [`Secrets::replace`].
    pub fn add(&mut self, word: &[u8], form: Form) {
        let replacement = self.replacement(word, form);
        self.words.add(word, &replacement);
    }

    /// Looks for another spelling of a word, with the same spelling of its replacement.
    pub fn add_as(&mut self, word: &[u8], replacement: &[u8]) {
        self.words.add(word, replacement);
    }

    /// Looks for a number in hexadecimal digits, in the spellings in which it is met: either case, and with what programs
    /// put before it.
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

    /// Looks for a hardware address, given as its hexadecimal digits: without and with a sign between its bytes.
    pub fn add_address(&mut self, digits: &[u8]) {
        // Three bytes are a device's own.
        self.add_hex(digits, digits.len().saturating_sub(6));
        for digits in [digits.to_ascii_lowercase(), digits.to_ascii_uppercase()] {
            let replacement = self.replacement(&digits, Form::Hex(0));
            for between in [b':', b'-', b'_', b'.'] {
                self.words
                    .add(&spread(&digits, between), &spread(&replacement, between));
            }
        }
    }

    /// Puts the replacements into a text, for whole words.
    pub fn replace(&self, text: &[u8]) -> Vec<u8> {
        self.words.replace(text)
    }
}

impl Words {
    /// Looks for a word, unless it is looked for already. Words of fewer than four bytes are not.
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

    /// Puts the replacements into a text, for whole words.
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

/// The bytes of a number with a sign between them.
fn spread(digits: &[u8], between: u8) -> Vec<u8> {
    digits.chunks(2).collect::<Vec<_>>().join(&between)
}

/// Other letters and digits in the place of those of a word.
fn mask(word: &[u8], form: Form, random: impl Fn(usize) -> u64) -> Vec<u8> {
    let mut escaped = 0;
    let put = |(at, byte): (usize, &u8)| {
        // udev writes what is unsafe in a name as `\x20`.
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
