// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What libvirt's other functions do here: the libraries of `compat/` have one stub for each of
//! them, and every stub calls one of these.
//!
//! Not for programs: in no header, and in a version node of its own.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::failure::Result;
use super::guard::{Call, guard, guard_calls};
use super::objects::HANDLES;
use super::out::{self, List};
use super::registrations::Registration;
use super::store::last::{LibvirtErrors, join};
use super::types::{virConnectPtr, virErrorPtr, virFreeCallback};
use super::user_data::UserData;
use crate::error::Domain;

const DOMAIN: Domain = Domain::DomainConfig;

/// The name of a stub.
///
/// # Safety
/// `function` is a NUL-terminated literal of a library that stays loaded.
unsafe fn name(function: *const c_char) -> &'static str {
    // SAFETY: as promised by the caller.
    let name = unsafe { CStr::from_ptr(function) };
    name.to_str().unwrap_or("?")
}

/// Fails with `VIR_ERR_NO_SUPPORT`. The error belongs to the connection of `first`, the stub's
/// first argument, if that is a handle of this library; it may be anything.
///
/// # Safety
/// function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndStubRefuse(first: *const c_void, function: *const c_char) {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    let _: c_int = guard(DOMAIN, function, |call| {
        let address = first.addr();
        call.owner = HANDLES
            .connection(address)
            .or_else(|| HANDLES.device(address).map(|(conn, _)| conn));
        Err(call.unsupported())
    });
}

/// How many objects there are of a kind that this library does not manage: 0, or -1 when conn is no connection.
///
/// # Safety
/// function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndStubCount(
    conn: virConnectPtr,
    function: *const c_char,
) -> c_int {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    guard(DOMAIN, function, |call| {
        call.conn(conn)?;
        Ok(0)
    })
}

/// The list of objects of a kind that this library does not manage: an empty one that C frees, if it wants any.
///
/// # Safety
/// objects is NULL or may be written; function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndStubList(
    conn: virConnectPtr,
    objects: *mut *mut *mut c_void,
    function: *const c_char,
) -> c_int {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    // SAFETY: NULL or writable by the caller's promise.
    unsafe { out::set(objects, ptr::null_mut()) };
    guard(DOMAIN, function, |call| {
        call.conn(conn)?;
        if !objects.is_null() {
            let empty = List::new(0)?.fill(&[]);
            // SAFETY: not NULL, so writable by the caller's promise.
            unsafe { out::set(objects, empty) };
        }
        Ok(0)
    })
}

/// Registers for events of a kind that this library does not have: a number above 0, and never an event.
///
/// # Safety
/// freecb can be called with opaque; function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndStubRegister(
    conn: virConnectPtr,
    callback: *const c_void,
    opaque: *mut c_void,
    free: virFreeCallback,
    function: *const c_char,
) -> c_int {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    guard(DOMAIN, function, |call| {
        let conn = call.conn(conn)?;
        call.not_null("cb", callback)?;
        conn.hold()?;
        let data = UserData::new(opaque, free);
        Ok(conn.handle.never_called.add(callback.addr(), data))
    })
}

/// Ends the registration that `take` takes: it was for events that never come. The connection is let go
/// first, so that it does not matter what the program does when its data are freed.
fn deregister(
    function: &'static str,
    take: impl FnOnce(&mut Call) -> Result<Arc<Registration<usize>>>,
) -> c_int {
    guard_calls(DOMAIN, function, |call| {
        let registration = call.own(take)?;
        registration.data.free();
        Ok(0)
    })
}

/// Ends a registration of `vndStubRegister` by its number.
///
/// # Safety
/// function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndStubDeregister(
    conn: virConnectPtr,
    id: c_int,
    function: *const c_char,
) -> c_int {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    deregister(function, |call| {
        let conn = call.conn(conn)?;
        call.not_negative("callbackID", id)?;
        let registration = conn.handle.never_called.take_number(id)?;
        conn.release();
        Ok(registration)
    })
}

/// Ends a registration of `vndStubRegister` by its function.
///
/// # Safety
/// function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndStubDeregisterCallback(
    conn: virConnectPtr,
    callback: *const c_void,
    function: *const c_char,
) -> c_int {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    deregister(function, |call| {
        let conn = call.conn(conn)?;
        call.not_null("cb", callback)?;
        let name = || format!("{callback:p}");
        let registration = conn.handle.never_called.take(&callback.addr(), name)?;
        conn.release();
        Ok(registration)
    })
}

