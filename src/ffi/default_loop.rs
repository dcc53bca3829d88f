// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The built-in event loop: file descriptors and timers on poll(2).
//!
//! Watches and timers may be added, changed and removed by any thread and by any callback. That wakes the thread
//! that runs the loop. No lock is held while a callback runs.

pub(super) mod functions;
mod readiness;
mod sources;
mod turn;

use std::collections::VecDeque;
use std::ffi::c_int;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};

use self::readiness::{ALWAYS, Question};
use self::sources::{Descriptor, Source, Sources, Timer};
use self::turn::Turns;
use super::cancellation::in_program;
use super::failure::{Result, own};
use super::fork::{Maker, ProcessLock, Rank};
use super::types::{virEventHandleCallback, virEventTimeoutCallback};
use super::user_data::UserData;
use crate::error::Domain;

const DOMAIN: Domain = Domain::EventLoop;

/// The library's own event loop.
pub(super) struct DefaultLoop {
    state: Mutex<State>,
    turns: Turns,
    /// An eventfd that interrupts a poll; without it, changes are seen at the next turn.
    wake: Option<OwnedFd>,
    maker: Maker,
    /// The loop that a child inherited, which cannot be dropped safely.
    _inherited: Option<&'static DefaultLoop>,
}

#[derive(Default)]
struct State {
    watches: Sources<Descriptor>,
    timers: Sources<Timer>,
    /// The data of removed watches and timers, which are freed in the next turn.
    to_free: VecDeque<UserData>,
}

/// The loop of the process, made when it is first needed. A child makes its own, because an inherited loop shares
/// descriptors with the parent, and another thread may have been changing it.
static LOOP: ProcessLock<Option<&'static DefaultLoop>> = ProcessLock::new(Rank::DefaultLoop, None);

/// The loop of the process.
pub(super) fn current() -> &'static DefaultLoop {
    let known = *LOOP.read();
    if let Some(known) = known.filter(|known| !known.is_inherited()) {
        return known;
    }
    let mut current = LOOP.write();
    match *current {
        Some(known) if !known.is_inherited() => known,
        inherited => {
            let mut made = DefaultLoop::new();
            made._inherited = inherited;
            current.insert(Box::leak(Box::new(made)))
        }
    }
}

