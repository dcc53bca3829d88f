// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! NUMA cells: the memory and the processors that are near each other (kernel:
//! Documentation/ABI/stable/sysfs-devices-node, Documentation/admin-guide/mm/hugetlbpage.rst).

use super::meminfo::{self, Meminfo};
use super::number_list;
use super::processors::{self, Processor};
use crate::error::Result;
use crate::host::files::{Files, Joined, join};
use crate::host::found::Found;
use crate::host::page_size;
use crate::text;

/// Where the kernel has a folder for each.
const FOLDER: &[u8] = b"/sys/devices/system/node";

/// A NUMA cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its number.
    pub id: u32,
    /// Its memory, in KiB.
    pub memory: u64,
    /// Sizes of pages, in KiB, and how many there are of each.
    pub pages: Vec<(u64, u64)>,
    /// How far it is to each cell, by its number; 10 is the cell itself.
    pub distances: Vec<(u32, u32)>,
    /// Its processors that work.
    pub processors: Vec<Processor>,
}

/// The folder of a cell.
fn folder(cell: u32) -> Joined {
    join(FOLDER, format!("node{cell}").as_bytes())
}

/// The numbers of the cells that there are. Where the kernel knows of none the machine is one.
pub fn ids(files: &Files) -> Result<Vec<u32>> {
    let names = files.entries(FOLDER)?.unwrap_or_default();
    let number = |name: &Vec<u8>| text::parse_u32(name.strip_prefix(b"node")?, 10);
    let mut ids: Vec<_> = names.iter().filter_map(number).collect();
    ids.sort_unstable();
    if ids.is_empty() {
        ids.push(0);
    }
    Ok(ids)
}

/// The memory of a cell. Where the kernel knows of no cells, that of the machine is cell 0's.
pub fn memory(files: &Files, cell: u32) -> Found<Meminfo> {
    match files.read(&join(&folder(cell), b"meminfo"))? {
        Some(text) => Ok(Some(Meminfo(text))),
        None if cell == 0 && !files.exists(FOLDER)? => Ok(Some(meminfo::of_machine(files)?)),
        None => Ok(None),
    }
}

/// The cells that there are.
pub fn read(files: &Files) -> Result<Vec<Cell>> {
    let ids = ids(files)?;
    let online = processors::online(files)?;
    let cell = |id: &u32| -> Result<Cell> {
        let folder = folder(*id);
        let own = match number_list::read(files, &join(&folder, b"cpulist"))? {
            Some(own) => own,
            // A cell of memory alone has an empty list.
            None if files.exists(&folder)? => Vec::new(),
            None => online.clone(),
        };
        let own = own.iter().filter(|number| online.contains(number));
        let memory = memory(files, *id)?.unwrap_or_default();
        let memory = memory.kib("MemTotal");
        Ok(Cell {
            id: *id,
            memory,
            pages: pages(files, &folder, memory)?,
            distances: distances(files, &folder, &ids)?,
            processors: own
                .map(|number| processors::place(files, *number))
                .collect::<Result<_>>()?,
        })
    };
    ids.iter().map(cell).collect()
}

/// The size of the smallest pages, in KiB.
fn small_page() -> u64 {
    page_size() as u64 / 1024
}

/// The sizes of pages that memory can be divided into, in KiB.
pub fn page_sizes(files: &Files) -> Result<Vec<u64>> {
    let mut sizes = huge_sizes(files, b"/sys/kernel/mm/hugepages")?;
    sizes.insert(0, small_page());
    Ok(sizes)
}

/// Sizes of huge pages in KiB, by the folders that there are for them: `hugepages-2048kB`.
fn huge_sizes(files: &Files, folder: &[u8]) -> Result<Vec<u64>> {
    let names = files.entries(folder)?.unwrap_or_default();
    let size = |name: &Vec<u8>| {
        let digits = name.strip_prefix(b"hugepages-")?.strip_suffix(b"kB")?;
        text::parse_u64(digits, 10)
    };
    let mut sizes: Vec<_> = names.iter().filter_map(size).collect();
    sizes.sort_unstable();
    Ok(sizes)
}

/// The pages of a cell with that much memory: what is not in huge pages is in small ones.
fn pages(files: &Files, folder: &[u8], memory: u64) -> Result<Vec<(u64, u64)>> {
    let folder = join(folder, b"hugepages");
    let (mut pages, mut rest) = (Vec::new(), memory);
    for size in huge_sizes(files, &folder)? {
        let path = join(
            &folder,
            format!("hugepages-{size}kB/nr_hugepages").as_bytes(),
        );
        let text = files.read(&path)?;
        let count = text.and_then(|text| text::parse_u64(text.trim_ascii(), 10));
        let count = count.unwrap_or(0);
        rest = rest.saturating_sub(size.saturating_mul(count));
        pages.push((size, count));
    }
    pages.insert(0, (small_page(), rest / small_page()));
    Ok(pages)
}

/// How far it is from a cell to each.
fn distances(files: &Files, folder: &[u8], ids: &[u32]) -> Result<Vec<(u32, u32)>> {
    let text = files.read(&join(folder, b"distance"))?.unwrap_or_default();
    let numbers = text.trim_ascii().split(|&b| b == b' ');
    let numbers = numbers.map_while(|number| text::parse_u32(number, 10));
    Ok(ids.iter().copied().zip(numbers).collect())
}
