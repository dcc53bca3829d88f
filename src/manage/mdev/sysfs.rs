// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Mediated devices in sysfs: starts and stops them without mdevctl, and reads the facts of a running one.

use crate::caps::Facts;
use crate::caps::mdev::Mdev;
use crate::device::{Device, Origin};
use crate::error::{Code, Error, Result};
use crate::host::Host;
use crate::host::files::{basename, join};
use crate::host::new_uuid::new_uuid;
use crate::text;
use crate::text::uuid::normalise_uuid;

use super::wanted::Wanted;
use crate::manage::refusal::internal;

/// Has the parent's driver make the device; returns its UUID. Code 84 if it is to have attributes, 1 if the parent does
/// not have the type, 38 if the kernel refuses.
pub fn create(host: &Host, wanted: &Wanted) -> Result<String> {
    if !wanted.attributes.is_empty() {
        return Err(Error::new(
            Code::OperationUnsupported,
            "Unable to start mediated device: only mdevctl can set its attributes, and it is not installed",
        ));
    }
    let files = &host.files;
    let (address, type_id) = (&wanted.address, &wanted.type_id);
    let types = join(wanted.parent_path(), b"mdev_supported_types");
    let folder = join(&types, type_id.as_bytes());
    if !files.exists(&folder)? {
        // The text is mdevctl's.
        return Err(internal(format!(
            "Unable to start mediated device: Parent {address} does not support mdev type {type_id}"
        )));
    }
    let uuid = match &wanted.uuid {
        Some(uuid) => uuid.clone(),
        None => new_uuid(files)?,
    };
    let path = join(&folder, b"create");
    files.write(&path, uuid.as_bytes()).map_err(|e| {
        let path = text::clean(&path);
        let what = format!("Unable to start mediated device: cannot write '{uuid}' to {path}");
        Error::io(what, &e)
    })?;
    Ok(uuid)
}

/// Has the kernel remove the device in this folder; code 38 if it refuses.
pub fn remove(host: &Host, path: &[u8]) -> Result<()> {
    let file = join(path, b"remove");
    host.files.write(&file, b"1").map_err(|e| {
        let file = text::clean(&file);
        Error::io(format!("cannot write '1' to {file}"), &e)
    })
}

/// A running mediated device.
#[derive(Debug)]
pub struct RunningMdev<'a> {
    /// Its folder in sysfs.
    pub path: &'a [u8],
    device: &'a Device,
    host: &'a Host,
}

impl<'a> RunningMdev<'a> {
    /// The device; `None` if it is not running.
    pub fn of(device: &'a Device, host: &'a Host) -> Option<RunningMdev<'a>> {
        match &device.origin {
            Origin::Kernel(kernel) => Some(RunningMdev {
                path: kernel.path(),
                device,
                host,
            }),
            _ => None,
        }
    }

    /// Its facts; code 1 if its name is not a UUID.
    pub fn facts(&self) -> Result<Mdev> {
        let facts = self.device.facts(self.host)?;
        match &*facts {
            Facts::Mdev(mdev) if normalise_uuid(&mdev.uuid).as_ref() == Some(&mdev.uuid) => {
                Ok(mdev.clone())
            }
            _ => Err(internal(format!(
                "{} is not named by a UUID",
                text::clean(self.path)
            ))),
        }
    }

    /// Whether another program has its VFIO group open, which only one program can.
    pub fn is_in_use(&self) -> Result<bool> {
        let path = join(self.path, b"iommu_group");
        let Some(group) = self.host.files.read_link(&path)? else {
            // A device in no group cannot be opened through one.
            return Ok(false);
        };
        let group = self.host.vfio_group(basename(&group))?;
        Ok(group.is_some_and(|group| group.is_open))
    }
}
