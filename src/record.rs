// SPDX-License-Identifier: LGPL-2.1-or-later
//! Records a machine: all that is read of it while all of its devices are listed and described.

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
    for device in view.registry().iter() {
        // A device that cannot be described is recorded too: other programs may read it.
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

/// The names of the machine's PCI hardware, by vendor and device id.
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

    /// The text of a `pci.ids` file; `None` for a machine without PCI hardware. The format has no device names below a
    /// vendor without a name.
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
