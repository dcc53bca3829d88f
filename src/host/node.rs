// SPDX-License-Identifier: LGPL-2.1-or-later
//! One device directory of sysfs, as the readers of `caps` see it.

use std::borrow::Cow;

use std::io;

use super::Host;
use super::files::{basename, join};
use super::udev_data::{UdevData, value_of};
use crate::error::{Code, Error, Result};
use crate::text;

/// A device of the kernel: its directory, subsystem and `uevent` text.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// The host whose device it is.
    pub host: &'a Host,
    /// The device's directory, `/sys/devices/…`.
    pub path: &'a [u8],
    /// The name of its bus or class.
    pub subsystem: &'a [u8],
    /// The content of the `uevent` file.
    pub uevent: &'a [u8],
    /// What the device's kind added to its name (a NIC's address, a disk's serial), once it has one.
    pub suffix: Option<&'a [u8]>,
}

impl<'a> Node<'a> {
    /// The device in that directory, of which nothing else was read.
    pub fn at(host: &'a Host, path: &'a [u8], subsystem: &'a [u8]) -> Node<'a> {
        Node {
            host,
            path,
            subsystem,
            uevent: b"",
            suffix: None,
        }
    }

    /// The last component of the path.
    pub fn basename(&self) -> &'a [u8] {
        basename(self.path)
    }

    /// The device's own name: sysfs writes `/` as `!`.
    pub fn sysname(&self) -> Cow<'a, [u8]> {
        let name = self.basename();
        if name.contains(&b'!') {
            name.iter()
                .map(|&b| if b == b'!' { b'/' } else { b })
                .collect()
        } else {
            name.into()
        }
    }

    /// A variable of the `uevent` file; an empty one is none, as in libudev.
    pub fn variable(&self, key: &[u8]) -> Option<&'a [u8]> {
        self.uevent
            .split(|&b| b == b'\n')
            .find_map(|line| value_of(line, key))
    }

    /// The kind of device within its subsystem.
    pub fn devtype(&self) -> Option<&'a [u8]> {
        self.variable(b"DEVTYPE")
    }

    /// The path of the device node, `/dev/…`.
    pub fn devnode(&self) -> Option<Vec<u8>> {
        let name = self.variable(b"DEVNAME")?;
        Some(if name.starts_with(b"/dev/") {
            name.to_vec()
        } else {
            join(b"/dev", name)
        })
    }

    /// udev's entry for the device.
    pub fn udev_data(&self) -> UdevData {
        UdevData::read(&self.host.files, &self.udev_key())
    }

    /// The key of udev's entry: device number, interface index, or subsystem and name.
    fn udev_key(&self) -> Vec<u8> {
        if let (Some(major), Some(minor)) = (self.variable(b"MAJOR"), self.variable(b"MINOR")) {
            let kind: &[u8] = if self.subsystem == b"block" {
                b"b"
            } else {
                b"c"
            };
            return [kind, major, b":", minor].concat();
        }
        match self.variable(b"IFINDEX") {
            Some(index) => [b"n", index].concat(),
            None => [b"+", self.subsystem, b":", self.basename()].concat(),
        }
    }

    /// The path of something below the device's directory.
    pub fn below(&self, name: impl AsRef<[u8]>) -> Vec<u8> {
        join(self.path, name.as_ref())
    }

    /// Whether there is such a thing below the device's directory.
    pub fn has(&self, name: &str) -> bool {
        self.host.files.exists(&self.below(name))
    }

    /// An attribute without trailing newlines; `None` when it is missing or unreadable.
    pub fn attribute(&self, name: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let mut text = self.host.files.read(&self.below(name)).ok()?;
        let length = text::trim_newlines(&text).len();
        text.truncate(length);
        Some(text)
    }

    /// Whether an attribute cannot be read because the device is about to go, or gone.
    ///
    /// An interface that is being unregistered answers EINVAL (kernel: net/core/net-sysfs.c,
    /// `dev_isalive`), a removed directory ENODEV; then the files are missing.
    pub fn is_going(&self, attribute: &str) -> bool {
        let error = |name| self.host.files.read(&self.below(name)).err();
        let is_missing = |e: &io::Error| e.kind() == io::ErrorKind::NotFound;
        error(attribute).is_some_and(|e| {
            matches!(e.raw_os_error(), Some(libc::EINVAL | libc::ENODEV))
                || is_missing(&e) && error("uevent").as_ref().is_some_and(is_missing)
        })
    }

    /// An attribute as text; an empty one counts as missing.
    pub fn text(&self, name: &str) -> Option<String> {
        let text = text::clean(&self.attribute(name)?);
        (!text.is_empty()).then_some(text)
    }

    /// An attribute as a number read by `parse`; a missing one is `None`, any other text an error.
    pub fn number<T>(
        &self,
        name: &str,
        base: u32,
        parse: impl Fn(&[u8], u32) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.attribute(name) {
            None => Ok(None),
            Some(text) => parse(&text, base)
                .map(Some)
                .ok_or_else(|| self.malformed(name, &text)),
        }
    }

    /// The last component of what a link below the directory leads to.
    pub fn link(&self, name: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.host.files.resolve_link(&self.below(name)).ok()
    }

    /// The error for an attribute whose text makes no sense.
    pub fn malformed(&self, name: impl AsRef<[u8]>, text: &[u8]) -> Error {
        let shown: String = text::clean(text).chars().take(64).collect();
        self.unusable(format!(
            "{} holds '{shown}'",
            text::clean(&self.below(name))
        ))
    }

    /// The error for a device that cannot be described.
    pub fn unusable(&self, why: impl AsRef<str>) -> Error {
        Error::new(
            Code::InternalError,
            format!(
                "cannot describe device {}: {}",
                text::clean(self.path),
                why.as_ref()
            ),
        )
    }
}
