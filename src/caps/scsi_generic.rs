// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! SCSI generic character devices, `/dev/sgN` (kernel: Documentation/scsi/scsi-generic.rst).

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern;
use crate::xml::schema::text;
use crate::xml::schema::text_kind::ANY;
use crate::xml::writer::Writer;

/// The character device through which SCSI commands are passed to a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScsiGeneric {
    /// Its path, `/dev/sg0`.
    pub char_device: String,
}

impl Kind for ScsiGeneric {
    type State = ();
    const NAME: &'static str = "scsi_generic";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Class("scsi_generic")];
    const MARKS: &'static [Mark] = &[Mark::Subsystem];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[text("char", ANY)]);
    const IS_CREATABLE: bool = false;

    fn judge(node: &Node<'_>) -> Result<Verdict> {
        Ok(Verdict::plain_if(node.devnode().is_some()))
    }

    /// Takes the path from the uevent variable `DEVNAME`.
    fn read(node: &Node<'_>) -> Found<ScsiGeneric> {
        Ok(node.devnode().map(|path| ScsiGeneric {
            char_device: text::clean(&path),
        }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.value("char", &self.char_device);
    }

    fn parse(input: Input<'_>) -> Result<(ScsiGeneric, ())> {
        let char_device = input.required("char", "character device path")?;
        Ok((ScsiGeneric { char_device }, ()))
    }
}
