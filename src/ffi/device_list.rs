// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Listing node devices and looking them up.

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int, c_uint};
use std::ptr;

use super::args;
use super::guard::guard;
use super::out;
use super::types::{virConnectPtr, virNodeDevicePtr};
use crate::error::Domain;

const DOMAIN: Domain = Domain::NodeDevice;

/// Counts the devices of a connection.
///
/// @param conn   the connection
/// @param cap    a capability such as "pci" or "net" to count only devices that have it; an unknown one
/// counts nothing; NULL counts all
/// @param flags  0
/// @return the number of devices, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
///
/// # Safety
/// cap is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeNumOfDevices(
    conn: virConnectPtr,
    cap: *const c_char,
    flags: c_uint,
) -> c_int {
    guard(DOMAIN, "virNodeNumOfDevices", |call| {
        let conn = call.conn(conn)?;
        args::flags("nodeNumOfDevices", flags, 0)?;
        // SAFETY: as promised by the caller.
        let cap = unsafe { args::opt_text(cap) }.map(CStr::to_string_lossy);
        let connection = &conn.handle.connection;
        out::count(connection.count_with_capability(cap.as_deref())?)
    })
}

/// Lists the names of the devices of a connection. virConnectListAllNodeDevices() is the better choice: it needs no size.
///
/// @param conn      the connection
/// @param cap       a capability such as "pci" or "net" to list only devices that have it; an unknown one
/// lists nothing; NULL lists all
/// @param names     out: the names, each of which the caller frees with free(); may be NULL when maxnames is 0
/// @param maxnames  how many names there is room for
/// @param flags     0
/// @return the number of names stored, or -1 on error (no name is stored then)
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
///
/// # Safety
/// cap is NULL or a NUL-terminated string, names has room for maxnames pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeListDevices(
    conn: virConnectPtr,
    cap: *const c_char,
    names: *mut *mut c_char,
    maxnames: c_int,
    flags: c_uint,
) -> c_int {
    guard(DOMAIN, "virNodeListDevices", |call| {
        let conn = call.conn(conn)?;
        call.array("names", names, maxnames)?;
        let max = call.not_negative("maxnames", maxnames)?;
        args::flags("nodeListDevices", flags, 0)?;
        // SAFETY: as promised by the caller.
        let cap = unsafe { args::opt_text(cap) }.map(CStr::to_string_lossy);
        let connection = &conn.handle.connection;
        let found = connection.names_with_capability(cap.as_deref(), max)?;
        let texts = found.iter().take(max).map(|name| name.to_bytes());
        // SAFETY: at most maxnames texts, for which the caller has room.
        unsafe { out::names(names, texts) }
    })
}

/// Lists the devices of a connection: "computer" first, then by their place in /sys, parents before children.
///
/// @param conn     the connection
/// @param devices  out: an array of the devices with a NULL behind the last, set to NULL on error. The caller gives
/// each device back with virNodeDeviceFree() and the array with free(). NULL only counts
/// @param flags    bits of virConnectListAllNodeDeviceFlags, and VIR_CONNECT_LIST_NODE_DEVICES_ACTIVE; 0 lists all
/// @return the number of devices, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.10.2).
///
/// # Safety
/// devices is NULL or points to a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virConnectListAllNodeDevices(
    conn: virConnectPtr,
    devices: *mut *mut virNodeDevicePtr,
    flags: c_uint,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe { out::set(devices, ptr::null_mut()) };
    guard(DOMAIN, "virConnectListAllNodeDevices", |call| {
        let conn = call.conn(conn)?;
        args::list_flags(flags)?;
        let connection = &conn.handle.connection;
        if devices.is_null() {
            return out::count(connection.count(flags)?);
        }
        let names = connection.list(flags)?;
        let count = out::count(names.len())?;
        let list = out::List::new(names.len())?;
        let handles = call.handles(&conn, names)?;
        // SAFETY: not NULL, so the caller's.
        unsafe { out::set(devices, list.fill(&handles)) };
        Ok(count)
    })
}

/// Looks a device up by its name.
///
/// Errors: 53 when there is none of that name.
///
/// @param conn  the connection
/// @param name  the name, as virNodeDeviceGetName() tells it
/// @return the device, to be given back with virNodeDeviceFree(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
///
/// # Safety
/// name is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeDeviceLookupByName(
    conn: virConnectPtr,
    name: *const c_char,
) -> virNodeDevicePtr {
    guard(DOMAIN, "virNodeDeviceLookupByName", |call| {
        let conn = call.conn(conn)?;
        // SAFETY: as promised by the caller.
        let name = unsafe { call.text("name", name) }?;
        call.handle(&conn, conn.handle.connection.lookup(name)?)
    })
}

/// Looks a Fibre Channel host adapter up by its world-wide names.
///
/// Errors: 1, without a cause and as in libvirt, when there is none of those names.
///
/// @param conn   the connection
/// @param wwnn   its node name, 16 hexadecimal digits
/// @param wwpn   its port name, 16 hexadecimal digits
/// @param flags  0
/// @return the device, to be given back with virNodeDeviceFree(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 1.0.3).
///
/// # Safety
/// wwnn and wwpn are NULL or NUL-terminated strings.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeDeviceLookupSCSIHostByWWN(
    conn: virConnectPtr,
    wwnn: *const c_char,
    wwpn: *const c_char,
    flags: c_uint,
) -> virNodeDevicePtr {
    guard(DOMAIN, "virNodeDeviceLookupSCSIHostByWWN", |call| {
        let conn = call.conn(conn)?;
        // SAFETY: as promised by the caller.
        let wwnn: Cow<str> = unsafe { call.text("wwnn", wwnn) }?.to_string_lossy();
        // SAFETY: as promised by the caller.
        let wwpn: Cow<str> = unsafe { call.text("wwpn", wwpn) }?.to_string_lossy();
        args::flags("nodeDeviceLookupSCSIHostByWWN", flags, 0)?;
        let connection = &conn.handle.connection;
        let name = connection.lookup_scsi_host_by_wwn(&wwnn, &wwpn)?;
        call.handle(&conn, name)
    })
}
