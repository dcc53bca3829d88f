// SPDX-License-Identifier: LGPL-2.1-or-later
//! Records a machine: whatever is read of it while all of its devices are listed and described.

pub mod anonymous;
mod secrets;

use std::collections::BTreeMap;

use crate::caps::{Capability, Facts};
use crate::error::{Code, Error, Result};
use crate::host::Host;
use crate::host::mdevctl::run::Asking;
use crate::host::recording::builder::recording_of;
use crate::host::recording::{Entry, Recording};
use crate::view::View;
use crate::view::filter::passes;

/// Where a recording keeps the names of PCI hardware.
const PCI_IDS: &str = "usr/share/misc/pci.ids";

/// A recording of the host. Devices that go meanwhile are left out.
pub fn record(host: &Host) -> Result<Recording> {
    let host = host
        .noted()
        .map_err(|e| Error::io("cannot read the host's files", &e))?;
    let mut view = View::new(None, None);
    view.refresh(&host, true)?;
    let mut names = PciNames::default();
    for device in view.registry().iter() {
        // What libvirt or an older version of this library reads of a device that cannot be described is of use, too.
        match device.describe(&host, Asking::Never) {
            Ok(description) => names.add(&description.facts),
            Err(e) if e.code() == Code::SystemError => return Err(e),
            Err(_) => {}
        }
        for capability in Capability::ALL {
            passes(device, capability.flag(), &host)?;
        }
    }
    let mut recording = recording_of(host.files)?;
    // Of the file with all names of PCI hardware, those of this machine are enough.
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

/// The names that were found for the machine's PCI hardware, by vendor and device.
#[derive(Default)]
struct PciNames(BTreeMap<u32, (Option<String>, BTreeMap<u32, String>)>);

impl PciNames {
    fn add(&mut self, facts: &Facts) {
        let Facts::Pci(pci) = facts else {
            return;
        };
        let (name, devices) = self.0.entry(pci.vendor.id).or_default();
        name.clone_from(&pci.vendor.name);
        if let Some(name) = &pci.product.name {
            devices.insert(pci.product.id, name.clone());
        }
    }

    /// The text of a pci.ids file, for a machine that has any PCI hardware. A vendor without a name has none
    /// for its devices either.
    fn text(&self) -> Option<Vec<u8>> {
        let mut text = String::from("# Names of the PCI hardware of one machine\n");
        for (vendor, (name, devices)) in &self.0 {
            let Some(name) = name else {
                continue;
            };
            text += &format!("{vendor:04x}  {name}\n");
            for (device, name) in devices {
                text += &format!("\t{device:04x}  {name}\n");
            }
        }
        (!self.0.is_empty()).then(|| text.into_bytes())
    }
}
