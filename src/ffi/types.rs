// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Types that C programs see: handles, the error record, callbacks.

use std::ffi::{c_char, c_int, c_uint, c_void};

/// A connection; only ever used through virConnectPtr.
pub struct _virConnect {
    _private: [u8; 0],
}

/// A connection; only ever used through virConnectPtr.
pub type virConnect = _virConnect;

/// A connection to one host's node devices, from virConnectOpen() and its like to virConnectClose().
///
/// Handles of this library and those of libvirt.so.0 must not be mixed.
pub type virConnectPtr = *mut virConnect;

/// A node device; only ever used through virNodeDevicePtr.
pub struct _virNodeDevice {
    _private: [u8; 0],
}

/// A node device; only ever used through virNodeDevicePtr.
pub type virNodeDevice = _virNodeDevice;

/// A node device of a connection, given back with virNodeDeviceFree().
///
/// The handle stands for a name: when the device goes away, the handle stays
/// usable and calls that need the device fail with VIR_ERR_NO_NODE_DEVICE.
pub type virNodeDevicePtr = *mut virNodeDevice;

/// A virtual machine. This library has none; the type completes struct _virError.
pub struct _virDomain {
    _private: [u8; 0],
}

/// A virtual machine. This library has none.
pub type virDomain = _virDomain;

/// A virtual machine. This library has none.
pub type virDomainPtr = *mut virDomain;

/// A virtual network. This library has none; the type completes struct _virError.
pub struct _virNetwork {
    _private: [u8; 0],
}

/// A virtual network. This library has none.
pub type virNetwork = _virNetwork;

/// A virtual network. This library has none.
pub type virNetworkPtr = *mut virNetwork;

/// Level of an error as C stores it. A program may put any number there, so
/// it is no Rust enum; the header shows `virErrorLevel`.
///
/// cbindgen:ignore
pub type ErrorLevel = c_uint;

/// One error: what virGetLastError() returns and what error handlers get.
///
/// The strings belong to the record: virResetError() and virFreeError() free them.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct _virError {
    /// What went wrong, one of virErrorNumber.
    pub code: c_int,
    /// Which part raised it, one of virErrorDomain.
    pub domain: c_int,
    /// The full text, without a line end as a rule.
    pub message: *mut c_char,
    /// VIR_ERR_ERROR, or VIR_ERR_NONE when there is no error.
    pub level: ErrorLevel,
    /// Always NULL.
    pub conn: virConnectPtr,
    /// Always NULL.
    pub dom: virDomainPtr,
    /// The format that the text was made with; for a refused argument the function's name. May be NULL.
    pub str1: *mut c_char,
    /// The variable part of the text; for a refused argument the argument's name. May be NULL.
    pub str2: *mut c_char,
    /// Always NULL.
    pub str3: *mut c_char,
    /// errno for VIR_ERR_SYSTEM_ERROR, a line number for some XML errors, else -1 or 0.
    pub int1: c_int,
    /// -1 or 0.
    pub int2: c_int,
    /// Always NULL.
    pub net: virNetworkPtr,
}

/// One error: what virGetLastError() returns and what error handlers get.
pub type virError = _virError;

/// Pointer to an error.
pub type virErrorPtr = *mut virError;

/// A function that is told of errors as they happen.
///
/// It runs in the thread of the failing call, before that call returns.
/// @param userData  what was given with the function
/// @param error     the error; the strings are the library's, copy what must last
pub type virErrorFunc =
    Option<unsafe extern "C-unwind" fn(userData: *mut c_void, error: virErrorPtr)>;

/// Frees the data of a callback when the library no longer needs it.
pub type virFreeCallback = Option<unsafe extern "C-unwind" fn(opaque: *mut c_void)>;

/// Told when a connection closes. Connections of this library are in process and
/// never close by themselves, so it is never called.
/// @param conn    the connection
/// @param reason  one of virConnectCloseReason
/// @param opaque  what was given with the function
pub type virConnectCloseFunc =
    Option<unsafe extern "C-unwind" fn(conn: virConnectPtr, reason: c_int, opaque: *mut c_void)>;

/// One question of an authentication.
#[repr(C)]
pub struct _virConnectCredential {
    /// What is asked for, one of virConnectCredentialType.
    pub r#type: c_int,
    /// Text to show to the user.
    pub prompt: *const c_char,
    /// Further text to show, or NULL.
    pub challenge: *const c_char,
    /// What an empty answer means, or NULL.
    pub defresult: *const c_char,
    /// Out: the answer, malloc'd; the one who asked frees it.
    pub result: *mut c_char,
    /// Out: length of the answer in bytes.
    pub resultlen: c_uint,
}

/// One question of an authentication.
pub type virConnectCredential = _virConnectCredential;

/// Pointer to the questions of an authentication.
pub type virConnectCredentialPtr = *mut virConnectCredential;

/// Answers the questions of an authentication.
///
/// @param cred    the questions; the function fills in result and resultlen
/// @param ncred   how many there are
/// @param cbdata  what was given with the function
/// @return 0 when all are answered, else -1
pub type virConnectAuthCallbackPtr = Option<
    unsafe extern "C-unwind" fn(
        cred: virConnectCredentialPtr,
        ncred: c_uint,
        cbdata: *mut c_void,
    ) -> c_int,
