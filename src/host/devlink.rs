// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The eswitch mode of PCI network devices, by devlink over generic netlink (kernel: Documentation/networking/devlink/,
//! include/uapi/linux/devlink.h, include/uapi/linux/genetlink.h, include/uapi/linux/netlink.h).

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::GENERIC;

use super::found::optional_socket;
use super::netlink::{self, attributes, is_no_answer, messages};
use crate::error::{Error, Result};

/// The command of the control family that looks another family up by its name, and the attributes for that.
const CONTROL: NetlinkCommand = NetlinkCommand {
    family: 0x10,
    command: 3,
    version: 1,
};
const CONTROL_FAMILY_ID: u16 = 1;
const CONTROL_FAMILY_NAME: u16 = 2;

const DEVLINK: &[u8] = b"devlink\0";
const ESWITCH_GET: u8 = 29;
const BUS_NAME: u16 = 1;
const DEVICE_NAME: u16 = 2;
const ESWITCH_MODE: u16 = 25;
const MODE_SWITCHDEV: u16 = 1;

/// The size of `struct genlmsghdr`.
const GENERIC_HEADER: usize = 4;

/// How many other datagrams may come before the answer; usually there are none.
const MAX_UNRELATED: usize = 8;

/// Whether the eswitch of the PCI function at `address` (`0000:3b:00.0`) is in switchdev mode.
///
/// `false` also if the kernel has no devlink, if the device has no eswitch, and if the kernel does not tell: it
/// tells root only, and confined programs may not even ask. Fails if another system call does (code 38).
pub fn is_switchdev(address: &str) -> Result<bool> {
    let Some(socket) =
        optional_socket("the eswitch modes of devices", netlink::open(Some(GENERIC)))?
    else {
        return Ok(false);
    };
    match asked(&socket, address) {
        Err(e) if is_no_answer(&e) => Ok(false),
        answer => answer.map_err(|e| {
            let what = format!("cannot ask devlink for the eswitch mode of {address}");
            Error::io(what, &e)
        }),
    }
}

fn asked(socket: &OwnedFd, address: &str) -> io::Result<bool> {
    let Some(family) = find_family(socket, DEVLINK)? else {
        return Ok(false);
    };
    let call = NetlinkCommand {
        family,
        command: ESWITCH_GET,
        version: 1,
    };
    let device = [address.as_bytes(), b"\0"].concat();
    let names = [(BUS_NAME, &b"pci\0"[..]), (DEVICE_NAME, &device)];
    let Reply::Attributes(attributes) = ask(socket, call, &names)? else {
        return Ok(false);
    };
    Ok(number(&attributes, ESWITCH_MODE) == Some(MODE_SWITCHDEV))
}

/// The id of the generic netlink family with this NUL-terminated name; `None` if the kernel has no such family.
fn find_family(socket: &OwnedFd, name: &[u8]) -> io::Result<Option<u16>> {
    Ok(
        match ask(socket, CONTROL, &[(CONTROL_FAMILY_NAME, name)])? {
            Reply::Attributes(attributes) => number(&attributes, CONTROL_FAMILY_ID),
            Reply::Refused => None,
        },
    )
}

/// A command of a generic netlink family.
#[derive(Clone, Copy)]
struct NetlinkCommand {
    family: u16,
    command: u8,
    version: u8,
}

/// The kernel's answer to a command.
#[derive(Debug, PartialEq, Eq)]
pub enum Reply {
    /// The attributes of the answer, not parsed.
    Attributes(Vec<u8>),
    /// An error code; each of them means that there is no such thing.
    Refused,
}

