// SPDX-License-Identifier: LGPL-2.1-or-later
//! Takes PCI functions from their drivers, gives them back and resets them
//! (kernel: Documentation/ABI/testing/sysfs-bus-pci, Documentation/driver-api/vfio.rst).
//!
//! This file finds the function and says what happens in which order; one file each knows how.

pub mod alias;
mod bind;
mod config;
mod driver;
mod in_use;
mod reset;

use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};

use crate::caps::Capability;
use crate::caps::address::PciAddress;
use crate::connection::Connection;
use crate::device::{Device, Origin};
use crate::error::{Code, Domain, Error, Result};
use crate::host::node::Node;

/// How long another program that is changing the same function is waited for.
const TURN_LIMIT: Duration = Duration::from_secs(60);
const TURN_SLICE: Duration = Duration::from_millis(20);

/// Binds a function to `driver`, or to the best VFIO driver for it.
pub fn detach(conn: &Connection, device: &Device, driver: Option<&CStr>) -> Result<()> {
    let function = Function::of(conn, device)?;
    function.unless_gone(|| {
        let _turn = function.turn()?;
        function.refuse_if_in_use()?;
        let target = driver::choose(&function, driver)?;
        bind::detach(&function, &target)
    })
}

/// Binds a function to the driver that the host chooses for it.
pub fn reattach(conn: &Connection, device: &Device) -> Result<()> {
    let function = Function::of(conn, device)?;
    function.unless_gone(|| {
        let _turn = function.turn()?;
        function.refuse_if_in_use()?;
        bind::reattach(&function)
    })
}

/// Resets a function.
pub fn reset(conn: &Connection, device: &Device) -> Result<()> {
    let function = Function::of(conn, device)?;
    function.unless_gone(|| {
        let _turn = function.turn()?;
        reset::reset(&function)
    })
}

/// An error as libvirt's PCI part raises it, for what is no system call.
fn internal(text: impl Into<String>) -> Error {
    Error::new(Code::InternalError, text).in_domain(Domain::None)
}

/// The same for a system call that failed.
fn system(text: impl Into<String>, error: &io::Error) -> Error {
    Error::io(text, error).in_domain(Domain::None)
}

/// A PCI function of the running system.
#[derive(Debug)]
struct Function<'a> {
    node: Node<'a>,
    /// Its address, as the kernel writes it.
    address: String,
    /// Its name as a node device.
    name: String,
}

impl<'a> Function<'a> {
    /// The function that a node device stands for.
    fn of(conn: &'a Connection, device: &'a Device) -> Result<Function<'a>> {
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

    /// What `change` does to the function; where the function went meanwhile, that is the error.
    fn unless_gone(&self, change: impl FnOnce() -> Result<()>) -> Result<()> {
        let result = change();
        self.exists().and(result)
    }

    /// An error if the function is not there any more.
    fn exists(&self) -> Result<()> {
        match self.node.has("uevent") {
            true => Ok(()),
            false => Err(Error::no_device(&self.name)),
        }
    }

    /// Waits until no other program of this kind changes the function; none does while the result lives. Whoever
    /// may not change it learns so here, before anything is done.
    fn turn(&self) -> Result<OwnedFd> {
        let path = self.node.below("driver_override");
        let failed = |e: io::Error| system(format!("cannot write {}", show(&path)), &e);
        let files = &self.node.host.files;
        let fd = files
            .open_to_change(&path, OFlags::WRONLY)
            .map_err(failed)?;
        let begin = Instant::now();
        loop {
            match flock(&fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(fd),
                Err(e) if begin.elapsed() > TURN_LIMIT => return Err(failed(e.into())),
                Err(_) => sleep(TURN_SLICE),
            }
        }
    }

    /// The name of the driver that is bound now.
    fn driver(&self) -> Option<Vec<u8>> {
        self.node.link("driver")
    }

    /// Refuses to change a function that a program holds through VFIO.
    fn refuse_if_in_use(&self) -> Result<()> {
        let Some(node) = in_use::held_through(&self.node) else {
            return Ok(());
        };
        let driver = show(&self.driver().unwrap_or_default());
        let why = format!(
            "PCI device {} is in use by driver {driver}: {node} is open",
            self.address
        );
        Err(Error::new(Code::OperationInvalid, why).in_domain(Domain::None))
    }
}

fn no_function(name: &str) -> Error {
    let why = format!("device {name} is not a PCI device");
    Error::new(Code::InvalidArg, why).in_domain(Domain::DomainConfig)
}

/// The address of a function: its directory's name, if that reads like one.
fn address_of(node: &Node<'_>) -> Option<String> {
    let address = PciAddress::parse(node.basename())?.to_string();
    (address.as_bytes() == node.basename()).then_some(address)
}

/// Bytes of a path or a name, for a message.
fn show(bytes: &[u8]) -> String {
    crate::text::clean(bytes)
}
