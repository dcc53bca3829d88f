// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The frame around the body of every exported function.

use std::ffi::{c_int, c_ulonglong};
use std::ptr;
use std::sync::Arc;

use super::cancellation::OwnWork;
use super::failure::{Failure, Result, own};
use super::fork;
use super::objects::ConnHandle;
use super::shield::catch;
use super::store::{last, tell::tell};
use crate::error::Domain;

/// What a function returns to C when it fails.
pub(super) trait FailValue {
    const FAIL: Self;
}

impl FailValue for c_int {
    const FAIL: Self = -1;
}

/// Of virNodeGetFreeMemory().
impl FailValue for c_ulonglong {
    const FAIL: Self = 0;
}

impl<T> FailValue for *mut T {
    const FAIL: Self = ptr::null_mut();
}

impl<T> FailValue for *const T {
    const FAIL: Self = ptr::null();
}

/// One call from C: the function that was called, and the connection to which its errors belong.
pub(super) struct Call {
    pub(super) function: &'static str,
    pub(super) domain: Domain,
    pub(super) owner: Option<Arc<ConnHandle>>,
    silent: bool,
}

impl Call {
    /// Has an error stored, but not reported to handlers or the connection.
    pub(super) fn be_silent(&mut self) {
        self.silent = true;
    }

    /// Does the library's own work; a panic in it becomes an error.
    pub(super) fn own<T>(&mut self, work: impl FnOnce(&mut Call) -> Result<T>) -> Result<T> {
        own(self.domain, || work(self))?
    }
}

/// Runs the body of an exported function. Clears this thread's error before, and keeps panics out of C. If the body
/// fails, stores and reports the error and returns `T::FAIL`.
pub(super) fn guard<T: FailValue>(
    domain: Domain,
    function: &'static str,
    body: impl FnOnce(&mut Call) -> Result<T>,
) -> T {
    guard_calls(domain, function, |call| call.own(body))
}

/// The same for a function that calls functions of the program. Its body calls those directly, and does all else in
/// [`Call::own`].
pub(super) fn guard_calls<T: FailValue>(
    domain: Domain,
    function: &'static str,
    body: impl FnOnce(&mut Call) -> Result<T>,
) -> T {
    let _own_work = OwnWork::begin();
    begin();
    let mut call = Call {
        function,
        domain,
        owner: None,
        silent: false,
    };
    match body(&mut call) {
        Ok(value) => {
            end(call, None);
            value
        }
        Err(failure) => {
            end(call, Some(failure));
            T::FAIL
        }
    }
}

// The common parts are functions of their own, so that they are not copied into each exported function. They are own work
// already, so they need no shield.

#[inline(never)]
fn begin() {
    contained(|| {
        fork::watch();
        last::clear_last();
    });
}

#[inline(never)]
fn end(call: Call, failure: Option<Failure>) {
    if let Some(failure) = failure {
        contained(|| last::set_last(&failure));
        if !call.silent {
            tell(call.owner.as_deref().map(|conn| &conn.errors));
        }
    }
    contained(|| drop(call));
}

/// Ends a panic without a word: there is nothing more to tell of the call.
fn contained(work: impl FnOnce()) {
    let _ = catch(work);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::testing::{last_words, note_errors, told};

    #[test]
    fn a_panic_becomes_an_internal_error() {
        note_errors();
        let rc: c_int = guard(Domain::NodeDevice, "test", |_| panic!("planted {}", 7));
        assert_eq!(rc, -1);
        assert_eq!(last_words(), (1, 22, "internal error: planted 7".into()));
        assert_eq!(told(), [1]);
        let list: *mut u8 = guard(Domain::None, "test", |_| std::panic::panic_any(3));
        assert!(list.is_null());
        let text = "internal error: panic without a message";
        assert_eq!(last_words(), (1, 0, text.into()));
        let ok: c_int = guard(Domain::NodeDevice, "test", |_| Ok(3));
        assert_eq!((ok, crate::ffi::error::virGetLastErrorCode()), (3, 0));
    }
}
