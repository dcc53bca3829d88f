// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Handles fork(2).
//!
//! A child process has the memory of its parent, but only the thread that forked. Descriptors are shared: a message
//! that the child reads is lost to the parent. So the child cannot use connections that it inherited; it can close
//! them, and open its own.
//!
//! The locks of the process are taken before the fork and released on both sides, so that no lock is held in the child
//! by a thread that does not exist there. [`ProcessLock`] is such a lock. The locks of a connection are not taken,
//! because the child never takes those of an inherited one. An inherited connection that another thread was using keeps
//! that thread's share of its `Arc`, and so is never dropped half-changed.

use std::any::Any;
use std::cell::RefCell;
use std::num::NonZeroU32;

use super::shield::shield;
use super::sync::{AtomicBool, AtomicU32, Mutex, MutexGuard, Ordering, PoisonError};
use super::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::process;

/// The order in which a fork takes the locks of the process. Code that takes one while it holds another must follow
/// this order; no code does so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The function of the program that handles errors.
    ErrorHandler,
    /// The event loop that the program registered.
    InstalledLoop,
    /// The event loop of the library.
    DefaultLoop,
    /// The table of handles.
    Handles,
}

/// A value of the process behind a lock that a fork waits for.
pub(super) struct ProcessLock<T> {
    rank: Rank,
    is_known: AtomicBool,
    value: RwLock<T>,
}

impl<T: Send + Sync + 'static> ProcessLock<T> {
    pub(super) const fn new(rank: Rank, value: T) -> Self {
        ProcessLock {
            rank,
            is_known: AtomicBool::new(false),
            value: RwLock::new(value),
        }
    }

    // No code that can panic halfway runs under these locks, so a value is consistent even if its lock is poisoned.

    /// Locks the value for reading.
    pub(super) fn read(&'static self) -> RwLockReadGuard<'static, T> {
        self.make_known();
        self.value.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the value for writing.
    pub(super) fn write(&'static self) -> RwLockWriteGuard<'static, T> {
        self.make_known();
        self.value.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_known(&'static self) {
        if !self.is_known.load(Ordering::Acquire) {
            self.add_to_known();
        }
    }

    /// Adds the lock to those that each fork takes.
    #[cold]
    fn add_to_known(&'static self) {
        watch();
        let mut locks = known_locks();
        if !self.is_known.load(Ordering::Relaxed) {
            let at = locks.partition_point(|other| other.rank() <= self.rank);
            locks.insert(at, self);
            self.is_known.store(true, Ordering::Release);
        }
    }
}

/// A lock with a value of any type.
trait Lock: Sync {
    fn rank(&self) -> Rank;

    /// Takes the lock until the result is dropped.
    fn hold(&'static self) -> Box<dyn Any>;
}

impl<T: Send + Sync + 'static> Lock for ProcessLock<T> {
    fn rank(&self) -> Rank {
        self.rank
    }

    fn hold(&'static self) -> Box<dyn Any> {
        Box::new(self.value.write().unwrap_or_else(PoisonError::into_inner))
    }
}

type KnownLocks = Vec<&'static dyn Lock>;

/// The locks that have been used, in the order of their ranks.
static LOCKS: Mutex<KnownLocks> = Mutex::new(Vec::new());

fn known_locks() -> MutexGuard<'static, KnownLocks> {
    LOCKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds all locks of the process. They are released in the reverse order.
pub(super) struct AllLocks {
    locks: Vec<Box<dyn Any>>,
    _known: MutexGuard<'static, KnownLocks>,
    _work: RwLockWriteGuard<'static, ()>,
}

impl AllLocks {
    pub(super) fn hold() -> Self {
        let work = process::hold();
        let known = known_locks();
        AllLocks {
            locks: known.iter().map(|lock| lock.hold()).collect(),
            _known: known,
            _work: work,
        }
    }
}

impl Drop for AllLocks {
    fn drop(&mut self) {
        while let Some(lock) = self.locks.pop() {
            drop(lock);
        }
    }
}

thread_local! {
    /// The locks from before the fork until after it.
    static HELD: RefCell<Option<AllLocks>> = const { RefCell::new(None) };
}

/// How many forks there were between the process that loaded the library and this one.
static COUNT: AtomicU32 = AtomicU32::new(0);

static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// Has the C library call the functions below at each fork from now on.
pub(super) fn watch() {
    if IS_WATCHED.load(Ordering::Relaxed) || IS_WATCHED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: functions that live as long as the process: the library is never unloaded. If there is no memory for it,
    // the library goes on without.
    unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

/// The process that made something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Maker {
    /// One more than there were forks before it. As that is not zero, an `Option` of what has a maker takes no more memory.
    number: NonZeroU32,
}

impl Maker {
    /// This process.
    pub(super) fn here() -> Self {
        Maker {
            number: NonZeroU32::MIN.saturating_add(COUNT.load(Ordering::Relaxed)),
        }
    }

    /// Whether it was another process: this one inherited what it made.
    pub(super) fn is_another(self) -> bool {
        self != Maker::here()
    }

    /// Another process, for tests of what a child finds.
    #[cfg(test)]
    pub(super) fn another() -> Self {
        Maker {
            number: NonZeroU32::MAX,
        }
    }
}

unsafe extern "C" fn before() {
    shield((), || {
        let locks = AllLocks::hold();
        // A thread that is ending does not have the variable any more; then the locks are released here.
        let _ = HELD.try_with(|held| *held.borrow_mut() = Some(locks));
    });
}

unsafe extern "C" fn in_parent() {
    shield((), || {
        let _ = HELD.try_with(|held| held.borrow_mut().take());
    });
}

unsafe extern "C" fn in_child() {
    shield((), || {
        // No other thread of the child exists yet that could see inherited values.
        COUNT.fetch_add(1, Ordering::Relaxed);
        let _ = HELD.try_with(|held| held.borrow_mut().take());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_taken_by_rank_and_let_go() {
        static LAST: ProcessLock<u8> = ProcessLock::new(Rank::Handles, 0);
        static FIRST: ProcessLock<u8> = ProcessLock::new(Rank::ErrorHandler, 0);
        *LAST.write() += 1;
        *FIRST.write() += 1;
        assert_eq!((*FIRST.read(), *LAST.read()), (1, 1));
        let all = AllLocks::hold();
        let ranks: Vec<Rank> = all._known.iter().map(|lock| lock.rank()).collect();
        assert!(ranks.is_sorted() && ranks.len() >= 2, "{ranks:?}");
        assert_eq!(all.locks.len(), ranks.len());
        assert!(FIRST.value.try_read().is_err() && LAST.value.try_read().is_err());
        drop(all);
        assert!(FIRST.value.try_read().is_ok() && LAST.value.try_read().is_ok());
    }
}
