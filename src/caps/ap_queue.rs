// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Queues of s390 cryptographic adapters (kernel: Documentation/arch/s390/vfio-ap.rst).

use super::ap_card::HIGHEST_NUMBER;
use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern;
use crate::xml::schema::text;
use crate::xml::schema::text_kind::{AP_DOMAIN, UINT8};
use crate::xml::value::Hex;
use crate::xml::writer::Writer;

/// A queue of a card: one usage domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApQueue {
    /// The number of the adapter, 0 to 255.
    pub adapter: u32,
    /// The number of the usage domain, 0 to 255.
    pub domain: u32,
}

impl Kind for ApQueue {
    type State = ();
    const NAME: &'static str = "ap_queue";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("ap")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("ap_queue")];
    const SCHEMA: Option<&'static [Pattern]> =
        Some(&[text("ap-adapter", UINT8), text("ap-domain", AP_DOMAIN)]);

    fn judge(node: &Node<'_>) -> Result<Verdict> {
        Ok(Verdict::plain_if(ApQueue::read(node)?.is_some()))
    }

    /// Takes both numbers from the sysfs name `XX.YYYY`, in hexadecimal.
    fn read(node: &Node<'_>) -> Found<ApQueue> {
        let mut parts = node.basename().splitn(2, |&b| b == b'.');
        let mut number = || parts.next().and_then(text::parse_hex);
        let numbers = number().zip(number());
        Ok(numbers.map(|(adapter, domain)| ApQueue { adapter, domain }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.value("ap-adapter", Hex(2, self.adapter));
        w.value("ap-domain", Hex(4, self.domain));
    }

    fn parse(input: Input<'_>) -> Result<(ApQueue, ())> {
        let adapter = input.s390_number("ap-adapter", 0, HIGHEST_NUMBER)?;
        let domain = input.s390_number("ap-domain", 0, HIGHEST_NUMBER)?;
        Ok((ApQueue { adapter, domain }, ()))
    }
}
