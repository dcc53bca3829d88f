// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Which uevents a socket of this process receives, which depends on namespaces.
//!
//! The kernel sends those of a network interface to the interface's own network namespace, and those of every other
//! device to all network namespaces that the first user namespace owns (kernel: lib/kobject_uevent.c).

#![allow(unsafe_code)] // An ioctl makes a descriptor; nothing safe wraps this one.

use std::fs::File;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};

use rustix::ioctl::{self, Ioctl, IoctlOutput, Opcode};

/// The inode of the first user namespace (kernel: include/uapi/linux/nsfs.h, `USER_NS_INIT_INO`).
const FIRST_USER_NAMESPACE: u64 = 0xEFFF_FFFD;

const NETWORK: &str = "/proc/thread-self/ns/net";

/// Asks for the user namespace that owns a namespace (ioctl_ns(2), `NS_GET_USERNS`).
struct OwnerRequest;

// SAFETY: the request takes no argument and returns a new descriptor.
unsafe impl Ioctl for OwnerRequest {
    type Output = OwnedFd;

    const IS_MUTATING: bool = false;

    fn opcode(&self) -> Opcode {
        ioctl::opcode::none(0xb7, 1)
    }

    fn as_ptr(&mut self) -> *mut libc::c_void {
        std::ptr::null_mut()
    }

    unsafe fn output_from_ptr(
        output: IoctlOutput,
        _: *mut libc::c_void,
    ) -> rustix::io::Result<OwnedFd> {
        // SAFETY: the request has just made the descriptor, for this caller alone.
        Ok(unsafe { OwnedFd::from_raw_fd(output as RawFd) })
    }
}

/// Whether a socket for the kernel's uevents, opened now, receives those of all devices but the interfaces of other
/// network namespaces. `false` if that is not certain.
pub fn receives_uevents_of_devices() -> bool {
    belongs_to_first_user_namespace(NETWORK).unwrap_or(false)
}

fn belongs_to_first_user_namespace(namespace: &str) -> std::io::Result<bool> {
    let namespace = File::open(namespace)?;
    // SAFETY: the call is valid on any descriptor; one that is no namespace gives ENOTTY.
    let owner = unsafe { ioctl::ioctl(namespace.as_fd(), OwnerRequest) }?;
    Ok(rustix::fs::fstat(&owner)?.st_ino == FIRST_USER_NAMESPACE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_compared_with_this_process() {
        // A process in the first user namespace sees that under its fixed number.
        let own = std::fs::read_link("/proc/self/ns/user").unwrap();
        if own.to_str() == Some(&format!("user:[{FIRST_USER_NAMESPACE}]")) {
            assert!(belongs_to_first_user_namespace("/proc/self/ns/uts").unwrap());
        }
        // A user namespace is owned by its parent; only the first has none.
        assert!(!belongs_to_first_user_namespace("/proc/self/ns/user").unwrap_or(false));
        assert!(belongs_to_first_user_namespace("/proc/self/stat").is_err());
    }
}
