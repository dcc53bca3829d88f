// SPDX-License-Identifier: LGPL-2.1-or-later
//! Reads files of the running system, or of a recorded tree, by the same
//! absolute paths (`/sys/…`, `/run/udev/…`), and writes those of the running system.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};

use super::recording::notes::Notes;
use super::recording::{Found, Recording};

/// What one `read` takes at first: a sysfs attribute whole (they end at a page).
const PAGE: usize = 4096;

/// Where files are looked up.
#[derive(Debug)]
pub enum Files {
    /// The running system.
    Live,
    /// A recorded tree; links that lead out of it are not followed.
    Tree(Dir),
    /// A recording in memory, read from an archive.
    Recording(Recording),
    /// Others, with notes of all that is read of them.
    Noted(Box<Files>, Notes),
}

impl Files {
    /// The most that is read of one file, in bytes. Kernel attributes fit a page;
    /// VPD, the largest binary one, ends at 32 KiB.
    pub const LIMIT: usize = 4 << 20;

    /// The recorded tree below `root`.
    pub fn tree(root: &Path) -> io::Result<Files> {
        Ok(Files::Tree(Dir::open_ambient_dir(
            root,
            ambient_authority(),
        )?))
    }

    /// The same files, with notes of all that is read of them from here on.
    pub fn noted(&self) -> io::Result<Files> {
        let files = match self {
            Files::Live => Files::Live,
            Files::Tree(dir) => Files::Tree(dir.try_clone()?),
            Files::Recording(recording) => Files::Recording(recording.clone()),
            Files::Noted(files, _) => return files.noted(),
        };
        Ok(Files::Noted(Box::new(files), Notes::default()))
    }

    /// Whether this is the running system.
    pub fn is_live(&self) -> bool {
        match self {
            Files::Live => true,
            Files::Tree(_) | Files::Recording(_) => false,
            Files::Noted(files, _) => files.is_live(),
        }
    }

