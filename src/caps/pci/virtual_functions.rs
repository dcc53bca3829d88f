// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Physical and virtual PCI functions, SR-IOV (kernel: Documentation/PCI/pci-iov-howto.rst).

use crate::caps::pci_address::PciAddress;
use crate::error::Result;
use crate::host::files::basename;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::writer::{Attribute, Writer};

/// The virtual functions that a function has and can have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VirtualFunctions {
    /// Those that exist, by index, from the links `virtfn0`, `virtfn1`, ….
    pub functions: Vec<PciAddress>,
    /// How many there can be, from the attribute `sriov_totalvfs`; 0 if a document does not say.
    pub max: u32,
}

/// The function that a link in the function's folder leads to; `None` if there is no such link, or it leads elsewhere.
pub fn function_of_link(node: &Node<'_>, name: &str) -> Found<PciAddress> {
    let target = node.host.files.read_link(&node.below(name))?;
    Ok(target.and_then(|target| PciAddress::parse(basename(&target))))
}

/// The virtual functions of a function, by index.
pub fn virtual_functions(node: &Node<'_>) -> Result<Vec<PciAddress>> {
    let mut functions = Vec::new();
    while let Some(function) = function_of_link(node, &format!("virtfn{}", functions.len()))? {
        functions.push(function);
    }
    Ok(functions)
}

impl VirtualFunctions {
    /// Reads them; `None` for a function that has none and cannot have any.
    pub fn read(node: &Node<'_>) -> Found<VirtualFunctions> {
        let functions = virtual_functions(node)?;
        let max = node.number("sriov_totalvfs", 10, text::parse_u32)?;
        let max = max.unwrap_or(0);
        let has_any = max > 0 || !functions.is_empty();
        Ok(has_any.then_some(VirtualFunctions { functions, max }))
    }

    /// Writes `<capability type='virt_functions'>`.
    pub fn write(&self, w: &mut Writer) {
        let mut attributes: Vec<Attribute<'_>> = Vec::new();
        if self.max > 0 {
            attributes.push(("maxCount", &self.max));
        }
        if self.functions.is_empty() {
            return w.empty_capability("virt_functions", &attributes);
        }
        w.capability("virt_functions", &attributes, |w| {
            for address in &self.functions {
                address.write(w.item());
            }
        });
    }
}
