// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Functions that change the host's devices.

use std::ffi::{CStr, c_char, c_int, c_uint};

use super::args;
use super::constants::virNodeDeviceCreateXMLFlags::VIR_NODE_DEVICE_CREATE_XML_VALIDATE;
use super::constants::virNodeDeviceDefineXMLFlags::VIR_NODE_DEVICE_DEFINE_XML_VALIDATE;
use super::constants::virNodeDeviceUpdateFlags::{
    VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG, VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE,
};
use super::failure::Result;
use super::guard::{Call, guard};
use super::types::{virConnectPtr, virNodeDevicePtr};
use crate::connection::Connection;
use crate::connection::operation::Operation;
use crate::error::{self, Domain};
use crate::manage::mdev::scope::Scope;
use crate::name::Name;

const DOMAIN: Domain = Domain::NodeDevice;

/// A call that changes a device: first come the device and its connection's rights, then the
/// arguments, then whether its devices can be changed at all.
pub(super) fn change_device<A>(
    function: &'static str,
    operation: Operation,
    dev: virNodeDevicePtr,
    arguments: impl FnOnce(&Call) -> Result<A>,
    change: impl FnOnce(&Connection, &CStr, A) -> error::Result<()>,
) -> c_int {
    guard(DOMAIN, function, |call| {
        let device = call.device(dev)?;
        call.writable()?;
        let arguments = arguments(call)?;
        let connection = &device.conn.connection;
        call.changeable(connection, operation)?;
        change(connection, &device.name, arguments)?;
        Ok(0)
    })
}

/// A call that makes a device from a document, in the same order.
fn make_device<'a>(
    function: &'static str,
    operation: Operation,
    conn: virConnectPtr,
    arguments: impl FnOnce(&Call) -> Result<(&'a CStr, bool)>,
    make: impl FnOnce(&Connection, &CStr, bool) -> error::Result<Name>,
) -> virNodeDevicePtr {
    guard(DOMAIN, function, |call| {
        let conn = call.conn(conn)?;
        call.writable()?;
        let (xml, validate) = arguments(call)?;
        let connection = &conn.handle.connection;
        call.changeable(connection, operation)?;
        call.handle(&conn, make(connection, xml, validate)?)
    })
}

/// Takes a PCI function from its driver and binds it to a VFIO driver, through which a virtual machine or another
/// program can drive it: the module that says in modules.alias that it fits the function best, else vfio-pci. The
/// module is loaded if need be.
///
/// This is virNodeDeviceDetachFlags() without a driver's name; all that is said there holds.
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.1).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceDettach(dev: virNodeDevicePtr) -> c_int {
    change_device(
        "virNodeDeviceDettach",
        Operation::Detach,
        dev,
        |_| Ok(()),
        |connection, name, ()| connection.detach(name, None),
    )
}

/// Takes a PCI function from its driver and binds it to another one. Only this function is touched, not the others of
/// its IOMMU group. One that is bound to that driver already is left as it is.
///
/// The call needs the right to write to sysfs, in which the function's driver_override keeps the driver's name until
/// virNodeDeviceReAttach(). On success the driver has taken the function; on failure the function has its former driver
/// again, or the error says what it has instead.
///
/// Errors: 8 for a device that is no PCI function, or a name that cannot be a driver's; 38, with the errno, for what the
/// kernel refuses; 53 for a device that went; 55 while a program holds the function, or another one of its
/// group, through VFIO (to learn that, the group's file in /dev/vfio is opened and closed), for a bridge, and when another
/// program with this library has been changing the function for a minute: the message says which; 29 when
/// /run/virnodedev, where such programs lock a file, is not root's alone; 74 where VFIO is not to be had; 1 for a module that
/// cannot be loaded and a driver that does not take the function.
///
/// @param dev         the device
/// @param driverName  a driver or its module; NULL or "vfio" for the best VFIO driver, "xen" for Xen's
/// @param flags       0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 1.0.5).
///
/// # Safety
/// driverName is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virNodeDeviceDetachFlags(
    dev: virNodeDevicePtr,
    driverName: *const c_char,
    flags: c_uint,
) -> c_int {
    change_device(
        "virNodeDeviceDetachFlags",
        Operation::Detach,
        dev,
        |_| args::flags("nodeDeviceDetachFlags", flags, 0),
        |connection, name, ()| {
            // SAFETY: as promised by the caller.
            let driver = unsafe { args::opt_text(driverName) };
            connection.detach(name, driver)
        },
    )
}

