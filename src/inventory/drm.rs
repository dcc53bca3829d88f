// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The part `drm`: graphics cards and what is connected to them (kernel: drivers/gpu/drm/drm_sysfs.c,
//! Documentation/gpu/amdgpu).

use super::facts::{Fact, Form, Object, read_facts, set, set_list, sorted_names};
use super::survey::Survey;
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

const FACTS: &[Fact] = &[
    Fact("device", "device", Form::Link),
    Fact("bus", "device/subsystem", Form::Link),
    Fact("driver", "device/driver", Form::Link),
    Fact("vram", "device/mem_info_vram_total", Form::Number),
];

const CONNECTOR_FACTS: &[Fact] = &[
    Fact("status", "status", Form::Text),
    Fact("enabled", "enabled", Form::Text),
    Fact("dpms", "dpms", Form::Text),
    Fact("modes", "modes", Form::Words),
];

/// Reads the part of one node of a card.
pub fn read(_: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    let mut drm = Object::new();
    set(&mut drm, "name", Some(text::clean(node.basename())));
    read_facts(node, FACTS, &mut drm)?;
    if node.basename().starts_with(b"card") {
        set_list(&mut drm, "connectors", connectors(node)?);
    }
    Ok(Some(drm))
}

/// The connectors of a card, whose folders are named `card0-HDMI-A-1`.
fn connectors(node: &Node<'_>) -> Result<Vec<Object>> {
    let mut connectors = Vec::new();
    let prefix = [node.basename(), b"-"].concat();
    for name in sorted_names(node.host, node.path, |name| name.starts_with(&prefix))? {
        let connector = &name[prefix.len()..];
        let path = node.below(&name);
        let mut object = Object::new();
        set(&mut object, "name", Some(text::clean(connector)));
        read_facts(
            &Node::at(node.host, &path, b"drm"),
            CONNECTOR_FACTS,
            &mut object,
        )?;
        connectors.push(object);
    }
    Ok(connectors)
}
