// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Events of a connection: registrations, and dispatching.
//!
//! Callbacks run in the thread that dispatches, with no lock held: they may call any function, also to register and
//! deregister, and may end the thread.

use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
use std::ptr;

use super::cancellation::OwnWork;
use super::failure::{Result, own};
use super::guard::Call;
use super::listener::Listener;
use super::objects::{Conn, ConnHandle, HANDLES};
use super::registrations::Registration;
use super::shield::shield;
use super::store::{last, tell::tell as tell_error};
use super::types::virNodeDevicePtr;
use super::user_data::UserData;
use super::watching::{add_watch, remove_watch};
use crate::connection::Connection;
use crate::error::Domain;
use crate::view::DeviceEvent;

const DOMAIN: Domain = Domain::NodeDevice;

/// Registers a listener; returns its number.
pub(super) fn register(
    call: &mut Call,
    conn: &Conn,
    listener: Listener,
    data: UserData,
) -> Result<c_int> {
    let handle = &conn.handle;
    let (watching, connection) = (&handle.watching, &handle.connection);
    let need = call.own(|_| {
        handle.listeners.refuse_double(&listener)?;
        watching.begin(connection)
    })?;
    if let Some(fd) = need.unwatched {
        let watch = add_watch(fd, Some(on_readable), conn.address)?;
        remove_watch(call.own(|_| Ok(watching.keep(watch)))?);
    }
    let added = call.own(|_| {
        conn.hold()?;
        // Another thread may have added a watch meanwhile.
        let added = handle.listeners.add_once(listener, data);
        added.inspect_err(|_| conn.release())
    });
    need.keep();
    if added.is_err() {
        remove_watch(call.own(|_| Ok(watching.end(connection)))?);
    }
    added
}

/// Ends a registration.
pub(super) fn deregister(call: &mut Call, conn: &Conn, number: c_int) -> Result<()> {
    let handle = &conn.handle;
    let watch = call.own(|_| {
        let registration = handle.listeners.take_number(number)?;
        handle.telling.end(registration);
        Ok(handle.watching.end(&handle.connection))
    })?;
    // The registration has held the connection.
    let _hold = Hold(conn);
    remove_watch(watch);
    free_ended(handle);
    Ok(())
}

/// Has the program free the data of registrations that were removed, unless events are dispatched: then that is done at
/// the end. If a function of the program ends the thread before, the next dispatch, deregistration or close does it.
pub(super) fn free_ended(handle: &ConnHandle) {
    while let Some(registration) = shield(None, || handle.telling.next_ended()) {
        registration.data.free();
    }
}

/// Holds a connection as [`Conn::hold`] does, until this is dropped.
struct Hold<'a>(&'a Conn);

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        shield((), || self.0.release());
    }
}

/// The descriptor for the program's own poll. From then on no event loop is needed.
pub(super) fn event_fd(conn: &Conn) -> Result<RawFd> {
    conn.handle.watching.poll(&conn.handle.connection)
}

/// Called by the event loop when there may be events to dispatch.
unsafe extern "C-unwind" fn on_readable(watch: c_int, _: c_int, _: c_int, opaque: *mut c_void) {
    let _own_work = OwnWork::begin();
    let address = opaque.addr();
    if let Some(handle) = shield(None, || HANDLES.connection(address)) {
        let conn = Conn { address, handle };
        // If it fails, the loop calls again after a while.
        let result = tell_all(&conn);
        let failure = shield(None, || conn.handle.watching.first_failure(result.err()));
        if let Some(failure) = failure {
            shield((), || last::set_last(&failure));
            tell_error(Some(&conn.handle.errors));
        }
        shield((), || drop(conn));
    } else if shield(false, || HANDLES.is_inherited(address)) {
        // A child that goes on with its parent's loop would be called again and again.
        remove_watch(Some(watch));
    }
}

/// Dispatches all events to the listeners; returns how many there were. Does nothing while another thread, or a caller
/// further up, is dispatching.
pub(super) fn tell_all(conn: &Conn) -> Result<usize> {
    let handle = &conn.handle;
    let Some(under_way) = handle.telling.begin() else {
        return Ok(0);
    };
    let mut events = Untold::take(&handle.connection)?;
    let count = events.left.len();
    for event in events.left.by_ref() {
        for registration in own(DOMAIN, || handle.listeners.all())? {
            if registration.what.wants(&event) && !registration.is_over() {
                tell(conn, &registration, &event)?;
            }
        }
    }
    drop(under_way);
    free_ended(handle);
    Ok(count)
}

/// Events that are being dispatched. If a callback ends the thread, those that are left are given back to the
/// connection.
struct Untold<'a> {
    connection: &'a Connection,
    left: std::vec::IntoIter<DeviceEvent>,
}

impl<'a> Untold<'a> {
    fn take(connection: &'a Connection) -> Result<Self> {
        let events = own(DOMAIN, || connection.take_events())??;
        Ok(Untold {
            connection,
            left: events.into_iter(),
        })
    }
}

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        if self.left.len() > 0 {
            let left = self.left.by_ref().collect();
            shield((), || self.connection.give_back_events(left));
        }
    }
}

fn tell(conn: &Conn, registration: &Registration<Listener>, event: &DeviceEvent) -> Result<()> {
    let Some(device) = own(DOMAIN, || conn.device(event.name.clone()))? else {
        return Ok(());
    };
    let lent = Lent(device);
    let handle = ptr::with_exposed_provenance_mut(conn.address);
    let data = registration.data.pointer();
    // SAFETY: the handles are live, and the program gave the pointer with the function.
    unsafe { (registration.what).tell(handle, lent.0, event.change, data) };
    Ok(())
}

/// A handle that a callback has while it runs.
struct Lent(virNodeDevicePtr);

impl Drop for Lent {
    fn drop(&mut self) {
        shield(false, || HANDLES.release_device(self.0.addr()));
    }
}
