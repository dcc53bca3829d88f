// SPDX-License-Identifier: LGPL-2.1-or-later
//! Waits for a device that is being made.

use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::host::found::Found;
use crate::host::program::LIMIT;

/// How long a look may be put off: another thread may have taken the message that was waited
/// for, and in some namespaces none arrives.
const SLICE: Duration = Duration::from_millis(20);

/// What `look` finds, as soon as it does; `None`, or why it failed, after a minute. Looks again whenever the
/// kernel or udevd tells anything. `place` is the directory of the device that is waited for, if
/// it can be told: as soon as the kernel has made that, nobody else is waited for.
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
