// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Lets one thread at a time run the built-in loop.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};

use super::readiness::Question;
use crate::ffi::fork::Maker;

/// How long a thread waits at a time where no descriptor tells it that a turn is over.
const RETRY: Duration = Duration::from_millis(10);

/// Gives turns to one thread at a time, which may take a turn within a turn.
pub(super) struct Turns {
    state: Mutex<State>,
    /// An eventfd that becomes readable when a turn is over and threads wait for that. They wait by poll(2), in which
    /// they can be cancelled, as they cannot in a wait for a lock.
    over: Option<OwnedFd>,
    /// The process in which it was made. In another one, turns are not given back.
    maker: Maker,
}

#[derive(Default)]
struct State {
    owner: Option<Owner>,
    /// How many threads wait.
    waiting: usize,
}

/// The thread that runs the loop.
struct Owner {
    thread: usize,
    /// How many turns it has, one within the other.
    depth: usize,
}

/// The right to run the loop, until this is dropped.
pub(super) struct Turn<'a>(&'a Turns);

/// The wait for the end of another thread's turn.
pub(super) struct Wait<'a>(&'a Turns);

/// A number that no other running thread has.
fn this_thread() -> usize {
    thread_local! { static HERE: u8 = const { 0 } }
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl Turns {
    pub(super) fn new() -> Self {
        Turns {
            state: Mutex::default(),
            over: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok(),
            maker: Maker::here(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a turn; while another thread has one, the wait for its end, after which to ask again.
    pub(super) fn begin(&self) -> Result<Turn<'_>, Wait<'_>> {
        let thread = this_thread();
        let mut state = self.state();
        match &mut state.owner {
            None => state.owner = Some(Owner { thread, depth: 1 }),
            Some(mine) if mine.thread == thread => mine.depth += 1,
            Some(_) => {
                state.waiting += 1;
                return Err(Wait(self));
            }
        }
        Ok(Turn(self))
    }
}

impl Wait<'_> {
    /// Waits. The thread can be cancelled meanwhile.
    pub(super) fn end(self) {
        let over = self.0.over.as_ref();
        let limit = over.is_none().then_some(RETRY);
        Question::new(std::iter::empty(), over, limit).wait();
        if let Some(over) = over {
            // Another thread that waits may have read it first. Both ask again after that.
            let _ = rustix::io::read(over, &mut [0; 8]);
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if !self.0.maker.is_another() {
            self.0.state().waiting -= 1;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.0.maker.is_another() {
            return;
        }
        let mut state = self.0.state();
        if let Some(mine) = &mut state.owner {
            mine.depth -= 1;
            if mine.depth == 0 {
                state.owner = None;
            }
        }
        let is_awaited = state.owner.is_none() && state.waiting > 0;
        drop(state);
        if let Some(over) = self.0.over.as_ref().filter(|_| is_awaited) {
            // A full counter is readable already.
            let _ = rustix::io::write(over, &1u64.to_ne_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    /// Each thread takes its turns alone, with and without a descriptor to wait at.
    #[test]
    fn threads_take_turns() {
        for has_descriptor in [true, false] {
            let mut turns = Turns::new();
            turns.over = turns.over.filter(|_| has_descriptor);
            let (inside, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let take = || loop {
                match turns.begin() {
                    Ok(turn) => break turn,
                    Err(wait) => wait.end(),
                }
            };
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..20 {
                            let turn = take();
                            let within = take();
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            drop(within);
                            thread::yield_now();
                            assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                            drop(turn);
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                }
            });
            assert_eq!(count.into_inner(), 80);
            let state = turns.state();
            assert!(state.owner.is_none() && state.waiting == 0);
        }
    }
}
