// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A connection to the node devices of one host, of a recording or of the test driver.

mod descriptions;
mod events;
pub mod operation;

use std::ffi::CStr;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::caps::scsi_host::ScsiHostState;
use crate::caps::{Capability, State};
use crate::device::Device;
use crate::error::{Code, Domain, Error, Result};
use crate::host::Host;
use crate::host::files::Files;
use crate::host::found::Found;
use crate::host::monitor::Monitor;
use crate::host::readiness::is_readable;
use crate::machine::Machine;
use crate::name::Name;
use crate::testdriver::{self, User};
use crate::uri::{self, DeviceSource};
use crate::view::View;
use crate::view::filter::{may_pass, needs_facts, passes};
use crate::view::registry::Registry;
use operation::{Operation, Unchangeable};

/// The version of a hypervisor that libvirt's test driver reports.
const TEST_VERSION: u32 = 2;

/// A connection to one source of node devices.
///
/// Every method first takes in what the kernel has reported since the last call, so answers are current without an
/// event loop. Methods that take a name return code 53 if the device has gone.
#[derive(Debug)]
pub struct Connection {
    uri: String,
    is_test: bool,
    is_read_only: bool,
    host: Host,
    machine: Machine,
    users: Vec<User>,
    /// On the heap: it is large, and a connection is moved from hand to hand when it is opened.
    view: Mutex<Box<View>>,
}

impl Connection {
    /// Opens the devices that `uri` names; `None` or an empty URI means
    /// `LIBVIRT_DEFAULT_URI`, else `nodedev:///system`. Reads nothing of the devices yet. A read-only
    /// connection starts no programs; what changes devices is refused by the callers, who also ask who the user is where
    /// there are [`Connection::users`].
    pub fn open(uri: Option<&[u8]>, is_read_only: bool) -> Result<Connection> {
        let uri = uri::effective(uri)?;
        let (host, test, monitor) = match uri::source_of(&uri)? {
            DeviceSource::Host => {
                let host = Host::live();
                let monitor = Monitor::open(&host.files)?;
                (host, None, Some(monitor))
            }
            DeviceSource::Recording(root) => (open_recording(&root)?, None, None),
            DeviceSource::TestDefault => (Host::live(), Some(testdriver::default_node()?), None),
            DeviceSource::TestFile(path) => {
                let node = testdriver::node_of_file(&path)?;
                (Host::live(), Some(node), None)
            }
        };
        let is_test = test.is_some();
        let (registry, machine, users) = match test {
            Some(node) => (
                Some(Registry::new(node.devices)),
                Machine::Written(node.machine),
                node.users,
            ),
            // A recording tells of devices; the machine is the one that it is looked at on.
            None => (None, Machine::Host(Files::live()), Vec::new()),
        };
        Ok(Connection {
            uri,
            is_test,
            is_read_only,
            host,
            machine,
            users,
            view: Mutex::new(Box::new(View::new(registry, monitor))),
        })
    }

