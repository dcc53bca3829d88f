// SPDX-License-Identifier: LGPL-2.1-or-later
//! Nodes of the Direct Rendering Manager, `/dev/dri/*`.

use super::input::Input;
use crate::error::Result;
use crate::host::node::Node;
use crate::text;
use crate::xml::writer::Writer;

/// What a node is for. Sixty-four minor numbers belong to each type (kernel: `drm_minor_alloc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Mode setting and rendering.
    Primary,
    /// Reserved by the kernel, unused.
    Control,
    /// Rendering alone.
    Render,
}

/// The types with their names in XML.
pub const TYPES: [(Type, &str); 3] = [
    (Type::Primary, "primary"),
    (Type::Control, "control"),
    (Type::Render, "render"),
];

/// A DRM node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drm {
    /// What it is for.
    pub kind: Type,
}

impl Drm {
    /// Tells the type from the minor number.
    pub fn read(node: &Node<'_>) -> Result<Drm> {
        let minor = node
            .variable(b"MINOR")
            .and_then(|minor| text::parse_u32(minor, 10));
        let entry = minor.and_then(|minor| TYPES.get(minor as usize >> 6));
        match entry {
            Some((kind, _)) => Ok(Drm { kind: *kind }),
            None => Err(node.unusable("its minor number belongs to no DRM node type")),
        }
    }

    /// Writes the content of the capability.
    pub fn write(&self, w: &mut Writer) {
        w.value("type", TYPES[self.kind as usize].1);
    }
}

impl Drm {
    /// Reads the content of the capability.
    pub fn parse(input: Input<'_>) -> Result<Drm> {
        let text = input.required("type", "drm type")?;
        match TYPES.iter().find(|(_, name)| *name == text) {
            Some((kind, _)) => Ok(Drm { kind: *kind }),
            None => Err(input.wrong(format!("unknown drm type '{text}'"))),
        }
    }
}
