// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

use std::path::Path;

use super::*;

/// The files of a machine, by their paths without the first slash.
fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let files = Files::tree(root.path()).unwrap();
    (root, Machine::Host(files))
}

const CPUS: &str = "sys/devices/system/cpu";
const NODES: &str = "sys/devices/system/node";

/// A machine of two cells with a socket each, of two cores with two threads: processors 0 to 3 and 4 to 7.
fn two_cells(online: &str) -> (tempfile::TempDir, Machine) {
    let mut files = vec![
        (format!("{CPUS}/present"), "0-7\n".to_string()),
        (format!("{CPUS}/online"), online.into()),
        (
            "proc/meminfo".into(),
            "MemTotal:       8388608 kB\nMemFree:  1024 kB\nBuffers:  11 kB\nCached:  22 kB\nSwapCached: 9 kB\n"
                .into(),
        ),
        (
            "proc/cpuinfo".into(),
            "processor\t: 0\nmodel name\t: x\ncpu MHz\t\t: 2100.925\n\nprocessor\t: 1\ncpu MHz\t\t: 900.000\n".into(),
        ),
        (
            "proc/stat".into(),
            "cpu  20 2 30 400 5 6 7 8 9 10\ncpu0 10 1 20 200 3 0 4 0 0 0\ncpu4 10 1 10 200 2 6 3 8 9 10\nintr 5\n".into(),
        ),
    ];
    for cpu in 0..8 {
        let folder = format!("{CPUS}/cpu{cpu}/topology");
        let first = cpu / 2 * 2;
        for (name, text) in [
            ("physical_package_id", (cpu / 4).to_string()),
            ("die_id", "0".into()),
            ("cluster_id", "-1".into()),
            ("core_id", (cpu % 4 / 2).to_string()),
            ("thread_siblings_list", format!("{first}-{}", first + 1)),
        ] {
            files.push((format!("{folder}/{name}"), text + "\n"));
        }
    }
    for node in 0..2 {
        let folder = format!("{NODES}/node{node}");
        for (name, text) in [
            ("cpulist", ["0-3", "4-7"][node].to_string()),
            (
                "meminfo",
                format!(
                    "Node {node} MemTotal:       4194304 kB\nNode {node} MemFree:        {node}00 kB"
                ),
            ),
            ("distance", ["10 21", "21 10"][node].into()),
            ("hugepages/hugepages-2048kB/nr_hugepages", "8".into()),
            ("hugepages/hugepages-1048576kB/nr_hugepages", "0".into()),
        ] {
            files.push((format!("{folder}/{name}"), text + "\n"));
        }
    }
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (&**path, &**text))
        .collect();
    machine(&files)
}

fn numbers(summary: &Summary) -> [u32; 6] {
    let Topology {
        nodes,
        sockets,
        cores,
        threads,
    } = summary.topology;
    [summary.cpus, summary.mhz, nodes, sockets, cores, threads]
}

/// By the description of struct virNodeInfo in libvirt's manual.
#[test]
fn a_machine_in_numbers() {
    let (_root, machine) = two_cells("0-7\n");
    let summary = machine.summary().unwrap();
    assert_eq!(numbers(&summary), [8, 2100, 2, 1, 2, 2]);
    assert_eq!(summary.memory, 8_388_608);
    assert_eq!(summary.model, architecture());
    assert_eq!(machine.free_memory(), Ok(1024 * 1024));
    assert_eq!(machine.max_vcpus(), Ok(8));
    let (_root, machine) = two_cells("0-2,4-7\n");
    assert_eq!(numbers(&machine.summary().unwrap()), [7, 2100, 2, 1, 2, 2]);
    let map = machine.processor_map().unwrap();
    assert_eq!((map.length, map.online), (8, vec![0, 1, 2, 4, 5, 6, 7]));
    let (_root, machine) = two_cells("0-3\n");
    assert_eq!(numbers(&machine.summary().unwrap()), [4, 2100, 2, 1, 2, 2]);
}

/// "Unusual", in the manual's words: the numbers make no three.
#[test]
fn other_machines_are_one_socket_of_cores() {
    let (_root, machine) = machine(&[
        ("sys/devices/system/cpu/present", "0-2\n"),
        ("sys/devices/system/cpu/online", "0-1\n"),
    ]);
    assert_eq!(numbers(&machine.summary().unwrap()), [2, 0, 1, 1, 3, 1]);
}

