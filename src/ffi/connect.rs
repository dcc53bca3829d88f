// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Opening and closing connections.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;
use std::sync::Arc;

use super::args;
use super::constants::virConnectFlags::{VIR_CONNECT_NO_ALIASES, VIR_CONNECT_RO};
use super::credentials::authenticate;
use super::events::free_ended;
use super::guard::{guard, guard_calls};
use super::handle::Closed;
use super::objects::{ConnHandle, HANDLES, add_connection};
use super::shield::shield;
use super::types::{virConnectAuthPtr, virConnectCloseFunc, virConnectPtr, virFreeCallback};
use crate::connection::Connection;
use crate::error::Domain;

/// Makes the library ready. Every function that needs it does so by itself.
///
/// @return 0
///
/// Since virnodedev 0.1.0 (libvirt 0.1.0).
#[unsafe(no_mangle)]
pub extern "C" fn virInitialize() -> c_int {
    0
}

const READ_ONLY: c_uint = VIR_CONNECT_RO as c_uint;
const NO_ALIASES: c_uint = VIR_CONNECT_NO_ALIASES as c_uint;

/// # Safety
/// `name` is NULL or a NUL-terminated string, `auth` as for [`authenticate`].
unsafe fn open(
    function: &'static str,
    name: *const c_char,
    auth: virConnectAuthPtr,
    flags: c_uint,
) -> virConnectPtr {
    guard_calls(Domain::None, function, |call| {
        let connection = call.own(|_| {
            // SAFETY: as promised by the caller.
            let name = unsafe { args::opt_text(name) };
            let connection = Connection::open(name.map(CStr::to_bytes), flags & READ_ONLY != 0)?;
            args::flags("nodeConnectOpen", flags, READ_ONLY | NO_ALIASES)?;
            Ok(connection)
        })?;
        // SAFETY: as promised by the caller.
        unsafe { authenticate(call, connection.users(), auth) }?;
        call.own(|_| Ok(add_connection(connection)))
    })
}

/// Opens a connection to the node devices that a URI names.
///
/// "nodedev:///system" (or "nodedev:///session") is this host, read in process with the rights of the
/// caller; "nodedev:///embed?root=/DIR" is a recorded machine, in a folder or an archive of vndConnectRecord(); "test:///default" and
/// "test:///FILE.xml" are made-up devices. URIs of local hypervisors such as "qemu:///system" name this
/// host, too. There is no remote access.
///
/// Errors: 5 for a URI that no driver takes, remote ones included; 1 for one that cannot be read; 38, with the errno, for
/// a recording or a file that cannot be read; 27, 35, 1, 21 or 67 for a file of made-up devices that is wrong inside; 8
/// for "embed" without a root, and for a file of made-up devices that names users: virConnectOpenAuth() opens it.
///
/// @param name  the URI; NULL or "" for that of the environment variable LIBVIRT_DEFAULT_URI, else this host
/// @return the connection, to be given back with virConnectClose(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.0.3).
///
/// # Safety
/// name is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virConnectOpen(name: *const c_char) -> virConnectPtr {
    // SAFETY: as promised by the caller.
    unsafe { open("virConnectOpen", name, ptr::null_mut(), 0) }
}

/// Opens a connection that refuses functions that change the host, and starts no program. Errors are those of
/// virConnectOpen().
///
/// @param name  the URI, see virConnectOpen()
/// @return the connection, to be given back with virConnectClose(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.0.3).
///
/// # Safety
/// name is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virConnectOpenReadOnly(name: *const c_char) -> virConnectPtr {
    // SAFETY: as promised by the caller.
    unsafe { open("virConnectOpenReadOnly", name, ptr::null_mut(), READ_ONLY) }
}

/// Opens a connection, with flags.
///
/// A file of made-up devices can name users (`<auth><user password='…'>NAME</user></auth>`). Then auth is asked for a name
/// (VIR_CRED_AUTHNAME), and for a password (VIR_CRED_PASSPHRASE or VIR_CRED_NOECHOPROMPT) unless the user of that name
/// has none. Nothing else asks.
///
/// Errors are those of virConnectOpen(), and for such a file: 8 without auth or its function; 45 for what is not the name and
/// password of a user, for no answer to the name and where no name can be asked for; 9 for no answer to the password and 84
/// where none can be asked for.
///
/// @param name   the URI, see virConnectOpen()
/// @param auth   how the program can authenticate, or NULL
/// @param flags  bits of virConnectFlags
/// @return the connection, to be given back with virConnectClose(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.4.0).
///
/// # Safety
/// name is NULL or a NUL-terminated string, auth is NULL or points to a way to authenticate, whose function stores NULL or
/// malloc'd NUL-terminated strings.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virConnectOpenAuth(
    name: *const c_char,
    auth: virConnectAuthPtr,
    flags: c_uint,
) -> virConnectPtr {
    // SAFETY: as promised by the caller.
    unsafe { open("virConnectOpenAuth", name, auth, flags) }
}

