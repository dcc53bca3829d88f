// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What the host itself uses a device for: file systems, swap, the way to other networks, a display.
//!
//! Sources: proc_swaps(5); /proc/net/route and /proc/net/ipv6_route (kernel: net/ipv4/fib_trie.c,
//! net/ipv6/route.c); the links `slaves`, `lower_*` and of `nvme-subsystem` in sysfs.

use std::collections::BTreeMap;

use super::Host;
use super::files::{basename, dirname, join};
use super::mounts::{Mount, mounts, unescaped};
use crate::error::Result;
use crate::text;

/// How deep devices are looked for below others: a file system on LVM on encryption on a RAID takes four.
const DEPTH: usize = 8;

/// A use of a device by the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// A word for programs.
    pub code: &'static str,
    /// What the host does with it.
    pub what: String,
    /// How the host stops that.
    pub advice: String,
}

/// What the host uses, read once to ask for several devices.
#[derive(Debug)]
pub struct Uses<'a> {
    host: &'a Host,
    /// Folders of block devices, with where they are mounted.
    mounted: Vec<(Vec<u8>, Vec<u8>)>,
    /// The same with the files in `/dev` that are swapped to.
    swaps: Vec<(Vec<u8>, Vec<u8>)>,
    /// The interfaces of default routes.
    routes: Vec<Vec<u8>>,
}

impl<'a> Uses<'a> {
    /// Reads what the host uses, as far as this process can see that: its own mounts and network namespace.
    pub fn read(host: &'a Host) -> Result<Uses<'a>> {
        let mut mounted = Vec::new();
        for mount in mounts(&host.files)? {
            if let Some(device) = mounted_device(host, &mount)? {
                mounted.push((device, mount.point));
            }
        }
        Ok(Uses {
            host,
            mounted,
            swaps: swaps(host)?,
            routes: default_routes(host)?,
        })
    }

    /// What the host uses the device in this folder for, or anything below it. Displays are those of processes whose
    /// open files this process may see.
    pub fn of(&self, path: &[u8]) -> Result<Vec<Use>> {
        let mut uses = self.mounts_on(path)?;
        for (device, node) in &self.swaps {
            if is_on(self.host, device, path, DEPTH)? {
                let node = text::line(node);
                uses.push(Use {
                    code: "swap",
                    what: format!("the host swaps to {node}"),
                    advice: format!("swapoff {node}"),
                });
            }
        }
        for name in &self.routes {
            if is_interface_on(self.host, name, path, DEPTH)? {
                let name = text::line(name);
                uses.push(Use {
                    code: "default-route",
                    what: format!("the host's way to other networks leads through {name}"),
                    advice: format!("give the host another default route than that over {name}"),
                });
            }
        }
        uses.extend(displays(self.host, path)?);
        Ok(uses)
    }

    fn mounts_on(&self, path: &[u8]) -> Result<Vec<Use>> {
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (device, point) in &self.mounted {
            if is_on(self.host, device, path, DEPTH)? {
                let name = text::line(basename(device));
                places.entry(name).or_default().push(text::line(point));
            }
        }
        let used = places.into_iter().map(|(disk, places)| Use {
            code: "mounted",
            what: format!("{disk} is mounted on {}", places.join(", ")),
            advice: format!("unmount {}", places.join(", ")),
        });
        Ok(used.collect())
    }
}

/// The folder of the block device of a mount: by its number or, where that is the file system's own, by the source.
fn mounted_device(host: &Host, mount: &Mount) -> Result<Option<Vec<u8>>> {
    if !mount.number.starts_with(b"0:") {
        let link = join(b"/sys/dev/block", &mount.number);
        return host.files.device_of_link(&link);
    }
    match mount.source.starts_with(b"/dev/") {
        true => block_device(host, &mount.source),
        false => Ok(None),
    }
}

/// The folder of the block device with this node in `/dev`, which can be a link.
fn block_device(host: &Host, node: &[u8]) -> Result<Option<Vec<u8>>> {
    let target = host.files.read_link(node)?;
    let name = basename(target.as_deref().unwrap_or(node));
    host.files.device_of_link(&join(b"/sys/class/block", name))
}

/// The folders of the block devices that the host swaps to, with their files in `/dev`.
fn swaps(host: &Host) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let text = host.files.read(b"/proc/swaps")?.unwrap_or_default();
    let mut swaps = Vec::new();
    for line in lines(&text).skip(1) {
        let Some(node) = words(line).first().map(|node| unescaped(node)) else {
            continue;
        };
        if let Some(device) = block_device(host, &node)? {
            swaps.push((device, node));
        }
    }
    Ok(swaps)
}

