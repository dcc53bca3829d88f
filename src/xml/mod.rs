// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! XML as text: knows no device kind.

mod declaration;
mod doctype;
pub mod element;
mod entities;
mod fault;
pub mod reader;
mod scanner;
pub mod schema;
mod tag;
pub mod value;
pub mod writer;
