// SPDX-License-Identifier: LGPL-2.1-or-later
//! Makes and removes virtual Fibre Channel ports (NPIV).

use crate::connection::{Connection, Name};
use crate::device::Device;
use crate::document::Definition;
use crate::error::{Code, Error, Result};

/// Makes the virtual port that is described and waits for its SCSI host.
pub fn create(conn: &Connection, definition: &Definition) -> Result<Name> {
    let _ = (conn, definition);
    Err(Error::new(Code::NoSupport, "virNodeDeviceCreateXML"))
}

/// Removes a virtual port.
pub fn destroy(conn: &Connection, device: &Device) -> Result<()> {
    let _ = (conn, device);
    Err(Error::new(Code::NoSupport, "virNodeDeviceDestroy"))
}
