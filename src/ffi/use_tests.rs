// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The C functions as a program uses them: lists, strings, references, errors and handlers.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::slice;

use super::connect::*;
use super::connect_info::*;
use super::device::*;
use super::device_list::*;
use super::error::*;
use super::store::record::NO_ERROR;
use super::testing::*;
use super::types::*;

#[test]
fn a_connection_tells_of_itself() {
    let conn = open();
    assert_eq!(text(virConnectGetType(conn)).as_deref(), Some("TEST"));
    assert_eq!(
        owned_text(virConnectGetURI(conn)).as_deref(),
        Some("test:///default")
    );
    assert!(owned_text(virConnectGetHostname(conn)).is_some_and(|h| !h.is_empty()));
    assert!(
        owned_text(virConnectGetCapabilities(conn)).is_some_and(|c| c.contains("<capabilities>"))
    );
    let mut version = 0;
    // SAFETY: the out-parameter is the test's.
    assert_eq!(unsafe { virConnectGetLibVersion(conn, &mut version) }, 0);
    assert_eq!(version, 12008000);
    // SAFETY: the out-parameter is the test's.
    assert_eq!(unsafe { virConnectGetVersion(conn, &mut version) }, 0);
    // The version that libvirt's test driver tells.
    assert_eq!(version, 2);
    assert_eq!((virConnectIsAlive(conn), virConnectIsSecure(conn)), (1, 1));
    assert_eq!(virConnectIsEncrypted(conn), 0);
    assert_eq!(virConnectSetKeepAlive(conn, 5, 3), 0);
    unsafe extern "C-unwind" fn closed(_: virConnectPtr, _: c_int, _: *mut c_void) {}
    assert_eq!(
        virConnectRegisterCloseCallback(conn, Some(closed), ptr::null_mut(), None),
        0
    );
    assert_eq!(virConnectUnregisterCloseCallback(conn, Some(closed)), 0);
    assert_eq!(virConnectClose(conn), 0);
}

fn list(conn: virConnectPtr) -> (*mut virNodeDevicePtr, usize) {
    let mut devices = ptr::null_mut();
    // SAFETY: the out-parameter is the test's.
    let count = unsafe { virConnectListAllNodeDevices(conn, &mut devices, 0) };
    (devices, usize::try_from(count).expect("a list"))
}

#[test]
fn a_list_of_all_devices_ends_with_null() {
    let conn = open();
    let (devices, count) = list(conn);
    // SAFETY: the list has a NULL behind the last.
    let all = unsafe { slice::from_raw_parts(devices, count + 1) };
    let names = |d: &virNodeDevicePtr| text(virNodeDeviceGetName(*d)).expect("a name");
    let mut found: Vec<String> = all[..count].iter().map(names).collect();
    assert_eq!(found[0], "computer");
    found.sort();
    assert_eq!(found, DEVICES);
    assert!(all[count].is_null());
    // SAFETY: NULL only counts.
    let counted = unsafe { virConnectListAllNodeDevices(conn, ptr::null_mut(), 0) };
    assert_eq!(counted as usize, count);
    // Each device keeps the connection.
    assert_eq!(virConnectClose(conn), 1);
    for device in &all[..count] {
        assert_eq!(virConnectIsAlive(conn), 1);
        assert_eq!(virNodeDeviceFree(*device), 0);
    }
    assert_eq!(virConnectIsAlive(conn), -1);
    // SAFETY: from malloc, as the function promises.
    unsafe { libc::free(devices.cast()) };
}

