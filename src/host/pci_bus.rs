// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The PCI bus: its functions and drivers, and the binding of functions to drivers (kernel:
//! Documentation/ABI/testing/sysfs-bus-pci).

use std::io;

use super::files::{Files, join, syspath_of_link};
use crate::error::Result;

/// The folder with a link to the folder of each function.
pub const FUNCTIONS: &[u8] = b"/sys/bus/pci/devices";

/// The folder of the drivers.
const DRIVERS: &[u8] = b"/sys/bus/pci/drivers";

/// The file that makes the kernel look for a driver for a function.
const PROBE: &[u8] = b"/sys/bus/pci/drivers_probe";

/// The folders of all functions, in the order of their addresses.
pub fn functions(files: &Files) -> Result<Vec<Vec<u8>>> {
    let mut links = files.links(FUNCTIONS)?;
    links.sort_unstable();
    let directories = links
        .iter()
        .filter_map(|(_, target)| syspath_of_link(target));
    Ok(directories.collect())
}

/// Whether a driver with this name is loaded. The name must be valid as the name of a file.
pub fn has_driver(files: &Files, name: &[u8]) -> Result<bool> {
    files.exists(&join(DRIVERS, name))
}

/// Unbinds the function with this address from a driver.
pub fn unbind(files: &Files, driver: &[u8], address: &str) -> io::Result<()> {
    let path = join(&join(DRIVERS, driver), b"unbind");
    files.write(&path, address.as_bytes())
}

/// Has the kernel look for a driver for the function with this address.
pub fn probe(files: &Files, address: &str) -> io::Result<()> {
    files.write(PROBE, address.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn functions_come_in_order_and_drivers_by_name() {
        let root = tempfile::tempdir().unwrap();
        let bus = root.path().join("sys/bus/pci");
        std::fs::create_dir_all(bus.join("drivers/e1000e")).unwrap();
        std::fs::create_dir_all(bus.join("devices")).unwrap();
        for address in ["0000:00:1f.0", "0000:00:02.0", "0000:00:1c.5"] {
            let target = format!("../../../devices/pci0000:00/{address}");
            symlink(target, bus.join("devices").join(address)).unwrap();
        }
        symlink("/etc", bus.join("devices/odd")).unwrap();
        let files = Files::tree(root.path()).unwrap();
        let expected = ["0000:00:02.0", "0000:00:1c.5", "0000:00:1f.0"];
        let expected = expected.map(|address| format!("/sys/devices/pci0000:00/{address}"));
        let found = functions(&files).unwrap();
        assert_eq!(found, expected.map(String::into_bytes));
        assert_eq!(has_driver(&files, b"e1000e"), Ok(true));
        assert_eq!(has_driver(&files, b"e1000"), Ok(false));
    }
}
