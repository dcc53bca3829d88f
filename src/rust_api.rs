// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What Rust programs use: a host, its devices, and what happens to them. It changes nothing; what changes devices is
//! in the C interface.

use std::ffi::{CStr, CString};
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::connection::Connection;
use crate::error::{Code, Domain, Error, Result};
use crate::name::Name;
pub use crate::view::Change;

/// The devices of one host, of a recorded machine or of a file.
///
/// Every call first takes in what happened since the last one, so answers are current. Clones share one connection, and
/// any thread may use them. After fork(2) a child opens a host of its own.
///
/// ```
/// # fn main() -> Result<(), virnodedev::Error> {
/// let host = virnodedev::Host::open("test:///default")?;
/// for device in host.devices()? {
///     println!("{}: {}", device.name(), device.capabilities()?.join(", "));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Host(Arc<Connection>);

impl Host {
    /// This host, as the caller may see it. Nothing is read yet.
    ///
    /// # Errors
    /// [`Code::SystemError`] where no socket for uevents can be made.
    pub fn local() -> Result<Host> {
        Host::open("nodedev:///system")
    }

    /// The devices that a URI names: `nodedev:///system` is this host, `nodedev:///embed?root=/DIR` or
    /// `…?root=/FILE.tar.gz` a recorded machine, `test:///default` and `test:///FILE.xml` devices on paper. An empty one
    /// stands for the environment variable `LIBVIRT_DEFAULT_URI`, or this host without it. No program is started.
    ///
    /// # Errors
    /// [`Code::NoConnect`] for a URI that leads nowhere, remote ones included; [`Code::SystemError`] for a recording or
    /// file that cannot be read; [`Code::InvalidArg`] for a file that asks who its user is, which only the C interface
    /// can answer; those of the document for a file with mistakes.
    pub fn open(uri: &str) -> Result<Host> {
        let connection = Connection::open(Some(uri.as_bytes()), true)?;
        match connection.users() {
            [] => Ok(Host(Arc::new(connection))),
            _ => {
                let text = "the file asks who its user is";
                Err(Error::new(Code::InvalidArg, text).in_domain(Domain::Auth))
            }
        }
    }

    /// The URI that opens the same devices again.
    pub fn uri(&self) -> &str {
        self.0.uri()
    }

    /// All devices: `computer` first, then by their place in `/sys`, parents before children.
    ///
    /// # Errors
    /// [`Code::SystemError`] where the kernel could not be asked. A device that goes meanwhile is none.
    pub fn devices(&self) -> Result<Vec<Device>> {
        self.named(None)
    }

    /// The devices with a capability, such as `pci`, `net` or `fc_host`; none for one that does not exist.
    ///
    /// # Errors
    /// Those of [`Host::devices`].
    pub fn devices_with(&self, capability: &str) -> Result<Vec<Device>> {
        self.named(Some(capability))
    }

    fn named(&self, capability: Option<&str>) -> Result<Vec<Device>> {
        let names = self.0.names_with_capability(capability, usize::MAX)?;
        Ok(names.into_iter().map(|name| self.handle(name)).collect())
    }

    fn handle(&self, name: Name) -> Device {
        Device {
            connection: self.0.clone(),
            name,
        }
    }

    /// The device with a name.
    ///
    /// # Errors
    /// [`Code::NoNodeDevice`] if there is none; those of [`Host::devices`].
    pub fn device(&self, name: &str) -> Result<Device> {
        // No device's name holds a NUL.
        let wanted = CString::new(name).map_err(|_| Error::no_device(name))?;
        Ok(self.handle(self.0.lookup(&wanted)?))
    }

    /// The XML of all devices, as one `<node>` that `test:///FILE` opens.
    ///
    /// # Errors
    /// Those of [`Device::xml`], but for devices that went, which are left out.
    pub fn xml(&self) -> Result<String> {
        self.0.xml_of_all(0)
    }

    /// The JSON of all devices, as one array of objects.
    ///
    /// # Errors
    /// Those of [`Host::xml`].
    pub fn json(&self) -> Result<String> {
        self.0.json_of_all(0)
    }

