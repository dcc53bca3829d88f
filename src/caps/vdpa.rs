// SPDX-License-Identifier: LGPL-2.1-or-later
//! vDPA devices: virtio data path in hardware (kernel: Documentation/ABI/testing/sysfs-bus-vdpa).

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use crate::error::Result;
use crate::host::files::join;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern;
use crate::xml::schema::text;
use crate::xml::schema::text_kind::PATH;
use crate::xml::writer::Writer;

/// A device on the vdpa bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vdpa {
    /// The path of the character device that vhost made for it, `/dev/vhost-vdpa-0`; `None` while
    /// another driver has the device.
    pub chardev: Option<String>,
}

impl Kind for Vdpa {
    type State = ();
    const NAME: &'static str = "vdpa";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("vdpa")];
    const MARKS: &'static [Mark] = &[Mark::Subsystem];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[text("chardev", PATH)]);
    const IS_CREATABLE: bool = false;

    fn judge(node: &Node<'_>) -> Verdict {
        Verdict::plain_if(Vdpa::read(node).is_ok())
    }

    /// Looks for vhost's child device and its node below `/dev`.
    fn read(node: &Node<'_>) -> Result<Vdpa> {
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

    fn write(&self, _: &(), w: &mut Writer) {
        w.optional("chardev", self.chardev.as_ref());
    }

    fn parse(input: Input<'_>) -> Result<(Vdpa, ())> {
        let chardev = input.text("chardev");
        Ok((Vdpa { chardev }, ()))
    }
}