/// Adds a reference to a connection: one more virConnectClose() is needed then.
///
/// @param conn  the connection
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectRef(conn: virConnectPtr) -> c_int {
    guard(Domain::DomainConfig, "virConnectRef", |call| {
        if HANDLES.reference_connection(conn.addr()) {
            Ok(0)
        } else {
            Err(call.invalid_conn(conn.addr()))
        }
    })
}

/// Gives a connection back.
///
/// Device handles and event registrations keep their connection alive; it is gone when the last of
/// them was given back, too.
///
/// This is the one thing that a child process can do with a connection from before fork(): it gives up
/// the child's share and leaves the parent's alone. Device handles and event registrations do not keep it
/// there; the functions that would free what the program registered are not called.
///
/// @param conn  the connection
/// @return 0 when the connection is gone, 1 when references, device handles or event registrations keep
/// it, -1 on error: conn is no connection, or all references to it were given back before
///
/// Since virnodedev 0.1.0 (libvirt 0.0.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectClose(conn: virConnectPtr) -> c_int {
    guard_calls(Domain::None, "virConnectClose", |call| {
        let (handle, result) = call.own(|call| {
            let handle = HANDLES.connection(conn.addr());
            match HANDLES.close_connection(conn.addr()) {
                Some(Closed::Gone) => Ok((handle, 0)),
                Some(Closed::StillUsed) => Ok((handle, 1)),
                None => Err(call.invalid_conn(conn.addr())),
            }
        })?;
        let closing = Closing(handle);
        if let Some(handle) = &closing.0 {
            free_ended(handle);
        }
        Ok(result)
    })
}

/// A connection of this process that is closed: it is torn down when this is dropped, if nothing else holds it.
struct Closing(Option<Arc<ConnHandle>>);

impl Drop for Closing {
    fn drop(&mut self) {
        shield((), || drop(self.0.take()));
    }
}

/// Whether a connection works.
///
/// @param conn  the connection
/// @return 1, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.9.8).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectIsAlive(conn: virConnectPtr) -> c_int {
    answer("virConnectIsAlive", conn, 1)
}

/// Whether what a connection carries is encrypted.
///
/// @param conn  the connection
/// @return 0 (nothing leaves the process), or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.7.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectIsEncrypted(conn: virConnectPtr) -> c_int {
    answer("virConnectIsEncrypted", conn, 0)
}

/// Whether what a connection carries is safe from others.
///
/// @param conn  the connection
/// @return 1 (nothing leaves the process), or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.7.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectIsSecure(conn: virConnectPtr) -> c_int {
    answer("virConnectIsSecure", conn, 1)
}

/// Asks for messages that keep a connection alive. A connection in process needs none.
///
/// @param conn      the connection
/// @param interval  ignored
/// @param count     ignored
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.9.8).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectSetKeepAlive(
    conn: virConnectPtr,
    interval: c_int,
    count: c_uint,
) -> c_int {
    let _ = (interval, count);
    answer("virConnectSetKeepAlive", conn, 0)
}

/// What every connection of this library answers.
fn answer(function: &'static str, conn: virConnectPtr, value: c_int) -> c_int {
    guard(Domain::DomainConfig, function, |call| {
        call.conn(conn)?;
        Ok(value)
    })
}

/// Asks to be told when a connection closes by itself.
///
/// A connection in process never does: neither cb nor freecb is ever called.
///
/// @param conn    the connection
/// @param cb      the function; must not be NULL
/// @param opaque  ignored
/// @param freecb  ignored
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.10.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectRegisterCloseCallback(
    conn: virConnectPtr,
    cb: virConnectCloseFunc,
    opaque: *mut c_void,
    freecb: virFreeCallback,
) -> c_int {
    let _ = (opaque, freecb);
    close_callback("virConnectRegisterCloseCallback", conn, cb)
}

/// Takes back virConnectRegisterCloseCallback().
///
/// @param conn  the connection
/// @param cb    the function; must not be NULL
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.10.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectUnregisterCloseCallback(
    conn: virConnectPtr,
    cb: virConnectCloseFunc,
) -> c_int {
    close_callback("virConnectUnregisterCloseCallback", conn, cb)
}

fn close_callback(function: &'static str, conn: virConnectPtr, cb: virConnectCloseFunc) -> c_int {
    guard(Domain::DomainConfig, function, |call| {
        call.conn(conn)?;
        cb.map(|_| 0).ok_or_else(|| call.null_argument("cb"))
    })
}
