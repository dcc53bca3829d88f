// SPDX-License-Identifier: LGPL-2.1-or-later
//! Functions of the program that are told of errors, and the one for all of them.

use std::ffi::c_void;

use crate::ffi::cancellation::in_program;
use crate::ffi::fork::{ProcessLock, Rank};
use crate::ffi::types::{virErrorFunc, virErrorPtr};
use crate::ffi::user_data::UserData;

/// A function of the program that is told of errors.
#[derive(Clone, Copy)]
pub(in crate::ffi) struct Handler {
    function: unsafe extern "C-unwind" fn(*mut c_void, virErrorPtr),
    data: UserData,
}

impl Handler {
    /// `None` for a NULL function: the next one in line is told then.
    pub(in crate::ffi) fn new(function: virErrorFunc, user: *mut c_void) -> Option<Handler> {
        let data = UserData::new(user, None);
        function.map(|function| Handler { function, data })
    }

    /// Calls the function. To be done with no lock held.
    ///
    /// # Safety
    /// `error` points to a record with NUL-terminated or NULL strings.
    pub(super) unsafe fn tell(&self, error: virErrorPtr) {
        // SAFETY: the program registered the function for such calls with this data.
        in_program(|| unsafe { (self.function)(self.data.pointer(), error) });
    }
}

static GLOBAL: ProcessLock<Option<Handler>> = ProcessLock::new(Rank::ErrorHandler, None);

/// Chooses who is told of errors that no connection has a handler for.
pub(in crate::ffi) fn set_global_handler(handler: Option<Handler>) {
    *GLOBAL.write() = handler;
}

/// Who is told of errors that no connection has a handler for.
pub(super) fn global_handler() -> Option<Handler> {
    *GLOBAL.read()
}
