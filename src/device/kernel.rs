// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A device of the kernel: what was read when it was found, and what was read since.

use std::num::NonZeroUsize;

use crate::caps::Cache;
use crate::host::Host;
use crate::host::node::Node;

/// A device of the kernel.
#[derive(Debug, Clone)]
pub struct KernelDevice {
    /// Its folder, `/sys/devices/…`, the text of its `uevent` file, and what its kind added to its name, in one piece: a
    /// host can have hundreds of thousands of devices.
    texts: Box<[u8]>,
    uevent_at: usize,
    /// `None` if its kind added nothing.
    suffix_at: Option<NonZeroUsize>,
    /// The name of its bus or class.
    pub subsystem: &'static [u8],
    /// The facts that were read so far.
    pub cache: Cache,
}

impl KernelDevice {
    /// A device in the folder `path`, which is not empty. For `suffix` see [`Node::suffix`].
    pub fn new(
        path: &[u8],
        subsystem: &'static [u8],
        uevent: &[u8],
        suffix: Option<&[u8]>,
    ) -> KernelDevice {
        let suffix_at = suffix.and_then(|_| NonZeroUsize::new(path.len() + uevent.len()));
        KernelDevice {
            texts: [path, uevent, suffix.unwrap_or_default()].concat().into(),
            uevent_at: path.len(),
            suffix_at,
            subsystem,
            cache: Cache::default(),
        }
    }

    /// Its folder.
    pub fn path(&self) -> &[u8] {
        &self.texts[..self.uevent_at]
    }

    /// The text of its `uevent` file.
    pub fn uevent(&self) -> &[u8] {
        let end = self.suffix_at.map_or(self.texts.len(), NonZeroUsize::get);
        &self.texts[self.uevent_at..end]
    }

    /// What its kind added to its name; `None` for nothing.
    pub fn suffix(&self) -> Option<&[u8]> {
        Some(&self.texts[self.suffix_at?.get()..])
    }

    /// The device as the readers in `caps` see it.
    pub fn node<'a>(&'a self, host: &'a Host) -> Node<'a> {
        Node {
            host,
            path: self.path(),
            subsystem: self.subsystem,
            uevent: self.uevent(),
            suffix: self.suffix(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_texts_are_kept_apart() {
        for (uevent, suffix) in [
            ("", None),
            ("A=b\n", None),
            ("", Some("")),
            ("", Some("s")),
            ("A=b\n", Some("")),
            ("A=b\n", Some("s")),
        ] {
            let suffix = suffix.map(str::as_bytes);
            let device = KernelDevice::new(b"/sys/x", b"net", uevent.as_bytes(), suffix);
            assert_eq!(device.path(), b"/sys/x");
            assert_eq!(device.uevent(), uevent.as_bytes());
            assert_eq!(device.suffix(), suffix);
        }
    }
}
