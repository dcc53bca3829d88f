// SPDX-License-Identifier: LGPL-2.1-or-later
//! libvirt's node-device API, in process.

pub mod connection;
pub mod error;
pub mod ffi;
