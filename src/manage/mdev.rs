// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Makes, changes and removes mediated devices (kernel: Documentation/driver-api/vfio-mediated-device.rst).
//!
//! As in libvirt, mdevctl(8) does the work: it keeps the definitions, sets attributes and runs the scripts that some
//! types need. If it is not installed, devices without attributes are started and stopped through sysfs.

mod mdevctl;
pub mod scope;
mod sysfs;
mod wanted;

use std::sync::Arc;

use crate::connection::Connection;
use crate::device::Device;
use crate::document::DeviceDocument;
use crate::error::Result;
use crate::host::mdevctl::files::Definition;
use crate::host::mdevctl::run::{FailureText, is_installed};
use crate::host::program::LIMIT;
use crate::name::Name;

use super::refusal::{internal, invalid, not_defined, unsupported};
use super::wait::wait_for;
use scope::Scope;
use sysfs::RunningMdev;
use wanted::Wanted;

/// Starts the mediated device that the document describes, without defining it. If it does not appear within [`LIMIT`],
/// it is stopped again and the error is code 1.
pub fn create(conn: &Connection, document: &DeviceDocument) -> Result<Name> {
    let wanted = Wanted::read(conn, document)?;
    let has_mdevctl = is_installed();
    let uuid = match has_mdevctl {
        true => mdevctl::start_new(&wanted)?,
        false => sysfs::create(conn.host(), &wanted)?,
    };
    let name = wanted.name(&uuid);
    let is_there = || {
        let device = conn.find_device(&name)?.filter(|device| device.is_active());
        Ok(device.map(|device| device.name.clone()))
    };
    let place = || Ok(Some(wanted.path_of(&uuid).to_vec()));
    wait_for(conn, place, is_there)?.ok_or_else(|| {
        let stopped = match has_mdevctl {
            true => mdevctl::stop(&uuid, &FailureText::of("Unable to stop mediated device")),
            false => sysfs::remove(conn.host(), &wanted.path_of(&uuid)),
        };
        let outcome = match stopped {
            Ok(()) => "it was stopped again".to_string(),
            Err(error) => format!("stopping it failed: {error}"),
        };
        let (name, seconds) = (name.to_string_lossy(), LIMIT.as_secs());
        internal(format!(
            "mediated device '{name}' was started and did not appear within {seconds} seconds; {outcome}"
        ))
    })
}

/// Stops a running device. Code 55 if it is not running, code 1 if a program has its VFIO group open.
pub fn destroy(conn: &Connection, device: &Device) -> Result<()> {
    let name = device.name_text();
    let Some(running) = RunningMdev::of(device, conn.host()) else {
        return Err(invalid(format!("Device '{name}' is not active")));
    };
    if running.is_in_use()? {
        return Err(internal(format!(
            "Unable to destroy '{name}': device in use"
        )));
    }
    match is_installed() {
        true => {
            let failure = FailureText::of(format!("Unable to destroy '{name}'"));
            mdevctl::stop(&running.facts()?.uuid, &failure)
        }
        false => sysfs::remove(conn.host(), running.path),
    }
}

/// Defines a device, or changes its definition if it has one.
pub fn define(conn: &Connection, document: &DeviceDocument) -> Result<Name> {
    let wanted = Wanted::read(conn, document)?;
    let known = match &wanted.uuid {
        None => None,
        Some(uuid) => conn.find_device(&wanted.name(uuid))?.zip(Some(uuid)),
    };
    let uuid = match known {
        Some((device, uuid)) if device.definition.is_some() => {
            mdevctl::modify(&wanted, uuid, &device.name_text(), Scope::CONFIG)?;
            uuid.clone()
        }
        _ => mdevctl::define(&wanted)?,
    };
    conn.reread_definitions()?;
    let name = wanted.name(&uuid);
    let device = conn.find_device(&name)?;
    let device = device.filter(|device| device.definition.is_some());
    device.map(|device| device.name.clone()).ok_or_else(|| {
        let name = name.to_string_lossy();
        internal(format!(
            "mdevctl has defined '{name}', but /etc/mdevctl.d has no definition of it"
        ))
    })
}

/// Removes the definition of a device; a running device is not stopped.
pub fn undefine(conn: &Connection, device: &Device) -> Result<()> {
    mdevctl::undefine(definition_of(device)?)?;
    conn.reread_definitions()
}

/// Starts a defined device.
pub fn start(_: &Connection, device: &Device) -> Result<()> {
    mdevctl::start_defined(definition_of(device)?)
}

/// Chooses whether a defined device is started with its parent.
pub fn set_autostart(conn: &Connection, device: &Device, autostart: bool) -> Result<()> {
    let Ok(definition) = definition_of(device) else {
        return Err(invalid("cannot set autostart for transient device"));
    };
    if definition.autostart != autostart {
        mdevctl::set_autostart(definition, &device.name_text(), autostart)?;
        conn.reread_definitions()?;
    }
    Ok(())
}

/// Changes a running device, its definition, or both.
pub fn update(
    conn: &Connection,
    device: &Device,
    document: &DeviceDocument,
    scope: Scope,
) -> Result<()> {
    let wanted = Wanted::read(conn, document)?;
    let running = RunningMdev::of(device, conn.host());
    let scope = scope.or_what_there_is(running.is_some());
    if scope.live && running.is_none() {
        return Err(invalid("node device is not active"));
    }
    if scope.config && device.definition.is_none() {
        return Err(invalid(
            "transient node devices do not have any persistent config",
        ));
    }
    let running = running.as_ref().map(RunningMdev::facts).transpose()?;
    let (uuid, address) = match (&device.definition, &running) {
        (Some(definition), _) => (&definition.uuid, &definition.parent_addr),
        (None, Some(mdev)) => (&mdev.uuid, &mdev.parent_addr),
        (None, None) => return Err(invalid("node device is not active")),
    };
    let running_type = running.as_ref().map(|mdev| &*mdev.type_id);
    let name = device.name_text();
    refuse_other_identity(
        &wanted,
        &name,
        uuid,
        running_type.filter(|_| scope.live),
        address,
    )?;
    mdevctl::modify(&wanted, uuid, &name, scope)?;
    conn.reread_definitions()?;
    match scope.live {
        // The kernel sends no uevent for attributes.
        true => conn.emit_update(&device.name),
        false => Ok(()),
    }
}

/// Refuses a document about another device than the one with this name (code 67). `running_type` is its type if the
/// running device is to be changed.
fn refuse_other_identity(
    wanted: &Wanted,
    name: &str,
    uuid: &str,
    running_type: Option<&str>,
    address: &str,
) -> Result<()> {
    if wanted.uuid.as_deref() != Some(uuid) {
        // libvirt's text lacks the same quote.
        return Err(unsupported(format!(
            "Cannot update device '{name}, uuid mismatch (current uuid '{uuid}')"
        )));
    }
    if let Some(type_id) = running_type.filter(|type_id| *type_id != wanted.type_id) {
        return Err(unsupported(format!(
            "Cannot update device '{name}', type mismatch (current type '{type_id}')"
        )));
    }
    if wanted.address != address {
        return Err(unsupported(format!(
            "Cannot update device '{name}', parent address mismatch (current parent address '{address}')"
        )));
    }
    Ok(())
}

/// The definition of a device; an error if it has none.
fn definition_of(device: &Device) -> Result<&Arc<Definition>> {
    let definition = device.definition.as_ref();
    definition.ok_or_else(|| not_defined(&device.name_text()))
}
