// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Turns arguments from C into values, or into the errors that libvirt documents.

use std::ffi::{CStr, c_char, c_int, c_uint};

use super::failure::{Failure, Result};
use super::guard::Call;
use super::objects::{Conn, DeviceHandle, HANDLES};
use super::types::{virConnectPtr, virNodeDevicePtr};
use crate::connection::Connection;
use crate::connection::operation::{Operation, Unchangeable};
use crate::error::{Code, Domain, Error};
use crate::view::filter::LIST_FLAGS;

impl Call {
    /// The connection of a handle; code 6 if there is none. Errors of the call belong to it from then on.
    pub(super) fn conn(&mut self, handle: virConnectPtr) -> Result<Conn> {
        let address = handle.addr();
        let handle = HANDLES
            .connection(address)
            .ok_or_else(|| self.invalid_conn(address))?;
        self.owner = Some(handle.clone());
        Ok(Conn { address, handle })
    }

    /// The device of a handle; code 52 if there is none. Errors of the call belong to its connection from then on.
    pub(super) fn device(&mut self, handle: virNodeDevicePtr) -> Result<DeviceHandle> {
        let address = handle.addr();
        let (conn, name) = HANDLES
            .device(address)
            .ok_or_else(|| self.invalid_device(address))?;
        self.owner = Some(conn.clone());
        Ok(DeviceHandle { conn, name })
    }

    /// The error for a pointer that is not a connection (code 6).
    pub(super) fn invalid_conn(&self, address: usize) -> Failure {
        self.error(Code::InvalidConn, self.function_with(address))
    }

    /// The error for a pointer that is not a node device (code 52).
    pub(super) fn invalid_device(&self, address: usize) -> Failure {
        self.error(Code::InvalidNodeDevice, self.function_with(address))
    }

    /// The function's name and, for a handle of the parent process, what is wrong with it.
    fn function_with(&self, address: usize) -> String {
        match HANDLES.is_inherited(address) {
            true => format!(
                "{}: it was made before fork(), open a new connection in this process",
                self.function
            ),
            false => self.function.into(),
        }
    }

    /// The error for a function that the connection's driver does not have (code 3).
    pub(super) fn unsupported(&self) -> Failure {
        self.error(Code::NoSupport, self.function)
    }

    fn error(&self, code: Code, detail: impl Into<String>) -> Failure {
        Error::new(code, detail).in_domain(self.domain).into()
    }

    /// The error for an argument that is refused (code 8).
    pub(super) fn refuse(&self, argument: &'static str, why: String) -> Failure {
        Failure::argument(self.domain, self.function, argument, why)
    }

    /// Refuses calls that change something on a read-only connection (code 29).
    pub(super) fn writable(&self) -> Result<()> {
        match &self.owner {
            Some(conn) if conn.connection.is_read_only() => Err(self.error(
                Code::OperationDenied,
                format!("read only access prevents {}", self.function),
            )),
            _ => Ok(()),
        }
    }

    /// Refuses operations that are not possible on the connection's devices (code 3 or 84).
    pub(super) fn changeable(&self, connection: &Connection, operation: Operation) -> Result<()> {
        connection.changeable(operation).map_err(|why| match why {
            Unchangeable::OnPaper => self.unsupported(),
            Unchangeable::Recorded => self.error(
                Code::OperationUnsupported,
                format!("{}: a recorded tree cannot be changed", self.function),
            ),
        })
    }

    /// Refuses NULL (code 8).
    pub(super) fn not_null<T>(&self, argument: &'static str, pointer: *const T) -> Result<()> {
        if pointer.is_null() {
            return Err(self.null_argument(argument));
        }
        Ok(())
    }

    /// The error for a NULL argument (code 8).
    pub(super) fn null_argument(&self, argument: &'static str) -> Failure {
        self.refuse(
            argument,
            format!("{argument} in {} must not be NULL", self.function),
        )
    }

    /// Refuses numbers below zero (code 8).
    pub(super) fn not_negative(&self, argument: &'static str, number: c_int) -> Result<usize> {
        usize::try_from(number).map_err(|_| {
            self.refuse(
                argument,
                format!("{argument} in {} must be zero or greater", self.function),
            )
        })
    }

    /// Refuses an array that is NULL although `size` elements are to be written to it (code 8).
    pub(super) fn array<T>(
        &self,
        argument: &'static str,
        array: *const T,
        size: c_int,
    ) -> Result<()> {
        if size > 0 {
            self.not_null(argument, array)?;
        }
        Ok(())
    }

    /// A string that must not be NULL (code 8).
    ///
    /// # Safety
    /// `text` is NULL or a NUL-terminated string that outlives the call.
    pub(super) unsafe fn text<'a>(
        &self,
        argument: &'static str,
        text: *const c_char,
    ) -> Result<&'a CStr> {
        // SAFETY: as promised by the caller.
        unsafe { opt_text(text) }.ok_or_else(|| self.null_argument(argument))
    }
}

/// A string, or `None` for NULL.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string that outlives the call.
pub(super) unsafe fn opt_text<'a>(text: *const c_char) -> Option<&'a CStr> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not NULL, so by the caller's promise a NUL-terminated string.
    Some(unsafe { CStr::from_ptr(text) })
}

/// Refuses unknown list flags (code 8).
pub(super) fn list_flags(bits: c_uint) -> Result<()> {
    flags("nodeConnectListAllNodeDevices", bits, LIST_FLAGS)
}

/// Refuses bits outside of `allowed` (code 8). The message names the driver function in which libvirt checks them.
pub(super) fn flags(driver_function: &'static str, flags: c_uint, allowed: c_uint) -> Result<()> {
    flags_in(Domain::NodeDevice, driver_function, flags, allowed)
}

/// The same for a function of another part.
pub(super) fn flags_in(
    domain: Domain,
    driver_function: &'static str,
    flags: c_uint,
    allowed: c_uint,
) -> Result<()> {
    match flags & !allowed {
        0 => Ok(()),
        unknown => {
            let why = format!("unsupported flags (0x{unknown:x}) in function {driver_function}");
            Err(Failure::argument(domain, driver_function, "flags", why))
        }
    }
}
