// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What is at the addresses of handles, and which addresses are free.

use std::mem::replace;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

use super::fork::Maker;
use super::sync::Arc;

/// How many other handles are made before an address is used again, so that a stale pointer does not soon mean
/// another device.
pub(super) const REUSE_DISTANCE: u64 = 65_536;

/// The memory at the address of a handle: zeros.
pub(super) type Slot = u64;
const SLOT: usize = size_of::<Slot>();

/// How much address space is reserved for handles at once, in bytes: enough for almost every program. Tests need several.
const RANGE: usize = if cfg!(test) { 64 << 10 } else { 8 << 20 };

/// How many handles there are addresses for at once where the process may not have so much address space.
const FEW: usize = 512;

pub(super) enum Handle<C, N> {
    Connection {
        object: Arc<C>,
        /// References besides the program's: one for each live handle on its devices, and for each registration for
        /// events.
        holds: u32,
    },
    Device {
        name: N,
        /// The name of its parent, kept because C holds a pointer to it; `None` as long as nobody asked, as in most handles.
        parent: Option<Box<N>>,
        /// The address of the device's connection, which the device keeps alive.
        owner: usize,
    },
}

/// A handle, and the process that made it.
pub(super) struct Placed<C, N> {
    pub(super) maker: Maker,
    /// The references of the program: one from making the handle, one for each Ref.
    pub(super) references: u32,
    pub(super) handle: Handle<C, N>,
}

/// What is at an address that was ever used.
pub(super) enum Entry<C, N> {
    Used(Placed<C, N>),
    Free {
        /// How many handles had been made when it was freed.
        since: u64,
        /// The address that was freed next; 0 if it was the last.
        next: usize,
    },
}

/// `size` bytes of address space from `base` on.
pub(super) struct Addresses<C, N> {
    base: usize,
    size: usize,
    pub(super) entries: Vec<Entry<C, N>>,
}

pub(super) struct Table<C, N> {
    pub(super) ranges: Vec<Addresses<C, N>>,
    /// The free addresses that were freed first and last; 0 if there are none.
    oldest: usize,
    newest: usize,
    /// How many handles were ever made.
    made: u64,
}

pub(super) fn add_one(count: &mut u32) -> bool {
    match count.checked_add(1) {
        Some(more) => {
            *count = more;
            true
        }
        None => false,
    }
}

impl<C, N> Table<C, N> {
    pub(super) const fn new() -> Self {
        Table {
            ranges: Vec::new(),
            oldest: 0,
            newest: 0,
            made: 0,
        }
    }

    fn placed(&self, address: usize) -> Option<&Placed<C, N>> {
        let range = self.ranges.iter().find(|range| range.has(address))?;
        match range.entries.get(range.index(address)?)? {
            Entry::Used(placed) => Some(placed),
            Entry::Free { .. } => None,
        }
    }

    pub(super) fn is_inherited(&self, address: usize) -> bool {
        let placed = self.placed(address);
        placed.is_some_and(|placed| placed.maker.is_another())
    }

    /// What this process made at the address.
    pub(super) fn get(&self, address: usize) -> Option<&Placed<C, N>> {
        self.placed(address)
            .filter(|placed| !placed.maker.is_another())
    }

    /// The connection that this process made at the address.
    pub(super) fn connection(&self, address: usize) -> Option<&Arc<C>> {
        match &self.get(address)?.handle {
            Handle::Connection { object, .. } => Some(object),
            Handle::Device { .. } => None,
        }
    }

    fn entry(&mut self, address: usize) -> Option<&mut Entry<C, N>> {
        let range = self.ranges.iter_mut().find(|range| range.has(address))?;
        let index = range.index(address)?;
        range.entries.get_mut(index)
    }

    /// What is at the address, inherited or not.
    pub(super) fn any_mut(&mut self, address: usize) -> Option<&mut Placed<C, N>> {
        match self.entry(address)? {
            Entry::Used(placed) => Some(placed),
            Entry::Free { .. } => None,
        }
    }

    /// What this process made at the address.
    pub(super) fn get_mut(&mut self, address: usize) -> Option<&mut Placed<C, N>> {
        self.any_mut(address)
            .filter(|placed| !placed.maker.is_another())
    }

    /// The holds of the connection that this process made at the address.
    pub(super) fn holds(&mut self, address: usize) -> Option<&mut u32> {
        match &mut self.get_mut(address)?.handle {
            Handle::Connection { holds, .. } => Some(holds),
            Handle::Device { .. } => None,
        }
    }

    /// Adds a reference to what this process made at the address; `false` if it is not of the right kind.
    pub(super) fn reference(
        &mut self,
        address: usize,
        is_right: impl Fn(&Handle<C, N>) -> bool,
    ) -> bool {
        let placed = self.get_mut(address);
        let placed = placed.filter(|placed| is_right(&placed.handle));
        placed.is_some_and(|placed| add_one(&mut placed.references))
    }

