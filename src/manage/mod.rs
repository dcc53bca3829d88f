// SPDX-License-Identifier: LGPL-2.1-or-later
//! Changes the host's devices; nothing else in the library does.
//!
//! This file says which device can be changed how; one file each knows how that is done.

pub mod mdev;
pub mod npiv;
pub mod pci;
mod refusal;
mod testdriver;
mod wait;

use std::ffi::CStr;

use crate::caps::{Capability, Facts};
use crate::connection::Connection;
use crate::document::{self, DeviceDocument, Purpose};
use crate::error::{Code, Result};
use crate::name::Name;

use mdev::scope::Scope;
use refusal::{invalid, not_defined, unsupported_type};

impl Connection {
    /// Makes the device that `xml` describes, and waits until it is there: a virtual Fibre
    /// Channel port or a mediated device that does not outlive the host's restart.
    pub fn create_xml(&self, xml: &CStr, validate: bool) -> Result<Name> {
        let document = document::parse(xml.to_bytes(), Purpose::Create, validate)?;
        match kind_of(&document) {
            _ if self.is_test() => testdriver::create(self, &document),
            Capability::Mdev => mdev::create(self, &document),
            Capability::ScsiHost => npiv::create(self, &document),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Removes the device from the host. It goes from lists when the kernel has told so.
    pub fn destroy(&self, name: &CStr) -> Result<()> {
        let device = self.device(name)?;
        match device.kind {
            _ if self.is_test() => testdriver::destroy(self, &device),
            Capability::Mdev => mdev::destroy(self, &device),
            Capability::ScsiHost => npiv::destroy(self, &device),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Keeps the mediated device that `xml` describes; it can be started later.
    pub fn define_xml(&self, xml: &CStr, validate: bool) -> Result<Name> {
        let document = document::parse(xml.to_bytes(), Purpose::Create, validate)?;
        match kind_of(&document) {
            Capability::Mdev => mdev::define(self, &document),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Drops the definition of a mediated device.
    pub fn undefine(&self, name: &CStr) -> Result<()> {
        let device = self.device(name)?;
        if !device.is_persistent() {
            return Err(not_defined(&device.name_text()));
        }
        match device.kind {
            Capability::Mdev => mdev::undefine(self, &device),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Starts a mediated device that is defined.
    pub fn start(&self, name: &CStr) -> Result<()> {
        let device = self.device(name)?;
        if device.is_active() {
            return Err(invalid("Device is already active"));
        }
        match device.kind {
            Capability::Mdev => mdev::start(self, &device),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Chooses whether a defined mediated device is started with its parent.
    pub fn set_autostart(&self, name: &CStr, autostart: bool) -> Result<()> {
        let device = self.device(name)?;
        match device.kind {
            Capability::Mdev => mdev::set_autostart(self, &device, autostart),
            _ => Err(unsupported_type(Code::OperationUnsupported)),
        }
    }

    /// Changes a mediated device, its definition or both to what `xml` says.
    pub fn update(&self, name: &CStr, xml: &CStr, scope: Scope) -> Result<()> {
        let device = self.device(name)?;
        let document = document::parse(xml.to_bytes(), Purpose::Update, true)?;
        match (device.kind, kind_of(&document)) {
            (Capability::Mdev, Capability::Mdev) => mdev::update(self, &device, &document, scope),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Takes a PCI function from its driver and binds it to one through which a virtual machine
    /// or another program can drive it: `driver`, or the best VFIO driver.
    pub fn detach(&self, name: &CStr, driver: Option<&CStr>) -> Result<()> {
        pci::detach(self, &*self.device(name)?, driver)
    }

    /// Gives a PCI function back to the driver that the host chooses for it.
    pub fn reattach(&self, name: &CStr) -> Result<()> {
        pci::reattach(self, &*self.device(name)?)
    }

    /// Brings a PCI function into the state that it has after power-on.
    pub fn reset(&self, name: &CStr) -> Result<()> {
        pci::reset(self, &*self.device(name)?)
    }
}

fn kind_of(document: &DeviceDocument) -> Capability {
    Facts::kind(&document.description.facts)
}
