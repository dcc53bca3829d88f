// SPDX-License-Identifier: LGPL-2.1-or-later
//! The event loop that a program registered, and the functions that reach it.
//!
//! Except for the two of the built-in loop, these functions neither clear nor set the last error.

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use super::guard::guard;
use super::types::{
    virEventAddHandleFunc, virEventAddTimeoutFunc, virEventHandleCallback,
    virEventRemoveHandleFunc, virEventRemoveTimeoutFunc, virEventTimeoutCallback,
    virEventUpdateHandleFunc, virEventUpdateTimeoutFunc, virFreeCallback,
};
use crate::error::Domain;

/// The functions of an event loop.
struct Loop {
    add_handle: virEventAddHandleFunc,
    update_handle: virEventUpdateHandleFunc,
    remove_handle: virEventRemoveHandleFunc,
    add_timeout: virEventAddTimeoutFunc,
    update_timeout: virEventUpdateTimeoutFunc,
    remove_timeout: virEventRemoveTimeoutFunc,
}

/// The first loop that was registered stays for the life of the process.
static LOOP: OnceLock<Loop> = OnceLock::new();

/// Gives the library the event loop of the program.
///
/// To be called before anything is watched. The first loop stays; later calls do nothing.
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
pub unsafe extern "C" fn virEventRegisterImpl(
    addHandle: virEventAddHandleFunc,
    updateHandle: virEventUpdateHandleFunc,
    removeHandle: virEventRemoveHandleFunc,
    addTimeout: virEventAddTimeoutFunc,
    updateTimeout: virEventUpdateTimeoutFunc,
    removeTimeout: virEventRemoveTimeoutFunc,
) {
    LOOP.get_or_init(|| Loop {
        add_handle: addHandle,
        update_handle: updateHandle,
        remove_handle: removeHandle,
        add_timeout: addTimeout,
        update_timeout: updateTimeout,
        remove_timeout: removeTimeout,
    });
}

/// Makes the library use an event loop of its own, to be run by virEventRunDefaultImpl(). Not supported yet,
/// but harmless where a loop was registered before.
///
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.9.0).
#[unsafe(no_mangle)]
pub extern "C" fn virEventRegisterDefaultImpl() -> c_int {
    guard(Domain::EventLoop, "virEventRegisterDefaultImpl", |call| {
        LOOP.get().map(|_| 0).ok_or_else(|| call.unsupported())
    })
}

/// Runs one turn of the library's own event loop. Not supported yet.
///
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.9.0).
#[unsafe(no_mangle)]
pub extern "C" fn virEventRunDefaultImpl() -> c_int {
    guard(Domain::EventLoop, "virEventRunDefaultImpl", |call| {
        Err(call.unsupported())
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
pub unsafe extern "C" fn virEventAddHandle(
    fd: c_int,
    events: c_int,
    cb: virEventHandleCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    match LOOP.get().and_then(|l| l.add_handle) {
        // SAFETY: a function of the program's loop, with the arguments that it takes.
        Some(add) => unsafe { add(fd, events, cb, opaque, ff) },
        None => -1,
    }
}

/// Changes what a watch waits for.
///
/// @param watch   the number of the watch; an unknown one is ignored
/// @param events  bits of virEventHandleType, 0 to pause
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
#[unsafe(no_mangle)]
pub extern "C" fn virEventUpdateHandle(watch: c_int, events: c_int) {
    if let Some(update) = LOOP.get().and_then(|l| l.update_handle) {
        // SAFETY: a function of the program's loop, with the arguments that it takes.
        unsafe { update(watch, events) };
    }
}

/// Ends a watch.
///
/// @param watch  the number of the watch
/// @return 0, -1 when there is no such watch or no event loop
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
#[unsafe(no_mangle)]
pub extern "C" fn virEventRemoveHandle(watch: c_int) -> c_int {
    match LOOP.get().and_then(|l| l.remove_handle) {
        // SAFETY: a function of the program's loop, with the argument that it takes.
        Some(remove) => unsafe { remove(watch) },
        None => -1,
    }
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
pub unsafe extern "C" fn virEventAddTimeout(
    frequency: c_int,
    cb: virEventTimeoutCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    match LOOP.get().and_then(|l| l.add_timeout) {
        // SAFETY: a function of the program's loop, with the arguments that it takes.
        Some(add) => unsafe { add(frequency, cb, opaque, ff) },
        None => -1,
    }
}

/// Changes the interval of a timer and starts it anew.
///
/// @param timer      the number of the timer; an unknown one is ignored
/// @param frequency  the interval in milliseconds; 0 for every turn of the loop, negative to stop it
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
#[unsafe(no_mangle)]
pub extern "C" fn virEventUpdateTimeout(timer: c_int, frequency: c_int) {
    if let Some(update) = LOOP.get().and_then(|l| l.update_timeout) {
        // SAFETY: a function of the program's loop, with the arguments that it takes.
        unsafe { update(timer, frequency) };
    }
}

/// Ends a timer.
///
/// @param timer  the number of the timer
/// @return 0, -1 when there is no such timer or no event loop
///
/// Since virnodedev 0.1.0 (libvirt 0.9.3).
#[unsafe(no_mangle)]
pub extern "C" fn virEventRemoveTimeout(timer: c_int) -> c_int {
    match LOOP.get().and_then(|l| l.remove_timeout) {
        // SAFETY: a function of the program's loop, with the argument that it takes.
        Some(remove) => unsafe { remove(timer) },
        None => -1,
    }
}
