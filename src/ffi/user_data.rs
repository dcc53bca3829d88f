// SPDX-License-Identifier: LGPL-2.1-or-later
//! What a program hands over with a function and gets back when the function is called.

use std::ffi::c_void;

use super::cancellation::in_program;
use super::types::virFreeCallback;

/// The pointer of a program, which is never followed here, and how the program frees it.
#[derive(Clone, Copy)]
pub(super) struct UserData {
    pointer: *mut c_void,
    free: virFreeCallback,
}

// SAFETY: the pointer is only handed back to the program, which answers for its use in the thread that calls.
unsafe impl Send for UserData {}
// SAFETY: as above.
unsafe impl Sync for UserData {}

impl UserData {
    pub(super) fn new(pointer: *mut c_void, free: virFreeCallback) -> Self {
        UserData { pointer, free }
    }

    /// What the program's function gets.
    pub(super) fn pointer(&self) -> *mut c_void {
        self.pointer
    }

    /// Tells the program that the pointer is not needed any more. To be called once, with no lock held.
    pub(super) fn free(&self) {
        if let Some(free) = self.free {
            // SAFETY: the program's function with the pointer that it gave along.
            in_program(|| unsafe { free(self.pointer) });
        }
    }
}
