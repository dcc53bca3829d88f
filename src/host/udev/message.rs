// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The two forms of messages about devices.
//!
//! The kernel's (lib/kobject_uevent.c) is `ACTION@DEVPATH`, a NUL, and properties `KEY=VALUE`, each with a NUL at its
//! end. udevd's begins with a header: `libudev`, a NUL, four bytes that tell the version of the form, and numbers. Of
//! these only the place of the properties counts here; the others are for socket filters that let some devices
//! through. libudev accepts and rejects the same.

use crate::host::uevent::{Message, Uevent};
use crate::text::{parse_u64, until_nul};

/// What udevd's messages begin with.
const UDEVD: &[u8] = b"libudev\0";
/// The version of the form of udevd's messages, in network order.
const VERSION: [u8; 4] = 0xfeed_cafe_u32.to_be_bytes();

/// The least that a message has, in bytes.
const LEAST: usize = 32;

/// What a device can have done. A message with another action is not understood.
const ACTIONS: [&[u8]; 8] = [
    b"add", b"remove", b"change", b"move", b"online", b"offline", b"bind", b"unbind",
];

/// Reads a datagram; `None` for one that is no message about a device.
pub fn parse(datagram: &[u8]) -> Option<Message> {
    if datagram.len() < LEAST {
        return None;
    }
    let start = match datagram.starts_with(UDEVD) {
        true => start_in_udevds(datagram)?,
        false => start_in_kernels(datagram)?,
    };
    let properties = datagram.get(start..)?.strip_suffix(b"\0")?;
    let (mut action, mut path, mut old_path) = (None, None, None);
    let (mut subsystem, mut number) = (None, None);
    for property in properties.split(|&b| b == 0) {
        let equals = property.iter().position(|&b| b == b'=')?;
        let (key, value) = (&property[..equals], &property[equals + 1..]);
        let end = value.iter().position(|b| b"\n\r".contains(b));
        let value = &value[..end.unwrap_or(value.len())];
        match key {
            b"ACTION" => action = Some(value),
            b"DEVPATH" => path = Some(value),
            b"DEVPATH_OLD" => old_path = Some(value),
            b"SUBSYSTEM" => subsystem = Some(value),
            b"SEQNUM" => number = parse_u64(value, 10),
            _ => {}
        }
    }
    let action = action.filter(|action| ACTIONS.contains(action))?;
    subsystem.filter(|subsystem| !subsystem.is_empty())?;
    let number = number.filter(|&number| number != 0)?;
    Some(Message {
        number,
        event: Uevent::new(action, path?, old_path, number),
    })
}

/// Where the properties begin in a message of udevd.
fn start_in_udevds(datagram: &[u8]) -> Option<usize> {
    if !datagram[UDEVD.len()..].starts_with(&VERSION) {
        return None;
    }
    let start = u32::from_ne_bytes(*datagram[16..].first_chunk()?);
    usize::try_from(start).ok()
}

