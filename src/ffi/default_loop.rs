// SPDX-License-Identifier: LGPL-2.1-or-later
//! The built-in event loop: file descriptors and timers on poll(2).
//!
//! Watches and timers may be added, changed and removed from any thread and
//! from any callback; that wakes the thread which runs the loop. No lock is
//! held while a callback runs.

use std::ffi::{c_int, c_void};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::constants::virEventHandleType::{
    VIR_EVENT_HANDLE_ERROR, VIR_EVENT_HANDLE_HANGUP, VIR_EVENT_HANDLE_READABLE,
    VIR_EVENT_HANDLE_WRITABLE,
};
use super::fork;
use super::types::{virEventHandleCallback, virEventTimeoutCallback, virFreeCallback};

/// The pointer that a program gets back in its callbacks.
#[derive(Clone, Copy)]
struct Opaque(*mut c_void);

// SAFETY: never followed here; the program that gave it answers for its use in the thread of the loop.
unsafe impl Send for Opaque {}

#[derive(Clone, Copy)]
struct Watch {
    id: c_int,
    fd: c_int,
    events: c_int,
    callback: virEventHandleCallback,
    opaque: Opaque,
    free: virFreeCallback,
    /// Its callback is running: a turn within it leaves it alone.
    is_busy: bool,
}

#[derive(Clone, Copy)]
struct Timer {
    id: c_int,
    /// `None` while stopped.
    interval: Option<Duration>,
    due: Instant,
    callback: virEventTimeoutCallback,
    opaque: Opaque,
    free: virFreeCallback,
    /// Its callback is running: a turn within it leaves it alone.
    is_busy: bool,
}

#[derive(Default)]
struct Sources {
    watches: Vec<Watch>,
    timers: Vec<Timer>,
    last_watch: c_int,
    last_timer: c_int,
    /// What removed watches and timers leave to be freed in the next turn.
    to_free: Vec<Freed>,
}

/// What a removed watch or timer leaves.
type Freed = (virFreeCallback, Opaque);

/// Which thread runs the loop (see [`me`]), and how many turns deep.
type Owner = Option<(usize, usize)>;

/// An event loop.
pub(super) struct Loop {
    sources: Mutex<Sources>,
    owner: Mutex<Owner>,
    released: Condvar,
    /// Interrupts a poll; without it, changes are seen at the next turn.
    wake: Option<OwnedFd>,
    /// The process that it belongs to.
    forks: u32,
    /// What a child found in its place, which cannot be taken apart safely.
    _inherited: Option<&'static Loop>,
}

/// The loop of the process. It is made at the first question and stays; a child makes one of its
/// own. An inherited one shares its descriptors with the parent, and another thread may have been changing it.
static LOOP: RwLock<Option<&'static Loop>> = RwLock::new(None);

/// The loop of the process.
pub(super) fn current() -> &'static Loop {
    let known = *LOOP.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.filter(|known| !known.is_inherited()) {
        return known;
    }
    let mut current = LOOP.write().unwrap_or_else(PoisonError::into_inner);
    match *current {
        Some(known) if !known.is_inherited() => known,
        inherited => {
            let mut made = Loop::new();
            made._inherited = inherited;
            current.insert(Box::leak(Box::new(made)))
        }
    }
}

/// The loop while the process forks.
pub(super) type Held = RwLockWriteGuard<'static, Option<&'static Loop>>;

/// Keeps every other thread from the loop while the process forks.
pub(super) fn hold() -> Held {
    LOOP.write().unwrap_or_else(PoisonError::into_inner)
}

/// poll(2)'s names for the bits of `virEventHandleType`.
const BITS: [(c_int, PollFlags); 4] = [
    (VIR_EVENT_HANDLE_READABLE as c_int, PollFlags::IN),
    (VIR_EVENT_HANDLE_WRITABLE as c_int, PollFlags::OUT),
    (VIR_EVENT_HANDLE_ERROR as c_int, PollFlags::ERR),
    (VIR_EVENT_HANDLE_HANGUP as c_int, PollFlags::HUP),
];

/// What poll(2) tells whether or not it was asked for.
const ALWAYS: c_int = VIR_EVENT_HANDLE_ERROR as c_int | VIR_EVENT_HANDLE_HANGUP as c_int;

fn to_poll(events: c_int) -> PollFlags {
    let set = BITS.iter().filter(|(bit, _)| events & bit != 0);
    set.map(|(_, flag)| *flag).collect()
}

