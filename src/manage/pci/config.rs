// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Configuration space for resets: which kinds of reset a function has, and which registers are restored after one
//! (PCI Local Bus Specification 3.0, 6.1, 6.7, 6.8; PCI Bus Power Management 1.2, 3.2; PCI Express Base Specification,
//! 7.5.3; Advanced Capabilities for Conventional PCI ECN).

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;
use rustix::io::{Errno, pread, pwrite};

use crate::caps::config_space::{find_capability, header_type, word};
use crate::caps::pci_express::ID_EXPRESS;
use crate::host::node::Node;

/// The size of the part that every function has, in bytes.
const SIZE: usize = 256;

const COMMAND: usize = 0x04;
const COMMAND_IO: u16 = 0x1;
const COMMAND_MEMORY: u16 = 0x2;
const BASE_ADDRESSES: usize = 0x10;
const BRIDGE_CONTROL: usize = 0x3e;
const SECONDARY_BUS_RESET: u16 = 0x40;

const ID_PM: u8 = 0x01;
const ID_MSI: u8 = 0x05;
const ID_MSIX: u8 = 0x11;
const ID_AF: u8 = 0x13;

const PM_CONTROL: usize = 4;
const PM_STATE: u16 = 0x0003;
const PM_NO_SOFT_RESET: u16 = 0x0008;
/// The PME status bit, which is cleared by writing 1.
const PM_STATUS: u16 = 0x8000;

/// Whether configuration space is that of a bridge that keeps everything below it in reset.
pub fn holds_bus_in_reset(config: &[u8]) -> bool {
    header_type(config) == Some(1)
        && word(config, BRIDGE_CONTROL) & u32::from(SECONDARY_BUS_RESET) != 0
}

/// A copy of the first 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(Vec<u8>);

impl Snapshot {
    /// A copy of these 256 bytes, for tests.
    #[cfg(test)]
    pub fn of(bytes: Vec<u8>) -> Snapshot {
        Snapshot(bytes)
    }

    /// One of an endpoint's six base address registers, including the bits for its kind.
    pub fn base_address(&self, number: usize) -> u32 {
        let at = BASE_ADDRESSES + 4 * number;
        u32::from_le_bytes([0, 1, 2, 3].map(|byte| self.0[at + byte]))
    }

    /// Whether the function decodes its base addresses, of ports or of memory (command register).
    pub fn decodes_addresses(&self) -> bool {
        self.word(COMMAND) & (COMMAND_IO | COMMAND_MEMORY) != 0
    }

    /// Whether it is an endpoint, and not a bridge or a function that does not answer.
    pub fn is_endpoint(&self) -> bool {
        header_type(&self.0) == Some(0)
    }

    /// Whether the function has function level reset, so that the kernel or VFIO can reset it alone.
    pub fn has_function_level_reset(&self) -> bool {
        let bit = |id, at, mask| {
            find_capability(&self.0, id).is_some_and(|start| word(&self.0, start + at) & mask != 0)
        };
        // Bit 28 of the Device Capabilities; bit 1 of the AF Capabilities.
        bit(ID_EXPRESS, 6, 1 << 12) || bit(ID_AF, 3, 1 << 1)
    }

    /// Offset and value of the PMCSR register; `None` if the function has none, or keeps its state on the way from
    /// D3hot to D0.
    fn power_control(&self) -> Option<(usize, u16)> {
        let at = find_capability(&self.0, ID_PM)? + PM_CONTROL;
        let control = self.word(at);
        (at + 2 <= SIZE && control & PM_NO_SOFT_RESET == 0).then_some((at, control))
    }

    fn word(&self, at: usize) -> u16 {
        word(&self.0, at) as u16
    }