/// The interfaces of the default routes.
fn default_routes(host: &Host) -> Result<Vec<Vec<u8>>> {
    let mut interfaces = Vec::new();
    let v4 = host.files.read(b"/proc/net/route")?.unwrap_or_default();
    for line in lines(&v4) {
        let fields = words(line);
        if fields.get(1) == Some(&&b"00000000"[..]) && fields.get(7) == Some(&&b"00000000"[..]) {
            interfaces.extend(fields.first().map(|name| name.to_vec()));
        }
    }
    let v6 = host
        .files
        .read(b"/proc/net/ipv6_route")?
        .unwrap_or_default();
    for line in lines(&v6) {
        let fields = words(line);
        let leads_everywhere = fields
            .first()
            .is_some_and(|to| to.iter().all(|&b| b == b'0'))
            && fields.get(1) == Some(&&b"00"[..]);
        if leads_everywhere {
            interfaces.extend(fields.get(9).map(|name| name.to_vec()));
        }
    }
    interfaces.sort_unstable();
    interfaces.dedup();
    Ok(interfaces)
}

/// Whether an interface is below the device, or on top of one that is.
fn is_interface_on(host: &Host, name: &[u8], path: &[u8], depth: usize) -> Result<bool> {
    let Some(folder) = host.files.device_of_link(&join(b"/sys/class/net", name))? else {
        return Ok(false);
    };
    if is_below(&folder, path) {
        return Ok(true);
    }
    if depth == 0 {
        return Ok(false);
    }
    for (name, _) in host.files.links(&folder)? {
        if let Some(lower) = name.strip_prefix(b"lower_") {
            if is_interface_on(host, lower, path, depth - 1)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn displays(host: &Host, path: &[u8]) -> Result<Vec<Use>> {
    if !host.files.is_live() {
        return Ok(Vec::new());
    }
    let folder = join(path, b"drm");
    let mut uses = Vec::new();
    for name in host.files.entries(&folder)?.unwrap_or_default() {
        let number = host.files.read(&join(&join(&folder, &name), b"dev"))?;
        let Some(number) = number else {
            continue;
        };
        if host.is_open_anywhere(text::trim_newlines(&number))? {
            let node = text::line(&join(b"/dev/dri", &name));
            uses.push(Use {
                code: "display",
                what: format!("a program has {node} open"),
                advice: "end it; for a desktop, stop its display manager".into(),
            });
        }
    }
    Ok(uses)
}

/// Whether a block device is below the device, or on top of one that is.
fn is_on(host: &Host, device: &[u8], path: &[u8], depth: usize) -> Result<bool> {
    if is_below(device, path) {
        return Ok(true);
    }
    if depth == 0 {
        return Ok(false);
    }
    // A partition has its disk's folder around it, and the disk has the slaves.
    for folder in [device, dirname(device)] {
        let slaves = host.files.entries(&join(folder, b"slaves"))?;
        for slave in slaves.unwrap_or_default() {
            let Some(slave) = host
                .files
                .device_of_link(&join(b"/sys/class/block", &slave))?
            else {
                continue;
            };
            if is_on(host, &slave, path, depth - 1)? {
                return Ok(true);
            }
        }
    }
    has_controller_below(host, device, path)
}

/// Whether a namespace of an NVMe subsystem is reached through a controller below the device.
fn has_controller_below(host: &Host, device: &[u8], path: &[u8]) -> Result<bool> {
    const SUBSYSTEMS: &[u8] = b"/sys/devices/virtual/nvme-subsystem/";
    let Some(rest) = device.strip_prefix(SUBSYSTEMS) else {
        return Ok(false);
    };
    let name = rest.split(|&b| b == b'/').next().unwrap_or_default();
    let links = host.files.links(&[SUBSYSTEMS, name].concat())?;
    let mut controllers = links.iter().filter(|(name, _)| name.starts_with(b"nvme"));
    Ok(controllers.any(|(_, target)| {
        let target = without_parents(target);
        is_below(&[b"/sys/devices/", target].concat(), path)
    }))
}

fn is_below(folder: &[u8], path: &[u8]) -> bool {
    folder
        .strip_prefix(path)
        .is_some_and(|rest| rest.starts_with(b"/"))
}

fn without_parents(mut target: &[u8]) -> &[u8] {
    while let Some(rest) = target.strip_prefix(b"../") {
        target = rest;
    }
    target
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&b| b == b'\n').filter(|line| !line.is_empty())
}

fn words(line: &[u8]) -> Vec<&[u8]> {
    let words = line.split(|b| b.is_ascii_whitespace());
    words.filter(|word| !word.is_empty()).collect()
}
