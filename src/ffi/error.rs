// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Functions on errors. None of them clears or sets the last error unless it says so.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::objects::{ConnHandle, HANDLES};
use super::out;
use super::shield::shield;
use super::store::handler::{Handler, set_global_handler};
use super::store::last::{clear_last, last_shown};
use super::store::print::print;
use super::store::record::{NO_ERROR, clear, copy};
use super::types::{virConnectPtr, virError, virErrorFunc, virErrorPtr};

/// This thread's record, unless it says that there is no error.
fn last_error() -> Option<(virErrorPtr, virError)> {
    let at = last_shown();
    if at.is_null() {
        return None;
    }
    // SAFETY: this thread's record.
    let error = unsafe { at.read() };
    (error.code != 0).then_some((at, error))
}

fn with_conn<T>(conn: virConnectPtr, fail: T, act: impl FnOnce(&ConnHandle) -> T) -> T {
    shield(None, || HANDLES.connection(conn.addr()).map(|c| act(&c))).unwrap_or(fail)
}

/// The error of the last call of this thread that failed.
///
/// Every function that can fail clears it first, so it tells about the last call only.
///
/// @return the error, which the library keeps: it changes with the thread's next call; NULL when
/// there was no error
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
#[unsafe(no_mangle)]
pub extern "C" fn virGetLastError() -> virErrorPtr {
    last_error().map_or(ptr::null_mut(), |(at, _)| at)
}

/// The number of this thread's last error.
///
/// @return one of virErrorNumber, VIR_ERR_OK when there was no error
///
/// Since virnodedev 0.1.0 (libvirt 4.5.0).
#[unsafe(no_mangle)]
pub extern "C" fn virGetLastErrorCode() -> c_int {
    last_error().map_or(0, |(_, error)| error.code)
}

/// The part of the library that raised this thread's last error.
///
/// @return one of virErrorDomain, VIR_FROM_NONE when there was no error
///
/// Since virnodedev 0.1.0 (libvirt 4.5.0).
#[unsafe(no_mangle)]
pub extern "C" fn virGetLastErrorDomain() -> c_int {
    last_error().map_or(0, |(_, error)| error.domain)
}

/// The text of this thread's last error.
///
/// @return the text, which the library keeps: it changes with the thread's next call; "no error"
/// when there was none, "unknown error" for an error without a text; never NULL
///
/// Since virnodedev 0.1.0 (libvirt 1.0.6).
#[unsafe(no_mangle)]
pub extern "C" fn virGetLastErrorMessage() -> *const c_char {
    match last_error() {
        None => c"no error".as_ptr(),
        Some((_, error)) if error.message.is_null() => c"unknown error".as_ptr(),
        Some((_, error)) => error.message,
    }
}

/// Forgets this thread's last error.
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
#[unsafe(no_mangle)]
pub extern "C" fn virResetLastError() {
    clear_last();
}

/// Frees the strings of an error and makes it say that there is no error. The record itself stays.
///
/// @param err  the error; NULL does nothing
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
///
/// # Safety
/// err is NULL or a record that the library filled, or all zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virResetError(err: virErrorPtr) {
    // SAFETY: as promised by the caller.
    unsafe { clear(err) };
}

/// Frees an error of virSaveLastError().
///
/// @param err  the error; NULL does nothing
///
/// Since virnodedev 0.1.0 (libvirt 0.6.1).
///
/// # Safety
/// err is NULL or came from virSaveLastError() and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virFreeError(err: virErrorPtr) {
    // SAFETY: as promised by the caller.
    unsafe { clear(err) };
    // SAFETY: from malloc, in virSaveLastError.
    unsafe { libc::free(err.cast()) };
}

