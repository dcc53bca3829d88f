// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Compares a function's base addresses with those that the kernel gave it (kernel: Documentation/PCI/sysfs-pci.rst and
//! include/linux/ioport.h; PCI Local Bus Specification 3.0, 6.2.5.1).

use super::config::Snapshot;
use crate::text;

const COUNT: usize = 6;

const IO: u64 = 0x100;
const MEMORY: u64 = 0x200;
const MEMORY_64: u64 = 0x0010_0000;
/// Flags of addresses that are not in base address registers (fixed ones, those of Enhanced Allocation), or not
/// assigned.
const ELSEWHERE: u64 = 0x10 | 0x20 | 0x2000_0000;

/// Whether an address is the same on the bus and for the processor. On other architectures sysfs has only that for the
/// processor.
const IS_ONE_SPACE: bool = cfg!(any(target_arch = "x86", target_arch = "x86_64"));

/// A base address that differs from the kernel's.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the base address register, 0 to 5.
    pub number: usize,
    /// The address in configuration space.
    pub found: u64,
    /// The address that the kernel gave.
    pub given: u64,
}

/// The first base address that differs from the one in the file `resource`. If addresses on the bus and for the
/// processor may differ, only a memory address of 0 counts, as after a reset.
pub fn difference(resource: &[u8], config: &Snapshot) -> Option<Difference> {
    difference_in(resource, config, IS_ONE_SPACE)
}

/// Whether a function has addresses but decodes neither ports nor memory. While a function is used, the kernel has it
/// decode them.
pub fn decodes_nothing(resource: &[u8], config: &Snapshot) -> bool {
    let mut lines = resource.split(|&b| b == b'\n').take(COUNT);
    let has_address = lines.any(|line| {
        start_and_flags(line).is_some_and(|(start, flags)| start != 0 && flags & (IO | MEMORY) != 0)
    });
    has_address && !config.decodes_addresses()
}

fn difference_in(resource: &[u8], config: &Snapshot, is_one_space: bool) -> Option<Difference> {
    let lines = resource.split(|&b| b == b'\n').take(COUNT).enumerate();
    let differing = lines.filter_map(|(number, line)| {
        let (given, flags) = start_and_flags(line)?;
        let low = u64::from(config.base_address(number));
        let found = match flags & (IO | MEMORY) {
            IO if is_one_space => low & !0x3,
            // The last of the six has no upper half.
            MEMORY if flags & MEMORY_64 != 0 && number + 1 < COUNT => {
                u64::from(config.base_address(number + 1)) << 32 | low & !0xf
            }
            MEMORY => low & !0xf,
            _ => return None,
        };
        let is_same = found == given || !is_one_space && found != 0;
        (given != 0 && flags & ELSEWHERE == 0 && !is_same).then_some(Difference {
            number,
            found,
            given,
        })
    });
    differing.into_iter().next()
}

