// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What a connection tells of itself and its host.

use std::ffi::{c_char, c_int, c_uint, c_ulong};

use super::guard::guard;
use super::out;
use super::types::virConnectPtr;
use super::version::LIBVIR_VERSION_NUMBER;
use crate::connection::Connection;
use crate::error::{self, Domain};

const DOMAIN: Domain = Domain::DomainConfig;

/// The kind of a connection.
///
/// @param conn  the connection
/// @return "nodedev", or "TEST" for made-up devices; the library keeps the string; NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.0.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectGetType(conn: virConnectPtr) -> *const c_char {
    guard(DOMAIN, "virConnectGetType", |call| {
        Ok(call.conn(conn)?.handle.connection.driver_type().as_ptr())
    })
}

/// The version of what a connection leads to.
///
/// @param conn   the connection
/// @param hvVer  out: major * 1000000 + minor * 1000 + release; must not be NULL
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.0.3).
///
/// # Safety
/// hvVer is NULL or points to an unsigned long.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virConnectGetVersion(
    conn: virConnectPtr,
    hvVer: *mut c_ulong,
) -> c_int {
    guard(DOMAIN, "virConnectGetVersion", |call| {
        let conn = call.conn(conn)?;
        call.not_null("hvVer", hvVer)?;
        let version = conn.handle.connection.hypervisor_version();
        let version = version.map_or(LIBVIR_VERSION_NUMBER, c_ulong::from);
        // SAFETY: not NULL, so the caller's.
        unsafe { out::set(hvVer, version) };
        Ok(0)
    })
}

/// The level of libvirt at the other end of a connection, which is this library.
///
/// @param conn    the connection
/// @param libVer  out: LIBVIR_VERSION_NUMBER; must not be NULL
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.7.3).
///
/// # Safety
/// libVer is NULL or points to an unsigned long.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virConnectGetLibVersion(
    conn: virConnectPtr,
    libVer: *mut c_ulong,
) -> c_int {
    guard(DOMAIN, "virConnectGetLibVersion", |call| {
        call.conn(conn)?;
        call.not_null("libVer", libVer)?;
        // SAFETY: not NULL, so the caller's.
        unsafe { out::set(libVer, LIBVIR_VERSION_NUMBER) };
        Ok(0)
    })
}

fn text(
    function: &'static str,
    conn: virConnectPtr,
    ask: impl FnOnce(&Connection) -> error::Result<String>,
) -> *mut c_char {
    guard(DOMAIN, function, |call| {
        out::text(&ask(&call.conn(conn)?.handle.connection)?)
    })
}

/// The name of the host that a connection leads to.
///
/// @param conn  the connection
/// @return the name, which the caller frees with free(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.3.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectGetHostname(conn: virConnectPtr) -> *mut c_char {
    text("virConnectGetHostname", conn, |c| Ok(c.hostname()))
}

/// The URI of a connection, which opens the same devices again.
///
/// @param conn  the connection
/// @return the URI, which the caller frees with free(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.3.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectGetURI(conn: virConnectPtr) -> *mut c_char {
    text("virConnectGetURI", conn, |c| Ok(c.uri().to_string()))
}

/// What the host of a connection is: its processors, pages of memory and NUMA cells. It tells of no guests, as no
/// connection has virtual machines. For a recorded machine it is the host that this is called on.
///
/// Errors: 38, with the errno, for what cannot be read.
///
/// @param conn  the connection
/// @return an XML document, which the caller frees with free(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.2.1).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectGetCapabilities(conn: virConnectPtr) -> *mut c_char {
    text("virConnectGetCapabilities", conn, |c| {
        c.machine().capabilities()
    })
}

/// The host's SMBIOS data as XML. No driver of this library offers it.
///
/// @param conn   the connection
/// @param flags  ignored
/// @return NULL (VIR_ERR_NO_SUPPORT)
///
/// Since virnodedev 0.1.0 (libvirt 0.8.8).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectGetSysinfo(conn: virConnectPtr, flags: c_uint) -> *mut c_char {
    let _ = flags;
    guard(DOMAIN, "virConnectGetSysinfo", |call| {
        call.conn(conn)?;
        Err(call.unsupported())
    })
}

/// How many processors a virtual machine can have: as many as the host has, as there is no hypervisor to ask. Where
/// devices are made up it is 32.
///
/// Errors: 38, with the errno, for what cannot be read.
///
/// @param conn  the connection
/// @param type  ignored
/// @return the number, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.2.1).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectGetMaxVcpus(
    conn: virConnectPtr,
    r#type: *const c_char,
) -> c_int {
    let _ = r#type;
    guard(DOMAIN, "virConnectGetMaxVcpus", |call| {
        let conn = call.conn(conn)?;
        out::count(conn.handle.connection.machine().max_vcpus()? as usize)
    })
}
