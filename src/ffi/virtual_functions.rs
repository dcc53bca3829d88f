// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The number of virtual functions of a PCI function. Not in libvirt.

use std::ffi::{c_int, c_uint};

use super::args;
use super::device_change::change_device;
use super::types::virNodeDevicePtr;
use crate::connection::operation::Operation;

/// Bits of the flags of vndNodeDeviceSetVirtualFunctions().
///
/// Since virnodedev 0.1.0; not in libvirt.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vndVirtualFunctionsFlags {
    /// Virtual functions go even if they are in use.
    VND_VIRTUAL_FUNCTIONS_FORCE = 1 << 0,
}

/// Has the driver of a physical PCI function (SR-IOV) make a number of virtual functions, and waits until they are there.
///
/// Where there are others, these go first: the kernel changes the number from and to 0 only. That is refused while a
/// program holds one of them through VFIO, or the host uses it (a default route, a mounted file system, a display). Where
/// the driver refuses, there are as many as before, or the error says how many there are. 0 takes all away. The
/// number does not outlive the host's restart.
///
/// Errors: 8 for a device that is no PCI function, and more than it can have; 84 for one that can have none; 55 for virtual
/// functions that are in use, and when another program with this library has been changing the function for a
/// minute; 38, with the errno, for what the kernel refuses: the message says what it may mean; 1 where the driver makes fewer; 29
/// on a read-only connection; 53 for a device that went.
///
/// @param dev    the physical function
/// @param count  how many virtual functions it shall have
/// @param flags  bits of vndVirtualFunctionsFlags
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0; not in libvirt.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vndNodeDeviceSetVirtualFunctions(
    dev: virNodeDevicePtr,
    count: c_uint,
    flags: c_uint,
) -> c_int {
    const FORCE: c_uint = vndVirtualFunctionsFlags::VND_VIRTUAL_FUNCTIONS_FORCE as c_uint;
    change_device(
        "vndNodeDeviceSetVirtualFunctions",
        Operation::SetVirtualFunctions,
        dev,
        |_| args::flags("vndNodeDeviceSetVirtualFunctions", flags, FORCE),
        |connection, name, ()| connection.set_virtual_functions(name, count, flags & FORCE != 0),
    )
}
