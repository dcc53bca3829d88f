// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Each fuzz target for a second: the corpus of tests/data/fuzz, and the same with bytes changed at random.
//! `VND_FUZZ_SECONDS` makes it longer; `make fuzz` lets a fuzzer look for more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// A pseudorandom number below a bound (xorshift, as published by Marsaglia).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or_default() % bound
    }

    fn byte(&mut self) -> u8 {
        const TELLING: &[u8] = b"\0\x01\x7f\x80\xff\n\t /.<>&;'\"=0#";
        match self.below(3) {
            0 => TELLING[self.below(TELLING.len())],
            _ => self.below(256) as u8,
        }
    }

    /// Changes, removes, doubles or adds some bytes.
    fn change(&mut self, text: &mut Vec<u8>) {
        for _ in 0..=self.below(8) {
            let at = self.below(text.len() + 1);
            let end = (at + self.below(9)).min(text.len());
            match self.below(5) {
                0 => text.insert(at, self.byte()),
                1 => drop(text.drain(at..end)),
                2 => {
                    let part = text[at..end].to_vec();
                    let to = self.below(text.len() + 1);
                    text.splice(to..to, part);
                }
                _ if at < text.len() => text[at] = self.byte(),
                _ => {}
            }
        }
    }
}

/// The files of a folder, in order.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/fuzz")
        .join(target);
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn fuzz(target: &str, run: fn(&[u8])) {
    let seconds = std::env::var("VND_FUZZ_SECONDS").map_or(1, |text| text.parse().unwrap());
    let checked = |text: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| run(text))).is_err() {
            let path = std::env::temp_dir().join(format!("virnodedev-fuzz-{target}"));
            std::fs::write(&path, text).unwrap();
            panic!("{target} fails with {}", path.display());
        }
    };
    let corpus = corpus(target);
    corpus.iter().for_each(|text| checked(text));
    checked(b"");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(seconds) {
        let mut text = corpus[random.below(corpus.len())].clone();
        random.change(&mut text);
        checked(&text);
        count += 1;
    }
    println!("{target}: {count} texts");
    assert!(count > 0);
}

#[path = "../fuzz/parts/changed_machine.rs"]
mod changed_machine;

macro_rules! targets {
    ($($name:ident: $path:literal),* $(,)?) => {
        $(
            #[path = $path]
            mod $name;
        )*

        mod tests {
            $(
                #[test]
                fn $name() {
                    super::fuzz(stringify!($name), super::$name::run);
                }
            )*
        }
    };
}

targets! {
    alias: "../fuzz/targets/alias.rs",
    archive: "../fuzz/targets/archive.rs",
    config_space: "../fuzz/targets/config_space.rs",
    document: "../fuzz/targets/document.rs",
    machine: "../fuzz/targets/machine.rs",
    mdevctl: "../fuzz/targets/mdevctl.rs",
    messages: "../fuzz/targets/messages.rs",
    netlink: "../fuzz/targets/netlink.rs",
    pci_ids: "../fuzz/targets/pci_ids.rs",
    record: "../fuzz/targets/record.rs",
    text: "../fuzz/targets/text.rs",
    uevents: "../fuzz/targets/uevents.rs",
    vpd: "../fuzz/targets/vpd.rs",
    writer: "../fuzz/targets/writer.rs",
}
