// SPDX-License-Identifier: LGPL-2.1-or-later
//! Images of vital product data.
#![no_main]

use libfuzzer_sys::fuzz_target;
use virnodedev::caps::vpd;
use virnodedev::xml::reader;
use virnodedev::xml::writer::Writer;

fuzz_target!(|image: &[u8]| {
    if let Some(vpd) = vpd::parse(image) {
        let mut w = Writer::xml();
        vpd.write(&mut w);
        reader::parse(w.finish().as_bytes(), None).expect("well-formed");
    }
});
