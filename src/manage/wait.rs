// SPDX-License-Identifier: LGPL-2.1-or-later
//! Waits for a device that is being made, or a program that makes it.

use std::time::{Duration, Instant};

use crate::connection::Connection;

/// As long as libvirt waits.
const LIMIT: Duration = Duration::from_secs(60);

/// Names another number of seconds, so that tests need not wait so long.
const LIMIT_OVERRIDE: &str = "VIRNODEDEV_WAIT";

/// How long a look may be put off: another thread may have taken the message that was waited
/// for, and in some namespaces none arrives.
const SLICE: Duration = Duration::from_millis(20);

/// How long a device or a program is waited for.
pub fn limit() -> Duration {
    let wanted = std::env::var(LIMIT_OVERRIDE).ok();
    let seconds = wanted.and_then(|seconds| seconds.parse().ok());
    seconds.map_or(LIMIT, Duration::from_secs)
}

/// What `look` finds, as soon as it does; `None` after a minute. Looks again whenever the
/// kernel or udevd tells anything. `place` is the directory of the device that is waited for, if
/// it can be told: as soon as the kernel has made that, nobody else is waited for.
pub fn wait_for<T>(
    conn: &Connection,
    place: impl Fn() -> Option<Vec<u8>>,
    look: impl Fn() -> Option<T>,
) -> Option<T> {
    let (begin, limit) = (Instant::now(), limit());
    loop {
        if let Some(path) = place() {
            conn.anticipate(&path);
        }
        if let Some(found) = look() {
            return Some(found);
        }
        if begin.elapsed() >= limit {
            return None;
        }
        conn.wait_for_news(SLICE);
    }
}
