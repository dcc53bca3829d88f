// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The features of network interfaces that XML lists, and which of the kernel's bits they are.

use crate::text;

/// Names in the order in which XML lists them.
pub const NAMES: [&str; 14] = [
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
/// The feature that is no part of [`KERNEL_FEATURES`] and yet a bit of the kernel's.
pub const TXUDPTNL: usize = 12;

/// The features that an interface has switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features(u16);

impl Features {
    /// The features with these names; `None` if one of them is unknown.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Features> {
        let mut features = Features::default();
        names
            .into_iter()
            .all(|name| features.insert(name))
            .then_some(features)
    }

    /// Adds a feature; `false` if there is none with that name.
    pub fn insert(&mut self, name: &str) -> bool {
        let index = NAMES.iter().position(|known| *known == name);
        if let Some(index) = index {
            self.set(index, true);
        }
        index.is_some()
    }

    /// The names, in the order in which XML lists them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES
            .into_iter()
            .enumerate()
            .filter(move |(index, _)| self.0 & (1 << index) != 0)
            .map(|(_, name)| name)
    }

    /// Adds the feature at a place in the order of their names, if it is on.
    pub fn set(&mut self, index: usize, on: bool) {
        self.0 |= u16::from(on) << index;
    }
}

/// The old command for a feature.
pub enum OldCommand {
    /// A command of its own; the feature is on if the answer is not zero.
    Command(u32),
    /// A bit in the answer to ETHTOOL_GFLAGS.
    Flag(u32),
}

/// The features that the kernel reports, in the order of [`NAMES`]: the old command, and the names of the bits of which
/// any is enough (net/ethtool/ioctl.c, `ethtool_get_feature_mask`; net/ethtool/common.c, `netdev_features_strings`).
pub const KERNEL_FEATURES: [(OldCommand, &[&str]); 11] = [
    (OldCommand::Command(0x14), &["rx-checksum"]),
    (
        OldCommand::Command(0x16),
        &[
            "tx-checksum-ipv4",
            "tx-checksum-ip-generic",
            "tx-checksum-ipv6",
            "tx-checksum-fcoe-crc",
            "tx-checksum-sctp",
        ],
    ),
    (
        OldCommand::Command(0x18),
        &["tx-scatter-gather", "tx-scatter-gather-fraglist"],
    ),
    (
        OldCommand::Command(0x1e),
        &[
            "tx-tcp-segmentation",
            "tx-tcp-ecn-segmentation",
            "tx-tcp-mangleid-segmentation",
            "tx-tcp6-segmentation",
        ],
    ),
    (OldCommand::Command(0x23), &["tx-generic-segmentation"]),
    (OldCommand::Command(0x2b), &["rx-gro"]),
    (OldCommand::Flag(1 << 15), &["rx-lro"]),
    (OldCommand::Flag(1 << 8), &["rx-vlan-hw-parse"]),
    (OldCommand::Flag(1 << 7), &["tx-vlan-hw-insert"]),
    (OldCommand::Flag(1 << 27), &["rx-ntuple-filter"]),
    (OldCommand::Flag(1 << 28), &["rx-hashing"]),
];

/// The bits of ETHTOOL_GFEATURES for each feature of `KERNEL_FEATURES`.
pub type Masks = [u64; KERNEL_FEATURES.len()];

/// Finds each feature's bits among the kernel's names; `None` if a feature has no bit or one beyond 64.
pub fn masks_of(names: &[[u8; 32]]) -> Option<Masks> {
    let mut masks = Masks::default();
    for (mask, (_, known)) in masks.iter_mut().zip(&KERNEL_FEATURES) {
        for (index, name) in names.iter().enumerate() {
            let name = text::until_nul(name);
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
