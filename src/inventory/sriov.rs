// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The part `sriov`: functions that have virtual functions, and these (kernel: Documentation/PCI/pci-iov-howto.rst,
//! Documentation/ABI/testing/sysfs-bus-pci).

use serde_json::Value;

use super::facts::{
    Fact, Form, Object, names_in, read_fact, read_facts, set, set_list, text_value,
};
use super::net::representor;
use super::survey::Survey;
use crate::caps::pci_address::PciAddress;
use crate::error::Result;
use crate::host::files::{dirname, join};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

const PHYSICAL: &[Fact] = &[
    Fact("current", "sriov_numvfs", Form::Number),
    Fact("offset", "sriov_offset", Form::Number),
    Fact("stride", "sriov_stride", Form::Number),
    Fact("virtual_device", "sriov_vf_device", Form::Hex),
    Fact("drivers_autoprobe", "sriov_drivers_autoprobe", Form::Switch),
    Fact("msix_total", "sriov_vf_total_msix", Form::Number),
];

/// Reads the part of one function; `None` for a function that is neither.
pub fn read(survey: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    let mut sriov = Object::new();
    if let Some(total) = read_fact(node, "sriov_totalvfs", Form::Number)? {
        sriov.insert("role".into(), "physical".into());
        sriov.insert("total".into(), total);
        read_facts(node, PHYSICAL, &mut sriov)?;
        let functions = survey.virtual_functions(node.path)?;
        let functions = functions.iter().map(PciAddress::to_string);
        set_list(&mut sriov, "virtual_functions", functions);
        return Ok(Some(sriov));
    }
    let Some(physical) = node.link("physfn")? else {
        return Ok(None);
    };
    sriov.insert("role".into(), "virtual".into());
    set(&mut sriov, "physical_function", text_value(&physical));
    // Virtual functions are next to their physical one, whatever the bus number in their addresses is.
    let path = join(dirname(node.path), &physical);
    let functions = survey.virtual_functions(&path)?;
    let own = PciAddress::parse(node.basename());
    let index = functions.iter().position(|function| Some(*function) == own);
    set(&mut sriov, "index", index);
    let interfaces = physical_interfaces(node)?;
    if let Some(index) = index {
        write_settings(survey, node, &interfaces, index, &mut sriov)?;
    }
    set_list(&mut sriov, "physical_interfaces", interfaces);
    set(
        &mut sriov,
        "msix",
        read_fact(node, "sriov_vf_msix_count", Form::Number)?,
    );
    Ok(Some(sriov))
}

/// The network interfaces of the physical function, without those that stand for other functions.
fn physical_interfaces(node: &Node<'_>) -> Result<Vec<Value>> {
    let mut own = Vec::new();
    for name in names_in(node, "physfn/net")? {
        let file = format!(
            "physfn/net/{}/phys_port_name",
            name.as_str().unwrap_or_default()
        );
        let port = node.text(&file)?;
        if port.and_then(|port| representor(&port)).is_none() {
            own.push(name);
        }
    }
    Ok(own)
}

/// Writes the address and the VLAN that the physical function has for the virtual one with this number.
fn write_settings(
    survey: &Survey<'_>,
    node: &Node<'_>,
    interfaces: &[Value],
    index: usize,
    sriov: &mut Object,
) -> Result<()> {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    for name in interfaces.iter().filter_map(Value::as_str) {
        let path = node.below(format!("physfn/net/{name}"));
        let physical = Node::at(node.host, &path, b"net");
        let number = physical.number("ifindex", 10, text::parse_u64)?;
        let address = physical.text("address")?;
        let interface = survey.interface(name.as_bytes(), number, address.as_deref())?;
        let function = interface.and_then(|interface| interface.functions.get(&index));
        if let Some(function) = function {
            set(sriov, "mac", function.address.clone());
            set(sriov, "vlan", function.vlan);
            break;
        }
    }
    Ok(())
}
