// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Messages about devices, as the kernel and udevd send them.

use virnodedev::host::udev::message::parse;

pub fn run(bytes: &[u8]) {
    if let Some(message) = parse(bytes) {
        assert!(message.number != 0);
        if let Some(event) = message.event {
            assert!(event.path.starts_with(b"/sys/devices/"));
            assert!(!event.path.contains(&0));
        }
    }
}
