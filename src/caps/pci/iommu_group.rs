// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The IOMMU group of a PCI function (kernel: Documentation/ABI/testing/sysfs-kernel-iommu_groups).

use crate::caps::input::Input;
use crate::caps::pci_address::PciAddress;
use crate::error::Result;
use crate::host::files::basename;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;
use crate::xml::schema::Pattern::{self, Several};
use crate::xml::schema::text_kind::UNSIGNED_INT;
use crate::xml::schema::{element, required};
use crate::xml::writer::Writer;

/// An IOMMU group: functions that can only be assigned to a virtual machine together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IommuGroup {
    /// Its number.
    pub number: i32,
    /// Its functions, in the order in which the kernel lists them; empty if only the number is known.
    pub functions: Vec<PciAddress>,
}

impl IommuGroup {
    /// What the schema of libvirt 12.8.0 allows of `<iommuGroup>`.
    pub const SCHEMA: Pattern = element(
        "iommuGroup",
        &[required("number", UNSIGNED_INT)],
        &[Several(&PciAddress::SCHEMA)],
    );

    /// Takes the number from the target of the link `iommu_group`. If the target does not exist, as in some recordings,
    /// no function is known. As in libvirt, a group without the folder `devices` has the function itself, and a group
    /// whose folder has no PCI function is left out.
    pub fn read(node: &Node<'_>) -> Found<IommuGroup> {
        let files = &node.host.files;
        let target = files.read_link(&node.below("iommu_group"))?;
        let Some(number) = target.and_then(|target| text::parse_i32(basename(&target), 10)) else {
            return Ok(None);
        };
        let functions: Vec<_> = match files.entries(&node.below("iommu_group/devices"))? {
            Some(entries) => {
                let functions = entries.iter().filter_map(|name| PciAddress::parse(name));
                functions.collect()
            }
            None if node.has("iommu_group")? => {
                PciAddress::parse(node.basename()).into_iter().collect()
            }
            None => {
                let functions = Vec::new();
                return Ok(Some(IommuGroup { number, functions }));
            }
        };
        let is_shown = !functions.is_empty();
        Ok(is_shown.then_some(IommuGroup { number, functions }))
    }

    /// Writes `<iommuGroup number=…>` with the addresses of its functions.
    pub fn write(&self, w: &mut Writer) {
        if self.functions.is_empty() {
            return w.empty("iommuGroup", &[("number", &self.number)]);
        }
        w.element("iommuGroup", &[("number", &self.number)], |w| {
            for address in &self.functions {
                address.write(w.item());
            }
        });
    }

    /// Reads `<iommuGroup>`; code 1 for a number that is missing or none, code 27 for an address that is none.
    pub fn parse(input: Input<'_>) -> Result<IommuGroup> {
        let number = input.element.attribute("number");
        let number = number.ok_or_else(|| input.wrong("missing iommuGroup number attribute"))?;
        Ok(IommuGroup {
            number: text::parse_i32(number.as_bytes(), 0)
                .ok_or_else(|| input.wrong("invalid iommuGroup number attribute"))?,
            functions: PciAddress::parse_children(input.element)?,
        })
    }
}
