// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Results, codes, domains and texts are those that libvirt 12.8.0 gives on `test:///default`, and libvirt 9.0's driver
//! for QEMU on a host (there with other numbers).

use super::*;
use crate::ffi::connect::{virConnectClose, virConnectOpen};
use crate::ffi::connect_info::virConnectGetMaxVcpus;
use crate::ffi::testing::{Seen, last, last_words, open, text};
use crate::machine::Machine;

fn open_host() -> virConnectPtr {
    // SAFETY: a NUL-terminated string.
    let conn = unsafe { virConnectOpen(c"nodedev:///system".as_ptr()) };
    assert!(!conn.is_null(), "{:?}", last());
    conn
}

/// The error of an argument that a function refuses.
fn refused(domain: c_int, function: &str, argument: &str, message: &str) {
    let expected = Seen {
        code: 8,
        domain,
        message: message.into(),
        str1: Some(function.into()),
        str2: Some(argument.into()),
        ints: (0, 0),
    };
    assert_eq!(last(), Some(expected));
}

fn info(conn: virConnectPtr) -> (String, std::ffi::c_ulong, [c_uint; 6]) {
    let mut info = virNodeInfo {
        model: [1; 32],
        memory: 0,
        cpus: 0,
        mhz: 0,
        nodes: 0,
        sockets: 0,
        cores: 0,
        threads: 0,
    };
    // SAFETY: the numbers are the test's.
    assert_eq!(unsafe { virNodeGetInfo(conn, &mut info) }, 0);
    let model = text(info.model.as_ptr()).expect("a model");
    let numbers = [
        info.cpus,
        info.mhz,
        info.nodes,
        info.sockets,
        info.cores,
        info.threads,
    ];
    (model, info.memory, numbers)
}

#[test]
fn the_machine_of_the_test_driver() {
    let conn = open();
    assert_eq!(
        info(conn),
        ("i686".into(), 3_145_728, [16, 1400, 2, 2, 2, 2])
    );
    assert_eq!(virNodeGetFreeMemory(conn), 3_145_728);
    assert_eq!(virConnectGetMaxVcpus(conn, ptr::null()), 32);
    let (mut map, mut online) = (ptr::null_mut(), 99);
    // SAFETY: both are the test's.
    let length = unsafe { virNodeGetCPUMap(conn, &mut map, &mut online, 0) };
    assert_eq!((length, online), (8, 3));
    // SAFETY: eight bits.
    assert_eq!(unsafe { map.read() }, 0x15);
    // SAFETY: from malloc, and not used again.
    unsafe { libc::free(map.cast()) };
    // SAFETY: NULL is allowed.
    let length = unsafe { virNodeGetCPUMap(conn, ptr::null_mut(), ptr::null_mut(), 0) };
    assert_eq!(length, 8);
    // SAFETY: as above.
    let rc = unsafe { virNodeGetCPUMap(conn, ptr::null_mut(), ptr::null_mut(), 1) };
    assert_eq!(rc, -1);
    let why = "unsupported flags (0x1) in function testNodeGetCPUMap";
    refused(12, "testNodeGetCPUMap", "flags", why);
    assert_eq!(virConnectClose(conn), 0);
}

#[test]
fn free_memory_of_cells() {
    const FUNCTION: &str = "virNodeGetCellsFreeMemory";
    let conn = open();
    let ask = |first, max| {
        let mut free = [0; 8];
        // SAFETY: no cell has a number beyond the second, and there is room for eight.
        let rc = unsafe { virNodeGetCellsFreeMemory(conn, free.as_mut_ptr(), first, max) };
        (rc, free[0], free[1])
    };
    assert_eq!(ask(0, 8), (2, 2_097_152, 4_194_304));
    assert_eq!(ask(0, 1), (1, 2_097_152, 0));
    assert_eq!(ask(1, 8), (1, 4_194_304, 0));
    assert_eq!(ask(2, 1).0, -1);
    let why = "invalid argument: Range exceeds available cells";
    assert_eq!(last_words(), (8, 12, why.into()));
    assert_eq!(ask(-1, 3).0, -1);
    let why = format!("startCell in {FUNCTION} must be zero or greater");
    refused(20, FUNCTION, "startCell", &why);
    for max in [0, -1] {
        assert_eq!(ask(0, max).0, -1);
        let why = format!("maxCells in {FUNCTION} must be greater than zero");
        refused(20, FUNCTION, "maxCells", &why);
    }
    // SAFETY: NULL is refused.
    let rc = unsafe { virNodeGetCellsFreeMemory(conn, ptr::null_mut(), 0, 2) };
    assert_eq!(rc, -1);
    let why = format!("freeMems in {FUNCTION} must not be NULL");
    refused(20, FUNCTION, "freeMems", &why);
    assert_eq!(virConnectClose(conn), 0);
}

/// Asks what processors did, with room for so many values: the result, their number and the values.
fn cpu_stats(
    conn: virConnectPtr,
    cpu: c_int,
    mut room: c_int,
    flags: c_uint,
) -> (c_int, c_int, Vec<(String, u64)>) {
    let mut values = Vec::new();
    values.resize_with(9, || virNodeCPUStats {
        field: [0; 80],
        value: 0,
    });
    // SAFETY: there is room for nine.
    let rc = unsafe { virNodeGetCPUStats(conn, cpu, values.as_mut_ptr(), &mut room, flags) };
    let values = values.iter().map(|value| {
        let field = text(value.field.as_ptr()).expect("a name");
        (field, value.value)
    });
    let values = values.filter(|(field, _)| !field.is_empty()).collect();
    (rc, room, values)
}

