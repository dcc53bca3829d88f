// SPDX-License-Identifier: LGPL-2.1-or-later
//! Makes, changes and removes mediated devices.

use crate::connection::{Connection, Name};
use crate::device::Device;
use crate::document::Definition;
use crate::error::{Code, Error, Result};

use super::Affect;

/// Starts the mediated device that is described, without defining it.
pub fn create(conn: &Connection, definition: &Definition) -> Result<Name> {
    let _ = (conn, definition);
    Err(Error::new(Code::NoSupport, "virNodeDeviceCreateXML"))
}

/// Stops a running device.
pub fn destroy(conn: &Connection, device: &Device) -> Result<()> {
    let _ = (conn, device);
    Err(Error::new(Code::NoSupport, "virNodeDeviceDestroy"))
}

/// Keeps the definition of a device, or changes the one that there is.
pub fn define(conn: &Connection, definition: &Definition) -> Result<Name> {
    let _ = (conn, definition);
    Err(Error::new(Code::NoSupport, "virNodeDeviceDefineXML"))
}

/// Drops the definition of a device, which runs on if it does.
pub fn undefine(conn: &Connection, device: &Device) -> Result<()> {
    let _ = (conn, device);
    Err(Error::new(Code::NoSupport, "virNodeDeviceUndefine"))
}

/// Starts a defined device.
pub fn start(conn: &Connection, device: &Device) -> Result<()> {
    let _ = (conn, device);
    Err(Error::new(Code::NoSupport, "virNodeDeviceCreate"))
}

/// Chooses whether a defined device is started with its parent.
pub fn set_autostart(conn: &Connection, device: &Device, autostart: bool) -> Result<()> {
    let _ = (conn, device, autostart);
    Err(Error::new(Code::NoSupport, "virNodeDeviceSetAutostart"))
}

/// Changes a running device, its definition, or both.
pub fn update(
    conn: &Connection,
    device: &Device,
    definition: &Definition,
    affect: Affect,
) -> Result<()> {
    let _ = (conn, device, definition, affect);
    Err(Error::new(Code::NoSupport, "virNodeDeviceUpdate"))
}
