// SPDX-License-Identifier: LGPL-2.1-or-later
//! vDPA devices: virtio data path in hardware (kernel: Documentation/ABI/testing/sysfs-bus-vdpa).

use super::input::Input;
use crate::error::Result;
use crate::host::files::join;
use crate::host::node::Node;
use crate::text;
use crate::xml::writer::Writer;

/// A device on the vdpa bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vdpa {
    /// The character device that vhost made for it, while vhost drives it.
    pub chardev: Option<String>,
}

impl Vdpa {
    /// Looks for vhost's child device and its node below `/dev`.
    pub fn read(node: &Node<'_>) -> Result<Vdpa> {
        let entries = node.host.files.entries(node.path).unwrap_or_default();
        let Some(entry) = entries.iter().find(|name| name.starts_with(b"vhost-vdpa")) else {
            return Ok(Vdpa { chardev: None });
        };
        let path = join(b"/dev", entry);
        // A recorded tree has no device nodes to look for.
        if node.host.files.is_live() && !node.host.files.exists(&path) {
            return Err(node.unusable(format!("{} does not exist", text::clean(&path))));
        }
        Ok(Vdpa {
            chardev: Some(text::clean(&path)),
        })
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.optional("chardev", self.chardev.as_ref());
    }
}

impl Vdpa {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Vdpa {
        let chardev = input.text("chardev");
        Vdpa { chardev }
    }
}
