// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The library's own version and the level of libvirt that it stands in for.

use std::ffi::{c_char, c_int, c_ulong};

use super::guard::guard;
use super::out;
use crate::error::{Domain, Error};

/// First part of the library's own version.
pub const VIRNODEDEV_VERSION_MAJOR: c_ulong = 0;

/// Second part of the library's own version.
pub const VIRNODEDEV_VERSION_MINOR: c_ulong = 1;

/// Third part of the library's own version.
pub const VIRNODEDEV_VERSION_MICRO: c_ulong = 0;

/// The library's own version as one number, major * 1000000 + minor * 1000 + micro.
pub const VIRNODEDEV_VERSION: c_ulong =
    VIRNODEDEV_VERSION_MAJOR * 1000000 + VIRNODEDEV_VERSION_MINOR * 1000 + VIRNODEDEV_VERSION_MICRO;

/// The version of libvirt whose node-device API this library offers: 12.8.0.
pub const LIBVIR_VERSION_NUMBER: c_ulong = 12008000;

/// The version of the library that runs, as VIRNODEDEV_VERSION counts it.
///
/// The macro tells what a program was compiled with, this function what it
/// runs with. It touches no error state.
///
/// @return the version
///
/// Since virnodedev 0.1.0; not in libvirt.
#[unsafe(no_mangle)]
pub extern "C" fn vndVersion() -> c_ulong {
    VIRNODEDEV_VERSION
}

/// The level of libvirt that the library is compatible with.
///
/// @param libVer   out: LIBVIR_VERSION_NUMBER; must not be NULL
/// @param type     ignored
/// @param typeVer  out, unless NULL: LIBVIR_VERSION_NUMBER
/// @return 0, or -1 when libVer is NULL
///
/// Since virnodedev 0.1.0 (libvirt 0.0.3).
///
/// # Safety
/// libVer and typeVer are NULL or point to an unsigned long.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virGetVersion(
    libVer: *mut c_ulong,
    r#type: *const c_char,
    typeVer: *mut c_ulong,
) -> c_int {
    let _ = r#type;
    guard(Domain::None, "virGetVersion", |_| {
        if libVer.is_null() {
            return Err(Error::unknown().into());
        }
        // SAFETY: the caller passes a pointer to an unsigned long.
        unsafe { out::set(libVer, LIBVIR_VERSION_NUMBER) };
        // SAFETY: the caller passes NULL or a pointer to an unsigned long.
        unsafe { out::set(typeVer, LIBVIR_VERSION_NUMBER) };
        Ok(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_macros_tell_the_version_of_the_crate() {
        let parts = [
            VIRNODEDEV_VERSION_MAJOR,
            VIRNODEDEV_VERSION_MINOR,
            VIRNODEDEV_VERSION_MICRO,
        ];
        assert_eq!(
            parts.map(|p| p.to_string()).join("."),
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(vndVersion(), VIRNODEDEV_VERSION);
    }

    #[test]
    fn the_libvirt_level_is_told_through_both_pointers() {
        let (mut lib, mut driver) = (0, 0);
        // SAFETY: both point to an unsigned long.
        let rc = unsafe { virGetVersion(&mut lib, std::ptr::null(), &mut driver) };
        assert_eq!((rc, lib, driver), (0, 12008000, 12008000));
    }
}
