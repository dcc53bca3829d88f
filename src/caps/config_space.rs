// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The header of PCI configuration space and the list of capabilities behind it (PCI Local Bus Specification 3.0, 6.1 and 6.7).

/// The low byte of the register Status.
pub const STATUS: usize = 0x06;
/// Its bit for a list of capabilities.
pub const STATUS_CAPABILITIES: u8 = 0x10;
const HEADER_TYPE: usize = 0x0e;
/// The pointer to the first capability.
pub const CAPABILITIES: usize = 0x34;
/// Where the standard header ends, in bytes: capabilities lie behind it.
pub const HEADER_END: usize = 0x40;
/// The pointer that is read where the kernel gives no access.
const NO_ACCESS: usize = 0xff;

/// Whether the function answered. A function that fell off its bus, or has no power, reads as all ones, and no
/// header layout is above 2. The ids cannot tell: those of a virtual function are all ones (SR-IOV 1.1, 3.4.1.1).
pub fn answers(config: &[u8]) -> bool {
    header_type(config).is_none_or(|layout| layout <= 2)
}

/// The header layout, without the multi-function bit: 0 endpoint, 1 PCI bridge, 2 CardBus bridge. `None` if
/// `config` is too short.
pub fn header_type(config: &[u8]) -> Option<u8> {
    Some(config.get(HEADER_TYPE)? & 0x7f)
}

/// The register of two bytes at this offset, little-endian; bytes behind the end of `config` are 0.
pub fn word(config: &[u8], at: usize) -> u32 {
    let byte = |at: usize| u32::from(config.get(at).copied().unwrap_or(0));
    byte(at) | byte(at + 1) << 8
}

/// The offset of the capability with this ID. `None` if there is no list of capabilities, if it leads outside
/// of `config`, or does not have this one.
pub fn find_capability(config: &[u8], id: u8) -> Option<usize> {
    if config.get(STATUS)? & STATUS_CAPABILITIES == 0 {
        return None;
    }
    let mut at = usize::from(*config.get(CAPABILITIES)?);
    // A list of at most 48 capabilities of 4 bytes fits; a longer one is a circle.
    for _ in 0..48 {
        if at < HEADER_END || at == NO_ACCESS {
            return None;
        }
        match config.get(at..at + 2)? {
            [found, _] if *found == id => return Some(at),
            [_, next] => at = usize::from(*next),
            _ => return None,
        }
    }
    None
}
