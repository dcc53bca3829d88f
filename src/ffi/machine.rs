// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The machine with the devices, as programs ask for it before they come to them: processors, memory, NUMA cells.

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_ulonglong};
use std::ptr;

use super::args::flags_in;
use super::failure::{Failure, Result};
use super::guard::{Call, guard};
use super::out;
use super::types::virConnectPtr;
use crate::error::Domain;
use crate::machine::processors::Counts;

const DOMAIN: Domain = Domain::DomainConfig;

/// The size of a name in virNodeCPUStats.
pub const VIR_NODE_CPU_STATS_FIELD_LENGTH: usize = 80;

/// The size of a name in virNodeMemoryStats.
pub const VIR_NODE_MEMORY_STATS_FIELD_LENGTH: usize = 80;

/// Which processors virNodeGetCPUStats() counts.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virNodeGetCPUStatsAllCPUs {
    /// All of them together.
    VIR_NODE_CPU_STATS_ALL_CPUS = -1,
}

/// Which NUMA cells virNodeGetMemoryStats() counts.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum virNodeGetMemoryStatsAllCells {
    /// All of them together.
    VIR_NODE_MEMORY_STATS_ALL_CELLS = -1,
}

/// A machine in a few numbers.
#[repr(C)]
pub struct _virNodeInfo {
    /// What kind of processor it has, as uname(2) says.
    pub model: [c_char; 32],
    /// Its memory, in KiB; 0 where the kernel does not say.
    pub memory: c_ulong,
    /// How many processors work.
    pub cpus: c_uint,
    /// How fast they are, in MHz; 0 where the kernel does not say.
    pub mhz: c_uint,
    /// How many NUMA cells it has; 1 where cells, sockets, cores and threads do not make the number of processors.
    pub nodes: c_uint,
    /// Sockets of a cell; 1 then.
    pub sockets: c_uint,
    /// Cores of a socket; the number of processors then.
    pub cores: c_uint,
    /// Threads of a core; 1 then.
    pub threads: c_uint,
}

/// A machine in a few numbers.
pub type virNodeInfo = _virNodeInfo;

/// Pointer to a machine in a few numbers.
pub type virNodeInfoPtr = *mut virNodeInfo;

/// What processors spent time on.
#[repr(C)]
pub struct _virNodeCPUStats {
    /// What it was: VIR_NODE_CPU_STATS_KERNEL and so on.
    pub field: [c_char; VIR_NODE_CPU_STATS_FIELD_LENGTH],
    /// How much, in nanoseconds.
    pub value: c_ulonglong,
}

/// What processors spent time on.
pub type virNodeCPUStats = _virNodeCPUStats;

/// Pointer to what processors spent time on.
pub type virNodeCPUStatsPtr = *mut virNodeCPUStats;

/// What memory is used for.
#[repr(C)]
pub struct _virNodeMemoryStats {
    /// What it is: VIR_NODE_MEMORY_STATS_TOTAL and so on.
    pub field: [c_char; VIR_NODE_MEMORY_STATS_FIELD_LENGTH],
    /// How much, in KiB.
    pub value: c_ulonglong,
}

/// What memory is used for.
pub type virNodeMemoryStats = _virNodeMemoryStats;

/// Pointer to what memory is used for.
pub type virNodeMemoryStatsPtr = *mut virNodeMemoryStats;

/// A machine in a few numbers. For a recorded machine it is the host that this is called on.
///
/// Errors: 38, with the errno, for what cannot be read.
///
/// @param conn  the connection
/// @param info  out: the numbers; must not be NULL
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
///
/// # Safety
/// info is NULL or points to a virNodeInfo.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeGetInfo(conn: virConnectPtr, info: virNodeInfoPtr) -> c_int {
    guard(DOMAIN, "virNodeGetInfo", |call| {
        let conn = call.conn(conn)?;
        call.not_null("info", info)?;
        let summary = conn.handle.connection.machine().summary()?;
        let found = virNodeInfo {
            model: name(&summary.model),
            memory: summary.memory as c_ulong,
            cpus: summary.cpus,
            mhz: summary.mhz,
            nodes: summary.topology.nodes,
            sockets: summary.topology.sockets,
            cores: summary.topology.cores,
            threads: summary.topology.threads,
        };
        // SAFETY: not NULL, so the caller's.
        unsafe { out::set(info, found) };
        Ok(0)
    })
}

/// The memory of the host that nothing uses.
///
/// Errors: 38, with the errno, for what cannot be read; 1 where the kernel does not say and, without a cause, where a file
/// of made-up devices says nothing of NUMA cells.
///
/// @param conn  the connection
/// @return the memory in bytes, or 0 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.3.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeGetFreeMemory(conn: virConnectPtr) -> c_ulonglong {
    guard(DOMAIN, "virNodeGetFreeMemory", |call| {
        let conn = call.conn(conn)?;
        Ok(conn.handle.connection.machine().free_memory()?)
    })
}

