// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Messages about devices, and names of hardware, as libudev reads them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, PoisonError};

use udev::{MonitorBuilder, MonitorSocket};

use crate::host::uevent::{Message, Uevent};

/// A socket for messages about devices.
pub struct UeventSocket(MonitorSocket);

impl UeventSocket {
    /// Starts to listen to udevd or to the kernel.
    pub fn open(through_udevd: bool) -> io::Result<UeventSocket> {
        let builder = match through_udevd {
            true => MonitorBuilder::new()?,
            false => MonitorBuilder::new_kernel()?,
        };
        Ok(UeventSocket(builder.listen()?))
    }

    /// Takes a message off the socket. An error is that of the system, or tells nothing: libudev returns nothing at the
    /// end, when messages were lost, when it failed to read one, and for a message that it rejects.
    pub fn receive(&self) -> io::Result<Message> {
        let Some(event) = self.0.iter().next() else {
            return Err(io::Error::last_os_error());
        };
        let action = event.action().unwrap_or_default().as_bytes();
        let old = event.property_value("DEVPATH_OLD").map(OsStrExt::as_bytes);
        let number = event.sequence_number();
        Ok(Message {
            number,
            event: Uevent::new(action, event.devpath().as_bytes(), old, number),
        })
    }
}

impl AsFd for UeventSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The hardware database. Two threads must not use libudev's handle at a time.
pub struct Hwdb(Mutex<udev::Hwdb>);

impl Hwdb {
    /// Opens the database of the system.
    pub fn open() -> io::Result<Hwdb> {
        Ok(Hwdb(Mutex::new(udev::Hwdb::new()?)))
    }

    /// The property `key` of the hardware with this modalias; `None` if the database has none.
    pub fn query(&self, modalias: &str, key: &str) -> io::Result<Option<Vec<u8>>> {
        let hwdb = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = hwdb.query_one(modalias, key);
        Ok(value.map(|value| value.as_bytes().to_vec()))
    }
}
