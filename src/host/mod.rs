// SPDX-License-Identifier: LGPL-2.1-or-later
//! Where facts come from: the files of the running system or of a recorded
//! tree, udev's database, the kernel's NIC and devlink interfaces.

pub mod devlink;
pub mod ethtool;
pub mod files;
pub mod holders;
pub mod interfaces;
pub mod mdevctl;
pub mod monitor;
pub mod namespace;
pub mod node;
pub mod pci_ids;
pub mod program;
pub mod udev_data;

use std::io;
use std::path::Path;

use once_cell::sync::OnceCell;

use ethtool::Ethtool;
use files::Files;
use pci_ids::Names;

/// A host whose devices are read through files.
#[derive(Debug)]
pub struct Host {
    /// Its files.
    pub files: Files,
    /// Whether PCI configuration space may be read: libvirt does so as root only.
    pub privileged: bool,
    pci_names: OnceCell<Names>,
    ethtool: OnceCell<Option<Ethtool>>,
    root: Option<Box<Path>>,
}

impl Host {
    /// The running system.
    pub fn live() -> Host {
        Host {
            files: Files::Live,
            privileged: rustix::process::geteuid().is_root(),
            pci_names: OnceCell::new(),
            ethtool: OnceCell::new(),
            root: None,
        }
    }

    /// The recorded tree below `root`; whoever can read it sees what root saw.
    pub fn recorded(root: &Path) -> io::Result<Host> {
        Ok(Host {
            files: Files::tree(root)?,
            privileged: true,
            pci_names: OnceCell::new(),
            ethtool: OnceCell::new(),
            root: Some(root.into()),
        })
    }

    /// Names of PCI vendors and devices: the recording's own database, else the system's.
    pub fn pci_names(&self) -> &Names {
        match &self.root {
            None => Names::system(),
            Some(root) => self.pci_names.get_or_init(|| Names::for_root(root)),
        }
    }

    /// The kernel's NIC interface; a recorded tree has none.
    pub fn ethtool(&self) -> Option<&Ethtool> {
        let open = || self.files.is_live().then(|| Ethtool::new().ok()).flatten();
        self.ethtool.get_or_init(open).as_ref()
    }

    /// Whether udev keeps a database here. Without one, sysfs stands in for what libvirt takes from it.
    pub fn has_udev_database(&self) -> bool {
        self.files.exists(udev_data::FOLDER)
    }
}
