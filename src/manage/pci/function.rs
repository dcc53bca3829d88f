// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A PCI function that is to be changed, and the errors about functions.

use std::io;
use std::time::Duration;

use rustix::fs::OFlags;

use super::config::holds_bus_in_reset;
use super::in_use::held_through;
use crate::caps::Capability;
use crate::caps::config_space::{HEADER_END, answers};
use crate::caps::pci::is_asleep;
use crate::caps::pci_address::PciAddress;
use crate::connection::Connection;
use crate::device::{Device, Origin};
use crate::error::{Code, Domain, Error, Result};
use crate::host::files::dirname;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::host::turn::Turn;
use crate::text;

/// A PCI function of the running system.
#[derive(Debug)]
pub struct Function<'a> {
    /// The device of the kernel.
    pub node: Node<'a>,
    /// Its address, which is its name in sysfs.
    pub address: String,
    /// The name of its node device.
    pub name: String,
}

impl<'a> Function<'a> {
    /// The function of a node device; code 8 if that is no PCI function.
    pub fn of(conn: &'a Connection, device: &'a Device) -> Result<Function<'a>> {
        let name = device.name_text();
        let node = match &device.origin {
            Origin::Kernel(kernel) if device.kind == Capability::Pci => kernel.node(conn.host()),
            _ => return Err(no_function(&name)),
        };
        Ok(Function {
            address: address_of(&node).ok_or_else(|| no_function(&name))?,
            node,
            name,
        })
    }

    /// Has `change` change the function. If the function has gone meanwhile, that is the error (code 53).
    pub fn unless_gone(&self, change: impl FnOnce() -> Result<()>) -> Result<()> {
        let result = change();
        self.exists().and(result)
    }

    /// Code 53 if the function has gone.
    pub fn exists(&self) -> Result<()> {
        match self.node.has("uevent")? {
            true => Ok(()),
            false => Err(Error::no_device(&self.name)),
        }
    }

    /// Refuses to change a function that does not answer, such as one that fell off its bus (code 1). Suspended
    /// functions are not asked.
    pub fn refuse_if_silent(&self) -> Result<()> {
        if is_asleep(&self.node)? {
            return Ok(());
        }
        let path = self.node.below("config");
        let config = self.node.host.files.read_start(&path, HEADER_END)?;
        if config.is_none_or(|config| answers(&config)) {
            return Ok(());
        }
        let why = self.why_silent()?.unwrap_or_default();
        Err(internal(format!(
            "PCI device {} does not answer{why}",
            self.address
        )))
    }

    /// What keeps a function from answering, for the end of a message: a program that was killed in a reset leaves the
    /// bus in it.
    fn why_silent(&self) -> Found<String> {
        let path = self.node.path;
        let bridge = Node::at(self.node.host, dirname(path), self.node.subsystem);
        let Some(address) = address_of(&bridge) else {
            return Ok(None);
        };
        let config = bridge
            .host
            .files
            .read_start(&bridge.below("config"), HEADER_END)?;
        Ok(config.filter(|config| holds_bus_in_reset(config)).map(|_| {
            format!(
                ": bridge {address} holds its bus in reset, as after one that was not finished. Nothing was changed. Clear bit 6 of \
                 the bridge's control register (setpci -s {address} BRIDGE_CONTROL=0:40). Then {}",
                setting_up_again(path)
            )
        }))
    }

    /// The name of the driver that is bound; `None` if there is none.
    pub fn driver(&self) -> Found<Vec<u8>> {
        self.node.link("driver")
    }

    /// Refuses to change a function that a program uses through VFIO (code 55).
    pub fn refuse_if_in_use(&self) -> Result<()> {
        let Some(node) = held_through(&self.node)? else {
            return Ok(());
        };
        let driver = show(&self.driver()?.unwrap_or_default());
        let why = format!(
            "PCI device {} is in use by driver {driver}: {node} is open",
            self.address
        );
        Err(Error::new(Code::OperationInvalid, why).in_domain(Domain::None))
    }
}

/// Waits for at most `limit` until no other program with this library changes the function. None does until the result
/// is dropped. Code 38 if this process may not change the function, 55 if the time was too short.
pub fn take_turn(node: &Node<'_>, limit: Duration) -> Result<Turn> {
    let path = node.below("driver_override");
    let opened = node.host.files.open_to_change(&path, OFlags::WRONLY);
    opened.map_err(|e| system(format!("cannot write {}", show(&path)), &e))?;
    let address = show(node.basename());
    let turn = Turn::take(&address, &format!("PCI device {address}"), limit);
    turn.map_err(|e| e.in_domain(Domain::None))
}

fn no_function(name: &str) -> Error {
    let why = format!("device {name} is not a PCI device");
    Error::new(Code::InvalidArg, why).in_domain(Domain::DomainConfig)
}

/// The address of a function, from its name in sysfs; `None` if that is no address.
pub fn address_of(node: &Node<'_>) -> Option<String> {
    let address = PciAddress::parse(node.basename())?.to_string();
    (address.as_bytes() == node.basename()).then_some(address)
}

/// How the kernel is brought to set up a function that a reset has left without that, for a message.
pub fn setting_up_again(path: &[u8]) -> String {
    let path = show(path);
    format!(
        "write 1 to {path}/remove and then to /sys/bus/pci/rescan, and the kernel sets it up again"
    )
}

/// A path or a name as text for a message.
pub fn show(bytes: &[u8]) -> String {
    text::clean(bytes)
}

/// An error as libvirt's PCI code reports it (code 1, no domain).
pub fn internal(text: impl Into<String>) -> Error {
    Error::new(Code::InternalError, text).in_domain(Domain::None)
}

/// The same for a system call that failed (code 38).
pub fn system(text: impl Into<String>, error: &io::Error) -> Error {
    Error::io(text, error).in_domain(Domain::None)
}
