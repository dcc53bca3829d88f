// SPDX-License-Identifier: LGPL-2.1-or-later
//! XML as text: knows no device kind.

pub mod value;
pub mod writer;
