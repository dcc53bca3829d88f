// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
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

/// The type of the node `card0`, `controlD64` or `renderD128` (kernel: `drm_minor_alloc`).
fn type_of_name(name: &[u8]) -> Option<&'static (DrmType, &'static str)> {
    let prefixes: [(&[u8], usize); 3] = [(b"card", 0), (b"controlD", 1), (b"renderD", 2)];
    let (_, index) = prefixes.into_iter().find(|(prefix, _)| {
        let number = name.strip_prefix(*prefix);
        number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
    })?;
    TYPES.get(index)
}

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

    /// Takes the type from the minor number if that is below 192, else from the name: the numbers
    /// from 192 on are for nodes of any type (since Linux 6.12).
    fn read(node: &Node<'_>) -> Found<Drm> {
        let minor = node
            .variable(b"MINOR")
            .and_then(|minor| text::parse_u32(minor, 10));
        let entry = match minor {
            Some(minor) if minor < 192 => TYPES.get(minor as usize / 64),
            Some(_) => type_of_name(node.basename()),
            None => None,
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;

    /// What is written of a node with this name and `MINOR`.
    fn written(name: &str, minor: &str) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("sys")).unwrap();
        let host = Host::recorded(root.path()).unwrap();
        let path = format!("/sys/devices/pci0/drm/{name}");
        let uevent = format!("MAJOR=226\nMINOR={minor}\nDEVTYPE=drm_minor\n");
        let node = Node {
            uevent: uevent.as_bytes(),
            ..Node::at(&host, path.as_bytes(), b"drm")
        };
        let drm = Drm::read(&node).unwrap()?;
        let mut w = Writer::xml();
        drm.write(&(), &mut w);
        Some(w.finish())
    }

    /// The kernel gives minor numbers below 192 by type, 64 to each; from 192 on they are for any type (drm_drv.c).
    #[test]
    fn the_minor_number_tells_the_type_below_192_and_the_name_above() {
        for (name, minor, expected) in [
            ("card0", "0", Some("primary")),
            ("card63", "63", Some("primary")),
            ("controlD64", "64", Some("control")),
            ("renderD128", "128", Some("render")),
            ("renderD191", "191", Some("render")),
            ("card64", "192", Some("primary")),
            ("renderD193", "193", Some("render")),
            ("renderD100000", "100000", Some("render")),
            ("card1-DP-1", "200", None),
            ("card", "200", None),
            ("other0", "200", None),
            ("card0", "", None),
            ("card0", "-1", None),
            // Names that say something else than the number.
            ("card9", "128", Some("render")),
            ("renderD9", "63", Some("primary")),
            ("card9", "192", Some("primary")),
            ("renderD9", "255", Some("render")),
            ("other", "191", Some("render")),
            ("other", "192", None),
        ] {
            let expected = expected.map(|word| format!("<type>{word}</type>\n"));
            assert_eq!(written(name, minor), expected, "{name} {minor}");
        }
    }
}
