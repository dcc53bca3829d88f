// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Cards of s390 cryptographic adapters (kernel: Documentation/arch/s390/vfio-ap.rst).

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern;
use crate::xml::schema::text;
use crate::xml::schema::text_kind::UINT8;
use crate::xml::value::Hex;
use crate::xml::writer::Writer;

/// The highest number of an adapter, and of a usage domain (kernel: `AP_DEVICES` and `AP_DOMAINS`
/// in drivers/s390/crypto/ap_bus.h).
pub const HIGHEST_NUMBER: u32 = 255;

/// A cryptographic adapter card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApCard {
    /// The number of the adapter, 0 to 255.
    pub adapter: u32,
}

impl Kind for ApCard {
    type State = ();
    const NAME: &'static str = "ap_card";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("ap")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("ap_card")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[text("ap-adapter", UINT8)]);

    fn judge(node: &Node<'_>) -> Result<Verdict> {
        Ok(Verdict::plain_if(ApCard::read(node)?.is_some()))
    }

    /// Takes the number from the sysfs name `cardXX`, in hexadecimal.
    fn read(node: &Node<'_>) -> Found<ApCard> {
        let digits = node.basename().strip_prefix(b"card");
        let adapter = digits.and_then(text::parse_hex);
        Ok(adapter.map(|adapter| ApCard { adapter }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.value("ap-adapter", Hex(2, self.adapter));
    }

    fn parse(input: Input<'_>) -> Result<(ApCard, ())> {
        let adapter = input.s390_number("ap-adapter", 0, HIGHEST_NUMBER)?;
        Ok((ApCard { adapter }, ()))
    }
}
