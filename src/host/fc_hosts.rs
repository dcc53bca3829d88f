// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Fibre Channel ports, and the files by which virtual ones are made and removed (kernel:
//! Documentation/scsi/scsi_fc_transport.rst).

use super::files::{Files, dirname, syspath_of_link};
use super::found::Found;
use crate::error::Result;

/// The folder with a link to each port. A port is a folder `fc_host/hostN` below that of its SCSI host.
const PORTS: &[u8] = b"/sys/class/fc_host";

/// What the kernel can be asked to do with a virtual port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VportChange {
    /// Make it.
    Create,
    /// Remove it.
    Delete,
}

impl VportChange {
    /// The name of the attribute that takes `WWPN:WWNN`.
    pub fn attribute(self) -> &'static str {
        match self {
            VportChange::Create => "vport_create",
            VportChange::Delete => "vport_delete",
        }
    }

    /// The path of the attribute for the SCSI host with this number; `None` if the host cannot have virtual ports.
    pub fn file(self, files: &Files, host: u32) -> Found<String> {
        let attribute = self.attribute();
        for class in ["fc_host", "scsi_host"] {
            let path = format!("/sys/class/{class}/host{host}/{attribute}");
            if files.exists(path.as_bytes())? {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

/// The folders of the SCSI hosts that are Fibre Channel ports.
pub fn directories(files: &Files) -> Result<Vec<Vec<u8>>> {
    let ports = files.links(PORTS)?;
    let ports = ports
        .iter()
        .filter_map(|(_, target)| syspath_of_link(target));
    Ok(ports.map(|port| dirname(dirname(&port)).to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn ports_lie_below_their_scsi_hosts() {
        let root = tempfile::tempdir().unwrap();
        let classes = root.path().join("sys/class");
        std::fs::create_dir_all(classes.join("fc_host")).unwrap();
        std::fs::create_dir_all(classes.join("scsi_host/host1")).unwrap();
        let target = "../../devices/pci0000:00/0000:00:1c.0/host1/fc_host/host1";
        symlink(target, classes.join("fc_host/host1")).unwrap();
        let files = Files::tree(root.path()).unwrap();
        assert_eq!(
            directories(&files).unwrap(),
            [b"/sys/devices/pci0000:00/0000:00:1c.0/host1"]
        );
        assert_eq!(VportChange::Create.file(&files, 1), Ok(None));
        std::fs::write(classes.join("scsi_host/host1/vport_create"), "").unwrap();
        assert_eq!(
            VportChange::Create.file(&files, 1).unwrap().as_deref(),
            Some("/sys/class/scsi_host/host1/vport_create")
        );
        assert_eq!(VportChange::Delete.file(&files, 1), Ok(None));
    }
}
