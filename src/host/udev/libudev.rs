// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Names of hardware, as libudev reads them.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, PoisonError};

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
