// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A device of the kernel: what was read when it was found, and what was read since.

use std::num::NonZeroU32;

use crate::caps::Cache;
use crate::caps::kind::Subsystem;
use crate::host::Host;
use crate::host::node::Node;

/// A device of the kernel.
#[derive(Debug, Clone)]
pub struct KernelDevice {
    /// Its folder, `/sys/devices/…`, the text of its `uevent` file without what it repeats, and what its kind added to
    /// its name, in one piece: a host can have hundreds of thousands of devices.
    texts: Box<[u8]>,
    uevent_at: u32,
    /// `None` if its kind added nothing.
    suffix_at: Option<NonZeroU32>,
    /// Its bus or class.
    pub subsystem: &'static Subsystem,
    /// The facts that were read so far.
    pub cache: Cache,
}

impl KernelDevice {
    /// A device in the folder `path`, which is not empty. For `suffix` see [`Node::suffix`]. The texts are shorter than
    /// 4 GiB; see [`LIMIT`](crate::host::source::LIMIT).
    pub fn new(
        path: &[u8],
        subsystem: &'static Subsystem,
        uevent: &[u8],
        suffix: Option<&[u8]>,
    ) -> KernelDevice {
        let uevent = without_repeated(uevent);
        let suffix_at = suffix.and_then(|_| NonZeroU32::new((path.len() + uevent.len()) as u32));
        KernelDevice {
            texts: [path, uevent, suffix.unwrap_or_default()].concat().into(),
            uevent_at: path.len() as u32,
            suffix_at,
            subsystem,
            cache: Cache::default(),
        }
    }

    /// Its folder.
    pub fn path(&self) -> &[u8] {
        &self.texts[..self.uevent_at as usize]
    }

    /// The text of its `uevent` file, without what it repeats.
    pub fn uevent(&self) -> &[u8] {
        let end = self
            .suffix_at
            .map_or(self.texts.len(), |at| at.get() as usize);
        &self.texts[self.uevent_at as usize..end]
    }

    /// What its kind added to its name; `None` for nothing.
    pub fn suffix(&self) -> Option<&[u8]> {
        Some(&self.texts[self.suffix_at?.get() as usize..])
    }

    /// The device as the readers in `caps` see it.
    pub fn node<'a>(&'a self, host: &'a Host) -> Node<'a> {
        Node {
            uevent: self.uevent(),
            suffix: self.suffix(),
            ..Node::at(host, self.path(), self.subsystem.name().as_bytes())
        }
    }
}

/// Variables that only say what others do: the alias by which modules are found, and the name of the folder.
const REPEATED: [&[u8]; 2] = [b"MODALIAS=", b"PCI_SLOT_NAME="];

/// The text of a `uevent` file without the last lines that repeat what others say. Buses put them last (kernel:
/// drivers/pci/pci-driver.c, `pci_uevent`), and they are more than half of the text for a PCI function.
fn without_repeated(mut uevent: &[u8]) -> &[u8] {
    loop {
        let lines = uevent.strip_suffix(b"\n").unwrap_or(uevent);
        let last = memchr::memrchr(b'\n', lines).map_or(0, |end| end + 1);
        if !REPEATED.iter().any(|name| lines[last..].starts_with(name)) {
            return uevent;
        }
        uevent = &uevent[..last];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Device;

    /// A host can have hundreds of thousands.
    #[test]
    fn a_device_takes_little_memory() {
        assert!(size_of::<Device>() <= 104, "{}", size_of::<Device>());
    }

    #[test]
    fn what_others_say_is_left_out_at_the_end() {
        for (uevent, kept) in [
            ("A=b\nMODALIAS=x:y\n", "A=b\n"),
            ("A=b\nMODALIAS=x", "A=b\n"),
            ("MODALIAS=x\n", ""),
            ("A=b\nPCI_SLOT_NAME=0000:00:01.0\nMODALIAS=x\n", "A=b\n"),
            ("MODALIAS=x\nA=b\n", "MODALIAS=x\nA=b\n"),
            ("A=b\nOF_MODALIAS=x\n", "A=b\nOF_MODALIAS=x\n"),
            ("A=b\nMODALIAS=x\n\n", "A=b\nMODALIAS=x\n\n"),
            ("A=MODALIAS=x\n", "A=MODALIAS=x\n"),
            ("\n", "\n"),
            ("", ""),
        ] {
            assert_eq!(without_repeated(uevent.as_bytes()), kept.as_bytes());
        }
    }

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
            let device = KernelDevice::new(
                b"/sys/x",
                &Subsystem::Class("net"),
                uevent.as_bytes(),
                suffix,
            );
            assert_eq!(device.path(), b"/sys/x");
            assert_eq!(device.uevent(), uevent.as_bytes());
            assert_eq!(device.suffix(), suffix);
        }
    }
}
