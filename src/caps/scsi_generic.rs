// SPDX-License-Identifier: LGPL-2.1-or-later
//! SCSI generic character devices, `/dev/sgN`.

use super::input::Input;
use crate::error::Result;
use crate::host::node::Node;
use crate::text;
use crate::xml::writer::Writer;

/// The character device through which SCSI commands are passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generic {
    /// Its path, `/dev/sg0`.
    pub char_device: String,
}

impl Generic {
    /// Takes the device node from the `uevent` file.
    pub fn read(node: &Node<'_>) -> Result<Generic> {
        let path = node
            .devnode()
            .ok_or_else(|| node.unusable("its uevent file names no DEVNAME"))?;
        Ok(Generic {
            char_device: text::clean(&path),
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.value("char", &self.char_device);
    }
}

impl Generic {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Result<Generic> {
        let char_device = input.required("char", "character device path")?;
        Ok(Generic { char_device })
    }
}
