// SPDX-License-Identifier: LGPL-2.1-or-later
//! Makes and removes virtual Fibre Channel ports (NPIV)
//! (kernel: Documentation/scsi/scsi_fc_transport.rst).

use std::ffi::CString;
use std::sync::Arc;

use crate::caps::scsi_host::{FcHost, ScsiHostState};
use crate::caps::{Capability, Facts, State};
use crate::connection::Connection;
use crate::device::Device;
use crate::document::{DeviceDocument, NEW_DEVICE};
use crate::error::{Code, Domain, Error, Result};
use crate::host::Host;
use crate::host::fc_hosts::{self, VportChange};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::name::Name;

use super::wait::wait_for;

/// How many hexadecimal digits the kernel wants of a world-wide name; what it prints has no leading zeros.
const WWN_DIGITS: usize = 16;

/// Begins generated names: an address of IEEE's registered format (NAA 5) with the company's
/// number that libvirt uses for hosts like these, QEMU's.
const QEMU: u64 = 0x5001_a4a0_0000_0000;

/// The same for the test driver's.
pub const TEST: u64 = 0x5100_0000_0000_0000;

/// The bits of a generated name that are random.
const RANDOM: u64 = 0xf_ffff_ffff;

/// World-wide names of a port, hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Of the node.
    pub wwnn: String,
    /// Of the port.
    pub wwpn: String,
}

/// Makes the virtual port that is described and waits for its SCSI host. A port whose host
/// does not come in a minute is removed again; libvirt leaves it.
pub fn create(conn: &Connection, document: &DeviceDocument) -> Result<Name> {
    let port = Port::of_document(document, QEMU)?;
    let parent = parent(conn, document)?;
    let number = host_number(&parent, conn.host())?;
    manage(conn.host(), number, &port, VportChange::Create)?;
    let place = || port.place(conn.host());
    wait_for(conn, place, || port.find(conn))?.ok_or_else(|| {
        let undone = manage(conn.host(), number, &port, VportChange::Delete);
        port.missing(undone.err())
    })
}

/// Removes a virtual port.
pub fn destroy(conn: &Connection, device: &Device) -> Result<()> {
    let port = Port::of_device(device, conn.host())?;
    let parent = parent_of_port(conn, device)?;
    let number = host_number(&parent, conn.host())?;
    manage(conn.host(), number, &port, VportChange::Delete)
}

/// The error for a SCSI host without world-wide names.
fn no_fc_host() -> Error {
    Error::new(Code::InternalError, "Device is not a fibre channel HBA")
}

impl Port {
    /// The port that is described; names that are not given are random, below the `company`'s number.
    pub fn of_document(document: &DeviceDocument, company: u64) -> Result<Port> {
        let State::ScsiHost(state) = &document.description.state else {
            return Err(no_fc_host());
        };
        let names = state.fc_host.as_ref().ok_or_else(no_fc_host)?;
        let given_or_generated = |given: &str, what: &str| match given {
            "" => generate_wwn(what, company),
            given => Ok(given.to_string()),
        };
        Ok(Port {
            wwnn: given_or_generated(&names.wwnn, "WWNN")?,
            wwpn: given_or_generated(&names.wwpn, "WWPN")?,
        })
    }

    /// The port that a SCSI host is.
    pub fn of_device(device: &Device, host: &Host) -> Result<Port> {
        let names = fc_host(device, host)?.ok_or_else(no_fc_host)?;
        let padded = |wwn: String| format!("{wwn:0>WWN_DIGITS$}");
        Ok(Port {
            wwnn: padded(names.wwnn),
            wwpn: padded(names.wwpn),
        })
    }

    /// The port's SCSI host, if it is there.
    fn find(&self, conn: &Connection) -> Found<Name> {
        let hosts = conn.devices(Capability::ScsiHost.flag())?;
        let has_names = |names: &FcHost| self.has_names(names);
        let found = find_fc_host(&hosts, conn.host(), has_names)?;
        Ok(found.map(|device| device.name.clone()))
    }

