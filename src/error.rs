// SPDX-License-Identifier: LGPL-2.1-or-later
//! The one error type of the library: what went wrong, which part says so, and a text.
//!
//! Kinds, parts and words are those of libvirt, so that programs which compare texts work
//! unchanged. `ffi` gives them their numbers.

use std::fmt;

/// Result of everything below the C boundary.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Something failed inside.
    InternalError,
    /// Memory ran out.
    NoMemory,
    /// These devices lack the function.
    NoSupport,
    /// No driver takes the URI.
    NoConnect,
    /// What was given is no connection.
    InvalidConn,
    /// An argument was refused.
    InvalidArg,
    /// A command failed.
    OperationFailed,
    /// A name is missing.
    NoName,
    /// A document lacks or contradicts something.
    XmlError,
    /// The caller may not do that.
    OperationDenied,
    /// A document cannot be read, or names a device that is of no use for what it asks.
    ParseFailed,
    /// A configuration file has a mistake.
    ConfSyntax,
    /// A document is not well formed.
    XmlDetail,
    /// A system call failed.
    SystemError,
    /// What was given is no node device.
    InvalidNodeDevice,
    /// There is no such node device, or it is there no more.
    NoNodeDevice,
    /// Not possible in the state that the device is in.
    OperationInvalid,
    /// A document asks for what cannot be done.
    ConfigUnsupported,
    /// An argument asks for what cannot be done.
    ArgumentUnsupported,
    /// Not possible for the device.
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
    /// The words for an error without a detail, and what stands before a detail.
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

    /// The words for an error that has no detail.
    pub fn words(self) -> &'static str {
        self.texts().0
    }

    /// What stands before the detail of an error.
    pub fn prefix(self) -> &'static str {
        self.texts().1
    }
}

/// Which part says that something went wrong, as libvirt divides itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// No part in particular: opening, registration of events, helpers.
    None,
    /// The reader of documents.
    Xml,
    /// Functions on connections, which libvirt counts to those on virtual machines.
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

/// Why it went wrong, from which the text is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The code says everything.
    Code,
    /// This follows the code's words.
    Detail(String),
    /// A system call failed: what was tried, and the errno.
    System {
        /// What was tried.
        what: String,
        /// The errno of the call.
        errno: i32,
    },
    /// Nobody knows: libvirt's words for a failure without a cause.
    Unknown,
}

/// A failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: Code,
    domain: Domain,
    cause: Cause,
}

/// The longest detail that reaches a message, in bytes.
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
        Error {
            code,
            domain: Domain::NodeDevice,
            cause,
        }
    }

    /// An error of the node-device domain with a detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Error::of(code, Cause::Detail(limited(detail.into())))
    }

    /// An error of the node-device domain whose code says everything.
    pub fn bare(code: Code) -> Self {
        Error::of(code, Cause::Code)
    }

    /// A failed system call: the message ends with the text of `errno`.
    pub fn system(what: impl Into<String>, errno: i32) -> Self {
        let what = limited(what.into());
        Error::of(Code::SystemError, Cause::System { what, errno })
    }

    /// The same for what the standard library reports; an error of its own making counts as EIO.
    pub fn io(what: impl Into<String>, error: &std::io::Error) -> Self {
        Error::system(what, error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// A failure that carries no cause: what libvirt reports when nothing was recorded.
    pub fn unknown() -> Self {
        Error::of(Code::InternalError, Cause::Unknown).in_domain(Domain::None)
    }

    /// No device of that name.
    pub fn no_device(name: &str) -> Self {
        Error::new(
            Code::NoNodeDevice,
            format!("no node device with matching name '{name}'"),
        )
    }

    /// The same error reported by another part.
    pub fn in_domain(mut self, domain: Domain) -> Self {
        self.domain = domain;
        self
    }

    /// The same error with something to add, which comes before the words for an errno.
    pub fn adding(mut self, more: &str) -> Self {
        if let Cause::Detail(text) | Cause::System { what: text, .. } = &mut self.cause {
            *text = limited(format!("{text} ({more})"));
        }
        self
    }

    /// What went wrong.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Which part says so.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// Why.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// What follows the code's words in the text, if anything does.
    pub fn detail(&self) -> Option<&str> {
        match &self.cause {
            Cause::Detail(detail) => Some(detail),
            Cause::System { what, .. } => Some(what),
            Cause::Code | Cause::Unknown => None,
        }
    }

    /// The full text.
    pub fn message(&self) -> String {
        match &self.cause {
            Cause::Unknown => "An error occurred, but the cause is unknown".into(),
            Cause::Code => self.code.words().into(),
            Cause::Detail(detail) => format!("{}{detail}", self.code.prefix()),
            Cause::System { what, errno } => format!("{what}: {}", errno_text(*errno)),
        }
    }
}

/// The C library's words for an errno, as `strerror` gives them.
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
