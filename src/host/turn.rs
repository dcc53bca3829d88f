// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A lock by which programs with this library take turns at changing a device: flock(2) on a file below `/run` that
//! only root can open. A file of sysfs would not do: who can read a file can lock it, and virtual PCI functions have
//! only files that anybody can read.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, fstat, mkdirat, openat};
use rustix::io::{Errno, retry_on_intr};

use super::holders::lock_holder;
use crate::error::{Code, Error, Result};

/// Where the files are.
const FOLDER: &str = "/run/virnodedev";

/// How long to wait before the lock is tried again.
const SLICE: Duration = Duration::from_millis(20);

/// The lock of a device, which is released when this is dropped.
#[derive(Debug)]
pub struct Turn(Option<OwnedFd>);

impl Turn {
    /// Takes the lock with this `name`, which is that of its file, and waits for it for at most `limit`. Code 55 if
    /// another program has it still; `shown` is the device's name for the message.
    ///
    /// If there can be no file, there is no lock, and this succeeds: `/run` is missing or read-only, or the process is
    /// not root's but was given access to the device.
    pub fn take(name: &str, shown: &str, limit: Duration) -> Result<Turn> {
        Turn::take_below(FOLDER.as_ref(), name, shown, limit)
    }

    fn take_below(folder: &Path, name: &str, shown: &str, limit: Duration) -> Result<Turn> {
        let Some(file) = open(folder, name)? else {
            return Ok(Turn(None));
        };
        let begin = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Turn(Some(file))),
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(e) => return Err(failed("lock", &folder.join(name), e)),
            }
            if begin.elapsed() >= limit {
                break;
            }
            sleep(SLICE);
        }
        let holder = match lock_holder(file.as_fd())? {
            Some(process) => process.to_string(),
            None => "another program".into(),
        };
        let waited = match limit.as_secs() {
            0 => String::new(),
            seconds => format!(" and was for {seconds} seconds"),
        };
        Err(Error::new(
            Code::OperationInvalid,
            format!("{shown} is being changed by {holder}{waited}"),
        ))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(file) = &self.0 {
            // A child that was forked meanwhile has the file open too, and would keep the lock.
            let _ = retry_on_intr(|| flock(file, FlockOperation::Unlock));
        }
    }
}

/// Opens the file with this name, which is made if there is none; `None` if there can be none.
fn open(folder: &Path, name: &str) -> Result<Option<OwnedFd>> {
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        match mkdirat(CWD, folder, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(e) if is_no_place(e) => return Ok(None),
            Err(e) => return Err(failed("make", folder, e)),
        }
    }
    let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Some(opened) = trusted(folder, openat(CWD, folder, directory, Mode::empty()))? else {
        return Ok(None);
    };
    let path = folder.join(name);
    let mut flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    flags.set(OFlags::CREATE, is_root);
    trusted(&path, openat(&opened, name, flags, Mode::RUSR | Mode::WUSR))
}

/// The file that was opened, if only root has access to it; `None` if there can be no file.
fn trusted(path: &Path, opened: rustix::io::Result<OwnedFd>) -> Result<Option<OwnedFd>> {
    let not_ours = || {
        let shown = path.display();
        Error::new(
            Code::OperationDenied,
            format!("{shown} is not root's alone: remove it"),
        )
    };
    let file = match opened {
        Ok(file) => file,
        Err(e) if is_no_place(e) => return Ok(None),
        // A link, or something that is no directory.
        Err(Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::NXIO) => return Err(not_ours()),
        Err(e) => return Err(failed("open", path, e)),
    };
    let stat = fstat(&file).map_err(|e| failed("look at", path, e))?;
    match stat.st_uid == 0 && stat.st_mode & 0o077 == 0 {
        true => Ok(Some(file)),
        false => Err(not_ours()),
    }
}

fn is_no_place(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOENT | Errno::ROFS | Errno::ACCESS | Errno::PERM | Errno::NOSPC | Errno::DQUOT
    )
}

fn failed(what: &str, path: &Path, errno: Errno) -> Error {
    Error::io(format!("cannot {what} {}", path.display()), &errno.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_ends_though_a_child_has_the_file_open() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lock = |file: &OwnedFd| flock(file, FlockOperation::NonBlockingLockExclusive);
        let open = || OwnedFd::from(file.reopen().unwrap());
        let own = open();
        let of_child = own.try_clone().unwrap();
        lock(&own).unwrap();
        assert_eq!(lock(&open()), Err(Errno::WOULDBLOCK));
        drop(Turn(Some(own)));
        assert_eq!(lock(&open()), Ok(()));
        drop(of_child);
    }

    #[test]
    fn where_there_is_no_place_nobody_waits() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("run/virnodedev");
        let take = || Turn::take_below(&missing, "x", "x", Duration::ZERO).unwrap();
        let both = [take(), take()];
        assert!(both.iter().all(|turn| turn.0.is_none()));
    }
}
