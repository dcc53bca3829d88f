// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Functions beyond libvirt: JSON, whole hosts in one call, events for programs
//! with a poll loop of their own.

use std::ffi::{c_char, c_int, c_uint};

use super::args;
use super::events;
use super::guard::{guard, guard_calls};
use super::out;
use super::types::{virConnectPtr, virNodeDevicePtr};
use crate::connection::Connection;
use crate::error::Domain;

const DOMAIN: Domain = Domain::NodeDevice;

/// Describes a device in JSON: an object with the same facts and the same element names as the XML.
///
/// Numbers are numbers, elements that can stand more than once are arrays, a capability is the member of "capability"
/// that its type names; the text of an element with attributes is its member "text".
/// docs/nodedev.schema.json is the JSON Schema. Errors are those of virNodeDeviceGetXMLDesc().
///
/// @param dev    the device
/// @param flags  bits of virNodeDeviceXMLFlags
/// @return the JSON text, to be freed with free(); NULL on error
///
/// Since virnodedev 0.1.0; not in libvirt.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vndNodeDeviceGetJSONDesc(
    dev: virNodeDevicePtr,
    flags: c_uint,
) -> *mut c_char {
    guard(DOMAIN, "vndNodeDeviceGetJSONDesc", |call| {
        call.description("vndNodeDeviceGetJSONDesc", dev, flags, Connection::json)
    })
}

/// Describes every device in XML, in one pass over the host.
///
/// The document is a "node" element that holds the "device" elements, in the order of lists; the test
/// driver reads it back ("test:///FILE.xml"). A device that goes meanwhile is left out. mdevctl is asked as by
/// virNodeDeviceGetXMLDesc(), for a minute in all; running devices that it was not asked about by then come without attributes.
///
/// @param conn   the connection
/// @param flags  bits of virConnectListAllNodeDeviceFlags, 0 for all devices
/// @return the XML text, to be freed with free(); NULL on error
///
/// Since virnodedev 0.1.0; not in libvirt.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vndConnectGetAllDevicesXML(
    conn: virConnectPtr,
    flags: c_uint,
) -> *mut c_char {
    guard(DOMAIN, "vndConnectGetAllDevicesXML", |call| {
        let conn = call.conn(conn)?;
        args::list_flags(flags)?;
        out::text(&conn.handle.connection.xml_of_all(flags)?)
    })
}

/// Describes every device in JSON, in one pass over the host: an array of the objects that
/// vndNodeDeviceGetJSONDesc() gives, in the order of lists. A device that goes meanwhile is left out.
///
/// @param conn   the connection
/// @param flags  bits of virConnectListAllNodeDeviceFlags, 0 for all devices
/// @return the JSON text, to be freed with free(); NULL on error
///
/// Since virnodedev 0.1.0; not in libvirt.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vndConnectGetAllDevicesJSON(
    conn: virConnectPtr,
    flags: c_uint,
) -> *mut c_char {
    guard(DOMAIN, "vndConnectGetAllDevicesJSON", |call| {
        let conn = call.conn(conn)?;
        args::list_flags(flags)?;
        out::text(&conn.handle.connection.json_of_all(flags)?)
    })
}

/// Bits of the flags of vndConnectGetInventoryJSON() and vndNodeDeviceGetInventoryJSON().
///
/// Since virnodedev 0.1.0; not in libvirt.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vndInventoryFlags {
    /// Read also what wakes a sleeping device or takes long.
    VND_INVENTORY_SLOW = 1 << 0,
}

/// The bits of vndInventoryFlags.
const SLOW: c_uint = vndInventoryFlags::VND_INVENTORY_SLOW as c_uint;

/// Facts about all devices that their descriptions do not have, and for which programs go to sysfs themselves, in one
/// pass over the host.
///
/// A JSON object with a member for each device, named as the device and in the order of lists. That is an object with
/// one for each part of the inventory that applies to the device: "pci", "net". docs/inventory.md names the facts and the
/// files that they are from, docs/inventory.schema.json is the JSON Schema. Members may be added and never change their
/// meaning. What cannot be had is absent; so is, without VND_INVENTORY_SLOW, what wakes a sleeping device. A device that
/// goes meanwhile is left out; one that is only made up or defined has no facts.
///
/// Errors: 8 for a part that there is not; 38, with the file, where a system call failed.
///
/// @param conn   the connection
/// @param parts  names of parts with commas between them, such as "pci,net"; NULL or "" for all
/// @param flags  bits of vndInventoryFlags
/// @return the JSON text, to be freed with free(); NULL on error
///
/// Since virnodedev 0.1.0; not in libvirt.
///
/// # Safety
/// `parts` is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndConnectGetInventoryJSON(
    conn: virConnectPtr,
    parts: *const c_char,
    flags: c_uint,
) -> *mut c_char {
    guard(DOMAIN, "vndConnectGetInventoryJSON", |call| {
        let conn = call.conn(conn)?;
        args::flags("vndConnectGetInventoryJSON", flags, SLOW)?;
        // SAFETY: the caller promises that it is NULL or a string.
        let parts = unsafe { args::opt_text(parts) }.unwrap_or_default();
        let connection = &conn.handle.connection;
        out::text(&connection.inventory(&parts.to_string_lossy(), flags & SLOW != 0)?)
    })
}

