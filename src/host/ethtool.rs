// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Offloads and other features of network interfaces, by the SIOCETHTOOL ioctl (kernel: include/uapi/linux/ethtool.h).
//!
//! ETHTOOL_GFEATURES reports all features in one call (kernel: net/ethtool/ioctl.c), and the kernel has a name for each bit. Where
//! it gives no names, the old commands are used, one for each feature, as libvirt does.
#![allow(unsafe_code)] // An ioctl hands the kernel pointers; nothing safe wraps this one.

pub mod features;

use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::io::{Errno, retry_on_intr};
use rustix::ioctl::{Opcode, Updater};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use self::features::{Features, KERNEL_FEATURES, Masks, OldCommand, TXUDPTNL, masks_of};
use super::found::{Found, is_shortage, optional_socket, retry_once_on_eio};
use crate::error::{Error, Result};
use crate::text;

const SIOCETHTOOL: Opcode = 0x8946;
const GSET: u32 = 0x01;
const GSTRINGS: u32 = 0x1b;
const GFLAGS: u32 = 0x25;
const GSSET_INFO: u32 = 0x37;
const GFEATURES: u32 = 0x3a;
const SS_FEATURES: u32 = 4;

/// The connectors of ports by their numbers, `PORT_*`.
const PORTS: [(u8, &str); 8] = [
    (0x00, "twisted pair"),
    (0x01, "AUI"),
    (0x02, "MII"),
    (0x03, "fibre"),
    (0x04, "BNC"),
    (0x05, "direct attach"),
    (0xef, "none"),
    (0xff, "other"),
];

/// `struct ethtool_cmd`, as far as it is read, and the rest.
#[repr(C)]
struct Settings {
    command: u32,
    features: [u32; 2],
    speed: u16,
    duplex: u8,
    port: u8,
    rest: [u32; 7],
}

/// `struct ethtool_value`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// `struct ethtool_gfeatures` with room for 64 features.
#[repr(C)]
struct Blocks {
    command: u32,
    size: u32,
    blocks: [Block; 2],
}

/// `struct ethtool_get_features_block`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Block {
    available: u32,
    requested: u32,
    active: u32,
    never_changed: u32,
}

/// `struct ethtool_sset_info` for one set of strings.
#[repr(C)]
struct SetInfo {
    command: u32,
    reserved: u32,
    mask: u64,
    count: u32,
}

/// More features than any kernel has: 64 bits hold them in Linux 6.18.
const MAX_STRINGS: usize = 128;

/// `struct ethtool_gstrings`.
#[repr(C)]
struct Strings {
    command: u32,
    set: u32,
    count: u32,
    names: [[u8; 32]; MAX_STRINGS],
}

/// A structure that SIOCETHTOOL takes.
///
/// # Safety
///
/// The command in its first field must make the kernel write within the structure only.
unsafe trait Command {}

// SAFETY: built by `Ethtool::port` only, with the command that fills this structure.
unsafe impl Command for Settings {}
// SAFETY: built by `Ethtool::value` only, with commands that answer in one number.
unsafe impl Command for EthtoolValue {}
// SAFETY: built by `Ethtool::active` only; the kernel writes at most `size` blocks.
unsafe impl Command for Blocks {}
// SAFETY: built by `Ethtool::read_masks` only; the kernel writes one count for each bit in `mask`.
unsafe impl Command for SetInfo {}
// SAFETY: built by `Ethtool::read_masks` only, after it was seen that the kernel's strings fit.
unsafe impl Command for Strings {}

/// The name of an interface, as the kernel's `struct ifreq` holds it.
type InterfaceName = [libc::c_char; libc::IFNAMSIZ];

/// The kernel's interface for the features of NICs.
#[derive(Debug)]
pub struct Ethtool {
    socket: OwnedFd,
    /// The bits of the features; `None` if the kernel does not name them.
    masks: OnceLock<Option<Masks>>,
}

impl Ethtool {
    /// Opens a socket to ask with, in the current network namespace. `None` if the process is not allowed to have one.
    pub fn open() -> Found<Ethtool> {
        // A socket of any family will do, and this family is always there.
        let socket = || {
            socket_with(
                AddressFamily::UNIX,
                SocketType::DGRAM,
                SocketFlags::CLOEXEC,
                None,
            )
        };
        let socket = optional_socket("network interfaces", retry_on_intr(socket))?;
        Ok(socket.map(|socket| Ethtool {
            socket,
            masks: OnceLock::new(),
        }))
    }

    /// The features of an interface except `rdma` and `switchdev`, which ethtool does not have. A feature that the
    /// kernel does not report is off; an interface that is gone has none. Fails only for want of resources (code 38).
    pub fn features(&self, interface: &[u8]) -> Result<Features> {
        let mut features = Features::default();
        if let Some(name) = name(interface) {
            self.ask_for(&name, &mut features).map_err(|e| {
                let interface = text::clean(interface);
                Error::io(
                    format!("cannot ask for the features of {interface}"),
                    &e.into(),
                )
            })?;
        }
        Ok(features)
    }

