// SPDX-License-Identifier: LGPL-2.1-or-later
//! Whether a program drives a PCI function through VFIO.
//!
//! libvirt knows its own virtual machines. What any process can know is the kernel's word: the file of a VFIO
//! group can be open once only, and a function that is driven through its own character device (iommufd) keeps
//! the group's file closed to others, too. Where there is no such file, the open files of all processes
//! that can be seen are looked through.

use crate::host::holders::vfio_device_file;
use crate::host::node::Node;
use crate::text;

/// The driver that is VFIO's whatever else is known of it: before Linux 6.1 it left no `vfio-dev`.
pub const VFIO_PCI: &[u8] = b"vfio-pci";

/// Drivers that hold a function for others, beside VFIO's.
const STUBS: [&[u8]; 3] = [b"pci-stub", b"pciback", b"xen-pciback"];

/// Whether the function is bound to a VFIO driver.
pub fn is_vfio(node: &Node<'_>) -> bool {
    node.has("vfio-dev") || node.link("driver").as_deref() == Some(VFIO_PCI)
}

/// Whether the function is bound to a driver that holds it for others.
pub fn is_detached(node: &Node<'_>) -> bool {
    let is_stub = |driver: Vec<u8>| STUBS.contains(&&driver[..]);
    is_vfio(node) || node.link("driver").is_some_and(is_stub)
}

/// The device node through which a program holds the function, or another one of its IOMMU group.
pub fn held_through(node: &Node<'_>) -> Option<String> {
    if !is_vfio(node) {
        return None;
    }
    let group = node.link("iommu_group");
    if let Some(group) = group.and_then(|number| node.host.vfio_group(&number)) {
        return group.is_open.then(|| text::clean(&group.path));
    }
    let name = node
        .host
        .files
        .entries(&node.below("vfio-dev"))
        .ok()?
        .pop()?;
    let number = node.attribute([b"vfio-dev/", &name[..], b"/dev"].concat())?;
    let is_held = node.host.is_open_anywhere(&number);
    is_held.then(|| text::clean(&vfio_device_file(&name)))
}
