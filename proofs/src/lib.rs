// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Proofs about files of the library, which are built here as they are (docs/proofs.md). What these files import of others is
//! either built along or has a stand-in here that does nothing but what the proof needs.

// Two proofs build the table of handles, each with other locks. Loom says itself where its cells are shared wrongly.
#![allow(dead_code, clippy::duplicate_mod, clippy::arc_with_non_send_sync)]

pub mod forks;
pub mod handles;
pub mod listeners;
pub mod readers;
pub mod table;

mod loom_sync;

/// In place of the library's, which has more that is not needed here.
mod text {
    pub fn until_nul(bytes: &[u8]) -> &[u8] {
        bytes.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

/// In place of the library's: its lock of work that a fork waits for, by loom.
mod process {
    use loom::sync::{RwLock, RwLockWriteGuard};

    loom::lazy_static! {
        static ref WORK: RwLock<()> = RwLock::new(());
    }

    pub fn without_fork<T>(work: impl FnOnce() -> T) -> T {
        let _working = WORK.read().unwrap();
        work()
    }

    pub fn hold() -> RwLockWriteGuard<'static, ()> {
        WORK.write().unwrap()
    }
}

/// In place of the library's errors.
mod error {
    pub enum Code {
        InvalidArg,
    }

    pub enum Domain {
        None,
    }

    pub struct Error;

    impl Error {
        pub fn new(_: Code, _: impl Into<String>) -> Error {
            Error
        }

        pub fn in_domain(self, _: Domain) -> Error {
            self
        }
    }
}
