// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The table of handles (`src/ffi/handle.rs`) with threads, with loom.

use loom::thread;

use self::handle::{Closed, Handles};
use self::sync::Arc;
use crate::loom_sync as sync;

#[path = "../../src/ffi/handle.rs"]
mod handle;

#[path = "../../src/ffi/handle_table.rs"]
mod handle_table;

#[path = "fork_alone.rs"]
mod fork;

type Table = &'static Handles<u8, u8>;

fn with_connection() -> (Table, usize, Arc<u8>) {
    let table: Table = Box::leak(Box::new(Handles::new()));
    let object = Arc::new(1);
    let address = table.add_connection(object.clone());
    (table, address, object)
}

fn add(table: Table, conn: usize, object: &Arc<u8>) -> Option<usize> {
    let added = table.add_devices(conn, object, std::iter::once(2));
    added.map(|addresses| addresses[0])
}

/// Two threads free one handle while a third looks it up: one of them succeeds, and what was found lives on.
pub fn a_handle_is_freed_once() {
    sync::every_order(|| {
        let (table, conn, object) = with_connection();
        let device = add(table, conn, &object).unwrap();
        let threads = [(); 2].map(|()| thread::spawn(move || table.release_device(device)));
        if let Some((conn, name)) = table.device(device) {
            assert_eq!((*conn, name), (1, 2));
        }
        let freed = threads.map(|thread| thread.join().unwrap());
        assert!(freed[0] != freed[1]);
        assert!(table.device(device).is_none());
        assert_eq!(table.close_connection(conn), Some(Closed::Gone));
        assert_eq!(Arc::strong_count(&object), 1);
    });
}

/// A connection is closed while another thread makes a handle on one of its devices: either there is no handle, or it keeps the
/// connection until it is freed.
pub fn a_closing_connection_gets_no_device() {
    sync::every_order(|| {
        let (table, conn, object) = with_connection();
        let adder = {
            let object = object.clone();
            thread::spawn(move || add(table, conn, &object))
        };
        let closed = table.close_connection(conn).unwrap();
        match adder.join().unwrap() {
            Some(device) => {
                assert_eq!(closed, Closed::StillUsed);
                assert!(table.connection(conn).is_some());
                assert!(table.release_device(device));
            }
            None => assert_eq!(closed, Closed::Gone),
        }
        assert!(table.connection(conn).is_none());
        assert_eq!(Arc::strong_count(&object), 1);
    });
}

/// A connection is closed, its last device freed and a hold on it given back by three threads at once: it goes with the last.
pub fn the_last_one_closes() {
    sync::every_order(|| {
        let (table, conn, object) = with_connection();
        let device = add(table, conn, &object).unwrap();
        assert!(table.hold_connection(conn));
        let freeing = thread::spawn(move || assert!(table.release_device(device)));
        let giving_back = thread::spawn(move || table.release_connection(conn));
        assert!(table.close_connection(conn).is_some());
        freeing.join().unwrap();
        giving_back.join().unwrap();
        assert!(table.connection(conn).is_none());
        assert_eq!(Arc::strong_count(&object), 1);
    });
}
