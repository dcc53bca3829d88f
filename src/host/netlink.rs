// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The layout of netlink messages, and sockets to ask the kernel by them (netlink(7); kernel:
//! include/uapi/linux/netlink.h).

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, recvfrom, sendto,
    socket_with,
};

/// The flag of a request.
pub const REQUEST: u16 = 1;
/// The type of a message that refuses a request, or acknowledges it.
pub const ERROR: u16 = 2;

/// How long an answer may take. Usually it is there before the request returns.
const TIMEOUT: Duration = Duration::from_secs(1);

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

/// A socket to ask the kernel by; `None` for the protocol is NETLINK_ROUTE.
pub fn open(protocol: Option<Protocol>) -> rustix::io::Result<OwnedFd> {
    let socket = retry_on_intr(|| {
        socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            protocol,
        )
    })?;
    retry_on_intr(|| set_socket_timeout(&socket, Timeout::Recv, Some(TIMEOUT)))?;
    Ok(socket)
}

/// Sends the kernel a message.
pub fn send(socket: &OwnedFd, message: &[u8]) -> rustix::io::Result<()> {
    let kernel = SocketAddrNetlink::new(0, 0);
    retry_on_intr(|| sendto(socket, message, SendFlags::empty(), &kernel))?;
    Ok(())
}

/// Receives a datagram and returns it, as much of it as `room` has capacity for; an empty one for those that others than
/// the kernel sent. The errors are those of recvfrom(2).
pub fn receive<'a>(
    socket: &OwnedFd,
    room: &'a mut Vec<u8>,
    flags: RecvFlags,
) -> rustix::io::Result<&'a [u8]> {
    room.clear();
    let received = retry_on_intr(|| recvfrom(socket, spare_capacity(room), flags));
    let (_, _, sender) = received?;
    let sender = sender.and_then(|sender| SocketAddrNetlink::try_from(sender).ok());
    match sender {
        Some(sender) if sender.pid() == 0 => Ok(room),
        _ => Ok(&[]),
    }
}

/// Waits for an answer, and receives it as [`receive`] does. TimedOut if none comes.
pub fn answer<'a>(socket: &OwnedFd, room: &'a mut Vec<u8>) -> io::Result<&'a [u8]> {
    match receive(socket, room, RecvFlags::empty()) {
        Err(Errno::AGAIN) => Err(io::ErrorKind::TimedOut.into()),
        datagram => Ok(datagram?),
    }
}

/// Whether an error means that the process may not ask the kernel, or that there was no answer that can be read.
pub fn is_no_answer(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, PermissionDenied, TimedOut};
    matches!(
        error.kind(),
        PermissionDenied | InvalidInput | InvalidData | TimedOut
    )
}

/// The bytes of a request, with the header of its family and attributes; `None` if a value is too long for an
/// attribute.
pub fn request(
    (kind, flags, sequence): (u16, u16, u32),
    family_header: &[u8],
    attributes: &[(u16, &[u8])],
) -> Option<Vec<u8>> {
    let mut message = vec![0; HEADER];
    message.extend_from_slice(family_header);
    for (kind, value) in attributes {
        let length = u16::try_from(ATTRIBUTE_HEADER + value.len()).ok()?;
        message.extend(length.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend_from_slice(value);
        message.resize(align(message.len()), 0);
    }
    let length = u32::try_from(message.len()).ok()?;
    // The sender's port stays 0: the kernel knows it.
    message[0..4].copy_from_slice(&length.to_ne_bytes());
    message[4..6].copy_from_slice(&kind.to_ne_bytes());
    message[6..8].copy_from_slice(&(flags | REQUEST).to_ne_bytes());
    message[8..12].copy_from_slice(&sequence.to_ne_bytes());
    Some(message)
}

/// The length of a part with its padding to a multiple of 4.
fn align(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The number of 32 bits in the machine's order at this place.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Takes a part of this length, and its padding, off the front. The last part need not be padded.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (part, behind) = rest.split_at_checked(length)?;
    let padding = length.wrapping_neg() % 4;
    *rest = behind.get(padding..).unwrap_or_default();
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