>;

/// How a program can authenticate: see virConnectOpenAuth().
#[repr(C)]
pub struct _virConnectAuth {
    /// Kinds of question that the callback can answer, of virConnectCredentialType.
    pub credtype: *mut c_int,
    /// How many kinds there are.
    pub ncredtype: c_uint,
    /// Collects the answers.
    pub cb: virConnectAuthCallbackPtr,
    /// Passed to the callback.
    pub cbdata: *mut c_void,
}

/// How a program can authenticate.
pub type virConnectAuth = _virConnectAuth;

/// Pointer to a way to authenticate.
pub type virConnectAuthPtr = *mut virConnectAuth;

/// Told of a node device event. Events with more arguments have types of their own, cast with
/// VIR_NODE_DEVICE_EVENT_CALLBACK().
/// @param conn    the connection of the registration
/// @param dev     the device, valid during the call; virNodeDeviceRef() keeps it
/// @param opaque  what was given with the function
pub type virConnectNodeDeviceEventGenericCallback = Option<
    unsafe extern "C-unwind" fn(conn: virConnectPtr, dev: virNodeDevicePtr, opaque: *mut c_void),
>;

/// Told that a node device came, went, was defined or undefined (VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE).
/// @param conn    the connection of the registration
/// @param dev     the device, valid during the call; virNodeDeviceRef() keeps it
/// @param event   one of virNodeDeviceEventLifecycleType
/// @param detail  0
/// @param opaque  what was given with the function
pub type virConnectNodeDeviceEventLifecycleCallback = Option<
    unsafe extern "C-unwind" fn(
        conn: virConnectPtr,
        dev: virNodeDevicePtr,
        event: c_int,
        detail: c_int,
        opaque: *mut c_void,
    ),
>;

/// Told that something happened on a watched file descriptor.
/// @param watch   number of the watch
/// @param fd      the file descriptor
/// @param events  bits of virEventHandleType
/// @param opaque  what was given with the function
pub type virEventHandleCallback = Option<
    unsafe extern "C-unwind" fn(watch: c_int, fd: c_int, events: c_int, opaque: *mut c_void),
>;

/// Told that a timer ran out.
/// @param timer   number of the timer
/// @param opaque  what was given with the function
pub type virEventTimeoutCallback =
    Option<unsafe extern "C-unwind" fn(timer: c_int, opaque: *mut c_void)>;

/// An event loop's function that starts to watch a file descriptor.
/// @param fd      the file descriptor
/// @param event   bits of virEventHandleType, 0 to watch for nothing yet
/// @param cb      to be called
/// @param opaque  to be given to cb
/// @param ff      to be called with opaque once the watch is removed, or NULL
/// @return number of the watch, -1 on failure
pub type virEventAddHandleFunc = Option<
    unsafe extern "C-unwind" fn(
        fd: c_int,
        event: c_int,
        cb: virEventHandleCallback,
        opaque: *mut c_void,
        ff: virFreeCallback,
    ) -> c_int,
>;

/// An event loop's function that changes what a watch waits for.
pub type virEventUpdateHandleFunc = Option<unsafe extern "C-unwind" fn(watch: c_int, event: c_int)>;

/// An event loop's function that ends a watch; 0, or -1 for an unknown one.
pub type virEventRemoveHandleFunc = Option<unsafe extern "C-unwind" fn(watch: c_int) -> c_int>;

/// An event loop's function that starts a timer.
/// @param timeout  interval in milliseconds, 0 for every turn of the loop, negative for a stopped timer
/// @param cb       to be called
/// @param opaque   to be given to cb
/// @param ff       to be called with opaque once the timer is removed, or NULL
/// @return number of the timer, -1 on failure
pub type virEventAddTimeoutFunc = Option<
    unsafe extern "C-unwind" fn(
        timeout: c_int,
        cb: virEventTimeoutCallback,
        opaque: *mut c_void,
        ff: virFreeCallback,
    ) -> c_int,
>;

/// An event loop's function that changes the interval of a timer.
pub type virEventUpdateTimeoutFunc =
    Option<unsafe extern "C-unwind" fn(timer: c_int, timeout: c_int)>;

/// An event loop's function that ends a timer; 0, or -1 for an unknown one.
pub type virEventRemoveTimeoutFunc = Option<unsafe extern "C-unwind" fn(timer: c_int) -> c_int>;

// Programs compiled against libvirt's headers have this layout built in (x86-64 and other LP64 machines).
#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::{offset_of, size_of};
    assert!(size_of::<virError>() == 80);
    assert!(offset_of!(virError, message) == 8);
    assert!(offset_of!(virError, level) == 16);
    assert!(offset_of!(virError, str1) == 40);
    assert!(offset_of!(virError, int1) == 64);
    assert!(offset_of!(virError, net) == 72);
    assert!(size_of::<virConnectAuth>() == 32);
    assert!(size_of::<virConnectCredential>() == 48);
};
