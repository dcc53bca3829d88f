// SPDX-License-Identifier: LGPL-2.1-or-later
//! Configuration space as a reset needs it: what ways of reset it names, and which registers are to be
//! put back after one (PCI Local Bus Specification 3.0, 6.1, 6.7, 6.8; PCI Bus Power Management 1.2, 3.2;
//! PCI Express Base Specification, 7.5.3; Advanced Capabilities for Conventional PCI ECN).

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::OFlags;
use rustix::io::{Errno, pread, pwrite};

use crate::caps::pci_express::{ID_EXPRESS, find_capability, header_type, word};
use crate::host::node::Node;

/// The part that every function has.
const SIZE: usize = 256;

const COMMAND: usize = 0x04;
const BRIDGE_CONTROL: usize = 0x3e;
const SECONDARY_BUS_RESET: u16 = 0x40;

const ID_PM: u8 = 0x01;
const ID_MSI: u8 = 0x05;
const ID_MSIX: u8 = 0x11;
const ID_AF: u8 = 0x13;

const PM_CONTROL: usize = 4;
const PM_STATE: u16 = 0x0003;
const PM_NO_SOFT_RESET: u16 = 0x0008;
/// Written as 1, it would be cleared.
const PM_STATUS: u16 = 0x8000;

/// What the first 256 bytes were at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(Vec<u8>);

impl Snapshot {
    /// Whether it is an endpoint: not a bridge, nor anything that does not answer.
    pub fn is_endpoint(&self) -> bool {
        header_type(&self.0) == Some(0)
    }

    /// Whether the kernel, or VFIO, can reset this function alone.
    pub fn has_function_level_reset(&self) -> bool {
        let bit = |id, at, mask| {
            find_capability(&self.0, id).is_some_and(|start| word(&self.0, start + at) & mask != 0)
        };
        // Bit 28 of the Device Capabilities; bit 1 of the AF Capabilities.
        bit(ID_EXPRESS, 6, 1 << 12) || bit(ID_AF, 3, 1 << 1)
    }

    /// The PMCSR register of a function that forgets its state on the way from D3hot to D0.
    fn power_control(&self) -> Option<(usize, u16)> {
        let at = find_capability(&self.0, ID_PM)? + PM_CONTROL;
        let control = self.word(at);
        (at + 2 <= SIZE && control & PM_NO_SOFT_RESET == 0).then_some((at, control))
    }

    fn word(&self, at: usize) -> u16 {
        word(&self.0, at) as u16
    }

    /// The registers that hold what was set up, in the order in which they are to be written: addresses before
    /// what enables them. Not among them: status bits, which writing clears; VPD's, where writing can mean to write VPD.
    fn registers(&self) -> Vec<Register> {
        // The base addresses and what follows them, backwards as the kernel does; cache line and latency.
        let mut registers: Vec<Register> =
            (0x10..0x40).step_by(4).rev().map(Register::dword).collect();
        registers.push(Register::word(0x0c));
        if let Some(at) = find_capability(&self.0, ID_EXPRESS) {
            // Device and Link Control, and their second ones since version 2.
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

/// Configuration space of a function of the running system, to be changed.
#[derive(Debug)]
pub struct Config(OwnedFd);

impl Config {
    /// Opens it; this alone does not touch the function.
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

    /// Whether the function answers, and is the one that it was.
    pub fn answers_as(&self, before: &Snapshot) -> bool {
        let mut ids = [0; 4];
        let is_whole = pread(&self.0, &mut ids, 0) == Ok(ids.len());
        is_whole && ids != [0xff; 4] && ids == before.0[..4]
    }

    /// Puts back what was set up.
    pub fn restore(&self, before: &Snapshot) -> io::Result<()> {
        for Register { at, size } in before.registers() {
            self.write(at, &before.0[at..at + size])?;
        }
        Ok(())
    }

    /// Sends the function to D3hot and back, with `pause` after each step; `None` where that resets nothing.
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

    /// Resets everything below a bridge, with `pause` while the reset lasts and after it.
    pub fn reset_secondary_bus(&self, pause: impl Fn()) -> io::Result<()> {
        let control = self.snapshot()?.word(BRIDGE_CONTROL) & !SECONDARY_BUS_RESET;
        let begun = self.write(
            BRIDGE_CONTROL,
            &(control | SECONDARY_BUS_RESET).to_le_bytes(),
        );
        pause();
        // Even where the first step failed: a bus must not be left in reset.
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

