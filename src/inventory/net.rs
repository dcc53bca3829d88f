// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The part `net`: network interfaces (kernel: Documentation/ABI/testing/sysfs-class-net, sysfs-class-net-phydev,
//! Documentation/networking/bonding.rst, Documentation/networking/switchdev.rst).

use serde_json::Value;

use super::facts::{Fact, Form, Object, names_in, read_facts, set, set_list, set_object};
use super::survey::Survey;
use crate::caps::pci::is_asleep;
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

const FACTS: &[Fact] = &[
    Fact("ifindex", "ifindex", Form::Number),
    Fact("mtu", "mtu", Form::Number),
    Fact("address", "address", Form::Text),
    Fact("hardware_type", "type", Form::Number),
    Fact("address_assignment", "addr_assign_type", Form::Number),
    Fact("duplex", "duplex", Form::Text),
    Fact("speed", "speed", Form::Number),
    Fact("operstate", "operstate", Form::Text),
    Fact("carrier", "carrier", Form::Switch),
    Fact("dev_port", "dev_port", Form::Number),
    Fact("phys_port_name", "phys_port_name", Form::Text),
    Fact("phys_port_id", "phys_port_id", Form::Text),
    Fact("phys_switch_id", "phys_switch_id", Form::Text),
    Fact("device", "device", Form::Link),
];

/// Of the device that an interface belongs to.
const DEVICE_FACTS: &[Fact] = &[
    Fact("bus", "device/subsystem", Form::Link),
    Fact("driver", "device/driver", Form::Link),
];

/// Of a bond that an interface is a part of. Bonds and bridges themselves are no node devices.
const MASTER_FACTS: &[Fact] = &[Fact("mode", "master/bonding/mode", Form::Text)];

/// Reads the part of one interface.
pub fn read(survey: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    let mut net = Object::new();
    set(&mut net, "interface", Some(text::clean(&node.sysname())));
    let kind = node.devtype();
    set(&mut net, "kind", kind.map(text::clean));
    read_facts(node, FACTS, &mut net)?;
    if net.contains_key("device") {
        read_facts(node, DEVICE_FACTS, &mut net)?;
        set_list(&mut net, "rdma", names_in(node, "device/infiniband")?);
    }
    if let Some(name) = net.get("phys_port_name").and_then(|name| name.as_str()) {
        let representor = representor(name);
        set_object(&mut net, "representor", representor.unwrap_or_default());
    }
    if let Some(master) = node.link("master")? {
        set_object(&mut net, "master", read_master(node, &master)?);
    }
    let number = net.get("ifindex").and_then(Value::as_u64);
    let address = net.get("address").and_then(Value::as_str);
    if let Some(interface) = survey.interface(node.basename(), number, address)? {
        let permanent = interface.permanent_address.clone();
        set(&mut net, "permanent_address", permanent);
        let names = interface.alternative_names.iter();
        let names = names.map(|name| text::clean(name));
        set_list(&mut net, "alternative_names", names);
        // Only now is it certain that an interface of this name and this namespace is meant. The kernel wakes its device for
        // the answer (net/ethtool/ioctl.c, `pm_runtime_get_sync`).
        let device = node.below("device");
        let may_ask = survey.is_slow || !is_asleep(&Node::at(node.host, &device, b""))?;
        if let Some(ethtool) = node.host.ethtool()?.filter(|_| may_ask) {
            set(&mut net, "port", ethtool.port(&interface.name)?);
        }
    }
    Ok(Some(net))
}

/// The interface that sends and receives for this one.
fn read_master(node: &Node<'_>, name: &[u8]) -> Result<Object> {
    let mut master = Object::new();
    set(&mut master, "interface", Some(text::clean(name)));
    for (folder, kind) in [("master/bonding", "bond"), ("master/bridge", "bridge")] {
        if node.has(folder)? {
            set(&mut master, "kind", Some(kind));
        }
    }
    read_facts(node, MASTER_FACTS, &mut master)?;
    Ok(master)
}

/// The function that a port of a switch in a NIC stands for: `pf0vf3`, `pf1sf7`, `c1pf0`, as drivers name ports
/// (Documentation/networking/devlink/devlink-port.rst). `None` for any other name.
pub fn representor(name: &str) -> Option<Object> {
    let mut rest = name;
    let mut number = |key: &str| {
        let digits = rest.strip_prefix(key)?;
        let end = digits.find(|c: char| !c.is_ascii_digit());
        let (digits, after) = digits.split_at(end.unwrap_or(digits.len()));
        let number: u32 = digits.parse().ok()?;
        rest = after;
        Some(number)
    };
    let mut representor = Object::new();
    set(&mut representor, "controller", number("c"));
    let physical = number("pf")?;
    set(&mut representor, "physical_function", Some(physical));
    set(&mut representor, "virtual_function", number("vf"));
    set(&mut representor, "subfunction", number("sf"));
    rest.is_empty().then_some(representor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ports_stand_for_functions() {
        for (name, expected) in [
            (
                "pf0vf3",
                json!({"physical_function": 0, "virtual_function": 3}),
            ),
            (
                "c1pf2sf88",
                json!({"controller": 1, "physical_function": 2, "subfunction": 88}),
            ),
            ("pf1", json!({"physical_function": 1})),
            ("p0", Value::Null),
            ("pf0vf", Value::Null),
            ("pf0x", Value::Null),
            ("", Value::Null),
        ] {
            let found = representor(name).map_or(Value::Null, Value::Object);
            assert_eq!(found, expected, "{name}");
        }
    }
}
