// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
#![no_main]

#[path = "../targets/pci_ids.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
