// SPDX-License-Identifier: LGPL-2.1-or-later
//! Takes PCI functions from their drivers, gives them back and resets them.

use std::ffi::CStr;

use crate::connection::Connection;
use crate::device::Device;
use crate::error::{Code, Error, Result};

/// Binds a function to `driver`, or to the best VFIO driver for it.
pub fn detach(conn: &Connection, device: &Device, driver: Option<&CStr>) -> Result<()> {
    let _ = (conn, device, driver);
    Err(Error::new(Code::NoSupport, "virNodeDeviceDetachFlags"))
}

/// Binds a function to the driver that the host chooses for it.
pub fn reattach(conn: &Connection, device: &Device) -> Result<()> {
    let _ = (conn, device);
    Err(Error::new(Code::NoSupport, "virNodeDeviceReAttach"))
}

/// Resets a function.
pub fn reset(conn: &Connection, device: &Device) -> Result<()> {
    let _ = (conn, device);
    Err(Error::new(Code::NoSupport, "virNodeDeviceReset"))
}
