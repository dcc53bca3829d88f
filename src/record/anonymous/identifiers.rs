// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Finds identifiers: by their form in any text, and serial numbers in the files that have them.

use std::collections::HashSet;
use std::ops::Range;

use crate::caps::vpd;
use crate::record::secrets::{Form, Secrets};

/// The shortest number that counts as an identifier, in hexadecimal digits: 64 bits.
const LONG_NUMBER: usize = 16;

/// The shortest serial number that is replaced wherever it stands. A shorter one may be a part of any address.
const SHORT_SERIAL: usize = 6;

/// Adds everything in a text that has the form of a hardware address, a UUID or a world-wide name.
pub fn add_numbers(text: &[u8], secrets: &mut Secrets) {
    let is_part = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'-' | b'x');
    for word in text.split(|b| !is_part(b)) {
        if is_uuid(word) {
            secrets.add(word, Form::Uuid);
        }
        add_address(word, secrets);
        for number in word.split(|b| !b.is_ascii_hexdigit()) {
            add_long_number(number, secrets);
        }
        // `wwn-0x…-part1` and UUIDs at the end of a name.
        for at in word
            .iter()
            .enumerate()
            .filter(|(_, b)| **b == b'-')
            .map(|(at, _)| at + 1)
        {
            if is_uuid(word.get(at..at + 36).unwrap_or_default()) {
                secrets.add(&word[at..at + 36], Form::Uuid);
            }
        }
    }
    for (at, _) in text
        .windows(3)
        .enumerate()
        .filter(|(_, window)| window == b"enx")
    {
        let digits = text[at + 3..].split(|b| !b.is_ascii_hexdigit()).next();
        if let Some(digits) = digits.filter(|digits| digits.len() == 12) {
            secrets.add_address(digits);
        }
    }
}

fn is_uuid(word: &[u8]) -> bool {
    let is_right = |(at, b): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    };
    word.len() == 36 && word.iter().enumerate().all(is_right)
}

/// Adds a word that is a hardware address: six bytes for Ethernet, eight for EUI-64, twenty for InfiniBand.
fn add_address(word: &[u8], secrets: &mut Secrets) {
    let bytes: Vec<&[u8]> = word.split(|&b| b == b':').collect();
    let is_byte = |byte: &&[u8]| byte.len() == 2 && byte.iter().all(u8::is_ascii_hexdigit);
    if matches!(bytes.len(), 6 | 8 | 20) && bytes.iter().all(is_byte) {
        // An address of equal bytes, such as all zeros, belongs to no device.
        if bytes.iter().any(|byte| *byte != bytes[0]) {
            secrets.add_address(&bytes.concat());
        }
    }
}

fn add_long_number(digits: &[u8], secrets: &mut Secrets) {
    // scsi_id puts a digit before identifiers of 8 or 16 bytes.
    let digits = match (digits.len(), digits.first()) {
        (17 | 33, Some(b'2' | b'3')) => &digits[1..],
        _ => digits,
    };
    if digits.len() < LONG_NUMBER || digits.starts_with(b"00000000") {
        return;
    }
    // The digits up to the end of the maker's number are kept. It is in the first five bytes of Fibre Channel names of
    // formats 1 and 2, after the first digit of those of formats 5 and 6 (FC-FS, name identifiers), and in the first
    // three bytes of an EUI-64.
    let kept = match (digits.len(), digits[0]) {
        (16, b'1' | b'2') => 10,
        (16 | 32, _) => 7,
        _ => 0,
    };
    secrets.add_hex(digits, kept);
}

/// Whether a text is safe to be replaced wherever it stands, because it cannot be a common word.
fn is_serial(text: &[u8], names: &HashSet<&[u8]>) -> bool {
    let has_digit = text.iter().any(u8::is_ascii_digit);
    let is_uniform = text.iter().all(|b| *b == text[0]);
    let is_capital = text.len() >= 8 && !text.iter().any(u8::is_ascii_lowercase);
    text.len() >= SHORT_SERIAL && (has_digit || is_capital) && !is_uniform && !names.contains(text)
}

fn add_serial(text: &[u8], names: &HashSet<&[u8]>, secrets: &mut Secrets) {
    let text = text.trim_ascii();
    if !is_serial(text, names) {
        return;
    }
    secrets.add(text, Form::Text);
    // udev writes it with `_` for blanks in names.
    let replacement = secrets.replacement(text, Form::Text);
    let joined = |text: &[u8]| {
        let words = text
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(&b'_')
    };
    if text.contains(&b' ') {
        secrets.add_as(&joined(text), &joined(&replacement));
    }
}

