// SPDX-License-Identifier: LGPL-2.1-or-later
//! Lets one thread at a time run the built-in loop.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::ffi::fork::Maker;

/// Gives turns to one thread at a time, which may take a turn within a turn.
pub(super) struct Turns {
    owner: Mutex<Option<Owner>>,
    released: Condvar,
    /// The process in which it was made. In another one, turns are not given back.
    maker: Maker,
}

/// The thread that runs the loop.
struct Owner {
    thread: usize,
    /// How many turns it has, one within the other.
    depth: usize,
}

/// The right to run the loop, until this is dropped.
pub(super) struct Turn<'a>(&'a Turns);

/// A number that no other running thread has.
fn this_thread() -> usize {
    thread_local! { static HERE: u8 = const { 0 } }
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl Turns {
    pub(super) fn new() -> Self {
        Turns {
            owner: Mutex::new(None),
            released: Condvar::new(),
            maker: Maker::here(),
        }
    }

    fn owner(&self) -> MutexGuard<'_, Option<Owner>> {
        // Nothing that can panic runs under the lock.
        self.owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other thread has a turn.
    pub(super) fn begin(&self) -> Turn<'_> {
        let thread = this_thread();
        let mut owner = self.owner();
        loop {
            match &mut *owner {
                None => {
                    *owner = Some(Owner { thread, depth: 1 });
                    return Turn(self);
                }
                Some(mine) if mine.thread == thread => {
                    mine.depth += 1;
                    return Turn(self);
                }
                Some(_) => {
                    let woken = self.released.wait(owner);
                    owner = woken.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.0.maker.is_another() {
            return;
        }
        let mut owner = self.0.owner();
        if let Some(mine) = &mut *owner {
            mine.depth -= 1;
            if mine.depth == 0 {
                *owner = None;
            }
        }
        self.0.released.notify_one();
    }
}
