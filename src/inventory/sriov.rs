// SPDX-License-Identifier: LGPL-2.1-or-later
//! The part `sriov`: functions that have virtual functions, and these (kernel: Documentation/PCI/pci-iov-howto.rst,
//! Documentation/ABI/testing/sysfs-bus-pci).

use super::facts::{Fact, Form, Object, read_fact, read_facts, set, set_list, text_value};
use super::survey::Survey;
use crate::caps::pci_address::PciAddress;
use crate::error::Result;
use crate::host::files::{dirname, join};
use crate::host::found::Found;
use crate::host::node::Node;

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
    set_list(
        &mut sriov,
        "physical_interfaces",
        interfaces(node, "physfn/net")?,
    );
    set(
        &mut sriov,
        "msix",
        read_fact(node, "sriov_vf_msix_count", Form::Number)?,
    );
    Ok(Some(sriov))
}

/// The names of the network interfaces in a folder.
fn interfaces(node: &Node<'_>, folder: &str) -> Result<Vec<serde_json::Value>> {
    let names = node.host.files.entries(&node.below(folder))?;
    let mut names = names.unwrap_or_default();
    names.sort_unstable();
    Ok(names.iter().filter_map(|name| text_value(name)).collect())
}
