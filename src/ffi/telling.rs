// SPDX-License-Identifier: LGPL-2.1-or-later
//! That one thread at a time tells a connection's events, and what waits for it to be done.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::listener::Listener;
use super::registrations::Registration;

/// The telling of one connection's events.
#[derive(Default)]
pub(super) struct Telling(Mutex<Progress>);

type Ended = Arc<Registration<Listener>>;

#[derive(Default)]
struct Progress {
    is_under_way: bool,
    /// Deregistered meanwhile: the program's data are freed when all is told.
    ended: VecDeque<Ended>,
}

/// The right to tell events, until it is dropped.
pub(super) struct UnderWay<'a>(&'a Telling);

impl Telling {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        // No code of the program runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to tell; nothing while another thread, or a caller further up, is at it.
    pub(super) fn begin(&self) -> Option<UnderWay<'_>> {
        let was_under_way = std::mem::replace(&mut self.progress().is_under_way, true);
        (!was_under_way).then(|| UnderWay(self))
    }

    /// What was deregistered while events were told, one by one; nothing while they are.
    pub(super) fn next_ended(&self) -> Option<Ended> {
        let mut progress = self.progress();
        match progress.is_under_way {
            true => None,
            false => progress.ended.pop_front(),
        }
    }

    /// What is deregistered, if its data can be freed at once; else it waits until all is told.
    pub(super) fn free_or_wait(&self, ended: Ended) -> Option<Ended> {
        let mut progress = self.progress();
        match progress.is_under_way {
            true => {
                progress.ended.push_back(ended);
                None
            }
            false => Some(ended),
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.progress().is_under_way = false;
    }
}
