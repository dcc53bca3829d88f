// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! One node device: its name, parent, capabilities, XML and states.

use std::ffi::{c_char, c_int, c_uint};

use super::failure::Result;
use super::guard::guard;
use super::objects::{DeviceHandle, HANDLES};
use super::out;
use super::types::virNodeDevicePtr;
use crate::connection::Connection;
use crate::error::Domain;

const DOMAIN: Domain = Domain::NodeDevice;

/// The name of a device.
///
/// @param dev  the device
/// @return the name, which the library keeps as long as the handle lives; also that of a device that went away. NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceGetName(dev: virNodeDevicePtr) -> *const c_char {
    guard(DOMAIN, "virNodeDeviceGetName", |call| {
        // The table keeps the name with the handle.
        Ok(call.device(dev)?.name.as_ptr())
    })
}

/// The name of the device that a device is a part of.
///
/// The answer to the first call is kept with the handle. Where the driver fails, the error is there for
/// virGetLastError(), but handlers are not told.
///
/// Errors: 53 for a device that went; 1 for a device without a parent where devices are made up.
///
/// @param dev  the device
/// @return the name, which the library keeps as long as the handle lives; NULL, with no error, for "computer",
/// which has no parent; NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceGetParent(dev: virNodeDevicePtr) -> *const c_char {
    guard(DOMAIN, "virNodeDeviceGetParent", |call| {
        let device = call.device(dev)?;
        if let Some(kept) = HANDLES.parent(dev.addr()) {
            return Ok(kept.as_ptr());
        }
        call.be_silent();
        let Some(parent) = device.conn.connection.parent(&device.name)? else {
            return Ok(std::ptr::null());
        };
        // Another thread may have been first: its answer is kept.
        match HANDLES.keep_parent(dev.addr(), parent) {
            Some(kept) => Ok(kept.as_ptr()),
            None => Err(call.invalid_device(dev.addr())),
        }
    })
}

/// Counts the capabilities of a device: its kind, and what it has besides, such as "fc_host". A device that is made up
/// has its kind alone here, though it is listed by the others, too.
///
/// Errors: 53 for a device that went.
///
/// @param dev  the device
/// @return the number, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceNumOfCaps(dev: virNodeDevicePtr) -> c_int {
    ask("virNodeDeviceNumOfCaps", dev, |device| {
        out::count(device.conn.connection.capabilities(&device.name)?.len())
    })
}

/// Lists the capabilities of a device: its kind first, then what it has besides; of one that is made up its kind alone.
///
/// Errors: 53 for a device that went.
///
/// @param dev       the device
/// @param names     out: the capabilities, each of which the caller frees with free(); may be NULL when maxnames is 0
/// @param maxnames  how many names there is room for
/// @return the number of names stored, or -1 on error (no name is stored then)
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
///
/// # Safety
/// names has room for maxnames pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeDeviceListCaps(
    dev: virNodeDevicePtr,
    names: *mut *mut c_char,
    maxnames: c_int,
) -> c_int {
    guard(DOMAIN, "virNodeDeviceListCaps", |call| {
        let device = call.device(dev)?;
        call.array("names", names, maxnames)?;
        let max = call.not_negative("maxnames", maxnames)?;
        let found = device.conn.connection.capabilities(&device.name)?;
        let texts = found.iter().take(max).map(|name| name.as_bytes());
        // SAFETY: at most maxnames texts, for which the caller has room.
        unsafe { out::names(names, texts) }
    })
}

/// All that is known of a device, as an XML document.
///
/// Errors: 53 for a device that went; 38, with the errno, for what the kernel does not tell; with
/// VIR_NODE_DEVICE_XML_INACTIVE 55 for a device that has no definition.
///
/// Attributes of a running mediated device are known to mdevctl alone: where it has call-out scripts it is run to ask for
/// them, for a minute at most, unless the connection is read-only.
///
/// @param dev    the device
/// @param flags  bits of virNodeDeviceXMLFlags
/// @return the document, which the caller frees with free(); NULL on error
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceGetXMLDesc(
    dev: virNodeDevicePtr,
    flags: c_uint,
) -> *mut c_char {
    guard(DOMAIN, "virNodeDeviceGetXMLDesc", |call| {
        call.description("nodeDeviceGetXMLDesc", dev, flags, Connection::xml)
    })
}

/// Adds a reference to a device: one more virNodeDeviceFree() is needed then.
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceRef(dev: virNodeDevicePtr) -> c_int {
    guard(DOMAIN, "virNodeDeviceRef", |call| {
        if HANDLES.reference_device(dev.addr()) {
            Ok(0)
        } else {
            Err(call.invalid_device(dev.addr()))
        }
    })
}

/// Gives a device handle back. With the last reference its strings go, and its hold on the connection.
///
/// @param dev  the device
/// @return 0, or -1 on error, also for NULL
///
/// Since virnodedev 0.1.0 (libvirt 0.5.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceFree(dev: virNodeDevicePtr) -> c_int {
    guard(DOMAIN, "virNodeDeviceFree", |call| {
        if HANDLES.release_device(dev.addr()) {
            Ok(0)
        } else {
            Err(call.invalid_device(dev.addr()))
        }
    })
}

/// Whether a device is there now.
///
/// Errors: 53 for a device that went and has no definition.
///
/// @param dev  the device
/// @return 1 if it is, 0 if there is only its definition, -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.8.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceIsActive(dev: virNodeDevicePtr) -> c_int {
    ask("virNodeDeviceIsActive", dev, |device| {
        Ok(device.conn.connection.is_active(&device.name)?.into())
    })
}

/// Whether a device has a definition that outlives it.
///
/// Errors: 53 for a device that went.
///
/// @param dev  the device
/// @return 1 if it has, 0 if not, -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.8.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceIsPersistent(dev: virNodeDevicePtr) -> c_int {
    ask("virNodeDeviceIsPersistent", dev, |device| {
        Ok(device.conn.connection.is_persistent(&device.name)?.into())
    })
}

/// Whether a device is started with the host.
///
/// Errors: 53 for a device that went; 3 where devices are made up.
///
/// @param dev        the device
/// @param autostart  out: 1 if it is, 0 if not; must not be NULL
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.8.0).
///
/// # Safety
/// autostart is NULL or points to an int.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeDeviceGetAutostart(
    dev: virNodeDevicePtr,
    autostart: *mut c_int,
) -> c_int {
    guard(DOMAIN, "virNodeDeviceGetAutostart", |call| {
        let device = call.device(dev)?;
        call.not_null("autostart", autostart)?;
        let answer = device.conn.connection.autostart(&device.name)?;
        let answer = answer.ok_or_else(|| call.unsupported())?;
        // SAFETY: not NULL, so the caller's.
        unsafe { out::set(autostart, answer.into()) };
        Ok(0)
    })
}

fn ask(
    function: &'static str,
    dev: virNodeDevicePtr,
    question: impl FnOnce(&DeviceHandle) -> Result<c_int>,
) -> c_int {
    guard(DOMAIN, function, |call| question(&call.device(dev)?))
}
