// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Reads files of the running system, or of a recorded tree, by the same absolute paths (`/sys/…`, `/run/udev/…`), and
//! writes those of the running system.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use once_cell::sync::OnceCell;
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use smallvec::SmallVec;

use super::found::{Found, found, retry_interrupted};
use super::recording::Recording;
use super::recording::notes::Notes;
use super::source::Source;
use crate::error::Result;

/// The files of a host. What is read is either found, or missing, or a system call has failed: see [`Found`].
#[derive(Debug)]
pub struct Files(Source);

impl Files {
    /// The files of the running system.
    pub fn live() -> Files {
        Files(Source::Live(Default::default()))
    }

    /// The files of the recorded tree below `root`.
    pub fn tree(root: &Path) -> io::Result<Files> {
        let dir = retry_interrupted(|| Dir::open_ambient_dir(root, ambient_authority()))?;
        Ok(Files(Source::Tree(dir, OnceCell::new())))
    }

    /// The files of a recording in memory.
    pub fn recording(recording: Recording) -> Files {
        Files(Source::Recording(recording))
    }

    /// The same files, with notes taken of all that is read from then on.
    pub fn noted(&self) -> io::Result<Files> {
        Ok(Files(self.0.noted()?))
    }

    /// The files, and the notes that were taken since [`Files::noted`]; `None` if no notes were taken.
    pub fn into_notes(self) -> Option<(Files, Notes)> {
        match self.0 {
            Source::Noted(files, notes) => Some((Files(*files), notes)),
            Source::Live(_) | Source::Tree(..) | Source::Recording(_) => None,
        }
    }

    /// Looks for a folder, for the error if it is missing or may not be read.
    pub fn look_into(&self, path: &[u8]) -> io::Result<()> {
        self.0.look_into(path)
    }

    /// Whether these are the files of the running system.
    pub fn is_live(&self) -> bool {
        self.0.is_live()
    }

    /// The whole content of a file; one larger than 4 MiB counts as missing.
    pub fn read(&self, path: &[u8]) -> Found<Vec<u8>> {
        found("read", path, self.0.read(path))
    }

    /// The whole content of a file, in place of what was in `text`; `false` if the file is missing.
    pub fn read_to(&self, text: &mut Vec<u8>, path: &[u8]) -> Result<bool> {
        Ok(found("read", path, self.0.read_to(text, path))?.is_some())
    }

    /// At most the first `limit` bytes of a file.
    pub fn read_start(&self, path: &[u8], limit: usize) -> Found<Vec<u8>> {
        found("read", path, self.0.read_start(path, limit))
    }

    /// Whether a file exists, but the kernel refuses to read it (ENODATA).
    pub fn is_refused(&self, path: &[u8]) -> Result<bool> {
        let read = self.0.read(path);
        let is_refused = matches!(&read, Err(e) if Errno::from_io_error(e) == Some(Errno::NODATA));
        found("read", path, read)?;
        Ok(is_refused)
    }

    /// Opens a file of the running system to change it; `access` is WRONLY or RDWR. The file must exist; EROFS for a
    /// recorded tree.
    pub fn open_to_change(&self, path: &[u8], access: OFlags) -> io::Result<OwnedFd> {
        if !self.is_live() {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        let flags = access | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(retry_on_intr(|| {
            rustix::fs::openat(CWD, path, flags, Mode::empty())
        })?)
    }

    /// Writes `text` to an attribute in one write(2), because the kernel acts on each. The file must exist; EROFS for a
    /// recorded tree, EIO if the kernel takes only a part of the text.
    pub fn write(&self, path: &[u8], text: &[u8]) -> io::Result<()> {
        let fd = self.open_to_change(path, OFlags::WRONLY | OFlags::TRUNC)?;
        let written = retry_on_intr(|| rustix::io::write(&fd, text))?;
        match written == text.len() {
            true => Ok(()),
            false => Err(Errno::IO.into()),
        }
    }

    /// Opens a file whose value is to be read again and again.
    pub fn keep_open(&self, path: &[u8]) -> Found<OwnedFd> {
        found("open", path, self.0.open(path))
    }

    /// The target of a symbolic link, as it is written there; `None` if there is no link.
    pub fn read_link(&self, path: &[u8]) -> Found<Vec<u8>> {
        found("read the link", path, self.0.read_link(path))
    }

    /// The folder of the device to which a link in the folder of a bus or class leads; `None` if there is no such link.
    pub fn device_of_link(&self, link: &[u8]) -> Found<Vec<u8>> {
        let target = self.read_link(link)?;
        Ok(target.and_then(|target| syspath_of_link(&target)))
    }

    /// The last component of the file that a link leads to; the file must exist. The root folder has an empty one.
    pub fn resolve_link(&self, path: &[u8]) -> Found<Vec<u8>> {
        let Some(target) = self.read_link(path)? else {
            return Ok(None);
        };
        // Unlike `basename` this passes over a last `/` or `/.`.
        let name = Path::new(OsStr::from_bytes(&target)).file_name();
        let name = name.unwrap_or_default().as_bytes();
        Ok(self.exists(path)?.then(|| name.to_vec()))
    }

    /// Whether the path leads to anything; symbolic links are followed.
    pub fn exists(&self, path: &[u8]) -> Result<bool> {
        Ok(found("look for", path, self.0.look_up(path))?.is_some())
    }

    /// The size of a file in bytes.
    pub fn size(&self, path: &[u8]) -> Found<u64> {
        found("look for", path, self.0.size(path))
    }

    /// The names in a folder, in the order in which the file system lists them.
    pub fn entries(&self, path: &[u8]) -> Found<Vec<Vec<u8>>> {
        found("list", path, self.0.entries(path))
    }

    /// The symbolic links in a folder, as name and target, in the order in which the file system lists them; none if
    /// there is no such folder.
    pub fn links(&self, path: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut links = Vec::new();
        self.each_link(path, &mut |name, target| {
            links.push((name.to_vec(), target.to_vec()));
        })?;
        Ok(links)
    }

    /// Calls `take` for the same, and keeps nothing of them.
    pub fn each_link(&self, path: &[u8], take: &mut dyn FnMut(&[u8], &[u8])) -> Result<()> {
        let mut read = Ok(());
        let listed = self.0.each_link(path, &mut |name, target| match target {
            Ok(target) => take(name, target),
            Err(e) if read.is_ok() => {
                read = found("read the link", &join(path, name), Err(e)).map(|_: Option<()>| ());
            }
            Err(_) => {}
        });
        found("list", path, listed)?;
        read
    }
}

/// The last component of a path.
pub fn basename(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&b| b == b'/') {
        Some(slash) => &path[slash + 1..],
        None => path,
    }
}

