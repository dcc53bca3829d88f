// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Whether a device can be assigned to a virtual machine. Not in libvirt.

use std::ffi::{c_char, c_int, c_uint};
use std::ptr;

use super::args;
use super::guard::guard;
use super::out;
use super::types::virNodeDevicePtr;
use crate::assignability::report::Verdict;
use crate::error::Domain;

/// Whether a device can be assigned to a virtual machine, or to another program that drives it through VFIO.
///
/// Since virnodedev 0.1.0; not in libvirt.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vndAssignability {
    /// It cannot as things are: each reason says what to do.
    VND_ASSIGNABLE_NO = 0,
    /// It can, once it is bound to a VFIO driver.
    VND_ASSIGNABLE_YES = 1,
    /// It can, once other devices of its IOMMU group are taken from the host as well.
    VND_ASSIGNABLE_TOGETHER = 2,
}

/// Bits of the flags of vndNodeDeviceGetAssignability().
///
/// Since virnodedev 0.1.0; not in libvirt.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vndAssignabilityFlags {
    /// The report is text for people in place of JSON.
    VND_ASSIGNABILITY_TEXT = 1 << 0,
}

/// Tells whether a PCI function or a mediated device can be assigned to a virtual machine, and why not.
///
/// The report is a JSON object: "name"; "verdict" ("yes", "together" or "no"); "iommu_group" with "number", "type" and
/// "members" (each with "name", "class" and "driver"); "vfio" with the files through which a program drives the device;
/// "reasons", the gravest first. A reason has a "code" for programs, what it "allows" at best ("yes" for what is only to be
/// known), the "device" that it is about, "what" is the case, and "advice". Members may be added; a member that cannot be
/// had is missing. docs/assignability.md has the codes.
///
/// In use means: mounted, swapped to, the way of a default route, a display that a program has open, or driven through
/// VFIO already, as far as this process may see that. Nothing is changed; to learn whether a VFIO group is open, its file is
/// opened and closed. Of a recorded machine only its devices are known, not what they are used for.
///
/// Errors: 53 for a device that went; 84 for one that is neither a PCI function nor a mediated device; 3 where devices are
/// made up; 38, with the errno, for what the kernel does not tell.
///
/// @param dev     the device
/// @param report  out: the report, which the caller frees with free(); NULL on error; may be NULL
/// @param flags   bits of vndAssignabilityFlags
/// @return one of vndAssignability, or -1 on error
///
/// Since virnodedev 0.1.0; not in libvirt.
///
/// # Safety
/// report is NULL or points to a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn vndNodeDeviceGetAssignability(
    dev: virNodeDevicePtr,
    report: *mut *mut c_char,
    flags: c_uint,
) -> c_int {
    const TEXT: c_uint = vndAssignabilityFlags::VND_ASSIGNABILITY_TEXT as c_uint;
    // SAFETY: as promised by the caller.
    unsafe { out::set(report, ptr::null_mut()) };
    guard(
        Domain::NodeDevice,
        "vndNodeDeviceGetAssignability",
        |call| {
            let device = call.device(dev)?;
            args::flags("vndNodeDeviceGetAssignability", flags, TEXT)?;
            let connection = &device.conn.connection;
            if connection.is_test() {
                return Err(call.unsupported());
            }
            let found = connection.assignability(&device.name)?;
            if !report.is_null() {
                let text = match flags & TEXT {
                    0 => found.to_json(),
                    _ => found.to_text(),
                };
                // SAFETY: not NULL, so the caller's.
                unsafe { out::set(report, out::text(&text)?) };
            }
            Ok(match found.verdict() {
                Verdict::No => vndAssignability::VND_ASSIGNABLE_NO,
                Verdict::Yes => vndAssignability::VND_ASSIGNABLE_YES,
                Verdict::Together => vndAssignability::VND_ASSIGNABLE_TOGETHER,
            } as c_int)
        },
    )
}