/// Sends a request and waits for the answer to it.
fn ask(socket: &OwnedFd, call: NetlinkCommand, attributes: &[(u16, &[u8])]) -> io::Result<Reply> {
    // There is one request at a time, so a number made of the command suffices to tell its answer from other messages.
    let sequence = u32::from(call.family) << 8 | u32::from(call.command);
    let request = request(call, sequence, attributes).ok_or(Errno::INVAL)?;
    netlink::send(socket, &request)?;
    // The kernel's own messages are at most 8 KiB long (NLMSG_GOODSIZE), or a page where pages are larger.
    let mut room = Vec::with_capacity(64 << 10);
    for _ in 0..MAX_UNRELATED {
        let datagram = netlink::answer(socket, &mut room)?;
        if let Some(reply) = find_reply(datagram, call.family, sequence) {
            return Ok(reply);
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// The bytes of a request; `None` if a value is too long for an attribute.
fn request(call: NetlinkCommand, sequence: u32, attributes: &[(u16, &[u8])]) -> Option<Vec<u8>> {
    let header = [call.command, call.version, 0, 0];
    netlink::request((call.family, 0, sequence), &header, attributes)
}

/// Finds the answer to the request with this sequence number in a datagram of messages.
pub fn find_reply(datagram: &[u8], family: u16, sequence: u32) -> Option<Reply> {
    let mut answers = messages(datagram).filter(|message| message.sequence == sequence);
    answers.find_map(|message| match message.kind {
        netlink::ERROR => Some(Reply::Refused),
        kind if kind == family => {
            let attributes = message.payload.get(GENERIC_HEADER..)?;
            Some(Reply::Attributes(attributes.to_vec()))
        }
        _ => None,
    })
}

/// The attribute of this type if it is a number of 16 bits.
pub fn number(bytes: &[u8], wanted: u16) -> Option<u16> {
    let (_, value) = attributes(bytes).find(|(kind, _)| *kind == wanted)?;
    Some(u16::from_ne_bytes(value.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::sockopt::{Timeout, set_socket_timeout};
    use std::time::Duration;

    fn open() -> rustix::io::Result<OwnedFd> {
        netlink::open(Some(GENERIC))
    }

    /// Fields of a message in the machine's byte order, from hexadecimal groups of 1, 2 or 4 bytes.
    fn bytes(groups: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for group in groups.split_whitespace() {
            let value = u32::from_str_radix(group, 16).unwrap();
            match group.len() {
                2 => bytes.push(u8::try_from(value).unwrap()),
                4 => bytes.extend(u16::try_from(value).unwrap().to_ne_bytes()),
                _ => bytes.extend(value.to_ne_bytes()),
            }
        }
        bytes
    }

    /// Length, type, flags, sequence number, port; command, version, reserved.
    const MODE: &str = "00000024 0014 0000 00000007 00000000 1d 01 0000 \
                        0006 8019 0001 0000 0006 0001 7063 0000";

    #[test]
    fn a_request_is_laid_out_as_the_kernel_reads_it() {
        let call = NetlinkCommand {
            family: 0x14,
            command: ESWITCH_GET,
            version: 1,
        };
        let names = [(BUS_NAME, &b"pci\0"[..]), (DEVICE_NAME, &b"0:1.0\0"[..])];
        let mut expected = bytes("00000028 0014 0001 00000007 00000000 1d 01 0000 0008 0001");
        expected.extend(b"pci\0");
        expected.extend(bytes("000a 0002"));
        expected.extend(b"0:1.0\0\0\0");
        assert_eq!(request(call, 7, &names), Some(expected));
        assert_eq!(request(call, 7, &[(1, &[0; 0x1_0000])]), None);
    }

    #[test]
    fn the_mode_is_found() {
        let Some(Reply::Attributes(attributes)) = find_reply(&bytes(MODE), 0x14, 7) else {
            panic!("no answer found");
        };
        // The flag in the type's upper bits is not part of it.
        assert_eq!(number(&attributes, ESWITCH_MODE), Some(1));
        assert_eq!(
            number(&attributes, 1),
            Some(u16::from_ne_bytes(0x7063u16.to_ne_bytes()))
        );
        assert_eq!(number(&attributes, 2), None);
    }

    #[test]
    fn other_messages_are_passed_over() {
        let stray = "00000014 0014 0000 00000006 00000000 1d 01 0000 ";
        let foreign = "00000014 0015 0000 00000007 00000000 1d 01 0000 ";
        let reply = find_reply(&bytes(&[stray, foreign, MODE].concat()), 0x14, 7);
        assert!(matches!(reply, Some(Reply::Attributes(_))));
        assert_eq!(
            find_reply(&bytes(&[stray, foreign].concat()), 0x14, 7),
            None
        );
    }

    #[test]
    fn an_error_message_is_a_refusal() {
        // struct nlmsgerr: -ENODEV, then the header of the request.
        let error = "00000024 0002 0000 00000007 00000000 ffffffed \
                     00000014 0014 0001 00000007 00000000";
        assert_eq!(find_reply(&bytes(error), 0x14, 7), Some(Reply::Refused));
        assert_eq!(find_reply(&bytes(error), 0x14, 8), None);
    }

    #[test]
    fn cut_or_twisted_messages_are_no_answer() {
        let whole = bytes(MODE);
        for length in 0..whole.len() {
            assert_eq!(find_reply(&whole[..length], 0x14, 7), None, "{length}");
        }
        for at in 0..whole.len() {
            for value in 0..=255 {
                let mut twisted = whole.clone();
                twisted[at] = value;
                // It must end, and stay within the bytes.
                if let Some(Reply::Attributes(attributes)) = find_reply(&twisted, 0x14, 7) {
                    number(&attributes, ESWITCH_MODE);
                    number(&attributes, 0x3fff);
                }
            }
        }
        // Lengths of zero must not stand still.
        assert_eq!(find_reply(&[0; 64], 0, 0), None);
        assert_eq!(number(&[0; 64], 25), None);
        // Too short and too long for a 16-bit number, and longer than what is there.
        assert_eq!(number(&bytes("0005 0019 01 00 0000"), 25), None);
        assert_eq!(number(&bytes("0008 0019 00000001"), 25), None);
        assert_eq!(number(&bytes("0008 0019 0001"), 25), None);
    }

    #[test]
    fn a_question_that_may_not_be_put_is_no_failure() {
        for errno in [Errno::ACCESS, Errno::PERM] {
            assert!(is_no_answer(&errno.into()));
        }
        for errno in [Errno::MFILE, Errno::NOMEM, Errno::NOBUFS, Errno::IO] {
            assert!(!is_no_answer(&errno.into()));
        }
    }

    #[test]
    fn this_kernel_answers() {
        let socket = match open() {
            Err(e) => {
                eprintln!("skipped: no generic netlink here ({e})");
                return;
            }
            Ok(socket) => socket,
        };
        // The control family knows itself under its fixed number.
        assert_eq!(
            find_family(&socket, b"nlctrl\0").unwrap(),
            Some(CONTROL.family)
        );
        assert_eq!(find_family(&socket, b"vnd-none\0").unwrap(), None);
        // No such device; the others are no address at all.
        assert!(!is_switchdev("ffff:ff:1f.7").unwrap());
        assert!(!is_switchdev("").unwrap());
        assert!(!is_switchdev(&"x".repeat(255)).unwrap());
    }

    #[test]
    fn without_an_answer_it_gives_up() {
        let Ok(socket) = open() else {
            eprintln!("skipped: no generic netlink here");
            return;
        };
        set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_millis(10))).unwrap();
        // Message type 1 (NLMSG_NOOP) is never answered.
        let silent = NetlinkCommand {
            family: 1,
            ..CONTROL
        };
        let error = ask(&socket, silent, &[]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