    /// The registers to restore, in the order in which they are to be written: addresses before the bits that enable
    /// them. Status bits are left out, because writing clears them, and so are the registers of VPD, because writing
    /// there can change the data.
    fn registers(&self) -> Vec<Register> {
        // The base addresses and all that follows, in the kernel's order, which is from last to first; then cache
        // line and latency.
        let mut registers: Vec<Register> = (BASE_ADDRESSES..0x40)
            .step_by(4)
            .rev()
            .map(Register::dword)
            .collect();
        registers.push(Register::word(0x0c));
        if let Some(at) = find_capability(&self.0, ID_EXPRESS) {
            // Device Control and Link Control; since version 2 also Device Control 2 and Link Control 2.
            let version = self.word(at + 2) & 0xf;
            let controls: &[usize] = if version < 2 {
                &[0x08, 0x10]
            } else {
                &[0x08, 0x10, 0x28, 0x30]
            };
            registers.extend(controls.iter().map(|control| Register::word(at + control)));
        }
        if let Some(at) = find_capability(&self.0, ID_MSI) {
            let control = self.word(at + 2);
            // Address, data and mask; the address may have an upper half.
            let end = at
                + 4
                + 4
                + if control & 0x80 != 0 { 4 } else { 0 }
                + if control & 0x100 != 0 { 4 } else { 0 };
            registers.extend((at + 4..=end).step_by(4).map(Register::dword));
            registers.push(Register::word(at + 2));
        }
        if let Some(at) = find_capability(&self.0, ID_MSIX) {
            registers.push(Register::word(at + 2));
        }
        registers.push(Register::word(COMMAND));
        registers.retain(|register| register.at + register.size <= SIZE);
        registers
    }
}

/// A register of two or four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Register {
    at: usize,
    size: usize,
}

impl Register {
    fn word(at: usize) -> Register {
        Register { at, size: 2 }
    }

    fn dword(at: usize) -> Register {
        Register { at, size: 4 }
    }
}

/// The configuration space of a function of the running system, opened for reading and writing.
#[derive(Debug)]
pub struct Config(OwnedFd);

impl Config {
    /// Opens it. This does not access the function.
    pub fn open(node: &Node<'_>) -> io::Result<Config> {
        let files = &node.host.files;
        Ok(Config(
            files.open_to_change(&node.below("config"), OFlags::RDWR)?,
        ))
    }

    /// Reads the first 256 bytes.
    pub fn snapshot(&self) -> io::Result<Snapshot> {
        let mut bytes = vec![0; SIZE];
        match pread(&self.0, &mut bytes, 0)? {
            SIZE => Ok(Snapshot(bytes)),
            _ => Err(Errno::IO.into()),
        }
    }

    /// Whether the function answers with the same ids as before.
    pub fn answers_as(&self, before: &Snapshot) -> bool {
        let mut ids = [0; 4];
        let is_whole = pread(&self.0, &mut ids, 0) == Ok(ids.len());
        is_whole && ids != [0xff; 4] && ids == before.0[..4]
    }

    /// Restores the registers.
    pub fn restore(&self, before: &Snapshot) -> io::Result<()> {
        for Register { at, size } in before.registers() {
            self.write(at, &before.0[at..at + size])?;
        }
        Ok(())
    }

    /// Puts the function into D3hot and back into D0, with `pause` after each step; `None` if that would not reset it.
    pub fn cycle_power(&self, before: &Snapshot, pause: impl Fn()) -> Option<io::Result<()>> {
        let (at, control) = before.power_control()?;
        let awake = control & !(PM_STATE | PM_STATUS);
        Some(
            [awake | PM_STATE, awake]
                .into_iter()
                .try_for_each(|control| {
                    self.write(at, &control.to_le_bytes())?;
                    pause();
                    Ok(())
                }),
        )
    }

    /// Resets all functions below a bridge, with `pause` during the reset and after it.
    pub fn reset_secondary_bus(&self, pause: impl Fn()) -> io::Result<()> {
        let control = self.snapshot()?.word(BRIDGE_CONTROL) & !SECONDARY_BUS_RESET;
        let begun = self.write(
            BRIDGE_CONTROL,
            &(control | SECONDARY_BUS_RESET).to_le_bytes(),
        );
        pause();
        // Also if the first step failed, because a bus must not be left in reset.
        let ended = self.write(BRIDGE_CONTROL, &control.to_le_bytes());
        pause();
        begun.and(ended)
    }

