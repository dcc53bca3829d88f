// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! PCI configuration space of any content and length.

use virnodedev::caps::config_space::header_type;
use virnodedev::caps::pci_express::Express;
use virnodedev::xml::reader;
use virnodedev::xml::writer::Writer;

pub fn run(config: &[u8]) {
    let _ = header_type(config);
    for size in [64, 256, 4096] {
        if let Some(express) = Express::read(config, || Ok(size)).expect("a size") {
            let mut w = Writer::xml();
            express.write(&mut w);
            reader::parse(w.finish().as_bytes(), None).expect("well-formed");
        }
    }
}