    /// The directory of the port's SCSI host, if the kernel has made that.
    fn place(&self, host: &Host) -> Found<Vec<u8>> {
        for path in fc_hosts::directories(&host.files)? {
            let node = Node::at(host, &path, b"scsi");
            let names = ScsiHostState::read(&node)?.fc_host;
            if names.is_some_and(|names| self.has_names(&names)) {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    /// Whether these are the port's names, as numbers.
    fn has_names(&self, names: &FcHost) -> bool {
        let same = |left: &str, right: &str| value(left).is_some() && value(left) == value(right);
        same(&self.wwnn, &names.wwnn) && same(&self.wwpn, &names.wwpn)
    }

    /// The port that was made did not come; the error is what hindered its removal.
    fn missing(&self, left: Option<Error>) -> Error {
        let outcome = match left {
            None => "; the port was deleted again".to_string(),
            Some(error) => format!("; it could not be deleted again: {error}"),
        };
        let Port { wwnn, wwpn } = self;
        Error::new(
            Code::NoNodeDevice,
            format!(
                "no node device for '{NEW_DEVICE}' with matching wwnn '{wwnn}' and wwpn '{wwpn}'{outcome}"
            ),
        )
    }
}

/// The number that a world-wide name is, if it is one.
fn value(wwn: &str) -> Option<u64> {
    let is_wwn = wwn.bytes().all(|b| b.is_ascii_hexdigit());
    is_wwn.then(|| u64::from_str_radix(wwn, 16).ok()).flatten()
}

/// A world-wide name that nobody else has.
fn generate_wwn(what: &str, company: u64) -> Result<String> {
    let mut random = [0; 8];
    let flags = rustix::rand::GetRandomFlags::empty();
    match rustix::rand::getrandom(&mut random, flags) {
        Ok(8) => Ok(format!(
            "{:016x}",
            company | u64::from_ne_bytes(random) & RANDOM
        )),
        _ => Err(Error::new(
            Code::InternalError,
            format!("no {what} supplied for '{NEW_DEVICE}', and auto-generation failed"),
        )),
    }
}

/// The world-wide names of a SCSI host as they are now.
pub fn fc_host(device: &Device, host: &Host) -> Result<Option<FcHost>> {
    match device.state(host)? {
        State::ScsiHost(state) => Ok(state.fc_host),
        _ => Ok(None),
    }
}

/// The first of these devices that is a SCSI host with such world-wide names. One that goes meanwhile is none.
fn find_fc_host<'a>(
    devices: &'a [Arc<Device>],
    host: &Host,
    is_wanted: impl Fn(&FcHost) -> bool,
) -> Found<&'a Arc<Device>> {
    for device in devices {
        let names = match fc_host(device, host) {
            Err(e) if e.code() == Code::NoNodeDevice => None,
            names => names?,
        };
        if names.is_some_and(|names| is_wanted(&names)) {
            return Ok(Some(device));
        }
    }
    Ok(None)
}

/// The host below which the port shall be: the one that is named, or the first that fits.
pub fn parent(conn: &Connection, document: &DeviceDocument) -> Result<Arc<Device>> {
    let capable = conn.devices(Capability::Vports.flag())?;
    let is_capable = |name: &Name| capable.iter().any(|device| device.name == *name);
    let no_parent = || {
        let text = format!("Could not find parent device for '{NEW_DEVICE}'");
        Error::new(Code::InternalError, text)
    };
    if let Some(name) = &document.description.parent {
        let name = CString::new(name.as_str()).map_err(|_| no_parent())?;
        let device = conn.find_device(&name)?.ok_or_else(no_parent)?;
        return match is_capable(&device.name) {
            true => Ok(device),
            false => Err(Error::new(
                Code::InternalError,
                format!(
                    "Parent device {} is not capable of vport operations",
                    device.name_text()
                ),
            )),
        };
    }
    let find = |is_wanted: &dyn Fn(&FcHost) -> bool| {
        let found = find_fc_host(&capable, conn.host(), is_wanted)?;
        found.cloned().ok_or_else(no_parent)
    };
    let wanted = &document.parent_port;
    match (&wanted.wwnn, &wanted.wwpn, &wanted.fabric_wwn) {
        (Some(wwnn), Some(wwpn), _) => find(&|host| host.wwnn == *wwnn && host.wwpn == *wwpn),
        (_, _, Some(fabric)) => find(&|host| host.fabric_wwn.as_ref() == Some(fabric)),
        _ => capable.first().cloned().ok_or_else(|| {
            Error::new(
                Code::InternalError,
                "Could not find any vport capable device",
            )
        }),
    }
}

/// The host below which a port is.
fn parent_of_port(conn: &Connection, port: &Device) -> Result<Arc<Device>> {
    let parent = port.parent.clone().unwrap_or_default();
    conn.find_device(&parent)?.ok_or_else(|| {
        let parent = parent.to_string_lossy();
        Error::new(
            Code::InternalError,
            format!("cannot find parent '{parent}' definition"),
        )
    })
}

/// The kernel's number of a SCSI host.
fn host_number(device: &Device, host: &Host) -> Result<u32> {
    match &*device.facts(host)? {
        Facts::ScsiHost(scsi_host) => Ok(scsi_host.number),
        _ => Err(Error::new(
            Code::InternalError,
            format!(
                "Invalid adapter name '{}' for SCSI pool",
                device.name_text()
            ),
        )
        .in_domain(Domain::None)),
    }
}

/// Tells the kernel to make or remove the port. What it would refuse as names is not written.
fn manage(host: &Host, number: u32, port: &Port, change: VportChange) -> Result<()> {
    let Some(path) = change.file(&host.files, number)? else {
        let attribute = change.attribute();
        let text = format!("vport operation '{attribute}' is not supported for host{number}");
        return Err(Error::new(Code::OperationInvalid, text).in_domain(Domain::None));
    };
    let text = format!("{}:{}", port.wwpn, port.wwnn);
    let is_wwn = |wwn: &String| wwn.len() == WWN_DIGITS && value(wwn).is_some();
    let written = match is_wwn(&port.wwpn) && is_wwn(&port.wwnn) {
        true => host.files.write(path.as_bytes(), text.as_bytes()),
        false => Err(rustix::io::Errno::INVAL.into()),
    };
    written.map_err(|e| {
        let what = format!("Write of '{text}' to '{path}' during vport create/delete failed");
        Error::io(what, &e).in_domain(Domain::None)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(wwnn: &str, wwpn: &str) -> Port {
        Port {
            wwnn: wwnn.into(),
            wwpn: wwpn.into(),
        }
    }

    #[test]
    fn generated_names_are_qemus_and_differ() {
        let names: Vec<_> = (0..20)
            .map(|_| generate_wwn("WWNN", QEMU).unwrap())
            .collect();
        for (n, name) in names.iter().enumerate() {
            assert_eq!(name.len(), WWN_DIGITS);
            assert!(name.starts_with("5001a4a") && value(name).is_some());
            assert!(!names[..n].contains(name));
        }
    }

    #[test]
    fn names_are_compared_as_the_kernel_prints_them() {
        let found = |wwnn: &str, wwpn: &str| {
            port("0001001B32A9DA4E", "2101001b32a9da4e").has_names(&FcHost {
                wwnn: wwnn.into(),
                wwpn: wwpn.into(),
                fabric_wwn: None,
            })
        };
        assert!(found("1001b32a9da4e", "2101001b32a9da4e"));
        assert!(!found("1001b32a9da4e", "2101001b32a9da4f"));
        assert!(!found("+1001b32a9da4e", "2101001b32a9da4e"));
        assert!(!found("", "2101001b32a9da4e"));
        assert!(!port("zzz", "zzz").has_names(&FcHost {
            wwnn: "zzz".into(),
            wwpn: "zzz".into(),
            fabric_wwn: None,
        }));
    }
}
