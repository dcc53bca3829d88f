// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The header, the map and the built library list the same symbols.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The shared library that cargo built for this run: it lies beside the test program.
fn library() -> PathBuf {
    let program = std::env::current_exe().expect("the test program's path");
    program.with_file_name("libvirnodedev.so")
}

fn output(program: &str, args: &[&str]) -> String {
    let library = library();
    let output = Command::new(program)
        .args(args)
        .arg(&library)
        .env("LC_ALL", "C")
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(
        output.status.success(),
        "{program} {}: {}",
        library.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("symbols are ASCII")
}

/// Version nodes of the map in their order, each with its parent and its symbols.
fn map_nodes() -> Vec<(String, Option<String>, Vec<String>)> {
    let mut nodes = Vec::new();
    for line in file("libvirnodedev.map").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] | ["#", ..] | ["global:" | "local:" | "*;"] => {}
            [name, "{"] => nodes.push((name.to_string(), None, Vec::new())),
            ["};"] => {}
            ["}", parent] => {
                let (_, of, _) = nodes.last_mut().expect("a node is open");
                *of = Some(parent.trim_end_matches(';').to_string());
            }
            [symbol] => {
                let (_, _, symbols) = nodes.last_mut().expect("a node is open");
                symbols.push(symbol.trim_end_matches(';').to_string());
            }
            _ => panic!("the map has a line that is not understood: {line}"),
        }
    }
    nodes
}

/// Symbol to node, by the map.
fn map_symbols() -> BTreeMap<String, String> {
    let mut symbols = BTreeMap::new();
    for (node, _, names) in map_nodes() {
        for name in names {
            let before = symbols.insert(name.clone(), node.clone());
            assert_eq!(before, None, "{name} is in two nodes");
        }
    }
    symbols
}

/// Symbol to node, by the library.
fn library_symbols() -> BTreeMap<String, String> {
    let listed = output("nm", &["-D", "--defined-only", "--with-symbol-versions"]);
    let mut symbols = BTreeMap::new();
    for line in listed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, kind, versioned] = words[..] else {
            panic!("nm prints a line that is not understood: {line}");
        };
        // Type A marks the version nodes themselves.
        if kind == "A" {
            continue;
        }
        let (name, node) = versioned
            .split_once("@@")
            .unwrap_or_else(|| panic!("{versioned} has no default version"));
        let expected = if name == "virConnectAuthPtrDefault" {
            "D"
        } else {
            "T"
        };
        assert_eq!(kind, expected, "{name}");
        symbols.insert(name.to_string(), node.to_string());
    }
    symbols
}

