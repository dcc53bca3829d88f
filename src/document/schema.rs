// SPDX-License-Identifier: LGPL-2.1-or-later
//! The schema of devices: what may stand where in their XML, checked element by element.
//!
//! The verdict is that of libvirt 12.8.0's schema; the words about it are our own.

mod grammar;
mod rule;
mod values;

use crate::error::Result;
use crate::xml::element::Element;

/// Refuses a document that the schema does not allow (code 92). The message names what is
/// wrong, with line and column. The root has to be a `<device>`.
pub fn validate(device: &Element) -> Result<()> {
    grammar::DEVICE.check(device)
}

#[cfg(test)]
mod tests;
