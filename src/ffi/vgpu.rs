// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Which vGPU a virtual function is. Not in libvirt.

use std::ffi::{c_char, c_int, c_uint};

use super::args;
use super::device_change::change_device;
use super::types::virNodeDevicePtr;
use crate::connection::operation::Operation;

/// Makes a virtual function of a GPU a vGPU of a type, by NVIDIA's framework for VFIO, which takes the place of mediated
/// devices. The inventory's part "vgpu" has the types that its driver offers.
///
/// A function that is a vGPU of another type is that no more; while a program holds it through VFIO, the call
/// is refused. Where the driver refuses, the function is what it was before, or the error says what it is. The type
/// does not outlive the host's restart.
///
/// Errors: 8 for a device that is no PCI function; 84 for one that cannot be a vGPU; 55 for a type that the driver does not
/// offer (the message names those that it does), for a function that is in use, and when another program with this library
/// has been changing it for a minute; 38, with the errno, for what the kernel refuses; 1 where the driver sets another
/// type; 29 on a read-only connection; 53 for a device that went.
///
/// @param dev       the virtual function
/// @param vgpuType  the number of the type or its name, as the driver tells them; NULL for none
/// @param flags     0
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0; not in libvirt.
///
/// # Safety
/// vgpuType is NULL or a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndNodeDeviceSetVGPUType(
    dev: virNodeDevicePtr,
    vgpuType: *const c_char,
    flags: c_uint,
) -> c_int {
    change_device(
        "vndNodeDeviceSetVGPUType",
        Operation::SetVgpuType,
        dev,
        |_| args::flags("vndNodeDeviceSetVGPUType", flags, 0),
        |connection, name, ()| {
            // SAFETY: as promised by the caller.
            let wanted = unsafe { args::opt_text(vgpuType) };
            connection.set_vgpu_type(name, wanted)
        },
    )
}
