// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Receives from a netlink socket together with the sender, as the kernel names it (netlink(7), unix(7): SCM_CREDENTIALS).

#![allow(unsafe_code)] // rustix has no place for the process number 0, which is the kernel's.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd};

/// Room for one control message with credentials, where a header may begin.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Who sent a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sender {
    /// The socket's number, which is 0 for the kernel.
    pub port: u32,
    /// The groups to which it was sent: a bit each, 0 for this socket alone.
    pub groups: u32,
    /// The user who sent it; `None` if the kernel did not say.
    pub user: Option<u32>,
}

/// Takes a datagram off the socket. Returns its length and who sent it; EMSGSIZE if it has no room in the buffer.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Sender)> {
    // SAFETY: it is made of numbers, which may all be zero.
    let mut address: libc::sockaddr_nl = unsafe { zeroed() };
    let mut control = Control([0; 64]);
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: it is made of numbers and pointers, which may all be zero.
    let mut header: libc::msghdr = unsafe { zeroed() };
    header.msg_name = (&raw mut address).cast();
    header.msg_namelen = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = size_of::<Control>() as _;
    // SAFETY: each pointer in the header leads to a variable of this function or to the buffer, with its length.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, 0) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    if header.msg_flags & libc::MSG_TRUNC != 0 {
        return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
    }
    let sender = Sender {
        port: address.nl_pid,
        groups: address.nl_groups,
        user: user(&header),
    };
    Ok((length, sender))
}

/// The user in the first control message that the kernel has put into the header.
fn user(header: &libc::msghdr) -> Option<u32> {
    // SAFETY: the kernel has set the length of what it has put there.
    let first = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: it is NULL, or a whole header within the room, which is aligned for it.
    let message = unsafe { first.as_ref() }?;
    let kind = (message.cmsg_level, message.cmsg_type);
    // SAFETY: it only adds to a number.
    let whole = unsafe { libc::CMSG_LEN(size_of::<libc::ucred>() as u32) };
    if kind != (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) || message.cmsg_len < whole as _ {
        return None;
    }
    // SAFETY: what follows the header is within the room.
    let credentials = unsafe { libc::CMSG_DATA(first) }.cast::<libc::ucred>();
    // SAFETY: the message is long enough for credentials, which may have any value.
    Some(unsafe { credentials.read_unaligned() }.uid)
}
