// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Images of vital product data.

use virnodedev::caps::vpd;
use virnodedev::xml::reader;
use virnodedev::xml::writer::Writer;

pub fn run(image: &[u8]) {
    if let Some(vpd) = vpd::parse(image) {
        let mut w = Writer::xml();
        vpd.write(&mut w);
        reader::parse(w.finish().as_bytes(), None).expect("well-formed");
    }
}
