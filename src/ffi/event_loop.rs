// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The event loop that a program registered, and the functions that reach it.
//!
//! Except for the two of the built-in loop, these functions neither clear nor set the last error.

use std::ffi::{c_int, c_void};

use super::default_loop::{self, functions::FUNCTIONS};
use super::guard::{guard, guard_calls};
use super::installed_loop::{LoopFunctions, call, install};
use super::types::{
    virEventAddHandleFunc, virEventAddTimeoutFunc, virEventHandleCallback,
    virEventRemoveHandleFunc, virEventRemoveTimeoutFunc, virEventTimeoutCallback,
    virEventUpdateHandleFunc, virEventUpdateTimeoutFunc, virFreeCallback,
};
use crate::error::Domain;

/// Gives the library the event loop of the program.
///
/// To be called before anything is watched. The first loop stays; later calls do nothing. Its
/// functions, and those of the library's own loop, are called with no lock of the library held.
///
/// @param addHandle      starts to watch a file descriptor
/// @param updateHandle   changes what a watch waits for
/// @param removeHandle   ends a watch
/// @param addTimeout     starts a timer
/// @param updateTimeout  changes the interval of a timer
/// @param removeTimeout  ends a timer
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
///
/// # Safety
/// The functions can be called from any thread as long as the process lives.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virEventRegisterImpl(
    addHandle: virEventAddHandleFunc,
    updateHandle: virEventUpdateHandleFunc,
    removeHandle: virEventRemoveHandleFunc,
    addTimeout: virEventAddTimeoutFunc,
    updateTimeout: virEventUpdateTimeoutFunc,
    removeTimeout: virEventRemoveTimeoutFunc,
) {
    install(LoopFunctions {
        add_handle: addHandle,
        update_handle: updateHandle,
        remove_handle: removeHandle,
        add_timeout: addTimeout,
        update_timeout: updateTimeout,
        remove_timeout: removeTimeout,
    });
}

/// Makes the library use its own event loop, to be run by virEventRunDefaultImpl().
///
/// Harmless where a loop was registered before: that one stays. A child process starts with an
/// empty one: it inherits no watches and no timers.
///
/// @return 0
///
/// Since virnodedev 0.1.0 (libvirt 0.9.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virEventRegisterDefaultImpl() -> c_int {
    guard(Domain::EventLoop, "virEventRegisterDefaultImpl", |_| {
        install(FUNCTIONS);
        Ok(0)
    })
}

/// Runs one turn of the library's own event loop: waits until something happens, then calls who asked.
///
/// It waits for ever when nothing is watched and no timer runs, until another thread changes that.
///
/// @return 0
///
/// Since virnodedev 0.1.0 (libvirt 0.9.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virEventRunDefaultImpl() -> c_int {
    guard_calls(Domain::EventLoop, "virEventRunDefaultImpl", |call| {
        call.own(|_| Ok(default_loop::current()))?.run_once()?;
        Ok(0)
    })
}

/// Has the event loop watch a file descriptor.
///
/// @param fd      the file descriptor
/// @param events  bits of virEventHandleType, 0 to watch for nothing yet
/// @param cb      to be called when something happens
/// @param opaque  passed to cb
/// @param ff      called with opaque once the watch is removed, or NULL
/// @return the number of the watch, -1 when there is no event loop or it fails
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
///
/// # Safety
/// cb and ff can be called with opaque until the watch is removed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virEventAddHandle(
    fd: c_int,
    events: c_int,
    cb: virEventHandleCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    call(-1, |functions| {
        let add = functions.add_handle?;
        // SAFETY: a function of the program's loop, with the arguments that it takes.
        Some(unsafe { add(fd, events, cb, opaque, ff) })
    })
}

/// Changes what a watch waits for.
///
/// @param watch   the number of the watch; an unknown one is ignored
/// @param events  bits of virEventHandleType, 0 to pause
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virEventUpdateHandle(watch: c_int, events: c_int) {
    call((), |functions| {
        let update = functions.update_handle?;
        // SAFETY: a function of the program's loop, with the arguments that it takes.
        unsafe { update(watch, events) };
        Some(())
    });
}

/// Ends a watch.
///
/// @param watch  the number of the watch
/// @return 0, -1 when there is no such watch or no event loop
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virEventRemoveHandle(watch: c_int) -> c_int {
    call(-1, |functions| {
        let remove = functions.remove_handle?;
        // SAFETY: a function of the program's loop, with the argument that it takes.
        Some(unsafe { remove(watch) })
    })
}

