// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! XML descriptions of devices: what is understood is written as XML that is understood the same.

use virnodedev::caps::input::Purpose;
use virnodedev::document::parse;

pub fn run(xml: &[u8]) {
    for (purpose, validate) in [(Purpose::Create, false), (Purpose::Update, true)] {
        if let Err(error) = parse(xml, purpose, validate) {
            assert!(!error.message().is_empty());
        }
    }
    if let Ok(document) = parse(xml, Purpose::Describe, false) {
        let written = document.description.to_xml();
        let again = parse(written.as_bytes(), Purpose::Describe, false).expect("understood");
        assert_eq!(again.description.to_xml(), written);
        let _ = document.description.to_json();
    }
}