#[test]
fn names_go_into_the_callers_array() {
    let conn = open();
    let mut names = [ptr::null_mut(); 6];
    let at = names.as_mut_ptr();
    // SAFETY: the array has room for six.
    let rc = unsafe { virNodeListDevices(conn, ptr::null(), at, 6, 0) };
    assert_eq!(rc, 4);
    let mut found: Vec<_> = names.iter().filter_map(|n| owned_text(*n)).collect();
    found.sort();
    assert_eq!(found, DEVICES);
    let mut names = [ptr::null_mut(); 2];
    let at = names.as_mut_ptr();
    // SAFETY: there is room for one more than is asked for.
    let rc = unsafe { virNodeListDevices(conn, c"scsi_host".as_ptr(), at, 1, 0) };
    assert_eq!(rc, 1);
    assert!(owned_text(names[0]).is_some_and(|n| n.starts_with("scsi_host")));
    assert!(names[1].is_null());
    // SAFETY: nothing is stored.
    let rc = unsafe { virNodeListDevices(conn, ptr::null(), ptr::null_mut(), 0, 0) };
    assert_eq!(rc, 0);
    for (cap, count) in [(c"scsi_host", 3), (c"bogus", 0), (c"", 0), (c"\xff", 0)] {
        // SAFETY: a NUL-terminated string.
        let found = unsafe { virNodeNumOfDevices(conn, cap.as_ptr(), 0) };
        assert_eq!(found, count, "{cap:?}");
    }
    assert_eq!(virConnectClose(conn), 0);
}

#[test]
fn a_device_tells_of_itself() {
    let conn = open();
    let device = lookup(conn, "scsi_host1");
    let name = virNodeDeviceGetName(device);
    assert_eq!(text(name).as_deref(), Some("scsi_host1"));
    assert_eq!(virNodeDeviceGetName(device), name);
    let parent = virNodeDeviceGetParent(device);
    assert_eq!(text(parent).as_deref(), Some("computer"));
    assert_eq!(virNodeDeviceGetParent(device), parent);
    // As libvirt 12.8.0's test driver has it: none that is nested.
    assert_eq!(virNodeDeviceNumOfCaps(device), 1);
    let mut caps = [ptr::null_mut(); 3];
    // SAFETY: the array has room for three.
    let rc = unsafe { virNodeDeviceListCaps(device, caps.as_mut_ptr(), 3) };
    assert_eq!(rc, 1);
    assert_eq!(owned_text(caps[0]).as_deref(), Some("scsi_host"));
    let xml = owned_text(virNodeDeviceGetXMLDesc(device, 0)).expect("XML");
    assert!(
        xml.starts_with("<device>\n  <name>scsi_host1</name>\n"),
        "{xml}"
    );
    assert_eq!(virNodeDeviceIsActive(device), 1);
    assert_eq!(virNodeDeviceFree(device), 0);
    assert_eq!(virConnectClose(conn), 0);
}

#[test]
fn references_must_all_be_given_back() {
    let conn = open();
    assert_eq!(virConnectRef(conn), 0);
    let device = lookup(conn, "computer");
    assert_eq!(virNodeDeviceRef(device), 0);
    assert_eq!(virConnectClose(conn), 1);
    assert_eq!(virConnectClose(conn), 1);
    // The device alone keeps it now: there is no reference left to give back.
    assert_eq!(virConnectClose(conn), -1);
    assert_eq!(last_words().0, 6);
    assert_eq!(virNodeDeviceFree(device), 0);
    assert_eq!(virNodeDeviceIsActive(device), 1);
    assert_eq!(virNodeDeviceFree(device), 0);
    assert_eq!(virNodeDeviceFree(device), -1);
    assert_eq!(last_words().0, 52);
    assert_eq!(virConnectIsAlive(conn), -1);
}

