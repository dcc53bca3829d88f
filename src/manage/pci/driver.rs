// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which driver a function is given to, and that this driver is loaded.

use std::ffi::CStr;

use rustix::io::Errno;

use super::alias::Modalias;
use super::function::{Function, internal, show, system};
use super::in_use::VFIO_PCI;
use crate::error::{Code, Error, Result};
use crate::host::files::Files;
use crate::host::{modules, pci_bus};

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
    let driver = load(&function.node.host.files, name)?;
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

/// The module that fits the function best.
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

/// The driver of that name, or the one of the module of that name, loaded where it is not.
fn load(files: &Files, name: &[u8]) -> Result<Vec<u8>> {
    if pci_bus::has_driver(files, name)? {
        return Ok(name.to_vec());
    }
    if !modules::is_loaded(files, name)? {
        load_module(files, name)?;
    }
    driver_of_module(files, name)
}

/// The PCI driver of a module that is loaded; one that lists no drivers has the name of its own.
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
