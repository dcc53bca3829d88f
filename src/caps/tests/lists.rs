// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Compares the list in `caps/mod.rs` with what names each capability and cannot be made from it:
//! texts in C and Python, the manual page, the JSON schema. If a line is missing there, a test
//! fails with the file and the name.

use std::collections::BTreeSet;

use crate::caps::Capability;

/// What the C names of list flags begin with.
const FLAG: &str = "VIR_CONNECT_LIST_NODE_DEVICES_CAP_";

fn read(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The part of a file behind one text and before the next occurrence of another.
fn part(file: &str, from: &str, to: &str) -> String {
    let text = read(file);
    let (_, rest) = text
        .split_once(from)
        .unwrap_or_else(|| panic!("{file} has no {from:?}"));
    let (part, _) = rest
        .split_once(to)
        .unwrap_or_else(|| panic!("{file} has no {to:?}"));
    part.to_string()
}

/// The words of letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_other = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.split(is_other).filter(|word| !word.is_empty())
}

/// The words without upper-case letters: those that are, or could be, names of capabilities.
fn names(text: &str) -> BTreeSet<String> {
    let is_name = |word: &&str| word.bytes().all(|b| !b.is_ascii_uppercase());
    words(text).filter(is_name).map(str::to_string).collect()
}

/// The C names of list flags, without what they all begin with.
fn flags(text: &str) -> BTreeSet<String> {
    let flags = words(text).filter_map(|word| word.strip_prefix(FLAG));
    flags.map(str::to_string).collect()
}

/// What stands between each pair of quotation marks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

fn all() -> BTreeSet<String> {
    let all = Capability::ALL.iter();
    all.map(|capability| capability.name().to_string())
        .collect()
}

/// The names of the kinds of device.
fn kinds() -> BTreeSet<String> {
    let kinds = Capability::KINDS.iter();
    kinds.map(|kind| kind.name().to_string()).collect()
}

#[track_caller]
fn assert_same(file: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
    let missing: Vec<_> = wanted.difference(found).collect();
    let unknown: Vec<_> = found.difference(wanted).collect();
    assert!(missing.is_empty(), "{file} lacks {missing:?}");
    assert!(
        unknown.is_empty(),
        "{file} has {unknown:?}, the list of kinds has not"
    );
}

/// Each line `CAPABILITY("name", FLAG),` of a C table.
fn rows(text: &str) -> Vec<(&str, &str)> {
    let rows = text.lines().filter_map(|line| {
        let row = line.trim().strip_prefix("CAPABILITY(")?;
        Some((quoted(row).next()?, words(row).last()?))
    });
    rows.collect()
}

/// The C names of the list flags by their bits.
fn enumeration() -> Vec<(String, u32)> {
    let text = part(
        "src/ffi/constants.rs",
        "pub enum virConnectListAllNodeDeviceFlags",
        "\n}",
    );
    let lines = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix(FLAG));
    let entry = |line: &str| {
        let (name, bit) = line.trim_end_matches(',').split_once(" = 1 << ").unwrap();
        (name.to_string(), bit.parse().unwrap())
    };
    lines.map(entry).collect()
}

#[test]
fn names_and_bits_are_given_once() {
    assert_eq!(all().len(), Capability::ALL.len());
    for capability in Capability::ALL {
        assert_eq!(Capability::from_name(capability.name()), Some(*capability));
    }
    assert_eq!(Capability::from_name("vport_ops"), None);
    assert_eq!(Capability::from_name("sc"), None);
    assert_eq!(
        Capability::ALL_FLAGS.count_ones() as usize,
        Capability::ALL.len()
    );
}

#[test]
fn the_c_interface_has_a_flag_for_each() {
    let file = "src/ffi/constants.rs";
    let enumeration = enumeration();
    for capability in Capability::ALL {
        let bit = *capability as u32;
        let found = enumeration
            .iter()
            .filter(|(_, known)| *known == bit)
            .count();
        let name = capability.name();
        assert_eq!(found, 1, "{file}: flags with bit {bit}, that of {name}");
    }
    assert_eq!(enumeration.len(), Capability::ALL.len(), "{file}");
    // The header is compared with it by tests/header.rs.
    let wanted = enumeration.into_iter().map(|(name, _)| name).collect();
    for file in ["c-tests/header.c", "python/virnodedev/_constants.py"] {
        assert_same(file, &flags(&read(file)), &wanted);
    }
}

#[test]
fn the_tool_knows_each_by_its_name() {
    let file = "tools/capabilities.h";
    let table = part(file, "capabilities[] = {", "};");
    let rows = rows(&table);
    let enumeration = enumeration();
    for (flag, bit) in &enumeration {
        let capability = Capability::ALL.iter().find(|known| **known as u32 == *bit);
        let name = capability.unwrap().name();
        assert!(
            rows.contains(&(name, flag)),
            "{file} lacks {name} with {FLAG}{flag}"
        );
    }
    assert_eq!(rows.len(), enumeration.len(), "{file}");
    let page = part(
        "man/nodedev.1",
        "one of these capabilities:",
        "May be given",
    );
    assert_same("man/nodedev.1", &names(&page.replace(".BR", "")), &all());
    let help = part("tools/commands.c", "one of these capabilities:\\n", "--all");
    assert_same("tools/commands.c", &names(&help.replace("\\n", "")), &all());
}

#[test]
fn the_json_schema_describes_each_kind() {
    let file = "docs/nodedev.schema.json";
    let schema: serde_json::Value = serde_json::from_str(&read(file)).unwrap();
    let described = &schema["$defs"]["device"]["properties"]["capability"]["properties"];
    let described = described.as_object().unwrap();
    assert_same(file, &described.keys().cloned().collect(), &kinds());
}

#[test]
fn the_tests_of_the_library_ask_for_each() {
    let file = "tests/test_handmade.py";
    let elements = part(file, "ELEMENTS = {", "\n    }");
    let keys = elements.lines().filter_map(|line| {
        let key = line.strip_prefix("        \"")?.split('"').next()?;
        (!key.contains('/') && key != "device").then(|| key.to_string())
    });
    assert_same(file, &keys.collect(), &kinds());
    let pairs = part(file, "NESTED = {", "}");
    let nested = quoted(&pairs).skip(1).step_by(2).map(str::to_string);
    let only_nested = all().difference(&kinds()).cloned().collect::<BTreeSet<_>>();
    let wanted = only_nested.into_iter().chain(["mdev_types".to_string()]);
    assert_same(file, &nested.collect(), &wanted.collect());
    let file = "tests/test_tool.py";
    let known = part(file, "CAPABILITIES = (", ").split");
    assert_same(file, &names(&known), &all());
}