/// The memory of NUMA cells that nothing uses.
///
/// Errors: 1 (8 where devices are made up) for a first cell behind the last; 38, with the errno, for what
/// cannot be read.
///
/// @param conn       the connection
/// @param freeMems   out: the memory of each cell, in bytes; must not be NULL
/// @param startCell  the first cell
/// @param maxCells   how many cells there is room for, more than 0
/// @return the number of cells stored, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.3.3).
///
/// # Safety
/// freeMems is NULL or has room for maxCells numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeGetCellsFreeMemory(
    conn: virConnectPtr,
    freeMems: *mut c_ulonglong,
    startCell: c_int,
    maxCells: c_int,
) -> c_int {
    guard(DOMAIN, "virNodeGetCellsFreeMemory", |call| {
        let conn = call.conn(conn)?;
        call.not_null("freeMems", freeMems)?;
        let max = u32::try_from(maxCells).ok().filter(|max| *max > 0);
        let max = max.ok_or_else(|| {
            let why = format!("maxCells in {} must be greater than zero", call.function);
            call.refuse("maxCells", why)
        })?;
        let first = call.not_negative("startCell", startCell)? as u32;
        let machine = conn.handle.connection.machine();
        let free = machine.free_memory_of_cells(first, max)?;
        for (index, free) in free.iter().enumerate() {
            // SAFETY: no more than maxCells, for which the caller has room.
            let at = unsafe { freeMems.add(index) };
            // SAFETY: as above.
            unsafe { out::set(at, *free) };
        }
        out::count(free.len())
    })
}

/// Which processors of the host work.
///
/// Errors: 38, with the errno, for what cannot be read.
///
/// @param conn    the connection
/// @param cpumap  out: a bit for each processor, from the lowest of the first byte on, which the caller frees with
/// free(); or NULL
/// @param online  out: how many work; or NULL
/// @param flags   0
/// @return how many processors there are, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 1.0.0).
///
/// # Safety
/// cpumap and online are NULL or can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeGetCPUMap(
    conn: virConnectPtr,
    cpumap: *mut *mut c_uchar,
    online: *mut c_uint,
    flags: c_uint,
) -> c_int {
    guard(DOMAIN, "virNodeGetCPUMap", |call| {
        let conn = call.conn(conn)?;
        let connection = &conn.handle.connection;
        let functions = ["testNodeGetCPUMap", "virHostCPUGetMap"];
        no_flags(connection.is_test(), functions, flags)?;
        let map = connection.machine().processor_map()?;
        if !cpumap.is_null() {
            let mut bytes = vec![0u8; (map.length as usize).div_ceil(8)];
            for number in &map.online {
                if let Some(byte) = bytes.get_mut(*number as usize / 8) {
                    *byte |= 1 << (number % 8);
                }
            }
            // SAFETY: not NULL, so the caller's.
            unsafe { out::set(cpumap, out::bytes(&bytes)?.cast()) };
        }
        // SAFETY: as promised by the caller.
        unsafe { out::set(online, map.online.len() as c_uint) };
        out::count(map.length as usize)
    })
}

/// What the processors of the host spent their time on.
///
/// Asked with *nparams 0 it tells how many values there are.
///
/// Errors: 8 for a processor that is not there, and another number than there are; 38, with the errno, for what
/// cannot be read.
///
/// @param conn     the connection
/// @param cpuNum   the number of a processor, or VIR_NODE_CPU_STATS_ALL_CPUS
/// @param params   out: the values; or NULL
/// @param nparams  in and out: how many there is room for, and how many there are; must not be NULL
/// @param flags    0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
///
/// # Safety
/// nparams is NULL or can be written, params is NULL or has room for *nparams values.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeGetCPUStats(
    conn: virConnectPtr,
    cpuNum: c_int,
    params: virNodeCPUStatsPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    guard(DOMAIN, "virNodeGetCPUStats", |call| {
        let conn = call.conn(conn)?;
        // SAFETY: as promised by the caller.
        let room = unsafe { room(call, nparams) }?;
        let number = one_or_all(call, "cpuNum", cpuNum)?;
        let connection = &conn.handle.connection;
        let is_test = connection.is_test();
        no_flags(
            is_test,
            ["testNodeGetCPUStats", "virHostCPUGetStats"],
            flags,
        )?;
        const FUNCTION: &str = "virHostCPUGetStatsLinux";
        let counts = connection.machine().processor_counts(number)?;
        let counts = counts.ok_or_else(|| {
            let why = format!("Invalid cpuNum in {FUNCTION}");
            Failure::argument(Domain::None, FUNCTION, "cpuNum", why)
        })?;
        if room != counts.len() && room != 0 && !is_test {
            let number = counts.len();
            let why = format!("nparams in {FUNCTION} must be equal to {number}");
            return Err(Failure::argument(Domain::None, FUNCTION, "*nparams", why));
        }
        let value = |field, value| virNodeCPUStats { field, value };
        // SAFETY: as promised by the caller.
        unsafe { store(&counts, params, nparams, room, value) }
    })
}

