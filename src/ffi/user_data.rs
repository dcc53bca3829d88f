// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The data pointer that a program passes with a function and gets back when the function is
//! called.

use std::ffi::c_void;

use super::cancellation::in_program;
use super::types::virFreeCallback;

/// The pointer of a program, which is never read here, and the program's function to free it.
#[derive(Clone, Copy)]
pub(super) struct UserData {
    pointer: *mut c_void,
    free: virFreeCallback,
}

// SAFETY: the pointer is only handed back to the program, which answers for its use in the thread
// that calls.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    pub(super) fn new(pointer: *mut c_void, free: virFreeCallback) -> Self {
        UserData { pointer, free }
    }

    /// The pointer for the program's function.
    pub(super) fn pointer(&self) -> *mut c_void {
        self.pointer
    }

    /// Has the program free the pointer. To be called once, with no lock held.
    pub(super) fn free(&self) {
        if let Some(free) = self.free {
            // SAFETY: the program's function with the pointer that it gave along.
            in_program(|| unsafe { free(self.pointer) });
        }
    }
}
