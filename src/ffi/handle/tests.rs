// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Tests of the table of handles.

use super::super::handle_table::{Addresses, Entry, REUSE_DISTANCE, Slot};
use super::*;
use crate::ffi::fork::Maker;

type Table = &'static Handles<String, u32>;

fn with_connection() -> (Table, usize, Arc<String>) {
    // Locks of the process live as long as it does.
    let table: Table = Box::leak(Box::new(Handles::new()));
    let conn = Arc::new("conn".to_string());
    let address = table.add_connection(conn.clone());
    (table, address, conn)
}

fn add(table: Table, owner: usize, conn: &Arc<String>, device: u32) -> usize {
    table
        .add_devices(owner, conn, std::iter::once(device))
        .unwrap()[0]
}

fn name_of(table: Table, device: usize) -> Option<u32> {
    table.device(device).map(|(_, name)| name)
}

#[test]
fn handles_are_found_by_their_address_only() {
    let (table, conn, object) = with_connection();
    let devices = table.add_devices(conn, &object, 0..200).unwrap();
    for (number, &address) in devices.iter().enumerate() {
        assert_eq!(name_of(table, address), Some(number as u32));
    }
    assert_eq!(
        table.connection(conn).as_deref().map(String::as_str),
        Some("conn")
    );
    let local = 0u64;
    let foreign = [
        0,
        1,
        conn + 1,
        conn + 4,
        // The next one to be made.
        devices[199] + 8,
        usize::MAX,
        (&raw const local).addr(),
    ];
    for address in foreign {
        assert!(table.connection(address).is_none(), "{address:#x}");
        assert!(table.device(address).is_none(), "{address:#x}");
        assert!(table.close_connection(address).is_none());
        assert!(!table.release_device(address));
        assert!(!table.reference_connection(address));
        assert!(!table.reference_device(address));
    }
}

#[test]
fn a_device_belongs_to_its_connection_and_keeps_its_parent() {
    let (table, one, of_one) = with_connection();
    let of_other = Arc::new("other".to_string());
    let other = table.add_connection(of_other.clone());
    let (a, b) = (add(table, one, &of_one, 1), add(table, other, &of_other, 2));
    assert!(Arc::ptr_eq(&table.device(a).unwrap().0, &of_one));
    assert!(Arc::ptr_eq(&table.device(b).unwrap().0, &of_other));
    assert_eq!(table.parent(a), None);
    assert_eq!(table.keep_parent(a, 7), Some(7));
    assert_eq!(table.keep_parent(a, 8), Some(7));
    assert_eq!((table.parent(a), table.parent(b)), (Some(7), None));
    assert_eq!((table.parent(one), table.keep_parent(one, 7)), (None, None));
    assert!(table.release_device(a));
    assert_eq!((table.parent(a), table.keep_parent(a, 7)), (None, None));
}

/// A machine can have hundreds of thousands of devices, and a program a handle on each.
#[test]
fn a_handle_takes_little_memory() {
    let size = size_of::<Entry<String, Arc<std::ffi::CStr>>>();
    assert!(size <= 48, "{size}");
}

#[test]
fn the_wrong_kind_is_not_found() {
    let (table, conn, object) = with_connection();
    let device = add(table, conn, &object, 1);
    assert!(table.device(conn).is_none());
    assert!(table.connection(device).is_none());
    assert!(table.close_connection(device).is_none());
    assert!(!table.release_device(conn));
    assert!(!table.reference_connection(device));
    assert!(!table.reference_device(conn));
    assert_eq!(name_of(table, device), Some(1));
}

#[test]
fn a_freed_handle_is_gone_and_cannot_be_freed_again() {
    let (table, conn, object) = with_connection();
    let device = add(table, conn, &object, 1);
    assert!(table.reference_device(device));
    assert!(table.release_device(device));
    assert!(table.device(device).is_some());
    assert!(table.release_device(device));
    assert!(table.device(device).is_none());
    assert!(!table.release_device(device));
    assert!(!table.reference_device(device));
}

#[test]
fn devices_keep_their_connection() {
    let (table, conn, object) = with_connection();
    let (a, b) = (add(table, conn, &object, 1), add(table, conn, &object, 2));
    assert_eq!(table.close_connection(conn), Some(Closed::StillUsed));
    assert!(table.connection(conn).is_some());
    // All references of the program are back: there is nothing left to close.
    assert_eq!(table.close_connection(conn), None);
    assert!(table.release_device(a));
    assert!(table.connection(conn).is_some());
    assert!(table.release_device(b));
    assert!(table.connection(conn).is_none());
    assert_eq!(Arc::strong_count(&object), 1);
}