/// The first and third of the three numbers in a line: start and flags.
fn start_and_flags(line: &[u8]) -> Option<(u64, u64)> {
    let mut words = line.split(u8::is_ascii_whitespace);
    let mut number = || text::parse_u64(words.next()?, 16);
    let (start, _end, flags) = (number()?, number()?, number()?);
    Some((start, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A NIC as `lspci -b` and `resource` show it: 32 bits of memory, ports, memory of 64 bits.
    const RESOURCE: &str = "\
        0x00000000fe440000 0x00000000fe45ffff 0x0000000000040200\n\
        0x0000000000003000 0x000000000000301f 0x0000000000040101\n\
        0x0000000000000000 0x0000000000000000 0x0000000000000000\n\
        0x0000003800100000 0x00000038001fffff 0x000000000014220c\n\
        0x0000000000000000 0x0000000000000000 0x0000000000000000\n\
        0x0000000000000000 0x0000000000000000 0x0000000000000000\n\
        0x00000000fe400000 0x00000000fe43ffff 0x000000000004e200\n";
    const ADDRESSES: [u32; 6] = [0xfe44_0000, 0x3001, 0, 0x0010_000c, 0x38, 0];

    fn config(addresses: [u32; 6]) -> Snapshot {
        let mut bytes = vec![0; 256];
        for (number, address) in addresses.iter().enumerate() {
            let at = 0x10 + 4 * number;
            bytes[at..at + 4].copy_from_slice(&address.to_le_bytes());
        }
        Snapshot::of(bytes)
    }

    fn with(number: usize, value: u32) -> Snapshot {
        let mut addresses = ADDRESSES;
        addresses[number] = value;
        config(addresses)
    }

    #[test]
    fn each_base_address_is_compared() {
        let differs = |config| difference_in(RESOURCE.as_bytes(), &config, true);
        assert_eq!(differs(config(ADDRESSES)), None);
        for (number, value, found, given) in [
            (0, 0, 0, 0xfe44_0000),
            (0, 0xfe45_0000, 0xfe45_0000, 0xfe44_0000),
            (1, 1, 0, 0x3000),
            (3, 0xc, 0x38_0000_0000, 0x38_0010_0000),
        ] {
            let expected = Difference {
                number,
                found,
                given,
            };
            assert_eq!(differs(with(number, value)), Some(expected));
        }
        let upper = differs(with(4, 0)).unwrap();
        assert_eq!((upper.number, upper.found), (3, 0x10_0000));
        // Nothing is there.
        assert_eq!(differs(with(5, 0xffff_fff0)), None);
    }

    /// An address of 64 bits has its upper half in the next register, which the last one of the six does not have: behind it
    /// is the pointer to CardBus information (PCI Local Bus Specification 3.0, 6.2.5 and 6.1).
    #[test]
    fn the_upper_half_is_in_the_next_base_address() {
        let resource = |number: usize, start: u64| {
            let none = "0x0 0x0 0x0\n".repeat(number);
            format!("{none}{start:#x} {start:#x} 0x14220c\n")
        };
        let mut bytes = vec![0; 256];
        bytes[0x10..0x18].copy_from_slice(&0x38_0010_000c_u64.to_le_bytes());
        bytes[0x24..0x2c].copy_from_slice(&0x77_fe40_000c_u64.to_le_bytes());
        let config = Snapshot::of(bytes);
        for (number, start) in [(0, 0x38_0010_0000), (5, 0xfe40_0000)] {
            let text = resource(number, start);
            assert_eq!(difference_in(text.as_bytes(), &config, true), None);
            let text = resource(number, start + 0x1000_0000);
            assert!(difference_in(text.as_bytes(), &config, true).is_some());
        }
    }

    #[test]
    fn a_function_with_addresses_hears_them() {
        let with_command = |command| {
            let mut bytes = vec![0; 256];
            bytes[4] = command;
            Snapshot::of(bytes)
        };
        for (command, deaf) in [
            (0, true),
            (0x4, true),
            (0x1, false),
            (0x2, false),
            (0x7, false),
        ] {
            assert_eq!(
                decodes_nothing(RESOURCE.as_bytes(), &with_command(command)),
                deaf
            );
        }
        // No address, or a resource that is neither ports nor memory.
        for without in [
            "0x0000000000000000 0x0000000000000000 0x0000000000000000\n",
            "0x0000000000000000 0x0000000000000000 0x0000000000040200\n",
            "0x0000000000001000 0x0000000000001fff 0x0000000000000400\n",
        ] {
            assert!(!decodes_nothing(without.as_bytes(), &with_command(0)));
        }
    }

    #[test]
    fn where_the_bus_counts_otherwise_zeros_are_found() {
        let differs = |config| difference_in(RESOURCE.as_bytes(), &config, false);
        for same in [config(ADDRESSES), with(0, 0x4000_0000), with(1, 1)] {
            assert_eq!(differs(same), None);
        }
        assert_eq!(differs(with(0, 0)).unwrap().number, 0);
    }

    #[test]
    fn addresses_that_are_kept_elsewhere_are_not_compared() {
        let zero = config([0; 6]);
        for flags in ["0x40210", "0x40220", "0x20040200", "0x0", "0x1000"] {
            let line = format!("0xfe440000 0xfe45ffff {flags}\n");
            assert_eq!(difference_in(line.as_bytes(), &zero, true), None, "{flags}");
        }
        for text in ["", "\n", "0xfe440000", "x y z", "0xfe440000 0xfe45ffff"] {
            assert_eq!(difference_in(text.as_bytes(), &zero, true), None, "{text}");
        }
    }
}
