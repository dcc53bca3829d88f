// SPDX-License-Identifier: LGPL-2.1-or-later
//! What handles stand for, and the one table of the process.

use std::ptr;
use std::sync::{Arc, OnceLock};

use super::events::Events;
use super::handle::Handles;
use super::store::ConnErrors;
use super::stub;
use super::types::{virConnectPtr, virNodeDevicePtr};
use crate::connection::Connection;
use crate::name::Name;

/// A connection as C sees it.
pub(super) struct ConnHandle {
    pub(super) connection: Connection,
    pub(super) errors: ConnErrors,
    pub(super) events: Events,
    pub(super) stub_registrations: stub::Registrations,
}

/// A device as C sees it: a name of a connection.
pub(super) struct DeviceHandle {
    pub(super) conn: Arc<ConnHandle>,
    pub(super) name: Name,
    /// Kept after the first question, so that the string given to C stays where it is.
    pub(super) parent: OnceLock<Name>,
}

/// Every handle of the process.
pub(super) static HANDLES: Handles<ConnHandle, DeviceHandle> = Handles::new();

/// A connection that was looked up, with the address of its handle.
pub(super) struct Conn {
    pub(super) address: usize,
    pub(super) handle: Arc<ConnHandle>,
}

impl Conn {
    /// Handles on devices of this connection, in order; `None` when it was closed meanwhile.
    pub(super) fn devices(&self, names: Vec<Name>) -> Option<Vec<virNodeDevicePtr>> {
        let devices = names.into_iter().map(|name| {
            Arc::new(DeviceHandle {
                conn: self.handle.clone(),
                name,
                parent: OnceLock::new(),
            })
        });
        let addresses = HANDLES.add_devices(self.address, &self.handle, devices)?;
        Some(
            addresses
                .into_iter()
                .map(ptr::with_exposed_provenance_mut)
                .collect(),
        )
    }
}

/// The handle on a new connection.
pub(super) fn add_connection(connection: Connection) -> virConnectPtr {
    let address = HANDLES.add_connection(Arc::new(ConnHandle {
        connection,
        errors: ConnErrors::new(),
        events: Events::default(),
        stub_registrations: stub::Registrations::default(),
    }));
    ptr::with_exposed_provenance_mut(address)
}
