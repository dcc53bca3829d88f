// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Makes and removes virtual Fibre Channel ports of the test driver.

use std::collections::HashSet;
use std::ffi::CString;
use std::sync::Arc;

use super::npiv::{self, Port};
use crate::caps::scsi_host::{FcHost, ScsiHost, ScsiHostState};
use crate::caps::{Facts, State};
use crate::connection::Connection;
use crate::description::Description;
use crate::device::{Device, Origin};
use crate::document::DeviceDocument;
use crate::error::{Domain, Error, Result};
use crate::name::Name;
use crate::testdriver::{TestDevice, devices};
use crate::view::registry::Registry;

/// Makes the port that the document describes: a SCSI host with the next number, below the parent
/// that a port of the kernel would have.
pub fn create(conn: &Connection, document: &DeviceDocument) -> Result<Name> {
    let port = Port::of_document(document, npiv::TEST)?;
    let parent = npiv::parent(conn, document)?;
    let fabric_wwn = npiv::fc_host(&parent, conn.host())?.and_then(|names| names.fabric_wwn);
    conn.with_registry_mut(|registry| {
        let (number, name) = next(registry);
        let new = TestDevice {
            description: Description {
                name: name.clone(),
                path: None,
                devnode: None,
                links: Vec::new(),
                parent: Some(parent.name_text()),
                driver: None,
                facts: Facts::ScsiHost(ScsiHost { number }).into(),
                state: State::ScsiHost(ScsiHostState {
                    unique_id: i32::try_from(number - 1).ok(),
                    fc_host: Some(FcHost {
                        wwnn: port.wwnn,
                        wwpn: port.wwpn,
                        fabric_wwn,
                    }),
                    vport_ops: None,
                }),
            },
            is_persistent: false,
        };
        let all = registry
            .iter()
            .filter_map(|device| written(device))
            .chain([new]);
        let name = CString::new(name).unwrap_or_default();
        *registry = Registry::new(devices(all.collect()));
        Ok(name.into())
    })
}

/// Removes a Fibre Channel host and all devices below it.
pub fn destroy(conn: &Connection, device: &Device) -> Result<()> {
    Port::of_device(device, conn.host())?;
    conn.with_registry_mut(|registry| {
        if registry.by_name(&device.name).is_none() {
            return Err(Error::no_device(&device.name_text()).in_domain(Domain::Test));
        }
        let mut gone = HashSet::from([&device.name]);
        // Parents come before their children.
        for below in registry.iter() {
            if below
                .parent
                .as_ref()
                .is_some_and(|parent| gone.contains(parent))
            {
                gone.insert(&below.name);
            }
        }
        let others = registry
            .iter()
            .filter(|device| !gone.contains(&device.name));
        let remaining = others.filter_map(|device| written(device)).collect();
        *registry = Registry::new(devices(remaining));
        Ok(())
    })
}

/// The number of a SCSI host; `None` for other devices.
fn number(device: &Arc<Device>) -> Option<u32> {
    match &device.origin {
        Origin::Document(written) => match &*written.description.facts {
            Facts::ScsiHost(host) => Some(host.number),
            _ => None,
        },
        _ => None,
    }
}

/// The number of the next SCSI host, and its name, which no device has.
fn next(registry: &Registry) -> (u32, String) {
    let highest = registry.iter().filter_map(number).max().unwrap_or(0);
    let name = |number| format!("scsi_host{number}");
    let is_free = |number: &u32| {
        let name = CString::new(name(*number)).unwrap_or_default();
        registry.by_name(&name).is_none()
    };
    let number = (highest.saturating_add(1)..=u32::MAX).find(is_free);
    let number = number.unwrap_or(u32::MAX);
    (number, name(number))
}

/// The document of a device.
fn written(device: &Device) -> Option<TestDevice> {
    let Origin::Document(written) = &device.origin else {
        return None;
    };
    Some(TestDevice {
        description: written.description.clone(),
        is_persistent: written.is_persistent,
    })
}
