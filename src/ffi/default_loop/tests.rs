// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Tests of the built-in event loop.

use super::*;
use crate::ffi::constants::virEventHandleType::{
    VIR_EVENT_HANDLE_HANGUP, VIR_EVENT_HANDLE_READABLE,
};
use crate::ffi::types::virFreeCallback;
use std::ffi::c_void;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

const READABLE: c_int = VIR_EVENT_HANDLE_READABLE as c_int;
const HANGUP: c_int = VIR_EVENT_HANDLE_HANGUP as c_int;

/// What the callbacks of one test saw.
#[derive(Default)]
struct Seen {
    calls: AtomicI32,
    last: AtomicI32,
    freed: AtomicI32,
}

fn data(seen: &Seen, free: virFreeCallback) -> UserData {
    UserData::new(ptr::from_ref(seen).cast_mut().cast(), free)
}

/// Without any.
fn no_data() -> UserData {
    UserData::new(ptr::null_mut(), None)
}

fn seen<'a>(opaque: *mut c_void) -> &'a Seen {
    // SAFETY: the tests pass a pointer to what outlives the loop.
    unsafe { &*opaque.cast::<Seen>() }
}

unsafe extern "C-unwind" fn on_handle(_: c_int, _: c_int, events: c_int, opaque: *mut c_void) {
    seen(opaque).calls.fetch_add(1, Ordering::SeqCst);
    seen(opaque).last.store(events, Ordering::SeqCst);
}

unsafe extern "C-unwind" fn on_timer(timer: c_int, opaque: *mut c_void) {
    seen(opaque).calls.fetch_add(1, Ordering::SeqCst);
    seen(opaque).last.store(timer, Ordering::SeqCst);
}