/// Has the event loop run a timer.
///
/// @param frequency  the interval in milliseconds; 0 for every turn of the loop, negative for a stopped timer
/// @param cb         to be called each time
/// @param opaque     passed to cb
/// @param ff         called with opaque once the timer is removed, or NULL
/// @return the number of the timer, -1 when there is no event loop or it fails
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
///
/// # Safety
/// cb and ff can be called with opaque until the timer is removed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virEventAddTimeout(
    frequency: c_int,
    cb: virEventTimeoutCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    call(-1, |functions| {
        let add = functions.add_timeout?;
        // SAFETY: a function of the program's loop, with the arguments that it takes.
        Some(unsafe { add(frequency, cb, opaque, ff) })
    })
}

/// Changes the interval of a timer and starts it anew.
///
/// @param timer      the number of the timer; an unknown one is ignored
/// @param frequency  the interval in milliseconds; 0 for every turn of the loop, negative to stop it
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virEventUpdateTimeout(timer: c_int, frequency: c_int) {
    call((), |functions| {
        let update = functions.update_timeout?;
        // SAFETY: a function of the program's loop, with the arguments that it takes.
        unsafe { update(timer, frequency) };
        Some(())
    });
}

/// Ends a timer.
///
/// @param timer  the number of the timer
/// @return 0, -1 when there is no such timer or no event loop
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virEventRemoveTimeout(timer: c_int) -> c_int {
    call(-1, |functions| {
        let remove = functions.remove_timeout?;
        // SAFETY: a function of the program's loop, with the argument that it takes.
        Some(unsafe { remove(timer) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::testing::{last_words, note_errors};
    use std::ptr;
    use std::sync::Mutex;

    static CALLS: Mutex<Vec<String>> = Mutex::new(Vec::new());

    fn note(call: String) {
        CALLS.lock().unwrap().push(call);
    }

    unsafe extern "C-unwind" fn add_handle(
        fd: c_int,
        events: c_int,
        _: virEventHandleCallback,
        opaque: *mut c_void,
        _: virFreeCallback,
    ) -> c_int {
        note(format!("add handle {fd} {events} {}", opaque.addr()));
        5
    }
    unsafe extern "C-unwind" fn update_handle(watch: c_int, events: c_int) {
        note(format!("update handle {watch} {events}"));
    }
    unsafe extern "C-unwind" fn remove_handle(watch: c_int) -> c_int {
        note(format!("remove handle {watch}"));
        0
    }
    unsafe extern "C-unwind" fn add_timeout(
        timeout: c_int,
        _: virEventTimeoutCallback,
        opaque: *mut c_void,
        _: virFreeCallback,
    ) -> c_int {
        note(format!("add timeout {timeout} {}", opaque.addr()));
        6
    }
    unsafe extern "C-unwind" fn update_timeout(timer: c_int, timeout: c_int) {
        note(format!("update timeout {timer} {timeout}"));
    }
    unsafe extern "C-unwind" fn remove_timeout(timer: c_int) -> c_int {
        note(format!("remove timeout {timer}"));
        -1
    }

    fn call_all() -> [c_int; 4] {
        let opaque = ptr::without_provenance_mut(9);
        virEventUpdateHandle(5, 0);
        virEventUpdateTimeout(6, 20);
        [
            // SAFETY: no function is given, so none is called.
            unsafe { virEventAddHandle(3, 1, None, opaque, None) },
            virEventRemoveHandle(5),
            // SAFETY: no function is given, so none is called.
            unsafe { virEventAddTimeout(10, None, opaque, None) },
            virEventRemoveTimeout(6),
        ]
    }

    // One test, since the loop of a process cannot be changed.
    #[test]
    fn calls_reach_the_first_loop_that_was_registered() {
        note_errors();
        assert_eq!(call_all(), [-1; 4]);
        // The thin functions leave the last error alone.
        assert_eq!(crate::ffi::connect::virConnectIsAlive(ptr::null_mut()), -1);
        let before = last_words();
        assert_eq!(call_all(), [-1; 4]);
        assert_eq!(last_words(), before);
        // SAFETY: functions that live as long as the process.
        unsafe {
            virEventRegisterImpl(
                Some(add_handle),
                Some(update_handle),
                Some(remove_handle),
                Some(add_timeout),
                Some(update_timeout),
                Some(remove_timeout),
            );
        }
        // SAFETY: no function is given, so none is called.
        unsafe { virEventRegisterImpl(None, None, None, None, None, None) };
        assert_eq!(call_all(), [5, 0, 6, -1]);
        let expected = [
            "update handle 5 0",
            "update timeout 6 20",
            "add handle 3 1 9",
            "remove handle 5",
            "add timeout 10 9",
            "remove timeout 6",
        ];
        assert_eq!(*CALLS.lock().unwrap(), expected);
        // The built-in loop does not take the place of another.
        assert_eq!(virEventRegisterDefaultImpl(), 0);
        assert_eq!(virEventRemoveTimeout(6), -1);
        assert_eq!(CALLS.lock().unwrap().len(), expected.len() + 1);
    }
}
