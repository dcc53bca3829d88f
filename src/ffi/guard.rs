// SPDX-License-Identifier: LGPL-2.1-or-later
//! What every exported function has around its body.

use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;

use super::objects::ConnHandle;
use super::store;
use crate::error::{Code, Domain, Error, Result};

/// What a function returns to C when it fails.
pub(super) trait FailValue {
    const FAIL: Self;
}

impl FailValue for c_int {
    const FAIL: Self = -1;
}

impl<T> FailValue for *mut T {
    const FAIL: Self = ptr::null_mut();
}

impl<T> FailValue for *const T {
    const FAIL: Self = ptr::null();
}

/// One call from C: who was called, and the connection that its errors belong to.
pub(super) struct Call {
    pub(super) function: &'static str,
    pub(super) domain: Domain,
    pub(super) conn: Option<Arc<ConnHandle>>,
    silent: bool,
}

impl Call {
    /// From here on an error is stored but told to no handler and no connection.
    pub(super) fn be_silent(&mut self) {
        self.silent = true;
    }
}

/// Runs the body of an exported function: clears this thread's error, keeps panics out of C,
/// stores and tells the error of a failure and returns `T::FAIL`.
pub(super) fn guard<T: FailValue>(
    domain: Domain,
    function: &'static str,
    body: impl FnOnce(&mut Call) -> Result<T>,
) -> T {
    shield(T::FAIL, || {
        store::clear_last();
        let mut call = Call {
            function,
            domain,
            conn: None,
            silent: false,
        };
        let error = match catch_unwind(AssertUnwindSafe(|| body(&mut call))) {
            Ok(Ok(value)) => return value,
            Ok(Err(error)) => error,
            Err(panic) => panic_error(&*panic).in_domain(domain),
        };
        store::set_last(&error);
        if !call.silent {
            store::dispatch(call.conn.as_deref());
        }
        T::FAIL
    })
}

/// Runs the body of a function that reports no error, and keeps panics out of C.
pub(super) fn shield<T>(fail: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(fail)
}

fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "panic without a message",
    };
    Error::new(Code::InternalError, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::error::{virGetLastErrorCode, virGetLastErrorMessage, virSetErrorFunc};
    use std::ffi::{CStr, c_void};

    unsafe extern "C" fn quiet(_: *mut c_void, _: crate::ffi::types::virErrorPtr) {}

    #[test]
    fn a_panic_becomes_an_internal_error() {
        // SAFETY: the handler ignores its data.
        unsafe { virSetErrorFunc(ptr::null_mut(), Some(quiet)) };
        let rc: c_int = guard(Domain::NodeDevice, "test", |_| panic!("planted {}", 7));
        assert_eq!(rc, -1);
        assert_eq!(virGetLastErrorCode(), 1);
        // SAFETY: the message lives until the next call on this thread.
        let message = unsafe { CStr::from_ptr(virGetLastErrorMessage()) };
        assert_eq!(message, c"internal error: planted 7");
        let ok: c_int = guard(Domain::NodeDevice, "test", |_| Ok(3));
        assert_eq!((ok, virGetLastErrorCode()), (3, 0));
    }
}
