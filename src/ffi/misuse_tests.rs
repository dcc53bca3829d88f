// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Handles, flags and arguments that are refused. Expected codes, domains and texts are those
//! that libvirt 12.8.0 gives for the standard checks.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::ptr;

use super::connect::*;
use super::connect_info::*;
use super::device::*;
use super::device_change::*;
use super::device_event::*;
use super::device_list::*;
use super::error::*;
use super::machine::*;
use super::testing::*;
use super::types::*;

const NAME: *const c_char = c"computer".as_ptr();
const XML: *const c_char = c"<device/>".as_ptr();

fn failed<T>(pointer: *const T) -> bool {
    pointer.is_null()
}

type OnConn = (&'static str, c_int, fn(virConnectPtr) -> bool);

/// Every function that takes a connection, with its error domain and whether it failed.
#[rustfmt::skip]
const ON_CONN: &[OnConn] = &[
    ("virConnectClose", 0, |c| virConnectClose(c) == -1),
    ("virConnectRef", 20, |c| virConnectRef(c) == -1),
    ("virConnectGetType", 20, |c| failed(virConnectGetType(c))),
    // SAFETY: the out-parameter is NULL, and the connection is refused before it matters.
    ("virConnectGetVersion", 20, |c| unsafe { virConnectGetVersion(c, ptr::null_mut()) } == -1),
    // SAFETY: as above.
    ("virConnectGetLibVersion", 20, |c| unsafe { virConnectGetLibVersion(c, ptr::null_mut()) } == -1),
    ("virConnectGetHostname", 20, |c| failed(virConnectGetHostname(c))),
    ("virConnectGetURI", 20, |c| failed(virConnectGetURI(c))),
    ("virConnectGetCapabilities", 20, |c| failed(virConnectGetCapabilities(c))),
    ("virConnectGetSysinfo", 20, |c| failed(virConnectGetSysinfo(c, 0))),
    ("virConnectGetMaxVcpus", 20, |c| virConnectGetMaxVcpus(c, ptr::null()) == -1),
    ("virNodeGetFreeMemory", 20, |c| virNodeGetFreeMemory(c) == 0),
    // SAFETY: NULL where numbers go.
    ("virNodeGetInfo", 20, |c| unsafe { virNodeGetInfo(c, ptr::null_mut()) } == -1),
    // SAFETY: as above.
    ("virNodeGetCellsFreeMemory", 20, |c| unsafe { virNodeGetCellsFreeMemory(c, ptr::null_mut(), -1, 0) } == -1),
    // SAFETY: as above.
    ("virNodeGetCPUMap", 20, |c| unsafe { virNodeGetCPUMap(c, ptr::null_mut(), ptr::null_mut(), 9) } == -1),
    // SAFETY: as above.
    ("virNodeGetCPUStats", 20, |c| unsafe { virNodeGetCPUStats(c, -9, ptr::null_mut(), ptr::null_mut(), 9) } == -1),
    // SAFETY: as above.
    ("virNodeGetMemoryStats", 20, |c| unsafe { virNodeGetMemoryStats(c, -9, ptr::null_mut(), ptr::null_mut(), 9) } == -1),
    ("virConnectIsEncrypted", 20, |c| virConnectIsEncrypted(c) == -1),
    ("virConnectIsSecure", 20, |c| virConnectIsSecure(c) == -1),
    ("virConnectIsAlive", 20, |c| virConnectIsAlive(c) == -1),
    ("virConnectSetKeepAlive", 20, |c| virConnectSetKeepAlive(c, 5, 3) == -1),
    ("virConnectRegisterCloseCallback", 20, |c| virConnectRegisterCloseCallback(c, None, ptr::null_mut(), None) == -1),
    ("virConnectUnregisterCloseCallback", 20, |c| virConnectUnregisterCloseCallback(c, None) == -1),
    // SAFETY: NULL where strings and arrays go, and flags that would be refused later.
    ("virNodeNumOfDevices", 22, |c| unsafe { virNodeNumOfDevices(c, ptr::null(), 99) } == -1),
    // SAFETY: as above.
    ("virNodeListDevices", 22, |c| unsafe { virNodeListDevices(c, ptr::null(), ptr::null_mut(), -1, 99) } == -1),
    // SAFETY: as above.
    ("virConnectListAllNodeDevices", 22, |c| unsafe { virConnectListAllNodeDevices(c, ptr::null_mut(), 1 << 24) } == -1),
    // SAFETY: as above.
    ("virNodeDeviceLookupByName", 22, |c| failed(unsafe { virNodeDeviceLookupByName(c, ptr::null()) })),
    // SAFETY: as above.
    ("virNodeDeviceLookupSCSIHostByWWN", 22, |c| failed(unsafe { virNodeDeviceLookupSCSIHostByWWN(c, ptr::null(), ptr::null(), 9) })),
    // SAFETY: as above.
    ("virNodeDeviceCreateXML", 22, |c| failed(unsafe { virNodeDeviceCreateXML(c, ptr::null(), 99) })),
    // SAFETY: as above.
    ("virNodeDeviceDefineXML", 22, |c| failed(unsafe { virNodeDeviceDefineXML(c, ptr::null(), 99) })),
    // SAFETY: as above; there is no function to be called.
    ("virConnectNodeDeviceEventRegisterAny", 22, |c| unsafe { virConnectNodeDeviceEventRegisterAny(c, ptr::null_mut(), -1, None, ptr::null_mut(), None) } == -1),
    ("virConnectNodeDeviceEventDeregisterAny", 22, |c| virConnectNodeDeviceEventDeregisterAny(c, -1) == -1),
];

type OnDevice = (&'static str, fn(virNodeDevicePtr) -> bool);

/// Every function that takes a device and may be called on a read-only connection.
#[rustfmt::skip]
const READING: &[OnDevice] = &[
    ("virNodeDeviceGetName", |d| failed(virNodeDeviceGetName(d))),
    ("virNodeDeviceGetParent", |d| failed(virNodeDeviceGetParent(d))),
    ("virNodeDeviceNumOfCaps", |d| virNodeDeviceNumOfCaps(d) == -1),
    // SAFETY: there is no room for anything.
    ("virNodeDeviceListCaps", |d| unsafe { virNodeDeviceListCaps(d, ptr::null_mut(), -1) } == -1),
    ("virNodeDeviceGetXMLDesc", |d| failed(virNodeDeviceGetXMLDesc(d, 99))),
    ("virNodeDeviceRef", |d| virNodeDeviceRef(d) == -1),
    ("virNodeDeviceFree", |d| virNodeDeviceFree(d) == -1),
    ("virNodeDeviceIsActive", |d| virNodeDeviceIsActive(d) == -1),
    ("virNodeDeviceIsPersistent", |d| virNodeDeviceIsPersistent(d) == -1),
    // SAFETY: NULL is refused.
    ("virNodeDeviceGetAutostart", |d| unsafe { virNodeDeviceGetAutostart(d, ptr::null_mut()) } == -1),
];

/// Every function that takes a device and changes something.
#[rustfmt::skip]
const CHANGING: &[OnDevice] = &[
    ("virNodeDeviceDettach", |d| virNodeDeviceDettach(d) == -1),
    // SAFETY: NULL where a string goes.
    ("virNodeDeviceDetachFlags", |d| unsafe { virNodeDeviceDetachFlags(d, ptr::null(), 99) } == -1),
    ("virNodeDeviceReAttach", |d| virNodeDeviceReAttach(d) == -1),
    ("virNodeDeviceReset", |d| virNodeDeviceReset(d) == -1),
    ("virNodeDeviceDestroy", |d| virNodeDeviceDestroy(d) == -1),
    ("virNodeDeviceUndefine", |d| virNodeDeviceUndefine(d, 99) == -1),
    ("virNodeDeviceCreate", |d| virNodeDeviceCreate(d, 99) == -1),
    ("virNodeDeviceSetAutostart", |d| virNodeDeviceSetAutostart(d, 1) == -1),
    // SAFETY: NULL where a string goes.
    ("virNodeDeviceUpdate", |d| unsafe { virNodeDeviceUpdate(d, ptr::null(), 99) } == -1),
];

#[test]
fn what_is_no_connection_is_code_6() {
    let conn = open();
    let device = lookup(conn, "computer");
    let closed = open();
    assert_eq!(virConnectClose(closed), 0);
    let local = [0u64; 4];
    told();
    let bad: [(&str, virConnectPtr); 5] = [
        ("NULL", ptr::null_mut()),
        ("closed", closed),
        ("a device", device.cast()),
        ("foreign", (&raw const local).cast_mut().cast()),
        ("between handles", conn.wrapping_byte_add(8)),
    ];
    for (what, pointer) in bad {
        for (function, domain, fails) in ON_CONN {
            assert!(fails(pointer), "{function} on {what}");
            let text = format!("invalid connection pointer in {function}");
            assert_eq!(last_words(), (6, *domain, text), "{what}");
            assert_eq!(told(), [6], "{function} on {what}");
        }
    }
    // SAFETY: the record of the connection.
    assert_eq!(unsafe { virConnGetLastError(conn).read() }.code, 0);
    assert_eq!((virNodeDeviceFree(device), virConnectClose(conn)), (0, 0));
}

#[test]
fn what_is_no_device_is_code_52() {
    let conn = open();
    let freed = lookup(conn, "computer");
    assert_eq!(virNodeDeviceFree(freed), 0);
    let local = [0u64; 4];
    told();
    let bad: [(&str, virNodeDevicePtr); 5] = [
        ("NULL", ptr::null_mut()),
        ("freed", freed),
        ("a connection", conn.cast()),
        ("foreign", (&raw const local).cast_mut().cast()),
        ("odd", freed.wrapping_byte_add(1)),
    ];
    for (what, pointer) in bad {
        for (function, fails) in READING.iter().chain(CHANGING) {
            assert!(fails(pointer), "{function} on {what}");
            let text = format!("invalid node device pointer in {function}");
            assert_eq!(last_words(), (52, 22, text), "{what}");
            assert_eq!(told(), [52], "{function} on {what}");
        }
    }
    // SAFETY: the record of the connection.
    assert_eq!(unsafe { virConnGetLastError(conn).read() }.code, 0);
    assert_eq!(virConnectClose(conn), 0);
}

/// Read-only comes before arguments, arguments before support.
#[test]
fn changes_are_refused_in_the_documented_order() {
    let read_only = open_read_only();
    let device = lookup(read_only, "scsi_host1");
    let refused = |function: &str| {
        let text = format!("operation forbidden: read only access prevents {function}");
        assert_eq!(last_words(), (29, 22, text));
    };
    for (function, fails) in CHANGING {
        assert!(fails(device), "{function}");
        refused(function);
    }
    // SAFETY: NULL where a string goes.
    assert!(unsafe { virNodeDeviceCreateXML(read_only, ptr::null(), 9) }.is_null());
    refused("virNodeDeviceCreateXML");
    // SAFETY: as above.
    assert!(unsafe { virNodeDeviceDefineXML(read_only, ptr::null(), 9) }.is_null());
    refused("virNodeDeviceDefineXML");
    for (function, fails) in &READING[..3] {
        assert!(!fails(device), "{function} reads only");
    }
    assert_eq!(
        (virNodeDeviceFree(device), virConnectClose(read_only)),
        (0, 0)
    );
}

fn must_not_be_null(function: &str, argument: &str, domain: c_int) {
    let error = last().expect("there is an error");
    let expected = Seen {
        code: 8,
        domain,
        message: format!("{argument} in {function} must not be NULL"),
        str1: Some(function.into()),
        str2: Some(argument.into()),
        ints: (0, 0),
    };
    assert_eq!(error, expected);
}

#[test]
fn null_arguments_are_named() {
    let conn = open();
    let device = lookup(conn, "scsi_host1");
    let check = |failed: bool, function: &str, argument: &str, domain: c_int| {
        assert!(failed, "{function}");
        must_not_be_null(function, argument, domain);
    };
    let null = ptr::null();
    // SAFETY: NULL is refused, and other arguments are strings or arrays of the test.
    unsafe { virNodeDeviceLookupByName(conn, null) };
    check(true, "virNodeDeviceLookupByName", "name", 22);
    // SAFETY: see above.
    let found = unsafe { virNodeDeviceLookupSCSIHostByWWN(conn, null, NAME, 9) };
    check(
        found.is_null(),
        "virNodeDeviceLookupSCSIHostByWWN",
        "wwnn",
        22,
    );
    // SAFETY: see above.
    let found = unsafe { virNodeDeviceLookupSCSIHostByWWN(conn, NAME, null, 9) };
    check(
        found.is_null(),
        "virNodeDeviceLookupSCSIHostByWWN",
        "wwpn",
        22,
    );
    // SAFETY: see above.
    let rc = unsafe { virNodeListDevices(conn, null, ptr::null_mut(), 1, 9) };
    check(rc == -1, "virNodeListDevices", "names", 22);
    // SAFETY: see above.
    let rc = unsafe { virNodeDeviceListCaps(device, ptr::null_mut(), 1) };
    check(rc == -1, "virNodeDeviceListCaps", "names", 22);
    // SAFETY: see above.
    let rc = unsafe { virNodeDeviceGetAutostart(device, ptr::null_mut()) };
    check(rc == -1, "virNodeDeviceGetAutostart", "autostart", 22);
    // SAFETY: see above.
    let made = unsafe { virNodeDeviceCreateXML(conn, null, 9) };
    check(made.is_null(), "virNodeDeviceCreateXML", "xmlDesc", 22);
    // SAFETY: see above.
    let made = unsafe { virNodeDeviceDefineXML(conn, null, 9) };
    check(made.is_null(), "virNodeDeviceDefineXML", "xmlDesc", 22);
    // SAFETY: see above.
    let rc = unsafe { virNodeDeviceUpdate(device, null, 9) };
    check(rc == -1, "virNodeDeviceUpdate", "xmlDesc", 22);
    // SAFETY: see above.
    let rc = unsafe { virConnectGetVersion(conn, ptr::null_mut()) };
    check(rc == -1, "virConnectGetVersion", "hvVer", 20);
    // SAFETY: see above.
    let rc = unsafe { virConnectGetLibVersion(conn, ptr::null_mut()) };
    check(rc == -1, "virConnectGetLibVersion", "libVer", 20);
    let rc = virConnectRegisterCloseCallback(conn, None, ptr::null_mut(), None);
    check(rc == -1, "virConnectRegisterCloseCallback", "cb", 20);
    let rc = virConnectUnregisterCloseCallback(conn, None);
    check(rc == -1, "virConnectUnregisterCloseCallback", "cb", 20);
    assert_eq!((virNodeDeviceFree(device), virConnectClose(conn)), (0, 0));
}

#[test]
fn negative_numbers_are_named() {
    let conn = open();
    let device = lookup(conn, "scsi_host1");
    let below_zero = |rc: c_int, function: &str, argument: &str| {
        let text = format!("{argument} in {function} must be zero or greater");
        assert_eq!((rc, last_words()), (-1, (8, 22, text)));
    };
    let mut names = [ptr::null_mut(); 1];
    // SAFETY: a negative number is refused.
    let rc = unsafe { virNodeListDevices(conn, ptr::null(), names.as_mut_ptr(), -1, 9) };
    below_zero(rc, "virNodeListDevices", "maxnames");
    // SAFETY: a negative number is refused.
    let rc = unsafe { virNodeDeviceListCaps(device, ptr::null_mut(), c_int::MIN) };
    below_zero(rc, "virNodeDeviceListCaps", "maxnames");
    let rc = virConnectNodeDeviceEventDeregisterAny(conn, -1);
    below_zero(rc, "virConnectNodeDeviceEventDeregisterAny", "callbackID");
    assert!(names[0].is_null());
    assert_eq!((virNodeDeviceFree(device), virConnectClose(conn)), (0, 0));
}

fn unsupported_flags(function: &str, bits: c_uint) {
    let error = last().expect("there is an error");
    let expected = Seen {
        code: 8,
        domain: 22,
        message: format!("unsupported flags (0x{bits:x}) in function {function}"),
        str1: Some(function.into()),
        str2: Some("flags".into()),
        ints: (0, 0),
    };
    assert_eq!(error, expected);
}

/// Driver functions and bits as libvirt 12.8.0 names them in its messages.
#[test]
fn unknown_flags_are_refused_by_the_driver() {
    let conn = open();
    let device = lookup(conn, "scsi_host1");
    let mut names = [ptr::null_mut(); 4];
    // SAFETY: NULL stands for all capabilities.
    assert_eq!(unsafe { virNodeNumOfDevices(conn, ptr::null(), 1) }, -1);
    unsupported_flags("nodeNumOfDevices", 1);
    // SAFETY: the array has room for four.
    let rc = unsafe { virNodeListDevices(conn, ptr::null(), names.as_mut_ptr(), 4, 8) };
    assert_eq!(rc, -1);
    unsupported_flags("nodeListDevices", 8);
    assert!(names.iter().all(|n| n.is_null()));
    for bit in 24..28 {
        let mut devices = ptr::dangling_mut();
        // SAFETY: the out-parameter is the test's.
        let rc = unsafe { virConnectListAllNodeDevices(conn, &mut devices, 1 << bit | 2) };
        assert_eq!((rc, devices), (-1, ptr::null_mut()));
        unsupported_flags("nodeConnectListAllNodeDevices", 1 << bit);
    }
    // SAFETY: strings of the test.
    assert!(unsafe { virNodeDeviceLookupSCSIHostByWWN(conn, NAME, NAME, 1) }.is_null());
    unsupported_flags("nodeDeviceLookupSCSIHostByWWN", 1);
    assert!(virNodeDeviceGetXMLDesc(device, 3).is_null());
    unsupported_flags("nodeDeviceGetXMLDesc", 2);
    // SAFETY: a string of the test.
    let opened = unsafe { virConnectOpenAuth(c"test:///default".as_ptr(), ptr::null_mut(), 4) };
    assert!(opened.is_null());
    unsupported_flags("nodeConnectOpen", 4);
    assert_eq!((virNodeDeviceFree(device), virConnectClose(conn)), (0, 0));
}

#[test]
fn registering_for_events_checks_its_arguments_in_order() {
    unsafe extern "C-unwind" fn callback(_: virConnectPtr, _: virNodeDevicePtr, _: *mut c_void) {}
    const FUNCTION: &str = "virConnectNodeDeviceEventRegisterAny";
    let (conn, other) = (open(), open());
    let (mine, theirs) = (lookup(conn, "computer"), lookup(other, "computer"));
    let register = |dev, id, cb| {
        // SAFETY: the callback uses no data.
        let rc = unsafe {
            virConnectNodeDeviceEventRegisterAny(conn, dev, id, cb, ptr::null_mut(), None)
        };
        assert_eq!(rc, -1);
        last().expect("there is an error")
    };
    let error = register(theirs, -1, None);
    let text = format!("node device 'computer' in {FUNCTION} must match connection");
    assert_eq!((error.code, error.message), (8, text));
    assert_eq!(error.str2.as_deref(), Some("dev"));
    let error = register(conn.cast(), -1, None);
    let text = format!("invalid node device pointer in {FUNCTION}");
    assert_eq!((error.code, error.message), (52, text));
    register(mine, -1, None);
    must_not_be_null(FUNCTION, "cb", 22);
    let error = register(mine, -1, Some(callback));
    let text = format!("eventID in {FUNCTION} must be zero or greater");
    assert_eq!((error.code, error.message), (8, text));
    let error = register(ptr::null_mut(), 2, Some(callback));
    let text = format!("eventID in {FUNCTION} must be less than 2");
    assert_eq!((error.code, error.message), (8, text));
    for device in [mine, theirs] {
        assert_eq!(virNodeDeviceFree(device), 0);
    }
    assert_eq!((virConnectClose(conn), virConnectClose(other)), (0, 0));
}

#[test]
fn what_has_no_driver_is_code_3() {
    let conn = open();
    let device = lookup(conn, "scsi_host1");
    let unsupported = |function: &str, domain: c_int| {
        let error = last().expect("there is an error");
        let format = "this function is not supported by the connection driver: %1$s";
        let expected = Seen {
            code: 3,
            domain,
            message: format.replace("%1$s", function),
            str1: Some(format.into()),
            str2: Some(function.into()),
            ints: (-1, -1),
        };
        assert_eq!(error, expected);
    };
    assert!(virConnectGetSysinfo(conn, 0).is_null());
    unsupported("virConnectGetSysinfo", 20);
    let mut number = 0;
    // SAFETY: the number is the test's, and there is no room for values.
    let counted = unsafe { virNodeGetMemoryStats(conn, -1, ptr::null_mut(), &mut number, 0) };
    assert_eq!(counted, -1);
    unsupported("virNodeGetMemoryStats", 20);
    for (function, fails) in CHANGING {
        // The first has a driver, for virtual ports. The others have arguments, which are looked at
        // first and are wrong in the table.
        let is_another = ["Destroy", "DetachFlags", "Undefine", "Create", "Update"]
            .iter()
            .any(|name| *function == format!("virNodeDevice{name}"));
        if !is_another {
            assert!(fails(device), "{function}");
            unsupported(function, 22);
        }
    }
    // SAFETY: NULL stands for the usual driver.
    let detached = unsafe { virNodeDeviceDetachFlags(device, ptr::null(), 0) };
    assert_eq!(detached, -1);
    unsupported("virNodeDeviceDetachFlags", 22);
    assert_eq!(virNodeDeviceUndefine(device, 0), -1);
    unsupported("virNodeDeviceUndefine", 22);
    assert_eq!(virNodeDeviceCreate(device, 0), -1);
    unsupported("virNodeDeviceCreate", 22);
    // SAFETY: a string of the test.
    assert_eq!(unsafe { virNodeDeviceUpdate(device, XML, 0) }, -1);
    unsupported("virNodeDeviceUpdate", 22);
    // SAFETY: a string of the test.
    assert!(unsafe { virNodeDeviceDefineXML(conn, XML, 0) }.is_null());
    unsupported("virNodeDeviceDefineXML", 22);
    assert_eq!((virNodeDeviceFree(device), virConnectClose(conn)), (0, 0));
}

#[test]
fn uris_that_are_no_text_are_refused() {
    note_errors();
    // SAFETY: a NUL-terminated string.
    let conn = unsafe { virConnectOpen(c"nodedev:///\xff".as_ptr()) };
    assert!(conn.is_null());
    let text = "internal error: Unable to parse URI nodedev:///\u{fffd}";
    assert_eq!(last_words(), (1, 45, text.into()));
}
