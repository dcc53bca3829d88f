// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The locks of the process and forks (`src/ffi/fork.rs`), with loom.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use self::fork::{AllLocks, ProcessLock, Rank};
use crate::loom_sync as sync;

#[path = "../../src/ffi/fork.rs"]
mod fork;

mod shield {
    pub fn shield<T>(_: T, work: impl FnOnce() -> T) -> T {
        work()
    }
}

/// Threads use two locks for the first time while another one forks: the fork finds nobody at work under either, whether it
/// knew the lock before or not, and nobody waits for ever.
pub fn a_fork_finds_no_lock_held() {
    sync::every_order(|| {
        let high: &ProcessLock<u8> = Box::leak(Box::new(ProcessLock::new(Rank::ErrorHandler, 0)));
        let low: &ProcessLock<u8> = Box::leak(Box::new(ProcessLock::new(Rank::Handles, 0)));
        let at_work: &[AtomicBool; 2] = Box::leak(Box::default());
        let workers = [(low, &at_work[0]), (high, &at_work[1])].map(|(lock, at_work)| {
            thread::spawn(move || {
                let mut value = lock.write();
                at_work.store(true, Ordering::Relaxed);
                *value += 1;
                at_work.store(false, Ordering::Relaxed);
            })
        });
        let all = AllLocks::hold();
        assert!(!at_work[0].load(Ordering::Relaxed) && !at_work[1].load(Ordering::Relaxed));
        drop(all);
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!((*high.read(), *low.read()), (1, 1));
    });
}

/// Two threads use one lock for the first time, one to read: the fork takes it once, and both get it.
pub fn a_lock_becomes_known_once() {
    sync::every_order(|| {
        let lock: &ProcessLock<u8> = Box::leak(Box::new(ProcessLock::new(Rank::Handles, 0)));
        let writer = thread::spawn(move || *lock.write() += 1);
        assert!(*lock.read() <= 1);
        // Known twice, the second taking of it would wait for the first.
        drop(AllLocks::hold());
        writer.join().unwrap();
        drop(AllLocks::hold());
        assert_eq!(*lock.read(), 1);
    });
}
