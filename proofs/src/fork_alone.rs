// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! In place of `src/ffi/fork.rs`, for proofs in which nobody forks: its locks are those of the module `sync` beside it.

use super::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub enum Rank {
    Handles,
}

#[derive(Clone, Copy)]
pub struct Maker;

impl Maker {
    pub fn here() -> Maker {
        Maker
    }

    pub fn is_another(self) -> bool {
        false
    }
}

/// In place of the one that a fork takes, of which `forks` tells.
pub struct ProcessLock<T>(RwLock<T>);

impl<T> ProcessLock<T> {
    pub const fn new(_: Rank, value: T) -> Self {
        ProcessLock(RwLock::new(value))
    }
}

impl<T: 'static> ProcessLock<T> {
    pub fn read(&'static self) -> RwLockReadGuard<'static, T> {
        self.0.read().unwrap()
    }

    pub fn write(&'static self) -> RwLockWriteGuard<'static, T> {
        self.0.write().unwrap()
    }
}
