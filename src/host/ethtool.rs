// SPDX-License-Identifier: LGPL-2.1-or-later
//! Offloads and other features of network interfaces, by the SIOCETHTOOL ioctl
//! (kernel: include/uapi/linux/ethtool.h).
//!
//! libvirt asks one old command a feature. All of them report the bits that
//! ETHTOOL_GFEATURES reports at once (kernel: net/ethtool/ioctl.c), so one
//! question does; what each bit means the kernel says by name. Where it does
//! not, the old commands serve.
#![allow(unsafe_code)] // An ioctl hands the kernel pointers; nothing safe wraps this one.

use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::io::{Errno, retry_on_intr};
use rustix::ioctl::{Opcode, Updater};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::found::{Found, insist, is_shortage, optional_socket};
use crate::error::{Error, Result};
use crate::text;

/// Names in the order in which XML lists them.
const NAMES: [&str; 14] = [
    "rx",
    "tx",
    "sg",
    "tso",
    "gso",
    "gro",
    "lro",
    "rxvlan",
    "txvlan",
    "ntuple",
    "rxhash",
    "rdma",
    "txudptnl",
    "switchdev",
];
const TXUDPTNL: usize = 12;

/// The features that an interface has switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features(u16);

impl Features {
    /// The features of these names; `None` when one of them is unknown.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Features> {
        let mut features = Features::default();
        names
            .into_iter()
            .all(|name| features.insert(name))
            .then_some(features)
    }

    /// Adds a feature; false when there is none of that name.
    pub fn insert(&mut self, name: &str) -> bool {
        let index = NAMES.iter().position(|known| *known == name);
        if let Some(index) = index {
            self.set(index, true);
        }
        index.is_some()
    }

    /// The names, in the order of XML.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES
            .into_iter()
            .enumerate()
            .filter(move |(index, _)| self.0 & (1 << index) != 0)
            .map(|(_, name)| name)
    }

    fn set(&mut self, index: usize, on: bool) {
        self.0 |= u16::from(on) << index;
    }
}

/// The old command for a feature.
enum Old {
    /// A command of its own, whose answer is not zero.
    Command(u32),
    /// A bit of ETHTOOL_GFLAGS.
    Flag(u32),
}

/// The features that the kernel reports, in the order of [`NAMES`]: the old command, and the names of the
/// bits that it sums up (net/ethtool/ioctl.c, `ethtool_get_feature_mask`; net/ethtool/common.c, `netdev_features_strings`).
const KERNEL: [(Old, &[&str]); 11] = [
    (Old::Command(0x14), &["rx-checksum"]),
    (
        Old::Command(0x16),
        &[
            "tx-checksum-ipv4",
            "tx-checksum-ip-generic",
            "tx-checksum-ipv6",
            "tx-checksum-fcoe-crc",
            "tx-checksum-sctp",
        ],
    ),
    (
        Old::Command(0x18),
        &["tx-scatter-gather", "tx-scatter-gather-fraglist"],
    ),
    (
        Old::Command(0x1e),
        &[
            "tx-tcp-segmentation",
            "tx-tcp-ecn-segmentation",
            "tx-tcp-mangleid-segmentation",
            "tx-tcp6-segmentation",
        ],
    ),
    (Old::Command(0x23), &["tx-generic-segmentation"]),
    (Old::Command(0x2b), &["rx-gro"]),
    (Old::Flag(1 << 15), &["rx-lro"]),
    (Old::Flag(1 << 8), &["rx-vlan-hw-parse"]),
    (Old::Flag(1 << 7), &["tx-vlan-hw-insert"]),
    (Old::Flag(1 << 27), &["rx-ntuple-filter"]),
    (Old::Flag(1 << 28), &["rx-hashing"]),
];

/// Which bits of ETHTOOL_GFEATURES make up each of [`KERNEL`].
pub type Masks = [u64; KERNEL.len()];

const SIOCETHTOOL: Opcode = 0x8946;
const GSTRINGS: u32 = 0x1b;
const GFLAGS: u32 = 0x25;
const GSSET_INFO: u32 = 0x37;
const GFEATURES: u32 = 0x3a;
const SS_FEATURES: u32 = 4;

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

/// The kernel's NIC interface.
#[derive(Debug)]
pub struct Ethtool {
    socket: OwnedFd,
    /// `None` where the kernel does not name its features.
    masks: OnceLock<Option<Masks>>,
}

impl Ethtool {
    /// Opens a socket: it is needed only to ask with, and belongs to the network namespace of now.
    /// `None` where the process is not allowed to have one.
    pub fn open() -> Found<Ethtool> {
        // Any family will do, and this one is always there.
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

    /// The features of an interface except `rdma` and `switchdev`, which are not the kernel's to say here.
    /// What the kernel does not say is off; an interface that is gone has none.
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

    /// Fails for want of something that each of these questions needs.
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
                // libvirt takes bit 25, whatever the kernel's name for it is.
                features.set(TXUDPTNL, active & (1 << 25) != 0);
            }
        }
        Ok(())
    }

    /// Asks the old commands.
    fn ask_each(&self, name: &InterfaceName, features: &mut Features) -> rustix::io::Result<()> {
        let mut flags = None;
        for (index, (old, _)) in KERNEL.iter().enumerate() {
            let answer = match old {
                Old::Command(command) => self.value(name, *command),
                Old::Flag(bit) => flags
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

    /// The features that are on, a bit each.
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
            // This interface is gone, the next may be there.
            Err(Errno::NODEV) => Ok(None),
            Err(e) if is_shortage(e) => Err(e),
            masks => Ok(*self.masks.get_or_init(|| masks.ok().flatten())),
        }
    }

    /// Looks the kernel's names for its features up: they are the same for every interface.
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
        insist(|| {
            // SAFETY: SIOCETHTOOL takes a `struct ifreq` whose data point to a command.
            let call = unsafe { Updater::<SIOCETHTOOL, _>::new(&mut request) };
            // SAFETY: `command` outlives the call, and its type promises that the kernel stays within it.
            unsafe { rustix::ioctl::ioctl(&self.socket, call) }
        })
    }
}

/// The name for the kernel: 1 to 15 bytes and a NUL.
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

/// Finds each feature's bits among the kernel's names; `None` when the bits of one are unknown or beyond 64.
pub fn masks_of(names: &[[u8; 32]]) -> Option<Masks> {
    let mut masks = Masks::default();
    for (mask, (_, known)) in masks.iter_mut().zip(&KERNEL) {
        for (index, name) in names.iter().enumerate() {
            let name = crate::text::until_nul(name);
            if known.iter().any(|known| known.as_bytes() == name) {
                *mask |= 1u64.checked_shl(u32::try_from(index).ok()?)?;
            }
        }
        if *mask == 0 {
            return None;
        }
    }
    Some(masks)
}

#[cfg(test)]
mod tests;
