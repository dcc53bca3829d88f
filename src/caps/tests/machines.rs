// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Describes the handmade machines (tests/handmade) in this process, so that `cargo test` alone reads every kind
//! of device. tests/test_handmade.py does the same through the C library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::device::scan;
use crate::host::Host;
use crate::host::mdevctl::run::Asking;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(program: &str, arguments: &[&Path]) {
    let status = Command::new(program).args(arguments).status();
    assert!(status.is_ok_and(|status| status.success()), "{program}");
}

/// The machine as a recorded tree, with a `pci.ids` of its own.
fn tree(machine: &Path) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let archive = root.path().join("machine.tar.gz");
    let maker = project().join("tests/records.py");
    run("python3", &[&maker, &machine.join("machine.txt"), &archive]);
    run(
        "tar",
        &[
            Path::new("-P"),
            Path::new("-C"),
            root.path(),
            Path::new("-xzf"),
            &archive,
        ],
    );
    let names = root.path().join("usr/share/misc");
    std::fs::create_dir_all(&names).unwrap();
    let source = project().join("tests/handmade/pci.ids");
    std::fs::copy(source, names.join("pci.ids")).unwrap();
    root
}

/// The documents of a file by name, each as its sorted lines, because file systems list folders in their own
/// order. Devices without a path are definitions, which a scan does not find.
fn expected(machine: &Path) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(machine.join("devices.xml")).unwrap();
    text.split_inclusive("\n</device>\n")
        .filter(|xml| xml.contains("  <path>") || xml.contains("<name>computer</name>"))
        .map(|xml| (name_of(xml), sorted_lines(xml)))
        .collect()
}

fn name_of(xml: &str) -> String {
    let start = xml.find("<name>").unwrap() + "<name>".len();
    let end = xml.find("</name>").unwrap();
    xml[start..end].to_string()
}

fn sorted_lines(xml: &str) -> Vec<String> {
    let mut lines: Vec<String> = xml.lines().map(str::to_string).collect();
    lines.sort();
    lines
}

fn machines() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(project().join("tests/handmade")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect()
}

#[test]
fn handmade_machines_are_described_as_derived_by_hand() {
    let machines = machines();
    assert!(machines.len() >= 8);
    for machine in machines {
        let root = tree(&machine);
        let host = Host::recorded(root.path()).unwrap();
        let mut devices = vec![scan::computer()];
        devices.extend(scan::scan(&host).unwrap());
        let found: BTreeMap<_, _> = devices
            .iter()
            .map(|device| {
                let xml = device.describe(&host, Asking::Never).unwrap().to_xml();
                (name_of(&xml), sorted_lines(&xml))
            })
            .collect();
        assert_eq!(found, expected(&machine), "{}", machine.display());
    }
}
