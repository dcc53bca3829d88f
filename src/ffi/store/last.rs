// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Each thread's last error.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::OnceLock;

use super::record::{NO_ERROR, clear, record};
use crate::ffi::failure::Failure;
use crate::ffi::types::{virError, virErrorPtr};

struct LastError(UnsafeCell<virError>);

impl Drop for LastError {
    fn drop(&mut self) {
        // SAFETY: the record is the thread's own and ends here.
        unsafe { clear(self.0.get()) };
    }
}

thread_local! {
    static LAST: LastError = const { LastError(UnsafeCell::new(NO_ERROR)) };
}

/// This thread's last error, or NULL while the thread ends.
pub(in crate::ffi) fn last() -> virErrorPtr {
    LAST.try_with(|slot| slot.0.get())
        .unwrap_or(ptr::null_mut())
}

/// This thread's last error as the program is shown it: ours, or else that of a libvirt in the same process.
pub(in crate::ffi) fn last_shown() -> virErrorPtr {
    let own = last();
    // SAFETY: NULL or this thread's record.
    if unsafe { own.as_ref() }.is_some_and(|error| error.code != 0) {
        return own;
    }
    match LIBVIRT.get() {
        // SAFETY: libvirt's own function, by the promise made to `join`.
        Some(libvirt) => match unsafe { (libvirt.last)() } {
            error if error.is_null() => own,
            error => error,
        },
        None => own,
    }
}

/// Forgets this thread's last error.
pub(in crate::ffi) fn clear_last() {
    let own = last();
    // A record without a code has no strings: errors have one, and nothing else is written there.
    // SAFETY: NULL or this thread's record.
    let is_set = unsafe { own.as_ref() }.is_some_and(|error| error.code != 0);
    if is_set {
        // SAFETY: this thread's record.
        unsafe { clear(own) };
    }
    if let Some(libvirt) = LIBVIRT.get() {
        // SAFETY: libvirt's own function, by the promise made to `join`.
        unsafe { (libvirt.reset)() };
    }
}

/// The errors of a libvirt in the same process, whose private functions the program calls.
pub(in crate::ffi) struct LibvirtErrors {
    /// Its `virGetLastError`.
    pub(in crate::ffi) last: unsafe extern "C" fn() -> virErrorPtr,
    /// Its `virResetLastError`.
    pub(in crate::ffi) reset: unsafe extern "C" fn(),
}

static LIBVIRT: OnceLock<LibvirtErrors> = OnceLock::new();

/// From here on what that libvirt says of its last error counts where this library has none.
///
/// # Safety
/// The functions can be called from any thread as long as the process lives; what `last` returns
/// is valid until the thread's next call of libvirt.
pub(in crate::ffi) unsafe fn join(libvirt: LibvirtErrors) {
    // A second one would be the same libvirt again.
    let _ = LIBVIRT.set(libvirt);
}

/// Keeps an error as this thread's last one.
pub(in crate::ffi) fn set_last(failure: &Failure) {
    clear_last();
    let at = last();
    if !at.is_null() {
        // SAFETY: this thread's record, which holds no strings now.
        unsafe { at.write(record(failure)) };
    }
}