#[test]
fn without_cells_and_topology_each_processor_is_a_core() {
    let (_root, machine) = machine(&[
        ("proc/meminfo", "MemTotal: 100 kB\nMemFree: 7 kB\n"),
        (
            "proc/stat",
            "cpu  1 1 1 1 1 1 1\ncpu0 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1\n",
        ),
    ]);
    assert_eq!(numbers(&machine.summary().unwrap()), [2, 0, 1, 1, 2, 1]);
    assert_eq!(machine.free_memory_of_cells(0, 9), Ok(vec![7 * 1024]));
    assert_eq!(machine.memory_counts(Some(1)), Ok(None));
    assert_eq!(machine.free_memory(), Ok(7 * 1024));
    let xml = machine.capabilities().unwrap();
    assert!(xml.contains(
        "<cells num='1'>\n        <cell id='0'>\n          <memory unit='KiB'>100</memory>\n"
    ));
    assert!(xml.contains("<cpus num='2'>\n"), "{xml}");
}

/// By libvirt's description of capabilities: pages by size, smallest first, of which those make up the memory that is in no
/// others; distances to each cell; a cell without processors.
#[test]
fn cells_have_pages_distances_and_processors() {
    let (root, machine) = two_cells("0-7\n");
    let small = crate::host::page_size() as u64 / 1024;
    let lines = |texts: &[String]| texts.concat();
    let xml = machine.capabilities().unwrap();
    assert!(xml.contains(&format!("<pages unit='KiB' size='{small}'/>\n    </cpu>\n")));
    assert!(xml.contains("<iommu support='no'/>"));
    let count = (4_194_304 - 8 * 2048) / small;
    let cell = |id: u32, distances: [u32; 2]| {
        lines(&[
            format!("        <cell id='{id}'>\n"),
            "          <memory unit='KiB'>4194304</memory>\n".into(),
            format!("          <pages unit='KiB' size='{small}'>{count}</pages>\n"),
            "          <pages unit='KiB' size='2048'>8</pages>\n".into(),
            "          <pages unit='KiB' size='1048576'>0</pages>\n".into(),
            "          <distances>\n".into(),
            format!("            <sibling id='0' value='{}'/>\n", distances[0]),
            format!("            <sibling id='1' value='{}'/>\n", distances[1]),
            "          </distances>\n          <cpus num='4'>\n".into(),
        ])
    };
    for cell in [cell(0, [10, 21]), cell(1, [21, 10])] {
        assert!(xml.contains(&cell), "{cell}\n{xml}");
    }
    for folder in [
        "sys/kernel/iommu_groups/0",
        "sys/kernel/mm/hugepages/hugepages-1048576kB",
        "sys/kernel/mm/hugepages/hugepages-2048kB",
    ] {
        std::fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    std::fs::write(root.path().join(NODES).join("node1/cpulist"), "\n").unwrap();
    std::fs::remove_file(root.path().join(NODES).join("node0/meminfo")).unwrap();
    let xml = machine.capabilities().unwrap();
    assert!(xml.contains(&lines(&[
        format!("    <pages unit='KiB' size='{small}'/>\n"),
        "      <pages unit='KiB' size='2048'/>\n".into(),
        "      <pages unit='KiB' size='1048576'/>\n".into(),
    ])));
    assert!(xml.contains("<iommu support='yes'/>"));
    assert!(xml.contains("<cpus num='4'>") && xml.contains("<cpus num='0'"));
    // That of the machine is no cell's where there are cells.
    assert_eq!(machine.memory_counts(Some(0)), Ok(None));
}

#[test]
fn free_memory_that_the_kernel_does_not_tell_is_an_error() {
    let (_root, machine) = machine(&[("proc/meminfo", "MemTotal: 100 kB\n")]);
    assert_eq!(machine.summary().unwrap().memory, 100);
    let error = machine.free_memory().unwrap_err();
    assert_eq!(
        (error.code(), error.domain()),
        (Code::InternalError, Domain::None)
    );
}

#[test]
fn memory_and_time_are_counted() {
    let (_root, machine) = two_cells("0-7\n");
    let all = [
        ("total", 8_388_608),
        ("free", 1024),
        ("buffers", 11),
        ("cached", 22),
    ];
    assert_eq!(machine.memory_counts(None), Ok(Some(all.to_vec())));
    let one = [("total", 4_194_304), ("free", 100)];
    assert_eq!(machine.memory_counts(Some(1)), Ok(Some(one.to_vec())));
    assert_eq!(
        (machine.memory_counts(Some(2)), machine.last_cell()),
        (Ok(None), Ok(1))
    );
    let tick = 1_000_000_000 / crate::host::clock_ticks();
    let times = |kernel, user, idle, iowait| {
        vec![
            ("kernel", kernel * tick),
            ("user", user * tick),
            ("idle", idle * tick),
            ("iowait", iowait * tick),
        ]
    };
    assert_eq!(
        machine.processor_counts(None),
        Ok(Some(times(43, 22, 400, 5)))
    );
    assert_eq!(
        machine.processor_counts(Some(4)),
        Ok(Some(times(19, 11, 200, 2)))
    );
    assert_eq!(machine.processor_counts(Some(1)), Ok(None));
}

#[test]
fn free_memory_of_cells() {
    let (_root, machine) = two_cells("0-7\n");
    assert_eq!(
        machine.free_memory_of_cells(0, u32::MAX),
        Ok(vec![0, 100 * 1024])
    );
    assert_eq!(machine.free_memory_of_cells(1, 1), Ok(vec![100 * 1024]));
    assert_eq!(machine.free_memory_of_cells(0, 1), Ok(vec![0]));
    // The words of libvirt 9.0's driver for QEMU.
    let error = machine.free_memory_of_cells(2, 1).unwrap_err();
    assert_eq!(
        error.message(),
        "internal error: start cell 2 out of range (0-1)"
    );
    assert_eq!(error.domain(), Domain::None);
}

/// The `<host>` that libvirt 12.8.0 has for its test driver, but for what protects its virtual machines.
#[test]
fn the_test_drivers_document_is_libvirts() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/testdriver/capabilities.xml");
    let recorded = std::fs::read_to_string(file).unwrap();
    let host = |text: &str| {
        let begin = text.find("  <host>\n").unwrap();
        let end = text.find("  </host>\n").unwrap();
        text[begin..end].to_string()
    };
    let (expected, _) = recorded.split_once("    <secmodel>\n").unwrap();
    let found = Machine::Written(Written::default_machine());
    assert_eq!(
        host(&found.capabilities().unwrap()),
        host(&format!("{expected}  </host>\n"))
    );
}

