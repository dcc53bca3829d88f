// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The table of live handles.
//!
//! C holds addresses that the library never reads: the table has the objects for them. So a pointer that is NULL, was
//! freed, belongs to another library or is of the other kind gives an error, not a crash. The bytes at an address are
//! zero as long as the process lives, and no C library's type check takes zeros for its own object.
//!
//! A child process inherits the table (see `fork`). Handles from before the fork can only be closed there.

use std::alloc::{Layout, handle_alloc_error};
use std::collections::VecDeque;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

use super::fork::{Maker, ProcessLock, Rank};
use super::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

/// How many other handles are made before an address is used again, so that a stale pointer does not soon mean
/// another device.
const REUSE_DISTANCE: u64 = 65_536;

/// The memory at the address of a handle: zeros.
type Slot = u64;
const SLOT: usize = size_of::<Slot>();

/// How much address space is reserved for handles at once, in bytes: enough for almost every program. Tests need several.
const RANGE: usize = if cfg!(test) { 64 << 10 } else { 8 << 20 };

/// Live connections `C` and live devices, which are names `N` on a connection, by their addresses.
pub(super) struct Handles<C, N> {
    table: ProcessLock<Table<C, N>>,
}

enum Handle<C, N> {
    Connection {
        object: Arc<C>,
        /// References besides the program's: one for each live handle on its devices, and for each registration for
        /// events.
        holds: u32,
    },
    Device {
        name: N,
        /// The name of its parent, kept because C holds a pointer to it; `None` as long as nobody asked.
        parent: Option<N>,
        /// The address of the device's connection, which the device keeps alive.
        owner: usize,
    },
}

/// The result of closing a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The connection is closed.
    Gone,
    /// References, device handles or registrations still keep it open.
    StillUsed,
}

/// What is at an address, and the process that made it.
struct Placed<C, N> {
    maker: Maker,
    /// The references of the program: one from making the handle, one for each Ref.
    references: u32,
    handle: Handle<C, N>,
}

/// [`RANGE`] bytes of address space from `base` on.
struct Addresses<C, N> {
    base: usize,
    /// What is at each address that was ever used.
    entries: Vec<Option<Placed<C, N>>>,
}

struct Table<C, N> {
    ranges: Vec<Addresses<C, N>>,
    /// Addresses that are free again, each with the count of handles made until then, oldest first.
    freed: VecDeque<(usize, u64)>,
    made: u64,
}

impl<C: Send + Sync + 'static, N: Clone + Send + Sync + 'static> Handles<C, N> {
    pub(super) const fn new() -> Self {
        Handles {
            table: ProcessLock::new(
                Rank::Handles,
                Table {
                    ranges: Vec::new(),
                    freed: VecDeque::new(),
                    made: 0,
                },
            ),
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
            Handle::Device { parent, .. } => parent.clone(),
            Handle::Connection { .. } => None,
        }
    }

