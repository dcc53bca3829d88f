// SPDX-License-Identifier: LGPL-2.1-or-later
//! What libvirt's other functions do here: the libraries of `compat/` have one stub for each of
//! them, and every stub calls one of these.
//!
//! Not for programs: in no header, and in a version node of its own.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::guard::{Call, guard};
use super::objects::{Conn, HANDLES};
use super::out::{self, List};
use super::store::{self, Beside};
use super::types::{virConnectPtr, virErrorPtr, virFreeCallback};
use crate::error::{Code, Domain, Error, Result};

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
pub unsafe extern "C" fn vndStubRefuse(first: *const c_void, function: *const c_char) {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    let _: c_int = guard(DOMAIN, function, |call| {
        let address = first.addr();
        call.conn = HANDLES
            .connection(address)
            .or_else(|| HANDLES.device(address).map(|device| device.conn.clone()));
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
pub unsafe extern "C" fn vndStubCount(conn: virConnectPtr, function: *const c_char) -> c_int {
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
pub unsafe extern "C" fn vndStubList(
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

/// A registration for events that never come.
struct Registration {
    id: c_int,
    /// Address of the function.
    callback: usize,
    opaque: Opaque,
    free: virFreeCallback,
}

/// The pointer that the program wants freed.
struct Opaque(*mut c_void);

// SAFETY: never followed here, only handed back to the program.
unsafe impl Send for Opaque {}

/// The registrations of one connection.
#[derive(Default)]
pub(super) struct Registrations(Mutex<State>);

#[derive(Default)]
struct State {
    registrations: Vec<Registration>,
    last_id: c_int,
}

impl Registrations {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code of the program runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Registers a function for events that never come; the connection lives until it is deregistered.
fn register(
    call: &mut Call,
    conn: virConnectPtr,
    callback: *const c_void,
    opaque: *mut c_void,
    free: virFreeCallback,
) -> Result<c_int> {
    let conn = call.conn(conn)?;
    call.not_null("cb", callback)?;
    if !HANDLES.hold_connection(conn.address) {
        return Err(Error::bare(Code::InvalidConn));
    }
    let mut state = conn.handle.stub_registrations.state();
    state.last_id += 1;
    let id = state.last_id;
    state.registrations.push(Registration {
        id,
        callback: callback.addr(),
        opaque: Opaque(opaque),
        free,
    });
    Ok(id)
}

/// Ends the registration that is wanted; `which` says its name if there is none.
fn deregister(
    conn: &Conn,
    wanted: impl Fn(&Registration) -> bool,
    which: impl FnOnce() -> String,
) -> Result<c_int> {
    let mut state = conn.handle.stub_registrations.state();
    let at = state.registrations.iter().position(wanted);
    let at = at.ok_or_else(|| {
        let text = format!("could not find event callback {} for deletion", which());
        Error::new(Code::InvalidArg, text).in_domain(Domain::None)
    })?;
    let over = state.registrations.remove(at);
    drop(state);
    if let Some(free) = over.free {
        // SAFETY: the program's callback with the pointer that it gave; called once.
        unsafe { free(over.opaque.0) };
    }
    HANDLES.release_connection(conn.address);
    Ok(0)
}

/// Registers for events of a kind that this library does not have: a number above 0, and never an event.
///
/// # Safety
/// freecb can be called with opaque; function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vndStubRegister(
    conn: virConnectPtr,
    callback: *const c_void,
    opaque: *mut c_void,
    free: virFreeCallback,
    function: *const c_char,
) -> c_int {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    guard(DOMAIN, function, |call| {
        register(call, conn, callback, opaque, free)
    })
}

/// Ends a registration of `vndStubRegister` by its number.
///
/// # Safety
/// function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vndStubDeregister(
    conn: virConnectPtr,
    id: c_int,
    function: *const c_char,
) -> c_int {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    guard(DOMAIN, function, |call| {
        let conn = call.conn(conn)?;
        call.not_negative("callbackID", id)?;
        deregister(&conn, |r| r.id == id, || id.to_string())
    })
}

/// Ends a registration of `vndStubRegister` by its function.
///
/// # Safety
/// function is a NUL-terminated literal of a library that stays loaded.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vndStubDeregisterCallback(
    conn: virConnectPtr,
    callback: *const c_void,
    function: *const c_char,
) -> c_int {
    // SAFETY: as promised by the caller.
    let function = unsafe { name(function) };
    guard(DOMAIN, function, |call| {
        let conn = call.conn(conn)?;
        call.not_null("cb", callback)?;
        let address = callback.addr();
        deregister(&conn, |r| r.callback == address, || format!("{callback:p}"))
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
    unsafe { store::join(Beside { last, reset }) };
}
