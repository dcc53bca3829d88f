// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Sets the number of virtual functions of a physical one (kernel: Documentation/PCI/pci-iov-howto.rst,
//! drivers/pci/iov.c).

use std::io;

use rustix::io::Errno;

use super::from_zero::FromZero;
use super::function::{Function, internal, show, system};
use super::in_use::held_through;
use crate::caps::pci::virtual_functions;
use crate::caps::pci_address::PciAddress;
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::host::files::{Joined, join};
use crate::host::node::Node;
use crate::host::pci_bus::FUNCTIONS;
use crate::host::uses::Uses;
use crate::manage::wait::wait_for;
use crate::name::device_name;
use crate::text;

/// How many virtual functions there can be; code 84 if there can be none.
pub fn limit(function: &Function<'_>) -> Result<u32> {
    let total = function
        .node
        .number("sriov_totalvfs", 10, text::parse_u32)?;
    total.filter(|total| *total > 0).ok_or_else(|| {
        let why = format!(
            "PCI device {} cannot have virtual functions",
            function.address
        );
        Error::new(Code::OperationUnsupported, why)
    })
}

/// How many there are.
fn number(function: &Function<'_>) -> Result<u32> {
    Ok(function
        .node
        .number("sriov_numvfs", 10, text::parse_u32)?
        .unwrap_or(0))
}

/// Has the driver make `count` virtual functions in place of those that there are. Unless `forced`, code 55 if one of
/// these is in use. Where the driver refuses, there are as many as before, or the error says how many there are.
pub fn set(function: &Function<'_>, count: u32, forced: bool) -> Result<()> {
    let most = limit(function)?;
    if count > most {
        let why = format!(
            "PCI device {} can have at most {most} virtual functions, not {count}",
            function.address
        );
        return Err(Error::new(Code::InvalidArg, why));
    }
    let before = number(function)?;
    if before == count {
        return Ok(());
    }
    if !forced {
        let uses = Uses::read(function.node.host)?;
        for address in virtual_functions(&function.node)? {
            refuse_if_in_use(function, &address, &uses)?;
        }
    }
    let number = FromZero {
        read: &|| number(function),
        write: &|count| write(function, count),
        called: |count| count.to_string(),
    };
    number.change(before, || match count {
        0 => Ok(()),
        _ => write(function, count).and_then(|()| verify(function, count)),
    })
}

fn write(function: &Function<'_>, count: u32) -> Result<()> {
    let path = function.node.below("sriov_numvfs");
    let written = function
        .node
        .host
        .files
        .write(&path, count.to_string().as_bytes());
    written.map_err(|error| {
        let what = format!(
            "Failed to set the number of virtual functions of PCI device '{}' to {count}{}",
            function.address,
            why(function, &error)
        );
        system(what, &error)
    })
}

/// What an administrator can learn from the kernel's refusal.
fn why(function: &Function<'_>, error: &io::Error) -> String {
    let driver = function.driver().ok().flatten();
    match (Errno::from_io_error(error), driver) {
        (Some(Errno::NOENT | Errno::OPNOTSUPP), None) => "; no driver is bound to it".into(),
        (Some(Errno::NOENT | Errno::OPNOTSUPP), Some(driver)) => {
            format!("; its driver {} makes none", show(&driver))
        }
        (Some(Errno::NOMEM | Errno::NOSPC), _) => {
            "; there are no bus numbers or no memory left for them, the kernel's log says which"
                .into()
        }
        (Some(Errno::ACCESS | Errno::PERM), _) => String::new(),
        (_, Some(driver)) => format!(
            "; its driver {} refused, the kernel's log may say why",
            show(&driver)
        ),
        _ => String::new(),
    }
}

/// Drivers can make fewer than they were asked for, and tell nobody.
fn verify(function: &Function<'_>, count: u32) -> Result<()> {
    let found = number(function)?;
    match found == count {
        true => Ok(()),
        false => Err(internal(format!(
            "the driver of PCI device {} made {found} of {count} virtual functions",
            function.address
        ))),
    }
}

/// The link to the folder of the function with this address.
fn link(address: &PciAddress) -> Joined {
    join(FUNCTIONS, address.to_string().as_bytes())
}

fn refuse_if_in_use(function: &Function<'_>, address: &PciAddress, uses: &Uses<'_>) -> Result<()> {
    let Some(path) = function.node.host.files.device_of_link(&link(address))? else {
        return Ok(());
    };
    let node = Node::at(function.node.host, &path, b"pci");
    let held = held_through(&node)?.map(|file| format!("{file} is open"));
    let why = match held {
        Some(held) => Some(held),
        None => uses.of(&path)?.into_iter().next().map(|found| found.what),
    };
    match why {
        None => Ok(()),
        Some(why) => {
            let why = format!(
                "virtual function {address} of PCI device {} is in use: {why}",
                function.address
            );
            Err(Error::new(Code::OperationInvalid, why))
        }
    }
}

/// Waits until all virtual functions are node devices.
pub fn wait(conn: &Connection, function: &Function<'_>) -> Result<()> {
    for address in virtual_functions(&function.node)? {
        let name = device_name(b"pci", address.to_string().as_bytes(), None);
        let found = wait_for(
            conn,
            || function.node.host.files.device_of_link(&link(&address)),
            || conn.find_device(&name),
        )?;
        if found.is_none() {
            let name = name.to_string_lossy();
            return Err(internal(format!(
                "virtual function {name} did not come within a minute"
            )));
        }
    }
    Ok(())
}
