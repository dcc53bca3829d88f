// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The error type of the library: what went wrong, which part reports it, and a text.
//!
//! Codes, domains and texts are those of libvirt, so that programs which compare texts work unchanged. `ffi` has
//! their numbers.

use std::fmt;

/// Result of everything below the C boundary.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Something failed inside the library, or a document has an invalid element.
    InternalError,
    /// Memory ran out.
    NoMemory,
    /// The connection's driver does not have the function.
    NoSupport,
    /// No driver serves the URI.
    NoConnect,
    /// A pointer is not a connection.
    InvalidConn,
    /// An argument was refused.
    InvalidArg,
    /// An operation failed.
    OperationFailed,
    /// A name is missing.
    NoName,
    /// A document is incomplete or contradicts itself.
    XmlError,
    /// The caller may not do this, for example on a read-only connection.
    OperationDenied,
    /// A configuration cannot be read, or names a device that cannot be used for it.
    ParseFailed,
    /// A configuration file has a mistake.
    ConfSyntax,
    /// A document is not well formed.
    XmlDetail,
    /// A system call failed.
    SystemError,
    /// A pointer is not a node device.
    InvalidNodeDevice,
    /// There is no such node device, or it has gone.
    NoNodeDevice,
    /// The operation is not possible in the device's state.
    OperationInvalid,
    /// A document asks for something that is not supported.
    ConfigUnsupported,
    /// An argument asks for something that is not supported.
    ArgumentUnsupported,
    /// The device does not support the operation.
    OperationUnsupported,
    /// Who the user is was not said, or not believed.
    AuthFailed,
    /// Access was denied.
    AccessDenied,
    /// A document does not follow the schema.
    XmlInvalidSchema,
    /// A device was not found.
    DeviceMissing,
}

impl Code {
    /// libvirt's text for an error without a detail, and its text before a detail.
    fn texts(self) -> (&'static str, &'static str) {
        use Code::*;
        match self {
            InternalError => ("internal error", "internal error: "),
            NoMemory => ("out of memory", "out of memory: "),
            NoSupport => (
                "this function is not supported by the connection driver",
                "this function is not supported by the connection driver: ",
            ),
            NoConnect => (
                "no connection driver available",
                "no connection driver available for ",
            ),
            InvalidConn => (
                "invalid connection pointer in",
                "invalid connection pointer in ",
            ),
            InvalidArg => ("invalid argument", "invalid argument: "),
            OperationFailed => ("operation failed", "operation failed: "),
            NoName => ("missing name information", "missing name information in "),
            XmlError => (
                "XML description is invalid or not well formed",
                "XML error: ",
            ),
            OperationDenied => (
                "operation forbidden for read only access",
                "operation forbidden: ",
            ),
            ParseFailed => (
                "failed to parse configuration file",
                "failed to parse configuration file ",
            ),
            ConfSyntax => (
                "configuration file syntax error",
                "configuration file syntax error: ",
            ),
            XmlDetail => ("parser error", ""),
            SystemError => ("system call error", ""),
            InvalidNodeDevice => (
                "invalid node device pointer",
                "invalid node device pointer in ",
            ),
            NoNodeDevice => ("Node device not found", "Node device not found: "),
            OperationInvalid => (
                "Requested operation is not valid",
                "Requested operation is not valid: ",
            ),
            ConfigUnsupported => ("unsupported configuration", "unsupported configuration: "),
            ArgumentUnsupported => ("argument unsupported", "argument unsupported: "),
            OperationUnsupported => ("Operation not supported", "Operation not supported: "),
            AuthFailed => ("authentication failed", "authentication failed: "),
            AccessDenied => ("access denied", "access denied: "),
            XmlInvalidSchema => (
                "XML document failed to validate against schema",
                "XML document failed to validate against schema: ",
            ),
            DeviceMissing => ("device not found", "device not found: "),
        }
    }

    /// libvirt's text for an error that has no detail.
    pub fn words(self) -> &'static str {
        self.texts().0
    }

    /// libvirt's text before the detail of an error.
    pub fn prefix(self) -> &'static str {
        self.texts().1
    }
}

/// The part of libvirt that reports the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// No part in particular: opening, registrations for events, helper functions.
    None,
    /// The reader of documents.
    Xml,
    /// Functions on connections, whose errors libvirt reports as those of domains (virtual machines).
    DomainConfig,
    /// The test driver.
    Test,
    /// Node devices.
    NodeDevice,
    /// The event loop.
    EventLoop,
    /// Asking who the user is.
    Auth,
    /// The reader of URIs.
    Uri,
}