impl DefaultLoop {
    fn new() -> DefaultLoop {
        DefaultLoop {
            state: Mutex::default(),
            turns: Turns::new(),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok(),
            maker: Maker::here(),
            _inherited: None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a poll that runs in another thread.
    fn interrupt(&self) {
        if let Some(wake) = &self.wake {
            // A full counter is readable already.
            let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
        }
    }

    /// Watches a file descriptor; returns the number of the watch.
    pub(super) fn add_watch(
        &self,
        fd: c_int,
        events: c_int,
        callback: virEventHandleCallback,
        data: UserData,
    ) -> c_int {
        let descriptor = Descriptor {
            fd,
            events,
            callback,
        };
        let number = self.state().watches.add(descriptor, data);
        self.interrupt();
        number
    }

    /// Changes the events of a watch; nothing if there is no such watch.
    pub(super) fn update_watch(&self, number: c_int, events: c_int) {
        if let Some(watch) = self.state().watches.find(number) {
            watch.what.events = events;
            self.interrupt();
        }
    }

    /// Removes a watch; -1 if there is none.
    pub(super) fn remove_watch(&self, number: c_int) -> c_int {
        self.remove(number, |state| &mut state.watches)
    }

    /// Starts a timer; returns its number.
    pub(super) fn add_timer(
        &self,
        frequency: c_int,
        callback: virEventTimeoutCallback,
        data: UserData,
    ) -> c_int {
        let timer = Timer::new(frequency, callback);
        let number = self.state().timers.add(timer, data);
        self.interrupt();
        number
    }

    /// Restarts a timer with another interval; nothing if there is no such timer.
    pub(super) fn update_timer(&self, number: c_int, frequency: c_int) {
        if let Some(timer) = self.state().timers.find(number) {
            timer.what.start(frequency);
            self.interrupt();
        }
    }

    /// Removes a timer; -1 if there is none.
    pub(super) fn remove_timer(&self, number: c_int) -> c_int {
        self.remove(number, |state| &mut state.timers)
    }

    fn remove<T>(&self, number: c_int, sources: SourcesOf<T>) -> c_int {
        let mut state = self.state();
        let Some(removed) = sources(&mut state).take(number) else {
            return -1;
        };
        state.to_free.push_back(removed.data);
        self.interrupt();
        0
    }

    /// One turn: waits until something happens or another thread changes the watches or timers, and calls callbacks.
    pub(super) fn run_once(&self) -> Result<()> {
        let _turn = loop {
            match own(DOMAIN, || self.turns.begin())? {
                Ok(turn) => break turn,
                Err(wait) => wait.end(),
            }
        };
        // Data that are removed from now on are freed in the next turn, never in the call that removes them.
        let (mut to_free, watches, mut question) = own(DOMAIN, || self.prepare())?;
        question.wait();
        for (watch, ready) in own(DOMAIN, || self.happened(&watches, &question))? {
            self.call_watch(watch, ready)?;
        }
        let now = Instant::now();
        for timer in own(DOMAIN, || self.due_timers(now))? {
            self.call_timer(timer, now)?;
        }
        while let Some(data) = to_free.next() {
            data.free();
        }
        Ok(())
    }

    /// Prepares a turn: the data to be freed, and the watches with the question which of them are ready.
    fn prepare(&self) -> (ToFree<'_>, Vec<c_int>, Question) {
        let mut state = self.state();
        let timeout = state.timeout();
        let to_free = std::mem::take(&mut state.to_free);
        // A negative descriptor is never ready.
        let can_happen = |w: &&Source<Descriptor>| w.what.events != 0 && w.what.fd >= 0;
        let watches = || state.watches.idle().filter(can_happen);
        let numbers = watches().map(|watch| watch.number).collect();
        let descriptors = watches().map(|watch| &watch.what);
        let question = Question::new(descriptors, self.wake.as_ref(), timeout);
        drop(state);
        (ToFree { of: self, to_free }, numbers, question)
    }

    /// The watches for which something happened, each with its events.
    fn happened(&self, watches: &[c_int], question: &Question) -> Vec<(c_int, c_int)> {
        if let Some(wake) = &self.wake {
            let _ = rustix::io::read(wake, &mut [0; 8]);
        }
        let told = watches.iter().copied().zip(question.answer());
        told.filter(|(_, ready)| *ready != 0).collect()
    }

    fn due_timers(&self, now: Instant) -> Vec<c_int> {
        if self.is_inherited() {
            return Vec::new();
        }
        let state = self.state();
        let due = state.timers.idle().filter(|timer| timer.what.is_due(now));
        due.map(|timer| timer.number).collect()
    }

    /// Whether a callback has forked and this is the child: then the loop belongs to the parent.
    fn is_inherited(&self) -> bool {
        self.maker.is_another()
    }

    fn call_watch(&self, number: c_int, ready: c_int) -> Result<()> {
        self.call(
            number,
            |state| &mut state.watches,
            // An earlier callback of this turn may have paused it or changed its events.
            |watch| match watch.events {
                0 => None,
                events => Some(ready & (events | ALWAYS)).filter(|told| *told != 0),
            },
            |watch, told| {
                if let Some(callback) = watch.what.callback {
                    let (fd, data) = (watch.what.fd, watch.data.pointer());
                    // SAFETY: the program's callback with the arguments that it takes.
                    unsafe { callback(watch.number, fd, told, data) };
                }
            },
        )
    }

    fn call_timer(&self, number: c_int, now: Instant) -> Result<()> {
        self.call(
            number,
            |state| &mut state.timers,
            // An earlier callback of this turn may have stopped or restarted it.
            |timer| timer.is_due(now).then(|| timer.restart()),
            |timer, ()| {
                if let Some(callback) = timer.what.callback {
                    // SAFETY: the program's callback with the arguments that it takes.
                    unsafe { callback(timer.number, timer.data.pointer()) };
                }
            },
        )
    }

    /// Calls the callback of a source if that still exists, with what `happened` returns.
    fn call<T: Copy, H>(
        &self,
        number: c_int,
        sources: SourcesOf<T>,
        happened: impl FnOnce(&mut T) -> Option<H>,
        callback: impl FnOnce(Source<T>, H),
    ) -> Result<()> {
        let claimed = own(DOMAIN, || {
            let mut state = (!self.is_inherited()).then(|| self.state())?;
            let source = sources(&mut state).find(number);
            let source = source.filter(|source| !source.is_busy)?;
            let happened = happened(&mut source.what)?;
            source.is_busy = true;
            Some((*source, happened))
        })?;
        if let Some((source, happened)) = claimed {
            let _busy = Busy {
                of: self,
                number,
                sources,
            };
            in_program(|| callback(source, happened));
        }
        Ok(())
    }
}

/// The watches or the timers of a state.
type SourcesOf<T> = fn(&mut State) -> &mut Sources<T>;

/// Marks a source as one whose callback runs, until this is dropped.
struct Busy<'a, T> {
    of: &'a DefaultLoop,
    number: c_int,
    sources: SourcesOf<T>,
}

impl<T> Drop for Busy<'_, T> {
    fn drop(&mut self) {
        if self.of.is_inherited() {
            return;
        }
        if let Some(source) = (self.sources)(&mut self.of.state()).find(self.number) {
            source.is_busy = false;
        }
    }
}

/// The data that a turn frees. If the program ends the thread, those that are left are freed in the next turn.
struct ToFree<'a> {
    of: &'a DefaultLoop,
    to_free: VecDeque<UserData>,
}

impl ToFree<'_> {
    /// The next data to be freed; `None` in a child, where the parent's data are not freed.
    fn next(&mut self) -> Option<UserData> {
        match self.of.is_inherited() {
            true => None,
            false => self.to_free.pop_front(),
        }
    }
}

impl Drop for ToFree<'_> {
    fn drop(&mut self) {
        if !self.to_free.is_empty() && !self.of.is_inherited() {
            let mut state = self.of.state();
            self.to_free.append(&mut state.to_free);
            state.to_free = std::mem::take(&mut self.to_free);
        }
    }
}

impl State {
    /// How long a turn may wait; `None` means without limit.
    fn timeout(&self) -> Option<Duration> {
        if !self.to_free.is_empty() {
            return Some(Duration::ZERO);
        }
        let next = self.timers.next_due()?;
        Some(next.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests;
