// SPDX-License-Identifier: LGPL-2.1-or-later
//! Telling the program of an error.

use super::connection::ConnErrors;
use super::handler::global_handler;
use super::last::{last, set_last};
use super::print::print;
use super::record::copy;
use crate::error::Error;
use crate::ffi::shield::shield;

/// Tells this thread's last error to its connection and to whoever wants to know: the
/// connection's handler, else the global one, else standard error.
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
