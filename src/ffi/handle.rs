// SPDX-License-Identifier: LGPL-2.1-or-later
//! The table of live handles.
//!
//! What C holds is an address that the library never reads through: the table
//! says what it stands for. So a pointer that is NULL, was freed, belongs to
//! another library or is of the other kind is an error, not a crash. The bytes at
//! an address are zero for as long as the process lives, and no C library's
//! type check takes zeroes for its own object.
//!
//! A child process inherits the table (see `fork`). What came from before the
//! fork is known as such and can only be closed.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

use super::fork::{Maker, ProcessLock, Rank};

/// An address is not given out again before this many other handles were made,
/// so that a stale pointer does not quietly become another device.
const REUSE_DISTANCE: u64 = 65_536;

/// What lies at the address of a handle: zeroes.
type Slot = [u64; 2];
const SLOT: usize = size_of::<Slot>();
const FIRST_CHUNK: usize = 64;
const LARGEST_CHUNK: usize = 4096;

/// Live connections `C` and live devices `D` by the address that stands for them.
pub(super) struct Handles<C, D> {
    table: ProcessLock<Table<C, D>>,
}

enum Handle<C, D> {
    Connection {
        object: Arc<C>,
        /// References that the program holds: one from opening, one for each Ref.
        references: u32,
        /// What else keeps it: live handles on its devices, event registrations.
        holds: u32,
    },
    Device {
        object: Arc<D>,
        references: u32,
        /// Address of the device's connection.
        owner: usize,
    },
}

/// What giving a connection back did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The connection is gone.
    Gone,
    /// References or device handles keep it.
    StillUsed,
}

/// What an address stands for, and the process that made it.
struct Placed<C, D> {
    maker: Maker,
    handle: Handle<C, D>,
}

/// Addresses side by side, from `base` on.
struct Chunk<C, D> {
    base: usize,
    entries: Vec<Option<Placed<C, D>>>,
}

struct Table<C, D> {
    /// In the order of their addresses.
    chunks: Vec<Chunk<C, D>>,
    /// Addresses of the newest chunk that were never given out.
    fresh: Range<usize>,
    /// Given back addresses, each with the count of handles made until then, oldest first.
    freed: VecDeque<(usize, u64)>,
    made: u64,
}

impl<C: Send + Sync + 'static, D: Send + Sync + 'static> Handles<C, D> {
    pub(super) const fn new() -> Self {
        Handles {
            table: ProcessLock::new(
                Rank::Handles,
                Table {
                    chunks: Vec::new(),
                    fresh: 0..0,
                    freed: VecDeque::new(),
                    made: 0,
                },
            ),
        }
    }