#[test]
fn a_connection_keeps_its_own_last_error() {
    let conn = open();
    assert!(lookup(conn, "nosuch").is_null());
    // As libvirt 12.8.0 reports it.
    let expected = || {
        Some(Seen {
            code: 53,
            domain: 12,
            message: "Node device not found: no node device with matching name 'nosuch'".into(),
            str1: Some("Node device not found: %1$s".into()),
            str2: Some("no node device with matching name 'nosuch'".into()),
            ints: (-1, -1),
        })
    };
    assert_eq!(last(), expected());
    assert_eq!((virGetLastErrorCode(), virGetLastErrorDomain()), (53, 12));
    assert_eq!(virConnectIsAlive(conn), 1);
    assert_eq!(last(), None);
    assert_eq!((virGetLastErrorCode(), virGetLastErrorDomain()), (0, 0));
    assert_eq!(text(virGetLastErrorMessage()).as_deref(), Some("no error"));
    assert_eq!(seen(virConnGetLastError(conn)), expected());
    let mut copy = NO_ERROR;
    // SAFETY: a record of the test.
    assert_eq!(unsafe { virConnCopyLastError(conn, &mut copy) }, 53);
    virConnResetLastError(conn);
    assert_eq!(seen(&mut copy), expected());
    // SAFETY: filled by the library.
    unsafe { virResetError(&mut copy) };
    assert_eq!((copy.code, copy.message), (0, ptr::null_mut()));
    // SAFETY: the record of the connection.
    assert_eq!(unsafe { virConnGetLastError(conn).read() }.code, 0);
    // SAFETY: a record of the test.
    assert_eq!(unsafe { virConnCopyLastError(conn, &mut copy) }, 0);
    // SAFETY: NULL is refused.
    assert_eq!(unsafe { virConnCopyLastError(conn, ptr::null_mut()) }, -1);
    // SAFETY: what is no connection is refused.
    let rc = unsafe { virConnCopyLastError(ptr::null_mut(), &mut copy) };
    assert_eq!(rc, -1);
    assert!(virConnGetLastError(ptr::null_mut()).is_null());
    virConnResetLastError(ptr::null_mut());
    assert_eq!(virConnectClose(conn), 0);
}

#[test]
fn errors_are_saved_and_copied() {
    let conn = open();
    let saved = virSaveLastError();
    // SAFETY: a record of the library.
    assert_eq!(unsafe { saved.read() }.code, 0);
    // SAFETY: from virSaveLastError.
    unsafe { virFreeError(saved) };
    assert!(lookup(conn, "nosuch").is_null());
    let before = last();
    // SAFETY: no descriptor has this number, so errno is set.
    unsafe { libc::close(-1) };
    let saved = virSaveLastError();
    let errno = std::io::Error::last_os_error().raw_os_error();
    assert_eq!(errno, Some(libc::EBADF));
    let mut copy = NO_ERROR;
    // SAFETY: a record of the test.
    assert_eq!(unsafe { virCopyLastError(&mut copy) }, 53);
    virResetLastError();
    assert_eq!(last(), None);
    assert_eq!((seen(saved), seen(&mut copy)), (before, seen(saved)));
    // SAFETY: from virSaveLastError.
    unsafe { virFreeError(saved) };
    // SAFETY: filled by the library.
    unsafe { virResetError(&mut copy) };
    // SAFETY: NULL is refused.
    assert_eq!(unsafe { virCopyLastError(ptr::null_mut()) }, -1);
    // SAFETY: NULL does nothing.
    unsafe { virResetError(ptr::null_mut()) };
    // SAFETY: NULL does nothing.
    unsafe { virFreeError(ptr::null_mut()) };
    // SAFETY: NULL does nothing.
    unsafe { virDefaultErrorFunc(ptr::null_mut()) };
    assert_eq!(virConnectClose(conn), 0);
}

#[test]
fn each_thread_has_its_own_last_error() {
    let conn = open();
    assert!(lookup(conn, "nosuch").is_null());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(last(), None);
            assert_eq!(virNodeDeviceFree(ptr::null_mut()), -1);
            assert_eq!(virGetLastErrorCode(), 52);
        });
    });
    assert_eq!(virGetLastErrorCode(), 53);
    assert_eq!(virConnectClose(conn), 0);
}

thread_local! {
    static CALLS: Cell<(u32, c_int)> = const { Cell::new((0, 0)) };
}

