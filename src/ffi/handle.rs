// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The table of live handles.
//!
//! C holds addresses that the library never reads: the table has the objects for them. So a pointer that is NULL, was
//! freed, belongs to another library or is of the other kind gives an error, not a crash. The bytes at an address are
//! zero as long as the process lives, and no C library's type check takes zeros for its own object.
//!
//! A child process inherits the table (see `fork`). Handles from before the fork can only be closed there.

use super::fork::{ProcessLock, Rank};
use super::handle_table::{Handle, Placed, Table, add_one};
use super::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

/// Live connections `C` and live devices, which are names `N` on a connection, by their addresses.
pub(super) struct Handles<C, N> {
    table: ProcessLock<Table<C, N>>,
}

/// The result of closing a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The connection is closed.
    Gone,
    /// References, device handles or registrations still keep it open.
    StillUsed,
}

impl<C: Send + Sync + 'static, N: Clone + Send + Sync + 'static> Handles<C, N> {
    pub(super) const fn new() -> Self {
        Handles {
            table: ProcessLock::new(Rank::Handles, Table::new()),
        }
    }

    fn read(&'static self) -> RwLockReadGuard<'static, Table<C, N>> {
        self.table.read()
    }

    fn write(&'static self) -> RwLockWriteGuard<'static, Table<C, N>> {
        self.table.write()
    }

    /// The connection at an address.
    pub(super) fn connection(&'static self, address: usize) -> Option<Arc<C>> {
        self.read().connection(address).cloned()
    }

    /// The connection and the name of the device at an address.
    pub(super) fn device(&'static self, address: usize) -> Option<(Arc<C>, N)> {
        let table = self.read();
        match &table.get(address)?.handle {
            Handle::Device { name, owner, .. } => {
                Some((table.connection(*owner)?.clone(), name.clone()))
            }
            Handle::Connection { .. } => None,
        }
    }

    /// The name of the parent that is kept with the device at an address; `None` if none is.
    pub(super) fn parent(&'static self, address: usize) -> Option<N> {
        match &self.read().get(address)?.handle {
            Handle::Device { parent, .. } => parent.as_deref().cloned(),
            Handle::Connection { .. } => None,
        }
    }

    /// Keeps the name of the parent with the device at an address. Returns the one that is kept, which may have been
    /// there before; `None` if there is no device.
    pub(super) fn keep_parent(&'static self, address: usize, name: N) -> Option<N> {
        match &mut self.write().get_mut(address)?.handle {
            Handle::Device { parent, .. } => {
                Some(N::clone(parent.get_or_insert_with(|| Box::new(name))))
            }
            Handle::Connection { .. } => None,
        }
    }

    /// A handle on a new connection, with one reference.
    pub(super) fn add_connection(&'static self, object: Arc<C>) -> usize {
        self.write().add(Handle::Connection { object, holds: 0 })
    }

    /// Handles with one reference each on devices of the connection at `owner`, in order; `None` if that connection has
    /// been closed.
    pub(super) fn add_devices(
        &'static self,
        owner: usize,
        conn: &Arc<C>,
        names: impl ExactSizeIterator<Item = N>,
    ) -> Option<Vec<usize>> {
        let mut table = self.write();
        table.hold_for(owner, conn, names.len())?;
        Some(names.map(|name| table.add_device(owner, name)).collect())
    }

    /// The same for one device.
    pub(super) fn add_device(&'static self, owner: usize, conn: &Arc<C>, name: N) -> Option<usize> {
        let mut table = self.write();
        table.hold_for(owner, conn, 1)?;
        Some(table.add_device(owner, name))
    }

    /// Adds a reference to a connection; `false` if there is none at the address.
    pub(super) fn reference_connection(&'static self, address: usize) -> bool {
        self.write().reference(address, |handle| {
            matches!(handle, Handle::Connection { .. })
        })
    }

    /// Adds a reference to a device; `false` if there is none at the address.
    pub(super) fn reference_device(&'static self, address: usize) -> bool {
        self.write()
            .reference(address, |handle| matches!(handle, Handle::Device { .. }))
    }

    /// Drops one of the program's references to a connection; `None` if it has none.
    ///
    /// With the last reference to an inherited connection, the handles on its devices are dropped too, because nothing
    /// else can be done with them in this process.
    pub(super) fn close_connection(&'static self, address: usize) -> Option<Closed> {
        let mut table = self.write();
        let is_inherited = table.is_inherited(address);
        match table.any_mut(address)? {
            Placed {
                references,
                handle: Handle::Connection { .. },
                ..
            } if *references > 0 => *references -= 1,
            _ => return None,
        }
        let gone = match is_inherited {
            true => table.take_inherited(address),
            false => table.take_unused_connection(address).into_iter().collect(),
        };
        // The connection is torn down after the lock is let go.
        drop(table);
        Some(match gone.is_empty() {
            false => Closed::Gone,
            true => Closed::StillUsed,
        })
    }

    /// Whether the object at the address was made before a fork, by another process.
    pub(super) fn is_inherited(&'static self, address: usize) -> bool {
        self.read().is_inherited(address)
    }

    /// Keeps a connection alive until [`Handles::release_connection`]; `false` if there is none at the address.
    pub(super) fn hold_connection(&'static self, address: usize) -> bool {
        self.write().holds(address).is_some_and(add_one)
    }

    /// Drops what [`Handles::hold_connection`] holds.
    pub(super) fn release_connection(&'static self, address: usize) {
        let mut table = self.write();
        if let Some(holds) = table.holds(address) {
            *holds = holds.saturating_sub(1);
        }
        let gone = table.take_unused_connection(address);
        // The connection is torn down after the lock is let go.
        drop(table);
        drop(gone);
    }

    /// Drops a reference to a device, and with the last one the device's reference to its connection; `false` if there
    /// is no device at the address.
    pub(super) fn release_device(&'static self, address: usize) -> bool {
        let mut table = self.write();
        let owner = match table.get_mut(address) {
            Some(Placed {
                references,
                handle: Handle::Device { owner, .. },
                ..
            }) => {
                *references -= 1;
                if *references > 0 {
                    return true;
                }
                *owner
            }
            _ => return false,
        };
        let device = table.take(address);
        let connection = match table.holds(owner) {
            Some(holds) => {
                *holds -= 1;
                (*holds == 0).then(|| table.take_unused_connection(owner))
            }
            None => None,
        };
        drop(table);
        drop(device);
        drop(connection);
        true
    }
}

#[cfg(test)]
mod tests;
