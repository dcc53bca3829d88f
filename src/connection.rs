// SPDX-License-Identifier: LGPL-2.1-or-later
//! A connection: one view of one host's node devices.

use std::ffi::CStr;
use std::sync::Arc;

use crate::error::Result;

/// The name of a node device, shared by the registry and every handle on the device.
pub type Name = Arc<CStr>;

/// A connection to one source of node devices.
///
/// Every method first takes in what the kernel reported since the last call,
/// so answers are current without an event loop. Methods that take a name
/// answer with code 53 when the device is gone.
#[derive(Debug)]
pub struct Connection {}

impl Connection {
    /// Opens the devices that `uri` names; `None` or an empty URI means
    /// `LIBVIRT_DEFAULT_URI`, else `nodedev:///system`.
    pub fn open(_uri: Option<&str>) -> Result<Connection> {
        todo!()
    }
    /// `nodedev`, or `TEST` for the test driver.
    pub fn driver_type(&self) -> &'static CStr {
        todo!()
    }
    /// The URI in canonical form.
    pub fn uri(&self) -> &str {
        todo!()
    }
    /// Version of the thing connected to, as major * 1,000,000 + minor * 1,000 + release.
    pub fn hypervisor_version(&self) -> Result<u64> {
        todo!()
    }
    /// The host's name.
    pub fn hostname(&self) -> Result<String> {
        todo!()
    }
    /// The capabilities document of the host.
    pub fn host_capabilities(&self) -> Result<String> {
        todo!()
    }
    /// Names of the devices that pass the `virConnectListAllNodeDevices` flags (bits already checked by the
    /// method: unknown ones are code 8), `computer` first, then by sysfs path.
    pub fn list(&self, _flags: u32) -> Result<Vec<Name>> {
        todo!()
    }
    /// How many devices pass the flags.
    pub fn count(&self, _flags: u32) -> Result<usize> {
        todo!()
    }
    /// Names of the devices with capability `cap` (all for `None`, none for an unknown one), at most `max`.
    pub fn names_with_capability(&self, _cap: Option<&str>, _max: usize) -> Result<Vec<Name>> {
        todo!()
    }
    /// How many devices have capability `cap`.
    pub fn count_with_capability(&self, _cap: Option<&str>) -> Result<usize> {
        todo!()
    }
    /// The device of that name.
    pub fn lookup(&self, _name: &str) -> Result<Name> {
        todo!()
    }
    /// The SCSI host with these world-wide names (hexadecimal digits).
    pub fn lookup_scsi_host_by_wwn(&self, _wwnn: &str, _wwpn: &str) -> Result<Name> {
        todo!()
    }
    /// The name of the device's parent; code 1 for a device without one.
    pub fn parent(&self, _name: &CStr) -> Result<Name> {
        todo!()
    }
    /// The device's capability and those nested in it, in libvirt's order.
    pub fn capabilities(&self, _name: &CStr) -> Result<Vec<&'static str>> {
        todo!()
    }
    /// The device's XML; `inactive` asks for the persistent definition.
    pub fn xml(&self, _name: &CStr, _inactive: bool) -> Result<String> {
        todo!()
    }
    /// Whether the device is there now (a defined mediated device may not be).
    pub fn is_active(&self, _name: &CStr) -> Result<bool> {
        todo!()
    }
    /// Whether the device has a definition that outlives it.
    pub fn is_persistent(&self, _name: &CStr) -> Result<bool> {
        todo!()
    }
    /// Whether the device is started with the host.
    pub fn autostart(&self, _name: &CStr) -> Result<bool> {
        todo!()
    }
}
