// SPDX-License-Identifier: LGPL-2.1-or-later
//! Where errors are kept for C, and who is told of them.
//!
//! Each thread has one last error, each connection one more. Their strings come
//! from `malloc`, because C may reset them. Handlers run with no lock held.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::constants::virErrorLevel;
use super::error_domain::virErrorDomain;
use super::error_number::virErrorNumber;
use super::failure::Failure;
use super::objects::ConnHandle;
use super::out;
use super::types::{virError, virErrorFunc, virErrorPtr};
use crate::error::Error;

/// The record of no error.
pub(super) const NO_ERROR: virError = virError {
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

struct LastError(UnsafeCell<virError>);

impl Drop for LastError {
    fn drop(&mut self) {
        // SAFETY: the record is the thread's own and ends here.
        unsafe { clear(self.0.get()) };
    }
}

thread_local! {
    static LAST: LastError = const { LastError(UnsafeCell::new(NO_ERROR)) };
}

/// This thread's last error, or NULL while the thread ends.
pub(super) fn last() -> virErrorPtr {
    LAST.try_with(|slot| slot.0.get())
        .unwrap_or(ptr::null_mut())
}

/// What this thread's last error is to the program: ours, or else that of the libvirt beside us.
pub(super) fn seen() -> virErrorPtr {
    let own = last();
    // SAFETY: NULL or this thread's record.
    if unsafe { own.as_ref() }.is_some_and(|error| error.code != 0) {
        return own;
    }
    match BESIDE.get() {
        // SAFETY: libvirt's own function, by the promise made to `join`.
        Some(beside) => match unsafe { (beside.last)() } {
            error if error.is_null() => own,
            error => error,
        },
        None => own,
    }
}

/// Forgets this thread's last error.
pub(super) fn clear_last() {
    // SAFETY: NULL or this thread's record.
    unsafe { clear(last()) };
    if let Some(beside) = BESIDE.get() {
        // SAFETY: libvirt's own function, by the promise made to `join`.
        unsafe { (beside.reset)() };
    }
}

/// The errors of a libvirt in the same process, whose private functions the program calls.
pub(super) struct Beside {
    /// Its `virGetLastError`.
    pub(super) last: unsafe extern "C" fn() -> virErrorPtr,
    /// Its `virResetLastError`.
    pub(super) reset: unsafe extern "C" fn(),
}

static BESIDE: OnceLock<Beside> = OnceLock::new();

/// From here on what that libvirt says of its last error counts where this library has none.
///
/// # Safety
/// The functions can be called from any thread as long as the process lives; what `last` returns
/// is valid until the thread's next call of libvirt.
pub(super) unsafe fn join(beside: Beside) {
    // A second one would be the same libvirt again.
    let _ = BESIDE.set(beside);
}

/// Keeps an error as this thread's last one.
pub(super) fn set_last(failure: &Failure) {
    clear_last();
    let at = last();
    if !at.is_null() {
        // SAFETY: this thread's record, which holds no strings now.
        unsafe { at.write(record(failure)) };
    }
}

/// Frees the strings of a record and makes it the record of no error. NULL is fine.
///
/// # Safety
/// `error` is NULL or a record whose strings are NULL or came from `malloc`.
pub(super) unsafe fn clear(error: virErrorPtr) {
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

/// A copy of a record with strings of its own; that of no error for NULL.
///
/// # Safety
/// `error` is NULL or a record with NUL-terminated or NULL strings.
pub(super) unsafe fn copy(error: *const virError) -> virError {
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

/// The record of a failure. A text that memory ran out for is left NULL.
fn record(failure: &Failure) -> virError {
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

/// A function of the program that is told of errors, with its data.
#[derive(Clone, Copy)]
pub(super) struct Handler {
    function: unsafe extern "C" fn(*mut c_void, virErrorPtr),
    user: *mut c_void,
}

// SAFETY: the pointer is only handed back to the program, which registered it for calls from every thread.
unsafe impl Send for Handler {}

impl Handler {
    /// `None` for a NULL function: the next one in line is told then.
    pub(super) fn new(function: virErrorFunc, user: *mut c_void) -> Option<Handler> {
        function.map(|function| Handler { function, user })
    }
}

static GLOBAL: Mutex<Option<Handler>> = Mutex::new(None);

/// Chooses who is told of errors that no connection has a handler for.
pub(super) fn set_global_handler(handler: Option<Handler>) {
    *lock(&GLOBAL) = handler;
}

/// Keeps every other thread from the choice while the process forks.
pub(super) fn hold() -> MutexGuard<'static, Option<Handler>> {
    lock(&GLOBAL)
}

/// A connection's own last error and handler.
pub(super) struct ConnErrors {
    slot: Mutex<Slot>,
    handler: Mutex<Option<Handler>>,
}

/// A record at an address that stays, since C keeps the pointer.
struct Slot(virErrorPtr);

// SAFETY: the record belongs to the slot alone; the library reads and writes it under the lock.
unsafe impl Send for Slot {}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: the record of this slot, whose strings are from malloc.
        unsafe { clear(self.0) };
        // SAFETY: made by Box::into_raw in ConnErrors::new.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl ConnErrors {
    pub(super) fn new() -> Self {
        ConnErrors {
            slot: Mutex::new(Slot(Box::into_raw(Box::new(NO_ERROR)))),
            handler: Mutex::new(None),
        }
    }

    pub(super) fn set_handler(&self, handler: Option<Handler>) {
        *lock(&self.handler) = handler;
    }

    /// The connection's record, which lives as long as the connection.
    pub(super) fn slot(&self) -> virErrorPtr {
        lock(&self.slot).0
    }

    pub(super) fn clear(&self) {
        let slot = lock(&self.slot);
        // SAFETY: the record of the slot, locked.
        unsafe { clear(slot.0) };
    }

    /// A copy of the connection's last error with strings of its own.
    pub(super) fn copy(&self) -> virError {
        let slot = lock(&self.slot);
        // SAFETY: the record of the slot, locked.
        unsafe { copy(slot.0) }
    }

    fn keep(&self, error: virError) {
        let slot = lock(&self.slot);
        // SAFETY: the record of the slot, locked.
        unsafe { clear(slot.0) };
        // SAFETY: as above; it holds no strings now.
        unsafe { slot.0.write(error) };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells this thread's last error to its connection and to whoever wants to know: the
/// connection's handler, else the global one, else standard error.
pub(super) fn dispatch(conn: Option<&ConnHandle>) {
    let error = last();
    if error.is_null() {
        return;
    }
    // SAFETY: this thread's record.
    if unsafe { error.read() }.code == 0 {
        set_last(&Error::unknown().into());
    }
    if let Some(conn) = conn {
        // SAFETY: this thread's record.
        conn.errors.keep(unsafe { copy(error) });
    }
    let handler = conn
        .and_then(|conn| *lock(&conn.errors.handler))
        .or_else(|| *lock(&GLOBAL));
    match handler {
        // SAFETY: the program registered the function for such calls; no lock is held.
        Some(Handler { function, user }) => unsafe { function(user, error) },
        // SAFETY: this thread's record.
        None => unsafe { print(error) },
    }
}

/// Writes an error to standard error, as libvirt words it.
///
/// # Safety
/// `error` is NULL or a record with NUL-terminated or NULL strings.
pub(super) unsafe fn print(error: *const virError) {
    if error.is_null() {
        return;
    }
    // SAFETY: a record by the caller's promise.
    let error = unsafe { error.read() };
    if error.code == 0 {
        return;
    }
    let message: &[u8] = if error.message.is_null() {
        b"unknown error"
    } else {
        // SAFETY: NUL-terminated by the caller's promise.
        unsafe { CStr::from_ptr(error.message) }.to_bytes()
    };
    // One write, so that lines of several threads do not mix, and without the lock of std::io::Stderr,
    // which a fork could leave locked. Nobody is left to tell when it fails.
    let text = line(&error, message);
    // SAFETY: that many bytes are there.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}

/// The line that is printed for an error.
fn line(error: &virError, message: &[u8]) -> Vec<u8> {
    let level = match error.level {
        1 => "warning",
        2 => "error",
        _ => "",
    };
    // Two empty places follow the level: libvirt once printed a domain and a network there.
    let mut line = format!("libvirt: {} {level} : ", domain_name(error.domain)).into_bytes();
    let is_of_parser = error.domain == virErrorDomain::VIR_FROM_XML as i32
        && error.code == virErrorNumber::VIR_ERR_XML_DETAIL as i32;
    if is_of_parser && error.int1 != 0 {
        line.extend(format!("line {}: ", error.int1).bytes());
        line.extend(message);
        return line;
    }
    line.extend(message);
    if !message.ends_with(b"\n") {
        line.push(b'\n');
    }
    line
}

/// The words for the parts that raise errors here.
const DOMAIN_NAMES: [(virErrorDomain, &str); 6] = [
    (virErrorDomain::VIR_FROM_NONE, ""),
    (virErrorDomain::VIR_FROM_XML, "XML Util"),
    (virErrorDomain::VIR_FROM_DOMAIN, "Domain Config"),
    (virErrorDomain::VIR_FROM_NODEDEV, "Node Device Driver"),
    (virErrorDomain::VIR_FROM_EVENT, "Event Loop"),
    (virErrorDomain::VIR_FROM_URI, "URI Utils"),
];

fn domain_name(number: i32) -> &'static str {
    let mut names = DOMAIN_NAMES.iter();
    let found = names.find(|(domain, _)| *domain as i32 == number);
    found.map_or("Unknown", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Domain};

    fn recorded(error: Error) -> virError {
        record(&error.into())
    }

    fn printed(error: Error, line_number: i32) -> String {
        let message = error.message();
        let mut record = recorded(error);
        record.int1 = line_number;
        let text = line(&record, message.as_bytes());
        // SAFETY: made by `record`.
        unsafe { clear(&mut record) };
        String::from_utf8(text).unwrap()
    }

    // The expected lines follow the format that the API description gives (default printer).
    #[test]
    fn the_default_printer_words_errors_as_libvirt_does() {
        assert_eq!(
            printed(Error::no_device("x"), -1),
            "libvirt: Node Device Driver error : Node device not found: \
             no node device with matching name 'x'\n"
        );
        assert_eq!(
            printed(Error::unknown(), 0),
            "libvirt:  error : An error occurred, but the cause is unknown\n"
        );
        let parser = |text| Error::new(Code::XmlDetail, text).in_domain(Domain::Xml);
        assert_eq!(
            printed(parser("Extra content\n"), 7),
            "libvirt: XML Util error : line 7: Extra content\n"
        );
        assert_eq!(
            printed(parser("Extra"), 7),
            "libvirt: XML Util error : line 7: Extra"
        );
        let other = virError {
            code: 9,
            domain: 999,
            level: 1,
            ..NO_ERROR
        };
        assert_eq!(line(&other, b"m\n"), b"libvirt: Unknown warning : m\n");
    }

    #[test]
    fn a_copy_has_strings_of_its_own() {
        let mut first = recorded(Error::no_device("x"));
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
