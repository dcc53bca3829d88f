// SPDX-License-Identifier: LGPL-2.1-or-later
//! What belongs to the whole process and must not be caught half-made by a fork.
//!
//! A child process has only the thread that forked. A lock that another thread held at
//! that moment is never let go in the child, and what it was making is never done. So
//! such work is done in [`without_fork`], and a fork waits until none is under way.

use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

static WORK: RwLock<()> = RwLock::new(());

/// Does something that a fork has to wait for. It must be short, must not
/// call out to the program, and must not call this function again.
pub fn without_fork<T>(work: impl FnOnce() -> T) -> T {
    let _working = WORK.read().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// Waits until no such work is under way; none begins while the result lives.
pub fn hold() -> RwLockWriteGuard<'static, ()> {
    WORK.write().unwrap_or_else(PoisonError::into_inner)
}
