// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Writes every mutant of some source files into them at once, each behind a switch (`switch.rs`), so that one build has all.
//!
//! `virnodedev-mutants FROM TO SKIPPED FILE...`: reads each FILE below the folder FROM and writes it below TO. SKIPPED is a file
//! with the numbers of mutants that are left out, because they do not compile. Prints a line for each other one: number, file,
//! line, function, and what is changed, separated by tabs. The numbers depend on nothing but the files.

mod sites;
mod values;

use std::collections::HashSet;
use std::error::Error;
use std::fs;
use std::path::Path;

use quote::ToTokens;
use syn::visit_mut::VisitMut;

use sites::Mutator;

const SWITCH: &str = include_str!("switch.rs");

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, skipped, files @ ..] = &arguments[..] else {
        return Err("usage: virnodedev-mutants FROM TO SKIPPED FILE...".into());
    };
    let skipped = fs::read_to_string(skipped)?;
    let skipped: Result<HashSet<u32>, _> = skipped.split_whitespace().map(str::parse).collect();
    let mut mutator = Mutator::new(skipped?);
    for name in files {
        let path = Path::new(from).join(name);
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut file = syn::parse_file(&text).map_err(|e| format!("{name}: {e}"))?;
        mutator.file.clone_from(name);
        mutator.visit_file_mut(&mut file);
        // What was put in as tokens is read again, so that it can be printed.
        let file = syn::parse2(file.to_token_stream()).map_err(|e| format!("{name}: {e}"))?;
        fs::write(Path::new(to).join(name), prettyplease::unparse(&file))?;
    }
    fs::write(Path::new(to).join("src/mutant.rs"), SWITCH)?;
    for mutant in &mutator.mutants {
        println!("{mutant}");
    }
    Ok(())
}
