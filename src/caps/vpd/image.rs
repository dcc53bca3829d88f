// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Images of vital product data: a chain of resources, which are a name, a read-only section of fields that ends with a
//! checksum, and a read-write section. They are hostile input: if anything in them is malformed, all of them count as absent.

use std::ops::Range;

use crate::text::until_nul;

/// The size of the address space that the 15-bit VPD address register reaches.
pub const SPACE: usize = 0x8000;

const LARGE: u8 = 0x80;
const TAG_NAME: u8 = 0x82;
const TAG_READ_ONLY: u8 = 0x90;
const TAG_READ_WRITE: u8 = 0x91;
/// The type of a small resource in bits 6:3 of its tag.
const TYPE_END: u8 = 0x0f;

/// The vital product data of a function.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vpd {
    /// The product's name; `None` if the chain has no name.
    pub name: Option<String>,
    /// The maker's fields; `None` if no field there has a known keyword and valid text. A keyword of the other
    /// section counts, but is not stored.
    pub read_only: Option<ReadOnly>,
    /// The owner's fields; `None` as for `read_only`.
    pub read_write: Option<ReadWrite>,
}

/// Fields that the maker wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadOnly {
    /// The engineering change level, keyword EC.
    pub change_level: Option<String>,
    /// The manufacture id, keyword MN.
    pub manufacture_id: Option<String>,
    /// The part number, keyword PN.
    pub part_number: Option<String>,
    /// The serial number, keyword SN.
    pub serial_number: Option<String>,
    /// Keywords V0 to VZ.
    pub vendor_fields: Vec<CustomField>,
}

/// Fields that the owner may write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadWrite {
    /// The asset tag, keyword YA.
    pub asset_tag: Option<String>,
    /// Keywords V0 to VZ.
    pub vendor_fields: Vec<CustomField>,
    /// Keywords Y0 to YZ other than YA.
    pub system_fields: Vec<CustomField>,
}

/// A field without a fixed meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// The second character of its keyword.
    pub index: char,
    /// Its text; may be empty.
    pub value: String,
}

/// Parses the content of a `vpd` file from its start; `None` unless it is well-formed up to its end tag and the
/// checksum is right.
pub fn parse(image: &[u8]) -> Option<Vpd> {
    read_chain(&mut Bytes::of(image))
}