/// A copy of this thread's last error, to be kept over further calls. errno stays as it is.
///
/// @return the copy, also when there was no error (its code is VIR_ERR_OK then); free it with
/// virFreeError(). NULL when memory ran out
///
/// Since virnodedev 0.1.0 (libvirt 0.6.1).
#[unsafe(no_mangle)]
pub extern "C" fn virSaveLastError() -> virErrorPtr {
    let errno = std::io::Error::last_os_error().raw_os_error();
    // SAFETY: malloc takes any size.
    let saved: virErrorPtr = unsafe { libc::malloc(size_of::<virError>()) }.cast();
    // SAFETY: NULL or this thread's record.
    let error = unsafe { copy(last_shown()) };
    // SAFETY: NULL or new memory of that size.
    unsafe { out::set(saved, error) };
    if let Some(errno) = errno {
        // SAFETY: the C library gives every thread its errno.
        let at = unsafe { libc::__errno_location() };
        // SAFETY: as above.
        unsafe { at.write(errno) };
    }
    saved
}

/// Copies this thread's last error.
///
/// What `to` held before is overwritten, not freed.
///
/// @param to  out: the copy; free its strings with virResetError()
/// @return the number of the error, 0 when there was none, -1 when `to` is NULL
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
///
/// # Safety
/// to is NULL or points to a virError.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virCopyLastError(to: virErrorPtr) -> c_int {
    // SAFETY: NULL or this thread's record.
    give(to, || unsafe { copy(last_shown()) })
}

/// Copies the last error of a connection.
///
/// What `to` held before is overwritten, not freed.
///
/// @param conn  the connection
/// @param to    out: the copy; free its strings with virResetError()
/// @return the number of the error, 0 when there was none, -1 when conn is no connection or `to` is NULL
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
///
/// # Safety
/// to is NULL or points to a virError.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnCopyLastError(conn: virConnectPtr, to: virErrorPtr) -> c_int {
    // SAFETY: NULL or a record of the caller.
    unsafe { out::set(to, NO_ERROR) };
    with_conn(conn, -1, |conn| give(to, || conn.errors.copy()))
}

/// Puts an error where the caller wants it and tells its number.
fn give(to: virErrorPtr, error: impl FnOnce() -> virError) -> c_int {
    if to.is_null() {
        return -1;
    }
    let error = error();
    // SAFETY: the callers promise that it points to a record.
    unsafe { out::set(to, error) };
    error.code
}

/// The last error of a connection, of whatever thread.
///
/// With several threads at work on the connection it can change at any time; virGetLastError() cannot.
///
/// @param conn  the connection
/// @return the error, which the connection keeps and whose code is VIR_ERR_OK when there was none;
/// NULL when conn is no connection
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
#[unsafe(no_mangle)]
pub extern "C" fn virConnGetLastError(conn: virConnectPtr) -> virErrorPtr {
    with_conn(conn, ptr::null_mut(), |conn| conn.errors.record())
}

/// Forgets the last error of a connection.
///
/// @param conn  the connection; anything else does nothing
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
#[unsafe(no_mangle)]
pub extern "C" fn virConnResetLastError(conn: virConnectPtr) {
    with_conn(conn, (), |conn| conn.errors.clear());
}

/// Chooses the function that is told of every error, instead of a line on standard error.
///
/// @param userData  passed to the function
/// @param handler   the function; NULL brings the line back
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
///
/// # Safety
/// handler can be called from any thread with userData until another one is chosen.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virSetErrorFunc(userData: *mut c_void, handler: virErrorFunc) {
    set_global_handler(Handler::new(handler, userData));
}

/// Chooses the function that is told of the errors of one connection, instead of the one of virSetErrorFunc().
///
/// @param conn      the connection; anything else does nothing
/// @param userData  passed to the function
/// @param handler   the function; NULL leaves errors to that of virSetErrorFunc() again
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
///
/// # Safety
/// handler can be called from any thread with userData until another one is chosen or the connection is gone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnSetErrorFunc(
    conn: virConnectPtr,
    userData: *mut c_void,
    handler: virErrorFunc,
) {
    with_conn(conn, (), |conn| {
        conn.errors.set_handler(Handler::new(handler, userData));
    });
}

/// Writes an error to standard error, as is done where no function was chosen.
///
/// The line reads "libvirt: PART error : TEXT".
///
/// @param err  the error; NULL and one without a code do nothing
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
///
/// # Safety
/// err is NULL or a whole record with NUL-terminated or NULL strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDefaultErrorFunc(err: virErrorPtr) {
    // SAFETY: as promised by the caller.
    shield((), || unsafe { print(err) });
}