/// Gives a PCI function back to the driver that the host has for it: clears driver_override, unbinds the function and
/// lets the kernel look for a driver. There may be none, which is no error. A function that the host
/// drives already keeps its driver, and only what was left in driver_override is cleared.
///
/// Errors are those of virNodeDeviceDetachFlags(), and 1 where the kernel binds a VFIO or stub driver again, because that
/// takes the function by its identity (the driver's option ids, or its file new_id).
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.1).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceReAttach(dev: virNodeDevicePtr) -> c_int {
    change_device(
        "virNodeDeviceReAttach",
        Operation::Reattach,
        dev,
        |_| Ok(()),
        |connection, name, ()| connection.reattach(name),
    )
}

/// Resets a PCI function that nobody else would reset. One that is bound to a VFIO driver, or that can be reset alone
/// (function level reset, virtual functions), is left to VFIO and the kernel, which reset it before a virtual machine
/// gets it: the call succeeds and does nothing. Any other one takes a turn through D3hot if that resets it; else
/// its bus is reset, if all others there are detached and nobody holds them. What was set up in configuration
/// space is put back. A sleeping function is woken and kept awake meanwhile. Its driver is not told. A function that a
/// killed reset has left without its base addresses, or without what enables them, is not touched: the error says how to
/// have it set up again.
///
/// Errors: 1 for a bridge, for a function that a program holds through VFIO, for one that a
/// killed reset has left, and where there is no way of reset; otherwise as virNodeDeviceDetachFlags().
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.1).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceReset(dev: virNodeDevicePtr) -> c_int {
    change_device(
        "virNodeDeviceReset",
        Operation::Reset,
        dev,
        |_| Ok(()),
        |connection, name, ()| connection.reset(name),
    )
}

/// Makes a device as an XML document describes it, and waits until it is there: a virtual Fibre Channel port or a
/// mediated device. It does not outlive the host's restart. virNodeDeviceDestroy() removes it.
///
/// A mediated device needs a parent, a type that the parent offers, and gets a new UUID if none is given. mdevctl(8) starts
/// it; where mdevctl is not in PATH it is started through sysfs, but its attributes cannot be set. The program is
/// run without a shell and killed if it does not end within a minute. A device that does not appear within a
/// minute is removed again, and the error says so.
///
/// Errors: 35, 27, 21 or 92 for a document that cannot be read; 67 for a device of another kind, a parent that is missing
/// or unknown, and names that cannot be a type's or an attribute's; 32 for a parent that makes no mediated
/// devices; 1 with the words of mdevctl when it fails; 38, with the errno, for what the kernel refuses.
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
pub unsafe extern "C-unwind" fn virNodeDeviceCreateXML(
    conn: virConnectPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virNodeDevicePtr {
    const VALIDATE: c_uint = VIR_NODE_DEVICE_CREATE_XML_VALIDATE as c_uint;
    make_device(
        "virNodeDeviceCreateXML",
        Operation::Create,
        conn,
        |call| {
            // SAFETY: as promised by the caller.
            let xml = unsafe { call.text("xmlDesc", xmlDesc) }?;
            args::flags("nodeDeviceCreateXML", flags, VALIDATE)?;
            Ok((xml, flags & VALIDATE != 0))
        },
        Connection::create_xml,
    )
}

/// Removes a virtual Fibre Channel port or stops a mediated device, whoever made it. A definition of it is kept. The
/// device goes from lists when the kernel has told that it went, which may be just after the call.
///
/// Errors: 67 for a device of another kind; 55 for one that is not active; 1 for a mediated device while a program
/// has its VFIO group open (to learn that, the group's file in /dev/vfio is opened and closed), and with
/// the words of mdevctl when it fails; 38, with the errno, for what the kernel refuses.
///
/// @param dev  the device
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 0.6.3).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceDestroy(dev: virNodeDevicePtr) -> c_int {
    change_device(
        "virNodeDeviceDestroy",
        Operation::Destroy,
        dev,
        |_| Ok(()),
        |connection, name, ()| connection.destroy(name),
    )
}