#[test]
fn references_keep_a_connection() {
    let (table, conn, object) = with_connection();
    assert!(table.reference_connection(conn));
    assert_eq!(table.close_connection(conn), Some(Closed::StillUsed));
    assert_eq!(table.close_connection(conn), Some(Closed::Gone));
    assert_eq!(table.close_connection(conn), None);
    assert_eq!(Arc::strong_count(&object), 1);
    assert!(table.add_devices(conn, &object, [1].into_iter()).is_none());
}

#[test]
fn devices_are_added_to_the_connection_that_was_meant() {
    let (table, conn, _) = with_connection();
    let other = Arc::new("other".to_string());
    assert!(table.add_devices(conn, &other, [1].into_iter()).is_none());
    assert_eq!(table.close_connection(conn), Some(Closed::Gone));
}

#[test]
fn an_address_comes_back_only_after_many_others() {
    let (table, conn, object) = with_connection();
    let first = add(table, conn, &object, 1);
    table.release_device(first);
    for number in 0..REUSE_DISTANCE {
        let address = add(table, conn, &object, number as u32);
        assert_ne!(address, first, "after {number} others");
        table.release_device(address);
    }
    assert_eq!(add(table, conn, &object, 0), first);
}

#[test]
fn the_table_stops_growing() {
    let (table, conn, object) = with_connection();
    for _ in 0..20 {
        let devices = table.add_devices(conn, &object, 0..10_000).unwrap();
        for address in devices {
            assert!(table.release_device(address));
        }
    }
    let table = table.read();
    let used: usize = table.ranges.iter().map(|range| range.entries.len()).sum();
    assert!(used <= REUSE_DISTANCE as usize + 10_001, "{used}");
}

#[test]
fn the_bytes_of_a_handle_are_zero() {
    let (_table, conn, _object) = with_connection();
    // Those behind it, too: a check by another library may read 16.
    let slots: *const [Slot; 2] = std::ptr::with_exposed_provenance(conn);
    // SAFETY: the memory of handles is never given back, and goes on behind each of them.
    assert_eq!(unsafe { slots.read() }, [0, 0]);
}

#[test]
fn threads_see_their_own_handles_and_lose_none() {
    let (table, conn, object) = with_connection();
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let object = &object;
            scope.spawn(move || {
                for round in 0..2_000u32 {
                    let value = thread << 16 | round;
                    let address = add(table, conn, object, value);
                    assert_eq!(name_of(table, address), Some(value));
                    assert!(table.release_device(address));
                    assert!(!table.release_device(address));
                }
            });
        }
    });
    assert_eq!(table.close_connection(conn), Some(Closed::Gone));
    assert_eq!(Arc::strong_count(&object), 1);
}

/// Makes everything in the table what a child process finds there.
fn inherit(table: Table) {
    for Addresses { entries, .. } in &mut table.write().ranges {
        for entry in entries {
            if let Entry::Used(placed) = entry {
                placed.maker = Maker::another();
            }
        }
    }
}

#[test]
fn what_was_inherited_can_only_be_closed() {
    let (table, conn, object) = with_connection();
    let device = add(table, conn, &object, 1);
    assert!(table.reference_connection(conn));
    inherit(table);
    let own = table.add_connection(Arc::new("own".to_string()));
    let own_device = add(table, own, &table.connection(own).unwrap(), 2);
    assert!(table.is_inherited(conn) && table.is_inherited(device));
    assert!(!table.is_inherited(own) && !table.is_inherited(own + 1));
    assert!(table.connection(conn).is_none() && table.device(device).is_none());
    assert!(!table.reference_connection(conn) && !table.reference_device(device));
    assert!(!table.hold_connection(conn) && !table.release_device(device));
    assert_eq!(table.close_connection(device), None);
    assert_eq!(table.close_connection(conn), Some(Closed::StillUsed));
    assert_eq!(table.close_connection(conn), Some(Closed::Gone));
    assert_eq!(table.close_connection(conn), None);
    assert!(!table.is_inherited(device));
    assert_eq!(Arc::strong_count(&object), 1);
    assert_eq!(name_of(table, own_device), Some(2));
}
