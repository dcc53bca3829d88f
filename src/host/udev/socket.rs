// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A socket for messages about devices, of the kernel or of udevd.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with, sockopt,
};
use rustix::process::{geteuid, getuid};

use super::message::parse;
use super::sender::{Sender, receive};
use crate::host::found::retry_interrupted;
use crate::host::uevent::Message;

/// The multicast group for messages of the kernel.
const KERNEL: u32 = 1;
/// The multicast group for messages of udevd.
const UDEVD: u32 = 2;

/// The most bytes that a message of the kernel can have: its properties have a buffer of 2048 (`UEVENT_BUFFER_SIZE` in
/// include/linux/kobject.h), and before them come the action, `@` and the path of the device in sysfs (at most `PATH_MAX`).
const KERNEL_MESSAGE: usize = 8192;

/// The user that stands for every user who has no number in a user namespace (kernel:
/// Documentation/admin-guide/sysctl/fs.rst, `overflowuid`).
const UNKNOWN_USER: u32 = 65534;

/// The map of a user namespace in which every user has the same number as outside (user_namespaces(7)).
const ALL_USERS: [&str; 3] = ["0", "0", "4294967295"];

/// A socket for messages about devices.
pub struct UeventSocket {
    socket: OwnedFd,
    through_udevd: bool,
    buffer: RefCell<Vec<u8>>,
}

impl UeventSocket {
    /// Starts to listen to udevd or to the kernel.
    pub fn open(through_udevd: bool) -> io::Result<UeventSocket> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let protocol = Some(KOBJECT_UEVENT);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol)?;
        sockopt::set_socket_passcred(&socket, true)?;
        let group = if through_udevd { UDEVD } else { KERNEL };
        bind(&socket, &SocketAddrNetlink::new(0, group))?;
        Ok(UeventSocket {
            socket,
            through_udevd,
            buffer: RefCell::default(),
        })
    }

    /// Takes a message off the socket. An error is that of the system; it is EINVAL for a message that is rejected.
    pub fn receive(&self) -> io::Result<Message> {
        let mut buffer = self.buffer.borrow_mut();
        let room = match self.through_udevd {
            true => self.length_of_next()?,
            false => KERNEL_MESSAGE,
        };
        buffer.resize(room, 0);
        let (length, sender) = retry_interrupted(|| receive(self.as_fd(), &mut buffer))?;
        let message = match is_trusted(&sender) {
            true => parse(&buffer[..length]),
            false => None,
        };
        message.ok_or_else(|| Errno::INVAL.into())
    }

    /// How many bytes the next message has: one of udevd can have any number.
    fn length_of_next(&self) -> io::Result<usize> {
        let flags = RecvFlags::PEEK | RecvFlags::TRUNC;
        let nothing: &mut [u8] = &mut [];
        let (_, length) = retry_on_intr(|| recv(&self.socket, &mut *nothing, flags))?;
        Ok(length)
    }
}

impl AsFd for UeventSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whether a message is the kernel's or udevd's: sent to the group by the kernel itself, or to that of udevd by root.
/// Neither sends to a single socket.
fn is_trusted(sender: &Sender) -> bool {
    let from_group = match sender.groups {
        0 => false,
        KERNEL => sender.port == 0,
        _ => true,
    };
    from_group && sender.user.is_some_and(is_trusted_user)
}

/// Whether it is root, the user of this process or, in a user namespace in which root outside of it has no number, one
/// that has none. The kernel lets only those send to a group who may administrate the network namespace.
fn is_trusted_user(user: u32) -> bool {
    user == 0
        || user == getuid().as_raw()
        || user == geteuid().as_raw()
        || (user == UNKNOWN_USER && lacks_users())
}

/// Whether some users have no number in the user namespace of this process. `false` if that cannot be read.
fn lacks_users() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map");
    map.is_ok_and(|map| !map.split_whitespace().eq(ALL_USERS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{SendFlags, getsockname, sendto};

    #[test]
    fn who_is_trusted() {
        let sender = |port, groups, user| Sender { port, groups, user };
        for trusted in [
            sender(0, KERNEL, Some(0)),
            sender(77, UDEVD, Some(0)),
            sender(77, UDEVD, Some(getuid().as_raw())),
        ] {
            assert!(is_trusted(&trusted), "{trusted:?}");
        }
        // One that is neither root nor this user.
        let other = getuid().as_raw() + 4_000_000_000;
        for foreign in [
            sender(0, 0, Some(0)),
            sender(77, 0, Some(0)),
            sender(77, KERNEL, Some(0)),
            sender(0, KERNEL, None),
            sender(77, UDEVD, None),
            sender(77, UDEVD, Some(other)),
        ] {
            assert!(!is_trusted(&foreign), "{foreign:?}");
        }
    }

    #[test]
    fn an_empty_socket_and_a_message_to_it_alone() {
        let Ok(socket) = UeventSocket::open(true) else {
            eprintln!("skipped: this user may not listen");
            return;
        };
        let receive = || {
            let error = socket.receive().expect_err("a message for nobody else");
            Errno::from_io_error(&error)
        };
        assert_eq!(receive(), Some(Errno::AGAIN));
        let own = SocketAddrNetlink::try_from(getsockname(&socket).unwrap()).unwrap();
        let alone = SocketAddrNetlink::new(own.pid(), 0);
        let flags = SocketFlags::CLOEXEC;
        let protocol = Some(KOBJECT_UEVENT);
        let other = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol).unwrap();
        let message = b"add@/devices/x\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=x\0SEQNUM=5\0";
        assert!(parse(message).is_some());
        match sendto(&other, message, SendFlags::empty(), &alone) {
            Ok(_) => assert_eq!(receive(), Some(Errno::INVAL)),
            Err(Errno::PERM) => eprintln!("skipped: this user may not send"),
            Err(e) => panic!("{e}"),
        }
        assert_eq!(receive(), Some(Errno::AGAIN));
    }
}
