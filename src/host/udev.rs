// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What udev tells: messages about devices, and names of hardware.
//!
//! Messages are read here: libudev makes an object with every property of each, which would be three quarters of all work
//! for an event. Names come through libudev or, without the feature of that name, from a reader of our own for the same file. Both
//! are compiled where libudev is, so that a test can compare them.

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
pub use libudev::Hwdb;
pub use socket::UeventSocket;
