// SPDX-License-Identifier: LGPL-2.1-or-later
//! That one thread at a time tells a connection's events, and what waits for it to be done.

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
    /// Deregistered meanwhile: the program's data are freed at the end.
    ended: Vec<Ended>,
}

impl Telling {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        // No code of the program runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to tell; false while another thread, or a caller further up, is at it.
    pub(super) fn begin(&self) -> bool {
        !std::mem::replace(&mut self.progress().is_under_way, true)
    }

    /// All is told; frees what was deregistered meanwhile.
    pub(super) fn end(&self) {
        let mut progress = self.progress();
        progress.is_under_way = false;
        let ended = std::mem::take(&mut progress.ended);
        drop(progress);
        for registration in ended {
            registration.data.free();
        }
    }

    /// Frees what was deregistered: at once, or when all is told.
    pub(super) fn free(&self, registration: Ended) {
        let mut progress = self.progress();
        if progress.is_under_way {
            progress.ended.push(registration);
            return;
        }
        drop(progress);
        registration.data.free();
    }
}