    /// Keeps the name of the parent with the device at an address. Returns the one that is kept, which may have been
    /// there before; `None` if there is no device.
    pub(super) fn keep_parent(&'static self, address: usize, name: N) -> Option<N> {
        match &mut self.write().get_mut(address)?.handle {
            Handle::Device { parent, .. } => Some(parent.get_or_insert(name).clone()),
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

fn add_one(count: &mut u32) -> bool {
    match count.checked_add(1) {
        Some(more) => {
            *count = more;
            true
        }
        None => false,
    }
}

impl<C, N> Table<C, N> {
    fn placed(&self, address: usize) -> Option<&Placed<C, N>> {
        let range = self.ranges.iter().find(|range| range.has(address))?;
        range.entries.get(range.index(address)?)?.as_ref()
    }

    fn is_inherited(&self, address: usize) -> bool {
        let placed = self.placed(address);
        placed.is_some_and(|placed| placed.maker.is_another())
    }

    /// What this process made at the address.
    fn get(&self, address: usize) -> Option<&Placed<C, N>> {
        self.placed(address)
            .filter(|placed| !placed.maker.is_another())
    }

    /// The connection that this process made at the address.
    fn connection(&self, address: usize) -> Option<&Arc<C>> {
        match &self.get(address)?.handle {
            Handle::Connection { object, .. } => Some(object),
            Handle::Device { .. } => None,
        }
    }

    fn cell(&mut self, address: usize) -> Option<&mut Option<Placed<C, N>>> {
        let range = self.ranges.iter_mut().find(|range| range.has(address))?;
        let index = range.index(address)?;
        range.entries.get_mut(index)
    }

    /// What is at the address, inherited or not.
    fn any_mut(&mut self, address: usize) -> Option<&mut Placed<C, N>> {
        self.cell(address)?.as_mut()
    }

    /// What this process made at the address.
    fn get_mut(&mut self, address: usize) -> Option<&mut Placed<C, N>> {
        self.any_mut(address)
            .filter(|placed| !placed.maker.is_another())
    }

    /// The holds of the connection that this process made at the address.
    fn holds(&mut self, address: usize) -> Option<&mut u32> {
        match &mut self.get_mut(address)?.handle {
            Handle::Connection { holds, .. } => Some(holds),
            Handle::Device { .. } => None,
        }
    }

    /// Adds a reference to what this process made at the address; `false` if it is not of the right kind.
    fn reference(&mut self, address: usize, is_right: impl Fn(&Handle<C, N>) -> bool) -> bool {
        let placed = self.get_mut(address);
        let placed = placed.filter(|placed| is_right(&placed.handle));
        placed.is_some_and(|placed| add_one(&mut placed.references))
    }

    /// Notes that so many more devices need the connection at `owner`; `None` if it has been closed.
    fn hold_for(&mut self, owner: usize, conn: &Arc<C>, devices: usize) -> Option<()> {
        match &mut self.get_mut(owner)?.handle {
            Handle::Connection { object, holds } if Arc::ptr_eq(object, conn) => {
                *holds = holds.checked_add(u32::try_from(devices).ok()?)?;
                Some(())
            }
            _ => None,
        }
    }

    fn add_device(&mut self, owner: usize, name: N) -> usize {
        self.add(Handle::Device {
            name,
            parent: None,
            owner,
        })
    }

    fn add(&mut self, handle: Handle<C, N>) -> usize {
        let address = self.free_address();
        self.made += 1;
        if let Some(cell) = self.cell(address) {
            *cell = Some(Placed {
                maker: Maker::here(),
                references: 1,
                handle,
            });
        }
        address
    }

    fn take(&mut self, address: usize) -> Option<Handle<C, N>> {
        let placed = self.cell(address)?.take()?;
        self.freed.push_back((address, self.made));
        Some(placed.handle)
    }

    /// Takes an inherited connection without references out, with its devices; nothing if it has references.
    fn take_inherited(&mut self, conn: usize) -> Vec<Handle<C, N>> {
        let is_unused = |placed: &Placed<C, N>| {
            placed.references == 0 && matches!(placed.handle, Handle::Connection { .. })
        };
        if !self.placed(conn).is_some_and(is_unused) {
            return Vec::new();
        }
        let mut addresses = vec![conn];
        for Addresses { base, entries } in &self.ranges {
            let owned = entries.iter().enumerate().filter(|(_, placed)| {
                matches!(placed, Some(Placed { handle: Handle::Device { owner, .. }, .. }) if *owner == conn)
            });
            addresses.extend(owned.map(|(index, _)| base + index * SLOT));
        }
        addresses
            .into_iter()
            .filter_map(|address| self.take(address))
            .collect()
    }

    fn take_unused_connection(&mut self, address: usize) -> Option<Handle<C, N>> {
        match self.get(address)? {
            Placed {
                references: 0,
                handle: Handle::Connection { holds: 0, .. },
                ..
            } => self.take(address),
            _ => None,
        }
    }

    fn free_address(&mut self) -> usize {
        match self.freed.front() {
            Some(&(address, freed_at)) if self.made - freed_at >= REUSE_DISTANCE => {
                self.freed.pop_front();
                address
            }
            _ => self.fresh_address(),
        }
    }

    fn fresh_address(&mut self) -> usize {
        if let Some(address) = self.ranges.last_mut().and_then(Addresses::fresh) {
            return address;
        }
        let base = reserve();
        self.ranges.push(Addresses {
            base,
            entries: vec![None],
        });
        base
    }
}

impl<C, N> Addresses<C, N> {
    fn has(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) < RANGE
    }

    /// The place of an address among the entries; `None` between two handles.
    fn index(&self, address: usize) -> Option<usize> {
        let offset = address - self.base;
        (offset % SLOT == 0).then_some(offset / SLOT)
    }

    /// An address that was never used; `None` if there is none left. Behind each are zeros.
    fn fresh(&mut self) -> Option<usize> {
        let index = self.entries.len();
        let address = self.base + index * SLOT;
        self.has(address + SLOT).then(|| {
            self.entries.push(None);
            address
        })
    }
}

/// Reserves [`RANGE`] bytes, which can be read, are zeros, and take no memory. They are never given back, so a stale
/// pointer stays readable.
fn reserve() -> usize {
    // SAFETY: the kernel chooses an address where nothing is.
    let range = unsafe {
        mmap_anonymous(
            std::ptr::null_mut(),
            RANGE,
            ProtFlags::READ,
            MapFlags::PRIVATE | MapFlags::NORESERVE,
        )
    };
    match range {
        Ok(range) => range.expose_provenance(),
        Err(_) => handle_alloc_error(Layout::new::<[u8; RANGE]>()),
    }
}

#[cfg(test)]
mod tests;