/// Keeps the description of a mediated device, as mdevctl(8) does: it can be started later, and stays when the device or
/// the host stops. A device of the same UUID and parent that is defined already gets the new description, and
/// no longer starts by itself; one that runs is left as it is. Without a UUID a new one is made. When the call
/// returns, the definition is there.
///
/// Errors: as for virNodeDeviceCreateXML(); 38 where mdevctl is not in PATH; 84 where it is too old to change a definition.
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
pub unsafe extern "C-unwind" fn virNodeDeviceDefineXML(
    conn: virConnectPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virNodeDevicePtr {
    const VALIDATE: c_uint = VIR_NODE_DEVICE_DEFINE_XML_VALIDATE as c_uint;
    make_device(
        "virNodeDeviceDefineXML",
        Operation::Define,
        conn,
        |call| {
            // SAFETY: as promised by the caller.
            let xml = unsafe { call.text("xmlDesc", xmlDesc) }?;
            args::flags("nodeDeviceDefineXML", flags, VALIDATE)?;
            Ok((xml, flags & VALIDATE != 0))
        },
        Connection::define_xml,
    )
}

/// Drops the definition of a mediated device, which runs on if it does.
///
/// Errors: 55 for a device that is not defined; 1 with the words of mdevctl when it fails; 38 where it is not in PATH.
///
/// @param dev    the device
/// @param flags  0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.3.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceUndefine(dev: virNodeDevicePtr, flags: c_uint) -> c_int {
    change_device(
        "virNodeDeviceUndefine",
        Operation::Undefine,
        dev,
        |_| args::flags("nodeDeviceUndefine", flags, 0),
        |connection, name, ()| connection.undefine(name),
    )
}

/// Starts a mediated device that is defined. It is in lists when udevd has told of it, which may be just after the call.
///
/// Errors: 55 for a device that is active; 1 with the words of mdevctl when it fails; 38 where it is not in PATH.
///
/// @param dev    the device
/// @param flags  0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.3.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceCreate(dev: virNodeDevicePtr, flags: c_uint) -> c_int {
    change_device(
        "virNodeDeviceCreate",
        Operation::Start,
        dev,
        |_| args::flags("nodeDeviceCreate", flags, 0),
        |connection, name, ()| connection.start(name),
    )
}

/// Chooses whether a mediated device that is defined is started when its parent comes, which is when the host starts.
///
/// Errors: 84 for a device of another kind; 55 for one that is not defined; 1 with the words of mdevctl when it
/// fails; 38 where it is not in PATH.
///
/// @param dev        the device
/// @param autostart  0 for no, anything else for yes
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 7.8.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virNodeDeviceSetAutostart(
    dev: virNodeDevicePtr,
    autostart: c_int,
) -> c_int {
    change_device(
        "virNodeDeviceSetAutostart",
        Operation::SetAutostart,
        dev,
        |_| Ok(()),
        |connection, name, ()| connection.set_autostart(name, autostart != 0),
    )
}

/// Changes the attributes of a mediated device, its definition, or both. UUID and parent must stay; the type can be
/// another in the definition alone. The new definition does not start by itself. Whether a running device can be changed,
/// the scripts that mdevctl has for its type decide.
///
/// Errors: as for virNodeDeviceCreateXML(), and the document needs a name; 67 for another UUID, parent or type; 55 for a device
/// that is not active (LIVE) or not defined (CONFIG); 84 where mdevctl is too old; 1 with the words of mdevctl when it
/// fails; 38 where it is not in PATH.
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
pub unsafe extern "C-unwind" fn virNodeDeviceUpdate(
    dev: virNodeDevicePtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> c_int {
    const LIVE: c_uint = VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE as c_uint;
    const CONFIG: c_uint = VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG as c_uint;
    change_device(
        "virNodeDeviceUpdate",
        Operation::Update,
        dev,
        |call| {
            // SAFETY: as promised by the caller.
            let xml = unsafe { call.text("xmlDesc", xmlDesc) }?;
            args::flags("nodeDeviceUpdate", flags, LIVE | CONFIG)?;
            let scope = Scope {
                live: flags & LIVE != 0,
                config: flags & CONFIG != 0,
            };
            Ok((xml, scope))
        },
        |connection, name, (xml, scope)| connection.update(name, xml, scope),
    )
}