/// What the memory of the host is used for.
///
/// Asked with *nparams 0 it tells how many values there are.
///
/// Errors: 3 where devices are made up; 8 for a cell that is not there, and another number than there are; 38, with
/// the errno, for what cannot be read.
///
/// @param conn     the connection
/// @param cellNum  the number of a NUMA cell, or VIR_NODE_MEMORY_STATS_ALL_CELLS
/// @param params   out: the values; or NULL
/// @param nparams  in and out: how many there is room for, and how many there are; must not be NULL
/// @param flags    0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
///
/// # Safety
/// nparams is NULL or can be written, params is NULL or has room for *nparams values.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeGetMemoryStats(
    conn: virConnectPtr,
    cellNum: c_int,
    params: virNodeMemoryStatsPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    guard(DOMAIN, "virNodeGetMemoryStats", |call| {
        let conn = call.conn(conn)?;
        // SAFETY: as promised by the caller.
        let room = unsafe { room(call, nparams) }?;
        let cell = one_or_all(call, "cellNum", cellNum)?;
        let connection = &conn.handle.connection;
        if connection.is_test() {
            return Err(call.unsupported());
        }
        const FUNCTION: &str = "virHostMemGetStats";
        flags_in(Domain::None, FUNCTION, flags, 0)?;
        let machine = connection.machine();
        let Some(counts) = machine.memory_counts(cell)? else {
            let last = machine.last_cell()?;
            let why = format!("cellNum in {FUNCTION} must be less than or equal to {last}");
            return Err(Failure::argument(Domain::None, FUNCTION, "cellNum", why));
        };
        if room != counts.len() && room != 0 {
            const FUNCTION: &str = "virHostMemGetStatsLinux";
            let why = format!("nparams in {FUNCTION} must be {}", counts.len());
            return Err(Failure::argument(Domain::None, FUNCTION, "nparams", why));
        }
        let value = |field, value| virNodeMemoryStats { field, value };
        // SAFETY: as promised by the caller.
        unsafe { store(&counts, params, nparams, room, value) }
    })
}

/// Refuses flags, as the test driver does it or the part of libvirt that asks the host.
fn no_flags(is_test: bool, functions: [&'static str; 2], flags: c_uint) -> Result<()> {
    match is_test {
        true => flags_in(Domain::Test, functions[0], flags, 0),
        false => flags_in(Domain::None, functions[1], flags, 0),
    }
}

/// How many values there is room for.
///
/// # Safety
/// `nparams` is NULL or can be read.
unsafe fn room(call: &Call, nparams: *const c_int) -> Result<usize> {
    call.not_null("nparams", nparams)?;
    // SAFETY: not NULL, so the caller's.
    let room = unsafe { nparams.read() };
    usize::try_from(room).map_err(|_| {
        let why = format!("*nparams in {} must be zero or greater", call.function);
        call.refuse("*nparams", why)
    })
}

/// The number of a processor or cell; `None` for all of them. The argument that is refused has the name that libvirt gives
/// both.
fn one_or_all(call: &Call, argument: &'static str, number: c_int) -> Result<Option<u32>> {
    match u32::try_from(number) {
        Ok(number) => Ok(Some(number)),
        Err(_) if number == -1 => Ok(None),
        Err(_) => {
            let function = call.function;
            let why = format!("{argument} in {function} only accepts -1 as a negative value");
            Err(call.refuse("cpuNum", why))
        }
    }
}

/// Stores values, as many as there is room for, and their number; without room for any the number of all.
///
/// # Safety
/// `nparams` can be written, `params` is NULL or has room for `room` values.
unsafe fn store<T>(
    counts: &Counts,
    params: *mut T,
    nparams: *mut c_int,
    room: usize,
    make: impl Fn([c_char; 80], c_ulonglong) -> T,
) -> Result<c_int> {
    let stored = match room {
        0 => 0,
        _ if params.is_null() => 0,
        room => room.min(counts.len()),
    };
    for (index, (field, value)) in counts.iter().take(stored).enumerate() {
        // SAFETY: less than `room`.
        let at = unsafe { params.add(index) };
        // SAFETY: as above.
        unsafe { ptr::write(at, make(name(field), *value)) };
    }
    let number = if stored == 0 { counts.len() } else { stored };
    // SAFETY: as promised by the caller.
    unsafe { out::set(nparams, out::count(number)?) };
    Ok(0)
}

/// A name in an array, with a NUL behind it.
fn name<const SIZE: usize>(text: &str) -> [c_char; SIZE] {
    let mut name = [0; SIZE];
    for (at, byte) in name.iter_mut().zip(text.bytes().take(SIZE - 1)) {
        *at = c_char::from_ne_bytes([byte]);
    }
    name
}

#[cfg(test)]
mod tests;
