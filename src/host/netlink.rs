// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The layout of netlink messages (netlink(7); kernel: include/uapi/linux/netlink.h).

/// The size of `struct nlmsghdr`, in bytes.
pub const HEADER: usize = 16;
/// The size of `struct nlattr`, in bytes.
pub const ATTRIBUTE_HEADER: usize = 4;

/// The bits of an attribute's type field that are the type; the two above are flags.
const TYPE_MASK: u16 = 0x3fff;

/// A message of a datagram.
pub struct Message<'a> {
    /// Its type.
    pub kind: u16,
    /// The sequence number of the request that it answers.
    pub sequence: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// The length of a part with its padding to a multiple of 4.
pub fn align(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Takes a part of this length, and its padding, off the front. The last part need not be padded.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let part = rest.get(..length)?;
    *rest = rest.get(align(length)..).unwrap_or_default();
    Some(part)
}

/// The messages of a datagram, up to the first that is malformed.
pub fn messages(datagram: &[u8]) -> impl Iterator<Item = Message<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(rest, 0)?).ok()?;
        let message = take(&mut rest, length)?;
        Some(Message {
            kind: u16_at(message, 4)?,
            sequence: u32_at(message, 8)?,
            payload: message.get(HEADER..)?,
        })
    })
}

/// Types and values of attributes, up to the first that is malformed.
pub fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let attribute = take(&mut rest, length)?;
        let value = attribute.get(ATTRIBUTE_HEADER..)?;
        Some((u16_at(attribute, 2)? & TYPE_MASK, value))
    })
}