    /// The connector of an interface's port; `None` where its driver tells none. Fails only for want of resources (code
    /// 38).
    pub fn port(&self, interface: &[u8]) -> Found<&'static str> {
        let Some(name) = name(interface) else {
            return Ok(None);
        };
        let mut settings = Settings {
            command: GSET,
            features: [0; 2],
            speed: 0,
            duplex: 0,
            port: 0,
            rest: [0; 7],
        };
        match self.ask(&name, &mut settings) {
            Ok(()) => {}
            Err(e) if is_shortage(e) => {
                let interface = text::clean(interface);
                let what = format!("cannot ask for the port of {interface}");
                return Err(Error::io(what, &e.into()));
            }
            Err(_) => return Ok(None),
        }
        let known = PORTS.iter().find(|(number, _)| *number == settings.port);
        Ok(known.map(|(_, name)| *name))
    }

    /// Fails only for want of resources; see [`is_shortage`].
    fn ask_for(&self, name: &InterfaceName, features: &mut Features) -> rustix::io::Result<()> {
        match self.active(name) {
            Err(Errno::NODEV) => {}
            Err(e) if is_shortage(e) => return Err(e),
            Err(_) => self.ask_each(name, features)?,
            Ok(active) => {
                match self.masks(name)? {
                    Some(masks) => {
                        for (index, mask) in masks.iter().enumerate() {
                            features.set(index, active & mask != 0);
                        }
                    }
                    None => self.ask_each(name, features)?,
                }
                // As in libvirt, this is bit 25, whatever its name in the kernel is.
                features.set(TXUDPTNL, active & (1 << 25) != 0);
            }
        }
        Ok(())
    }

    /// Asks with the old commands.
    fn ask_each(&self, name: &InterfaceName, features: &mut Features) -> rustix::io::Result<()> {
        let mut flags = None;
        for (index, (old, _)) in KERNEL_FEATURES.iter().enumerate() {
            let answer = match old {
                OldCommand::Command(command) => self.value(name, *command),
                OldCommand::Flag(bit) => flags
                    .get_or_insert_with(|| self.value(name, GFLAGS))
                    .map(|flags| flags & bit),
            };
            match answer {
                Ok(value) => features.set(index, value != 0),
                Err(Errno::NODEV) => {
                    *features = Features::default();
                    return Ok(());
                }
                Err(e) if is_shortage(e) => return Err(e),
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn value(&self, name: &InterfaceName, command: u32) -> rustix::io::Result<u32> {
        let mut value = EthtoolValue { command, data: 0 };
        self.ask(name, &mut value)?;
        Ok(value.data)
    }

    /// The features that are on, one bit for each.
    fn active(&self, name: &InterfaceName) -> rustix::io::Result<u64> {
        let mut request = Blocks {
            command: GFEATURES,
            size: 2,
            blocks: Default::default(),
        };
        self.ask(name, &mut request)?;
        let [low, high] = request.blocks;
        Ok(u64::from(high.active) << 32 | u64::from(low.active))
    }

    fn masks(&self, name: &InterfaceName) -> rustix::io::Result<Option<Masks>> {
        if let Some(masks) = self.masks.get() {
            return Ok(*masks);
        }
        match self.read_masks(name) {
            // This interface is gone; another one can tell.
            Err(Errno::NODEV) => Ok(None),
            Err(e) if is_shortage(e) => Err(e),
            masks => Ok(*self.masks.get_or_init(|| masks.ok().flatten())),
        }
    }

    /// Looks up the kernel's names for its features, which are the same for every interface.
    fn read_masks(&self, name: &InterfaceName) -> rustix::io::Result<Option<Masks>> {
        let mut info = SetInfo {
            command: GSSET_INFO,
            reserved: 0,
            mask: 1 << SS_FEATURES,
            count: 0,
        };
        self.ask(name, &mut info)?;
        if info.mask == 0 || info.count as usize > MAX_STRINGS {
            return Ok(None);
        }
        let mut strings = Strings {
            command: GSTRINGS,
            set: SS_FEATURES,
            count: info.count,
            names: [[0; 32]; MAX_STRINGS],
        };
        self.ask(name, &mut strings)?;
        Ok(masks_of(&strings.names))
    }

    fn ask<C: Command>(&self, name: &InterfaceName, command: &mut C) -> rustix::io::Result<()> {
        // SAFETY: numbers, bytes and pointers, which may all be zero.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        request.ifr_name = *name;
        request.ifr_ifru.ifru_data = std::ptr::from_mut(command).cast();
        retry_once_on_eio(|| {
            // SAFETY: SIOCETHTOOL takes a `struct ifreq` whose data point to a command.
            let call = unsafe { Updater::<SIOCETHTOOL, _>::new(&mut request) };
            // SAFETY: `command` outlives the call, and its type promises that the kernel stays within it.
            unsafe { rustix::ioctl::ioctl(&self.socket, call) }
        })
    }
}

/// The name for the kernel: 1 to 15 bytes and a NUL. `None` for other lengths.
fn name(interface: &[u8]) -> Option<InterfaceName> {
    let mut name: InterfaceName = [0; libc::IFNAMSIZ];
    if interface.is_empty() || interface.len() >= name.len() || interface.contains(&0) {
        return None;
    }
    for (to, &from) in name.iter_mut().zip(interface) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    Some(name)
}

#[cfg(test)]
mod tests;
