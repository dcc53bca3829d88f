// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What a function reports to C when it fails.

use std::borrow::Cow;
use std::ffi::c_int;

use super::error_domain::virErrorDomain;
use super::error_number::virErrorNumber;
use super::shield::catch;
use crate::error::{Cause, Code, Domain, Error};

/// The result of functions between C and the library below.
pub(super) type Result<T> = std::result::Result<T, Failure>;

/// Does the library's own work; a panic in it becomes an error of the domain.
pub(super) fn own<T>(domain: Domain, work: impl FnOnce() -> T) -> Result<T> {
    catch(work).map_err(|words| {
        let error = Error::new(Code::InternalError, words);
        error.in_domain(domain).into()
    })
}

/// A failure as C sees it. It is one pointer, so that results which may be one are small.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure(Box<Fields>);

/// The fields of a `virError`, by their names there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) code: virErrorNumber,
    pub(super) domain: virErrorDomain,
    pub(super) message: String,
    pub(super) str1: Option<Cow<'static, str>>,
    pub(super) str2: Option<String>,
    pub(super) int1: c_int,
    pub(super) int2: c_int,
}

impl Failure {
    /// The failure for an argument that a function refuses: the text is `why`; function and
    /// argument have their own fields.
    pub(super) fn argument(
        domain: Domain,
        function: &'static str,
        argument: &'static str,
        why: String,
    ) -> Self {
        Failure(Box::new(Fields {
            code: Code::InvalidArg.into(),
            domain: domain.into(),
            message: why,
            str1: Some(function.into()),
            str2: Some(argument.into()),
            int1: 0,
            int2: 0,
        }))
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.0
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = error.code();
        let message = error.message();
        // The format of the text and its argument, as printf(3) would put them together.
        let (str1, str2) = match error.cause() {
            Cause::Unknown => (None, None),
            Cause::Code => (Some(code.words().into()), None),
            Cause::Detail(detail) => (Some(format(code)), Some(detail.clone())),
            Cause::System { .. } => (Some("%s".into()), Some(message.clone())),
        };
        let (int1, int2) = match error.cause() {
            Cause::Unknown => (0, 0),
            Cause::System { errno, .. } => (*errno, -1),
            Cause::Code | Cause::Detail(_) => (-1, -1),
        };
        Failure(Box::new(Fields {
            code: code.into(),
            domain: error.domain().into(),
            message,
            str1,
            str2,
            int1,
            int2,
        }))
    }
}

fn format(code: Code) -> Cow<'static, str> {
    match code.prefix() {
        "" => "%s".into(),
        prefix => format!("{prefix}%1$s").into(),
    }
}

impl From<Code> for virErrorNumber {
    fn from(code: Code) -> Self {
        use virErrorNumber::*;
        match code {
            Code::InternalError => VIR_ERR_INTERNAL_ERROR,
            Code::NoMemory => VIR_ERR_NO_MEMORY,
            Code::NoSupport => VIR_ERR_NO_SUPPORT,
            Code::NoConnect => VIR_ERR_NO_CONNECT,
            Code::InvalidConn => VIR_ERR_INVALID_CONN,
            Code::InvalidArg => VIR_ERR_INVALID_ARG,
            Code::OperationFailed => VIR_ERR_OPERATION_FAILED,
            Code::NoName => VIR_ERR_NO_NAME,
            Code::XmlError => VIR_ERR_XML_ERROR,
            Code::OperationDenied => VIR_ERR_OPERATION_DENIED,
            Code::ParseFailed => VIR_ERR_PARSE_FAILED,
            Code::ConfSyntax => VIR_ERR_CONF_SYNTAX,
            Code::XmlDetail => VIR_ERR_XML_DETAIL,
            Code::SystemError => VIR_ERR_SYSTEM_ERROR,
            Code::InvalidNodeDevice => VIR_ERR_INVALID_NODE_DEVICE,
            Code::NoNodeDevice => VIR_ERR_NO_NODE_DEVICE,
            Code::OperationInvalid => VIR_ERR_OPERATION_INVALID,
            Code::ConfigUnsupported => VIR_ERR_CONFIG_UNSUPPORTED,
            Code::ArgumentUnsupported => VIR_ERR_ARGUMENT_UNSUPPORTED,
            Code::OperationUnsupported => VIR_ERR_OPERATION_UNSUPPORTED,
            Code::AuthFailed => VIR_ERR_AUTH_FAILED,
            Code::AccessDenied => VIR_ERR_ACCESS_DENIED,
            Code::XmlInvalidSchema => VIR_ERR_XML_INVALID_SCHEMA,
            Code::DeviceMissing => VIR_ERR_DEVICE_MISSING,
        }
    }
}

impl From<Domain> for virErrorDomain {
    fn from(domain: Domain) -> Self {
        use virErrorDomain::*;
        match domain {
            Domain::None => VIR_FROM_NONE,
            Domain::Xml => VIR_FROM_XML,
            Domain::DomainConfig => VIR_FROM_DOMAIN,
            Domain::Test => VIR_FROM_TEST,
            Domain::NodeDevice => VIR_FROM_NODEDEV,
            Domain::EventLoop => VIR_FROM_EVENT,
            Domain::Auth => VIR_FROM_AUTH,
            Domain::Uri => VIR_FROM_URI,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers and fields are those of libvirt 12.8.0.
    fn fields(
        error: Error,
    ) -> (
        i32,
        i32,
        Option<Cow<'static, str>>,
        Option<String>,
        [i32; 2],
    ) {
        let Failure(f) = error.into();
        let ints = [f.int1, f.int2];
        (f.code as i32, f.domain as i32, f.str1, f.str2, ints)
    }

    #[test]
    fn the_fields_hold_the_format_and_the_detail() {
        let why = "no node device with matching name 'x'".to_string();
        let format = "Node device not found: %1$s".into();
        assert_eq!(
            fields(Error::no_device("x")),
            (53, 22, Some(format), Some(why), [-1, -1])
        );
        assert_eq!(
            fields(Error::bare(Code::NoName).in_domain(Domain::None)),
            (
                21,
                0,
                Some("missing name information".into()),
                None,
                [-1, -1]
            )
        );
        assert_eq!(
            fields(Error::new(Code::XmlDetail, "d").in_domain(Domain::Xml)),
            (35, 5, Some("%s".into()), Some("d".into()), [-1, -1])
        );
        let text = "cannot read /x: No such file or directory".to_string();
        assert_eq!(
            fields(Error::system("cannot read /x", 2)),
            (38, 22, Some("%s".into()), Some(text), [2, -1])
        );
        assert_eq!(fields(Error::unknown()), (1, 0, None, None, [0, 0]));
    }
}
