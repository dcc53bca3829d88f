// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Numbers of PCI functions that their drivers change from and to 0 only: of virtual functions, of a vGPU's type.

use crate::error::Result;

/// How such a number is read, written, and called in messages.
pub struct FromZero<'a> {
    /// Reads it.
    pub read: &'a dyn Fn() -> Result<u32>,
    /// Writes it.
    pub write: &'a dyn Fn(u32) -> Result<()>,
    /// What a message says of a number.
    pub called: fn(u32) -> String,
}

impl FromZero<'_> {
    /// Brings the number from `before` to 0, and has `make` do the rest. Where that fails, the number is what it was before, or
    /// the error says what it is.
    pub fn change(&self, before: u32, make: impl FnOnce() -> Result<()>) -> Result<()> {
        let emptied = match before {
            0 => Ok(()),
            _ => (self.write)(0),
        };
        let made = emptied.and_then(|()| make());
        made.map_err(|error| error.adding(&self.restore(before)))
    }

    /// Brings the former number back, as far as that is possible. Returns what there is then.
    fn restore(&self, before: u32) -> String {
        let mut found = (self.read)();
        if found.as_ref() != Ok(&before) {
            // What counts is the number that is read afterwards.
            let _ = (self.write)(0);
            if before > 0 {
                let _ = (self.write)(before);
            }
            found = (self.read)();
        }
        let called_before = (self.called)(before);
        match found {
            Ok(found) if found == before => format!("it has {called_before} as before"),
            Ok(found) => {
                let called = (self.called)(found);
                format!("it had {called_before} before, and has {called} now")
            }
            Err(_) => format!("it had {called_before} before"),
        }
    }
}
