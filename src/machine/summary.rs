// SPDX-License-Identifier: LGPL-2.1-or-later
//! What programs are told of a machine in numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::{self, Cell};
use super::meminfo;
use super::processors::{self, Processor};
use crate::error::Result;
use crate::host::architecture;
use crate::host::files::Files;

/// A machine in a few numbers. Sockets are those of a cell, cores those of a socket, threads those of a core. Where
/// they make another number of processors than there are, all are cores of one socket in one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What kind of processor it has.
    pub model: String,
    /// Its memory, in KiB.
    pub memory: u64,
    /// How many processors work.
    pub cpus: u32,
    /// How fast they are, in MHz; 0 where the kernel does not say.
    pub mhz: u32,
    /// How many NUMA cells it has.
    pub nodes: u32,
    /// Sockets of a cell.
    pub sockets: u32,
    /// Cores of a socket.
    pub cores: u32,
    /// Threads of a core.
    pub threads: u32,
}

/// How many processors there can be, and which of them work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessorMap {
    /// One more than the highest number.
    pub length: u32,
    /// Numbers of those that work.
    pub online: Vec<u32>,
}

impl Summary {
    /// That of the running system.
    pub fn read(files: &Files) -> Result<Summary> {
        let processors = processors::present(files)?.len() as u32;
        let cells = cells::read(files)?;
        let nodes = cells.len() as u32;
        let most = |count: fn(&Cell) -> u32| cells.iter().map(count).max().unwrap_or(0);
        let (sockets, cores) = (
            most(|cell| cores_by_socket(&cell.processors).len() as u32),
            most(|cell| {
                let sockets = cores_by_socket(&cell.processors);
                sockets.values().map(BTreeSet::len).max().unwrap_or(0) as u32
            }),
        );
        let threads = most(|cell| {
            let threads = cell.processors.iter().map(|cpu| cpu.siblings.len());
            threads.max().unwrap_or(0) as u32
        });
        let product = [nodes, sockets, cores, threads]
            .iter()
            .try_fold(1u32, |product, number| product.checked_mul(*number));
        let (nodes, sockets, cores, threads) = match product == Some(processors) {
            true => (nodes, sockets, cores, threads),
            false => (1, 1, processors, 1),
        };
        Ok(Summary {
            model: architecture(),
            memory: meminfo::of_machine(files)?.kib("MemTotal"),
            cpus: processors::online(files)?.len() as u32,
            mhz: processors::frequency(files)?,
            nodes,
            sockets,
            cores,
            threads,
        })
    }
}

/// The cores of each socket, by its number: die and core.
fn cores_by_socket(processors: &[Processor]) -> BTreeMap<u32, BTreeSet<(u32, u32)>> {
    let mut sockets: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for cpu in processors {
        let cores = sockets.entry(cpu.socket).or_default();
        cores.insert((cpu.die, cpu.core));
    }
    sockets
}