    fn open(&self, path: &[u8]) -> io::Result<File> {
        // O_NONBLOCK: a FIFO in place of an attribute must not stop the caller.
        match self {
            Files::Live => {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
                Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?.into())
            }
            Files::Tree(dir) => {
                let mut options = OpenOptions::new();
                options.read(true).custom_flags(libc::O_NONBLOCK);
                Ok(dir.open_with(inside(path), &options)?.into_std())
            }
            Files::Recording(_) => Err(io::ErrorKind::Unsupported.into()),
            Files::Noted(files, _) => files.open(path),
        }
    }

    /// The whole content of a file; one larger than 4 MiB is an error.
    pub fn read(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Files::Recording(recording) => return Ok(recording.read(path)?.to_vec()),
            Files::Noted(files, notes) => return notes.content(path, files.read(path)),
            Files::Live | Files::Tree(_) => {}
        }
        let mut file = self.open(path)?;
        let mut page = [0; PAGE];
        let n = file.read(&mut page)?;
        let mut text = page[..n].to_vec();
        if n == PAGE {
            file.take((Files::LIMIT + 1 - n) as u64)
                .read_to_end(&mut text)?;
            if text.len() > Files::LIMIT {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        Ok(text)
    }

    /// At most the first `limit` bytes of a file, and whatever came before an error.
    pub fn read_start(&self, path: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        match self {
            Files::Recording(recording) => {
                let content = recording.read(path)?;
                return Ok(content[..limit.min(content.len())].to_vec());
            }
            Files::Noted(files, notes) => {
                return notes.content(path, files.read_start(path, limit));
            }
            Files::Live | Files::Tree(_) => {}
        }
        let mut start = Vec::new();
        let result = self.open(path)?.take(limit as u64).read_to_end(&mut start);
        match result {
            Err(e) if start.is_empty() => Err(e),
            _ => Ok(start),
        }
    }

    /// A file of the running system opened to be changed: with `access` WRONLY or RDWR. It must exist.
    pub fn open_to_change(&self, path: &[u8], access: OFlags) -> io::Result<OwnedFd> {
        if !self.is_live() {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        let flags = access | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
    }

    /// Hands `text` to an attribute in one write(2), which is what the kernel acts on. The file must
    /// exist; a recorded tree is not written to.
    pub fn write(&self, path: &[u8], text: &[u8]) -> io::Result<()> {
        let fd = self.open_to_change(path, OFlags::WRONLY | OFlags::TRUNC)?;
        let written = rustix::io::retry_on_intr(|| rustix::io::write(&fd, text))?;
        match written == text.len() {
            true => Ok(()),
            false => Err(rustix::io::Errno::IO.into()),
        }
    }

    /// A file kept open, for a value that is read again and again.
    pub fn keep_open(&self, path: &[u8]) -> io::Result<OwnedFd> {
        Ok(self.open(path)?.into())
    }

    /// The text of a symbolic link.
    pub fn read_link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Files::Live => Ok(rustix::fs::readlinkat(CWD, path, Vec::new())?.into_bytes()),
            Files::Tree(dir) => Ok(dir
                .read_link_contents(inside(path))?
                .into_os_string()
                .into_vec()),
            Files::Recording(recording) => Ok(recording.read_link(path)?.to_vec()),
            Files::Noted(files, notes) => {
                let target = files.read_link(path)?;
                notes.link(path, &target);
                Ok(target)
            }
        }
    }

    /// The last component of the file that a link leads to; the file must exist.
    pub fn resolve_link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        let target = self.read_link(path)?;
        if !self.exists(path) {
            return Err(rustix::io::Errno::NOENT.into());
        }
        Ok(basename(&target).to_vec())
    }

    /// Whether the path leads to anything, through links.
    pub fn exists(&self, path: &[u8]) -> bool {
        match self {
            Files::Live => rustix::fs::statat(CWD, path, AtFlags::empty()).is_ok(),
            Files::Tree(dir) => dir.metadata(inside(path)).is_ok(),
            Files::Recording(recording) => recording.find(path, true).is_ok(),
            Files::Noted(files, notes) => {
                let exists = files.exists(path);
                if exists {
                    notes.exists(path);
                }
                exists
            }
        }
    }

    /// The size of a file in bytes.
    pub fn size(&self, path: &[u8]) -> Option<u64> {
        match self {
            Files::Live => {
                let stat = rustix::fs::statat(CWD, path, AtFlags::empty()).ok()?;
                u64::try_from(stat.st_size).ok()
            }
            Files::Tree(dir) => Some(dir.metadata(inside(path)).ok()?.len()),
            Files::Recording(recording) => match recording.find(path, true).ok()? {
                Found::File(content) => Some(content.len() as u64),
                Found::Folder(_) | Found::Link(_) => None,
            },
            Files::Noted(files, notes) => {
                let size = files.size(path)?;
                notes.size(path, size);
                Some(size)
            }
        }
    }

    /// Names in a directory, in the order in which the file system yields them.
    pub fn entries(&self, path: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        match self {
            Files::Live => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let fd = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
                let mut names = Vec::new();
                for entry in rustix::fs::Dir::new(fd)? {
                    let name = entry?.file_name().to_bytes().to_vec();
                    if name != b"." && name != b".." {
                        names.push(name);
                    }
                }
                Ok(names)
            }
            Files::Tree(dir) => dir
                .read_dir(inside(path))?
                .map(|entry| Ok(entry?.file_name().into_vec()))
                .collect(),
            Files::Recording(recording) => recording.names(path),
            Files::Noted(files, notes) => {
                let names = files.entries(path)?;
                notes.names(path, &names);
                Ok(names)
            }
        }
    }
}

/// A path below the root of a recorded tree.
fn inside(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)))
}

/// The last component of a path.
pub fn basename(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&b| b == b'/') {
        Some(slash) => &path[slash + 1..],
        None => path,
    }
}

/// The path without its last component.
pub fn dirname(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|&b| b == b'/');
    &path[..slash.unwrap_or(0)]
}

/// The device directory that a link of a bus or class folder leads to: these
/// links are relative, `../../devices/…`.
pub fn syspath_of_link(target: &[u8]) -> Option<Vec<u8>> {
    let mut rest = target;
    while let Some(shorter) = rest.strip_prefix(b"../") {
        rest = shorter;
    }
    syspath(&[b"/", rest].concat())
}

/// The directory of a device that the kernel names `devpath` (`/devices/…`); `None` for a name
/// that leads anywhere else: the root user of another user namespace can send such.
pub fn syspath(devpath: &[u8]) -> Option<Vec<u8>> {
    let leads_up = devpath.split(|&b| b == b'/').any(|part| part == b"..");
    (devpath.starts_with(b"/devices/") && !leads_up).then(|| [b"/sys", devpath].concat())
}

