// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The parts `scsi` and `fc`: SCSI devices with their places in enclosures, and ports of Fibre Channel host adapters
//! (kernel: Documentation/ABI/testing/sysfs-class-enclosure, drivers/scsi/scsi_sysfs.c, scsi_transport_fc.c).

use super::facts::{Fact, Form, Object, read_facts, set, set_list, set_object, sorted_names};
use super::survey::Survey;
use crate::error::Result;
use crate::host::files::join;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

const FACTS: &[Fact] = &[
    Fact("vendor", "vendor", Form::Text),
    Fact("model", "model", Form::Text),
    Fact("revision", "rev", Form::Text),
    Fact("type", "type", Form::Number),
    Fact("state", "state", Form::Text),
    Fact("queue_depth", "queue_depth", Form::Number),
    Fact("queue_type", "queue_type", Form::Text),
    Fact("timeout", "timeout", Form::Number),
    Fact("wwid", "wwid", Form::Text),
    Fact("sas_address", "sas_address", Form::Text),
];

const SLOT_FACTS: &[Fact] = &[
    Fact("slot", "slot", Form::Number),
    Fact("type", "type", Form::Text),
    Fact("status", "status", Form::Text),
];

const PORT_FACTS: &[Fact] = &[
    Fact("port_name", "port_name", Form::Text),
    Fact("node_name", "node_name", Form::Text),
    Fact("port_id", "port_id", Form::Text),
    Fact("port_type", "port_type", Form::Text),
    Fact("state", "port_state", Form::Text),
    Fact("speed", "speed", Form::Text),
    Fact("supported_speeds", "supported_speeds", Form::Text),
    Fact("fabric_name", "fabric_name", Form::Text),
];

const REMOTE_FACTS: &[Fact] = &[
    Fact("port_name", "port_name", Form::Text),
    Fact("node_name", "node_name", Form::Text),
    Fact("port_id", "port_id", Form::Text),
    Fact("state", "port_state", Form::Text),
    Fact("roles", "roles", Form::Text),
];

/// The beginning of the name of the link to the place in an enclosure; the place's name follows.
const ENCLOSURE: &[u8] = b"enclosure_device:";

/// Reads the part of one SCSI device.
pub fn read(_: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    let mut scsi = Object::new();
    set(&mut scsi, "address", Some(text::clean(node.basename())));
    read_facts(node, FACTS, &mut scsi)?;
    let names = node.host.files.entries(node.path)?.unwrap_or_default();
    if let Some(link) = names.iter().find(|name| name.starts_with(ENCLOSURE)) {
        let path = node.below(link);
        let slot = Node::at(node.host, &path, b"enclosure");
        let mut enclosure = Object::new();
        set(
            &mut enclosure,
            "name",
            Some(text::clean(&link[ENCLOSURE.len()..])),
        );
        read_facts(&slot, SLOT_FACTS, &mut enclosure)?;
        // The place is in the folder of its enclosure.
        let target = node.host.files.read_link(&path)?.unwrap_or_default();
        let above = target.split(|&b| b == b'/').rev().nth(1);
        set(&mut enclosure, "enclosure", above.map(text::clean));
        set_object(&mut scsi, "enclosure", enclosure);
    }
    Ok(Some(scsi))
}

/// Reads the part of a host adapter; `None` for one without Fibre Channel.
pub fn read_fc(_: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    let path = join(&node.below("fc_host"), node.basename());
    let port = Node::at(node.host, &path, b"fc_host");
    let mut fc = Object::new();
    read_facts(&port, PORT_FACTS, &mut fc)?;
    if fc.is_empty() {
        return Ok(None);
    }
    set_list(&mut fc, "remote_ports", remote_ports(node)?);
    Ok(Some(fc))
}

fn remote_ports(node: &Node<'_>) -> Result<Vec<Object>> {
    let mut ports = Vec::new();
    for name in sorted_names(node.host, node.path, |name| name.starts_with(b"rport-"))? {
        let path = join(&join(&node.below(&name), b"fc_remote_ports"), &name);
        let mut object = Object::new();
        set(&mut object, "name", Some(text::clean(&name)));
        read_facts(
            &Node::at(node.host, &path, b"fc_remote_ports"),
            REMOTE_FACTS,
            &mut object,
        )?;
        ports.push(object);
    }
    Ok(ports)
}
