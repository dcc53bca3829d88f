// SPDX-License-Identifier: LGPL-2.1-or-later
//! Functions that change the host's devices: all check what they are given.

use std::ffi::{c_char, c_int, c_uint};

use super::guard::{Call, FailValue, guard};
use super::types::{virConnectPtr, virNodeDevicePtr};
use crate::error::{Domain, Result};

const DOMAIN: Domain = Domain::NodeDevice;

/// A call on a device that changes it: device, read-only, further arguments, support.
fn on_device(
    function: &'static str,
    dev: virNodeDevicePtr,
    arguments: impl FnOnce(&Call) -> Result<()>,
) -> c_int {
    guard(DOMAIN, function, |call| {
        call.device(dev)?;
        unsupported(call, arguments)
    })
}

/// A call on a connection that makes a device: connection, read-only, further arguments, support.
fn on_conn(
    function: &'static str,
    conn: virConnectPtr,
    arguments: impl FnOnce(&Call) -> Result<()>,
) -> virNodeDevicePtr {
    guard(DOMAIN, function, |call| {
        call.conn(conn)?;
        unsupported(call, arguments)
    })
}

fn unsupported<T: FailValue>(
    call: &Call,
    arguments: impl FnOnce(&Call) -> Result<()>,
) -> Result<T> {
    call.writable()?;
    arguments(call)?;
    Err(call.unsupported())
}

/// Takes a PCI device from its driver, so that a virtual machine can have it. Not supported yet.
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.1).
#[unsafe(no_mangle)]
pub extern "C" fn virNodeDeviceDettach(dev: virNodeDevicePtr) -> c_int {
    on_device("virNodeDeviceDettach", dev, |_| Ok(()))
}

/// Takes a PCI device from its driver and gives it to another one. Not supported yet.
///
/// @param dev         the device
/// @param driverName  the driver to give it to, or NULL for the usual one
/// @param flags       0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 1.0.5).
///
/// # Safety
/// driverName is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeDeviceDetachFlags(
    dev: virNodeDevicePtr,
    driverName: *const c_char,
    flags: c_uint,
) -> c_int {
    let _ = (driverName, flags);
    on_device("virNodeDeviceDetachFlags", dev, |_| Ok(()))
}

/// Gives a PCI device back to the host's driver. Not supported yet.
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.1).
#[unsafe(no_mangle)]
pub extern "C" fn virNodeDeviceReAttach(dev: virNodeDevicePtr) -> c_int {
    on_device("virNodeDeviceReAttach", dev, |_| Ok(()))
}

/// Resets a PCI device. Not supported yet.
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.1).
#[unsafe(no_mangle)]
pub extern "C" fn virNodeDeviceReset(dev: virNodeDevicePtr) -> c_int {
    on_device("virNodeDeviceReset", dev, |_| Ok(()))
}

/// Makes a device as an XML document describes it: a virtual Fibre Channel port or a mediated device. Not supported yet.
///
/// @param conn     the connection
/// @param xmlDesc  the document; must not be NULL
/// @param flags    bits of virNodeDeviceCreateXMLFlags
/// @return the device, to be given back with virNodeDeviceFree(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.3).
///
/// # Safety
/// xmlDesc is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeDeviceCreateXML(
    conn: virConnectPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virNodeDevicePtr {
    let _ = flags;
    on_conn("virNodeDeviceCreateXML", conn, |call| {
        call.not_null("xmlDesc", xmlDesc)
    })
}

/// Removes a device that virNodeDeviceCreateXML() or virNodeDeviceCreate() made. Not supported yet.
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.3).
#[unsafe(no_mangle)]
pub extern "C" fn virNodeDeviceDestroy(dev: virNodeDevicePtr) -> c_int {
    on_device("virNodeDeviceDestroy", dev, |_| Ok(()))
}

/// Keeps the description of a device, which can be started later and outlives it. Not supported yet.
///
/// @param conn     the connection
/// @param xmlDesc  the description; must not be NULL
/// @param flags    bits of virNodeDeviceDefineXMLFlags
/// @return the device, to be given back with virNodeDeviceFree(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 7.3.0).
///
/// # Safety
/// xmlDesc is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeDeviceDefineXML(
    conn: virConnectPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virNodeDevicePtr {
    let _ = flags;
    on_conn("virNodeDeviceDefineXML", conn, |call| {
        call.not_null("xmlDesc", xmlDesc)
    })
}

/// Drops the definition of a device. Not supported yet.
///
/// @param dev    the device
/// @param flags  0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.3.0).
#[unsafe(no_mangle)]
pub extern "C" fn virNodeDeviceUndefine(dev: virNodeDevicePtr, flags: c_uint) -> c_int {
    let _ = flags;
    on_device("virNodeDeviceUndefine", dev, |_| Ok(()))
}

/// Starts a defined device. Not supported yet.
///
/// @param dev    the device
/// @param flags  0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.3.0).
#[unsafe(no_mangle)]
pub extern "C" fn virNodeDeviceCreate(dev: virNodeDevicePtr, flags: c_uint) -> c_int {
    let _ = flags;
    on_device("virNodeDeviceCreate", dev, |_| Ok(()))
}

/// Chooses whether a defined device is started with the host. Not supported yet.
///
/// @param dev        the device
/// @param autostart  0 for no, anything else for yes
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.8.0).
#[unsafe(no_mangle)]
pub extern "C" fn virNodeDeviceSetAutostart(dev: virNodeDevicePtr, autostart: c_int) -> c_int {
    let _ = autostart;
    on_device("virNodeDeviceSetAutostart", dev, |_| Ok(()))
}

/// Changes a mediated device, its definition, or both. Not supported yet.
///
/// @param dev      the device
/// @param xmlDesc  the whole new description; must not be NULL
/// @param flags    bits of virNodeDeviceUpdateFlags
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 10.1.0).
///
/// # Safety
/// xmlDesc is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virNodeDeviceUpdate(
    dev: virNodeDevicePtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> c_int {
    let _ = flags;
    on_device("virNodeDeviceUpdate", dev, |call| {
        call.not_null("xmlDesc", xmlDesc)
    })
}
