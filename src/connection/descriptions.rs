// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What a connection says of its devices: descriptions, the inventory and recordings.

use std::ffi::CStr;

use super::Connection;
use crate::description::Description;
use crate::error::{Code, Error, Result};
use crate::host::mdevctl::run::Asking;
use crate::inventory::{Object, Survey, inventory_of, parts_named};
use crate::record::anonymous::anonymise;
use crate::record::record;
use crate::xml::writer::Writer;

impl Connection {
    /// The device's XML; with `inactive`, that of the persistent definition (code 55 if there is none).
    pub fn xml(&self, name: &CStr, inactive: bool) -> Result<String> {
        Ok(self.description(name, inactive)?.to_xml())
    }

    /// The device's description as a JSON object, with the same facts as its XML; see [`Connection::xml`].
    pub fn json(&self, name: &CStr, inactive: bool) -> Result<String> {
        Ok(self.description(name, inactive)?.to_json())
    }

    fn description(&self, name: &CStr, inactive: bool) -> Result<Description> {
        let device = self.device(name)?;
        if inactive && !device.is_persistent() {
            return Err(self.own(Error::new(
                Code::OperationInvalid,
                format!("node device '{}' is not persistent", device.name_text()),
            )));
        }
        match inactive {
            true => device.describe_definition(&self.host, self.asking()),
            false => device.describe(&self.host, self.asking()),
        }
    }

    /// The XML of all devices that pass the list flags: a `<node>` with `<device>` elements, which the test driver can
    /// read (`test:///FILE`).
    pub fn xml_of_all(&self, flags: u32) -> Result<String> {
        let mut w = Writer::xml();
        let descriptions = self.describe_all(flags)?;
        w.element("node", &[], |w| {
            for description in descriptions {
                w.element("device", &[], |w| description.write(w));
            }
        });
        Ok(w.finish())
    }

    /// The descriptions of all devices that pass the list flags, as a JSON array.
    pub fn json_of_all(&self, flags: u32) -> Result<String> {
        let descriptions = self.describe_all(flags)?;
        let objects: Vec<_> = descriptions.iter().map(Description::to_json).collect();
        Ok(format!("[{}]", objects.join(",")))
    }

    /// The descriptions of all devices that pass the flags; devices that have gone meanwhile are left out.
    fn describe_all(&self, flags: u32) -> Result<Vec<Description>> {
        let (devices, asking) = (self.devices(flags)?, self.asking());
        let mut descriptions = Vec::with_capacity(devices.len());
        for device in devices {
            match device.describe(&self.host, asking) {
                Err(e) if e.code() == Code::NoNodeDevice => {}
                description => descriptions.push(description?),
            }
        }
        Ok(descriptions)
    }

    /// The inventory of all devices: a JSON object with one for each device, in the order of lists. `parts` names parts
    /// of it, all if empty. With `is_slow`, what wakes devices or takes long is read, too. Devices that have gone
    /// meanwhile are left out.
    pub fn inventory(&self, parts: &str, is_slow: bool) -> Result<String> {
        let parts = parts_named(parts)?;
        let survey = Survey::new(&self.host, is_slow);
        let mut all = Object::new();
        for device in self.devices(0)? {
            match inventory_of(&device, &parts, &survey) {
                Err(e) if e.code() == Code::NoNodeDevice => {}
                inventory => {
                    all.insert(device.name_text(), inventory?.into());
                }
            }
        }
        text(&all)
    }

    /// The inventory of one device, as a JSON object with its parts.
    pub fn inventory_of(&self, name: &CStr, parts: &str, is_slow: bool) -> Result<String> {
        let parts = parts_named(parts)?;
        let device = self.device(name)?;
        let survey = Survey::new(&self.host, is_slow);
        let inventory = inventory_of(&device, &parts, &survey)?;
        text(&inventory)
    }

    /// Whether, and until when, a call may run mdevctl, which has the caller's rights.
    fn asking(&self) -> Asking {
        match self.is_read_only {
            true => Asking::Never,
            false => Asking::within_one_call(),
        }
    }

    /// A recording of the machine as a compressed archive, with all that is read to list and describe its devices. With
    /// `anonymous`, values that identify the machine are replaced.
    pub fn record(&self, anonymous: bool) -> Result<Vec<u8>> {
        let mut recording = record(&self.host)?;
        if anonymous {
            // The name of this host is not that of a recorded machine.
            let own = self.host.files.is_live().then(|| self.hostname());
            let own = own.as_ref().and_then(|name| name.split('.').next());
            recording = anonymise(&recording, own.map(str::as_bytes));
        }
        let mut archive = Vec::new();
        recording
            .write_archive(&mut archive)
            .map_err(|e| Error::io("cannot write the recording", &e))?;
        Ok(archive)
    }
}

/// An object as text, in one piece: Display would write it in thousands.
fn text(object: &Object) -> Result<String> {
    serde_json::to_string(object).map_err(|e| Error::new(Code::InternalError, e.to_string()))
}
