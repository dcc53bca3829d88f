// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What one call learns of the host beside its devices, and reads once for all of them.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::facts::{Form, Object, read_fact, set, set_list};
use crate::caps::pci::virtual_functions;
use crate::caps::pci_address::PciAddress;
use crate::error::Result;
use crate::host::Host;
use crate::host::files::join;
use crate::host::found::Found;
use crate::host::link_table::{self, Interface};
use crate::host::mounts::{Mount, mounts};
use crate::host::node::Node;
use crate::host::smbios;
use crate::text;

/// The folder of the slots in which PCI cards can be (kernel: Documentation/ABI/testing/sysfs-bus-pci, `slots`).
const SLOTS: &[u8] = b"/sys/bus/pci/slots";

/// The folder of the IOMMU groups (kernel: Documentation/ABI/testing/sysfs-kernel-iommu_groups).
const IOMMU_GROUPS: &[u8] = b"/sys/kernel/iommu_groups";

/// The folder of the groups that VFIO drivers have.
const VFIO_GROUPS: &[u8] = b"/sys/class/vfio";

/// One look at the devices of a host.
#[derive(Debug)]
pub struct Survey<'a> {
    /// The host.
    pub host: &'a Host,
    /// Whether to read what wakes a sleeping device or takes long.
    pub is_slow: bool,
    slots: OnceCell<HashMap<Vec<u8>, Vec<u8>>>,
    firmware_slots: OnceCell<HashMap<PciAddress, smbios::Slot>>,
    vfio_groups: OnceCell<HashSet<Vec<u8>>>,
    groups: RefCell<HashMap<Vec<u8>, Object>>,
    virtual_functions: RefCell<HashMap<Vec<u8>, Rc<[PciAddress]>>>,
    mounts: OnceCell<Vec<Mount>>,
    interfaces: OnceCell<HashMap<Vec<u8>, Interface>>,
}