#[test]
fn what_processors_did() {
    const FUNCTION: &str = "virNodeGetCPUStats";
    let conn = open();
    let all = [
        ("user", 9_797_400_000),
        ("kernel", 34_678_723_400_000),
        ("idle", 87_264_900_000),
        ("iowait", 763_600_000),
        ("guest", 1_797_400_000),
    ];
    let all: Vec<_> = all
        .map(|(field, value)| (field.to_string(), value))
        .into_iter()
        .collect();
    for cpu in [-1, 0, 500] {
        assert_eq!(cpu_stats(conn, cpu, 0, 0), (0, 5, vec![]));
        assert_eq!(cpu_stats(conn, cpu, 5, 0), (0, 5, all.clone()));
        assert_eq!(cpu_stats(conn, cpu, 4, 0), (0, 4, all[..4].to_vec()));
        assert_eq!(cpu_stats(conn, cpu, 8, 0), (0, 5, all.clone()));
    }
    assert_eq!(cpu_stats(conn, -1, 0, 1).0, -1);
    let why = "unsupported flags (0x1) in function testNodeGetCPUStats";
    refused(12, "testNodeGetCPUStats", "flags", why);
    assert_eq!(cpu_stats(conn, -2, 0, 0).0, -1);
    let why = format!("cpuNum in {FUNCTION} only accepts -1 as a negative value");
    refused(20, FUNCTION, "cpuNum", &why);
    assert_eq!(cpu_stats(conn, -1, -1, 0).0, -1);
    let why = format!("*nparams in {FUNCTION} must be zero or greater");
    refused(20, FUNCTION, "*nparams", &why);
    // SAFETY: NULL is refused.
    let rc = unsafe { virNodeGetCPUStats(conn, -1, ptr::null_mut(), ptr::null_mut(), 0) };
    assert_eq!(rc, -1);
    let why = format!("nparams in {FUNCTION} must not be NULL");
    refused(20, FUNCTION, "nparams", &why);
    assert_eq!(virConnectClose(conn), 0);
}

#[test]
fn the_machine_of_this_host() {
    let conn = open_host();
    let machine = Machine::Host(crate::host::files::Files::live());
    let summary = machine.summary().unwrap();
    let (model, memory, numbers) = info(conn);
    // C's unsigned long has 32 bits on some machines.
    let shown = (model, memory.to_string());
    assert_eq!(shown, (summary.model, summary.memory.to_string()));
    assert_eq!(
        (numbers[0], numbers[2]),
        (summary.cpus, summary.topology.nodes)
    );
    assert!(memory > 0 && numbers[0] > 0 && virNodeGetFreeMemory(conn) > 0);
    assert_eq!(
        virConnectGetMaxVcpus(conn, ptr::null()),
        machine.max_vcpus().unwrap() as c_int
    );
    let (rc, count, values) = cpu_stats(conn, -1, 4, 0);
    let names: Vec<_> = values.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((rc, count), (0, 4));
    assert_eq!(names, ["kernel", "user", "idle", "iowait"]);
    const FUNCTION: &str = "virHostCPUGetStatsLinux";
    for room in [3, 7] {
        assert_eq!(cpu_stats(conn, -1, room, 0).0, -1);
        let why = format!("nparams in {FUNCTION} must be equal to 4");
        refused(0, FUNCTION, "*nparams", &why);
    }
    assert_eq!(cpu_stats(conn, 50_000, 4, 0).0, -1);
    let why = format!("Invalid cpuNum in {FUNCTION}");
    refused(0, FUNCTION, "cpuNum", &why);

    let memory_stats = |cell, mut room: c_int, flags| {
        let mut values = Vec::new();
        values.resize_with(9, || virNodeMemoryStats {
            field: [0; 80],
            value: 0,
        });
        // SAFETY: there is room for nine.
        let rc =
            unsafe { virNodeGetMemoryStats(conn, cell, values.as_mut_ptr(), &mut room, flags) };
        let names = values.iter().map(|value| text(value.field.as_ptr()));
        let names: Vec<_> = names.flatten().filter(|name| !name.is_empty()).collect();
        (rc, room, names.join(" "), values[0].value)
    };
    assert_eq!(memory_stats(-1, 0, 0), (0, 4, String::new(), 0));
    let all = "total free buffers cached".to_string();
    assert_eq!(memory_stats(-1, 4, 0), (0, 4, all, summary.memory));
    let cell = memory_stats(0, 2, 0);
    assert_eq!((cell.0, cell.1, cell.2.as_str()), (0, 2, "total free"));
    assert_eq!(memory_stats(-1, 3, 0).0, -1);
    const STATS: &str = "virHostMemGetStatsLinux";
    refused(
        0,
        STATS,
        "nparams",
        &format!("nparams in {STATS} must be 4"),
    );
    const MEMORY: &str = "virHostMemGetStats";
    assert_eq!(memory_stats(9999, 0, 0).0, -1);
    let last = machine.last_cell().unwrap();
    let why = format!("cellNum in {MEMORY} must be less than or equal to {last}");
    refused(0, MEMORY, "cellNum", &why);
    assert_eq!(memory_stats(-1, 0, 1).0, -1);
    let why = format!("unsupported flags (0x1) in function {MEMORY}");
    refused(0, MEMORY, "flags", &why);
    assert_eq!(virConnectClose(conn), 0);
}
