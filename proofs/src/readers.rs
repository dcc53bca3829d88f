// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What is read of hostile bytes: PCI configuration space, vital product data, messages of netlink.

use no_panic::no_panic;

#[path = "../../src/caps/config_space.rs"]
mod config_space;
#[path = "../../src/caps/vpd/image.rs"]
mod image;
#[path = "../../src/host/netlink.rs"]
mod netlink;

// Each function with no_panic is built only if the compiler can show that no input of any length makes it panic, an overflow
// included: else the linker misses a symbol.

/// The header, and a capability with the two words that are looked at behind it.
#[no_panic]
pub fn read_config_space(config: &[u8], id: u8) -> Option<u32> {
    let header = config_space::header_type(config)?;
    let at = config_space::find_capability(config, id)?;
    let word = config_space::word(config, at) ^ config_space::word(config, at + 2);
    Some(word ^ u32::from(header) ^ u32::from(config_space::answers(config)))
}

/// All attributes: how many there are, and their types and bytes.
#[no_panic]
pub fn walk_attributes(bytes: &[u8]) -> (usize, u32) {
    netlink::attributes(bytes).fold((0, 0), |(count, seen), (kind, value)| {
        let read = value.first().copied().unwrap_or_default();
        (usize::wrapping_add(count, 1), seen ^ u32::from(kind) ^ u32::from(read))
    })
}

/// All messages and the attributes in them.
#[no_panic]
pub fn walk_messages(datagram: &[u8]) -> (usize, u32) {
    netlink::messages(datagram).fold((0, 0), |(count, seen), message| {
        let inner = walk_attributes(message.payload).1;
        (usize::wrapping_add(count, 1), seen ^ u32::from(message.kind) ^ message.sequence ^ inner)
    })
}

/// Every list of which three pointers are followed, to a fourth entry at most (a pointer that is met again makes a circle),
/// the ID at any of them or at none. Beside it a walk that remembers where it was. Returns how many lists there were.
pub fn every_list_of_capabilities() -> usize {
    const ID: u8 = 0x10;
    let mut count = 0;
    let mut config = [0u8; 276];
    config[6] = 0x10;
    for pointers in 0..1u32 << 24 {
        let [first, second, third, _] = pointers.to_le_bytes();
        let with_id = [None, Some(first), Some(second), Some(third)];
        for holder in with_id {
            config[0x34] = first;
            config[usize::from(first) + 1] = second;
            config[usize::from(second) + 1] = third;
            if let Some(holder) = holder {
                config[usize::from(holder)] = ID;
            }
            assert_eq!(config_space::find_capability(&config, ID), walk(&config, ID));
            count += 1;
            for at in [first, second, third] {
                config[usize::from(at)..usize::from(at) + 2].fill(0);
            }
            config[6] = 0x10;
            config[0x34] = 0;
        }
    }
    count
}

/// The offset of a capability, by the words of the specification: from pointer to pointer until one is outside of the device's
/// part, or was met before.
fn walk(config: &[u8; 276], id: u8) -> Option<usize> {
    let mut met = [false; 256];
    let mut at = usize::from(config[0x34]);
    while config[6] & 0x10 != 0 && (0x40..0xff).contains(&at) && !met[at] {
        if config[at] == id {
            return Some(at);
        }
        met[at] = true;
        at = usize::from(config[at + 1]);
    }
    None
}

/// A list as long as can be, cut at each length: 48 entries, and 49 of which the last is not reached.
pub fn every_cut_of_a_long_list() {
    let mut config = [0u8; 276];
    config[6] = 0x10;
    config[0x34] = 0x40;
    for at in (0x40..=0xfc).step_by(4) {
        config[at..at + 2].copy_from_slice(&[1, if at == 0xfc { 0 } else { at as u8 + 4 }]);
    }
    config[0xfc] = 0x10;
    for end in 0..=config.len() {
        let found = config_space::find_capability(&config[..end], 0x10);
        assert_eq!(found, (end >= 0xfe).then_some(0xfc));
    }
}