unsafe extern "C-unwind" fn on_free(opaque: *mut c_void) {
    seen(opaque).freed.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn a_readable_descriptor_is_told_until_its_watch_goes() {
    let on = DefaultLoop::new();
    let seen = Seen::default();
    let (read, write) = rustix::pipe::pipe().unwrap();
    let fd = read.as_raw_fd();
    let watch = on.add_watch(fd, READABLE, Some(on_handle), data(&seen, Some(on_free)));
    assert_eq!(watch, 1);
    rustix::io::write(&write, b"x").unwrap();
    on.run_once().unwrap();
    on.run_once().unwrap();
    assert_eq!(seen.calls.load(Ordering::SeqCst), 2);
    assert_eq!(seen.last.load(Ordering::SeqCst), READABLE);
    on.update_watch(watch, 0);
    on.run_once().unwrap();
    assert_eq!(seen.calls.load(Ordering::SeqCst), 2);
    on.update_watch(watch, READABLE);
    assert_eq!((on.remove_watch(watch), on.remove_watch(watch)), (0, -1));
    assert_eq!(seen.freed.load(Ordering::SeqCst), 0);
    on.run_once().unwrap();
    assert_eq!(seen.freed.load(Ordering::SeqCst), 1);
    assert_eq!(seen.calls.load(Ordering::SeqCst), 2);
    assert_eq!(on.add_watch(fd, 0, None, no_data()), 2);
}

#[test]
fn the_end_of_a_pipe_is_a_hangup() {
    let on = DefaultLoop::new();
    let seen = Seen::default();
    let (read, write) = rustix::pipe::pipe().unwrap();
    on.add_watch(
        read.as_raw_fd(),
        READABLE,
        Some(on_handle),
        data(&seen, None),
    );
    drop(write);
    on.run_once().unwrap();
    assert_eq!(seen.last.load(Ordering::SeqCst), HANGUP);
}

#[test]
fn timers_repeat_stop_and_start_again() {
    let on = DefaultLoop::new();
    let seen = Seen::default();
    let timer = on.add_timer(1, Some(on_timer), data(&seen, Some(on_free)));
    while seen.calls.load(Ordering::SeqCst) < 2 {
        on.run_once().unwrap();
    }
    on.update_timer(timer, -1);
    let calls = seen.calls.load(Ordering::SeqCst);
    let other = Seen::default();
    let every_turn = on.add_timer(0, Some(on_timer), data(&other, None));
    on.run_once().unwrap();
    on.run_once().unwrap();
    assert_eq!(other.calls.load(Ordering::SeqCst), 2);
    assert_eq!(other.last.load(Ordering::SeqCst), every_turn);
    assert_eq!(seen.calls.load(Ordering::SeqCst), calls);
    on.update_timer(timer, 0);
    on.run_once().unwrap();
    assert_eq!(seen.calls.load(Ordering::SeqCst), calls + 1);
    assert_eq!((on.remove_timer(timer), on.remove_timer(timer)), (0, -1));
    on.run_once().unwrap();
    assert_eq!(seen.freed.load(Ordering::SeqCst), 1);
}

#[test]
fn another_thread_wakes_the_loop() {
    let on = DefaultLoop::new();
    let seen = Seen::default();
    thread::scope(|scope| {
        let turns = scope.spawn(|| {
            while seen.calls.load(Ordering::SeqCst) == 0 {
                on.run_once().unwrap();
            }
        });
        thread::sleep(Duration::from_millis(20));
        on.add_timer(0, Some(on_timer), data(&seen, None));
        turns.join().unwrap();
    });
    assert!(seen.calls.load(Ordering::SeqCst) > 0);
}

#[test]
fn what_a_callback_removes_is_freed_in_the_next_turn() {
    unsafe extern "C-unwind" fn remove_itself(timer: c_int, opaque: *mut c_void) {
        // SAFETY: the tests pass a pointer to what outlives the loop.
        let (on, seen) = unsafe { &*opaque.cast::<(DefaultLoop, Seen)>() };
        assert_eq!(on.remove_timer(timer), 0);
        // A turn within the callback.
        on.run_once().unwrap();
        seen.calls.fetch_add(1, Ordering::SeqCst);
    }
    unsafe extern "C-unwind" fn freed(opaque: *mut c_void) {
        // SAFETY: as above.
        let (_, seen) = unsafe { &*opaque.cast::<(DefaultLoop, Seen)>() };
        seen.freed.fetch_add(1, Ordering::SeqCst);
        seen.last
            .store(seen.calls.load(Ordering::SeqCst), Ordering::SeqCst);
    }
    let both = (DefaultLoop::new(), Seen::default());
    let opaque = ptr::from_ref(&both).cast_mut().cast();
    both.0
        .add_timer(0, Some(remove_itself), UserData::new(opaque, Some(freed)));
    both.0.run_once().unwrap();
    // The turn within the callback was the next one.
    assert_eq!(both.1.freed.load(Ordering::SeqCst), 1);
    assert_eq!(both.1.last.load(Ordering::SeqCst), 0);
    assert_eq!(both.1.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_turn_within_a_callback_leaves_its_source_alone() {
    unsafe extern "C-unwind" fn run_again(_: c_int, _: c_int, _: c_int, opaque: *mut c_void) {
        // SAFETY: the tests pass a pointer to what outlives the loop.
        let (on, seen) = unsafe { &*opaque.cast::<(DefaultLoop, Seen)>() };
        if seen.calls.fetch_add(1, Ordering::SeqCst) == 0 {
            on.add_timer(0, None, no_data());
            on.run_once().unwrap();
        }
    }
    let both = (DefaultLoop::new(), Seen::default());
    let (read, write) = rustix::pipe::pipe().unwrap();
    rustix::io::write(&write, b"x").unwrap();
    let opaque = ptr::from_ref(&both).cast_mut().cast();
    both.0.add_watch(
        read.as_raw_fd(),
        READABLE,
        Some(run_again),
        UserData::new(opaque, None),
    );
    both.0.run_once().unwrap();
    assert_eq!(both.1.calls.load(Ordering::SeqCst), 1);
    both.0.run_once().unwrap();
    assert_eq!(both.1.calls.load(Ordering::SeqCst), 2);
}
