// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The part `vgpu`: what a device can be cut into for virtual machines: types of mediated devices (kernel:
//! Documentation/driver-api/vfio-mediated-device.rst), and of vGPUs by NVIDIA's framework for VFIO
//! ([`crate::caps::vgpu_types`]).

use serde_json::Value;

use super::facts::{Fact, Form, Object, read_facts, set, set_list, sorted_names, text_value};
use super::survey::Survey;
use crate::caps::mdev_types;
use crate::caps::vgpu_types::{CURRENT, creatable};
use crate::error::Result;
use crate::host::files::{basename, dirname, join};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

/// Of a type of mediated device.
const TYPE_FACTS: &[Fact] = &[
    Fact("name", "name", Form::Text),
    Fact("description", "description", Form::Text),
    Fact("device_api", "device_api", Form::Text),
    Fact("available_instances", "available_instances", Form::Number),
];

/// Of a function that can be a vGPU. Where it lies in the GPU matters with vGPUs of several sizes.
const FACTS: &[Fact] = &[
    Fact("current_type", CURRENT, Form::Number),
    Fact("placement", "nvidia/placement_id", Form::Number),
];

/// Of a mediated device.
const MEDIATED_FACTS: &[Fact] = &[
    Fact("mediated_type", "mdev_type", Form::Link),
    Fact("mediated_type_name", "mdev_type/name", Form::Text),
];

/// Reads the part of a mediated device.
fn read_mediated(node: &Node<'_>) -> Found<Object> {
    let mut vgpu = Object::new();
    set(
        &mut vgpu,
        "parent",
        text_value(basename(dirname(node.path))),
    );
    read_facts(node, MEDIATED_FACTS, &mut vgpu)?;
    let group = node.link("iommu_group")?;
    let group = group.and_then(|number| text::parse_u64(&number, 10));
    set(&mut vgpu, "iommu_group", group);
    Ok(Some(vgpu))
}

/// Reads the part of one device; `None` for one that neither offers types nor is of one.
pub fn read(_: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    if node.subsystem == b"mdev" {
        return read_mediated(node);
    }
    let mut vgpu = Object::new();
    set_list(&mut vgpu, "mediated_types", mediated_types(node)?);
    read_facts(node, FACTS, &mut vgpu)?;
    if vgpu.contains_key("current_type") {
        let types = creatable(node)?.into_iter().map(|offered| {
            let mut object = Object::new();
            set(&mut object, "id", Some(offered.id));
            set(&mut object, "name", Some(offered.name));
            object
        });
        set_list(&mut vgpu, "creatable_types", types);
        set_list(&mut vgpu, "creatable_placements", placements(node)?);
    }
    Ok((!vgpu.is_empty()).then_some(vgpu))
}

fn mediated_types(node: &Node<'_>) -> Result<Vec<Object>> {
    let folder = node.below(mdev_types::FOLDER);
    let mut types = Vec::new();
    for id in sorted_names(node.host, &folder, |_| true)? {
        let path = join(&folder, &id);
        let mut object = Object::new();
        set(&mut object, "id", Some(text::clean(&id)));
        read_facts(&Node::at(node.host, &path, b""), TYPE_FACTS, &mut object)?;
        types.push(object);
    }
    Ok(types)
}

/// The places that a vGPU of the type that is set can take, which are numbers; none if there is any other text.
fn placements(node: &Node<'_>) -> Result<Vec<Value>> {
    let text = node.attribute("nvidia/creatable_placement_ids")?;
    let text = text.unwrap_or_default();
    let words = text.split(|b| b.is_ascii_whitespace() || *b == b',');
    let words = words.filter(|word| !word.is_empty());
    let numbers: Option<Vec<Value>> = words
        .map(|word| text::parse_u64(word, 10).map(Value::from))
        .collect();
    Ok(numbers.unwrap_or_default())
}