    fn write(&self, at: usize, bytes: &[u8]) -> io::Result<()> {
        match pwrite(&self.0, bytes, at as u64)? {
            n if n == bytes.len() => Ok(()),
            _ => Err(Errno::IO.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::io::Write;

    /// An endpoint's configuration space, written by hand: power management at 0x40, MSI with 64-bit addresses and
    /// masks at 0x50, VPD at 0x70, Express version 2 at 0x80, MSI-X at 0xc0, AF at 0xd0.
    fn endpoint() -> Vec<u8> {
        let mut config: Vec<u8> = (0..=255).collect();
        let mut put = |at: usize, bytes: &[u8]| config[at..at + bytes.len()].copy_from_slice(bytes);
        put(0x00, &[0x86, 0x80, 0xd3, 0x10]);
        put(0x06, &[0x10, 0x00]); // there is a list of capabilities
        put(0x0e, &[0x80]); // an endpoint of several functions
        put(0x34, &[0x40]);
        put(0x40, &[0x01, 0x50, 0x03, 0x00, 0x00, 0x81]); // PME status and enable, D0
        put(0x50, &[0x05, 0x70, 0x81, 0x01]); // enabled, 64 bits, masks
        put(0x70, &[0x03, 0x80, 0x00, 0x80]);
        put(0x80, &[0x10, 0xc0, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00]);
        put(0xc0, &[0x11, 0xd0, 0x04, 0x80]);
        put(0xd0, &[0x13, 0x00, 0x06, 0x01]);
        config
    }

    fn file(bytes: &[u8]) -> Config {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Config(file.into())
    }

    fn content(config: &Config) -> Vec<u8> {
        config.snapshot().unwrap().0
    }

    #[test]
    fn endpoints_are_told_from_bridges_and_silence() {
        assert!(Snapshot(endpoint()).is_endpoint());
        for header in [0x01, 0x81, 0x02, 0xff] {
            let mut config = endpoint();
            config[0x0e] = header;
            assert!(!Snapshot(config).is_endpoint());
        }
    }

    #[test]
    fn both_capabilities_tell_of_function_level_reset() {
        let has = |config| Snapshot(config).has_function_level_reset();
        assert!(!has(endpoint()));
        let mut express = endpoint();
        express[0x87] = 0x10;
        assert!(has(express.clone()));
        express[0x06] = 0; // no list of capabilities
        assert!(!has(express));
        let mut af = endpoint();
        af[0xd3] = 0x03;
        assert!(has(af));
    }

    #[test]
    fn power_goes_to_d3hot_and_back_and_keeps_the_rest() {
        let config = file(&endpoint());
        let before = config.snapshot().unwrap();
        let seen = RefCell::new(Vec::new());
        let pause = || {
            seen.borrow_mut()
                .push(content(&config)[0x44..0x46].to_vec())
        };
        config.cycle_power(&before, pause).unwrap().unwrap();
        // PME enable stays; PME status, which a 1 would clear, is not written.
        assert_eq!(seen.into_inner(), [[0x03, 0x01], [0x00, 0x01]]);
        let mut after = endpoint();
        after[0x45] = 0x01;
        assert_eq!(content(&config), after);
    }

    #[test]
    fn power_resets_nothing_that_keeps_its_state() {
        let mut keeps = endpoint();
        keeps[0x44] |= 0x08;
        let mut without = endpoint();
        without[0x40] = 0x09;
        for bytes in [keeps, without] {
            let config = file(&bytes);
            let before = config.snapshot().unwrap();
            assert!(config.cycle_power(&before, || panic!("changed")).is_none());
            assert_eq!(content(&config), bytes);
        }
    }

    #[test]
    fn power_is_controlled_within_the_first_256_bytes() {
        for (start, expected) in [(0xb0, Some(0xb4)), (0xf8, Some(0xfc)), (0xfc, None)] {
            let mut config = endpoint();
            config[0x34] = start;
            config[usize::from(start)..].fill(0);
            config[usize::from(start)] = ID_PM;
            let found = Snapshot(config).power_control();
            assert_eq!(found, expected.map(|at| (at, 0)), "{start:#x}");
        }
    }

    #[test]
    fn what_was_set_up_is_put_back_and_nothing_else() {
        let before = Snapshot(endpoint());
        // After a reset all registers but the ids are 0.
        let mut reset = vec![0; SIZE];
        reset[..4].copy_from_slice(&before.0[..4]);
        let config = file(&reset);
        assert!(config.answers_as(&before));
        config.restore(&before).unwrap();
        let mut expected = reset;
        for range in [
            0x04..0x06, // Command, not Status
            0x0c..0x0e, // cache line and latency, not BIST
            0x10..0x40,
            0x52..0x64, // MSI: control, address, data, mask; not what is pending
            0x88..0x8a, // Device Control, not its status
            0x90..0x92,
            0xa8..0xaa,
            0xb0..0xb2,
            0xc2..0xc4,
        ] {
            expected[range.clone()].copy_from_slice(&before.0[range]);
        }
        assert_eq!(content(&config), expected);
    }

    #[test]
    fn addresses_are_put_back_before_they_are_enabled() {
        let registers = Snapshot(endpoint()).registers();
        let place = |at| registers.iter().position(|register| register.at == at);
        assert_eq!(place(COMMAND), Some(registers.len() - 1));
        for at in [0x54, 0x58, 0x5c, 0x60] {
            assert!(place(at).unwrap() < place(0x52).unwrap());
        }
        assert_eq!(
            (place(0x70), place(0x72), place(0x74)),
            (None, None, None),
            "VPD"
        );
    }

    #[test]
    fn the_form_of_msi_and_express_decides_on_registers() {
        let places = |config: Vec<u8>| -> Vec<usize> {
            let registers = Snapshot(config).registers();
            registers.iter().map(|register| register.at).collect()
        };
        let mut plain = endpoint();
        plain[0x52..0x54].copy_from_slice(&[0x01, 0x00]); // 32 bits, no masks
        plain[0x82] = 0x01; // Express version 1
        let plain = places(plain);
        assert!(plain.contains(&0x54) && plain.contains(&0x58));
        assert!(!plain.contains(&0x5c) && !plain.contains(&0x60));
        assert!(plain.contains(&0x90) && !plain.contains(&0xa8) && !plain.contains(&0xb0));
    }

    #[test]
    fn the_last_register_counts() {
        let mut config = endpoint();
        config[0x34] = 0xfc;
        config[0xfc..=0xfd].copy_from_slice(&[ID_MSIX, 0]);
        assert!(Snapshot(config).registers().contains(&Register::word(0xfe)));
    }

    #[test]
    fn capabilities_anywhere_stay_inside() {
        for id in [ID_PM, ID_MSI, ID_MSIX, ID_AF, ID_EXPRESS] {
            for start in 0x40..=0xff {
                let mut config = endpoint();
                config[0x34] = start;
                config[usize::from(start)..].fill(0xff);
                config[usize::from(start)] = id;
                let before = Snapshot(config.clone());
                before.has_function_level_reset();
                let file = file(&config);
                file.restore(&before).unwrap();
                let _ = file.cycle_power(&before, || ());
                assert_eq!(content(&file).len(), SIZE);
            }
        }
    }

    #[test]
    fn a_bus_is_reset_and_released() {
        let mut bridge = endpoint();
        bridge[0x3e..0x40].copy_from_slice(&[0x03, 0x00]);
        let config = file(&bridge);
        let seen = RefCell::new(Vec::new());
        let pause = || {
            seen.borrow_mut()
                .push(content(&config)[0x3e..0x40].to_vec())
        };
        config.reset_secondary_bus(pause).unwrap();
        assert_eq!(seen.into_inner(), [[0x43, 0x00], [0x03, 0x00]]);
        assert_eq!(content(&config), bridge);
    }

    #[test]
    fn another_function_or_none_is_no_answer() {
        let before = Snapshot(endpoint());
        assert!(!file(&[0xff; SIZE]).answers_as(&before));
        assert!(!file(&[0x86, 0x80, 0xd4, 0x10]).answers_as(&before));
        assert!(!file(&[]).answers_as(&before));
        assert!(file(&endpoint()).answers_as(&before));
        // One that did not answer before either, and one of which fewer bytes than its ids can be read.
        let silent = Snapshot(vec![0xff; SIZE]);
        assert!(!file(&[0xff; SIZE]).answers_as(&silent));
        let zeros = Snapshot(vec![0; SIZE]);
        assert!(!file(&[0; 3]).answers_as(&zeros));
        assert!(file(&endpoint()[..64]).snapshot().is_err());
    }
}