    fn read(&'static self) -> RwLockReadGuard<'static, Table<C, D>> {
        self.table.read()
    }

    fn write(&'static self) -> RwLockWriteGuard<'static, Table<C, D>> {
        self.table.write()
    }

    /// The connection at an address.
    pub(super) fn connection(&'static self, address: usize) -> Option<Arc<C>> {
        match self.read().get(address)? {
            Handle::Connection { object, .. } => Some(object.clone()),
            Handle::Device { .. } => None,
        }
    }

    /// The device at an address.
    pub(super) fn device(&'static self, address: usize) -> Option<Arc<D>> {
        match self.read().get(address)? {
            Handle::Device { object, .. } => Some(object.clone()),
            Handle::Connection { .. } => None,
        }
    }

    /// A handle on a new connection, with one reference.
    pub(super) fn add_connection(&'static self, object: Arc<C>) -> usize {
        self.write().add(Handle::Connection {
            object,
            references: 1,
            holds: 0,
        })
    }

    /// Handles with one reference each on devices of the connection `conn` at `owner`, in
    /// order; `None` when that connection is no longer alive.
    pub(super) fn add_devices(
        &'static self,
        owner: usize,
        conn: &Arc<C>,
        devices: impl ExactSizeIterator<Item = Arc<D>>,
    ) -> Option<Vec<usize>> {
        let mut table = self.write();
        match table.get_mut(owner)? {
            Handle::Connection {
                object,
                holds: count,
                ..
            } if Arc::ptr_eq(object, conn) => {
                *count = count.checked_add(u32::try_from(devices.len()).ok()?)?;
            }
            _ => return None,
        }
        Some(
            devices
                .map(|object| {
                    table.add(Handle::Device {
                        object,
                        references: 1,
                        owner,
                    })
                })
                .collect(),
        )
    }

    /// Adds a reference to a connection; false when there is none at the address.
    pub(super) fn reference_connection(&'static self, address: usize) -> bool {
        match self.write().get_mut(address) {
            Some(Handle::Connection { references, .. }) => add_one(references),
            _ => false,
        }
    }

    /// Adds a reference to a device; false when there is none at the address.
    pub(super) fn reference_device(&'static self, address: usize) -> bool {
        match self.write().get_mut(address) {
            Some(Handle::Device { references, .. }) => add_one(references),
            _ => false,
        }
    }

    /// Drops one of the program's references to a connection; `None` when it has none.
    ///
    /// The last reference to an inherited one takes the connection's devices with it: nothing
    /// else can be done with them in this process.
    pub(super) fn close_connection(&'static self, address: usize) -> Option<Closed> {
        let mut table = self.write();
        let is_inherited = table.is_inherited(address);
        match table.any_mut(address)? {
            Handle::Connection { references, .. } if *references > 0 => *references -= 1,
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

    /// Whether the address stands for something that was made before a fork of the process.
    pub(super) fn is_inherited(&'static self, address: usize) -> bool {
        self.read().is_inherited(address)
    }

    /// Keeps a connection alive until [`Handles::release_connection`]; false when there is none at the address.
    pub(super) fn hold_connection(&'static self, address: usize) -> bool {
        match self.write().get_mut(address) {
            Some(Handle::Connection { holds, .. }) => add_one(holds),
            _ => false,
        }
    }

    /// Lets go what [`Handles::hold_connection`] kept.
    pub(super) fn release_connection(&'static self, address: usize) {
        let mut table = self.write();
        if let Some(Handle::Connection { holds, .. }) = table.get_mut(address) {
            *holds = holds.saturating_sub(1);
        }
        let gone = table.take_unused_connection(address);
        // The connection is torn down after the lock is let go.
        drop(table);
        drop(gone);
    }

    /// Drops a reference to a device, and with the last one the device's hold on
    /// its connection; false when there is no device at the address.
    pub(super) fn release_device(&'static self, address: usize) -> bool {
        let mut table = self.write();
        let owner = match table.get_mut(address) {
            Some(Handle::Device {
                references, owner, ..
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
        if let Some(Handle::Connection { holds, .. }) = table.get_mut(owner) {
            *holds -= 1;
        }
        let connection = table.take_unused_connection(owner);
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

impl<C, D> Table<C, D> {
    /// How many chunks begin at or below the address.
    fn chunks_up_to(&self, address: usize) -> usize {
        self.chunks.partition_point(|chunk| chunk.base <= address)
    }

    /// The chunk that an address is in, and its place there.
    fn place(&self, address: usize) -> Option<(usize, usize)> {
        let chunk = self.chunks_up_to(address).checked_sub(1)?;
        let offset = address - self.chunks[chunk].base;
        (offset % SLOT == 0).then_some((chunk, offset / SLOT))
    }

    fn placed(&self, address: usize) -> Option<&Placed<C, D>> {
        let (chunk, index) = self.place(address)?;
        self.chunks[chunk].entries.get(index)?.as_ref()
    }

    fn is_inherited(&self, address: usize) -> bool {
        let placed = self.placed(address);
        placed.is_some_and(|placed| placed.maker.is_another())
    }

    /// What this process made at the address.
    fn get(&self, address: usize) -> Option<&Handle<C, D>> {
        let placed = self.placed(address)?;
        (!placed.maker.is_another()).then_some(&placed.handle)
    }

    fn cell(&mut self, address: usize) -> Option<&mut Option<Placed<C, D>>> {
        let (chunk, index) = self.place(address)?;
        self.chunks[chunk].entries.get_mut(index)
    }

    /// What is at the address, inherited or not.
    fn any_mut(&mut self, address: usize) -> Option<&mut Handle<C, D>> {
        Some(&mut self.cell(address)?.as_mut()?.handle)
    }

    /// What this process made at the address.
    fn get_mut(&mut self, address: usize) -> Option<&mut Handle<C, D>> {
        let placed = self.cell(address)?.as_mut()?;
        (!placed.maker.is_another()).then_some(&mut placed.handle)
    }

    fn add(&mut self, handle: Handle<C, D>) -> usize {
        let address = self.free_address();
        self.made += 1;
        if let Some(cell) = self.cell(address) {
            let maker = Maker::here();
            *cell = Some(Placed { maker, handle });
        }
        address
    }

    fn take(&mut self, address: usize) -> Option<Handle<C, D>> {
        let placed = self.cell(address)?.take()?;
        self.freed.push_back((address, self.made));
        Some(placed.handle)
    }

    /// An inherited connection without references, with its devices; nothing while it has some.
    fn take_inherited(&mut self, conn: usize) -> Vec<Handle<C, D>> {
        if !matches!(
            self.any_mut(conn),
            Some(Handle::Connection { references: 0, .. })
        ) {
            return Vec::new();
        }
        let mut addresses = vec![conn];
        for Chunk { base, entries } in &self.chunks {
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

    fn take_unused_connection(&mut self, address: usize) -> Option<Handle<C, D>> {
        match self.get(address)? {
            Handle::Connection {
                references: 0,
                holds: 0,
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
        if self.fresh.is_empty() {
            let slots = FIRST_CHUNK << self.chunks.len().min(6);
            let slots = slots.min(LARGEST_CHUNK);
            // Never given back, so a stale pointer stays readable for whoever looks at it.
            let memory: &'static mut [Slot] = Box::leak(vec![[0; 2]; slots].into_boxed_slice());
            let base = memory.as_mut_ptr().expose_provenance();
            let entries = std::iter::repeat_with(|| None).take(slots).collect();
            self.chunks
                .insert(self.chunks_up_to(base), Chunk { base, entries });
            self.fresh = base..base + slots * SLOT;
        }
        let address = self.fresh.start;
        self.fresh.start += SLOT;
        address
    }
}

#[cfg(test)]
mod tests;
