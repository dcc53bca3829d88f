// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Reports errors to the program.

use super::connection::ConnErrors;
use super::handler::global_handler;
use super::last::{last, set_last};
use super::print::print;
use super::record::copy;
use crate::error::Error;
use crate::ffi::shield::shield;

/// Reports this thread's last error: keeps it for the connection, and calls the connection's
/// handler, or else the global one, or else prints it.
pub(in crate::ffi) fn tell(conn: Option<&ConnErrors>) {
    let error = last();
    if error.is_null() {
        return;
    }
    let handler = shield(None, || {
        // SAFETY: this thread's record.
        if unsafe { error.read() }.code == 0 {
            set_last(&Error::unknown().into());
        }
        if let Some(conn) = conn {
            // SAFETY: this thread's record.
            conn.keep(unsafe { copy(error) });
        }
        conn.and_then(ConnErrors::handler).or_else(global_handler)
    });
    match handler {
        // SAFETY: this thread's record.
        Some(handler) => unsafe { handler.tell(error) },
        // SAFETY: this thread's record.
        None => shield((), || unsafe { print(error) }),
    }
}
