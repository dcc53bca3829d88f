// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Chooses the driver for a function, and loads it.

use std::ffi::CStr;

use rustix::io::Errno;

use super::alias::Modalias;
use super::function::{Function, internal, show, system};
use super::in_use::VFIO_PCI;
use crate::error::{Code, Error, Result};
use crate::host::files::Files;
use crate::host::{modules, pci_bus};

/// The name of the driver that `wanted` means for a function; it is loaded if it is not yet. `None` and `vfio` mean the
/// best VFIO driver, `xen` means Xen's, and any other text is the name of a driver or module.
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
    let driver = load(&function.node.host.files, name)?;
    if driver == VFIO_PCI || matches!(wanted.map(CStr::to_bytes), None | Some(b"vfio")) {
        refuse_without_vfio(function)?;
    }
    Ok(driver)
}

/// Whether a text is valid as the name of a driver or module: it does not lead out of a folder, and does not look like
/// an option.
fn is_name(name: &[u8]) -> bool {
    let is_plain = |b: &u8| matches!(b, b' '..=b'~') && *b != b'/';
    (1..=128).contains(&name.len())
        && name.iter().all(is_plain)
        && !matches!(name[0], b'-' | b'.' | b' ')
}

/// Refuses functions that VFIO cannot drive, before they are unbound from their drivers: bridges (code 55), and those
/// that are in no IOMMU group (code 74).
fn refuse_without_vfio(function: &Function<'_>) -> Result<()> {
    let node = &function.node;
    let class = node.attribute("class")?.unwrap_or_default();
    if [&b"0x0604"[..], b"0x0607", b"0x0609"].contains(&class.get(..6).unwrap_or_default()) {
        return Err(Error::new(
            Code::OperationInvalid,
            format!(
                "PCI device {} is a bridge, which no VFIO driver takes",
                function.address
            ),
        ));
    }
    if !node.has("iommu_group")? && !modules::has_vfio_without_iommu(&node.host.files)? {
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

/// The module with the best VFIO driver for the function, or else vfio-pci.
fn best_vfio(function: &Function<'_>) -> Result<Vec<u8>> {
    let files = &function.node.host.files;
    let path = function.node.below("modalias");
    let Some(text) = files.read(&path)? else {
        let missing = Errno::NOENT.into();
        return Err(system(format!("cannot read {}", show(&path)), &missing));
    };
    let modalias = Modalias::parse(&text).ok_or_else(|| {
        internal(format!(
            "device modalias file {} content has improper format",
            show(&path)
        ))
    })?;
    let aliases = modules::aliases(files)?;
    let module = modalias.best_vfio_module(&aliases);
    let module = module.filter(|module| is_name(module));
    Ok(module.unwrap_or(VFIO_PCI).to_vec())
}

/// The driver with this name, or that of the module with this name, which is loaded if it is not yet.
fn load(files: &Files, name: &[u8]) -> Result<Vec<u8>> {
    if pci_bus::has_driver(files, name)? {
        return Ok(name.to_vec());
    }
    if !modules::is_loaded(files, name)? {
        load_module(files, name)?;
    }
    driver_of_module(files, name)
}

/// The PCI driver of a loaded module. A module that lists no drivers has one with its own name.
fn driver_of_module(files: &Files, name: &[u8]) -> Result<Vec<u8>> {
    let shown = show(name);
    let driver = match modules::drivers(files, name)? {
        None => name.to_vec(),
        Some(drivers) => drivers
            .iter()
            .find_map(|driver| driver.strip_prefix(b"pci:"))
            .ok_or_else(|| {
                internal(format!(
                    "module '{shown}' does not implement any pci driver"
                ))
            })?
            .to_vec(),
    };
    match pci_bus::has_driver(files, &driver)? {
        true => Ok(driver),
        false => Err(internal(format!(
            "pci driver '{}' supposedly loaded by module '{shown}' not found in sysfs",
            show(&driver)
        ))),
    }
}

fn load_module(files: &Files, name: &[u8]) -> Result<()> {
    let shown = show(name);
    let failed = format!("Failed to load PCI driver module {shown}");
    let done =
        modules::load(name).map_err(|e| system(format!("{failed}: cannot run modprobe"), &e))?;
    if done.is_good() && modules::is_loaded(files, name)? {
        return Ok(());
    }
    Err(internal(if modules::is_prohibited(name) {
        format!("{failed}: administratively prohibited")
    } else if done.is_good() {
        format!(
            "modprobe reported success loading module '{shown}', but module is missing from /sys/module"
        )
    } else {
        format!("{failed}: {}", show(&done.stderr))
    }))
}

#[cfg(test)]
mod tests;
