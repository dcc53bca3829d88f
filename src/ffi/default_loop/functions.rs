// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The built-in loop as C functions, like those that a program registers for its own loop.

use std::ffi::{c_int, c_void};

use super::current;
use crate::ffi::installed_loop::LoopFunctions;
use crate::ffi::shield::shield;
use crate::ffi::types::{virEventHandleCallback, virEventTimeoutCallback, virFreeCallback};
use crate::ffi::user_data::UserData;

/// The functions of the built-in loop.
pub(in crate::ffi) const FUNCTIONS: LoopFunctions = LoopFunctions {
    add_handle: Some(add_handle),
    update_handle: Some(update_handle),
    remove_handle: Some(remove_handle),
    add_timeout: Some(add_timeout),
    update_timeout: Some(update_timeout),
    remove_timeout: Some(remove_timeout),
};

unsafe extern "C-unwind" fn add_handle(
    fd: c_int,
    events: c_int,
    cb: virEventHandleCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    shield(-1, || {
        current().add_watch(fd, events, cb, UserData::new(opaque, ff))
    })
}

unsafe extern "C-unwind" fn update_handle(watch: c_int, events: c_int) {
    shield((), || current().update_watch(watch, events));
}

unsafe extern "C-unwind" fn remove_handle(watch: c_int) -> c_int {
    shield(-1, || current().remove_watch(watch))
}

unsafe extern "C-unwind" fn add_timeout(
    frequency: c_int,
    cb: virEventTimeoutCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    shield(-1, || {
        current().add_timer(frequency, cb, UserData::new(opaque, ff))
    })
}

unsafe extern "C-unwind" fn update_timeout(timer: c_int, frequency: c_int) {
    shield((), || current().update_timer(timer, frequency));
}

unsafe extern "C-unwind" fn remove_timeout(timer: c_int) -> c_int {
    shield(-1, || current().remove_timer(timer))
}