/// The path without its last component and the slash before it.
pub fn dirname(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|&b| b == b'/');
    &path[..slash.unwrap_or(0)]
}

/// The device's folder to which a link in the folder of a bus or class leads. Such links are relative:
/// `../../devices/…`. `None` for any other target.
pub fn syspath_of_link(target: &[u8]) -> Option<Vec<u8>> {
    Some(syspath_below(below_sys(target)?))
}

/// The same without `/sys/`.
pub fn below_sys(target: &[u8]) -> Option<&[u8]> {
    let mut rest = target;
    while let Some(shorter) = rest.strip_prefix(b"../") {
        rest = shorter;
    }
    is_of_device(rest).then_some(rest)
}

/// The folder of the device with this `DEVPATH` of the kernel (`/devices/…`). `None` for a path that leads anywhere
/// else: the root user of another user namespace can send such a message.
pub fn syspath(devpath: &[u8]) -> Option<Vec<u8>> {
    let path = devpath.strip_prefix(b"/")?;
    is_of_device(path).then(|| syspath_below(path))
}

fn syspath_below(path: &[u8]) -> Vec<u8> {
    join(b"/sys", path).to_vec()
}

/// Whether a path below `/sys` stays among the folders of devices.
fn is_of_device(path: &[u8]) -> bool {
    let is_up = |dot: usize| {
        path[..dot].ends_with(b"/") && matches!(path[dot..], [b'.', b'.'] | [b'.', b'.', b'/', ..])
    };
    path.starts_with(b"devices/") && !memchr::memchr_iter(b'.', path).any(is_up)
}

/// A path that was put together. Most have their place in it: paths are made for a moment, one for each file.
pub type Joined = SmallVec<[u8; 256]>;

