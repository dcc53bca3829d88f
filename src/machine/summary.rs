// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What programs are told of a machine in numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::{self, Cell};
use super::meminfo;
use super::processors::{self, Processor};
use crate::error::Result;
use crate::host::architecture;
use crate::host::files::Files;

/// A machine in a few numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What kind of processor it has.
    pub model: String,
    /// Its memory, in KiB; 0 where the kernel does not say.
    pub memory: u64,
    /// How many processors work.
    pub cpus: u32,
    /// How fast they are, in MHz; 0 where the kernel does not say.
    pub mhz: u32,
    /// How its processors are arranged.
    pub topology: Topology,
}

/// How processors are arranged. Where cells, sockets, cores and threads make another number of processors than there are,
/// all are cores of one socket in one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// How many NUMA cells there are.
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
        Ok(Summary {
            model: architecture(),
            memory: meminfo::of_machine(files)?.kib("MemTotal"),
            cpus: processors::online(files)?.len() as u32,
            mhz: processors::frequency(files)?,
            topology: Topology::read(files, &cells::read(files)?)?,
        })
    }
}

impl Topology {
    /// That of the running system, which has these cells.
    pub fn read(files: &Files, cells: &[Cell]) -> Result<Topology> {
        let processors = processors::present(files)?.len() as u32;
        let most = |count: fn(&Cell) -> u32| cells.iter().map(count).max().unwrap_or(0);
        let topology = Topology {
            nodes: cells.len() as u32,
            sockets: most(|cell| cores_by_socket(&cell.processors).len() as u32),
            cores: most(|cell| {
                let sockets = cores_by_socket(&cell.processors);
                sockets.values().map(BTreeSet::len).max().unwrap_or(0) as u32
            }),
            threads: most(|cell| {
                let threads = cell.processors.iter().map(|cpu| cpu.siblings.len());
                threads.max().unwrap_or(0) as u32
            }),
        };
        Ok(match topology.product() == Some(processors) {
            true => topology,
            false => Topology {
                nodes: 1,
                sockets: 1,
                cores: processors,
                threads: 1,
            },
        })
    }

    /// How many processors that makes; `None` for more than can be counted.
    fn product(&self) -> Option<u32> {
        let numbers = [self.sockets, self.cores, self.threads];
        let mut numbers = numbers.iter();
        numbers.try_fold(self.nodes, |product, number| product.checked_mul(*number))
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
