// SPDX-License-Identifier: LGPL-2.1-or-later
//! Whether a program drives a PCI function through VFIO.
//!
//! libvirt knows its own virtual machines. What any process can know is the kernel's word: the file of a VFIO
//! group can be open once only, and a function that is driven through its own character device (iommufd) keeps
//! the group's file closed to others, too. Where there is no such file, the open files of all processes
//! that can be seen are looked through.

use crate::error::Result;
use crate::host::found::Found;
use crate::host::holders::vfio_device_file;
use crate::host::node::Node;
use crate::text;

/// The driver that is VFIO's whatever else is known of it: before Linux 6.1 it left no `vfio-dev`.
pub const VFIO_PCI: &[u8] = b"vfio-pci";

/// Drivers that hold a function for others, beside VFIO's.
const STUBS: [&[u8]; 3] = [b"pci-stub", b"pciback", b"xen-pciback"];

/// Whether the function is bound to a VFIO driver.
pub fn is_vfio(node: &Node<'_>) -> Result<bool> {
    Ok(node.has("vfio-dev")? || node.link("driver")?.as_deref() == Some(VFIO_PCI))
}

/// Whether the function is bound to a driver that holds it for others.
pub fn is_detached(node: &Node<'_>) -> Result<bool> {
    let is_stub = |driver: Vec<u8>| STUBS.contains(&&driver[..]);
    Ok(is_vfio(node)? || node.link("driver")?.is_some_and(is_stub))
}

/// The device node through which a program holds the function, or another one of its IOMMU group.
pub fn held_through(node: &Node<'_>) -> Found<String> {
    if !is_vfio(node)? {
        return Ok(None);
    }
    if let Some(number) = node.link("iommu_group")? {
        if let Some(group) = node.host.vfio_group(&number)? {
            return Ok(group.is_open.then(|| text::clean(&group.path)));
        }
    }
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
