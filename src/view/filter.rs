// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which devices pass the list flags.

use crate::caps::Capability;
use crate::device::Device;
use crate::host::Host;

/// List flags beyond the capabilities.
const PERSISTENT: u32 = 1 << 28;
const TRANSIENT: u32 = 1 << 29;
const INACTIVE: u32 = 1 << 30;
const ACTIVE: u32 = 1 << 31;
const ANY_CAPABILITY: u32 = Capability::ALL_FLAGS;

/// Every flag that there is.
pub const LIST_FLAGS: u32 = ANY_CAPABILITY | PERSISTENT | TRANSIENT | INACTIVE | ACTIVE;

/// Whether a device can pass the flags, as far as is known without reading anything.
pub fn may_pass(device: &Device, flags: u32) -> bool {
    let group = |bits: u32, set: bool| flags & bits == 0 || set;
    let either = |yes: bool, bit: u32, other: u32| flags & (if yes { bit } else { other }) != 0;
    group(
        ACTIVE | INACTIVE,
        either(device.is_active(), ACTIVE, INACTIVE),
    ) && group(
        PERSISTENT | TRANSIENT,
        either(device.is_persistent(), PERSISTENT, TRANSIENT),
    ) && group(
        ANY_CAPABILITY,
        flags & (device.kind.flag() | device.kind.nested_flags()) != 0,
    )
}

/// Whether the flags ask for anything that must be read of a device.
pub fn must_probe(flags: u32) -> bool {
    Capability::ALL
        .iter()
        .any(|kind| flags & kind.nested_flags() != 0)
}

/// Whether a device that may pass the flags does.
pub fn passes(device: &Device, flags: u32, host: &Host) -> bool {
    flags & ANY_CAPABILITY == 0 || flags & device.kind.flag() != 0 || device.has_nested(flags, host)
}
