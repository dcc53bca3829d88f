// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The watches and timers of the built-in loop.

use std::ffi::c_int;
use std::time::{Duration, Instant};

use crate::ffi::types::{virEventHandleCallback, virEventTimeoutCallback};
use crate::ffi::user_data::UserData;

/// A watch or a timer, by the number that the program has for it.
#[derive(Clone, Copy)]
pub(super) struct Source<T> {
    pub(super) number: c_int,
    pub(super) what: T,
    pub(super) data: UserData,
    /// Whether its callback is running; a turn within the callback does not call it again.
    pub(super) is_busy: bool,
}

/// A file descriptor that is watched.
#[derive(Clone, Copy)]
pub(super) struct Descriptor {
    pub(super) fd: c_int,
    /// Bits of `virEventHandleType`; 0 while paused.
    pub(super) events: c_int,
    pub(super) callback: virEventHandleCallback,
}

/// A timer.
#[derive(Clone, Copy)]
pub(super) struct Timer {
    /// `None` while stopped.
    interval: Option<Duration>,
    due: Instant,
    pub(super) callback: virEventTimeoutCallback,
}

impl Timer {
    /// A timer that runs from now on, every `frequency` milliseconds; stopped if that is negative.
    pub(super) fn new(frequency: c_int, callback: virEventTimeoutCallback) -> Self {
        let mut timer = Timer {
            interval: None,
            due: Instant::now(),
            callback,
        };
        timer.start(frequency);
        timer
    }

    /// Restarts it with another interval in milliseconds.
    pub(super) fn start(&mut self, frequency: c_int) {
        self.interval = u64::try_from(frequency).ok().map(Duration::from_millis);
        self.restart();
    }

    /// Restarts it.
    pub(super) fn restart(&mut self) {
        self.due = Instant::now() + self.interval.unwrap_or_default();
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.interval.is_some() && self.due <= now
    }
}

/// The watches or the timers. No number is used twice.
pub(super) struct Sources<T> {
    all: Vec<Source<T>>,
    last_number: c_int,
}

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Sources {
            all: Vec::new(),
            last_number: 0,
        }
    }
}

impl<T> Sources<T> {
    pub(super) fn add(&mut self, what: T, data: UserData) -> c_int {
        self.last_number += 1;
        let number = self.last_number;
        self.all.push(Source {
            number,
            what,
            data,
            is_busy: false,
        });
        number
    }

    pub(super) fn find(&mut self, number: c_int) -> Option<&mut Source<T>> {
        self.all.iter_mut().find(|source| source.number == number)
    }

    pub(super) fn take(&mut self, number: c_int) -> Option<Source<T>> {
        let at = self.all.iter().position(|source| source.number == number)?;
        Some(self.all.remove(at))
    }

    /// The sources whose callback is not running.
    pub(super) fn idle(&self) -> impl Iterator<Item = &Source<T>> {
        self.all.iter().filter(|source| !source.is_busy)
    }
}

impl Sources<Timer> {
    /// When the next timer is due; `None` if none runs.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let running = self.idle().filter(|timer| timer.what.interval.is_some());
        running.map(|timer| timer.what.due).min()
    }
}
