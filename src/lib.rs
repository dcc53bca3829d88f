// SPDX-License-Identifier: LGPL-2.1-or-later
//! libvirt's node-device API as a library that works inside the calling process.

pub mod caps;
pub mod connection;
pub mod description;
pub mod device;
pub mod document;
pub mod error;
pub mod ffi;
pub mod host;
pub mod machine;
pub mod manage;
pub mod name;
pub mod process;
pub mod record;
pub mod testdriver;
pub mod text;
pub mod uri;
pub mod view;
pub mod xml;
