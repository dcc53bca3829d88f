// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Which processes have a device node open, or hold a lock, as far as /proc shows it to this process (proc_pid_fd(5),
//! proc_locks(5)).

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fstat, major, minor, openat, statat};
use rustix::io::{Errno, retry_on_intr};

use super::Host;
use super::files::{Files, Joined, join};
use super::found::{Found, found, is_shortage};
use crate::error::{Error, Result};
use crate::text;

/// The name of an IOMMU group of functions that no IOMMU guards, which VFIO makes up.
pub const NO_IOMMU: &str = "vfio-noiommu";

/// The file through which programs drive the devices of a VFIO group. Only one program at a time can have it open.
#[derive(Debug)]
pub struct VfioGroup {
    /// Its path.
    pub path: Vec<u8>,
    /// Whether a program has it open.
    pub is_open: bool,
}

impl VfioGroup {
    /// The group with this file, which is opened and closed again; `None` if there is no such file.
    fn at(path: Vec<u8>) -> Found<VfioGroup> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let is_open = match retry_on_intr(|| openat(CWD, &path, flags, Mode::empty())) {
            Err(Errno::BUSY) => true,
            Err(Errno::NOENT) => return Ok(None),
            Err(e) if is_shortage(e) => return found("open", &path, Err(e.into())),
            // No other error tells whether a program has it open.
            _ => false,
        };
        Ok(Some(VfioGroup { path, is_open }))
    }
}

/// The path of the file through which a program drives one VFIO device, given by its name in `vfio-dev`.
pub fn vfio_device_file(name: &[u8]) -> Joined {
    join(b"/dev/vfio/devices", name)
}

impl Host {
    /// The file of the VFIO group with this number; `None` if there is none, because VFIO drives no device of the
    /// group.
    pub fn vfio_group(&self, number: &[u8]) -> Found<VfioGroup> {
        match VfioGroup::at([b"/dev/vfio/", number].concat())? {
            None => VfioGroup::at([b"/dev/vfio/noiommu-", number].concat()),
            group => Ok(group),
        }
    }

    /// Whether any process has the character device with the number `MAJOR:MINOR` open. Names would not tell, because
    /// another mount namespace has its own.
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

/// Whether an open file is the character device with this number.
fn is_device(path: &[u8], number: &[u8]) -> Result<bool> {
    let stat = retry_on_intr(|| statat(CWD, path, AtFlags::empty()));
    let stat = found("look for", path, stat.map_err(io::Error::from))?;
    Ok(stat.is_some_and(|stat| {
        let is_character = stat.st_mode & libc::S_IFMT == libc::S_IFCHR;
        let own = format!("{}:{}", major(stat.st_rdev), minor(stat.st_rdev));
        is_character && own.as_bytes() == number
    }))
}

/// A process of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id in the PID namespace of this process.
    pub pid: u32,
    /// Its name from `/proc/PID/comm`, which a process can choose; `None` if it cannot be read.
    pub program: Option<String>,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match &self.program {
            Some(program) => write!(f, " ({program})"),
            None => Ok(()),
        }
    }
}

/// The process that has locked an open file with flock(2); `None` if it cannot be seen, as in another PID namespace,
/// or has let go of the lock.
pub fn lock_holder(file: BorrowedFd<'_>) -> Found<Process> {
    let stat = fstat(file).map_err(|e| Error::io("cannot look at a lock", &e.into()))?;
    let (major, minor) = (major(stat.st_dev), minor(stat.st_dev));
    let file = format!("{major:02x}:{minor:02x}:{}", stat.st_ino);
    let locks = Files::live().read(b"/proc/locks")?.unwrap_or_default();
    let Some(pid) = locks
        .split(|&b| b == b'\n')
        .find_map(|line| holder_in(line, &file))
    else {
        return Ok(None);
    };
    let name = Files::live().read(format!("/proc/{pid}/comm").as_bytes())?;
    let name = name.map(|name| text::clean(text::trim_newlines(&name)));
    Ok(Some(Process { pid, program: name }))
}

/// The holder of the lock in a line like `1: FLOCK ADVISORY WRITE 123 00:19:456 0 EOF`, if it is about this file. A
/// line that begins with `1: ->` is about a process that waits.
fn holder_in(line: &[u8], file: &str) -> Option<u32> {
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace().skip(1);
    let is_lock = words.next() == Some("FLOCK");
    let pid = words.nth(2)?.parse().ok().filter(|&pid| pid > 0);
    pid.filter(|_| is_lock && words.next() == Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{FlockOperation, flock};
    use std::os::fd::AsFd;

    #[test]
    fn open_devices_are_found_by_number() {
        let host = Host::live();
        // The numbers of /dev/full and of a device that Linux does not have (Documentation/admin-guide/devices.txt).
        let full = std::fs::File::open("/dev/full").unwrap();
        assert_eq!(host.is_open_anywhere(b"1:7"), Ok(true));
        assert_eq!(host.is_open_anywhere(b"1:250"), Ok(false));
        drop(full);
    }

    #[test]
    fn who_holds_a_lock_is_told_with_its_program() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = file.reopen().unwrap();
        assert_eq!(lock_holder(other.as_fd()), Ok(None));
        flock(file.as_file(), FlockOperation::NonBlockingLockExclusive).unwrap();
        let process = lock_holder(other.as_fd()).unwrap().unwrap();
        assert_eq!(process.pid, std::process::id());
        let own = std::fs::read_to_string("/proc/self/comm").unwrap();
        let expected = format!("process {} ({})", process.pid, own.trim_end());
        assert_eq!(process.to_string(), expected);
        let unnamed = Process {
            program: None,
            ..process
        };
        assert_eq!(unnamed.to_string(), format!("process {}", unnamed.pid));
    }

    #[test]
    fn other_locks_and_waiting_processes_are_no_holders() {
        let file = "00:19:456";
        let of = |line: &str| holder_in(line.as_bytes(), file);
        assert_eq!(
            of("1: FLOCK  ADVISORY  WRITE 123 00:19:456 0 EOF"),
            Some(123)
        );
        for line in [
            "1: -> FLOCK  ADVISORY  WRITE 123 00:19:456 0 EOF",
            "1: POSIX  ADVISORY  WRITE 123 00:19:456 0 EOF",
            "1: FLOCK  ADVISORY  WRITE 123 00:19:4567 0 EOF",
            "1: FLOCK  ADVISORY  WRITE 0 00:19:456 0 EOF",
            "1: FLOCK  ADVISORY  WRITE -1 00:19:456 0 EOF",
            "1: FLOCK  ADVISORY",
            "",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
