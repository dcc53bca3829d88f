// SPDX-License-Identifier: LGPL-2.1-or-later
//! The built-in event loop: file descriptors and timers on poll(2).
//!
//! Watches and timers may be added, changed and removed from any thread and
//! from any callback; that wakes the thread which runs the loop. No lock is
//! held while a callback runs.

use std::ffi::{c_int, c_void};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use super::constants::virEventHandleType::{
    VIR_EVENT_HANDLE_ERROR, VIR_EVENT_HANDLE_HANGUP, VIR_EVENT_HANDLE_READABLE,
    VIR_EVENT_HANDLE_WRITABLE,
};
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
}

#[derive(Default)]
struct Sources {
    watches: Vec<Watch>,
    timers: Vec<Timer>,
    last_watch: c_int,
    last_timer: c_int,
    /// What removed watches and timers leave to be freed at the next turn.
    to_free: Vec<(virFreeCallback, Opaque)>,
}

/// Which thread runs the loop, and how many turns deep.
type Owner = Option<(ThreadId, usize)>;

/// An event loop.
pub(super) struct Loop {
    sources: Mutex<Sources>,
    owner: Mutex<Owner>,
    released: Condvar,
    /// Interrupts a poll; without it, changes are seen at the next turn.
    wake: Option<OwnedFd>,
}

/// The loop of the process.
pub(super) static LOOP: LazyLock<Loop> = LazyLock::new(Loop::new);

/// poll(2)'s names for the bits of `virEventHandleType`.
const BITS: [(c_int, PollFlags); 4] = [
    (VIR_EVENT_HANDLE_READABLE as c_int, PollFlags::IN),
    (VIR_EVENT_HANDLE_WRITABLE as c_int, PollFlags::OUT),
    (VIR_EVENT_HANDLE_ERROR as c_int, PollFlags::ERR),
    (VIR_EVENT_HANDLE_HANGUP as c_int, PollFlags::HUP),
];

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
        let (watches, ready) = self.wait();
        for (watch, ready) in watches.iter().zip(ready) {
            if ready != 0 {
                self.dispatch_watch(watch.id, ready);
            }
        }
        self.dispatch_timers();
        self.free_removed();
    }

    /// Polls what is watched now; returns it with the events of each.
    fn wait(&self) -> (Vec<Watch>, Vec<c_int>) {
        let (watches, timeout) = {
            let sources = lock(&self.sources);
            let enabled = sources.watches.iter().filter(|watch| watch.events != 0);
            // A negative descriptor is never ready.
            let enabled: Vec<Watch> = enabled.filter(|watch| watch.fd >= 0).copied().collect();
            (enabled, sources.timeout())
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

    fn dispatch_watch(&self, id: c_int, ready: c_int) {
        // An earlier callback of this turn may have removed or paused it.
        let current = lock(&self.sources)
            .watches
            .iter()
            .find(|watch| watch.id == id && watch.events != 0)
            .copied();
        if let Some(watch) = current
            && let Some(callback) = watch.callback
        {
            // SAFETY: the program's callback with the arguments that it takes.
            unsafe { callback(watch.id, watch.fd, ready, watch.opaque.0) };
        }
    }

    fn dispatch_timers(&self) {
        let now = Instant::now();
        let is_due = |timer: &Timer| timer.interval.is_some() && timer.due <= now;
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
                    *timer
                })
            };
            if let Some(timer) = current
                && let Some(callback) = timer.callback
            {
                // SAFETY: the program's callback with the arguments that it takes.
                unsafe { callback(timer.id, timer.opaque.0) };
            }
        }
    }

    fn free_removed(&self) {
        let to_free = std::mem::take(&mut lock(&self.sources).to_free);
        for (free, opaque) in to_free {
            if let Some(free) = free {
                // SAFETY: the program's callback with the pointer that it gave; called once.
                unsafe { free(opaque.0) };
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
        let running = self.timers.iter().filter(|timer| timer.interval.is_some());
        let next = running.map(|timer| timer.due).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }
}

/// The right to run the loop: one thread at a time, which may run turns within turns.
struct Turn<'a>(&'a Loop);