/// The cause of an error, from which its text is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// There is nothing to add to the code.
    Code,
    /// This text follows that of the code.
    Detail(String),
    /// A system call failed: what was tried, and the errno.
    System {
        /// What was tried.
        what: String,
        /// The errno of the call.
        errno: i32,
    },
    /// The cause is unknown: libvirt has a text of its own for that.
    Unknown,
}

/// A failure. It is one pointer, so that results which may be one are small: they are handed on by all that can fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<What>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct What {
    code: Code,
    domain: Domain,
    cause: Cause,
}

/// The longest detail in a message, in bytes.
const DETAIL_LIMIT: usize = 1023;

fn limited(mut text: String) -> String {
    if text.len() > DETAIL_LIMIT {
        let cut = (0..=DETAIL_LIMIT).rev().find(|&i| text.is_char_boundary(i));
        text.truncate(cut.unwrap_or(0));
    }
    text
}

impl Error {
    fn of(code: Code, cause: Cause) -> Self {
        Error(Box::new(What {
            code,
            domain: Domain::NodeDevice,
            cause,
        }))
    }

    /// An error of the node-device domain with a detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Error::of(code, Cause::Detail(limited(detail.into())))
    }

    /// An error of the node-device domain without a detail.
    pub fn bare(code: Code) -> Self {
        Error::of(code, Cause::Code)
    }

    /// The error for a system call that failed (code 38): `what` could not be done, and the message ends with the text
    /// of `errno`.
    pub fn system(what: impl Into<String>, errno: i32) -> Self {
        let what = limited(what.into());
        Error::of(Code::SystemError, Cause::System { what, errno })
    }

    /// The same for an error of the standard library; EIO if that has no errno.
    pub fn io(what: impl Into<String>, error: &std::io::Error) -> Self {
        Error::system(what, error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// The error that libvirt reports for a failure without a known cause (code 1).
    pub fn unknown() -> Self {
        Error::of(Code::InternalError, Cause::Unknown).in_domain(Domain::None)
    }

    /// The error for a name that no device has (code 53).
    pub fn no_device(name: &str) -> Self {
        Error::new(
            Code::NoNodeDevice,
            format!("no node device with matching name '{name}'"),
        )
    }

    /// The same error reported by another part.
    pub fn in_domain(mut self, domain: Domain) -> Self {
        self.0.domain = domain;
        self
    }

    /// The same error with ` (more)` at the end of its detail. An error without a detail stays as it is.
    pub fn adding(mut self, more: &str) -> Self {
        if let Cause::Detail(text) | Cause::System { what: text, .. } = &mut self.0.cause {
            *text = limited(format!("{text} ({more})"));
        }
        self
    }

    /// What went wrong.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Which part reports it.
    pub fn domain(&self) -> Domain {
        self.0.domain
    }

    /// Why it went wrong.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// The detail; `None` if there is none.
    pub fn detail(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Detail(detail) => Some(detail),
            Cause::System { what, .. } => Some(what),
            Cause::Code | Cause::Unknown => None,
        }
    }

    /// The full text, as libvirt words it.
    pub fn message(&self) -> String {
        match &self.0.cause {
            Cause::Unknown => "An error occurred, but the cause is unknown".into(),
            Cause::Code => self.0.code.words().into(),
            Cause::Detail(detail) => format!("{}{detail}", self.0.code.prefix()),
            Cause::System { what, errno } => format!("{what}: {}", errno_text(*errno)),
        }
    }
}

/// The C library's text for an errno, as strerror(3) returns it.
fn errno_text(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    match text.rfind(" (os error") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_follows_the_words_of_the_code() {
        let e = Error::no_device("pci_x");
        assert_eq!(
            e.message(),
            "Node device not found: no node device with matching name 'pci_x'"
        );
        let why = "no node device with matching name 'pci_x'";
        assert_eq!((e.code(), e.detail()), (Code::NoNodeDevice, Some(why)));
        let more = e.adding("and more");
        assert!(more.message().ends_with("'pci_x' (and more)"), "{more}");
        assert_eq!(Error::bare(Code::NoMemory).message(), "out of memory");
        assert_eq!(
            Error::new(Code::XmlDetail, "as it is").message(),
            "as it is"
        );
    }

    #[test]
    fn a_failed_system_call_ends_with_the_words_for_its_errno() {
        let e = Error::system("cannot read /x", 2);
        assert_eq!(e.message(), "cannot read /x: No such file or directory");
        let more = e.adding("twice").message();
        assert_eq!(more, "cannot read /x (twice): No such file or directory");
    }

    #[test]
    fn long_details_are_cut_between_characters() {
        let e = Error::new(Code::InternalError, "é".repeat(1000));
        assert_eq!(e.detail().map(str::len), Some(1022));
    }
}
