// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who asked to be told of events of a connection, and the telling.
//!
//! Callbacks run in the thread that dispatches, with no lock held: they may call
//! anything, registration and deregistration included.

use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::constants::virEventHandleType::VIR_EVENT_HANDLE_READABLE;
use super::constants::virNodeDeviceEventID::VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE;
use super::constants::virNodeDeviceEventLifecycleType::{
    VIR_NODE_DEVICE_EVENT_CREATED, VIR_NODE_DEVICE_EVENT_DEFINED, VIR_NODE_DEVICE_EVENT_DELETED,
    VIR_NODE_DEVICE_EVENT_UNDEFINED,
};
use super::event_loop;
use super::failure::Result;
use super::objects::{Conn, HANDLES};
use super::types::{
    virConnectNodeDeviceEventGenericCallback, virConnectPtr, virFreeCallback, virNodeDevicePtr,
};
use crate::error::{Code, Domain, Error};
use crate::name::Name;
use crate::view::{Change, DeviceEvent};

/// Called for `VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE`.
type Lifecycle = unsafe extern "C" fn(virConnectPtr, virNodeDevicePtr, c_int, c_int, *mut c_void);

/// Called for `VIR_NODE_DEVICE_EVENT_ID_UPDATE`.
type Update = unsafe extern "C" fn(virConnectPtr, virNodeDevicePtr, *mut c_void);

/// A callback of the type that its event id has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callback {
    Lifecycle(Lifecycle),
    Update(Update),
}

impl Callback {
    /// The callback of an event: programs cast each type to the generic one.
    ///
    /// # Safety
    /// `cb` is a function of the type that `event` has.
    pub(super) unsafe fn of_event(
        event: c_int,
        cb: virConnectNodeDeviceEventGenericCallback,
    ) -> Option<Callback> {
        let cb = cb?;
        if event == VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE as c_int {
            // SAFETY: by the caller's promise this is the function's own type.
            let cb = unsafe { std::mem::transmute::<Update, Lifecycle>(cb) };
            return Some(Callback::Lifecycle(cb));
        }
        Some(Callback::Update(cb))
    }

    /// The same function for the same event.
    fn is(self, other: Callback) -> bool {
        match (self, other) {
            (Callback::Lifecycle(one), Callback::Lifecycle(two)) => ptr::fn_addr_eq(one, two),
            (Callback::Update(one), Callback::Update(two)) => ptr::fn_addr_eq(one, two),
            _ => false,
        }
    }
}

/// The pointer that a program gets back in its callbacks.
struct Opaque(*mut c_void);

// SAFETY: never followed here; the program that gave it answers for its use in the dispatching thread.
unsafe impl Send for Opaque {}
// SAFETY: as above.
unsafe impl Sync for Opaque {}

struct Registration {
    id: c_int,
    callback: Callback,
    /// The name of the only device of interest.
    filter: Option<Name>,
    opaque: Opaque,
    free: virFreeCallback,
    /// Deregistered while events are being told.
    is_over: AtomicBool,
}

impl Registration {
    /// Tells the program that its pointer is not needed any more.
    fn free(&self) {
        if let Some(free) = self.free {
            // SAFETY: the program's callback with the pointer that it gave; called once.
            unsafe { free(self.opaque.0) };
        }
    }

    fn wants(&self, event: &DeviceEvent) -> bool {
        let is_of_kind = match self.callback {
            Callback::Lifecycle(_) => lifecycle_type(event.change).is_some(),
            Callback::Update(_) => event.change == Change::Updated,
        };
        is_of_kind
            && self.filter.as_ref().is_none_or(|name| *name == event.name)
            && !self.is_over.load(Ordering::Acquire)
    }
}

/// The event part of a connection.
#[derive(Default)]
pub(super) struct Events(Mutex<State>);

#[derive(Default)]
struct State {
    registrations: Vec<Arc<Registration>>,
    /// How many registrations are in the making: they need what the others need.
    pending: usize,
    next_id: c_int,
    /// The watch of the program's event loop.
    watch: Option<c_int>,
    /// The program polls by itself.
    is_polled: bool,
    is_dispatching: bool,
    /// Deregistered meanwhile, to be freed at the end.
    over: Vec<Arc<Registration>>,
}

impl Events {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code of the program runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of a lifecycle event: `virNodeDeviceEventLifecycleType`.
fn lifecycle_type(change: Change) -> Option<c_int> {
    match change {
        Change::Created => Some(VIR_NODE_DEVICE_EVENT_CREATED as c_int),
        Change::Deleted => Some(VIR_NODE_DEVICE_EVENT_DELETED as c_int),
        Change::Defined => Some(VIR_NODE_DEVICE_EVENT_DEFINED as c_int),
        Change::Undefined => Some(VIR_NODE_DEVICE_EVENT_UNDEFINED as c_int),
        Change::Updated => None,
    }
}

/// Registers a callback; returns its id.
pub(super) fn register(
    conn: &Conn,
    callback: Callback,
    filter: Option<Name>,
    opaque: *mut c_void,
    free: virFreeCallback,
) -> Result<c_int> {
    let wanted = Registration {
        id: 0,
        callback,
        filter,
        opaque: Opaque(opaque),
        free,
        is_over: AtomicBool::new(false),
    };
    let needs_watch = {
        let mut state = conn.handle.events.state();
        state.refuse_double(&wanted)?;
        conn.handle.connection.keep_events(true);
        state.pending += 1;
        state.watch.is_none() && !state.is_polled
    };
    // The program's event loop is called with no lock held.
    let watch = needs_watch.then(|| watch(conn)).transpose();
    let mut state = conn.handle.events.state();
    state.pending -= 1;
    let mut surplus = None;
    let result = watch.and_then(|made| {
        surplus = state.keep_watch(made);
        state.add(conn, wanted)
    });
    let idle = state.stop_if_idle(conn);
    drop(state);
    [surplus, idle].into_iter().for_each(unwatch);
    result
}

impl State {
    /// The same callback for the same event of the same device counts once, whatever its pointer.
    fn refuse_double(&self, wanted: &Registration) -> Result<()> {
        let same =
            |r: &Arc<Registration>| r.callback.is(wanted.callback) && r.filter == wanted.filter;
        if self.registrations.iter().any(same) {
            let error = Error::new(Code::InvalidArg, "event callback already tracked");
            return Err(error.in_domain(Domain::None).into());
        }
        Ok(())
    }