/// `directory/name`.
pub fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    [directory, b"/", name].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree() -> (tempfile::TempDir, Files) {
        let root = tempfile::tempdir().unwrap();
        let sys = root.path().join("sys");
        std::fs::create_dir(&sys).unwrap();
        std::fs::write(sys.join("a"), "text\n").unwrap();
        std::fs::write(sys.join("big"), vec![b'x'; 10_000]).unwrap();
        symlink("a", sys.join("link")).unwrap();
        symlink("gone", sys.join("dangling")).unwrap();
        symlink("loop", sys.join("loop")).unwrap();
        symlink("../../../../../../etc/passwd", sys.join("out")).unwrap();
        let files = Files::tree(root.path()).unwrap();
        (root, files)
    }

    #[test]
    fn recorded_trees_answer_by_absolute_paths() {
        let (_root, files) = tree();
        assert_eq!(files.read(b"/sys/a").unwrap(), b"text\n");
        assert_eq!(files.read(b"/sys/link").unwrap(), b"text\n");
        assert_eq!(files.read(b"/sys/big").unwrap().len(), 10_000);
        assert_eq!(files.read_start(b"/sys/big", 7).unwrap().len(), 7);
        assert_eq!(files.size(b"/sys/big"), Some(10_000));
        assert_eq!(files.resolve_link(b"/sys/link").unwrap(), b"a");
        assert_eq!(files.entries(b"/sys").unwrap().len(), 6);
    }

    #[test]
    fn links_that_lead_nowhere_or_out_are_errors() {
        let (_root, files) = tree();
        for path in [&b"/sys/dangling"[..], b"/sys/loop", b"/sys/out"] {
            assert!(files.read(path).is_err());
            assert!(!files.exists(path));
            assert!(files.resolve_link(path).is_err());
        }
        assert_eq!(files.read_link(b"/sys/dangling").unwrap(), b"gone");
    }

    #[test]
    fn class_links_lead_to_device_directories() {
        assert_eq!(
            syspath_of_link(b"../../devices/virtual/net/lo").as_deref(),
            Some(&b"/sys/devices/virtual/net/lo"[..])
        );
        assert_eq!(syspath_of_link(b"../../../etc"), None);
        assert_eq!(syspath_of_link(b"../devices/../../etc"), None);
        assert_eq!(syspath_of_link(b"/sys/devices/x"), None);
        assert_eq!(
            syspath(b"/devices/x").as_deref(),
            Some(&b"/sys/devices/x"[..])
        );
        for name in [
            &b"/devices/../bus"[..],
            b"/devices/x/..",
            b"/module/x",
            b"devices/x",
            b"",
        ] {
            assert_eq!(syspath(name), None);
        }
    }

    #[test]
    fn writing_changes_files_of_the_running_system_only() {
        let (root, files) = tree();
        let path = root.path().join("sys/a").into_os_string().into_vec();
        Files::Live.write(&path, b"new").unwrap();
        assert_eq!(Files::Live.read(&path).unwrap(), b"new");
        assert_eq!(
            files.write(b"/sys/a", b"x").unwrap_err().kind(),
            io::ErrorKind::ReadOnlyFilesystem
        );
        let missing = [&path[..], b"-missing"].concat();
        assert_eq!(
            Files::Live.write(&missing, b"x").unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        assert!(!Files::Live.exists(&missing));
        let full = Files::Live.write(b"/dev/full", b"x").unwrap_err();
        assert_eq!(full.raw_os_error(), Some(libc::ENOSPC));
    }

    #[test]
    fn a_file_without_end_is_an_error() {
        assert!(Files::Live.read(b"/dev/zero").is_err());
        assert_eq!(Files::Live.read_start(b"/dev/zero", 10).unwrap().len(), 10);
    }

    #[test]
    fn a_fifo_does_not_block() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("fifo");
        rustix::fs::mknodat(
            CWD,
            &path,
            rustix::fs::FileType::Fifo,
            Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert_eq!(Files::Live.read(path.as_os_str().as_bytes()).unwrap(), b"");
    }
}