/// The facts that vndConnectGetInventoryJSON() has about one device: the object with its parts. Nothing else is read.
///
/// Errors: those of that function; 53 for a device that went.
///
/// @param dev    the device
/// @param parts  names of parts with commas between them, such as "pci,net"; NULL or "" for all
/// @param flags  bits of vndInventoryFlags
/// @return the JSON text, to be freed with free(); NULL on error
///
/// Since virnodedev 0.1.0; not in libvirt.
///
/// # Safety
/// `parts` is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndNodeDeviceGetInventoryJSON(
    dev: virNodeDevicePtr,
    parts: *const c_char,
    flags: c_uint,
) -> *mut c_char {
    guard(DOMAIN, "vndNodeDeviceGetInventoryJSON", |call| {
        let device = call.device(dev)?;
        args::flags("vndNodeDeviceGetInventoryJSON", flags, SLOW)?;
        // SAFETY: the caller promises that it is NULL or a string.
        let parts = unsafe { args::opt_text(parts) }.unwrap_or_default();
        let connection = &device.conn.connection;
        let parts = parts.to_string_lossy();
        out::text(&connection.inventory_of(&device.name, &parts, flags & SLOW != 0)?)
    })
}

/// Bits of the flags of vndConnectRecord().
///
/// Since virnodedev 0.1.0; not in libvirt.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vndRecordFlags {
    /// Made-up values stand for serial numbers, hardware addresses, world-wide names, UUIDs, labels of media and the
    /// host's name: the same one wherever a value was.
    VND_RECORD_ANONYMOUS = 1 << 0,
}

/// Records the machine: writes what this library reads of it to list and describe all devices and for their inventory, as a
/// tar archive compressed by gzip.
///
/// "nodedev:///embed?root=FILE.tar.gz" opens the recording, and so does the folder that it is unpacked to. It then gives the
/// documents that this host gives now, but for the features of network interfaces and attributes that only mdevctl's
/// call-out scripts know, which are in no file. docs/recordings.md says more. Nothing is written unless all could be
/// read. The test driver has nothing to record (code 3).
///
/// @param conn   the connection
/// @param fd     a file descriptor to write to; it stays open
/// @param flags  bits of vndRecordFlags
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0; not in libvirt.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vndConnectRecord(conn: virConnectPtr, fd: c_int, flags: c_uint) -> c_int {
    const ANONYMOUS: c_uint = vndRecordFlags::VND_RECORD_ANONYMOUS as c_uint;
    guard(DOMAIN, "vndConnectRecord", |call| {
        let conn = call.conn(conn)?;
        args::flags("vndConnectRecord", flags, ANONYMOUS)?;
        call.not_negative("fd", fd)?;
        let connection = &conn.handle.connection;
        if connection.is_test() {
            return Err(call.unsupported());
        }
        out::write(fd, &connection.record(flags & ANONYMOUS != 0)?)?;
        Ok(0)
    })
}

/// A file descriptor that tells when there are events to dispatch, for a program with its own poll loop.
///
/// It is readable (POLLIN, level-triggered) until vndConnectDispatchEvents() has taken what there is. Once it
/// was asked for, virConnectNodeDeviceEventRegisterAny() on this connection needs no libvirt event loop.
/// It belongs to the connection: do not read, write or close it. After a call that failed it is readable a quarter of
/// a second later, so that who polls tries again, and not all the time.
///
/// Errors: 38, with the errno, where there is no descriptor left.
///
/// @param conn  the connection
/// @return the file descriptor, or -1 on error
///
/// Since virnodedev 0.1.0; not in libvirt.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vndConnectGetEventFD(conn: virConnectPtr) -> c_int {
    guard(DOMAIN, "vndConnectGetEventFD", |call| {
        events::event_fd(&call.conn(conn)?)
    })
}

/// Calls the registered callbacks for everything that happened since the last call, in this thread.
///
/// Where very much happens, as much of it as can be taken in within milliseconds; the descriptor stays readable then.
///
/// Returns at once when nothing happened, and when another thread is dispatching events of the same connection.
///
/// Errors: 38, with file and errno, where a system call failed. No event is lost: the next call goes on.
///
/// @param conn  the connection
/// @return how many events there were, or -1 on error
///
/// Since virnodedev 0.1.0; not in libvirt.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vndConnectDispatchEvents(conn: virConnectPtr) -> c_int {
    guard_calls(DOMAIN, "vndConnectDispatchEvents", |call| {
        let conn = call.own(|call| call.conn(conn))?;
        let count = events::tell_all(&conn)?;
        Ok(c_int::try_from(count).unwrap_or(c_int::MAX))
    })
}