/// Tells of a libvirt in the same process, whose private functions the program calls: its errors are
/// this library's where it has none, and are forgotten with them.
///
/// # Safety
/// The functions are libvirt's virGetLastError and virResetLastError, and it stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vndStubJoin(
    last: unsafe extern "C" fn() -> virErrorPtr,
    reset: unsafe extern "C" fn(),
) {
    // SAFETY: as promised by the caller.
    unsafe { join(LibvirtErrors { last, reset }) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::connect::virConnectClose;
    use crate::ffi::device::virNodeDeviceFree;
    use crate::ffi::error::{virConnGetLastError, virConnResetLastError};
    use crate::ffi::testing::{last_words, lookup, note_errors, open, told};

    const NAME: *const c_char = c"virDomainThing".as_ptr();

    fn unsupported() -> (i32, i32, String) {
        let text = "this function is not supported by the connection driver: virDomainThing";
        (3, 20, text.into())
    }

    fn invalid() -> (i32, i32, String) {
        (6, 20, "invalid connection pointer in virDomainThing".into())
    }

    /// The number of the connection's own last error.
    fn code_of(conn: virConnectPtr) -> i32 {
        // SAFETY: the connection keeps its record.
        unsafe { virConnGetLastError(conn).read() }.code
    }

    fn refuse(first: *const c_void) {
        // SAFETY: the name is a literal.
        unsafe { vndStubRefuse(first, NAME) };
    }

    #[test]
    fn what_is_refused_is_an_error_of_the_connection_that_was_handed_over() {
        note_errors();
        let conn = open();
        let device = lookup(conn, "computer");
        for first in [conn.cast_const().cast(), device.cast_const().cast()] {
            refuse(first);
            assert_eq!(last_words(), unsupported());
            assert_eq!(code_of(conn), 3);
            virConnResetLastError(conn);
        }
        for wrong in [0, 1, usize::MAX, 4096] {
            refuse(ptr::without_provenance(wrong));
            assert_eq!(last_words(), unsupported());
            assert_eq!(code_of(conn), 0);
        }
        assert_eq!(told(), [3; 6]);
        virNodeDeviceFree(device);
        virConnectClose(conn);
    }

    #[test]
    fn a_connection_has_none_of_what_is_not_managed() {
        note_errors();
        let conn = open();
        let nothing: virConnectPtr = ptr::null_mut();
        // SAFETY: the name is a literal.
        let counts = [conn, nothing].map(|conn| unsafe { vndStubCount(conn, NAME) });
        assert_eq!(counts, [0, -1]);
        assert_eq!(last_words(), invalid());
        let mut list: *mut *mut c_void = ptr::dangling_mut();
        // SAFETY: the list may be written, and the name is a literal.
        assert_eq!(unsafe { vndStubList(conn, &mut list, NAME) }, 0);
        // SAFETY: made by `vndStubList`.
        assert!(unsafe { list.read() }.is_null());
        // SAFETY: from malloc.
        unsafe { libc::free(list.cast()) };
        // SAFETY: as above.
        assert_eq!(unsafe { vndStubList(nothing, &mut list, NAME) }, -1);
        assert!(list.is_null());
        // SAFETY: a list that nobody wants.
        assert_eq!(unsafe { vndStubList(conn, ptr::null_mut(), NAME) }, 0);
        virConnectClose(conn);
    }

    unsafe extern "C-unwind" fn count(opaque: *mut c_void) {
        let calls: *mut c_int = opaque.cast();
        // SAFETY: the test's own number.
        let before = unsafe { calls.read() };
        // SAFETY: as above.
        unsafe { calls.write(before + 1) };
    }

    #[test]
    fn a_registration_keeps_the_connection_and_is_freed_once() {
        note_errors();
        let conn = open();
        let mut calls: c_int = 0;
        let opaque: *mut c_void = (&raw mut calls).cast();
        let callback: *const c_void = ptr::without_provenance(0x1000);
        // SAFETY: `count` takes the number, and the name is a literal.
        let add = |callback| unsafe { vndStubRegister(conn, callback, opaque, Some(count), NAME) };
        assert_eq!([add(callback), add(callback)], [1, 2]);
        assert_eq!(add(ptr::null()), -1);
        assert_eq!(last_words().0, 8);
        assert_eq!(virConnectClose(conn), 1);
        // SAFETY: the name is a literal.
        let take_back = |id| unsafe { vndStubDeregister(conn, id, NAME) };
        assert_eq!([take_back(1), take_back(1), take_back(-1)], [0, -1, -1]);
        // SAFETY: the name is a literal.
        let by_function = unsafe { vndStubDeregisterCallback(conn, callback, NAME) };
        assert_eq!((by_function, calls), (0, 2));
        assert_eq!(take_back(2), -1);
        assert_eq!(last_words(), invalid());
    }
}
