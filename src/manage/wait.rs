// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Waits for a device that is being made.

use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::host::found::Found;
use crate::host::program::LIMIT;

/// How long to wait for a message before the next look: another thread may take the message, and in some namespaces
/// none arrives.
const SLICE: Duration = Duration::from_millis(20);

/// Calls `look` until it finds something, each time there is a message. After [`LIMIT`] it returns the last result:
/// `None`, or an error. `place` finds the folder of the new device: as soon as that exists, the device is added without
/// waiting for its message.
pub fn wait_for<T>(
    conn: &Connection,
    place: impl Fn() -> Found<Vec<u8>>,
    look: impl Fn() -> Found<T>,
) -> Found<T> {
    let begin = Instant::now();
    let look_early = || {
        if let Some(path) = place()? {
            conn.add_early(&path)?;
        }
        look()
    };
    loop {
        let result = look_early();
        if matches!(result, Ok(Some(_))) || begin.elapsed() >= LIMIT {
            return result;
        }
        if conn.wait_for_news(SLICE).is_err() {
            std::thread::sleep(SLICE);
        }
    }
}