/// Each step of a walk over attributes or messages depends on the bytes that are left alone. So it is looked at alone: for each
/// length of what is left up to `longest`, each length that the header can say (for messages all up to `longest` + 8 and those
/// beside each power of two), whether the step ends the walk or takes bytes off the front that are there, with the value within.
pub fn every_step_of_netlink(longest: usize) -> usize {
    let mut count = 0;
    for left in 0..=longest {
        let mut bytes = vec![0xa5u8; left];
        for said in 0..=u16::MAX {
            let header = said.to_ne_bytes();
            let known = left.min(2);
            bytes[..known].copy_from_slice(&header[..known]);
            let said = usize::from(said);
            let first = netlink::attributes(&bytes).next();
            let is_whole = left >= 4 && said >= 4 && said <= left;
            assert_eq!(first.map(|(_, value)| value), is_whole.then(|| &bytes[4..said]));
            count += 1;
        }
        let near = (0..32).flat_map(|bit| [(1u32 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        for said in (0..=longest as u32 + 8).chain(near).chain([u32::MAX - 3, u32::MAX - 1, u32::MAX]) {
            let header = said.to_ne_bytes();
            let known = left.min(4);
            bytes[..known].copy_from_slice(&header[..known]);
            let said = said as usize;
            let first = netlink::messages(&bytes).next();
            let is_whole = left >= 16 && said >= 16 && said <= left;
            assert_eq!(first.map(|message| message.payload), is_whole.then(|| &bytes[16..said]));
            count += 1;
        }
        // A header that repeats: the walk ends after as many attributes as there is room for.
        bytes.fill(0);
        bytes.iter_mut().step_by(4).for_each(|byte| *byte = 4);
        if cfg!(target_endian = "little") {
            assert_eq!(walk_attributes(&bytes).0, left / 4);
        }
    }
    count
}

fn judge_image(bytes: &[u8]) {
    let vpd = image::parse(bytes);
    let replaced = image::replace_texts(bytes, |_, text| vec![b'x'; text.len()]);
    assert_eq!(replaced.len(), bytes.len());
    match vpd {
        None => assert_eq!(replaced, bytes),
        Some(vpd) => {
            let again = image::parse(&replaced).expect("still well-formed");
            assert_eq!(again.read_only.is_some(), vpd.read_only.is_some());
            let fields = vpd.read_only.into_iter();
            let texts = fields.flat_map(|fields| [fields.change_level, fields.manufacture_id, fields.part_number, fields.serial_number]);
            for text in texts.flatten().chain(vpd.name) {
                assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }
}

/// Every image of vital product data up to `longest` bytes of those that the reader tells apart: tags, lengths, keywords, white
/// space, a letter, what is no text. Returns how many there were.
pub fn every_short_image(longest: u32) -> usize {
    const BYTES: &[u8] = b"\x00\x01\x02\x03\x04\x78\x80\x82\x90\x91\xffRVWSN";
    let mut count = 0;
    let mut bytes = Vec::new();
    for length in 0..=longest {
        for mut number in 0..BYTES.len().pow(length) {
            bytes.clear();
            for _ in 0..length {
                bytes.push(BYTES[number % BYTES.len()]);
                number /= BYTES.len();
            }
            judge_image(&bytes);
            count += 1;
        }
    }
    count
}

/// Every read-only section of two fields: each keyword that is known and one that is not, lengths from 0 to 3 and one that is
/// too long, each text of two bytes of the classes that the reader tells apart, with the right checksum and with each wrong one,
/// cut at each byte. Returns how many images there were.
pub fn every_small_section() -> usize {
    const KEYWORDS: [&[u8; 2]; 10] = [b"EC", b"MN", b"PN", b"SN", b"V0", b"YA", b"CP", b"RV", b"RW", b"??"];
    const TEXTS: [&[u8]; 8] = [b"", b"a", b" a", b"a ", b"\0a", b"\x80", b"  ", b"ab\t"];
    let mut count = 0;
    for first in KEYWORDS {
        for one in TEXTS {
            for second in KEYWORDS {
                for two in TEXTS {
                    let mut image = vec![0x90, 0, 0];
                    for (keyword, text) in [(first, one), (second, two)] {
                        image.extend([keyword[0], keyword[1], text.len() as u8]);
                        image.extend(text);
                    }
                    image.extend(b"RV\x01");
                    image[1] = (image.len() + 1 - 3) as u8;
                    let sum = image.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
                    for wrong in [0u8, 1, 0x80, 0xff] {
                        let mut whole = image.clone();
                        whole.extend([wrong.wrapping_sub(sum), 0x78]);
                        for end in 0..=whole.len() {
                            judge_image(&whole[..end]);
                            count += 1;
                        }
                        let has_closer = [first, second].iter().any(|keyword| matches!(*keyword, b"RV" | b"RW"));
                        if !has_closer {
                            assert_eq!(image::parse(&whole).is_some(), wrong == 0);
                        }
                    }
                }
            }
        }
    }
    count
}
