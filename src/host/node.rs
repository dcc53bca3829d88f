// SPDX-License-Identifier: LGPL-2.1-or-later
//! One device directory of sysfs, as the readers of `caps` see it.

use std::borrow::Cow;

use super::Host;
use super::files::{basename, join};
use super::found::Found;
use super::udev_data::{UdevData, value_of};
use crate::error::Result;
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
    pub fn udev_data(&self) -> Result<UdevData> {
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
    pub fn has(&self, name: &str) -> Result<bool> {
        self.host.files.exists(&self.below(name))
    }

    /// An attribute without trailing newlines.
    pub fn attribute(&self, name: impl AsRef<[u8]>) -> Found<Vec<u8>> {
        let mut text = self.host.files.read(&self.below(name))?;
        if let Some(text) = &mut text {
            text.truncate(text::trim_newlines(text).len());
        }
        Ok(text)
    }

    /// Whether a missing attribute is missing because the device is about to go, or gone.
    ///
    /// An interface that is being unregistered answers EINVAL (kernel: net/core/net-sysfs.c,
    /// `dev_isalive`), a removed directory ENODEV; then the files are missing.
    pub fn is_going(&self, attribute: &str) -> Result<bool> {
        let files = &self.host.files;
        Ok(files.is_refused(&self.below(attribute))? || !self.has("uevent")?)
    }

    /// An attribute as text; an empty one counts as missing.
    pub fn text(&self, name: &str) -> Found<String> {
        let text = self.attribute(name)?.map(|text| text::clean(&text));
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// An attribute as a number read by `parse`; what is no number counts as missing.
    pub fn number<T>(
        &self,
        name: &str,
        base: u32,
        parse: impl Fn(&[u8], u32) -> Option<T>,
    ) -> Found<T> {
        Ok(self.attribute(name)?.and_then(|text| parse(&text, base)))
    }

    /// The last component of what a link below the directory leads to.
    pub fn link(&self, name: impl AsRef<[u8]>) -> Found<Vec<u8>> {
        self.host.files.resolve_link(&self.below(name))
    }
}
