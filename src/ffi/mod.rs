// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The C skin: every exported function and nearly all unsafe code.
//!
//! An exported function is a few lines: `guard`, arguments checked in the order
//! that libvirt documents, one call of a safe method, the result converted.
//! From there the files lead down:
//!
//! | files | what they know |
//! |---|---|
//! | `connect` … `version`, `assignability`, `virtual_functions`, `vgpu`, `machine`, `auth`, `stub` | exported functions |
//! | `answers`, `args` | raw pointers that become values, handles and descriptions that are given back |
//! | `events` | registering for events, and telling them |
//! | `credentials` | asking a program who its user is |
//! | `guard` | what stands around each function's body |
//! | `objects`, `handle` | what the pointers stand for that C holds |
//! | `watching`, `telling`, `listener`, `registrations` | the parts of a connection that events need |
//! | `default_loop`, `installed_loop` | event loops |
//! | `store` | errors: each thread's and connection's last one, who is told |
//! | `failure`, `out`, `user_data` | failures as fields of a record, values as C memory, pointers of programs |
//! | `fork`, `sync`, `shield`, `cancellation` | locks that a fork waits for, and what they are made of; what keeps panics out of C; where threads can be cancelled |
//! | `types`, `constants`, `error_domain`, `error_number` | the words of the header |
//!
//! Doc comments of exported items are the C reader's manual: cbindgen copies
//! them into `include/virnodedev.h`.
#![allow(unsafe_code)]
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

pub mod types;

pub mod constants;
pub mod error_domain;
pub mod error_number;

pub mod version;

pub mod connect;
pub mod connect_info;
pub mod device;
pub mod device_change;
pub mod device_event;
pub mod device_list;
pub mod error;
pub mod event_loop;
pub mod extensions;

pub mod assignability;
pub mod vgpu;
pub mod virtual_functions;

pub mod machine;

mod answers;
mod args;
mod auth;
mod cancellation;
mod credentials;
mod default_loop;
mod events;
mod failure;
mod fork;
mod guard;
mod handle;
mod handle_table;
mod installed_loop;
mod listener;
mod objects;
mod out;
mod registrations;
mod shield;
mod store;
mod stub;
mod sync;
mod telling;
mod user_data;
mod watching;

#[cfg(test)]
mod misuse_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod use_tests;