impl<'a> Turn<'a> {
    fn begin(on: &'a Loop) -> Turn<'a> {
        let me = thread::current().id();
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
        let mut owner = lock(&self.0.owner);
        *owner = owner
            .take()
            .and_then(|(thread, depth)| (depth > 1).then_some((thread, depth - 1)));
        self.0.released.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::ptr;
    use std::sync::atomic::{AtomicI32, Ordering};

    const READABLE: c_int = VIR_EVENT_HANDLE_READABLE as c_int;
    const HANGUP: c_int = VIR_EVENT_HANDLE_HANGUP as c_int;

    /// What the callbacks of one test saw.
    #[derive(Default)]
    struct Seen {
        calls: AtomicI32,
        last: AtomicI32,
        freed: AtomicI32,
    }

    fn opaque(seen: &Seen) -> *mut c_void {
        ptr::from_ref(seen).cast_mut().cast()
    }

    fn seen<'a>(opaque: *mut c_void) -> &'a Seen {
        // SAFETY: the tests pass a pointer to what outlives the loop.
        unsafe { &*opaque.cast::<Seen>() }
    }

    unsafe extern "C" fn on_handle(_: c_int, _: c_int, events: c_int, opaque: *mut c_void) {
        seen(opaque).calls.fetch_add(1, Ordering::SeqCst);
        seen(opaque).last.store(events, Ordering::SeqCst);
    }

    unsafe extern "C" fn on_timer(timer: c_int, opaque: *mut c_void) {
        seen(opaque).calls.fetch_add(1, Ordering::SeqCst);
        seen(opaque).last.store(timer, Ordering::SeqCst);
    }

    unsafe extern "C" fn on_free(opaque: *mut c_void) {
        seen(opaque).freed.fetch_add(1, Ordering::SeqCst);
    }

    #[test]
    fn a_readable_descriptor_is_told_until_its_watch_goes() {
        let on = Loop::new();
        let seen = Seen::default();
        let (read, write) = rustix::pipe::pipe().unwrap();
        let fd = read.as_raw_fd();
        let watch = on.add_watch(fd, READABLE, Some(on_handle), opaque(&seen), Some(on_free));
        assert_eq!(watch, 1);
        rustix::io::write(&write, b"x").unwrap();
        on.run_once();
        on.run_once();
        assert_eq!(seen.calls.load(Ordering::SeqCst), 2);
        assert_eq!(seen.last.load(Ordering::SeqCst), READABLE);
        on.update_watch(watch, 0);
        on.run_once();
        assert_eq!(seen.calls.load(Ordering::SeqCst), 2);
        on.update_watch(watch, READABLE);
        assert_eq!((on.remove_watch(watch), on.remove_watch(watch)), (0, -1));
        assert_eq!(seen.freed.load(Ordering::SeqCst), 0);
        on.run_once();
        assert_eq!(seen.freed.load(Ordering::SeqCst), 1);
        assert_eq!(seen.calls.load(Ordering::SeqCst), 2);
        assert_eq!(on.add_watch(fd, 0, None, ptr::null_mut(), None), 2);
    }

    #[test]
    fn the_end_of_a_pipe_is_a_hangup() {
        let on = Loop::new();
        let seen = Seen::default();
        let (read, write) = rustix::pipe::pipe().unwrap();
        on.add_watch(
            read.as_raw_fd(),
            READABLE,
            Some(on_handle),
            opaque(&seen),
            None,
        );
        drop(write);
        on.run_once();
        assert_eq!(seen.last.load(Ordering::SeqCst), HANGUP);
    }

    #[test]
    fn timers_repeat_stop_and_start_again() {
        let on = Loop::new();
        let seen = Seen::default();
        let timer = on.add_timer(1, Some(on_timer), opaque(&seen), Some(on_free));
        while seen.calls.load(Ordering::SeqCst) < 2 {
            on.run_once();
        }
        on.update_timer(timer, -1);
        let calls = seen.calls.load(Ordering::SeqCst);
        let other = Seen::default();
        let every_turn = on.add_timer(0, Some(on_timer), opaque(&other), None);
        on.run_once();
        on.run_once();
        assert_eq!(other.calls.load(Ordering::SeqCst), 2);
        assert_eq!(other.last.load(Ordering::SeqCst), every_turn);
        assert_eq!(seen.calls.load(Ordering::SeqCst), calls);
        on.update_timer(timer, 0);
        on.run_once();
        assert_eq!(seen.calls.load(Ordering::SeqCst), calls + 1);
        assert_eq!((on.remove_timer(timer), on.remove_timer(timer)), (0, -1));
        on.run_once();
        assert_eq!(seen.freed.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn another_thread_wakes_the_loop() {
        let on = Loop::new();
        let seen = Seen::default();
        thread::scope(|scope| {
            let turns = scope.spawn(|| {
                while seen.calls.load(Ordering::SeqCst) == 0 {
                    on.run_once();
                }
            });
            thread::sleep(Duration::from_millis(20));
            on.add_timer(0, Some(on_timer), opaque(&seen), None);
            turns.join().unwrap();
        });
        assert!(seen.calls.load(Ordering::SeqCst) > 0);
    }
}