/// The image with other texts in its fields, and right checksums. `replace` is given each text with its keyword and
/// returns a text of the same length. A malformed image stays as it is.
pub fn replace_texts(image: &[u8], mut replace: impl FnMut([u8; 2], &[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut bytes = Bytes::of(image);
    let mut image = image.to_vec();
    if read_chain(&mut bytes).is_none() {
        return image;
    }
    for (keyword, place) in bytes.texts {
        let text = until_nul(&image[place.clone()]).trim_ascii();
        let begin = place.start
            + image[place]
                .iter()
                .take_while(|b| b.is_ascii_whitespace())
                .count();
        let replacement = replace(keyword, text);
        image[begin..begin + replacement.len()].copy_from_slice(&replacement);
    }
    // Each pass mends one checksum, so that the next pass gets to the one after it.
    loop {
        let mut bytes = Bytes::of(&image);
        read_chain(&mut bytes);
        match bytes.wrong_checksum {
            Some((at, sum)) => image[at] = image[at].wrapping_sub(sum),
            None => return image,
        }
    }
}

fn read_chain(bytes: &mut Bytes<'_>) -> Option<Vpd> {
    let mut vpd = Vpd::default();
    let mut has_read_only = false;
    let mut at = 0;
    while at < SPACE {
        let tag = bytes.take(at, 1)?[0];
        let (data, length) = if tag & LARGE == 0 {
            if tag >> 3 == TYPE_END {
                return has_read_only.then_some(vpd);
            }
            (at + 1, usize::from(tag & 7))
        } else {
            let length = bytes.take(at + 1, 2)?;
            (
                at + 3,
                usize::from(u16::from_le_bytes([length[0], length[1]])),
            )
        };
        // One that leads beyond the space has no end tag behind it.
        let end = data + length;
        match tag {
            TAG_NAME => vpd.name = Some(printable(bytes.take(data, length)?)?),
            TAG_READ_ONLY => {
                read_fields(bytes, data, end, Access::ReadOnly, |keyword, text| {
                    let fields = vpd.read_only.get_or_insert_default();
                    fields.store(keyword, text);
                })?;
                has_read_only = true;
            }
            TAG_READ_WRITE => {
                read_fields(bytes, data, end, Access::ReadWrite, |keyword, text| {
                    let fields = vpd.read_write.get_or_insert_default();
                    fields.store(keyword, text);
                })?;
            }
            _ => {}
        }
        at = end;
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    ReadOnly,
    ReadWrite,
}

/// Passes the text of each field of a section to `store`, up to the field that closes it; `None` if the section is
/// malformed.
fn read_fields(
    bytes: &mut Bytes<'_>,
    start: usize,
    end: usize,
    access: Access,
    mut store: impl FnMut([u8; 2], String),
) -> Option<()> {
    let mut at = start;
    let mut closed = false;
    while !closed && end - at >= 3 {
        let header = bytes.take(at, 3)?;
        let (keyword, length) = ([header[0], header[1]], usize::from(header[2]));
        let data = at + 3;
        at = data + length;
        if at > end {
            return None;
        }
        match (&keyword, access) {
            // Its first byte is the checksum, the rest is reserved.
            (b"RV", Access::ReadOnly) => {
                bytes.take(data, 1)?;
                if bytes.sum != 0 {
                    bytes.wrong_checksum = Some((data, bytes.sum));
                    return None;
                }
                closed = true;
            }
            // Free space for more fields: its content has no meaning, but counts in a checksum after it.
            (b"RW", Access::ReadWrite) => {
                bytes.take(data, length)?;
                closed = true;
            }
            (b"RV" | b"RW", _) => return None,
            _ => {
                if let Some(text) = field_text(keyword, bytes.take(data, length)?) {
                    bytes.texts.push((keyword, data..at));
                    store(keyword, text);
                }
            }
        }
    }
    (at == end && (closed || access == Access::ReadWrite)).then_some(())
}

/// Reads the image and sums up all bytes read. The checksum field makes the sum zero.
struct Bytes<'a> {
    image: &'a [u8],
    sum: u8,
    /// The offset of a checksum that is wrong, and the sum there, which should be 0.
    wrong_checksum: Option<(usize, u8)>,
    /// The keywords of the text fields read so far, and where their texts are.
    texts: Vec<([u8; 2], Range<usize>)>,
}

impl<'a> Bytes<'a> {
    fn of(image: &'a [u8]) -> Bytes<'a> {
        Bytes {
            image,
            sum: 0,
            wrong_checksum: None,
            texts: Vec::new(),
        }
    }

    fn take(&mut self, at: usize, length: usize) -> Option<&'a [u8]> {
        let bytes = self.image.get(at..at + length)?;
        self.sum = bytes.iter().fold(self.sum, |sum, &b| sum.wrapping_add(b));
        Some(bytes)
    }
}

impl ReadOnly {
    /// Stores a field of a known keyword.
    fn store(&mut self, keyword: [u8; 2], text: String) {
        match &keyword {
            b"EC" => self.change_level = Some(text),
            b"MN" => self.manufacture_id = Some(text),
            b"PN" => self.part_number = Some(text),
            b"SN" => self.serial_number = Some(text),
            [b'V', index] => put(&mut self.vendor_fields, *index, text),
            _ => {}
        }
    }
}

impl ReadWrite {
    /// Stores a field of a known keyword.
    fn store(&mut self, keyword: [u8; 2], text: String) {
        match &keyword {
            b"YA" => self.asset_tag = Some(text),
            [b'Y', index] => put(&mut self.system_fields, *index, text),
            [b'V', index] => put(&mut self.vendor_fields, *index, text),
            _ => {}
        }
    }
}

/// The text of a field; `None` if its keyword is unknown or its content is no text. A section with any such text is
/// shown, even if the field belongs to the other section, such as PN in a read-write one.
fn field_text(keyword: [u8; 2], data: &[u8]) -> Option<String> {
    match &keyword {
        // Extended capability: not shown, so its content does not matter.
        b"CP" => Some(String::new()),
        b"EC" | b"MN" | b"PN" | b"SN" => printable(data),
        [b'V' | b'Y', index] if is_index(*index) => printable(data),
        _ => None,
    }
}

/// Whether a byte can be the second character of a keyword.
pub(super) fn is_index(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase()
}

/// Stores a custom field. It replaces an earlier field with the same index, in the same place.
pub(super) fn put(fields: &mut Vec<CustomField>, index: u8, value: String) {
    let index = char::from(index);
    match fields.iter_mut().find(|field| field.index == index) {
        Some(field) => field.value = value,
        None => fields.push(CustomField { index, value }),
    }
}

/// The text before the first NUL, without white space at its ends; `None` if it has anything but printable ASCII.
fn printable(data: &[u8]) -> Option<String> {
    let data = until_nul(data);
    // In libvirt a vertical tab is no white space.
    let is_space = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r');
    let Some(first) = data.iter().position(|b| !is_space(b)) else {
        return Some(String::new());
    };
    let last = data.iter().rposition(|b| !is_space(b)).unwrap_or(first);
    let inner = &data[first..=last];
    inner
        .iter()
        .all(|b| matches!(b, b' '..=b'~'))
        .then(|| inner.iter().copied().map(char::from).collect())
}
