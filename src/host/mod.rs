// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! How the host is asked: by the files of the running system or of a recorded tree, udev's database, the kernel's
//! sockets, and programs.

pub mod devlink;
pub mod environment;
pub mod ethtool;
pub mod fc_hosts;
pub mod files;
pub mod found;
mod gzip;
pub mod holders;
pub mod interfaces;
pub mod link_table;
pub mod links;
pub mod machine_id;
pub mod mdevctl;
pub mod modules;
pub mod monitor;
pub mod mounts;
pub mod namespace;
mod netlink;
pub mod new_uuid;
pub mod node;
pub mod pci_bus;
pub mod pci_ids;
pub mod program;
pub mod readiness;
pub mod recording;
pub mod smbios;
mod source;
pub mod turn;
pub mod udev;
pub mod udev_data;
pub mod uevent;
pub mod uses;

use std::fs::File;
use std::io;
use std::path::Path;

use once_cell::sync::OnceCell;

use crate::error::Result;
use ethtool::Ethtool;
use files::Files;
use found::{Found, retry_interrupted};
use pci_ids::Names;
use recording::Recording;

/// What kind of processor the running system has, as uname(2) says.
pub fn architecture() -> String {
    let uname = rustix::system::uname();
    uname.machine().to_string_lossy().into_owned()
}

/// The size of the smallest pages of memory, in bytes.
pub fn page_size() -> usize {
    rustix::param::page_size()
}

/// How many of the ticks that the kernel counts time in make a second.
pub fn clock_ticks() -> u64 {
    rustix::param::clock_ticks_per_second()
}

/// A host whose devices are read through files.
#[derive(Debug)]
pub struct Host {
    /// Its files.
    pub files: Files,
    /// Whether PCI configuration space is read. As in libvirt, only root does so on the running system.
    pub privileged: bool,
    pci_names: OnceCell<Names>,
    ethtool: OnceCell<Option<Ethtool>>,
}

impl Host {
    /// The running system.
    pub fn live() -> Host {
        Host::of(Files::live(), rustix::process::geteuid().is_root())
    }

    /// The recorded machine below the folder `root`, or in the archive `root`. Any user is shown what root would see.
    pub fn recorded(root: &Path) -> io::Result<Host> {
        let files = match retry_interrupted(|| std::fs::metadata(root))?.is_file() {
            true => Files::recording(Recording::read_archive(File::open(root)?)?),
            false => Files::tree(root)?,
        };
        // A folder without this one is no recording.
        files.look_into(b"/sys")?;
        Ok(Host::of(files, true))
    }

    /// A recorded machine in memory.
    pub fn replayed(recording: Recording) -> Host {
        Host::of(Files::recording(recording), true)
    }

    /// The same host without cached facts, with notes taken of all that is read.
    pub fn noted(&self) -> io::Result<Host> {
        Ok(Host::of(self.files.noted()?, self.privileged))
    }

    fn of(files: Files, privileged: bool) -> Host {
        Host {
            files,
            privileged,
            pci_names: OnceCell::new(),
            ethtool: OnceCell::new(),
        }
    }

    /// The names of PCI hardware: for a recording from its own database, if it has one, else the system's.
    pub fn pci_names(&self) -> Result<&Names> {
        match self.files.is_live() {
            true => Ok(Names::system()),
            false => self
                .pci_names
                .get_or_try_init(|| Names::recorded(&self.files)),
        }
    }

    /// The kernel's interface for the features of NICs; `None` for a recorded tree.
    pub fn ethtool(&self) -> Found<&Ethtool> {
        let open = || match self.files.is_live() {
            true => Ethtool::open(),
            false => Ok(None),
        };
        Ok(self.ethtool.get_or_try_init(open)?.as_ref())
    }

    /// Whether udev keeps a database here. Without one, what libvirt takes from it is derived from sysfs.
    pub fn has_udev_database(&self) -> Result<bool> {
        self.files.exists(udev_data::FOLDER)
    }
}
