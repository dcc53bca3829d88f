// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Receives messages about network interfaces whose link-layer address changed, for which there is no uevent, by
//! rtnetlink (rtnetlink(7); kernel: include/uapi/linux/rtnetlink.h and if_link.h).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, socket_with, sockopt};

use super::files::{Files, join};
use super::found::{Found, optional_socket};
use super::netlink::{self, attributes, messages};

/// The multicast group for messages about interfaces, `RTMGRP_LINK`.
const GROUP: u32 = 1;
/// The type of a message about an interface that is new or has changed, `RTM_NEWLINK`.
const NEW_LINK: u16 = 16;
const ADDRESS: u16 = 1;
const INTERFACE: u16 = 3;
/// The size of `struct ifinfomsg`.
const LINK_HEADER: usize = 16;

/// The size of the receive buffer, in bytes; a message takes some 4 KiB of it.
const RECEIVE_BUFFER: usize = 8 << 20;
/// How many messages one call reads.
const BATCH: usize = 500;

/// An interface that has changed in some way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its name.
    pub interface: Vec<u8>,
    /// Its link-layer address as sysfs prints it; empty if it has none.
    pub address: Vec<u8>,
}

impl Link {
    /// The folder of the interface with this name.
    pub fn path(&self, files: &Files) -> Found<Vec<u8>> {
        files.device_of_link(&join(b"/sys/class/net", &self.interface))
    }
}

/// A socket for messages about the interfaces in the network namespace of the process.
#[derive(Debug)]
pub struct Links(OwnedFd);

impl Links {
    /// Starts to listen; `None` if the process may not.
    pub fn open() -> Found<Links> {
        let open = || {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            // The protocol is 0, NETLINK_ROUTE.
            let socket = retry_on_intr(|| {
                socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)
            })?;
            enlarge_receive_buffer(&socket, RECEIVE_BUFFER);
            retry_on_intr(|| bind(&socket, &SocketAddrNetlink::new(0, GROUP)))?;
            Ok(socket)
        };
        let socket = optional_socket("addresses of interfaces", open())?;
        Ok(socket.map(Links))
    }

    /// Adds the interfaces that changed to `links`, each once. Returns whether any interface may have changed, because
    /// messages were lost or there are too many.
    pub fn receive(&self, links: &mut Vec<Link>) -> bool {
        let mut room = Vec::with_capacity(32 << 10);
        for _ in 0..BATCH {
            let datagram = match netlink::receive(&self.0, &mut room, RecvFlags::DONTWAIT) {
                Ok(datagram) => datagram,
                Err(Errno::AGAIN) => return false,
                Err(_) => return true,
            };
            for link in links_in(datagram) {
                links.retain(|earlier| earlier.interface != link.interface);
                links.push(link);
            }
        }
        true
    }
}

impl AsFd for Links {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Gives a socket a receive buffer of so many bytes or, if the process may not exceed the system's limit
/// (net.core.rmem_max), of as many as that allows.
pub fn enlarge_receive_buffer(socket: impl AsFd, bytes: usize) {
    if sockopt::set_socket_recv_buffer_size_force(&socket, bytes).is_err() {
        let _ = sockopt::set_socket_recv_buffer_size(&socket, bytes);
    }
}

/// The interfaces in the messages of a datagram.
pub fn links_in(datagram: &[u8]) -> Vec<Link> {
    let news = messages(datagram).filter(|message| message.kind == NEW_LINK);
    news.filter_map(|message| link(message.payload.get(LINK_HEADER..)?))
        .collect()
}

/// The interface with these attributes.
fn link(bytes: &[u8]) -> Option<Link> {
    let mut link = Link {
        interface: Vec::new(),
        address: Vec::new(),
    };
    for (kind, value) in attributes(bytes) {
        match kind {
            INTERFACE => link.interface = value.split(|&b| b == 0).next()?.into(),
            ADDRESS => link.address = printed(value).into_bytes(),
            _ => {}
        }
    }
    (!link.interface.is_empty()).then_some(link)
}

/// An address as sysfs prints it.
pub fn printed(address: &[u8]) -> String {
    let digits: Vec<_> = address.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::netlink::{ATTRIBUTE_HEADER, HEADER};

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(ATTRIBUTE_HEADER + value.len()).unwrap();
        let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(kind: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
        let body = [vec![0; LINK_HEADER], attributes.concat()].concat();
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.resize(HEADER, 0);
        [bytes, body].concat()
    }

    #[test]
    fn interfaces_are_read_from_messages() {
        let eth0 = message(
            NEW_LINK,
            &[
                attribute(INTERFACE, b"eth0\0"),
                attribute(13, b"x"),
                attribute(ADDRESS | 1 << 14, &[2, 0, 0, 0xab, 0, 0xff]),
            ],
        );
        let bare = message(NEW_LINK, &[attribute(INTERFACE, b"tun0\0")]);
        let gone = message(17, &[attribute(INTERFACE, b"eth1\0")]);
        let link = |interface: &[u8], address: &[u8]| Link {
            interface: interface.into(),
            address: address.into(),
        };
        let expected = [link(b"eth0", b"02:00:00:ab:00:ff"), link(b"tun0", b"")];
        let all = [eth0, gone, bare].concat();
        assert_eq!(links_in(&all), expected);
        // Messages before a cut can be read.
        for end in 0..all.len() {
            let links = links_in(&all[..end]);
            assert_eq!(links, expected[..links.len()]);
        }
        for noise in [&b""[..], &[0; 64], &[0xff; 64]] {
            assert_eq!(links_in(noise), []);
        }
    }

    #[test]
    fn nothing_is_heard_while_nothing_changes() {
        let Some(links) = Links::open().unwrap() else {
            return; // a process that may not listen
        };
        let mut heard = Vec::new();
        links.receive(&mut heard);
        assert!(heard.iter().all(|link| !link.interface.is_empty()));
    }
}
