// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! One device in sysfs, as the readers in `caps` see it.

use std::borrow::Cow;

use once_cell::unsync::OnceCell;

use super::Host;
use super::files::{Joined, basename, join};
use super::found::Found;
use super::udev_data::{UdevData, value_of};
use crate::error::Result;
use crate::text;

/// A device of the kernel: its folder, subsystem and `uevent` file. It is made for one look at the device.
#[derive(Debug)]
pub struct Node<'a> {
    /// The host whose device it is.
    pub host: &'a Host,
    /// The device's folder, `/sys/devices/…`.
    pub path: &'a [u8],
    /// The name of its bus or class.
    pub subsystem: &'a [u8],
    /// The content of the `uevent` file.
    pub uevent: &'a [u8],
    /// What the device's kind added to its name (a NIC's address, a disk's serial); `None` for nothing, and before the
    /// device is named.
    pub suffix: Option<&'a [u8]>,
    /// The device's entry in udev's database, once it was read: what is told together comes from one entry.
    pub udev: OnceCell<UdevData>,
}

impl<'a> Node<'a> {
    /// The device in this folder, whose `uevent` file was not read.
    pub fn at(host: &'a Host, path: &'a [u8], subsystem: &'a [u8]) -> Node<'a> {
        Node {
            host,
            path,
            subsystem,
            uevent: b"",
            suffix: None,
            udev: OnceCell::new(),
        }
    }

    /// The last component of the path.
    pub fn basename(&self) -> &'a [u8] {
        basename(self.path)
    }

    /// The device's name in the kernel: its folder's, with `/` for each `!` there.
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

    /// The value of a variable of the `uevent` file; `None` if it is missing or, as in libudev, empty.
    pub fn variable(&self, key: &[u8]) -> Option<&'a [u8]> {
        text::lines(self.uevent).find_map(|line| value_of(line, key))
    }

    /// The kind of device within its subsystem, from the variable `DEVTYPE`.
    pub fn devtype(&self) -> Option<&'a [u8]> {
        self.variable(b"DEVTYPE")
    }

    /// The path of the device node, `/dev/…`, from the variable `DEVNAME`.
    pub fn devnode(&self) -> Option<Vec<u8>> {
        let name = self.variable(b"DEVNAME")?;
        Some(if name.starts_with(b"/dev/") {
            name.to_vec()
        } else {
            join(b"/dev", name).to_vec()
        })
    }

    /// The device's entry in udev's database; an empty one if udev has none.
    pub fn udev_data(&self) -> Result<&UdevData> {
        let read = || UdevData::read(&self.host.files, &self.udev_key());
        self.udev.get_or_try_init(read)
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

    /// The path of something below the device's folder.
    pub fn below(&self, name: impl AsRef<[u8]>) -> Joined {
        join(self.path, name.as_ref())
    }

    /// Whether this exists below the device's folder.
    pub fn has(&self, name: &str) -> Result<bool> {
        self.host.files.exists(&self.below(name))
    }

    /// The content of an attribute, without newlines at its end.
    pub fn attribute(&self, name: impl AsRef<[u8]>) -> Found<Vec<u8>> {
        let mut text = self.host.files.read(&self.below(name))?;
        if let Some(text) = &mut text {
            text.truncate(text::trim_newlines(text).len());
        }
        Ok(text)
    }

    /// Whether an attribute is missing because the device is being removed, or has been.
    ///
    /// Attributes of an interface that is being unregistered give EINVAL (kernel: net/core/net-sysfs.c, `dev_isalive`),
    /// those in a removed folder ENODEV; after that, the files are missing.
    pub fn is_going(&self, attribute: &str) -> Result<bool> {
        let files = &self.host.files;
        Ok(files.is_refused(&self.below(attribute))? || !self.has("uevent")?)
    }

    /// An attribute as text; `None` if it is missing or empty.
    pub fn text(&self, name: &str) -> Found<String> {
        let text = self.attribute(name)?.map(|text| text::clean(&text));
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// An attribute as a number, which `parse` reads; `None` if it is missing or no number.
    pub fn number<T>(
        &self,
        name: &str,
        base: u32,
        parse: impl Fn(&[u8], u32) -> Option<T>,
    ) -> Found<T> {
        Ok(self.attribute(name)?.and_then(|text| parse(&text, base)))
    }

    /// The last component of the target of a link below the device's folder; `None` if the target does not exist.
    pub fn link(&self, name: impl AsRef<[u8]>) -> Found<Vec<u8>> {
        self.host.files.resolve_link(&self.below(name))
    }
}
