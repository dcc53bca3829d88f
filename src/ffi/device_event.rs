// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Registering for events of node devices.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use super::events;
use super::failure::Result;
use super::guard::{Call, guard_calls};
use super::listener::Listener;
use super::objects::Conn;
use super::types::{
    virConnectNodeDeviceEventGenericCallback, virConnectPtr, virFreeCallback, virNodeDevicePtr,
};
use super::user_data::UserData;
use crate::error::Domain;

const DOMAIN: Domain = Domain::NodeDevice;

/// Event numbers end below this one.
const EVENT_IDS: c_int = 2;

/// Asks to be told of events of node devices.
///
/// An event loop must have been registered (virEventRegisterDefaultImpl() or virEventRegisterImpl()), or
/// the program polls by itself (vndConnectGetEventFD()). The function is called in the thread that
/// runs the loop or calls vndConnectDispatchEvents(); it may call any function of the library. The
/// registration keeps the connection alive. Registering the same function for the same event of the same
/// device twice is an error. Where the event loop cannot learn what happened, because the process has no descriptor
/// left or the like, the error functions are told of the first such failure in a row, and it is tried again each
/// quarter of a second.
///
/// Errors: 8 for a function that is registered already, a device of another connection and an unknown event; 1 where
/// there is no event loop (the text names the calls that come first), or it does not take the watch; 38, with the errno, where there is no descriptor left.
///
/// @param conn     the connection
/// @param dev      a device of the connection to be told of it alone, or NULL for all
/// @param eventID  one of virNodeDeviceEventID
/// @param cb       the function, cast with VIR_NODE_DEVICE_EVENT_CALLBACK(); must not be NULL
/// @param opaque   passed to the function
/// @param freecb   called with opaque once the function is no longer needed, or NULL
/// @return a number for virConnectNodeDeviceEventDeregisterAny(), 0 or more, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 2.2.0).
///
/// # Safety
/// cb and freecb can be called with opaque until the number is given back.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn virConnectNodeDeviceEventRegisterAny(
    conn: virConnectPtr,
    dev: virNodeDevicePtr,
    eventID: c_int,
    cb: virConnectNodeDeviceEventGenericCallback,
    opaque: *mut c_void,
    freecb: virFreeCallback,
) -> c_int {
    guard_calls(DOMAIN, "virConnectNodeDeviceEventRegisterAny", |call| {
        let (conn, listener) = call.own(|call| {
            let conn = call.conn(conn)?;
            // SAFETY: as promised by the caller.
            let listener = unsafe { listener(call, &conn, dev, eventID, cb) }?;
            Ok((conn, listener))
        })?;
        events::register(call, &conn, listener, UserData::new(opaque, freecb))
    })
}

/// Whom to tell of what, by the arguments of a registration.
///
/// # Safety
/// `cb` is a function of the type that the event has.
unsafe fn listener(
    call: &mut Call,
    conn: &Conn,
    dev: virNodeDevicePtr,
    event: c_int,
    cb: virConnectNodeDeviceEventGenericCallback,
) -> Result<Listener> {
    let mut filter = None;
    if !dev.is_null() {
        let device = call.device(dev)?;
        call.owner = Some(conn.handle.clone());
        if !Arc::ptr_eq(&device.conn, &conn.handle) {
            let name = device.name.to_string_lossy();
            let function = call.function;
            return Err(call.refuse(
                "dev",
                format!("node device '{name}' in {function} must match connection"),
            ));
        }
        filter = Some(device.name.clone());
    }
    if cb.is_none() {
        return Err(call.null_argument("cb"));
    }
    call.not_negative("eventID", event)?;
    if event >= EVENT_IDS {
        let function = call.function;
        return Err(call.refuse(
            "eventID",
            format!("eventID in {function} must be less than {EVENT_IDS}"),
        ));
    }
    // SAFETY: the event tells which type the program cast its function from.
    let listener = unsafe { Listener::new(event, cb, filter) };
    listener.ok_or_else(|| call.null_argument("cb"))
}

/// Ends a registration of virConnectNodeDeviceEventRegisterAny().
///
/// freecb is called before this returns, or at the end of the dispatch that is under way.
///
/// Errors: 8 for a number that no registration has.
///
/// @param conn        the connection
/// @param callbackID  the number of the registration
/// @return 0, or -1 on error
///
/// Since virnodedev 0.1.0 (libvirt 2.2.0).
#[unsafe(no_mangle)]
pub extern "C-unwind" fn virConnectNodeDeviceEventDeregisterAny(
    conn: virConnectPtr,
    callbackID: c_int,
) -> c_int {
    guard_calls(DOMAIN, "virConnectNodeDeviceEventDeregisterAny", |call| {
        let conn = call.own(|call| {
            let conn = call.conn(conn)?;
            call.not_negative("callbackID", callbackID)?;
            Ok(conn)
        })?;
        events::deregister(call, &conn, callbackID)?;
        Ok(0)
    })
}
