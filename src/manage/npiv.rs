// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Makes and removes virtual Fibre Channel ports (NPIV) (kernel: Documentation/scsi/scsi_fc_transport.rst).

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

/// How many hexadecimal digits the kernel requires of a world-wide name. The names that it prints have no leading
/// zeros.
const WWN_DIGITS: usize = 16;

/// The first bits of generated names: IEEE's registered format (NAA 5) and QEMU's company number, which libvirt uses
/// for such hosts.
const QEMU: u64 = 0x5001_a4a0_0000_0000;

/// The same for the test driver.
pub const TEST: u64 = 0x5100_0000_0000_0000;

/// The bits of a generated name that are random.
const RANDOM: u64 = 0xf_ffff_ffff;

/// The world-wide names of a port, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The name of the node.
    pub wwnn: String,
    /// The name of the port.
    pub wwpn: String,
}

/// Makes the virtual port that the document describes, and waits for its SCSI host. If that does not appear within a
/// minute, the port is removed again, unlike in libvirt, and the error is code 53.
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
    /// The port that the document describes. Names that it does not give are generated: `company`, then random bits.
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

    /// The names of the port of a SCSI host; code 1 if it has none.
    pub fn of_device(device: &Device, host: &Host) -> Result<Port> {
        let names = fc_host(device, host)?.ok_or_else(no_fc_host)?;
        let padded = |wwn: String| format!("{wwn:0>WWN_DIGITS$}");
        Ok(Port {
            wwnn: padded(names.wwnn),
            wwpn: padded(names.wwpn),
        })
    }

    /// The node device of the port's SCSI host; `None` if there is none yet.
    fn find(&self, conn: &Connection) -> Found<Name> {
        let hosts = conn.devices(Capability::ScsiHost.flag())?;
        let has_names = |names: &FcHost| self.has_names(names);
        let found = find_fc_host(&hosts, conn.host(), has_names)?;
        Ok(found.map(|device| device.name.clone()))
    }

    /// The folder of the port's SCSI host; `None` if the kernel has not made it yet.
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

    /// Whether these names are the port's, compared as numbers.
    fn has_names(&self, names: &FcHost) -> bool {
        let same = |left: &str, right: &str| value(left).is_some() && value(left) == value(right);
        same(&self.wwnn, &names.wwnn) && same(&self.wwpn, &names.wwpn)
    }

    /// The error for a port whose SCSI host did not appear; `left` is the error if it could not be removed either.
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

/// A world-wide name as a number; `None` if it is invalid.
fn value(wwn: &str) -> Option<u64> {
    let is_wwn = wwn.bytes().all(|b| b.is_ascii_hexdigit());
    is_wwn.then(|| u64::from_str_radix(wwn, 16).ok()).flatten()
}

/// A new world-wide name with random bits.
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

/// Reads the world-wide names of a SCSI host; `None` if it has none.
pub fn fc_host(device: &Device, host: &Host) -> Result<Option<FcHost>> {
    match device.state(host)? {
        State::ScsiHost(state) => Ok(state.fc_host),
        _ => Ok(None),
    }
}

/// The first of these devices that is a SCSI host with the wanted world-wide names. Devices that have gone meanwhile
/// are skipped.
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

/// The host below which the port is to be made: the one that the document names, or else the first that can have ports.
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

/// The host below which a port was made.
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

/// Has the kernel make or remove the port. Names that the kernel would refuse are not written (EINVAL).
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
    use crate::device::scan::scan;

    fn port(wwnn: &str, wwpn: &str) -> Port {
        Port {
            wwnn: wwnn.into(),
            wwpn: wwpn.into(),
        }
    }

    /// A host with the SCSI host of a port, whose name is this.
    fn with_port(root: &std::path::Path, number: u32, wwn: &str) {
        let device = format!("sys/devices/pci0000:00/host{number}");
        for (path, text) in [
            (format!("{device}/uevent"), "DEVTYPE=scsi_host\n".into()),
            (
                format!("{device}/fc_host/host{number}/node_name"),
                format!("0x{wwn}\n"),
            ),
            (
                format!("{device}/fc_host/host{number}/port_name"),
                format!("0x{wwn}\n"),
            ),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        for (link, target) in [
            (
                format!("{device}/subsystem"),
                "../../../bus/scsi".to_string(),
            ),
            (
                format!("sys/bus/scsi/devices/host{number}"),
                format!("../../../devices/pci0000:00/host{number}"),
            ),
            (
                format!("sys/class/fc_host/host{number}"),
                format!("../../devices/pci0000:00/host{number}/fc_host/host{number}"),
            ),
        ] {
            let link = root.join(link);
            std::fs::create_dir_all(link.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(target, link).unwrap();
        }
    }

    #[test]
    fn a_host_that_went_meanwhile_is_passed_over() {
        let (gone, wanted) = ("2001001b32a9da4e", "2001001b32a9da4f");
        let root = tempfile::tempdir().unwrap();
        with_port(root.path(), 3, gone);
        with_port(root.path(), 4, wanted);
        let host = Host::recorded(root.path()).unwrap();
        let devices: Vec<_> = scan(&host).unwrap().into_iter().map(Arc::new).collect();
        let find = |wwn: &str| {
            let found = find_fc_host(&devices, &host, |names| names.wwnn == wwn);
            found.unwrap().map(|device| device.name_text())
        };
        assert_eq!(find(gone).as_deref(), Some("scsi_host3"));
        std::fs::remove_dir_all(root.path().join("sys/devices/pci0000:00/host3")).unwrap();
        assert_eq!(find(gone), None);
        assert_eq!(find(wanted).as_deref(), Some("scsi_host4"));
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