    /// Whether it was opened read-only.
    pub fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// The driver's name: `nodedev`, or `TEST` for the test driver.
    pub fn driver_type(&self) -> &'static CStr {
        if self.is_test { c"TEST" } else { c"nodedev" }
    }

    /// The URI that was opened.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The version of the hypervisor, as major * 1,000,000 + minor * 1,000 + release; `None` if there is none but the
    /// library itself.
    pub fn hypervisor_version(&self) -> Option<u32> {
        self.is_test.then_some(TEST_VERSION)
    }

    /// The name of the host on which the library runs (uname(2)).
    pub fn hostname(&self) -> String {
        let uname = rustix::system::uname();
        uname.nodename().to_string_lossy().into_owned()
    }

    /// Who may use the connection; nobody where everybody may.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The machine with the devices.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The view, brought up to date; see [`Monitor::news`] for `thorough`.
    fn view(&self, thorough: bool) -> Result<MutexGuard<'_, Box<View>>> {
        let mut view = self.old_view();
        view.refresh(&self.host, thorough)?;
        Ok(view)
    }

    /// The same for who waits for changes from then on.
    fn view_to_wait_on(&self, thorough: bool) -> Result<MutexGuard<'_, Box<View>>> {
        let mut view = self.old_view();
        view.expect_waiting();
        view.refresh(&self.host, thorough)?;
        Ok(view)
    }

    /// The view as it was at the last call.
    fn old_view(&self) -> MutexGuard<'_, Box<View>> {
        // After a panic the view is still consistent, because each of its changes is one call.
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of the devices that pass the list flags, `computer` first, then by sysfs path. Unknown flags are
    /// ignored.
    pub fn list(&self, flags: u32) -> Result<Vec<Name>> {
        if flags == 0 {
            return Ok(self.view(true)?.registry().names().to_vec());
        }
        self.filtered(flags, |device| device.name.clone())
    }

    /// How many devices pass the list flags.
    pub fn count(&self, flags: u32) -> Result<usize> {
        Ok(self.filtered(flags, |_| ())?.len())
    }

    /// Calls `take` for each device that passes the flags, and returns the results.
    fn filtered<T>(&self, flags: u32, take: impl Fn(&Arc<Device>) -> T) -> Result<Vec<T>> {
        let view = self.view(true)?;
        let candidates = view
            .registry()
            .iter()
            .filter(|device| may_pass(device, flags));
        if !needs_facts(flags) {
            return Ok(candidates.map(take).collect());
        }
        let candidates: Vec<_> = candidates.cloned().collect();
        // Devices are read without the lock, so that other threads do not wait.
        drop(view);
        let mut found = Vec::new();
        for device in &candidates {
            if passes(device, flags, &self.host)? {
                found.push(take(device));
            }
        }
        Ok(found)
    }

    /// The names of the devices with the capability `cap`, at most `max`: all for `None`, none for an unknown
    /// capability.
    pub fn names_with_capability(&self, cap: Option<&str>, max: usize) -> Result<Vec<Name>> {
        let flags = match cap.map(Capability::from_name) {
            None => 0,
            Some(Some(capability)) => capability.flag(),
            Some(None) => return Ok(Vec::new()),
        };
        let mut names = self.list(flags)?;
        names.truncate(max);
        Ok(names)
    }

    /// How many devices have the capability `cap`; see [`Connection::names_with_capability`].
    pub fn count_with_capability(&self, cap: Option<&str>) -> Result<usize> {
        Ok(self.names_with_capability(cap, usize::MAX)?.len())
    }

    /// The host whose devices these are.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The devices that pass the list flags.
    pub fn devices(&self, flags: u32) -> Result<Vec<Arc<Device>>> {
        self.filtered(flags, Arc::clone)
    }

    /// Whether these are the test driver's devices.
    pub fn is_test(&self) -> bool {
        self.is_test
    }

    /// Has `change` change the test driver's devices. If it fails, nothing is changed.
    pub fn with_registry_mut<T>(
        &self,
        change: impl FnOnce(&mut Registry) -> Result<T>,
    ) -> Result<T> {
        self.view(true)?.with_registry_mut(change)
    }

    /// Whether this operation is possible on the connection's devices, or why it is not.
    pub fn changeable(&self, operation: Operation) -> std::result::Result<(), Unchangeable> {
        operation.check(self.is_test, self.host.files.is_live())
    }

    /// Waits until there is a message about any device, for at most `limit`.
    pub fn wait_for_news(&self, limit: Duration) -> Result<()> {
        let fds = self.view(false)?.fds()?;
        if fds.is_empty() {
            std::thread::sleep(limit);
        }
        is_readable(fds.iter().map(AsFd::as_fd), limit)?;
        Ok(())
    }

    /// Adds the device in this folder, which the caller has just had made, before its message comes.
    pub fn add_early(&self, path: &[u8]) -> Result<()> {
        self.view(true)?.add_early(&self.host, path)
    }

    /// Reads the definitions of mediated devices again after the caller has changed them.
    pub fn reread_definitions(&self) -> Result<()> {
        self.view(true)?.reread_definitions(&self.host)
    }

    /// Makes the event for a running device that the caller has changed in a way for which there is no message.
    pub fn emit_update(&self, name: &Name) -> Result<()> {
        self.view(true)?.emit_update(name);
        Ok(())
    }

    /// The device with this name.
    pub fn device(&self, name: &CStr) -> Result<Arc<Device>> {
        self.find(name, |registry| registry.by_name(name).cloned())
    }

    /// Looks the device with this name up by `look_up`. Code 53 if it is still missing after the kernel's count showed
    /// that no message was missed.
    fn find<T>(&self, name: &CStr, look_up: impl Fn(&Registry) -> Option<T>) -> Result<T> {
        // The lock of the first look must be released before the second takes it.
        let found = look_up(self.view(false)?.registry());
        if let Some(found) = found {
            return Ok(found);
        }
        let found = look_up(self.view(true)?.registry());
        found.ok_or_else(|| self.own(Error::no_device(&name.to_string_lossy())))
    }

    /// The error in the test driver's domain, if this is a connection to the test driver.
    fn own(&self, error: Error) -> Error {
        match self.is_test {
            true => error.in_domain(Domain::Test),
            false => error,
        }
    }

    /// The same, `None` if there is no such device.
    pub fn find_device(&self, name: &CStr) -> Found<Arc<Device>> {
        match self.device(name) {
            Err(e) if e.code() == Code::NoNodeDevice => Ok(None),
            device => device.map(Some),
        }
    }

    /// The name of the device with this name, as the registry shares it.
    pub fn lookup(&self, name: &CStr) -> Result<Name> {
        self.find(name, |registry| registry.shared_name(name))
    }

    /// The SCSI host with these world-wide names, in hexadecimal digits. As in libvirt, an unknown error (code 1) if
    /// there is none.
    pub fn lookup_scsi_host_by_wwn(&self, wwnn: &str, wwpn: &str) -> Result<Name> {
        for device in self.devices(Capability::ScsiHost.flag())? {
            let state = match device.state(&self.host) {
                Err(e) if e.code() == Code::NoNodeDevice => continue,
                state => state?,
            };
            let State::ScsiHost(ScsiHostState {
                fc_host: Some(names),
                ..
            }) = state
            else {
                continue;
            };
            if names.wwnn == wwnn && names.wwpn == wwpn {
                return Ok(device.name.clone());
            }
        }
        // libvirt gives no cause here.
        Err(Error::unknown())
    }

    /// The name of the device's parent; `None` if it has none, which for the test driver is an error (code 1).
    pub fn parent(&self, name: &CStr) -> Found<Name> {
        let device = self.device(name)?;
        match device.parent.clone() {
            None if self.is_test => {
                let what = "no parent for this device";
                Err(self.own(Error::new(Code::InternalError, what)))
            }
            parent => Ok(parent),
        }
    }

    /// The names of the device's capability and of those nested in it, in libvirt's order. As in libvirt, the test
    /// driver leaves out the nested ones, though it lists devices by them.
    pub fn capabilities(&self, name: &CStr) -> Result<Vec<&'static str>> {
        let device = self.device(name)?;
        let mut names = vec![device.kind.name()];
        if self.is_test {
            return Ok(names);
        }
        let nested = device.state(&self.host)?.nested();
        names.extend(nested.into_iter().map(Capability::name));
        Ok(names)
    }

    /// Whether the device exists now, and is not only defined.
    pub fn is_active(&self, name: &CStr) -> Result<bool> {
        Ok(self.device(name)?.is_active())
    }

    /// Whether the device exists after a restart of the host.
    pub fn is_persistent(&self, name: &CStr) -> Result<bool> {
        Ok(self.device(name)?.is_persistent())
    }

    /// Whether the device is started automatically; `None` for the test driver, which does not have this.
    pub fn autostart(&self, name: &CStr) -> Result<Option<bool>> {
        if self.is_test {
            return Ok(None);
        }
        Ok(Some(self.device(name)?.starts_by_itself()))
    }
}

/// Opens a recorded machine: a folder with a folder `sys` in it, or an archive of one.
fn open_recording(root: &Path) -> Result<Host> {
    Host::recorded(root).map_err(|e| {
        let what = match root.is_file() {
            true => format!("cannot open the recorded machine {}", root.display()),
            false => format!(
                "cannot open the recorded tree {}",
                root.join("sys").display()
            ),
        };
        Error::io(what, &e).in_domain(Domain::None)
    })
}
