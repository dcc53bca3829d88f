// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
#![no_main]

#[path = "../parts/changed_machine.rs"]
mod changed_machine;
#[path = "../targets/uevents.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
