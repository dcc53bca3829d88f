// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A connection's own last error and error handler.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::handler::Handler;
use super::record::{NO_ERROR, clear, copy};
use crate::ffi::types::{virError, virErrorPtr};

/// A connection's own last error, from any thread, and its error handler.
pub(in crate::ffi) struct ConnErrors {
    last: Mutex<KeptRecord>,
    handler: Mutex<Option<Handler>>,
}

/// A record at a fixed address, because C keeps the pointer.
struct KeptRecord(virErrorPtr);

// SAFETY: the record is not shared; the library reads and writes it under the lock.
unsafe impl Send for KeptRecord {}

impl Drop for KeptRecord {
    fn drop(&mut self) {
        // SAFETY: this very record, whose strings are from malloc.
        unsafe { clear(self.0) };
        // SAFETY: made by Box::into_raw in ConnErrors::new.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl ConnErrors {
    pub(in crate::ffi) fn new() -> Self {
        ConnErrors {
            last: Mutex::new(KeptRecord(Box::into_raw(Box::new(NO_ERROR)))),
            handler: Mutex::new(None),
        }
    }

    /// Sets the connection's error handler.
    pub(in crate::ffi) fn set_handler(&self, handler: Option<Handler>) {
        *lock(&self.handler) = handler;
    }

    /// The connection's error handler.
    pub(super) fn handler(&self) -> Option<Handler> {
        *lock(&self.handler)
    }

    /// The record of the last error, which lives as long as the connection.
    pub(in crate::ffi) fn record(&self) -> virErrorPtr {
        lock(&self.last).0
    }

    /// Clears the connection's last error.
    pub(in crate::ffi) fn clear(&self) {
        let last = lock(&self.last);
        // SAFETY: the connection's record, locked.
        unsafe { clear(last.0) };
    }

    /// A copy of the connection's last error with strings of its own.
    pub(in crate::ffi) fn copy(&self) -> virError {
        let last = lock(&self.last);
        // SAFETY: the connection's record, locked.
        unsafe { copy(last.0) }
    }

    /// Makes an error the connection's last one, which then owns its strings.
    pub(super) fn keep(&self, error: virError) {
        let last = lock(&self.last);
        // SAFETY: the connection's record, locked.
        unsafe { clear(last.0) };
        // SAFETY: as above; it holds no strings now.
        unsafe { last.0.write(error) };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that can panic runs under these locks.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