    /// Notes that so many more devices need the connection at `owner`; `None` if it has been closed.
    pub(super) fn hold_for(&mut self, owner: usize, conn: &Arc<C>, devices: usize) -> Option<()> {
        match &mut self.get_mut(owner)?.handle {
            Handle::Connection { object, holds } if Arc::ptr_eq(object, conn) => {
                *holds = holds.checked_add(u32::try_from(devices).ok()?)?;
                Some(())
            }
            _ => None,
        }
    }

    pub(super) fn add_device(&mut self, owner: usize, name: N) -> usize {
        self.add(Handle::Device {
            name,
            parent: None,
            owner,
        })
    }

    pub(super) fn add(&mut self, handle: Handle<C, N>) -> usize {
        let placed = Placed {
            maker: Maker::here(),
            references: 1,
            handle,
        };
        self.made += 1;
        match self.free_address() {
            Some((address, entry)) => {
                *entry = Entry::Used(placed);
                address
            }
            None => self.add_fresh(placed),
        }
    }

    /// Takes out what is at an address, which is free from then on.
    pub(super) fn take(&mut self, address: usize) -> Option<Handle<C, N>> {
        let free = Entry::Free {
            since: self.made,
            next: 0,
        };
        let entry = self.entry(address)?;
        let handle = match replace(entry, free) {
            Entry::Used(placed) => placed.handle,
            already => {
                *entry = already;
                return None;
            }
        };
        let before = replace(&mut self.newest, address);
        match self.entry(before) {
            Some(Entry::Free { next, .. }) => *next = address,
            _ => self.oldest = address,
        }
        Some(handle)
    }

    /// Takes an inherited connection without references out, with its devices; nothing if it has references.
    pub(super) fn take_inherited(&mut self, conn: usize) -> Vec<Handle<C, N>> {
        let is_unused = |placed: &Placed<C, N>| {
            placed.references == 0 && matches!(placed.handle, Handle::Connection { .. })
        };
        if !self.placed(conn).is_some_and(is_unused) {
            return Vec::new();
        }
        let mut addresses = vec![conn];
        for Addresses { base, entries, .. } in &self.ranges {
            let owned = entries.iter().enumerate().filter(|(_, entry)| {
                matches!(entry, Entry::Used(Placed { handle: Handle::Device { owner, .. }, .. }) if *owner == conn)
            });
            addresses.extend(owned.map(|(index, _)| base + index * SLOT));
        }
        addresses
            .into_iter()
            .filter_map(|address| self.take(address))
            .collect()
    }

    pub(super) fn take_unused_connection(&mut self, address: usize) -> Option<Handle<C, N>> {
        match self.get(address)? {
            Placed {
                references: 0,
                handle: Handle::Connection { holds: 0, .. },
                ..
            } => self.take(address),
            _ => None,
        }
    }

    /// The address that has been free for longest, if it may be used again.
    fn free_address(&mut self) -> Option<(usize, &mut Entry<C, N>)> {
        let (address, made) = (self.oldest, self.made);
        match self.entry(address) {
            Some(&mut Entry::Free { since, next }) if made - since > REUSE_DISTANCE => {
                self.oldest = next;
                if next == 0 {
                    self.newest = 0;
                }
            }
            _ => return None,
        }
        Some((address, self.entry(address)?))
    }

    /// Puts a handle to an address that was never used.
    fn add_fresh(&mut self, placed: Placed<C, N>) -> usize {
        if !self.ranges.last().is_some_and(Addresses::has_fresh) {
            let (base, size) = reserve();
            self.ranges.push(Addresses {
                base,
                size,
                entries: Vec::new(),
            });
        }
        let last = self.ranges.len() - 1;
        let Addresses { base, entries, .. } = &mut self.ranges[last];
        let address = *base + entries.len() * SLOT;
        if entries.len() == entries.capacity() {
            // Half of twice the memory would stay unused for long.
            entries.reserve_exact(64 + entries.len() / 4);
        }
        entries.push(Entry::Used(placed));
        address
    }
}

impl<C, N> Addresses<C, N> {
    fn has(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) < self.size
    }

    /// The place of an address among the entries; `None` between two handles.
    fn index(&self, address: usize) -> Option<usize> {
        let offset = address - self.base;
        (offset % SLOT == 0).then_some(offset / SLOT)
    }

    /// Whether there is an address that was never used, with zeros behind it.
    fn has_fresh(&self) -> bool {
        self.entries.len() + 1 < self.size / SLOT
    }
}

/// Reserves a range, of which it returns the beginning and the size: [`RANGE`] bytes, which can be read, are zeros, and
/// take no memory, or memory for [`FEW`] handles. It is never given back, so a stale pointer stays readable.
fn reserve() -> (usize, usize) {
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
        Ok(range) => (range.expose_provenance(), RANGE),
        Err(_) => {
            let memory: &'static mut [Slot] = Box::leak(vec![0; FEW].into_boxed_slice());
            (memory.as_mut_ptr().expose_provenance(), size_of_val(memory))
        }
    }
}
