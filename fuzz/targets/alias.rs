// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A function's modalias (the first line) and the lines of modules.alias: what is found is a word of a line.

use virnodedev::manage::pci::alias::Modalias;

pub fn run(text: &[u8]) {
    let Some(modalias) = Modalias::parse(text) else {
        return;
    };
    if let Some(module) = modalias.best_vfio_module(text) {
        assert!(!module.is_empty() && !module.iter().any(u8::is_ascii_whitespace));
    }
}
