// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Functions of the C library that concern cancellation.
//!
//! Those in which threads can be cancelled are declared here with the ABI "C-unwind": if a function with the ABI "C"
//! unwinds, the process ends. Plain system calls are no cancellation points.

use std::ffi::{c_int, c_void};

unsafe extern "C-unwind" {
    /// Sets whether this thread can be cancelled (`PTHREAD_CANCEL_*`), and returns the former state in `old`. With
    /// asynchronous cancellation the thread may end here.
    pub(super) fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;

    /// ppoll(2).
    pub(in crate::ffi) fn ppoll(
        fds: *mut libc::pollfd,
        count: libc::nfds_t,
        timeout: *const libc::timespec,
        signals: *const libc::sigset_t,
    ) -> c_int;

    /// read(2).
    pub(in crate::ffi) fn read(fd: c_int, buffer: *mut c_void, size: usize) -> isize;
}
