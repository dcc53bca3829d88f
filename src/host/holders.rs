// SPDX-License-Identifier: LGPL-2.1-or-later
//! Who has a device node open, as far as /proc tells this process (proc_pid_fd(5)).

use std::io;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, major, minor, openat, statat};
use rustix::io::{Errno, retry_on_intr};

use super::Host;
use super::files::join;
use super::found::{Found, found, is_shortage};
use crate::error::Result;

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
    fn at(path: Vec<u8>) -> Found<VfioGroup> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let is_open = match retry_on_intr(|| openat(CWD, &path, flags, Mode::empty())) {
            Err(Errno::BUSY) => true,
            Err(Errno::NOENT) => return Ok(None),
            Err(e) if is_shortage(e) => return found("open", &path, Err(e.into())),
            // Any other error says nothing of a holder.
            _ => false,
        };
        Ok(Some(VfioGroup { path, is_open }))
    }
}

/// The file through which a program drives one VFIO device, given by its name in `vfio-dev`.
pub fn vfio_device_file(name: &[u8]) -> Vec<u8> {
    join(b"/dev/vfio/devices", name)
}

impl Host {
    /// The file of a VFIO group, given by its number; `None` where there is none: VFIO drives no device of the group.
    pub fn vfio_group(&self, number: &[u8]) -> Found<VfioGroup> {
        match VfioGroup::at([b"/dev/vfio/", number].concat())? {
            None => VfioGroup::at([b"/dev/vfio/noiommu-", number].concat()),
            group => Ok(group),
        }
    }

    /// Whether any process has a character device open, given by its number `MAJOR:MINOR`. Names say
    /// nothing: another mount namespace has names of its own.
    pub fn is_open_anywhere(&self, number: &[u8]) -> Result<bool> {
        let processes = self.files.entries(b"/proc")?.unwrap_or_default();
        let numeric = |name: &Vec<u8>| name.iter().all(u8::is_ascii_digit);
        for process in processes.into_iter().filter(numeric) {
            let folder = [b"/proc/", &process[..], b"/fd"].concat();
            for fd in self.files.entries(&folder)?.unwrap_or_default() {
                if is_device(&join(&folder, &fd), number)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// Whether an open file is the character device with that number.
fn is_device(path: &[u8], number: &[u8]) -> Result<bool> {
    let stat = retry_on_intr(|| statat(CWD, path, AtFlags::empty()));
    let stat = found("look for", path, stat.map_err(io::Error::from))?;
    Ok(stat.is_some_and(|stat| {
        let is_character = stat.st_mode & libc::S_IFMT == libc::S_IFCHR;
        let own = format!("{}:{}", major(stat.st_rdev), minor(stat.st_rdev));
        is_character && own.as_bytes() == number
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_devices_are_found_by_number() {
        let host = Host::live();
        // The numbers of /dev/full and of a device that Linux does not have (Documentation/admin-guide/devices.txt).
        let full = std::fs::File::open("/dev/full").unwrap();
        assert_eq!(host.is_open_anywhere(b"1:7"), Ok(true));
        assert_eq!(host.is_open_anywhere(b"1:250"), Ok(false));
        drop(full);
    }
}
