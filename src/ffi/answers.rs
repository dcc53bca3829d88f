// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Results that several functions return: handles on devices, and descriptions.

use std::ffi::{CStr, c_char, c_uint};

use super::args;
use super::constants::virNodeDeviceXMLFlags::VIR_NODE_DEVICE_XML_INACTIVE;
use super::failure::Result;
use super::guard::Call;
use super::objects::Conn;
use super::out;
use super::types::virNodeDevicePtr;
use crate::connection::Connection;
use crate::error;
use crate::name::Name;

impl Call {
    /// Handles on devices of a connection, in order; code 6 if it was closed meanwhile.
    pub(super) fn handles(&self, conn: &Conn, names: Vec<Name>) -> Result<Vec<virNodeDevicePtr>> {
        conn.devices(names)
            .ok_or_else(|| self.invalid_conn(conn.address))
    }

    /// A handle on one device of a connection; code 6 if it was closed meanwhile.
    pub(super) fn handle(&self, conn: &Conn, name: Name) -> Result<virNodeDevicePtr> {
        conn.device(name)
            .ok_or_else(|| self.invalid_conn(conn.address))
    }

    /// The text that `describe` returns for a device, or for its definition if the flags ask for that.
    pub(super) fn description(
        &mut self,
        driver_function: &'static str,
        dev: virNodeDevicePtr,
        flags: c_uint,
        describe: impl FnOnce(&Connection, &CStr, bool) -> error::Result<String>,
    ) -> Result<*mut c_char> {
        const INACTIVE: c_uint = VIR_NODE_DEVICE_XML_INACTIVE as c_uint;
        let device = self.device(dev)?;
        args::flags(driver_function, flags, INACTIVE)?;
        let is_inactive = flags & INACTIVE != 0;
        out::text(&describe(
            &device.conn.connection,
            &device.name,
            is_inactive,
        )?)
    }
}
