// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The filter for lists of devices, by list flags.
//!
//! Flags are in three groups: capabilities, active or inactive, persistent or transient. If any
//! flag of a group is given, a device must match one of them.

use crate::caps::Capability;
use crate::device::Device;
use crate::error::Result;
use crate::host::Host;

/// List flags that are not capabilities.
const PERSISTENT: u32 = 1 << 28;
const TRANSIENT: u32 = 1 << 29;
const INACTIVE: u32 = 1 << 30;
const ACTIVE: u32 = 1 << 31;
const ANY_CAPABILITY: u32 = Capability::ALL_FLAGS;

const _: () = assert!(ANY_CAPABILITY & (PERSISTENT | TRANSIENT | INACTIVE | ACTIVE) == 0);

/// All list flags.
pub const LIST_FLAGS: u32 = ANY_CAPABILITY | PERSISTENT | TRANSIENT | INACTIVE | ACTIVE;

/// Whether a device may pass the flags, as far as is known without reading files.
pub fn may_pass(device: &Device, flags: u32) -> bool {
    let presence = if device.is_active() { ACTIVE } else { INACTIVE };
    let lifetime = match device.is_persistent() {
        true => PERSISTENT,
        false => TRANSIENT,
    };
    let may_have = device.kind.flag() | device.kind.nested_flags();
    (flags & (ACTIVE | INACTIVE) == 0 || flags & presence != 0)
        && (flags & (PERSISTENT | TRANSIENT) == 0 || flags & lifetime != 0)
        && (flags & ANY_CAPABILITY == 0 || flags & may_have != 0)
}

/// Whether the flags ask for a capability that is nested in another, for which devices must be
/// read.
pub fn needs_facts(flags: u32) -> bool {
    Capability::ALL
        .iter()
        .any(|kind| flags & kind.nested_flags() != 0)
}

/// Whether a device passes the flags, if [`may_pass`] allows it.
pub fn passes(device: &Device, flags: u32, host: &Host) -> Result<bool> {
    match flags & ANY_CAPABILITY == 0 || flags & device.kind.flag() != 0 {
        true => Ok(true),
        false => device.has_nested(flags, host),
    }
}
