// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which driver a function is given to, and that this driver is loaded.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::alias::Modalias;
use super::function::{Function, internal, show, system};
use super::in_use::VFIO_PCI;
use crate::error::{Code, Error, Result};
use crate::host::files::join;
use crate::host::node::Node;
use crate::host::program::{self, Output};

/// How long a module may take to load.
const MODPROBE_LIMIT: Duration = Duration::from_secs(60);

/// The folder of the drivers of the PCI bus.
pub const DRIVERS: &[u8] = b"/sys/bus/pci/drivers";

/// Says that VFIO works without an IOMMU.
const NOIOMMU: &[u8] = b"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode";

/// The name of the driver that `wanted` means for a function, which is loaded then: NULL and `vfio` mean the best
/// VFIO driver, `xen` Xen's, anything else is a driver or a module.
pub fn choose(function: &Function<'_>, wanted: Option<&CStr>) -> Result<Vec<u8>> {
    let name = match wanted.map(CStr::to_bytes) {
        None | Some(b"vfio") => &best_vfio(function)?,
        Some(b"xen") => &b"xen-pciback"[..],
        Some(b"kvm") => {
            return Err(Error::new(
                Code::ArgumentUnsupported,
                "'legacy KVM' device assignment is no longer supported on this system",
            ));
        }
        Some(name) if is_name(name) => name,
        Some(name) => {
            return Err(Error::new(
                Code::InvalidArg,
                format!("'{}' cannot be the name of a driver", name.escape_ascii()),
            ));
        }
    };
    let driver = load(&function.node, name)?;
    if driver == VFIO_PCI || matches!(wanted.map(CStr::to_bytes), None | Some(b"vfio")) {
        refuse_without_vfio(function)?;
    }
    Ok(driver)
}

/// Whether a text can name a driver or module: as part of a path it stays where it is, and as an argument it
/// is no option.
fn is_name(name: &[u8]) -> bool {
    let is_plain = |b: &u8| matches!(b, b' '..=b'~') && *b != b'/';
    (1..=128).contains(&name.len())
        && name.iter().all(is_plain)
        && !matches!(name[0], b'-' | b'.' | b' ')
}

/// VFIO drives endpoints that an IOMMU keeps apart; to learn that from a failure, they would have to
/// be taken from their drivers first.
fn refuse_without_vfio(function: &Function<'_>) -> Result<()> {
    let node = &function.node;
    let class = node.attribute("class").unwrap_or_default();
    if [&b"0x0604"[..], b"0x0607", b"0x0609"].contains(&class.get(..6).unwrap_or_default()) {
        return Err(Error::new(
            Code::OperationInvalid,
            format!(
                "PCI device {} is a bridge, which no VFIO driver takes",
                function.address
            ),
        ));
    }
    let noiommu = node.host.files.read(NOIOMMU).unwrap_or_default();
    if !node.has("iommu_group") && !noiommu.starts_with(b"Y") {
        return Err(Error::new(
            Code::ArgumentUnsupported,
            format!(
                "VFIO device assignment is currently not supported on this system: PCI device {} is in no IOMMU group",
                function.address
            ),
        ));
    }
    Ok(())
}

/// The module that fits the function best.
fn best_vfio(function: &Function<'_>) -> Result<Vec<u8>> {
    let files = &function.node.host.files;
    let path = function.node.below("modalias");
    let text = files
        .read(&path)
        .map_err(|e| system(format!("cannot read {}", show(&path)), &e))?;
    let modalias = Modalias::parse(&text).ok_or_else(|| {
        internal(format!(
            "device modalias file {} content has improper format",
            show(&path)
        ))
    })?;
    let uname = rustix::system::uname();
    let release = uname.release().to_bytes();
    let path = [b"/lib/modules/", release, b"/modules.alias"].concat();
    let aliases = files.read(&path).unwrap_or_default();
    let module = modalias.best_vfio_module(&aliases);
    let module = module.filter(|module| is_name(module));
    Ok(module.unwrap_or(VFIO_PCI).to_vec())
}

/// The driver of that name, or the one of the module of that name, loaded where it is not.
fn load(node: &Node<'_>, name: &[u8]) -> Result<Vec<u8>> {
    let files = &node.host.files;
    if files.exists(&join(DRIVERS, name)) {
        return Ok(name.to_vec());
    }
    let module = as_module(name);
    let folder = join(b"/sys/module", &module);
    let shown = show(name);
    if !files.exists(&folder) {
        modprobe(name)?;
        if !files.exists(&folder) {
            return Err(match is_prohibited(&module) {
                true => prohibited(&shown),
                false => internal(format!(
                    "modprobe reported success loading module '{shown}', but module is missing from /sys/module"
                )),
            });
        }
    }
    let driver = match files.entries(&join(&folder, b"drivers")) {
        Ok(entries) => entries
            .iter()
            .find_map(|entry| entry.strip_prefix(b"pci:"))
            .ok_or_else(|| {
                internal(format!(
                    "module '{shown}' does not implement any pci driver"
                ))
            })?
            .to_vec(),
        Err(_) => name.to_vec(),
    };
    if !files.exists(&join(DRIVERS, &driver)) {
        return Err(internal(format!(
            "pci driver '{}' supposedly loaded by module '{shown}' not found in sysfs",
            show(&driver)
        )));
    }
    Ok(driver)
}

/// The kernel's form of a module's name.
fn as_module(name: &[u8]) -> Vec<u8> {
    let dashed = name.iter();
    dashed.map(|&b| if b == b'-' { b'_' } else { b }).collect()
}

fn modprobe(name: &[u8]) -> Result<()> {
    let shown = show(name);
    let done = run_modprobe(&["-b".as_ref(), OsStr::from_bytes(name)]).map_err(|e| {
        system(
            format!("Failed to load PCI driver module {shown}: cannot run modprobe"),
            &e,
        )
    })?;
    if done.is_good() {
        return Ok(());
    }
    if is_prohibited(&as_module(name)) {
        return Err(prohibited(&shown));
    }
    let said = show(&done.stderr);
    Err(internal(format!(
        "Failed to load PCI driver module {shown}: {said}"
    )))
}

fn run_modprobe(args: &[&OsStr]) -> std::io::Result<Output> {
    program::run("modprobe", args, b"", MODPROBE_LIMIT)
}

fn prohibited(shown: &str) -> Error {
    internal(format!(
        "Failed to load PCI driver module {shown}: administratively prohibited"
    ))
}

/// Whether the administrator keeps a module from being loaded (modprobe.d(5), `blacklist`).
fn is_prohibited(module: &[u8]) -> bool {
    let Ok(config) = run_modprobe(&["-c".as_ref()]) else {
        return false;
    };
    config.stdout.split(|&b| b == b'\n').any(|line| {
        let name = line.strip_prefix(b"blacklist ");
        name.is_some_and(|name| as_module(name.trim_ascii()) == module)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder_and_are_no_options() {
        for name in ["vfio-pci", "mlx5_vfio_pci", "3c59x", "budget dvb", "a.b"] {
            assert!(is_name(name.as_bytes()), "{name}");
        }
        let long = "x".repeat(129);
        for name in [
            "", ".", "..", "../x", "a/b", "/x", "-r", "--remove", " x", "a\nb", "a\tb", "é", &long,
        ] {
            assert!(!is_name(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn modules_have_underscores() {
        assert_eq!(as_module(b"vfio-pci_x-y"), b"vfio_pci_x_y");
    }
}
