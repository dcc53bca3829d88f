// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The sources keep to the Rust that Cargo.toml names, in what neither a newer compiler nor clippy tells.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|name| name == "rs") {
            found.push(path);
        }
    }
}

/// `let` in a chain of conditions came with Rust 1.88.
#[test]
fn no_let_stands_in_a_chain_of_conditions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("build.rs")];
    for folder in ["src", "tests", "fuzz/fuzz_targets"] {
        sources(&root.join(folder), &mut files);
    }
    assert!(files.len() > 50, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).expect("a readable source");
        let words: Vec<&str> = text.split_whitespace().collect();
        for pair in words.windows(2) {
            let is_chain = pair == [concat!("&", "&"), "let"];
            assert!(!is_chain, "{}: `&& let`", file.display());
        }
    }
}
