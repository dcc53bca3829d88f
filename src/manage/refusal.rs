// SPDX-License-Identifier: LGPL-2.1-or-later
//! The errors with which a change is refused.

use crate::error::{Code, Error};

/// Something that should work does not (code 1).
pub fn internal(detail: impl Into<String>) -> Error {
    Error::new(Code::InternalError, detail)
}

/// The device is not in the state that the change needs (code 55).
pub fn invalid(detail: impl Into<String>) -> Error {
    Error::new(Code::OperationInvalid, detail)
}

/// The device has no definition.
pub fn not_defined(name: &str) -> Error {
    invalid(format!("Node device '{name}' is not defined"))
}

/// The document asks for something that cannot be had (code 67).
pub fn unsupported(detail: impl Into<String>) -> Error {
    Error::new(Code::ConfigUnsupported, detail)
}

/// Nothing of this sort can be done to a device of this kind.
pub fn unsupported_type(code: Code) -> Error {
    Error::new(code, "Unsupported device type")
}
