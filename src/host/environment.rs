// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The environment variables of the program, as far as they can be trusted.
//!
//! A set-user-ID program, or one with file capabilities, has more rights than the user who started
//! it and set its environment. There no variable is used (secure_getenv(3)).
#![allow(unsafe_code)] // The kernel is asked by getauxval(3); nothing safe wraps that.

use std::ffi::OsString;

/// The value of an environment variable; `None` if it is not set, is empty, or cannot be trusted.
pub fn variable(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty());
    value.filter(|_| !is_privileged())
}

/// Whether the kernel gave this program rights that its caller lacks, when it was started
/// (`AT_SECURE`, getauxval(3)). Unlike the user IDs, this stays true after setuid(0).
fn is_privileged() -> bool {
    // SAFETY: getauxval() takes a number, reads memory that the kernel wrote before the program
    // began, and answers 0 for what it does not know.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}
