// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Finds the devices of a host in sysfs.
//!
//! Only the buses and classes whose devices can be node devices are walked. libudev's enumeration
//! is not used: it costs 165 µs a device where the reads below cost a tenth of that, and it cannot
//! look below another root.

use crate::caps::kind::{Subsystem, Verdict};
use crate::caps::{Capability, classify, judge, subsystem_named, subsystems, system};
use crate::device::kernel::KernelDevice;
use crate::device::{Device, Origin};
use crate::error::Result;
use crate::host::Host;
use crate::host::files::{basename, below_sys, dirname, join};
use crate::host::found::Found;
use crate::host::node::Node;
use crate::name::{self, Name};

/// The name of the device that stands for the host, as in libvirt.
pub const COMPUTER: &std::ffi::CStr = c"computer";

/// How many devices a scan has room for at first, and how many bytes for their paths: those of a small host.
const DEVICES: usize = 128;
const PATHS: usize = 8192;

/// The device that stands for the host itself.
pub fn computer() -> Device {
    Device {
        name: Name::from(COMPUTER),
        kind: Capability::System,
        parent: None,
        origin: Origin::Kernel(KernelDevice::new(
            system::DMI,
            &system::DMI_CLASS,
            b"",
            None,
        )),
        definition: None,
    }
}

/// All devices of the host except `computer`, sorted by path, so that parents come before their
/// children.
pub fn scan(host: &Host) -> Result<Vec<Device>> {
    // All paths, one after the other: each would take a piece of memory for itself, and malloc keeps some of those.
    let mut paths = Vec::with_capacity(PATHS);
    let mut found = Vec::with_capacity(DEVICES);
    for subsystem in subsystems() {
        let folder = subsystem.folder();
        let folder = folder.as_bytes();
        // A host without the subsystem has no such folder.
        host.files.each_link(folder, &mut |_, target| {
            if let Some(path) = below_sys(target) {
                let start = paths.len();
                paths.extend_from_slice(b"/sys/");
                paths.extend_from_slice(path);
                found.push((start..paths.len(), subsystem));
            }
        })?;
    }
    let mut found: Vec<_> = found
        .into_iter()
        .map(|(range, subsystem)| (&paths[range], subsystem))
        .collect();
    found.sort_unstable();
    let computer = Name::from(COMPUTER);
    let mut devices: Vec<Device> = Vec::with_capacity(found.len());
    // Devices whose paths are the beginning of the path that is looked at, the longest last: the ancestors, and those whose
    // names begin alike. In the order of paths, each is followed by all that begin with it.
    let mut above: Vec<usize> = Vec::new();
    let mut uevent = Vec::new();
    for (path, subsystem) in found {
        let begins = |&device: &usize| path.starts_with(devices[device].key());
        while above.last().is_some_and(|device| !begins(device)) {
            above.pop();
        }
        let mut ancestors = above.iter().rev().map(|&device| &devices[device]);
        let parent = ancestors.find(|device| path.get(device.key().len()) == Some(&b'/'));
        if let Some(mut device) = read_device(host, path, subsystem, &mut uevent)? {
            device.parent = Some(parent.map_or(&computer, |device| &device.name).clone());
            above.push(devices.len());
            devices.push(device);
        }
    }
    Ok(devices)
}

/// The node device at `path`, without its parent; `None` if there is none.
pub fn find(host: &Host, path: &[u8]) -> Found<Device> {
    let target = host.files.read_link(&join(path, b"subsystem"))?;
    match target.and_then(|target| subsystem_named(basename(&target))) {
        None => Ok(None),
        Some(subsystem) => read_device(host, path, subsystem, &mut Vec::new()),
    }
}

/// Reads as much of a device as its name and kind need. A device that vanishes meanwhile is none. `uevent` is memory for
/// the text of that file, which many devices share one after the other.
fn read_device(
    host: &Host,
    path: &[u8],
    subsystem: &'static Subsystem,
    uevent: &mut Vec<u8>,
) -> Found<Device> {
    if !host.files.read_to(uevent, &join(path, b"uevent"))? {
        return Ok(None);
    }
    let prefix = subsystem.name().as_bytes();
    let node = Node {
        uevent,
        ..Node::at(host, path, prefix)
    };
    let Some(kind) = classify(&node) else {
        return Ok(None);
    };
    let named = |suffix| name::device_name(prefix, &node.sysname(), suffix);
    let (name, suffix) = match judge(kind, &node)? {
        Verdict::Rejected => return Ok(None),
        Verdict::Plain => (named(None), None),
        Verdict::Suffix(suffix) => (named(Some(&suffix)), Some(suffix)),
        Verdict::Named(name) => (Name::from(name), None),
    };
    let kernel = KernelDevice::new(path, subsystem, uevent, suffix.as_deref());
    Ok(Some(Device {
        name,
        kind,
        parent: None,
        origin: Origin::Kernel(kernel),
        definition: None,
    }))
}

/// The name of the nearest node device above a path, or `computer` if there is none.
pub fn nearest(path: &[u8], name_at: impl Fn(&[u8]) -> Option<Name>) -> Name {
    let mut rest = path;
    while !rest.is_empty() {
        rest = dirname(rest);
        if let Some(name) = name_at(rest) {
            return name;
        }
    }
    Name::from(COMPUTER)
}
