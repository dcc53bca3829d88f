// SPDX-License-Identifier: LGPL-2.1-or-later
//! Nodes of the Direct Rendering Manager, `/dev/dri/*`.

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern;
use crate::xml::schema::text;
use crate::xml::schema::text_kind::TextKind;
use crate::xml::writer::Writer;

/// What a node is for. Sixty-four minor numbers belong to each type (kernel: `drm_minor_alloc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrmType {
    /// Mode setting and rendering.
    Primary,
    /// Reserved by the kernel, unused.
    Control,
    /// Rendering alone.
    Render,
}

/// The types with their names in XML, in the order of their minor numbers.
pub const TYPES: [(DrmType, &str); 3] = [
    (DrmType::Primary, "primary"),
    (DrmType::Control, "control"),
    (DrmType::Render, "render"),
];

/// A DRM node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drm {
    /// What it is for.
    pub drm_type: DrmType,
}

impl Kind for Drm {
    type State = ();
    const NAME: &'static str = "drm";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Class("drm")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("drm_minor")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[text(
        "type",
        TextKind::Words(&[TYPES[0].1, TYPES[1].1, TYPES[2].1]),
    )]);

    fn judge(node: &Node<'_>) -> Result<Verdict> {
        Ok(Verdict::plain_if(Drm::read(node)?.is_some()))
    }

    /// Tells the type from the minor number.
    fn read(node: &Node<'_>) -> Found<Drm> {
        let minor = node
            .variable(b"MINOR")
            .and_then(|minor| text::parse_u32(minor, 10));
        let entry = minor.and_then(|minor| TYPES.get(minor as usize / 64));
        Ok(entry.map(|(drm_type, _)| Drm {
            drm_type: *drm_type,
        }))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.value("type", TYPES[self.drm_type as usize].1);
    }

    fn parse(input: Input<'_>) -> Result<(Drm, ())> {
        let text = input.required("type", "drm type")?;
        let entry = TYPES.into_iter().find(|(_, name)| *name == text);
        let (drm_type, _) =
            entry.ok_or_else(|| input.wrong(format!("unknown drm type '{text}'")))?;
        Ok((Drm { drm_type }, ()))
    }
}
