// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The objects behind handles, and the table of them in the process.

use std::ptr;
use std::sync::Arc;

use super::failure::Result;
use super::handle::Handles;
use super::listener::Listener;
use super::registrations::Registrations;
use super::store::connection::ConnErrors;
use super::telling::Telling;
use super::types::{virConnectPtr, virNodeDevicePtr};
use super::watching::Watching;
use crate::connection::Connection;
use crate::error::{Code, Error};
use crate::name::Name;

/// A connection as C sees it.
pub(super) struct ConnHandle {
    pub(super) connection: Connection,
    pub(super) errors: ConnErrors,
    /// The listeners for events.
    pub(super) listeners: Registrations<Listener>,
    pub(super) watching: Watching,
    pub(super) telling: Telling,
    /// Addresses of functions that are registered for events which never happen.
    pub(super) never_called: Registrations<usize>,
}

/// A device that was looked up: a name on a connection.
pub(super) struct DeviceHandle {
    pub(super) conn: Arc<ConnHandle>,
    pub(super) name: Name,
}

/// All handles of the process.
pub(super) static HANDLES: Handles<ConnHandle, Name> = Handles::new();

/// A connection that was looked up, with the address of its handle.
pub(super) struct Conn {
    pub(super) address: usize,
    pub(super) handle: Arc<ConnHandle>,
}

impl Conn {
    /// Keeps the connection alive for a registration, until [`Conn::release`].
    pub(super) fn hold(&self) -> Result<()> {
        match HANDLES.hold_connection(self.address) {
            true => Ok(()),
            false => Err(Error::bare(Code::InvalidConn).into()),
        }
    }

    /// Drops what [`Conn::hold`] holds.
    pub(super) fn release(&self) {
        HANDLES.release_connection(self.address);
    }

    /// Handles on devices of this connection, in order; `None` if it was closed meanwhile.
    pub(super) fn devices(&self, names: Vec<Name>) -> Option<Vec<virNodeDevicePtr>> {
        let addresses = HANDLES.add_devices(self.address, &self.handle, names.into_iter())?;
        Some(
            addresses
                .into_iter()
                .map(ptr::with_exposed_provenance_mut)
                .collect(),
        )
    }

    /// A handle on one device of this connection; `None` if it was closed meanwhile.
    pub(super) fn device(&self, name: Name) -> Option<virNodeDevicePtr> {
        let address = HANDLES.add_device(self.address, &self.handle, name)?;
        Some(ptr::with_exposed_provenance_mut(address))
    }
}

/// The handle on a new connection.
pub(super) fn add_connection(connection: Connection) -> virConnectPtr {
    let address = HANDLES.add_connection(Arc::new(ConnHandle {
        connection,
        errors: ConnErrors::new(),
        listeners: Registrations::numbered_from(0),
        watching: Watching::default(),
        telling: Telling::default(),
        never_called: Registrations::numbered_from(1),
    }));
    ptr::with_exposed_provenance_mut(address)
}
