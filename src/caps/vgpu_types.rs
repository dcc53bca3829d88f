// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What a virtual function can be as a vGPU, by NVIDIA's framework for VFIO on kernels without mediated devices (NVIDIA
//! Virtual GPU Software User Guide, "Creating an NVIDIA vGPU on a Linux with KVM Hypervisor that Uses a Vendor-Specific
//! VFIO Framework").

use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

/// The attribute with the number of the type that a function is; writing sets it.
pub const CURRENT: &str = "nvidia/current_vgpu_type";

/// The attribute with the types that can be set.
const CREATABLE: &str = "nvidia/creatable_vgpu_types";

/// The number that stands for no type.
pub const NONE: u32 = 0;

/// A type of vGPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VgpuType {
    /// The driver's number for it.
    pub id: u32,
    /// Its name: `NVIDIA L40-1Q`.
    pub name: String,
}

/// The number of the type that the function is, [`NONE`] for none; `None` for a function that cannot be a vGPU.
pub fn current(node: &Node<'_>) -> Found<u32> {
    node.number(CURRENT, 10, text::parse_u32)
}

/// The types that can be set, in the driver's order. They depend on what the GPU's other functions are.
pub fn creatable(node: &Node<'_>) -> Result<Vec<VgpuType>> {
    let table = node.attribute(CREATABLE)?.unwrap_or_default();
    Ok(table.split(|&b| b == b'\n').filter_map(row).collect())
}

/// Reads a line of the table, number and name with a colon between them; `None` for any other, as its head is.
fn row(line: &[u8]) -> Option<VgpuType> {
    let colon = line.iter().position(|&b| b == b':')?;
    let id = text::parse_u32(line[..colon].trim_ascii(), 10)?;
    let name = text::line(line[colon + 1..].trim_ascii());
    (id != NONE && !name.is_empty()).then_some(VgpuType { id, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table() {
        for (line, expected) in [
            ("592   : NVIDIA L40-1Q", Some((592, "NVIDIA L40-1Q"))),
            ("7:a : b ", Some((7, "a : b"))),
            ("ID    : vGPU Name", None),
            ("592   :", None),
            ("0     : none", None),
            ("-1    : x", None),
            ("99999999999 : x", None),
            ("592", None),
            ("", None),
        ] {
            let found = row(line.as_bytes());
            let found = found.as_ref().map(|found| (found.id, &found.name[..]));
            assert_eq!(found, expected, "{line}");
        }
    }
}