    /// Keeps a new watch; gives it back where another thread was first.
    fn keep_watch(&mut self, made: Option<c_int>) -> Option<c_int> {
        match self.watch {
            Some(_) => made,
            None => {
                self.watch = made;
                None
            }
        }
    }

    fn add(&mut self, conn: &Conn, wanted: Registration) -> Result<c_int> {
        self.refuse_double(&wanted)?;
        if !HANDLES.hold_connection(conn.address) {
            return Err(Error::bare(Code::InvalidConn).into());
        }
        let id = self.next_id;
        self.next_id += 1;
        self.registrations
            .push(Arc::new(Registration { id, ..wanted }));
        Ok(id)
    }

    /// Stops to keep events when nobody wants them; returns the watch that is not needed any more.
    fn stop_if_idle(&mut self, conn: &Conn) -> Option<c_int> {
        if self.pending > 0 || !self.registrations.is_empty() {
            return None;
        }
        conn.handle.connection.keep_events(false);
        self.watch.take()
    }
}

/// Has the program's event loop watch the connection; returns the number of the watch.
fn watch(conn: &Conn) -> Result<c_int> {
    let fd = conn.handle.connection.event_fd()?;
    // SAFETY: `on_readable` takes the address back and looks it up before it uses it.
    let watch = unsafe {
        event_loop::virEventAddHandle(
            fd,
            VIR_EVENT_HANDLE_READABLE as c_int,
            Some(on_readable),
            ptr::without_provenance_mut(conn.address),
            None,
        )
    };
    if watch < 0 {
        // libvirt's words, "domain" included.
        let error = Error::new(
            Code::InternalError,
            "could not initialize domain event timer",
        );
        return Err(error.in_domain(Domain::None).into());
    }
    Ok(watch)
}

/// Ends the watch of the program's event loop, if there is one.
fn unwatch(watch: Option<c_int>) {
    if let Some(watch) = watch {
        event_loop::virEventRemoveHandle(watch);
    }
}

unsafe extern "C" fn on_readable(watch: c_int, _: c_int, _: c_int, opaque: *mut c_void) {
    super::guard::shield((), || {
        let address = opaque.addr();
        if let Some(handle) = HANDLES.connection(address) {
            dispatch(&Conn { address, handle });
        } else if HANDLES.is_inherited(address) {
            // A child that goes on with its parent's loop would be called for ever.
            unwatch(Some(watch));
        }
    });
}

/// Ends a registration.
pub(super) fn deregister(conn: &Conn, id: c_int) -> Result<()> {
    let events = &conn.handle.events;
    let mut state = events.state();
    let at = state.registrations.iter().position(|r| r.id == id);
    let at = at.ok_or_else(|| {
        Error::new(
            Code::InvalidArg,
            format!("could not find event callback {id} for deletion"),
        )
        .in_domain(Domain::None)
    })?;
    let registration = state.registrations.remove(at);
    registration.is_over.store(true, Ordering::Release);
    let watch = state.stop_if_idle(conn);
    let now = if state.is_dispatching {
        state.over.push(registration);
        None
    } else {
        Some(registration)
    };
    drop(state);
    unwatch(watch);
    if let Some(registration) = now {
        registration.free();
    }
    HANDLES.release_connection(conn.address);
    Ok(())
}

/// The descriptor for the program's own poll; from now on no event loop is needed.
pub(super) fn event_fd(conn: &Conn) -> Result<RawFd> {
    conn.handle.events.state().is_polled = true;
    Ok(conn.handle.connection.event_fd()?)
}

/// Tells what happened to who asked; returns how many events there were. While
/// another thread, or a caller further up, is at it, there is nothing to do.
pub(super) fn dispatch(conn: &Conn) -> usize {
    let events = &conn.handle.events;
    if std::mem::replace(&mut events.state().is_dispatching, true) {
        return 0;
    }
    let happened = conn.handle.connection.take_events();
    for event in &happened {
        let registrations = events.state().registrations.clone();
        for registration in registrations.iter().filter(|r| r.wants(event)) {
            tell(conn, registration, event);
        }
    }
    let mut state = events.state();
    state.is_dispatching = false;
    let over = std::mem::take(&mut state.over);
    drop(state);
    for registration in over {
        registration.free();
    }
    happened.len()
}

fn tell(conn: &Conn, registration: &Registration, event: &DeviceEvent) {
    let made = conn.devices(vec![event.name.clone()]);
    let Some(device) = made.and_then(|devices| devices.first().copied()) else {
        return;
    };
    let handle = ptr::with_exposed_provenance_mut(conn.address);
    let opaque = registration.opaque.0;
    match registration.callback {
        Callback::Lifecycle(callback) => {
            let kind = lifecycle_type(event.change).unwrap_or_default();
            // SAFETY: the program's callback with the arguments that it takes.
            unsafe { callback(handle, device, kind, 0, opaque) };
        }
        Callback::Update(callback) => {
            // SAFETY: the program's callback with the arguments that it takes.
            unsafe { callback(handle, device, opaque) };
        }
    }
    HANDLES.release_device(device.addr());
}
