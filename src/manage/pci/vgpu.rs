// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Sets which vGPU a virtual function is ([`crate::caps::vgpu_types`]).

use std::ffi::CStr;
use std::io;

use super::from_zero::FromZero;
use super::function::{Function, internal, show, system};
use crate::caps::mdev_types;
use crate::caps::vgpu_types::{CURRENT, NONE, VgpuType, creatable, current};
use crate::error::{Code, Error, Result};
use crate::text;

/// The number of the type that the function is; code 84 if it cannot be a vGPU.
pub fn type_of(function: &Function<'_>) -> Result<u32> {
    if let Some(id) = current(&function.node)? {
        return Ok(id);
    }
    let node = &function.node;
    let hint = if node.has(mdev_types::FOLDER)? {
        ": its vGPUs are mediated devices, which are created"
    } else if node.has("sriov_totalvfs")? {
        ": its virtual functions may have one"
    } else {
        ""
    };
    let why = format!(
        "PCI device {} has no vGPU type that can be set{hint}",
        function.address
    );
    Err(Error::new(Code::OperationUnsupported, why))
}

/// Makes the function a vGPU of the type with this number or name, in place of the one that it is; none for `None`.
/// Where that fails, it is what it was, or the error says what it is.
pub fn set(function: &Function<'_>, wanted: Option<&CStr>) -> Result<()> {
    let before = type_of(function)?;
    let wanted = wanted.map(CStr::to_bytes);
    let number = match wanted {
        None => Some(NONE),
        Some(text) => text::parse_u32(text, 10),
    };
    if number == Some(before) {
        return Ok(());
    }
    function.refuse_if_in_use()?;
    // The driver tells what can be made, and makes it, of a function that is none.
    let number = FromZero {
        read: &|| type_of(function),
        write: &|id| write(function, id),
        called,
    };
    number.change(before, || match wanted {
        None => Ok(()),
        Some(wanted) => make(function, wanted),
    })
}

fn make(function: &Function<'_>, wanted: &[u8]) -> Result<()> {
    let offered = creatable(&function.node)?;
    let number = text::parse_u32(wanted, 10);
    let is_wanted = |offered: &&VgpuType| match number {
        Some(number) => offered.id == number,
        None => offered.name.as_bytes() == wanted,
    };
    let Some(chosen) = offered.iter().find(is_wanted) else {
        let why = format!(
            "PCI device {} cannot be a vGPU of type '{}': {}",
            function.address,
            text::line(wanted),
            list(&offered)
        );
        return Err(Error::new(Code::OperationInvalid, why));
    };
    write(function, chosen.id)?;
    match type_of(function)? {
        found if found == chosen.id => Ok(()),
        found => Err(internal(format!(
            "PCI device {} was to be a vGPU of type {}, and has {}",
            function.address,
            chosen.id,
            called(found)
        ))),
    }
}

/// What the driver offers, for a message.
fn list(offered: &[VgpuType]) -> String {
    if offered.is_empty() {
        return "its driver offers none, as where other vGPUs have taken the GPU".into();
    }
    let types: Vec<_> = offered
        .iter()
        .map(|offered| format!("{} ({})", offered.id, offered.name))
        .collect();
    format!("its driver offers {}", types.join(", "))
}

fn write(function: &Function<'_>, id: u32) -> Result<()> {
    let path = function.node.below(CURRENT);
    let written = function
        .node
        .host
        .files
        .write(&path, id.to_string().as_bytes());
    written.map_err(|error| {
        let what = format!(
            "Failed to set the vGPU type of PCI device '{}' to {}{}",
            function.address,
            called(id),
            why(function, &error)
        );
        system(what, &error)
    })
}

/// What an administrator can learn from the kernel's refusal. The driver's own reasons are in the kernel's log alone.
fn why(function: &Function<'_>, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return String::new();
    }
    match function.driver().ok().flatten() {
        Some(driver) => format!(
            "; its driver {} refused, the kernel's log may say why",
            show(&driver)
        ),
        None => "; no driver is bound to it".into(),
    }
}

/// A type's number, for a message.
fn called(id: u32) -> String {
    match id {
        NONE => "none".into(),
        _ => id.to_string(),
    }
}
