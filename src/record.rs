// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Records a machine: all that is read of it while all of its devices are listed, described and taken into the
//! inventory.

pub mod anonymous;
mod secrets;

use std::collections::BTreeMap;

use crate::caps::{Capability, Facts};
use crate::device::Origin;
use crate::error::{Code, Error, Result};
use crate::host::Host;
use crate::host::mdevctl::run::Asking;
use crate::host::recording::builder::recording_of;
use crate::host::recording::{Entry, Recording};
use crate::inventory::{Ids, Survey, ids, inventory_of, parts_named};
use crate::view::View;
use crate::view::filter::passes;

/// The file of a recording with the names of PCI hardware.
const PCI_IDS: &str = "usr/share/misc/pci.ids";

/// Makes a recording of the host. Devices that are removed meanwhile are left out. Fails if a system call does
/// (code 38).
pub fn record(host: &Host) -> Result<Recording> {
    let host = host
        .noted()
        .map_err(|e| Error::io("cannot read the host's files", &e))?;
    let mut view = View::new(None, None);
    view.refresh(&host, true)?;
    let mut names = PciNames::default();
    let (survey, parts) = (Survey::new(&host, false), parts_named("")?);
    for device in view.registry().iter() {
        // A device that cannot be described is recorded too: other programs may read it.
        match device.describe(&host, Asking::Never) {
            Ok(description) => names.add(&description.facts),
            Err(e) if e.code() == Code::SystemError => return Err(e),
            Err(_) => {}
        }
        match inventory_of(device, &parts, &survey) {
            Err(e) if e.code() == Code::SystemError => return Err(e),
            _ => {}
        }
        if let (Capability::Pci, Origin::Kernel(kernel)) = (device.kind, &device.origin) {
            let node = kernel.node(&host);
            if let Some(ids) = ids(&node)? {
                names.add_details(&ids, &host)?;
            }
            // The library does not read these of each function, but other programs do.
            node.attribute("vendor")?;
            node.attribute("device")?;
            host.files.size(&node.below("config"))?;
        }
        for capability in Capability::ALL {
            passes(device, capability.flag(), &host)?;
        }
    }
    let mut recording = recording_of(host.files)?;
    // A file with the names of this machine's PCI hardware takes the place of the one with all names.
    recording.root.shift_remove(&b"usr"[..]);
    if let Some(text) = names.text() {
        recording.put(&place(PCI_IDS), Entry::File(text));
    }
    for folder in ["sys", "run"] {
        recording.folder(&place(folder));
    }
    Ok(recording)
}

fn place(path: &str) -> Vec<Vec<u8>> {
    path.split('/')
        .map(|name| name.as_bytes().to_vec())
        .collect()
}

/// The names of the machine's PCI hardware.
#[derive(Default)]
struct PciNames {
    /// By vendor and device id.
    vendors: BTreeMap<u32, (Option<String>, BTreeMap<u32, String>)>,
    /// By vendor, device, and vendor and device of the subsystem.
    subsystems: BTreeMap<[u32; 4], String>,
    /// The codes of device classes, each with the names of base class, subclass and programming interface.
    classes: BTreeMap<u32, [Option<String>; 3]>,
}

impl PciNames {
    fn add(&mut self, facts: &Facts) {
        let Facts::Pci(pci) = facts else {
            return;
        };
        self.add_vendor(pci.vendor.id, pci.vendor.name.as_ref());
        let (_, devices) = self.vendors.entry(pci.vendor.id).or_default();
        if let Some(name) = &pci.product.name {
            devices.insert(pci.product.id, name.clone());
        }
    }

    fn add_vendor(&mut self, id: u32, name: Option<&String>) {
        let (known, _) = self.vendors.entry(id).or_default();
        *known = name.cloned();
    }

    /// Adds what the inventory names.
    fn add_details(&mut self, ids: &Ids, host: &Host) -> Result<()> {
        if let Some(subsystem) = ids.subsystem {
            let name = host.pci_names()?.vendor(subsystem.0)?;
            self.add_vendor(subsystem.0.into(), name.as_ref());
            if let Some(name) = host.pci_names()?.subsystem(ids.device, subsystem)? {
                let key = [ids.device.0, ids.device.1, subsystem.0, subsystem.1];
                self.subsystems.insert(key.map(u32::from), name);
            }
        }
        if let Some(class) = ids.class {
            self.classes
                .insert(class, host.pci_names()?.classes(class)?);
        }
        Ok(())
    }

    /// The text of a `pci.ids` file; `None` for a machine without PCI hardware. The format has no device names below a
    /// vendor without a name.
    fn text(&self) -> Option<Vec<u8>> {
        let mut text = String::from("# Names of the PCI hardware of one machine\n");
        for (vendor, (name, devices)) in &self.vendors {
            let Some(name) = name else {
                continue;
            };
            text += &format!("{vendor:04x}  {name}\n");
            for (device, name) in devices {
                text += &format!("\t{device:04x}  {name}\n");
                let all = [*vendor, *device, 0, 0]..=[*vendor, *device, u32::MAX, u32::MAX];
                for ([.., board, card], name) in self.subsystems.range(all) {
                    text += &format!("\t\t{board:04x} {card:04x}  {name}\n");
                }
            }
        }
        text += &self.text_of_classes();
        (!self.vendors.is_empty()).then(|| text.into_bytes())
    }

    /// The lines of the classes, each once: the codes are in order.
    fn text_of_classes(&self) -> String {
        let mut text = String::new();
        let mut before = None;
        for (code, [base, subclass, interface]) in &self.classes {
            let is_new =
                |shift: u32| before.is_none_or(|before: u32| before >> shift != code >> shift);
            let lines = [
                (16, "C ", base, code >> 16),
                (8, "\t", subclass, code >> 8 & 0xff),
                (0, "\t\t", interface, code & 0xff),
            ];
            for (shift, head, name, id) in lines {
                if let (true, Some(name)) = (is_new(shift), name) {
                    text += &format!("{head}{id:02x}  {name}\n");
                }
            }
            before = Some(*code);
        }
        text
    }
}