    /// Keeps events from now on for [`Host::take_events`]. They are kept, and take memory, until the last clone goes.
    ///
    /// ```no_run
    /// # fn wait_until_readable(_: &std::os::fd::OwnedFd) {}
    /// # fn main() -> Result<(), virnodedev::Error> {
    /// let host = virnodedev::Host::local()?;
    /// host.keep_events()?;
    /// let fd = host.event_fd()?;
    /// loop {
    ///     wait_until_readable(&fd);
    ///     for event in host.take_events()? {
    ///         println!("{}: {:?}", event.name(), event.change());
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Host::devices`].
    pub fn keep_events(&self) -> Result<()> {
        self.0.keep_events()
    }

    /// What happened since the last call, in order.
    ///
    /// # Errors
    /// Those of [`Host::devices`]. No event is lost: the next call has them.
    pub fn take_events(&self) -> Result<Vec<Event>> {
        let events = self.0.take_events()?.into_iter();
        Ok(events.map(|e| Event(e.name, e.change)).collect())
    }

    /// A descriptor for poll(2), the caller's own, that is readable while [`Host::take_events`] may have something to
    /// tell. It lasts as long as the host.
    ///
    /// # Errors
    /// [`Code::SystemError`] where no descriptor is left.
    pub fn event_fd(&self) -> Result<OwnedFd> {
        self.0.own_event_fd()
    }
}

/// A device of a [`Host`]. It stands for a name: when the device goes, calls that need it fail with
/// [`Code::NoNodeDevice`].
#[derive(Clone)]
pub struct Device {
    connection: Arc<Connection>,
    name: Name,
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Device").field(&self.name()).finish()
    }
}

impl Device {
    /// Its name, such as `pci_0000_00_02_0`.
    pub fn name(&self) -> &str {
        text(&self.name)
    }

    /// The device that it is a part of; `None` for `computer`.
    ///
    /// # Errors
    /// [`Code::NoNodeDevice`] if it went; [`Code::InternalError`] for a device on paper without a parent.
    pub fn parent(&self) -> Result<Option<Device>> {
        let parent = self.connection.parent(&self.name)?;
        Ok(parent.map(|name| Device {
            connection: self.connection.clone(),
            name,
        }))
    }

    /// Its kind, and what it has besides, such as `scsi_host` and `fc_host`.
    ///
    /// # Errors
    /// [`Code::NoNodeDevice`] if it went.
    pub fn capabilities(&self) -> Result<Vec<&'static str>> {
        self.connection.capabilities(&self.name)
    }

    /// Whether it is there, and not defined only.
    ///
    /// # Errors
    /// [`Code::NoNodeDevice`] if it went and has no definition.
    pub fn is_active(&self) -> Result<bool> {
        self.connection.is_active(&self.name)
    }

    /// All that is known of it, as libvirt's XML.
    ///
    /// # Errors
    /// [`Code::NoNodeDevice`] if it went; [`Code::SystemError`] for what the kernel could not tell.
    pub fn xml(&self) -> Result<String> {
        self.connection.xml(&self.name, false)
    }

    /// The same facts as a JSON object.
    ///
    /// # Errors
    /// Those of [`Device::xml`].
    pub fn json(&self) -> Result<String> {
        self.connection.json(&self.name, false)
    }
}

/// Something that happened to a device.
#[derive(Clone, PartialEq, Eq)]
pub struct Event(Name, Change);

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut event = f.debug_tuple("Event");
        event.field(&self.name()).field(&self.1).finish()
    }
}

impl Event {
    /// The name of the device.
    pub fn name(&self) -> &str {
        text(&self.0)
    }

    /// What happened to it.
    pub fn change(&self) -> Change {
        self.1
    }
}

/// A name as text. Names of the kernel's devices are ASCII, those of devices on paper come from XML in UTF-8.
fn text(name: &CStr) -> &str {
    name.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::time::Duration;

    use super::*;

    #[test]
    fn devices_are_listed_found_and_described() {
        let host = Host::open("test:///default").unwrap();
        let names: Vec<_> = host
            .devices()
            .unwrap()
            .iter()
            .map(|d| d.name().to_owned())
            .collect();
        assert_eq!(names[0], "computer");
        let device = host.device(&names[1]).unwrap();
        let parent = device.parent().unwrap().unwrap();
        assert_eq!(parent.name(), "computer");
        assert!(device.is_active().unwrap());
        let capability = device.capabilities().unwrap()[0];
        let same = host.devices_with(capability).unwrap();
        assert!(same.iter().any(|d| d.name() == device.name()));
        let xml = device.xml().unwrap();
        assert!(xml.starts_with(&format!("<device>\n  <name>{}</name>\n", names[1])));
        assert!(host.xml().unwrap().contains(&names[1]));
        let json = device.json().unwrap();
        assert!(host.json().unwrap().contains(&json));
        assert_eq!(host.uri(), "test:///default");
    }

    #[test]
    fn what_is_not_there_is_an_error_with_its_code() {
        let host = Host::open("test:///default").unwrap();
        for name in ["nothing", "", "computer\0"] {
            assert_eq!(host.device(name).unwrap_err().code(), Code::NoNodeDevice);
        }
        assert!(host.devices_with("nothing").unwrap().is_empty());
        let error = Host::open("qemu+ssh://far/system").unwrap_err();
        assert_eq!(error.code(), Code::NoConnect);
    }

    #[test]
    fn a_file_that_asks_who_its_user_is_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users.xml");
        let text = "<node><auth><user password='secret'>me</user></auth></node>";
        std::fs::write(&file, text).unwrap();
        let error = Host::open(&format!("test://{}", file.display())).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArg);
        assert!(error.to_string().contains("who its user is"));
    }

    #[test]
    fn events_are_those_since_the_last_call() {
        let host = Host::open("test:///default").unwrap();
        host.keep_events().unwrap();
        assert_eq!(host.take_events().unwrap(), []);
        let name = host.0.lookup(c"computer").unwrap();
        host.0.emit_update(&name).unwrap();
        let events = host.clone().take_events().unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(
            (events[0].name(), events[0].change()),
            ("computer", Change::Updated)
        );
        host.0.emit_update(&name).unwrap();
        let fd = host.event_fd().unwrap();
        let is_readable =
            || crate::host::readiness::is_readable([fd.as_fd()], Duration::ZERO).unwrap();
        assert!(is_readable());
        host.take_events().unwrap();
        assert!(!is_readable());
    }
}
