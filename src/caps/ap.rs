// SPDX-License-Identifier: LGPL-2.1-or-later
//! s390 cryptographic adapters (kernel: Documentation/arch/s390/vfio-ap.rst).

use super::input::Input;
use crate::error::Result;
use crate::host::node::Node;
use crate::xml::value::Hex;
use crate::xml::writer::Writer;

fn hex(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    u32::from_str_radix(text, 16).ok()
}

/// A cryptographic adapter card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// Its number.
    pub adapter: u32,
}

impl Card {
    /// Takes the number from the name `cardXX`.
    pub fn read(node: &Node<'_>) -> Result<Card> {
        let adapter = node.basename().strip_prefix(b"card").and_then(hex);
        Ok(Card {
            adapter: adapter.ok_or_else(|| node.unusable("its name is not cardXX"))?,
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.value("ap-adapter", Hex(2, self.adapter));
    }
}

/// A queue of a card: one usage domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Queue {
    pub adapter: u32,
    pub domain: u32,
}

impl Queue {
    /// Takes both numbers from the name `XX.YYYY`.
    pub fn read(node: &Node<'_>) -> Result<Queue> {
        let mut parts = node.basename().splitn(2, |&b| b == b'.').map(hex);
        match (parts.next().flatten(), parts.next().flatten()) {
            (Some(adapter), Some(domain)) => Ok(Queue { adapter, domain }),
            _ => Err(node.unusable("its name is not ADAPTER.DOMAIN")),
        }
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.value("ap-adapter", Hex(2, self.adapter));
        w.value("ap-domain", Hex(4, self.domain));
    }
}

/// The highest number of an adapter or domain.
const LIMIT: u32 = 255;

impl Card {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Result<Card> {
        let adapter = input.s390_number("ap-adapter", 0, LIMIT)?;
        Ok(Card { adapter })
    }
}

impl Queue {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Result<Queue> {
        Ok(Queue {
            adapter: input.s390_number("ap-adapter", 0, LIMIT)?,
            domain: input.s390_number("ap-domain", 0, LIMIT)?,
        })
    }
}
