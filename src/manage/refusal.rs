// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The errors for refused changes.

use crate::error::{Code, Error};

/// A change failed, or the document has an invalid element (code 1).
pub fn internal(detail: impl Into<String>) -> Error {
    Error::new(Code::InternalError, detail)
}

/// The change is not possible in the device's state (code 55).
pub fn invalid(detail: impl Into<String>) -> Error {
    Error::new(Code::OperationInvalid, detail)
}

/// The device has no definition (code 55).
pub fn not_defined(name: &str) -> Error {
    invalid(format!("Node device '{name}' is not defined"))
}

/// The document asks for something that is not supported (code 67).
pub fn unsupported(detail: impl Into<String>) -> Error {
    Error::new(Code::ConfigUnsupported, detail)
}

/// Devices of this kind cannot be changed in this way.
pub fn unsupported_type(code: Code) -> Error {
    Error::new(code, "Unsupported device type")
}
