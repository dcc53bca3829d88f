// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Changes the host's devices; no other module does.
//!
//! This file decides which devices can be changed; the other files do it, one for each kind of change.

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
    /// Makes the device that `xml` describes, and waits until it exists: a virtual Fibre Channel port or a mediated
    /// device, which will not exist after a restart of the host.
    pub fn create_xml(&self, xml: &CStr, validate: bool) -> Result<Name> {
        let document = document::parse(xml.to_bytes(), Purpose::Create, validate)?;
        match kind_of(&document) {
            _ if self.is_test() => testdriver::create(self, &document),
            Capability::Mdev => mdev::create(self, &document),
            Capability::ScsiHost => npiv::create(self, &document),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Removes the device from the host. It is listed until the kernel's message comes.
    pub fn destroy(&self, name: &CStr) -> Result<()> {
        let device = self.device(name)?;
        match device.kind {
            _ if self.is_test() => testdriver::destroy(self, &device),
            Capability::Mdev => mdev::destroy(self, &device),
            Capability::ScsiHost => npiv::destroy(self, &device),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Defines the mediated device that `xml` describes, so that it can be started later.
    pub fn define_xml(&self, xml: &CStr, validate: bool) -> Result<Name> {
        let document = document::parse(xml.to_bytes(), Purpose::Create, validate)?;
        match kind_of(&document) {
            Capability::Mdev => mdev::define(self, &document),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Removes the definition of a mediated device.
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

    /// Changes a mediated device, its definition or both to what `xml` describes.
    pub fn update(&self, name: &CStr, xml: &CStr, scope: Scope) -> Result<()> {
        let device = self.device(name)?;
        let document = document::parse(xml.to_bytes(), Purpose::Update, true)?;
        match (device.kind, kind_of(&document)) {
            (Capability::Mdev, Capability::Mdev) => mdev::update(self, &device, &document, scope),
            _ => Err(unsupported_type(Code::ConfigUnsupported)),
        }
    }

    /// Unbinds a PCI function from its driver and binds it to one by which a virtual machine or another program can use
    /// it: `driver`, or for `None` the best VFIO driver.
    pub fn detach(&self, name: &CStr, driver: Option<&CStr>) -> Result<()> {
        pci::detach(self, &*self.device(name)?, driver)
    }

    /// Binds a PCI function to the driver that the host chooses for it.
    pub fn reattach(&self, name: &CStr) -> Result<()> {
        pci::reattach(self, &*self.device(name)?)
    }

    /// Resets a PCI function to the state that it has after power-on.
    pub fn reset(&self, name: &CStr) -> Result<()> {
        pci::reset(self, &*self.device(name)?)
    }

    /// Has a physical PCI function's driver make that many virtual functions. `forced` takes them also where they are in
    /// use.
    pub fn set_virtual_functions(&self, name: &CStr, count: u32, forced: bool) -> Result<()> {
        pci::set_virtual_functions(self, &*self.device(name)?, count, forced)
    }

    /// Makes a virtual function of a GPU a vGPU of the type with this number or name; of none for `None`.
    pub fn set_vgpu_type(&self, name: &CStr, wanted: Option<&CStr>) -> Result<()> {
        pci::set_vgpu_type(self, &*self.device(name)?, wanted)
    }
}

fn kind_of(document: &DeviceDocument) -> Capability {
    Facts::kind(&document.description.facts)
}
