// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Which mutant is on: that whose number is in `VND_MUTANT`. With the name of a file in `VND_REACHED`, the number of each that is
//! reached is appended to it.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const UNKNOWN: u32 = u32::MAX;
const MOST: usize = 32_768;

static ON: AtomicU32 = AtomicU32::new(UNKNOWN);
static IS_NOTED: AtomicBool = AtomicBool::new(false);
static NOTED: [AtomicBool; MOST] = [const { AtomicBool::new(false) }; MOST];

/// The number of the mutant that is on, if it is one of these; 0 if it is none.
#[inline]
pub fn on(first: u32, last: u32) -> u32 {
    let on = match ON.load(Ordering::Relaxed) {
        UNKNOWN => begin(),
        on => on,
    };
    if IS_NOTED.load(Ordering::Relaxed) {
        note(first, last);
    }
    if (first..=last).contains(&on) { on } else { 0 }
}

#[cold]
fn begin() -> u32 {
    let number = std::env::var("VND_MUTANT").map_or(0, |text| text.parse().expect("a number"));
    IS_NOTED.store(std::env::var_os("VND_REACHED").is_some(), Ordering::Relaxed);
    ON.store(number, Ordering::Relaxed);
    number
}

#[cold]
fn note(first: u32, last: u32) {
    for number in first..=last {
        if NOTED[number as usize].swap(true, Ordering::Relaxed) {
            continue;
        }
        let path = std::env::var_os("VND_REACHED").unwrap_or_default();
        // A process without privileges may not be able to; what it reaches is reached by others.
        if let Ok(mut file) = OpenOptions::new().append(true).open(path) {
            let _ = file.write_all(format!("{number}\n").as_bytes());
        }
    }
}
