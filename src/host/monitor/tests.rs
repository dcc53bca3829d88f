// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Tests of how often the monitor looks.

use super::*;

/// Such a kernel, or container, has no `uevent_seqnum`.
#[test]
fn without_a_count_definitions_are_compared_once_a_millisecond_too() {
    let root = tempfile::tempdir().unwrap();
    let files = Files::tree(root.path()).unwrap();
    let mut monitor = Monitor::open(&files).unwrap();
    monitor.watch_definitions(&files);
    let mut news = News::default();
    monitor.news(&files, false, &mut news).unwrap();
    assert!(news.missed_definitions);
    assert!(monitor.current_until.is_some());
    // As long as the look counts as new, nothing is compared again.
    monitor.current_until = Some(Instant::now() + Duration::from_secs(60));
    let mut news = News::default();
    monitor.news(&files, false, &mut news).unwrap();
    assert!(!news.missed_definitions);
}