impl<'a> Survey<'a> {
    /// A new look, that has read nothing yet.
    pub fn new(host: &'a Host, is_slow: bool) -> Survey<'a> {
        Survey {
            host,
            is_slow,
            slots: OnceCell::new(),
            firmware_slots: OnceCell::new(),
            vfio_groups: OnceCell::new(),
            groups: RefCell::default(),
            virtual_functions: RefCell::default(),
            mounts: OnceCell::new(),
            interfaces: OnceCell::new(),
        }
    }

    /// The name of the slot that the function with this address is in; `None` if the kernel knows none.
    pub fn slot(&self, address: &[u8]) -> Result<Option<&[u8]>> {
        let slots = match self.slots.get() {
            Some(slots) => slots,
            None => {
                let read = self.read_slots()?;
                self.slots.get_or_init(|| read)
            }
        };
        // A slot's address has no function: `0000:01:00`.
        let end = address.iter().rposition(|&b| b == b'.');
        let slot = slots.get(&address[..end.unwrap_or(address.len())]);
        Ok(slot.map(Vec::as_slice))
    }

    fn read_slots(&self) -> Result<HashMap<Vec<u8>, Vec<u8>>> {
        let mut slots = HashMap::new();
        for name in self.host.files.entries(SLOTS)?.unwrap_or_default() {
            let path = join(SLOTS, &name);
            let address = Node::at(self.host, &path, b"").attribute("address")?;
            if let Some(address) = address {
                slots.insert(address, name);
            }
        }
        Ok(slots)
    }

    /// The slot for cards that firmware says has the function with this address in it; `None` if it says nothing.
    pub fn firmware_slot(&self, address: &PciAddress) -> Found<&smbios::Slot> {
        if self.firmware_slots.get().is_none() {
            let slots = smbios::slots(&self.host.files)?.into_iter();
            let _ = self.firmware_slots.set(
                slots
                    .map(|slot| {
                        let (domain, bus, place) = slot.place;
                        let address = PciAddress {
                            domain: domain.into(),
                            bus: bus.into(),
                            slot: (place >> 3).into(),
                            function: (place & 7).into(),
                        };
                        (address, slot)
                    })
                    .collect(),
            );
        }
        let slots = self.firmware_slots.get();
        Ok(slots.and_then(|slots| slots.get(address)))
    }

    /// Whether VFIO drivers have the group of this name, so that there is a file for it in `/dev/vfio`.
    pub fn has_vfio_group(&self, name: &[u8]) -> Result<bool> {
        if self.vfio_groups.get().is_none() {
            let names = self.host.files.entries(VFIO_GROUPS)?.unwrap_or_default();
            let _ = self.vfio_groups.set(names.into_iter().collect());
        }
        let groups = self.vfio_groups.get();
        Ok(groups.is_some_and(|groups| groups.contains(name)))
    }

    /// The IOMMU group with this number: that, its type, the name that a driver gave it, and its PCI functions.
    pub fn iommu_group(&self, number: &[u8]) -> Result<Object> {
        if let Some(group) = self.groups.borrow().get(number) {
            return Ok(group.clone());
        }
        let path = join(IOMMU_GROUPS, number);
        let node = Node::at(self.host, &path, b"");
        let mut group = Object::new();
        set(&mut group, "number", text::parse_u64(number, 10));
        for (member, file) in [("type", "type"), ("name", "name")] {
            set(&mut group, member, read_fact(&node, file, Form::Text)?);
        }
        let devices = self.host.files.entries(&node.below("devices"))?;
        let mut functions: Vec<_> = devices
            .iter()
            .flatten()
            .filter_map(|name| PciAddress::parse(name))
            .collect();
        functions.sort_unstable();
        set_list(
            &mut group,
            "functions",
            functions.iter().map(PciAddress::to_string),
        );
        let mut groups = self.groups.borrow_mut();
        groups.insert(number.to_vec(), group.clone());
        Ok(group)
    }

    /// The virtual functions of the function in this folder, by index.
    pub fn virtual_functions(&self, path: &[u8]) -> Result<Rc<[PciAddress]>> {
        if let Some(functions) = self.virtual_functions.borrow().get(path) {
            return Ok(functions.clone());
        }
        let functions: Rc<[_]> = virtual_functions(&Node::at(self.host, path, b"pci"))?.into();
        let mut known = self.virtual_functions.borrow_mut();
        known.insert(path.to_vec(), functions.clone());
        Ok(functions)
    }

    /// Where the file system on the block device with this number and name is mounted, for this process.
    pub fn mount_points(&self, number: &[u8], name: &[u8]) -> Result<Vec<String>> {
        // Mounts are the running system's, and not recorded: they tell more of users than of devices.
        if !self.host.files.is_live() {
            return Ok(Vec::new());
        }
        if self.mounts.get().is_none() {
            let _ = self.mounts.set(mounts(&self.host.files)?);
        }
        let device = [b"/dev/", name].concat();
        let mounts = self.mounts.get().into_iter().flatten();
        let mounts = mounts.filter(|mount| mount.number == number || mount.source == device);
        Ok(mounts.map(|mount| text::clean(&mount.point)).collect())
    }

    /// What netlink tells of the interface with this name that has this number and address in sysfs; `None` for a
    /// recording, and for the interface of another namespace, from where sysfs can be mounted.
    pub fn interface(
        &self,
        name: &[u8],
        number: Option<u64>,
        address: Option<&str>,
    ) -> Found<&Interface> {
        if !self.host.files.is_live() {
            return Ok(None);
        }
        if self.interfaces.get().is_none() {
            let read = link_table::read()?.unwrap_or_default();
            let read = read.into_iter().map(|found| (found.name.clone(), found));
            let _ = self.interfaces.set(read.collect());
        }
        let interfaces = self.interfaces.get();
        let found = interfaces.and_then(|interfaces| interfaces.get(name));
        // Numbers and names are the same in many namespaces, addresses are not.
        Ok(found.filter(|found| {
            Some(u64::from(found.index)) == number && found.address == address.unwrap_or_default()
        }))
    }
}
