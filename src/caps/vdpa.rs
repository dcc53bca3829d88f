// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! vDPA devices: virtio data path in hardware (kernel: Documentation/ABI/testing/sysfs-bus-vdpa).

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use crate::error::Result;
use crate::host::files::join;
use crate::host::found::Found;
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
    /// another driver is bound to it.
    pub chardev: Option<String>,
}

/// The character device that vhost makes.
struct Chardev {
    path: Vec<u8>,
    is_there: bool,
}

/// Looks for vhost's child device and its device node; `None` if vhost does not drive the device.
fn chardev(node: &Node<'_>) -> Found<Chardev> {
    let files = &node.host.files;
    let entries = files.entries(node.path)?.unwrap_or_default();
    let Some(entry) = entries.iter().find(|name| name.starts_with(b"vhost-vdpa")) else {
        return Ok(None);
    };
    let path = join(b"/dev", entry);
    // A recorded tree has no device nodes to look for.
    let is_there = !files.is_live() || files.exists(&path)?;
    Ok(Some(Chardev {
        path: path.to_vec(),
        is_there,
    }))
}

impl Kind for Vdpa {
    type State = ();
    const NAME: &'static str = "vdpa";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Bus("vdpa")];
    const MARKS: &'static [Mark] = &[Mark::Subsystem];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[text("chardev", PATH)]);
    const IS_CREATABLE: bool = false;

    /// If vhost drives it, its device node must exist.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        let chardev = chardev(node)?;
        Ok(Verdict::plain_if(
            chardev.is_none_or(|chardev| chardev.is_there),
        ))
    }

    fn read(node: &Node<'_>) -> Found<Vdpa> {
        let chardev = chardev(node)?.filter(|chardev| chardev.is_there);
        Ok(Some(Vdpa {
            chardev: chardev.map(|chardev| text::clean(&chardev.path)),
        }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.optional("chardev", self.chardev.as_ref());
    }

    fn parse(input: Input<'_>) -> Result<(Vdpa, ())> {
        let chardev = input.text("chardev");
        Ok((Vdpa { chardev }, ()))
    }
}