fn from_poll(flags: PollFlags) -> c_int {
    // A descriptor that is none counts as one with an error.
    let flags = match flags.contains(PollFlags::NVAL) {
        true => flags | PollFlags::ERR,
        false => flags,
    };
    let set = BITS.iter().filter(|(_, flag)| flags.contains(*flag));
    set.fold(0, |events, (bit, _)| events | bit)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn interval_of(frequency: c_int) -> Option<Duration> {
    u64::try_from(frequency).ok().map(Duration::from_millis)
}

impl Timer {
    fn start(&mut self, frequency: c_int) {
        self.interval = interval_of(frequency);
        self.due = Instant::now() + self.interval.unwrap_or_default();
    }
}

impl Loop {
    fn new() -> Loop {
        Loop {
            sources: Mutex::default(),
            owner: Mutex::default(),
            released: Condvar::new(),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok(),
            forks: fork::count(),
            _inherited: None,
        }
    }

    /// Ends a poll that runs in another thread.
    fn interrupt(&self) {
        if let Some(wake) = &self.wake {
            // A full counter is readable already.
            let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
        }
    }

    pub(super) fn add_watch(
        &self,
        fd: c_int,
        events: c_int,
        callback: virEventHandleCallback,
        opaque: *mut c_void,
        free: virFreeCallback,
    ) -> c_int {
        let mut sources = lock(&self.sources);
        sources.last_watch += 1;
        let id = sources.last_watch;
        sources.watches.push(Watch {
            id,
            fd,
            events,
            callback,
            opaque: Opaque(opaque),
            free,
            is_busy: false,
        });
        self.interrupt();
        id
    }

    pub(super) fn update_watch(&self, id: c_int, events: c_int) {
        let mut sources = lock(&self.sources);
        if let Some(watch) = sources.watches.iter_mut().find(|watch| watch.id == id) {
            watch.events = events;
            self.interrupt();
        }
    }

    pub(super) fn remove_watch(&self, id: c_int) -> c_int {
        let mut sources = lock(&self.sources);
        let Some(at) = sources.watches.iter().position(|watch| watch.id == id) else {
            return -1;
        };
        let watch = sources.watches.remove(at);
        sources.to_free.push((watch.free, watch.opaque));
        self.interrupt();
        0
    }

    pub(super) fn add_timer(
        &self,
        frequency: c_int,
        callback: virEventTimeoutCallback,
        opaque: *mut c_void,
        free: virFreeCallback,
    ) -> c_int {
        let mut sources = lock(&self.sources);
        sources.last_timer += 1;
        let mut timer = Timer {
            id: sources.last_timer,
            interval: None,
            due: Instant::now(),
            callback,
            opaque: Opaque(opaque),
            free,
            is_busy: false,
        };
        timer.start(frequency);
        sources.timers.push(timer);
        self.interrupt();
        timer.id
    }

    pub(super) fn update_timer(&self, id: c_int, frequency: c_int) {
        let mut sources = lock(&self.sources);
        if let Some(timer) = sources.timers.iter_mut().find(|timer| timer.id == id) {
            timer.start(frequency);
            self.interrupt();
        }
    }

    pub(super) fn remove_timer(&self, id: c_int) -> c_int {
        let mut sources = lock(&self.sources);
        let Some(at) = sources.timers.iter().position(|timer| timer.id == id) else {
            return -1;
        };
        let timer = sources.timers.remove(at);
        sources.to_free.push((timer.free, timer.opaque));
        self.interrupt();
        0
    }

    /// One turn: waits until something happens, or another thread changes what is waited for.
    pub(super) fn run_once(&self) {
        let _turn = Turn::begin(self);
        // What is removed from here on is freed in the next turn, never within the call that removes it.
        let (timeout, to_free) = {
            let mut sources = lock(&self.sources);
            (sources.timeout(), std::mem::take(&mut sources.to_free))
        };
        let (watches, ready) = self.wait(timeout);
        for (watch, ready) in watches.iter().zip(ready) {
            if ready != 0 {
                self.dispatch_watch(watch.id, ready);
            }
        }
        self.dispatch_timers();
        for (free, opaque) in to_free {
            if let Some(free) = free.filter(|_| !self.is_inherited()) {
                // SAFETY: the program's callback with the pointer that it gave; called once.
                unsafe { free(opaque.0) };
            }
        }
    }

    /// Polls what is watched now; returns it with the events of each.
    fn wait(&self, timeout: Option<Duration>) -> (Vec<Watch>, Vec<c_int>) {
        let watches: Vec<Watch> = {
            let sources = lock(&self.sources);
            // A negative descriptor is never ready.
            let can_happen = |w: &&Watch| w.events != 0 && w.fd >= 0 && !w.is_busy;
            sources.watches.iter().filter(can_happen).copied().collect()
        };
        let mut fds: Vec<PollFd<'_>> = watches
            .iter()
            .map(|watch| {
                // SAFETY: not negative; poll(2) answers POLLNVAL for one that is not open.
                let fd = unsafe { BorrowedFd::borrow_raw(watch.fd) };
                PollFd::from_borrowed_fd(fd, to_poll(watch.events))
            })
            .collect();
        if let Some(wake) = &self.wake {
            fds.push(PollFd::new(wake, PollFlags::IN));
        }
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let ready = match poll(&mut fds, timeout.as_ref()) {
            Ok(_) => fds.iter().map(|fd| from_poll(fd.revents())).collect(),
            // Interrupted by a signal: a turn in which nothing happened.
            Err(_) => Vec::new(),
        };
        if let Some(wake) = &self.wake {
            let _ = rustix::io::read(wake, &mut [0; 8]);
        }
        (watches, ready)
    }

    /// Whether a callback has forked and this is the child: then the loop is no longer ours.
    fn is_inherited(&self) -> bool {
        self.forks != fork::count()
    }

    fn dispatch_watch(&self, id: c_int, ready: c_int) {
        if self.is_inherited() {
            return;
        }
        let is_it = |watch: &&mut Watch| watch.id == id && !watch.is_busy;
        // An earlier callback of this turn may have removed, paused or narrowed it.
        let current = lock(&self.sources)
            .watches
            .iter_mut()
            .find(is_it)
            .and_then(|watch| {
                let told = ready & (watch.events | ALWAYS);
                let told = if watch.events == 0 { 0 } else { told };
                watch.is_busy = told != 0;
                (told != 0).then_some((*watch, told))
            });
        let Some((watch, told)) = current else { return };
        if let Some(callback) = watch.callback {
            // SAFETY: the program's callback with the arguments that it takes.
            unsafe { callback(watch.id, watch.fd, told, watch.opaque.0) };
        }
        if self.is_inherited() {
            return;
        }
        let mut sources = lock(&self.sources);
        if let Some(watch) = sources.watches.iter_mut().find(|watch| watch.id == id) {
            watch.is_busy = false;
        }
    }

    fn dispatch_timers(&self) {
        if self.is_inherited() {
            return;
        }
        let now = Instant::now();
        let is_due = |timer: &Timer| timer.interval.is_some() && timer.due <= now && !timer.is_busy;
        let due: Vec<c_int> = {
            let sources = lock(&self.sources);
            let due = sources.timers.iter().filter(|timer| is_due(timer));
            due.map(|timer| timer.id).collect()
        };
        for id in due {
            // An earlier callback of this turn may have removed, stopped or restarted it.
            let current = {
                let mut sources = lock(&self.sources);
                let timer = sources.timers.iter_mut().find(|timer| timer.id == id);
                timer.filter(|timer| is_due(timer)).map(|timer| {
                    timer.due = Instant::now() + timer.interval.unwrap_or_default();
                    timer.is_busy = true;
                    *timer
                })
            };
            let Some(timer) = current else { continue };
            if let Some(callback) = timer.callback {
                // SAFETY: the program's callback with the arguments that it takes.
                unsafe { callback(timer.id, timer.opaque.0) };
            }
            if self.is_inherited() {
                return;
            }
            let mut sources = lock(&self.sources);
            if let Some(timer) = sources.timers.iter_mut().find(|timer| timer.id == id) {
                timer.is_busy = false;
            }
        }
    }
}

impl Sources {
    /// How long a turn may wait; `None` for ever.
    fn timeout(&self) -> Option<Duration> {
        if !self.to_free.is_empty() {
            return Some(Duration::ZERO);
        }
        let can_happen = |timer: &&Timer| timer.interval.is_some() && !timer.is_busy;
        let running = self.timers.iter().filter(can_happen);
        let next = running.map(|timer| timer.due).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }
}

/// The right to run the loop: one thread at a time, which may run turns within turns.
struct Turn<'a>(&'a Loop);

/// A number that no other living thread has.
fn me() -> usize {
    thread_local! { static HERE: u8 = const { 0 } }
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl<'a> Turn<'a> {
    fn begin(on: &'a Loop) -> Turn<'a> {
        let me = me();
        let mut owner = lock(&on.owner);
        loop {
            match &mut *owner {
                None => {
                    *owner = Some((me, 1));
                    return Turn(on);
                }
                Some((thread, depth)) if *thread == me => {
                    *depth += 1;
                    return Turn(on);
                }
                Some(_) => {
                    owner = on
                        .released
                        .wait(owner)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.0.is_inherited() {
            return;
        }
        let mut owner = lock(&self.0.owner);
        *owner = owner
            .take()
            .and_then(|(thread, depth)| (depth > 1).then_some((thread, depth - 1)));
        self.0.released.notify_one();
    }
}

#[cfg(test)]
mod tests;
