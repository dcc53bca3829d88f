// SPDX-License-Identifier: LGPL-2.1-or-later
//! The one error type of the library, and how it reads to a C caller.
//!
//! Codes, domains and texts are those of libvirt's `virterror.h`: a caller's
//! `switch` over `virGetLastErrorCode()` works unchanged.

use std::borrow::Cow;
use std::fmt;

/// Result of everything below the C boundary.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, as `virErrorNumber` numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum Code {
    Ok = 0,
    InternalError = 1,
    NoMemory = 2,
    NoSupport = 3,
    NoConnect = 5,
    InvalidConn = 6,
    InvalidArg = 8,
    OperationFailed = 9,
    NoName = 21,
    XmlError = 27,
    OperationDenied = 29,
    ParseFailed = 32,
    ConfSyntax = 33,
    XmlDetail = 35,
    SystemError = 38,
    InvalidNodeDevice = 52,
    NoNodeDevice = 53,
    OperationInvalid = 55,
    ConfigUnsupported = 67,
    ArgumentUnsupported = 74,
    OperationUnsupported = 84,
    AccessDenied = 88,
    XmlInvalidSchema = 92,
    DeviceMissing = 99,
}

impl Code {
    /// The text without a detail, and the printf format used with one.
    fn texts(self) -> (&'static str, &'static str) {
        use Code::*;
        match self {
            Ok => ("", "%s"),
            InternalError => ("internal error", "internal error: %1$s"),
            NoMemory => ("out of memory", "out of memory: %1$s"),
            NoSupport => (
                "this function is not supported by the connection driver",
                "this function is not supported by the connection driver: %1$s",
            ),
            NoConnect => (
                "no connection driver available",
                "no connection driver available for %1$s",
            ),
            InvalidConn => (
                "invalid connection pointer in",
                "invalid connection pointer in %1$s",
            ),
            InvalidArg => ("invalid argument", "invalid argument: %1$s"),
            OperationFailed => ("operation failed", "operation failed: %1$s"),
            NoName => (
                "missing name information",
                "missing name information in %1$s",
            ),
            XmlError => (
                "XML description is invalid or not well formed",
                "XML error: %1$s",
            ),
            OperationDenied => (
                "operation forbidden for read only access",
                "operation forbidden: %1$s",
            ),
            ParseFailed => (
                "failed to parse configuration file",
                "failed to parse configuration file %1$s",
            ),
            ConfSyntax => (
                "configuration file syntax error",
                "configuration file syntax error: %1$s",
            ),
            XmlDetail => ("parser error", "%s"),
            SystemError => ("system call error", "%s"),
            InvalidNodeDevice => (
                "invalid node device pointer",
                "invalid node device pointer in %1$s",
            ),
            NoNodeDevice => ("Node device not found", "Node device not found: %1$s"),
            OperationInvalid => (
                "Requested operation is not valid",
                "Requested operation is not valid: %1$s",
            ),
            ConfigUnsupported => (
                "unsupported configuration",
                "unsupported configuration: %1$s",
            ),
            ArgumentUnsupported => ("argument unsupported", "argument unsupported: %1$s"),
            OperationUnsupported => ("Operation not supported", "Operation not supported: %1$s"),
            AccessDenied => ("access denied", "access denied: %1$s"),
            XmlInvalidSchema => (
                "XML document failed to validate against schema",
                "XML document failed to validate against schema: %1$s",
            ),
            DeviceMissing => ("device not found", "device not found: %1$s"),
        }
    }
}

/// Which part raised it, as `virErrorDomain` numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum Domain {
    None = 0,
    Xml = 5,
    DomainConfig = 20,
    NodeDevice = 22,
    EventLoop = 40,
    Uri = 45,
}

/// How the message and the extra fields of `virError` are formed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// The code's text around a detail; `int1` and `int2` are -1 unless a line number is carried.
    Normal {
        detail: Option<String>,
        line: Option<i32>,
    },
    /// `detail: strerror(errno)`, for failed system calls.
    System { detail: String, errno: i32 },
    /// Nothing was recorded: libvirt's words for a failure without a cause.
    Unknown,
    /// A function's argument was refused; the message is the detail alone.
    Argument {
        function: &'static str,
        argument: &'static str,
        detail: String,
    },
}