/// Where the properties begin in a message of the kernel.
fn start_in_kernels(datagram: &[u8]) -> Option<usize> {
    let title = until_nul(datagram);
    title
        .windows(2)
        .any(|pair| pair == b"@/")
        .then_some(title.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::uevent::Action;

    /// A message of the kernel, as it was recorded.
    const KERNELS: &[u8] =
        b"add@/devices/virtual/mem/null\0ACTION=add\0DEVPATH=/devices/virtual/mem/null\0\
        SUBSYSTEM=mem\0SYNTH_UUID=0\0MAJOR=1\0MINOR=3\0DEVNAME=null\0DEVMODE=0666\0SEQNUM=1201\0";

    /// A message of udevd: the header with the sizes of itself and of the properties, four hashes for filters.
    fn udevds(properties: &[u8]) -> Vec<u8> {
        let length = u32::try_from(properties.len()).unwrap();
        let numbers = [40, 40, length, 0xc370_b302, 0, 7, 0].map(u32::to_ne_bytes);
        [UDEVD, &VERSION, &numbers.concat(), properties].concat()
    }

    fn event(message: Option<Message>) -> Uevent {
        message.unwrap().event.unwrap()
    }

    #[test]
    fn both_forms() {
        let expected = Uevent {
            action: Action::Added,
            path: b"/sys/devices/virtual/mem/null".to_vec(),
            old_path: None,
            number: 1201,
        };
        assert_eq!(event(parse(KERNELS)), expected);
        let title = until_nul(KERNELS).len() + 1;
        let message = udevds(&KERNELS[title..]);
        assert_eq!(event(parse(&message)), expected);
    }

    #[test]
    fn a_device_that_moved() {
        let moved = udevds(
            b"ACTION=move\0DEVPATH=/devices/virtual/net/b\0SUBSYSTEM=net\0SEQNUM=18446744073709551615\0\
            DEVPATH_OLD=/devices/virtual/net/a\0",
        );
        let expected = Uevent {
            action: Action::Moved,
            path: b"/sys/devices/virtual/net/b".to_vec(),
            old_path: Some(b"/sys/devices/virtual/net/a".to_vec()),
            number: u64::MAX,
        };
        assert_eq!(event(parse(&moved)), expected);
    }

    #[test]
    fn what_is_no_uevent_is_a_message_all_the_same() {
        for (action, path) in [
            ("bind", "/devices/virtual/mem/null"),
            ("offline", "/devices/virtual/mem/null"),
            ("add", "/module/null"),
            ("remove", "/devices/../../etc"),
        ] {
            let text = format!("ACTION={action}\0DEVPATH={path}\0SUBSYSTEM=x\0SEQNUM=5\0");
            let expected = Message {
                number: 5,
                event: None,
            };
            assert_eq!(parse(&udevds(text.as_bytes())), Some(expected));
        }
    }

    #[test]
    fn what_is_missing_or_nonsense_is_rejected() {
        let whole = "ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=x\0SEQNUM=5\0";
        assert!(parse(&udevds(whole.as_bytes())).is_some());
        for (part, other) in [
            ("ACTION=add\0", ""),
            ("ACTION=add", "ACTION=jump"),
            ("DEVPATH=/devices/x\0", ""),
            ("SUBSYSTEM=x\0", ""),
            ("SUBSYSTEM=x", "SUBSYSTEM="),
            ("SUBSYSTEM=x", "SUBSYSTEM"),
            ("SEQNUM=5\0", ""),
            ("SEQNUM=5", "SEQNUM=0"),
            ("SEQNUM=5", "SEQNUM=five"),
            ("SEQNUM=5\0", "SEQNUM=5"),
        ] {
            let text = whole.replace(part, other);
            assert_eq!(parse(&udevds(text.as_bytes())), None, "{part} {other}");
        }
        let good = udevds(whole.as_bytes());
        let mut other_version = good.clone();
        other_version[11] ^= 1;
        assert_eq!(parse(&other_version), None);
        for start in [0, 39, 41, 60, 1 << 20, u32::MAX] {
            let mut message = good.clone();
            message[16..20].copy_from_slice(&start.to_ne_bytes());
            assert_eq!(parse(&message), None, "{start}");
        }
        for title in [
            &b"add/devices/virtual/mem/null"[..],
            b"libudev",
            b"add@devices/virtual/mem/null",
        ] {
            let body = &KERNELS[until_nul(KERNELS).len()..];
            assert_eq!(parse(&[title, body].concat()), None);
        }
    }

    #[test]
    fn a_cut_message_is_no_message_or_a_shorter_one() {
        for message in [KERNELS.to_vec(), udevds(&KERNELS[30..])] {
            for length in 0..message.len() {
                // The number comes last.
                assert_eq!(parse(&message[..length]), None, "{length}");
            }
        }
    }

    #[test]
    fn a_value_ends_with_its_line() {
        let text = "ACTION=add\nx\0DEVPATH=/devices/x\r\0SUBSYSTEM=x\0SEQNUM=5\n\0";
        assert_eq!(
            event(parse(&udevds(text.as_bytes()))).path,
            b"/sys/devices/x"
        );
    }
}
