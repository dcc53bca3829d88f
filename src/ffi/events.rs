// SPDX-License-Identifier: LGPL-2.1-or-later
//! Events of a connection: registering for them, and telling them.
//!
//! Callbacks run in the thread that tells, with no lock held: they may call
//! anything, registration and deregistration included.

use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
use std::ptr;

use super::failure::Result;
use super::listener::Listener;
use super::objects::{Conn, HANDLES};
use super::registrations::Registration;
use super::shield::shield;
use super::user_data::UserData;
use super::watching::remove_watch;
use crate::view::DeviceEvent;

/// Registers a listener; tells its number.
pub(super) fn register(conn: &Conn, listener: Listener, data: UserData) -> Result<c_int> {
    let handle = &conn.handle;
    handle.listeners.refuse_double(&listener)?;
    let (watching, connection) = (&handle.watching, &handle.connection);
    watching.begin(connection, Some(on_readable), conn.address)?;
    let added = conn.hold().and_then(|()| {
        // Another thread may have been first meanwhile.
        let added = handle.listeners.add_once(listener, data);
        added.inspect_err(|_| conn.release())
    });
    added.inspect_err(|_| watching.end(connection))
}

/// Ends a registration.
pub(super) fn deregister(conn: &Conn, number: c_int) -> Result<()> {
    let handle = &conn.handle;
    let registration = handle.listeners.take_number(number)?;
    handle.watching.end(&handle.connection);
    handle.telling.free(registration);
    conn.release();
    Ok(())
}

/// The descriptor for the program's own poll; from now on no event loop is needed.
pub(super) fn event_fd(conn: &Conn) -> Result<RawFd> {
    conn.handle.watching.poll(&conn.handle.connection)
}

/// Called by the event loop when there may be something to tell.
unsafe extern "C" fn on_readable(watch: c_int, _: c_int, _: c_int, opaque: *mut c_void) {
    shield((), || {
        let address = opaque.addr();
        if let Some(handle) = HANDLES.connection(address) {
            tell_all(&Conn { address, handle });
        } else if HANDLES.is_inherited(address) {
            // A child that goes on with its parent's loop would be called for ever.
            remove_watch(Some(watch));
        }
    });
}

/// Tells what happened to who asked; returns how many events there were. While
/// another thread, or a caller further up, is at it, there is nothing to do.
pub(super) fn tell_all(conn: &Conn) -> usize {
    let handle = &conn.handle;
    if !handle.telling.begin() {
        return 0;
    }
    let happened = handle.connection.take_events();
    for event in &happened {
        for registration in handle.listeners.all() {
            if registration.what.wants(event) && !registration.is_over() {
                tell(conn, &registration, event);
            }
        }
    }
    handle.telling.end();
    happened.len()
}

fn tell(conn: &Conn, registration: &Registration<Listener>, event: &DeviceEvent) {
    let made = conn.devices(vec![event.name.clone()]);
    let Some(device) = made.and_then(|devices| devices.first().copied()) else {
        return;
    };
    let handle = ptr::with_exposed_provenance_mut(conn.address);
    let data = registration.data.pointer();
    // SAFETY: the handles are live, and the program gave the pointer with the function.
    unsafe { (registration.what).tell(handle, device, event.change, data) };
    HANDLES.release_device(device.addr());
}
