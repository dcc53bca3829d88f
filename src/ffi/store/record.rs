// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Error records for C (`virError`). Their strings come from `malloc`, because C may reset them.

use std::ffi::c_char;
use std::ptr;

use crate::ffi::constants::virErrorLevel;
use crate::ffi::failure::Failure;
use crate::ffi::out;
use crate::ffi::types::{virError, virErrorPtr};

/// The record for no error.
pub(in crate::ffi) const NO_ERROR: virError = virError {
    code: 0,
    domain: 0,
    message: ptr::null_mut(),
    level: virErrorLevel::VIR_ERR_NONE as u32,
    conn: ptr::null_mut(),
    dom: ptr::null_mut(),
    str1: ptr::null_mut(),
    str2: ptr::null_mut(),
    str3: ptr::null_mut(),
    int1: 0,
    int2: 0,
    net: ptr::null_mut(),
};

/// The record for a failure. A text is NULL if there was no memory for it.
pub(in crate::ffi) fn record(failure: &Failure) -> virError {
    let failure = failure.fields();
    let text = |text: Option<&str>| text.and_then(|t| out::text(t).ok());
    virError {
        code: failure.code as i32,
        domain: failure.domain as i32,
        message: text(Some(&failure.message)).unwrap_or(ptr::null_mut()),
        level: virErrorLevel::VIR_ERR_ERROR as u32,
        str1: text(failure.str1.as_deref()).unwrap_or(ptr::null_mut()),
        str2: text(failure.str2.as_deref()).unwrap_or(ptr::null_mut()),
        int1: failure.int1,
        int2: failure.int2,
        ..NO_ERROR
    }
}

/// Frees the strings of a record and makes it the record for no error. Does nothing for NULL.
///
/// # Safety
/// `error` is NULL or a record whose strings are NULL or came from `malloc`.
pub(in crate::ffi) unsafe fn clear(error: virErrorPtr) {
    if error.is_null() {
        return;
    }
    // SAFETY: a record by the caller's promise.
    let old = unsafe { error.replace(NO_ERROR) };
    for text in [old.message, old.str1, old.str2, old.str3] {
        if !text.is_null() {
            // SAFETY: from malloc by the caller's promise, and no longer in the record.
            unsafe { out::free(text) };
        }
    }
}

/// A copy of a record with its own strings; for NULL, the record for no error.
///
/// # Safety
/// `error` is NULL or a record with NUL-terminated or NULL strings.
pub(in crate::ffi) unsafe fn copy(error: *const virError) -> virError {
    if error.is_null() {
        return NO_ERROR;
    }
    // SAFETY: a record by the caller's promise.
    let old = unsafe { error.read() };
    // SAFETY: the strings of the record, each NULL or NUL-terminated.
    let copy_text = |text| unsafe { duplicate(text) };
    virError {
        message: copy_text(old.message),
        str1: copy_text(old.str1),
        str2: copy_text(old.str2),
        str3: copy_text(old.str3),
        ..old
    }
}

/// # Safety
/// `text` is NULL or NUL-terminated.
unsafe fn duplicate(text: *const c_char) -> *mut c_char {
    if text.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: NUL-terminated by the caller's promise.
    unsafe { libc::strdup(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use std::ffi::CStr;

    #[test]
    fn a_copy_has_strings_of_its_own() {
        let mut first = record(&Error::no_device("x").into());
        // SAFETY: a whole record.
        let mut second = unsafe { copy(&first) };
        assert_ne!(first.message, second.message);
        // SAFETY: made by `record`.
        unsafe { clear(&mut first) };
        // SAFETY: the copy's own string.
        let text = unsafe { CStr::from_ptr(second.str2) };
        assert_eq!(text, c"no node device with matching name 'x'");
        assert_eq!((second.code, second.domain, second.level), (53, 22, 2));
        assert_eq!((second.int1, second.int2), (-1, -1));
        assert!(second.str3.is_null());
        // SAFETY: made by `copy`.
        unsafe { clear(&mut second) };
        assert!(second.message.is_null());
        assert_eq!(second.code, 0);
    }
}