/// The path `directory/name`.
pub fn join(directory: &[u8], name: &[u8]) -> Joined {
    let mut path = Joined::from_slice(directory);
    path.push(b'/');
    path.extend_from_slice(name);
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
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
        let text = |path: &[u8]| files.read(path).unwrap().unwrap();
        assert_eq!(text(b"/sys/a"), b"text\n");
        assert_eq!(text(b"/sys/link"), b"text\n");
        assert_eq!(text(b"/sys/big").len(), 10_000);
        for size in [0, 7, 5000, 10_000] {
            let start = files.read_start(b"/sys/big", size).unwrap().unwrap();
            assert_eq!(start.len(), size);
        }
        assert_eq!(files.size(b"/sys/big"), Ok(Some(10_000)));
        let target = files.resolve_link(b"/sys/link").unwrap();
        assert_eq!(target.as_deref(), Some(&b"a"[..]));
        assert_eq!(files.entries(b"/sys").unwrap().unwrap().len(), 6);
        let mut links = files.links(b"/sys").unwrap();
        links.sort();
        let names: Vec<_> = links.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names, [&b"dangling"[..], b"link", b"loop", b"out"]);
        assert_eq!(links[1].1, b"a");
    }

    /// Some folders have more names than are read at first, some more than are read at once later.
    #[test]
    fn each_name_of_a_folder_is_told_once() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().as_os_str().as_bytes();
        for count in [1, 40, 100, 1200] {
            for i in std::fs::read_dir(root.path()).unwrap().count()..count {
                let name = format!("a device with a name of some length {i}");
                symlink("/sys/x", root.path().join(name)).unwrap();
            }
            let mut names: Vec<_> = std::fs::read_dir(root.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_vec())
                .collect();
            assert_eq!(names.len(), count);
            assert_eq!(Files::live().entries(folder), Ok(Some(names.clone())));
            let mut links = Files::live().links(folder).unwrap();
            links.sort();
            names.sort();
            let links: Vec<_> = links.into_iter().map(|(name, _)| name).collect();
            assert_eq!(links, names);
        }
    }

    #[test]
    fn what_memory_held_before_is_replaced() {
        let (root, files) = tree();
        let live = root.path().join("sys/a").into_os_string().into_vec();
        for (files, path) in [(files, &b"/sys/a"[..]), (Files::live(), &live)] {
            let mut text = b"something longer than that".to_vec();
            assert_eq!(files.read_to(&mut text, path), Ok(true));
            assert_eq!(text, b"text\n");
            assert_eq!(files.read_to(&mut text, b"/sys/none"), Ok(false));
        }
    }

    #[test]
    fn what_leads_nowhere_or_out_is_missing() {
        let (_root, files) = tree();
        for path in [
            &b"/sys/dangling"[..],
            b"/sys/loop",
            b"/sys/out",
            b"/sys/a/b",
            b"/none",
        ] {
            assert_eq!(files.read(path), Ok(None));
            assert_eq!(files.exists(path), Ok(false));
            assert_eq!(files.resolve_link(path), Ok(None));
            assert_eq!(files.entries(path), Ok(None));
            assert_eq!(files.links(path), Ok(Vec::new()));
        }
        let target = files.read_link(b"/sys/dangling").unwrap();
        assert_eq!(target.as_deref(), Some(&b"gone"[..]));
        assert_eq!(files.read_link(b"/sys/a"), Ok(None));
        assert_eq!(files.read(b"/sys"), Ok(None));
    }

    #[test]
    fn only_a_folder_inside_can_be_looked_into() {
        let (root, files) = tree();
        symlink("/etc", root.path().join("sys/outside")).unwrap();
        symlink(".", root.path().join("sys/same")).unwrap();
        let error = |path: &[u8]| files.look_into(path).unwrap_err();
        assert!(files.look_into(b"/sys").is_ok());
        assert!(files.look_into(b"/sys/same").is_ok());
        assert_eq!(error(b"/none").kind(), io::ErrorKind::NotFound);
        assert_eq!(error(b"/sys/a").kind(), io::ErrorKind::NotADirectory);
        for outside in [&b"/sys/outside"[..], b"/sys/out"] {
            assert_eq!(error(outside).kind(), io::ErrorKind::PermissionDenied);
        }
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
            &b"/devices/a..b"[..],
            b"/devices/..a",
            b"/devices/a../x",
            b"/devices/...",
        ] {
            assert!(syspath(name).is_some());
        }
        for name in [
            &b"/devices/../bus"[..],
            b"/devices/x/..",
            b"/devices/x../../y",
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
        Files::live().write(&path, b"new").unwrap();
        let text = Files::live().read(&path).unwrap();
        assert_eq!(text.as_deref(), Some(&b"new"[..]));
        assert_eq!(
            files.write(b"/sys/a", b"x").unwrap_err().kind(),
            io::ErrorKind::ReadOnlyFilesystem
        );
        let missing = [&path[..], b"-missing"].concat();
        assert_eq!(
            Files::live().write(&missing, b"x").unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
        assert_eq!(Files::live().exists(&missing), Ok(false));
        let full = Files::live().write(b"/dev/full", b"x").unwrap_err();
        assert_eq!(full.raw_os_error(), Some(libc::ENOSPC));
    }

    #[test]
    fn a_short_read_is_no_end() {
        // One read(2) of this file returns only some of the mappings. The last one is in what is read.
        let last = std::fs::read_to_string("/proc/self/maps").unwrap();
        let last = last.lines().last().unwrap().as_bytes().to_vec();
        let tree = Files::tree(Path::new("/proc")).unwrap();
        for (files, path) in [
            (Files::live(), &b"/proc/self/smaps"[..]),
            (tree, b"/self/smaps"),
        ] {
            let smaps = files.read(path).unwrap().unwrap();
            assert!(smaps.len() > 8192);
            assert!(smaps.windows(last.len()).any(|part| part == last));
        }
    }

    #[test]
    fn a_file_without_end_is_none() {
        assert_eq!(Files::live().read(b"/dev/zero"), Ok(None));
        let start = Files::live().read_start(b"/dev/zero", 10).unwrap().unwrap();
        assert_eq!(start.len(), 10);
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
        let read = Files::live().read(path.as_os_str().as_bytes());
        assert_eq!(read, Ok(Some(Vec::new())));
    }
}
