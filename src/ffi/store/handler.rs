// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Error handlers: functions of the program that errors are reported to, and the global one.

use std::ffi::c_void;

use crate::ffi::cancellation::in_program;
use crate::ffi::fork::{ProcessLock, Rank};
use crate::ffi::types::{virErrorFunc, virErrorPtr};
use crate::ffi::user_data::UserData;

/// A function of the program that errors are reported to.
#[derive(Clone, Copy)]
pub(in crate::ffi) struct Handler {
    function: unsafe extern "C-unwind" fn(*mut c_void, virErrorPtr),
    data: UserData,
}

impl Handler {
    /// A handler; `None` for a NULL function, for which the next handler in line is used.
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

/// Sets the handler for errors for which no connection has a handler.
pub(in crate::ffi) fn set_global_handler(handler: Option<Handler>) {
    *GLOBAL.write() = handler;
}

/// The handler for errors for which no connection has a handler.
pub(super) fn global_handler() -> Option<Handler> {
    *GLOBAL.read()
}
