// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Helpers for the tests of the C skin, which run on the test driver's four devices.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

use super::connect::{virConnectOpen, virConnectOpenReadOnly};
use super::device_list::virNodeDeviceLookupByName;
use super::error::{virGetLastError, virSetErrorFunc};
use super::types::{virConnectPtr, virErrorPtr, virNodeDevicePtr};

/// Names of the devices of `test:///default` (libvirt 12.8.0).
pub(super) const DEVICES: [&str; 4] = ["computer", "scsi_host1", "scsi_host11", "scsi_host2"];

static TOLD: Mutex<Vec<(ThreadId, i32)>> = Mutex::new(Vec::new());

unsafe extern "C-unwind" fn note(_: *mut c_void, error: virErrorPtr) {
    // SAFETY: handlers get a record.
    let code = unsafe { error.read() }.code;
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    told.push((thread::current().id(), code));
}

/// Has errors noted instead of printed.
pub(super) fn note_errors() {
    // SAFETY: the function uses no data.
    unsafe { virSetErrorFunc(ptr::null_mut(), Some(note)) };
}

/// The codes of the errors that were reported to the global handler on this thread since the last
/// call.
pub(super) fn told() -> Vec<i32> {
    let me = thread::current().id();
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let mine = told.iter().filter(|(id, _)| *id == me).map(|(_, c)| *c);
    let mine = mine.collect();
    told.retain(|(id, _)| *id != me);
    mine
}

/// An error as C sees it, field by field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) code: i32,
    pub(super) domain: i32,
    pub(super) message: String,
    pub(super) str1: Option<String>,
    pub(super) str2: Option<String>,
    pub(super) ints: (i32, i32),
}

/// The fields of an error; it must be of level "error" with its unused fields NULL.
pub(super) fn seen(error: virErrorPtr) -> Option<Seen> {
    if error.is_null() {
        return None;
    }
    // SAFETY: a record of the library.
    let error = unsafe { error.read() };
    assert!(error.conn.is_null() && error.dom.is_null() && error.net.is_null());
    assert_eq!((text(error.str3), error.level), (None, 2));
    Some(Seen {
        code: error.code,
        domain: error.domain,
        message: text(error.message)?,
        str1: text(error.str1),
        str2: text(error.str2),
        ints: (error.int1, error.int2),
    })
}

/// This thread's last error.
pub(super) fn last() -> Option<Seen> {
    seen(virGetLastError())
}

/// Code, domain and text of this thread's last error.
pub(super) fn last_words() -> (i32, i32, String) {
    let error = last().expect("there is an error");
    (error.code, error.domain, error.message)
}

/// A copy of a C string.
pub(super) fn text(text: *const c_char) -> Option<String> {
    // SAFETY: the library hands out NULL or NUL-terminated strings.
    let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })?;
    Some(text.to_str().expect("UTF-8").to_string())
}

/// A copy of a C string, which is freed.
pub(super) fn owned_text(given: *mut c_char) -> Option<String> {
    let copy = text(given);
    // SAFETY: from malloc, by the contract of the functions that the tests use this for.
    unsafe { libc::free(given.cast()) };
    copy
}

pub(super) fn open() -> virConnectPtr {
    note_errors();
    // SAFETY: a NUL-terminated string.
    let conn = unsafe { virConnectOpen(c"test:///default".as_ptr()) };
    assert!(!conn.is_null(), "{:?}", last());
    conn
}

pub(super) fn open_read_only() -> virConnectPtr {
    note_errors();
    // SAFETY: a NUL-terminated string.
    let conn = unsafe { virConnectOpenReadOnly(c"test:///default".as_ptr()) };
    assert!(!conn.is_null(), "{:?}", last());
    conn
}

pub(super) fn lookup(conn: virConnectPtr, name: &str) -> virNodeDevicePtr {
    let name = CString::new(name).expect("no NUL");
    // SAFETY: a NUL-terminated string.
    unsafe { virNodeDeviceLookupByName(conn, name.as_ptr()) }
}
