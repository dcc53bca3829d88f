// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What the kernel answers by generic netlink, its names for the features of interfaces, and its messages about interfaces.

use virnodedev::host::devlink::{Reply, find_reply, number};
use virnodedev::host::ethtool::features::masks_of;
use virnodedev::host::links::links_in;

pub fn run(bytes: &[u8]) {
    let Some((&[kind, low, high, sequence], datagram)) = bytes.split_first_chunk() else {
        return;
    };
    let family = u16::from_ne_bytes([low, high]);
    if let Some(Reply::Attributes(attributes)) = find_reply(datagram, family, sequence.into()) {
        assert!(attributes.len() + 20 <= datagram.len());
        let value = number(&attributes, kind.into());
        assert!(value.is_none() || attributes.len() >= 6);
    }
    let names: Vec<[u8; 32]> = datagram
        .chunks(32)
        .map(|chunk| {
            let mut name = [0; 32];
            name[..chunk.len()].copy_from_slice(chunk);
            name
        })
        .collect();
    if let Some(masks) = masks_of(&names) {
        assert!(masks.iter().all(|mask| *mask != 0));
    }
    for link in links_in(datagram) {
        assert!(!link.interface.is_empty() && !link.interface.contains(&0));
        assert!(link.address.iter().all(|b| b.is_ascii_hexdigit() || *b == b':'));
    }
}
