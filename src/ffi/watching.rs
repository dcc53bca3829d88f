// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Whether the event loop or the program itself polls for a connection's events.

use std::ffi::c_int;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::constants::virEventHandleType::VIR_EVENT_HANDLE_READABLE;
use super::failure::{Failure, Result};
use super::installed_loop;
use super::shield::shield;
use super::types::virEventHandleCallback;
use crate::connection::Connection;
use crate::error::{Code, Domain, Error};

/// The hint for a program that registered for events while nothing dispatches them.
const CALL_FIRST: &str = "call virEventRegisterDefaultImpl() or virEventRegisterImpl() first, \
                          or vndConnectGetEventFD() to poll without a loop";

/// The polling for one connection's events.
#[derive(Default)]
pub(super) struct Watching(Mutex<Needs>);

#[derive(Default)]
struct Needs {
    /// How many registrations exist or are being made. Events are kept while there are any.
    registrations: usize,
    /// The event loop's number of the watch; `None` if there is none.
    watch: Option<c_int>,
    /// Whether the program polls by itself.
    is_polled: bool,
    /// Whether the event loop's last attempt to dispatch events failed.
    is_failing: bool,
}

/// What a registration needs that is being made. It is undone when this is dropped.
pub(super) struct Need<'a> {
    watching: &'a Watching,
    connection: &'a Connection,
    /// The descriptor that the event loop must still watch.
    pub(super) unwatched: Option<RawFd>,
}

impl Watching {
    fn needs(&self) -> MutexGuard<'_, Needs> {
        // No code of the program runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has events kept for one more registration.
    pub(super) fn begin<'a>(&'a self, connection: &'a Connection) -> Result<Need<'a>> {
        let mut needs = self.needs();
        connection.keep_events()?;
        needs.registrations += 1;
        let needs_watch = needs.watch.is_none() && !needs.is_polled;
        drop(needs);
        let mut need = Need {
            watching: self,
            connection,
            unwatched: None,
        };
        if needs_watch {
            need.unwatched = Some(connection.event_fd()?);
        }
        Ok(need)
    }

    /// Keeps the number of a new watch of the event loop; returns it if another thread has added a watch first.
    pub(super) fn keep(&self, watch: c_int) -> Option<c_int> {
        let mut needs = self.needs();
        if needs.watch.is_some() {
            return Some(watch);
        }
        needs.watch = Some(watch);
        None
    }

    /// Notes the result of the event loop's attempt to dispatch events. Returns only the first failure of several in a
    /// row, so that each is not reported.
    pub(super) fn first_failure(&self, failure: Option<Failure>) -> Option<Failure> {
        let was_failing = std::mem::replace(&mut self.needs().is_failing, failure.is_some());
        failure.filter(|_| !was_failing)
    }

    /// Notes the end of a registration. After the last one, events are not kept any more, and the watch to be removed
    /// is returned.
    pub(super) fn end(&self, connection: &Connection) -> Option<c_int> {
        let mut needs = self.needs();
        needs.end(connection);
        match needs.registrations {
            0 => needs.watch.take(),
            _ => None,
        }
    }

    /// Notes that the program polls by itself from now on; returns the descriptor for that.
    pub(super) fn poll(&self, connection: &Connection) -> Result<RawFd> {
        self.needs().is_polled = true;
        Ok(connection.event_fd()?)
    }
}

impl Needs {
    fn end(&mut self, connection: &Connection) {
        self.registrations -= 1;
        if self.registrations == 0 {
            connection.drop_events();
        }
    }
}

impl Need<'_> {
    /// The registration was made, so nothing is undone.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Need<'_> {
    fn drop(&mut self) {
        shield((), || self.watching.needs().end(self.connection));
    }
}

/// Has the event loop watch a descriptor and call `on_readable` with `address`. Returns the number of the watch.
pub(super) fn add_watch(
    fd: RawFd,
    on_readable: virEventHandleCallback,
    address: usize,
) -> Result<c_int> {
    let events = VIR_EVENT_HANDLE_READABLE as c_int;
    let data = ptr::without_provenance_mut(address);
    let added = installed_loop::call(-1, |functions| {
        let add = functions.add_handle?;
        // SAFETY: `on_readable` takes the address back and looks it up before it uses it.
        Some(unsafe { add(fd, events, on_readable, data, None) })
    });
    if added >= 0 {
        return Ok(added);
    }
    // The text is libvirt's, with the word "domain".
    let words = "could not initialize domain event timer";
    let error = Error::new(Code::InternalError, words).in_domain(Domain::None);
    Err(match installed_loop::is_there() {
        true => error.into(),
        false => error.adding(CALL_FIRST).into(),
    })
}

/// Removes a watch of the event loop.
pub(super) fn remove_watch(watch: Option<c_int>) {
    if let Some(watch) = watch {
        installed_loop::call(-1, |functions| {
            let remove = functions.remove_handle?;
            // SAFETY: a function of the program's loop, with the argument that it takes.
            Some(unsafe { remove(watch) })
        });
    }
}
