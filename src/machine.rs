// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The machine whose devices these are: its processors, memory and NUMA cells, as programs ask for them before they come
//! to devices.

pub mod capabilities;
pub mod cells;
pub mod meminfo;
pub mod number_list;
pub mod processors;
pub mod summary;
pub mod written;

use crate::error::{Code, Domain, Error, Result};
use crate::host::architecture;
use crate::host::files::Files;
use crate::host::found::Found;
use capabilities::Capabilities;
use processors::Counts;
use summary::{ProcessorMap, Summary, Topology};
use written::Written;

/// Where the numbers of a machine come from.
#[derive(Debug)]
pub enum Machine {
    /// The files of the running system.
    Host(Files),
    /// What the test driver says.
    Written(Written),
}

impl Machine {
    /// The machine in a few numbers.
    pub fn summary(&self) -> Result<Summary> {
        match self {
            Machine::Host(files) => Summary::read(files),
            Machine::Written(written) => Ok(written.summary.clone()),
        }
    }

    /// The memory that nothing uses, in bytes; code 1 where the kernel does not say. The test driver has an error without a
    /// cause where a file says nothing of cells.
    pub fn free_memory(&self) -> Result<u64> {
        match self {
            Machine::Host(files) => match meminfo::of_machine(files)?.kib("MemFree") {
                0 => {
                    let what = "/proc/meminfo does not say how much memory is free";
                    Err(Error::new(Code::InternalError, what).in_domain(Domain::None))
                }
                kib => Ok(kib * 1024),
            },
            Machine::Written(written) => written.free_memory().ok_or_else(Error::unknown),
        }
    }

    /// Which processors there are.
    pub fn processor_map(&self) -> Result<ProcessorMap> {
        match self {
            Machine::Host(files) => Ok(ProcessorMap {
                length: (processors::present(files)?.last()).map_or(0, |last| last + 1),
                online: processors::online(files)?,
            }),
            Machine::Written(_) => Ok(written::processor_map()),
        }
    }

    /// How many processors a virtual machine can have: as many as the host has, as there is no hypervisor to ask.
    pub fn max_vcpus(&self) -> Result<u32> {
        match self {
            Machine::Host(_) => Ok(self.processor_map()?.length),
            Machine::Written(_) => Ok(written::MAX_VCPUS),
        }
    }

    /// The number of the last NUMA cell.
    pub fn last_cell(&self) -> Result<u32> {
        match self {
            Machine::Host(files) => Ok(cells::ids(files)?.last().copied().unwrap_or(0)),
            Machine::Written(written) => Ok(written.cells.len().saturating_sub(1) as u32),
        }
    }

    /// What the memory of the machine, or of one cell, is used for, in KiB; nothing for a cell that is not there. The test
    /// driver cannot tell.
    pub fn memory_counts(&self, cell: Option<u32>) -> Found<Counts> {
        let Machine::Host(files) = self else {
            return Ok(None);
        };
        let (info, names): (_, &[_]) = match cell {
            None => (
                Some(meminfo::of_machine(files)?),
                &[
                    ("total", "MemTotal"),
                    ("free", "MemFree"),
                    ("buffers", "Buffers"),
                    ("cached", "Cached"),
                ],
            ),
            Some(cell) => (
                cells::memory(files, cell)?,
                &[("total", "MemTotal"), ("free", "MemFree")],
            ),
        };
        let counts = |info: meminfo::Meminfo| {
            let names = names.iter();
            names.map(|(name, key)| (*name, info.kib(key))).collect()
        };
        Ok(info.map(counts))
    }

    /// What all processors, or one of them, spent their time on, in nanoseconds; nothing for one that is not there.
    pub fn processor_counts(&self, number: Option<u32>) -> Found<Counts> {
        match self {
            Machine::Host(files) => processors::times(files, number),
            Machine::Written(_) => Ok(Some(written::PROCESSOR_COUNTS.to_vec())),
        }
    }

    /// The free memory of at most `max` cells from `first` on, in bytes.
    pub fn free_memory_of_cells(&self, first: u32, max: u32) -> Result<Vec<u64>> {
        match self {
            Machine::Host(files) => {
                let last = self.last_cell()?;
                if first > last {
                    let what = format!("start cell {first} out of range (0-{last})");
                    return Err(Error::new(Code::InternalError, what).in_domain(Domain::None));
                }
                let cells = first..=last.min(first.saturating_add(max - 1));
                cells
                    .map(|cell| {
                        let info = cells::memory(files, cell)?;
                        Ok(info.map_or(0, |info| info.kib("MemFree") * 1024))
                    })
                    .collect()
            }
            Machine::Written(written) => {
                // libvirt's test driver has all of their memory here, and in KiB.
                let cells = written.cells.iter().skip(first as usize);
                let free: Vec<_> = cells.take(max as usize).map(|cell| cell.memory).collect();
                match free.is_empty() {
                    false => Ok(free),
                    true => Err(written::error(
                        Code::InvalidArg,
                        "Range exceeds available cells",
                    )),
                }
            }
        }
    }

    /// The document that says what the machine is.
    pub fn capabilities(&self) -> Result<String> {
        let capabilities = match self {
            Machine::Host(files) => {
                let cells = cells::read(files)?;
                Capabilities {
                    architecture: architecture(),
                    features: &[],
                    pages: cells::page_sizes(files)?,
                    topology: Some(Topology::read(files, &cells)?),
                    has_iommu: (files.entries(b"/sys/kernel/iommu_groups")?)
                        .is_some_and(|groups| !groups.is_empty()),
                    cells,
                }
            }
            Machine::Written(written) => written.capabilities(),
        };
        Ok(capabilities.to_xml())
    }
}

#[cfg(test)]
mod tests;
