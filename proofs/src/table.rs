// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The table of handles (`src/ffi/handle.rs`) in one thread: every sequence of calls up to a length, beside a list of what must
//! be alive.

use std::sync::Arc;

use self::handle::{Closed, Handles};

#[path = "../../src/ffi/handle.rs"]
mod handle;

#[path = "../../src/ffi/handle_table.rs"]
mod handle_table;

mod sync {
    pub use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
}

#[path = "fork_alone.rs"]
mod fork;

type Table = &'static Handles<usize, usize>;

/// A handle as the sequence so far has left it.
struct Expected {
    address: usize,
    object: usize,
    /// Of a device, the place of its connection in the list.
    owner: Option<usize>,
    references: u32,
}

/// What must be true after some calls.
#[derive(Default)]
struct Model(Vec<Expected>);

impl Model {
    /// Whether the handle is alive: it has references, or as a connection devices that have.
    fn lives(&self, at: usize) -> bool {
        let is_kept = |device: &Expected| device.owner == Some(at) && device.references > 0;
        self.0[at].references > 0 || self.0.iter().any(is_kept)
    }

    fn check(&self, table: Table) {
        for (at, handle) in self.0.iter().enumerate() {
            let found = match handle.owner {
                Some(owner) => table.device(handle.address).map(|(conn, name)| {
                    assert_eq!(*conn, self.0[owner].object);
                    name
                }),
                None => table.connection(handle.address).as_deref().copied(),
            };
            let expected = self.lives(at).then_some(handle.object);
            assert_eq!(found, expected);
            // Never as the other kind, nor one byte or half a handle beside it.
            match handle.owner {
                Some(_) => assert!(table.connection(handle.address).is_none()),
                None => assert!(table.device(handle.address).is_none()),
            }
            assert!(table.device(handle.address + 1).is_none());
            assert!(table.connection(handle.address + 4).is_none());
        }
    }

    /// Does call number `call` of those that there are, on the table and here.
    fn step(&mut self, table: Table, call: usize) {
        let object = self.0.len();
        let Some((what, at)) = call.checked_sub(1).map(|rest| (rest % 3, rest / 3)) else {
            let address = table.add_connection(Arc::new(object));
            assert!(self.0.iter().all(|other| other.address != address), "used again");
            self.0.push(Expected { address, object, owner: None, references: 1 });
            return;
        };
        let Some(&Expected { address, owner, references, .. }) = self.0.get(at) else {
            return;
        };
        let lives = self.lives(at);
        match (what, owner) {
            // A device of this connection; of a device there is none.
            (0, _) => {
                let conn = table.connection(address);
                assert_eq!(conn.is_some(), lives && owner.is_none());
                let Some(conn) = conn else { return };
                let devices = std::iter::once(object);
                let address = table.add_devices(address, &conn, devices).unwrap()[0];
                assert!(self.0.iter().all(|other| other.address != address), "used again");
                self.0.push(Expected { address, object, owner: Some(at), references: 1 });
            }
            (1, None) => {
                assert_eq!(table.reference_connection(address), lives);
                assert!(!table.reference_device(address));
                self.0[at].references += u32::from(lives);
            }
            (1, Some(_)) => {
                assert_eq!(table.reference_device(address), lives);
                assert!(!table.reference_connection(address));
                self.0[at].references += u32::from(lives);
            }
            (_, None) => {
                assert!(!table.release_device(address));
                self.0[at].references = references.saturating_sub(1);
                let expected = match (references, self.lives(at)) {
                    (0, _) => None,
                    (_, true) => Some(Closed::StillUsed),
                    (_, false) => Some(Closed::Gone),
                };
                assert_eq!(table.close_connection(address), expected);
            }
            (_, Some(_)) => {
                assert!(table.close_connection(address).is_none());
                assert_eq!(table.release_device(address), lives);
                self.0[at].references = references.saturating_sub(1);
            }
        }
    }
}

/// Every sequence of `length` calls: making a connection, and for each of the first `handles` handles, dead or alive, making a
/// device of it, adding a reference and dropping one. A connection that only its devices keep may get devices and references
/// again. Returns how many sequences there were.
pub fn every_sequence(length: u32, handles: usize) -> usize {
    let calls = 1 + 3 * handles;
    let count = calls.pow(length);
    for number in 0..count {
        let table: Table = Box::leak(Box::new(Handles::new()));
        let mut model = Model::default();
        let mut rest = number;
        for _ in 0..length {
            model.step(table, rest % calls);
            rest /= calls;
            // What a call leaves is looked at where the sequence ends: each beginning of one is a sequence, too.
        }
        model.check(table);
    }
    count
}

/// Every sequence of `length` of these: making a handle, freeing the oldest, and making and freeing 65,534 others. No address is
/// used again before 65,536 others were made since it was freed.
pub fn no_address_comes_back_early(length: u32) -> usize {
    const DISTANCE: u64 = 65_536;
    let count = 3usize.pow(length);
    for number in 0..count {
        let table: Table = Box::leak(Box::new(Handles::new()));
        let object = Arc::new(0);
        let conn = table.add_connection(object.clone());
        let mut made = 1u64;
        let mut live = std::collections::VecDeque::new();
        let mut freed = std::collections::HashMap::new();
        let mut rest = number;
        for _ in 0..length {
            let rounds = if rest % 3 == 2 { DISTANCE - 2 } else { 1 };
            for _ in 0..rounds {
                if rest % 3 != 1 {
                    let address = table.add_devices(conn, &object, std::iter::once(0)).unwrap()[0];
                    if let Some(at) = freed.remove(&address) {
                        assert!(made - at >= DISTANCE, "{}", made - at);
                    }
                    made += 1;
                    live.push_back(address);
                }
                let oldest = (rest % 3 != 0).then(|| live.pop_front()).flatten();
                if let Some(address) = oldest {
                    assert!(table.release_device(address));
                    freed.insert(address, made);
                }
            }
            rest /= 3;
        }
    }
    count
}
