// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who looks whether a connection has events to tell: the event loop, or the program itself.

use std::ffi::c_int;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::constants::virEventHandleType::VIR_EVENT_HANDLE_READABLE;
use super::failure::Result;
use super::installed_loop;
use super::types::virEventHandleCallback;
use crate::connection::Connection;
use crate::error::{Code, Domain, Error};

/// The watching of one connection.
#[derive(Default)]
pub(super) struct Watching(Mutex<Needs>);

#[derive(Default)]
struct Needs {
    /// How many registrations there are or are in the making. Events are kept while there are any.
    registrations: usize,
    /// The number that the event loop gave the watch.
    watch: Option<c_int>,
    /// The program polls by itself.
    is_polled: bool,
}

impl Watching {
    fn needs(&self) -> MutexGuard<'_, Needs> {
        // No code of the program runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to keep events for one more registration, and has the event loop watch the connection if
    /// nobody does yet. The loop calls `on_readable` with `address`, that of the connection's handle.
    pub(super) fn begin(
        &self,
        connection: &Connection,
        on_readable: virEventHandleCallback,
        address: usize,
    ) -> Result<()> {
        let needs_watch = {
            let mut needs = self.needs();
            connection.keep_events(true);
            needs.registrations += 1;
            needs.watch.is_none() && !needs.is_polled
        };
        if needs_watch {
            // The loop is called with no lock held.
            match add_watch(connection, on_readable, address) {
                Ok(watch) => remove_watch(self.needs().keep(watch)),
                Err(failure) => {
                    self.end(connection);
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    /// A registration is over. With the last one the watch ends, and events are no longer kept.
    pub(super) fn end(&self, connection: &Connection) {
        let mut needs = self.needs();
        needs.registrations -= 1;
        let mut idle = None;
        if needs.registrations == 0 {
            connection.keep_events(false);
            idle = needs.watch.take();
        }
        drop(needs);
        remove_watch(idle);
    }

    /// From here on the program polls by itself: the descriptor for that.
    pub(super) fn poll(&self, connection: &Connection) -> Result<RawFd> {
        self.needs().is_polled = true;
        Ok(connection.event_fd()?)
    }
}

impl Needs {
    /// Keeps a new watch; gives it back where another thread was first.
    fn keep(&mut self, watch: c_int) -> Option<c_int> {
        if self.watch.is_some() {
            return Some(watch);
        }
        self.watch = Some(watch);
        None
    }
}

/// Has the event loop watch the connection; tells the number of the watch.
fn add_watch(
    connection: &Connection,
    on_readable: virEventHandleCallback,
    address: usize,
) -> Result<c_int> {
    let fd = connection.event_fd()?;
    let events = VIR_EVENT_HANDLE_READABLE as c_int;
    let data = ptr::without_provenance_mut(address);
    let added = installed_loop::call(-1, |functions| {
        let add = functions.add_handle?;
        // SAFETY: `on_readable` takes the address back and looks it up before it uses it.
        Some(unsafe { add(fd, events, on_readable, data, None) })
    });
    match added {
        watch if watch >= 0 => Ok(watch),
        // libvirt's words, "domain" included.
        _ => Err(Error::new(
            Code::InternalError,
            "could not initialize domain event timer",
        )
        .in_domain(Domain::None)
        .into()),
    }
}

/// Ends a watch of the event loop.
pub(super) fn remove_watch(watch: Option<c_int>) {
    if let Some(watch) = watch {
        installed_loop::call(-1, |functions| {
            let remove = functions.remove_handle?;
            // SAFETY: a function of the program's loop, with the argument that it takes.
            Some(unsafe { remove(watch) })
        });
    }
}
