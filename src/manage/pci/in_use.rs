// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Finds out whether a program uses a PCI function through VFIO.
//!
//! libvirt knows its own virtual machines. Any process can try to open the file of the VFIO group, which the kernel
//! allows once only, and not at all while a function of the group is used through its own character device (iommufd).
//! If there is no such file, the open files of all visible processes are searched.

use crate::error::Result;
use crate::host::found::Found;
use crate::host::holders::{VfioGroup, vfio_device_file};
use crate::host::node::Node;
use crate::text;

/// The driver that counts as VFIO's by its name: before Linux 6.1 its functions have no folder `vfio-dev`.
pub const VFIO_PCI: &[u8] = b"vfio-pci";

/// Drivers, other than VFIO's, that only reserve a function for a virtual machine.
const STUBS: [&[u8]; 3] = [b"pci-stub", b"pciback", b"xen-pciback"];

/// Whether the function is bound to a VFIO driver.
pub fn is_vfio(node: &Node<'_>) -> Result<bool> {
    Ok(node.has("vfio-dev")? || node.link("driver")?.as_deref() == Some(VFIO_PCI))
}

/// Whether the function is bound to a driver for virtual machines, and not to one of the host.
pub fn is_detached(node: &Node<'_>) -> Result<bool> {
    let is_stub = |driver: Vec<u8>| STUBS.contains(&&driver[..]);
    Ok(is_vfio(node)? || node.link("driver")?.is_some_and(is_stub))
}

/// The path of the device node through which a program uses the function, or another one of its IOMMU group; `None` if
/// no program does.
pub fn held_through(node: &Node<'_>) -> Found<String> {
    if !is_vfio(node)? {
        return Ok(None);
    }
    match group_file(node)? {
        Some(group) => Ok(group.is_open.then(|| text::clean(&group.path))),
        None => device_held_through(node),
    }
}

/// The file of the VFIO group that the function is in; `None` if there is none.
pub fn group_file(node: &Node<'_>) -> Found<VfioGroup> {
    match node.link("iommu_group")? {
        Some(number) => node.host.vfio_group(&number),
        None => Ok(None),
    }
}

/// The path of the function's own device node, if a program uses the function through that.
pub fn device_held_through(node: &Node<'_>) -> Found<String> {
    let names = node.host.files.entries(&node.below("vfio-dev"))?;
    let Some(name) = names.and_then(|mut names| names.pop()) else {
        return Ok(None);
    };
    let number = node.attribute([b"vfio-dev/", &name[..], b"/dev"].concat())?;
    let is_held = match number {
        Some(number) => node.host.is_open_anywhere(&number)?,
        None => false,
    };
    Ok(is_held.then(|| text::clean(&vfio_device_file(&name))))
}
