// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Prints errors on standard error, in libvirt's format.

use std::ffi::CStr;

use crate::ffi::error_domain::virErrorDomain;
use crate::ffi::error_number::virErrorNumber;
use crate::ffi::types::virError;

/// Writes an error to standard error, in libvirt's format.
///
/// # Safety
/// `error` is NULL or a record with NUL-terminated or NULL strings.
pub(in crate::ffi) unsafe fn print(error: *const virError) {
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
    // One write, so that lines of several threads do not mix, and without the lock of
    // std::io::Stderr, which a fork could leave locked. Nobody is left to tell when it fails.
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
    // As in libvirt, two empty fields follow the level.
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

/// libvirt's names of the domains that errors here have.
const DOMAIN_NAMES: [(virErrorDomain, &str); 8] = [
    (virErrorDomain::VIR_FROM_NONE, ""),
    (virErrorDomain::VIR_FROM_XML, "XML Util"),
    (virErrorDomain::VIR_FROM_TEST, "Test Driver"),
    (virErrorDomain::VIR_FROM_DOMAIN, "Domain Config"),
    (virErrorDomain::VIR_FROM_NODEDEV, "Node Device Driver"),
    (virErrorDomain::VIR_FROM_EVENT, "Event Loop"),
    (virErrorDomain::VIR_FROM_URI, "URI Utils"),
    (virErrorDomain::VIR_FROM_AUTH, "Authentication Utils"),
];

fn domain_name(number: i32) -> &'static str {
    let mut names = DOMAIN_NAMES.iter();
    let found = names.find(|(domain, _)| *domain as i32 == number);
    found.map_or("Unknown", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Domain, Error};
    use crate::ffi::store::record::{NO_ERROR, clear, record};

    fn printed(error: Error, line_number: i32) -> String {
        let message = error.message();
        let mut record = record(&error.into());
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
}