/// A failure, complete enough to fill a `virError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: Code,
    domain: Domain,
    shape: Shape,
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
    /// An error of the node-device domain with a detail.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Error {
            code,
            domain: Domain::NodeDevice,
            shape: Shape::Normal {
                detail: Some(limited(detail.into())),
                line: None,
            },
        }
    }

    /// An error of the node-device domain whose code says everything.
    pub fn bare(code: Code) -> Self {
        Error {
            code,
            domain: Domain::NodeDevice,
            shape: Shape::Normal {
                detail: None,
                line: None,
            },
        }
    }

    /// A failed system call: the message ends with the text of `errno`.
    pub fn system(detail: impl Into<String>, errno: i32) -> Self {
        Error {
            code: Code::SystemError,
            domain: Domain::NodeDevice,
            shape: Shape::System {
                detail: limited(detail.into()),
                errno,
            },
        }
    }

    /// The same for what the standard library reports; an error of its own making counts as EIO.
    pub fn io(detail: impl Into<String>, error: &std::io::Error) -> Self {
        Error::system(detail, error.raw_os_error().unwrap_or(libc::EIO))
    }

    /// An argument that the entry point or the driver refuses.
    pub fn argument(function: &'static str, argument: &'static str, detail: String) -> Self {
        Error {
            code: Code::InvalidArg,
            domain: Domain::NodeDevice,
            shape: Shape::Argument {
                function,
                argument,
                detail,
            },
        }
    }

    /// Bits of `flags` outside `allowed`, refused by the driver function `function`.
    pub fn unsupported_flags(function: &'static str, unknown: u32) -> Self {
        Error::argument(
            function,
            "flags",
            format!("unsupported flags (0x{unknown:x}) in function {function}"),
        )
    }

    /// A failure that carries no cause: what libvirt reports when nothing was recorded.
    pub fn unknown() -> Self {
        Error {
            code: Code::InternalError,
            domain: Domain::None,
            shape: Shape::Unknown,
        }
    }

    /// No device of that name (code 53).
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
        if let Shape::Normal {
            detail: Some(detail),
            ..
        }
        | Shape::System { detail, .. } = &mut self.shape
        {
            *detail = limited(format!("{detail} ({more})"));
        }
        self
    }

    /// The same error with the line of the document it is about (`int1`).
    pub fn at_line(mut self, number: i32) -> Self {
        if let Shape::Normal { line, .. } = &mut self.shape {
            *line = Some(number);
        }
        self
    }

    /// Code for `virError.code`.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Domain for `virError.domain`.
    pub fn domain(&self) -> Domain {
        self.domain
    }

    /// The full text for `virError.message`.
    pub fn message(&self) -> String {
        match &self.shape {
            Shape::Unknown => "An error occurred, but the cause is unknown".into(),
            Shape::Normal { detail: None, .. } => self.code.texts().0.into(),
            Shape::Normal {
                detail: Some(d), ..
            } => match self.code.texts().1 {
                "%s" => d.clone(),
                format => format.replace("%1$s", d),
            },
            Shape::System { detail, errno } => format!("{detail}: {}", errno_text(*errno)),
            Shape::Argument { detail, .. } => detail.clone(),
        }
    }

    /// `virError.str1`: the format of the message, or the function that refused an argument.
    pub fn str1(&self) -> Option<Cow<'static, str>> {
        match &self.shape {
            Shape::Unknown => None,
            Shape::Normal { detail: None, .. } => Some(self.code.texts().0.into()),
            Shape::Normal { .. } => Some(self.code.texts().1.into()),
            Shape::System { .. } => Some("%s".into()),
            Shape::Argument { function, .. } => Some((*function).into()),
        }
    }

    /// `virError.str2`: the detail, or the name of the refused argument.
    pub fn str2(&self) -> Option<Cow<'_, str>> {
        match &self.shape {
            Shape::Normal { detail, .. } => detail.as_deref().map(Cow::from),
            Shape::System { .. } => Some(self.message().into()),
            Shape::Argument { argument, .. } => Some((*argument).into()),
            Shape::Unknown => None,
        }
    }

    /// `virError.int1`: errno of a failed system call, the line of a document, or -1 (0 for arguments).
    pub fn int1(&self) -> i32 {
        match &self.shape {
            Shape::Normal { line, .. } => line.unwrap_or(-1),
            Shape::System { errno, .. } => *errno,
            Shape::Argument { .. } | Shape::Unknown => 0,
        }
    }

    /// `virError.int2`.
    pub fn int2(&self) -> i32 {
        match &self.shape {
            Shape::Argument { .. } | Shape::Unknown => 0,
            _ => -1,
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
    fn normal_shape_substitutes_the_detail() {
        let e = Error::no_device("pci_x");
        assert_eq!(e.code() as i32, 53);
        assert_eq!(
            e.message(),
            "Node device not found: no node device with matching name 'pci_x'"
        );
        assert_eq!(e.str1().as_deref(), Some("Node device not found: %1$s"));
        assert_eq!(
            e.str2().as_deref(),
            Some("no node device with matching name 'pci_x'")
        );
        assert_eq!((e.int1(), e.int2()), (-1, -1));
    }

    #[test]
    fn system_shape_carries_errno() {
        let e = Error::system("cannot read /x", 2);
        assert_eq!(e.message(), "cannot read /x: No such file or directory");
        assert_eq!(e.str1().as_deref(), Some("%s"));
        assert_eq!(e.str2().as_deref(), Some(e.message().as_str()));
        assert_eq!((e.int1(), e.int2()), (2, -1));
    }

    #[test]
    fn argument_shape_has_no_prefix() {
        let e = Error::unsupported_flags("nodeNumOfDevices", 1);
        assert_eq!(
            e.message(),
            "unsupported flags (0x1) in function nodeNumOfDevices"
        );
        assert_eq!(e.str1().as_deref(), Some("nodeNumOfDevices"));
        assert_eq!(e.str2().as_deref(), Some("flags"));
        assert_eq!((e.int1(), e.int2()), (0, 0));
    }

    #[test]
    fn long_details_are_cut_between_characters() {
        let e = Error::new(Code::InternalError, "é".repeat(1000));
        assert!(e.str2().unwrap().len() <= 1023);
    }
}