/// The header without comments and preprocessor lines.
fn header_code() -> String {
    let header = file("include/virnodedev.h");
    let mut code = String::new();
    let mut rest = header.as_str();
    while let Some((before, after)) = rest.split_once("/*") {
        code.push_str(before);
        rest = after.split_once("*/").expect("comments end").1;
    }
    code.push_str(rest);
    code.replace("\\\n", " ")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Functions and variables that the header declares.
fn header_symbols() -> BTreeSet<String> {
    let mut symbols = BTreeSet::new();
    for statement in header_code().split(';') {
        let statement = statement.trim().trim_start_matches("extern \"C\" {").trim();
        if statement.starts_with("typedef") || statement.contains('}') {
            continue;
        }
        let declared = match statement.split_once('(') {
            Some((declarator, _)) => declarator,
            None if statement.starts_with("extern") => statement,
            None => continue,
        };
        let name = declarator_name(declared);
        assert!(symbols.insert(name.clone()), "{name} is declared twice");
    }
    symbols
}

fn declarator_name(declarator: &str) -> String {
    let name = declarator.rsplit([' ', '*', '\n']).next();
    name.unwrap_or_default().to_string()
}

#[test]
fn header_map_and_library_agree() {
    let map = map_symbols();
    assert_eq!(library_symbols(), map, "library and map");
    // What only the stubs of compat/ call is in no header.
    let mapped: BTreeSet<String> = map
        .into_iter()
        .filter(|(_, node)| !node.starts_with("VIRNODEDEV_STUB_"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(header_symbols(), mapped, "header and map");
}

/// The list holds the public symbols of libvirt 12.8.0 with their nodes, read from its ELF tables.
#[test]
fn symbols_have_the_nodes_that_they_have_in_libvirt() {
    let list = file("compat/symbols.tsv");
    let theirs: BTreeMap<&str, (&str, &str)> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
        .filter(|columns: &Vec<&str>| columns[0] == "libvirt.so.0")
        .map(|columns| (columns[2], (columns[1], columns[4])))
        .collect();
    let ours = map_symbols();
    for (name, node) in &ours {
        if name.starts_with("vnd") {
            assert!(node.starts_with("VIRNODEDEV_"), "{name} is in {node}");
        } else {
            let (its_node, stub) = theirs[name.as_str()];
            assert_eq!((its_node, stub), (node.as_str(), "real"), "{name}");
        }
    }
    for (name, (_, stub)) in &theirs {
        assert_eq!(*stub == "real", ours.contains_key(*name), "{name}");
    }
    let ours: BTreeSet<String> = map_nodes().into_iter().map(|(node, _, _)| node).collect();
    for (node, _) in theirs.into_values() {
        assert!(ours.contains(node), "{node} is missing");
    }
}

#[test]
fn the_nodes_form_a_chain() {
    let nodes = map_nodes();
    assert_eq!(nodes[0].0, "LIBVIRT_0.0.3");
    assert_eq!(nodes[0].1, None);
    for pair in nodes.windows(2) {
        assert_eq!(
            pair[1].1.as_ref(),
            Some(&pair[0].0),
            "parent of {}",
            pair[1].0
        );
    }
    // Empty nodes are in the library, too, so that every program finds those it asks for.
    let defined = output("readelf", &["-V", "-W"]);
    for (node, _, _) in nodes {
        assert!(defined.contains(&format!("Name: {node}\n")), "{node}");
    }
}

#[test]
fn the_library_has_its_soname_stays_loaded_and_needs_little() {
    let dynamic = output("readelf", &["-d", "-W"]);
    assert!(
        dynamic.contains("Library soname: [libvirnodedev.so.0]"),
        "{dynamic}"
    );
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
    // The loader of IBM Z and of POWER is ld64.so.1, or .2.
    let mut allowed = vec!["libgcc_s.so.1", "libc.so.6", "ld-linux", "ld64.so."];
    if cfg!(feature = "libudev") {
        allowed.push("libudev.so.1");
    }
    for line in dynamic.lines().filter(|line| line.contains("(NEEDED)")) {
        assert!(allowed.iter().any(|name| line.contains(name)), "{line}");
    }
}

/// Files of a folder and of those below it.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files_below(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn nothing_below_the_c_interface_names_a_function_of_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    files_below(&source, &mut files);
    let (interface, below): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|path| path.starts_with(source.join("ffi")));
    let words = |path: &Path| -> BTreeSet<String> {
        let text = fs::read_to_string(path).expect("a text");
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.map(str::to_string).collect()
    };
    // Exported functions, and those of drivers, which libvirt's messages name.
    let drivers = ["nodeConnect", "nodeDevice", "nodeNumOf", "nodeList"];
    let is_named = |word: &String, exported: &BTreeMap<String, String>| {
        exported.contains_key(word) || drivers.iter().any(|start| word.starts_with(start))
    };
    let exported = map_symbols();
    for path in below {
        let named: Vec<_> = words(&path)
            .into_iter()
            .filter(|word| is_named(word, &exported))
            .collect();
        assert!(named.is_empty(), "{} names {named:?}", path.display());
    }
    let named = interface.iter().flat_map(|path| words(path));
    assert!(named.filter(|word| is_named(word, &exported)).count() > exported.len());
}

/// Exported functions that call nothing of the program, by their files; all others are to be of ABI "C-unwind", so that
/// the program can end the thread in what they call.
const CALL_NOTHING: [(&str, &[&str]); 4] = [
    ("connect.rs", &["virInitialize"]),
    (
        "error.rs",
        &[
            "virConnCopyLastError",
            "virConnGetLastError",
            "virConnResetLastError",
            "virConnSetErrorFunc",
            "virCopyLastError",
            "virDefaultErrorFunc",
            "virFreeError",
            "virGetLastError",
            "virGetLastErrorCode",
            "virGetLastErrorDomain",
            "virGetLastErrorMessage",
            "virResetError",
            "virResetLastError",
            "virSaveLastError",
            "virSetErrorFunc",
        ],
    ),
    ("stub.rs", &["vndStubJoin"]),
    ("version.rs", &["vndVersion"]),
];

#[test]
fn functions_that_call_the_program_can_be_unwound() {
    let interface = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ffi");
    let mut files = Vec::new();
    files_below(&interface, &mut files);
    let mut found = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("a text");
        for item in text.split("#[unsafe(no_mangle)]").skip(1) {
            let Some((before, after)) = item.split_once(" fn ") else {
                continue; // a variable
            };
            let name = after.split('(').next().unwrap_or_default().to_string();
            if before.contains("extern \"C\"") {
                let file = path.file_name().expect("a name").to_string_lossy();
                found.push((file.into_owned(), name));
            } else {
                assert!(before.ends_with("extern \"C-unwind\""), "{name}: {before}");
            }
        }
    }
    found.sort();
    let wanted = CALL_NOTHING.iter().flat_map(|(file, names)| {
        let file = file.to_string();
        names
            .iter()
            .map(move |name| (file.clone(), name.to_string()))
    });
    assert_eq!(found, wanted.collect::<Vec<_>>());
}

#[test]
fn the_header_is_read_right() {
    assert_eq!(
        declarator_name("char *virConnectGetURI"),
        "virConnectGetURI"
    );
    assert_eq!(declarator_name("extern virConnectAuthPtr\nx"), "x");
    let names = header_symbols();
    assert!(names.contains("virConnectAuthPtrDefault") && names.contains("vndVersion"));
}