/// Counts, and uses the library as a handler may.
unsafe extern "C-unwind" fn own_handler(user: *mut c_void, error: virErrorPtr) {
    // SAFETY: handlers get a record.
    let code = unsafe { error.read() }.code;
    assert_eq!(virGetLastErrorCode(), code);
    let conn: virConnectPtr = user.cast();
    // No lock is held: the connection answers, and can change its handler.
    // SAFETY: no handler is set.
    unsafe { virConnSetErrorFunc(conn, ptr::null_mut(), None) };
    // SAFETY: this handler takes the connection as its data.
    unsafe { virConnSetErrorFunc(conn, user, Some(own_handler)) };
    // SAFETY: the record of the connection.
    let kept = unsafe { virConnGetLastError(conn).read() }.code;
    CALLS.with(|calls| calls.set((calls.get().0 + 1, kept)));
}

#[test]
fn a_connections_handler_is_told_instead_of_the_global_one() {
    let conn = open();
    told();
    assert!(lookup(conn, "nosuch").is_null());
    assert_eq!(told(), [53]);
    // SAFETY: the handler takes the connection as its data.
    unsafe { virConnSetErrorFunc(conn, conn.cast(), Some(own_handler)) };
    assert!(lookup(conn, "nosuch").is_null());
    assert_eq!((told(), CALLS.get()), (vec![], (1, 53)));
    // An error without a connection goes to the global one.
    assert_eq!(virNodeDeviceFree(ptr::null_mut()), -1);
    assert_eq!((told(), CALLS.get()), (vec![52], (1, 53)));
    // SAFETY: nothing is registered on what is no connection.
    unsafe { virConnSetErrorFunc(ptr::null_mut(), ptr::null_mut(), Some(own_handler)) };
    // SAFETY: no handler is set.
    unsafe { virConnSetErrorFunc(conn, ptr::null_mut(), None) };
    assert!(lookup(conn, "nosuch").is_null());
    assert_eq!((told(), CALLS.get()), (vec![53], (1, 53)));
    assert_eq!(virConnectClose(conn), 0);
}

/// libvirt 12.8.0 keeps a driver's error there without telling anyone.
#[test]
fn a_missing_parent_is_stored_but_not_told() {
    let conn = open();
    let computer = lookup(conn, "computer");
    virConnResetLastError(conn);
    told();
    assert!(virNodeDeviceGetParent(computer).is_null());
    let text = "internal error: no parent for this device";
    assert_eq!((last_words(), told()), ((1, 12, text.into()), vec![]));
    // SAFETY: the record of the connection.
    assert_eq!(unsafe { virConnGetLastError(conn).read() }.code, 0);
    assert!(virNodeDeviceGetParent(ptr::null_mut()).is_null());
    assert_eq!(told(), [52]);
    assert_eq!(virNodeDeviceFree(computer), 0);
    assert_eq!(virConnectClose(conn), 0);
}

/// As libvirt 12.8.0 reports a lookup that sets no error.
#[test]
fn a_failure_without_a_cause_says_so() {
    let conn = open();
    let wwn = c"1000000000000000".as_ptr();
    // SAFETY: NUL-terminated strings.
    let found = unsafe { virNodeDeviceLookupSCSIHostByWWN(conn, wwn, wwn, 0) };
    assert!(found.is_null());
    let expected = Seen {
        code: 1,
        domain: 0,
        message: "An error occurred, but the cause is unknown".into(),
        str1: None,
        str2: None,
        ints: (0, 0),
    };
    assert_eq!(last(), Some(expected));
    assert_eq!(virConnectClose(conn), 0);
}

#[test]
fn a_name_that_is_no_text_is_not_found() {
    let conn = open();
    let name: &CStr = c"net_\xff";
    // SAFETY: a NUL-terminated string.
    let found = unsafe { virNodeDeviceLookupByName(conn, name.as_ptr()) };
    assert!(found.is_null());
    let (code, domain, message) = last_words();
    assert_eq!((code, domain), (53, 12));
    assert!(message.ends_with("'net_\u{fffd}'"), "{message}");
    assert_eq!(virConnectClose(conn), 0);
}