/// Asked of libvirt 12.8.0: a file with such a `<node>`.
#[test]
fn files_say_what_machine_they_are_of() {
    let summary = |content: &str| {
        let text = format!("<node>{content}</node>");
        let node = crate::xml::reader::parse(text.as_bytes(), None).unwrap();
        Written::of_file(&node).map(|written| written.summary)
    };
    let of = |content| {
        let summary = summary(content).unwrap();
        (summary.model.clone(), summary.memory, numbers(&summary))
    };
    let i686 = || "i686".to_string();
    assert_eq!(of(""), (i686(), 3_145_728, [16, 1400, 2, 2, 2, 2]));
    let whole = "<cpu><mhz>6000</mhz><model>turbo</model><active>32</active><nodes>4</nodes><sockets>4</sockets>\
                 <cores>4</cores><threads>2</threads></cpu><memory>16777216</memory>";
    assert_eq!(
        of(whole),
        ("turbo".into(), 16_777_216, [32, 6000, 4, 4, 4, 2])
    );
    assert_eq!(of("<cpu><active>5</active></cpu>").2, [5, 1400, 2, 2, 2, 2]);
    assert_eq!(
        of("<cpu><threads>+3</threads></cpu>").2,
        [24, 1400, 2, 2, 2, 3]
    );
    assert_eq!(
        of("<cpu><sockets> 3</sockets><cores/></cpu>").2,
        [24, 1400, 2, 3, 2, 2]
    );
    assert_eq!(
        of("<cpu><nodes>0</nodes></cpu><memory>7</memory>"),
        (i686(), 7, [0, 1400, 0, 2, 2, 2])
    );
    for (content, text) in [
        (
            "<memory>zz</memory>",
            "XML error: invalid node memory value",
        ),
        (
            "<memory>-1</memory>",
            "XML error: invalid node memory value",
        ),
        (
            "<cpu><mhz>-1</mhz></cpu>",
            "XML error: invalid node cpu mhz value",
        ),
        (
            "<cpu><threads>0x3</threads></cpu>",
            "XML error: invalid node cpu threads value",
        ),
        (
            "<cpu><nodes>99999999999</nodes></cpu>",
            "XML error: invalid node cpu nodes value",
        ),
        (
            "<cpu><cores> 8 </cores></cpu>",
            "XML error: invalid node cpu cores value",
        ),
        (
            "<cpu><model>0123456789012345678901234567890123456789</model></cpu>",
            "internal error: Model 0123456789012345678901234567890123456789 too big for destination",
        ),
    ] {
        let error = summary(content).unwrap_err();
        assert_eq!(
            (error.message().as_str(), error.domain()),
            (text, Domain::Test)
        );
    }
}
