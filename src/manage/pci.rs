// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Detaches PCI functions from their drivers, re-attaches and resets them, has virtual ones made and makes these vGPUs (kernel:
//! Documentation/ABI/testing/sysfs-bus-pci, Documentation/driver-api/vfio.rst).
//!
//! This file has the order of the steps; the other files do them.

pub mod alias;
mod bind;
mod config;
mod driver;
mod from_zero;
mod function;
pub mod in_use;
mod reset;
mod resources;
mod vgpu;
mod virtual_functions;

use std::ffi::CStr;

use crate::connection::Connection;
use crate::device::Device;
use crate::error::Result;
use crate::host::program::LIMIT;

use function::{Function, take_turn};

/// Binds a function to `driver`, or to the best VFIO driver for it.
pub fn detach(conn: &Connection, device: &Device, driver: Option<&CStr>) -> Result<()> {
    let function = Function::of(conn, device)?;
    function.unless_gone(|| {
        let _turn = take_turn(&function.node, LIMIT)?;
        function.refuse_if_silent()?;
        function.refuse_if_in_use()?;
        let target = driver::choose(&function, driver)?;
        bind::detach(&function, &target)
    })
}

/// Binds a function to the driver that the host chooses for it.
pub fn reattach(conn: &Connection, device: &Device) -> Result<()> {
    let function = Function::of(conn, device)?;
    function.unless_gone(|| {
        let _turn = take_turn(&function.node, LIMIT)?;
        function.refuse_if_in_use()?;
        bind::reattach(&function)
    })
}

/// Resets a function.
pub fn reset(conn: &Connection, device: &Device) -> Result<()> {
    let function = Function::of(conn, device)?;
    function.unless_gone(|| {
        let _turn = take_turn(&function.node, LIMIT)?;
        function.refuse_if_silent()?;
        reset::reset(&function)
    })
}

/// Has a physical function's driver make that many virtual functions, and waits until they are there.
pub fn set_virtual_functions(
    conn: &Connection,
    device: &Device,
    count: u32,
    forced: bool,
) -> Result<()> {
    let function = Function::of(conn, device)?;
    function.unless_gone(|| {
        virtual_functions::limit(&function)?;
        let _turn = take_turn(&function.node, LIMIT)?;
        virtual_functions::set(&function, count, forced)?;
        virtual_functions::wait(conn, &function)
    })
}

/// Makes a function a vGPU of the type with this number or name; of none for `None`.
pub fn set_vgpu_type(conn: &Connection, device: &Device, wanted: Option<&CStr>) -> Result<()> {
    let function = Function::of(conn, device)?;
    function.unless_gone(|| {
        vgpu::type_of(&function)?;
        let _turn = take_turn(&function.node, LIMIT)?;
        vgpu::set(&function, wanted)
    })
}
