// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! libvirt's node-device API as a library that works inside the calling process.
//!
//! C programs use it by the header `virnodedev.h`, Rust programs by what stands here: a [`Host`], its [`Device`]s with their
//! XML and JSON, and [`Event`]s. Names, documents, codes and texts of errors are libvirt's.
//!
//! ```
//! # fn main() -> Result<(), virnodedev::Error> {
//! let host = virnodedev::Host::open("test:///default")?;
//! let computer = host.device("computer")?;
//! assert!(computer.xml()?.contains("<capability type='system'>"));
//! match host.device("pci_0000_99_00_0") {
//!     Err(error) if error.code() == virnodedev::Code::NoNodeDevice => println!("{error}"),
//!     other => panic!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Everything else that is public is so for the project's own tests and fuzzing, and changes as it must.

#[doc(hidden)]
pub mod assignability;
#[doc(hidden)]
pub mod caps;
#[doc(hidden)]
pub mod connection;
#[doc(hidden)]
pub mod description;
#[doc(hidden)]
pub mod device;
#[doc(hidden)]
pub mod document;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod ffi;
#[doc(hidden)]
pub mod host;
#[doc(hidden)]
pub mod inventory;
#[doc(hidden)]
pub mod machine;
#[doc(hidden)]
pub mod manage;
#[doc(hidden)]
pub mod name;
#[doc(hidden)]
pub mod process;
#[doc(hidden)]
pub mod record;
mod rust_api;
#[doc(hidden)]
pub mod testdriver;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod uri;
#[doc(hidden)]
pub mod view;
#[doc(hidden)]
pub mod xml;

pub use error::{Code, Error, Result};
pub use rust_api::{Change, Device, Event, Host};
