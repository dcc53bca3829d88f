// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Modules of the kernel: which are loaded, which drivers they have, and how they are loaded (modprobe(8)).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::files::{Files, join};
use super::found::Found;
use super::program::{self, Output};
use crate::error::Result;

/// How long modprobe may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The folder of the modules that are loaded or built in.
const LOADED: &[u8] = b"/sys/module";

/// The file that tells whether VFIO works without an IOMMU.
const NOIOMMU: &[u8] = b"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode";

/// The kernel's form of a module's name, with underscores: programs and users may write hyphens in their place.
pub fn kernel_name(name: &[u8]) -> Vec<u8> {
    let dashed = name.iter();
    dashed.map(|&b| if b == b'-' { b'_' } else { b }).collect()
}

/// Whether a module is loaded or built in. The name must be valid as the name of a file.
pub fn is_loaded(files: &Files, name: &[u8]) -> Result<bool> {
    files.exists(&join(LOADED, &kernel_name(name)))
}

/// The drivers that a loaded module registered, as `BUS:DRIVER`; `None` if it has no such list.
pub fn drivers(files: &Files, name: &[u8]) -> Found<Vec<Vec<u8>>> {
    files.entries(&join(&join(LOADED, &kernel_name(name)), b"drivers"))
}

/// Whether VFIO may drive functions that are in no IOMMU group.
pub fn has_vfio_without_iommu(files: &Files) -> Result<bool> {
    let mode = files.read(NOIOMMU)?;
    Ok(mode.is_some_and(|mode| mode.starts_with(b"Y")))
}

/// The lines of the running kernel's `modules.alias`: which module serves which device. Empty without such a file.
pub fn aliases(files: &Files) -> Result<Vec<u8>> {
    let uname = rustix::system::uname();
    let release = uname.release().to_bytes();
    let path = [b"/lib/modules/", release, b"/modules.alias"].concat();
    Ok(files.read(&path)?.unwrap_or_default())
}

/// Has modprobe load a module, unless the administrator has prohibited it.
pub fn load(name: &[u8]) -> io::Result<Output> {
    modprobe(&["-b".as_ref(), OsStr::from_bytes(name)])
}

/// Whether the administrator has prohibited to load a module.
pub fn is_prohibited(name: &[u8]) -> bool {
    modprobe(&["-c".as_ref()]).is_ok_and(|config| prohibits(&config.stdout, name))
}

/// Whether modprobe's configuration prohibits to load a module (modprobe.d(5), `blacklist`).
fn prohibits(config: &[u8], name: &[u8]) -> bool {
    let module = kernel_name(name);
    config.split(|&b| b == b'\n').any(|line| {
        let prohibited = line.strip_prefix(b"blacklist ");
        prohibited.is_some_and(|prohibited| kernel_name(prohibited.trim_ascii()) == module)
    })
}

fn modprobe(args: &[&OsStr]) -> io::Result<Output> {
    program::run("modprobe", args, b"", LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_hyphens_are_those_with_underscores() {
        assert_eq!(kernel_name(b"vfio-pci_x-y"), b"vfio_pci_x_y");
        let root = tempfile::tempdir().unwrap();
        let module = root.path().join("sys/module/vfio_pci");
        std::fs::create_dir_all(module.join("drivers/pci:vfio-pci")).unwrap();
        std::fs::create_dir_all(root.path().join("sys/module/ext4")).unwrap();
        let files = Files::tree(root.path()).unwrap();
        assert_eq!(is_loaded(&files, b"vfio-pci"), Ok(true));
        assert_eq!(is_loaded(&files, b"vfio_pci"), Ok(true));
        assert_eq!(is_loaded(&files, b"vfio"), Ok(false));
        let found = drivers(&files, b"vfio-pci").unwrap();
        assert_eq!(found.unwrap(), [b"pci:vfio-pci"]);
        assert_eq!(drivers(&files, b"ext4"), Ok(None));
    }

    #[test]
    fn vfio_without_iommu_is_a_parameter() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sys/module/vfio/parameters");
        std::fs::create_dir_all(&folder).unwrap();
        let files = Files::tree(root.path()).unwrap();
        assert_eq!(has_vfio_without_iommu(&files), Ok(false));
        for (text, expected) in [("N\n", false), ("Y\n", true)] {
            std::fs::write(folder.join("enable_unsafe_noiommu_mode"), text).unwrap();
            assert_eq!(has_vfio_without_iommu(&files), Ok(expected));
        }
    }

    /// The form in which `modprobe -c` prints modprobe.d(5).
    #[test]
    fn prohibited_modules_are_found() {
        let config =
            b"options x y=1\nblacklist forbidden-too\nblacklist other \nalias no blacklist me\n";
        for name in ["forbidden_too", "forbidden-too", "other"] {
            assert!(prohibits(config, name.as_bytes()), "{name}");
        }
        for name in ["x", "no", "me", "forbidden", "blacklist", ""] {
            assert!(!prohibits(config, name.as_bytes()), "{name}");
        }
        assert!(!prohibits(b"", b"x"));
    }
}
