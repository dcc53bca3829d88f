// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Work on data of the whole process, which a fork must not interrupt.
//!
//! A child process has only the thread that forked. A lock that another thread held at that moment
//! is never let go in the child, and what it was making is never done. So such work is done in
//! [`without_fork`], and a fork waits until none is under way.

use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

static WORK: RwLock<()> = RwLock::new(());

/// Does work for which a fork has to wait. It must be short, must not call functions of the
/// program, and must not call this function again.
pub fn without_fork<T>(work: impl FnOnce() -> T) -> T {
    let _working = WORK.read().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// Waits until no such work is being done. None begins until the result is dropped.
pub fn hold() -> RwLockWriteGuard<'static, ()> {
    WORK.write().unwrap_or_else(PoisonError::into_inner)
}
