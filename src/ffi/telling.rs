// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Lets one thread at a time dispatch a connection's events, and keeps what must wait until it has finished.

use std::collections::VecDeque;

use super::listener::Listener;
use super::registrations::Registration;
use super::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The dispatching of one connection's events.
#[derive(Default)]
pub(super) struct Telling(Mutex<Progress>);

type Ended = Arc<Registration<Listener>>;

#[derive(Default)]
struct Progress {
    is_under_way: bool,
    /// The registrations that were removed meanwhile: the program's data are freed after all events are dispatched.
    ended: VecDeque<Ended>,
}

/// The right to dispatch events, until this is dropped.
pub(super) struct UnderWay<'a>(&'a Telling);

impl Telling {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        // No code of the program runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts to dispatch; `None` while another thread, or a caller further up, is dispatching.
    pub(super) fn begin(&self) -> Option<UnderWay<'_>> {
        let was_under_way = std::mem::replace(&mut self.progress().is_under_way, true);
        (!was_under_way).then(|| UnderWay(self))
    }

    /// Keeps a registration that was removed until the program's data can be freed.
    pub(super) fn end(&self, registration: Ended) {
        self.progress().ended.push_back(registration);
    }

    /// Takes one of the registrations that were removed; `None` while events are dispatched.
    pub(super) fn next_ended(&self) -> Option<Ended> {
        let mut progress = self.progress();
        match progress.is_under_way {
            true => None,
            false => progress.ended.pop_front(),
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.progress().is_under_way = false;
    }
}