/// Adds the serial numbers in a file, if its path tells that it has any.
pub fn add_serials(path: &[&[u8]], content: &[u8], names: &HashSet<&[u8]>, secrets: &mut Secrets) {
    match path {
        [b"etc", b"machine-id"] => secrets.add(content.trim_ascii(), Form::Hex(0)),
        [.., b"serial" | b"product_serial"] => add_serial(content, names, secrets),
        [.., b"uid"] => {
            if let Some(serial) = dasd_serial(content) {
                add_serial(&content[serial], names, secrets);
            }
        }
        [.., b"vpd"] => {
            replace_own_texts(content, |text| {
                add_serial(text, names, secrets);
                text.to_vec()
            });
        }
        [b"run", b"udev", b"data", [b'b', ..]] => {
            for serial in udev_serials(content) {
                add_serial(serial, names, secrets);
            }
        }
        _ => {}
    }
}

/// Vital product data with another text in each field that is about this one adapter: its serial number, and the fields
/// of its maker and its owner. One that repeats the part number is the same on all adapters of this make.
pub fn replace_own_texts(image: &[u8], mut replace: impl FnMut(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let vpd = vpd::parse(image).unwrap_or_default();
    let part = vpd.read_only.and_then(|fields| fields.part_number);
    vpd::replace_texts(image, |keyword, text| {
        let is_common = part.as_ref().is_some_and(|part| part.as_bytes() == text);
        match (keyword, is_common) {
            ([b'S', b'N'] | [b'V' | b'Y', _], false) => replace(text),
            _ => text.to_vec(),
        }
    })
}

/// Where the serial number is in the uid of a DASD, which has maker, serial number, control unit and address.
pub fn dasd_serial(uid: &[u8]) -> Option<Range<usize>> {
    let mut dots = uid
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'.')
        .map(|(at, _)| at);
    Some(dots.next()? + 1..dots.next()?)
}

/// The serial numbers in udev's entry of a block device.
pub fn udev_serials(content: &[u8]) -> Vec<&[u8]> {
    let value = |key: &str| {
        let line = content
            .split(|&b| b == b'\n')
            .find_map(|line| line.strip_prefix(key.as_bytes()));
        line.unwrap_or_default()
    };
    let short = value("E:ID_SERIAL_SHORT=");
    let mut found = vec![short, value("E:ID_SCSI_SERIAL=")];
    let serial = value("E:ID_SERIAL=");
    let contains_short = !short.is_empty() && serial.windows(short.len()).any(|part| part == short);
    if !contains_short {
        // ID_SERIAL is model and serial number, or the number alone.
        found.extend(serial.rsplit(|&b| b == b'_').next());
    }
    found.retain(|serial| !serial.is_empty());
    found
}

/// Another label or UUID of a file system or partition; a newline at its end stays.
pub fn label(label: &[u8], secrets: &mut Secrets) -> Vec<u8> {
    let text = label.trim_ascii_end();
    let form = match is_uuid(text) {
        true => Form::Uuid,
        false => Form::Text,
    };
    [&secrets.replacement(text, form)[..], &label[text.len()..]].concat()
}

/// A link to a device node, with other labels of file systems and names of iSCSI targets.
pub fn without_labels(link: &[u8], secrets: &mut Secrets) -> Vec<u8> {
    for folder in [
        "disk/by-label/",
        "disk/by-partlabel/",
        "disk/by-uuid/",
        "disk/by-partuuid/",
    ] {
        if let Some(label) = link.strip_prefix(folder.as_bytes()) {
            return [folder.as_bytes(), &self::label(label, secrets)].concat();
        }
    }
    match iscsi_target(link) {
        Some((portal, name)) => {
            let mut link = link.to_vec();
            for place in [portal, name] {
                let replacement = secrets.replacement(&link[place.clone()], Form::Text);
                link[place].copy_from_slice(&replacement);
            }
            link
        }
        None => link.to_vec(),
    }
}

/// Where the portal and the name of an iSCSI target are in a link:
/// `disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.2003-01.org.example:disk-lun-1`.
fn iscsi_target(link: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let find = |part: &[u8]| link.windows(part.len()).position(|window| window == part);
    let portal = find(b"ip-")? + 3;
    let between = find(b"-iscsi-")?;
    // The form of the name: `iqn.`, `eui.` or `naa.`.
    let name = between + b"-iscsi-".len() + 4;
    let end = find(b"-lun-").unwrap_or(link.len());
    (portal <= between && name <= end).then_some((portal..between, name..end))
}

#[cfg(test)]
mod tests;
