// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who has a device node open, as far as /proc tells this process (proc_pid_fd(5)).

use rustix::fs::{AtFlags, CWD, Mode, OFlags, major, minor, openat, statat};
use rustix::io::Errno;

use super::Host;
use super::files::join;

/// The file through which programs drive the devices of a VFIO group: one at a time can have it open.
#[derive(Debug)]
pub struct VfioGroup {
    /// Its path.
    pub path: Vec<u8>,
    /// Whether a program has it open.
    pub is_open: bool,
}

impl VfioGroup {
    /// The group at that path, which is opened and closed again; `None` where there is no such file.
    fn at(path: Vec<u8>) -> Option<VfioGroup> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let is_open = match openat(CWD, &path, flags, Mode::empty()) {
            Err(Errno::BUSY) => true,
            Err(Errno::NOENT) => return None,
            // Any other error says nothing of a holder.
            _ => false,
        };
        Some(VfioGroup { path, is_open })
    }
}

/// The file through which a program drives one VFIO device, given by its name in `vfio-dev`.
pub fn vfio_device_file(name: &[u8]) -> Vec<u8> {
    join(b"/dev/vfio/devices", name)
}

impl Host {
    /// The file of a VFIO group, given by its number; `None` where there is none: VFIO drives no device of the group.
    pub fn vfio_group(&self, number: &[u8]) -> Option<VfioGroup> {
        [&b"/dev/vfio/"[..], b"/dev/vfio/noiommu-"]
            .into_iter()
            .find_map(|prefix| VfioGroup::at([prefix, number].concat()))
    }

    /// Whether any process has a character device open, given by its number `MAJOR:MINOR`. Names say
    /// nothing: another mount namespace has names of its own.
    pub fn is_open_anywhere(&self, number: &[u8]) -> bool {
        let processes = self.files.entries(b"/proc").unwrap_or_default();
        let numeric = |name: &Vec<u8>| name.iter().all(u8::is_ascii_digit);
        processes.into_iter().filter(numeric).any(|process| {
            let folder = [b"/proc/", &process[..], b"/fd"].concat();
            let fds = self.files.entries(&folder).unwrap_or_default();
            fds.iter().any(|fd| is_device(&join(&folder, fd), number))
        })
    }
}

/// Whether an open file is the character device with that number.
fn is_device(path: &[u8], number: &[u8]) -> bool {
    statat(CWD, path, AtFlags::empty()).is_ok_and(|stat| {
        let is_character = stat.st_mode & libc::S_IFMT == libc::S_IFCHR;
        let found = format!("{}:{}", major(stat.st_rdev), minor(stat.st_rdev));
        is_character && found.as_bytes() == number
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_devices_are_found_by_number() {
        let host = Host::live();
        // The numbers of /dev/full and of a device that Linux does not have (Documentation/admin-guide/devices.txt).
        let full = std::fs::File::open("/dev/full").unwrap();
        assert!(host.is_open_anywhere(b"1:7"));
        assert!(!host.is_open_anywhere(b"1:250"));
        drop(full);
    }
}
