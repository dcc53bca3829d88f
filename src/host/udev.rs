// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What udev tells: messages about devices, and names of hardware.
//!
//! Through libudev or, without the feature of that name, by readers of our own for the same messages and the same file.
//! Both are compiled where libudev is, so that tests can compare them.

pub mod hwdb;
#[cfg(feature = "libudev")]
pub mod libudev;
pub mod message;
pub mod pattern;
mod sender;
pub mod socket;

#[cfg(not(feature = "libudev"))]
pub use hwdb::Hwdb;
#[cfg(feature = "libudev")]
pub use libudev::{Hwdb, UeventSocket};
#[cfg(not(feature = "libudev"))]
pub use socket::UeventSocket;
