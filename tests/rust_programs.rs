// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The Rust program that README.md prints is one of the examples, and works.

use std::path::Path;
use std::process::Command;

#[test]
fn the_program_of_the_readme_is_the_example() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("```rust\n").unwrap();
    let (printed, _) = rest.split_once("```").unwrap();
    assert!(include_str!("../examples/list.rs").ends_with(printed));
}

#[test]
fn the_example_lists_this_host() {
    // cargo puts examples beside the folder of the tests.
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let example = folder.join("examples/list");
    assert!(
        example.exists(),
        "cargo test builds the examples; cargo test --test does not"
    );
    let done = Command::new(example).output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{:?}", done.status);
    assert!(text.starts_with("computer: system\n"), "{text}");
}
