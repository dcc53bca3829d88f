// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The events of a connection's devices, for who asks to be told.

use std::io;
use std::os::fd::{OwnedFd, RawFd};

use super::Connection;
use crate::error::{Error, Result};
use crate::view::DeviceEvent;

impl Connection {
    /// Keeps events from now on, for [`Connection::take_events`].
    pub fn keep_events(&self) -> Result<()> {
        self.view_to_wait_on(true)?.keep_events(true);
        Ok(())
    }

    /// Stops to keep events, and drops those that are kept.
    pub fn drop_events(&self) {
        self.old_view().keep_events(false);
    }

    /// The events since the last call, in order.
    pub fn take_events(&self) -> Result<Vec<DeviceEvent>> {
        self.old_view().refresh_and_take_events(&self.host)
    }

    /// Takes events back that could not be dispatched; the next call of [`Connection::take_events`] returns them first.
    pub fn give_back_events(&self, untold: Vec<DeviceEvent>) {
        self.old_view().give_back_events(untold);
    }

    /// A descriptor for poll(2) that is readable while [`Connection::take_events`] may have something to return. It is
    /// open as long as the connection.
    pub fn event_fd(&self) -> Result<RawFd> {
        let fd = self.view_to_wait_on(false)?.event_fd();
        fd.map_err(no_event_fd)
    }

    /// A descriptor like that of [`Connection::event_fd`], which the caller owns.
    pub fn own_event_fd(&self) -> Result<OwnedFd> {
        let fd = self.view_to_wait_on(false)?.own_event_fd();
        fd.map_err(no_event_fd)
    }
}

fn no_event_fd(error: io::Error) -> Error {
    Error::io("cannot make a descriptor for events", &error)
}
