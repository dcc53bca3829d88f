// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The places in which files are looked up, and the system calls for it. [`super::files::Files`] tells what their
//! errors mean.

use std::ffi::{CStr, OsStr};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use once_cell::sync::OnceCell;
use rustix::buffer::spare_capacity;
use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, RawDir, StatFs, fstatfs, openat, readlinkat, readlinkat_raw,
    statat, statfs,
};
use rustix::io::{Errno, read, retry_on_intr};
use rustix::path::Arg;

use super::found::{answer_of_driver, retry_interrupted};
use super::recording::notes::Notes;
use super::recording::{Found, Recording};

/// The most that is read of one file, in bytes. An attribute fits a page; VPD, the largest binary file, has 32 KiB.
pub const LIMIT: usize = 4 << 20;

/// The size of the first read(2), in bytes: enough for a whole attribute of sysfs.
const PAGE: usize = 4096;

/// Enough bytes for almost every link of sysfs; a longer one is read into memory that grows.
const SHORT_LINK: usize = 256;

/// How much room getdents64(2) is given for names, in bytes: on the stack at first, which is enough for most folders of
/// devices, and then on the heap.
const FEW_NAMES: usize = 2 << 10;
const NAMES: usize = 32 << 10;

/// File systems of the kernel's own, in memory and on disks, by their numbers (statfs(2)): sysfs, tmpfs, ext2 to ext4,
/// XFS, Btrfs.
const LOCAL: [u32; 5] = [0x6265_6572, 0x0102_1994, 0xef53, 0x5846_5342, 0x9123_683e];

/// Whether the files are on a file system of [`LOCAL`], looked up once.
type IsLocal = OnceCell<bool>;

/// The folders of the running system that can be on such a file system. Elsewhere, in /proc above all, one read(2) may
/// return a part of the file.
const PLACES: [&str; 2] = ["/sys/", "/run/udev/"];

/// Where files are looked up, by the same absolute paths: `/sys/…`, `/run/udev/…`.
///
/// Interrupted calls are made again. A file is read until read(2) returns nothing, because FUSE and network file
/// systems may return less than was asked for before the end. On the file systems of [`LOCAL`], a short read that ends
/// with a newline is taken as the end.
#[derive(Debug)]
pub enum Source {
    /// The running system, with what is known of [`PLACES`].
    Live([IsLocal; PLACES.len()]),
    /// A recorded tree; links that lead out of it are not followed.
    Tree(Dir, IsLocal),
    /// A recording in memory, read from an archive.
    Recording(Recording),
    /// Another source, with notes taken of all that is read.
    Noted(Box<Source>, Notes),
}

/// Is given an entry of a folder: its name, and its target as a link or the error of reading that.
pub type TakeLink<'a> = &'a mut dyn FnMut(&[u8], io::Result<&[u8]>);

impl Source {
    /// The same files, with notes taken of all that is read from then on.
    pub fn noted(&self) -> io::Result<Source> {
        let files = match self {
            Source::Live(places) => Source::Live(places.clone()),
            Source::Tree(dir, whole) => {
                Source::Tree(retry_interrupted(|| dir.try_clone())?, whole.clone())
            }
            Source::Recording(recording) => Source::Recording(recording.clone()),
            Source::Noted(files, _) => return files.noted(),
        };
        Ok(Source::Noted(Box::new(files), Notes::default()))
    }

    /// Whether this is the running system.
    pub fn is_live(&self) -> bool {
        match self {
            Source::Live(_) => true,
            Source::Tree(..) | Source::Recording(_) => false,
            Source::Noted(files, _) => files.is_live(),
        }
    }

    /// Opens a file for reading; EOPNOTSUPP for a recording in memory.
    pub fn open(&self, path: &[u8]) -> io::Result<OwnedFd> {
        // O_NONBLOCK: a FIFO in place of an attribute must not stop the caller.
        match self {
            Source::Live(_) => {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
                Ok(retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))?)
            }
            Source::Tree(dir, _) => {
                let mut options = OpenOptions::new();
                options.read(true).custom_flags(libc::O_NONBLOCK);
                let file = retry_interrupted(|| dir.open_with(inside(path), &options))?;
                Ok(file.into_std().into())
            }
            Source::Recording(_) => Err(Errno::OPNOTSUPP.into()),
            Source::Noted(files, _) => files.open(path),
        }
    }

    /// The whole content of a file; one larger than [`LIMIT`] is an error (EFBIG).
    pub fn read(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Source::Noted(files, notes) => notes.content(path, files.read(path)),
            Source::Live(_) | Source::Tree(..) | Source::Recording(_) => {
                let mut text = Vec::new();
                self.read_to(&mut text, path)?;
                Ok(text)
            }
        }
    }

    /// The same, in place of what was in `text`.
    pub fn read_to(&self, text: &mut Vec<u8>, path: &[u8]) -> io::Result<()> {
        text.clear();
        match self {
            Source::Recording(recording) => text.extend_from_slice(recording.read(path)?),
            Source::Noted(..) => *text = self.read(path)?,
            Source::Live(_) | Source::Tree(..) => self.read_into(text, path, LIMIT + 1)?,
        }
        match text.len() > LIMIT {
            true => Err(Errno::FBIG.into()),
            false => Ok(()),
        }
    }

    /// At most the first `limit` bytes of a file; fewer if the kernel refuses to give the rest (ENODATA).
    pub fn read_start(&self, path: &[u8], limit: usize) -> io::Result<Vec<u8>> {
        match self {
            Source::Recording(recording) => {
                let content = recording.read(path)?;
                Ok(content[..limit.min(content.len())].to_vec())
            }
            Source::Noted(files, notes) => notes.content(path, files.read_start(path, limit)),
            Source::Live(_) | Source::Tree(..) => {
                let mut start = Vec::new();
                match self.read_into(&mut start, path, limit) {
                    Err(e) if start.is_empty() || e.raw_os_error() != Some(libc::ENODATA) => Err(e),
                    _ => Ok(start),
                }
            }
        }
    }

    /// Reads to the end of a file, or up to so many bytes.
    fn read_into(&self, text: &mut Vec<u8>, path: &[u8], limit: usize) -> io::Result<()> {
        let fd = self.open(path)?;
        let is_attribute = self.is_live() && path.starts_with(b"/sys/");
        let ask = |read: &mut dyn FnMut() -> rustix::io::Result<usize>| match is_attribute {
            true => answer_of_driver(read),
            false => retry_on_intr(read),
        };
        let mut page = [MaybeUninit::uninit(); PAGE];
        while text.len() < limit {
            let n;
            let room;
            if text.len() < PAGE {
                // Most files end within a page. Read there first, they take no more memory than they have bytes.
                let page = &mut page[..PAGE.min(limit) - text.len()];
                room = page.len();
                n = ask(&mut || {
                    let (start, _) = read(&fd, &mut *page)?;
                    text.extend_from_slice(start);
                    Ok(start.len())
                })?;
            } else {
                if text.len() == text.capacity() {
                    text.reserve_exact(text.len().min(limit - text.len()));
                }
                room = text.capacity() - text.len();
                n = ask(&mut || read(&fd, spare_capacity(text)))?;
            }
            if n == 0 || (n < room && text.ends_with(b"\n") && self.reads_whole(path)) {
                break;
            }
        }
        text.truncate(limit);
        Ok(())
    }

    /// Whether a file is on a file system whose read(2) returns less than was asked for only at the end of the file.
    fn reads_whole(&self, path: &[u8]) -> bool {
        match self {
            Source::Live(known) => PLACES.iter().zip(known).any(|(place, whole)| {
                path.starts_with(place.as_bytes())
                    && *whole.get_or_init(|| is_local(statfs(*place)))
            }),
            Source::Tree(dir, whole) => *whole.get_or_init(|| is_local(fstatfs(dir))),
            Source::Recording(_) | Source::Noted(..) => false,
        }
    }

    /// The target of a symbolic link.
    pub fn read_link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Source::Live(_) => link_at(CWD, path),
            Source::Tree(dir, _) => link_in(dir, inside(path)),
            Source::Recording(recording) => Ok(recording.read_link(path)?.to_vec()),
            Source::Noted(files, notes) => {
                let target = files.read_link(path)?;
                notes.link(path, &target);
                Ok(target)
            }
        }
    }

    /// Looks for what a path leads to; links are followed.
    pub fn look_up(&self, path: &[u8]) -> io::Result<()> {
        match self {
            Source::Live(_) => {
                retry_on_intr(|| statat(CWD, path, AtFlags::empty()))?;
            }
            Source::Tree(dir, _) => {
                retry_interrupted(|| dir.metadata(inside(path)))?;
            }
            Source::Recording(recording) => {
                recording.find(path, true)?;
            }
            Source::Noted(files, notes) => {
                files.look_up(path)?;
                notes.exists(path);
            }
        }
        Ok(())
    }

    /// The size of a file in bytes.
    pub fn size(&self, path: &[u8]) -> io::Result<u64> {
        match self {
            Source::Live(_) => {
                let stat = retry_on_intr(|| statat(CWD, path, AtFlags::empty()))?;
                Ok(u64::try_from(stat.st_size).unwrap_or(0))
            }
            Source::Tree(dir, _) => Ok(retry_interrupted(|| dir.metadata(inside(path)))?.len()),
            Source::Recording(recording) => match recording.find(path, true)? {
                Found::File(content) => Ok(content.len() as u64),
                Found::Folder(_) | Found::Link(_) => Err(Errno::ISDIR.into()),
            },
            Source::Noted(files, notes) => {
                let size = files.size(path)?;
                notes.size(path, size);
                Ok(size)
            }
        }
    }

    /// Looks for a folder whose names may be read.
    pub fn look_into(&self, path: &[u8]) -> io::Result<()> {
        match self {
            Source::Tree(dir, _) => {
                // Opened like a file: cap-std opens folders without asking whether they may be read.
                let mut options = OpenOptions::new();
                options.read(true).custom_flags(libc::O_DIRECTORY);
                retry_interrupted(|| dir.open_with(inside(path), &options)).map(drop)
            }
            Source::Live(_) | Source::Recording(_) | Source::Noted(..) => {
                self.entries(path).map(drop)
            }
        }
    }

    /// The names in a folder, in the order in which the file system lists them.
    pub fn entries(&self, path: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        match self {
            Source::Live(_) => {
                let mut names = Vec::new();
                each_name(path, &mut |_, name| names.push(name.to_bytes().to_vec()))?;
                Ok(names)
            }
            Source::Tree(dir, _) => retry_interrupted(|| names_in(&dir.open_dir(inside(path))?)),
            Source::Recording(recording) => recording.names(path),
            Source::Noted(files, notes) => {
                let names = files.entries(path)?;
                notes.names(path, &names);
                Ok(names)
            }
        }
    }

    /// Calls `take` for the entries of a folder in the same order, each with its target as a link. The folder is opened
    /// once for all of them.
    pub fn each_link(&self, path: &[u8], take: TakeLink<'_>) -> io::Result<()> {
        match self {
            Source::Live(_) => each_name(path, &mut |folder, name| {
                take_link_at(folder, name, &mut |target| take(name.to_bytes(), target));
            }),
            Source::Tree(dir, _) => {
                let folder = retry_interrupted(|| dir.open_dir(inside(path)))?;
                for name in retry_interrupted(|| names_in(&folder))? {
                    give(take, &name, link_in(&folder, inside(&name)));
                }
                Ok(())
            }
            Source::Recording(_) | Source::Noted(..) => {
                for name in self.entries(path)? {
                    let target = self.read_link(&[path, b"/", &name].concat());
                    give(take, &name, target);
                }
                Ok(())
            }
        }
    }
}

fn is_local(found: rustix::io::Result<StatFs>) -> bool {
    // The numbers have 32 bits, in a field that is signed on some architectures.
    found.is_ok_and(|found| LOCAL.contains(&(found.f_type as u32)))
}

/// Calls `take` for each name in a folder of the running system, with the folder.
fn each_name(path: &[u8], take: &mut dyn FnMut(BorrowedFd<'_>, &CStr)) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))?;
    let mut few = [MaybeUninit::uninit(); FEW_NAMES];
    // The second time, nothing is left where the first was enough.
    if take_names(folder.as_fd(), &mut few, 2, take)? {
        return Ok(());
    }
    let mut room = Vec::with_capacity(NAMES);
    take_names(folder.as_fd(), room.spare_capacity_mut(), usize::MAX, take)?;
    Ok(())
}

/// Calls `take` for each name that is read from a folder in at most so many times. Returns whether these are all.
fn take_names(
    folder: BorrowedFd<'_>,
    room: &mut [MaybeUninit<u8>],
    times: usize,
    take: &mut dyn FnMut(BorrowedFd<'_>, &CStr),
) -> io::Result<bool> {
    let mut entries = RawDir::new(folder, room);
    let mut reads = 0;
    loop {
        if entries.is_buffer_empty() {
            if reads == times {
                return Ok(false);
            }
            reads += 1;
        }
        let entry = match entries.next() {
            Some(Ok(entry)) => entry,
            Some(Err(Errno::INTR)) => continue,
            // The second: the folder was removed.
            None | Some(Err(Errno::NOENT)) => return Ok(true),
            Some(Err(e)) => return Err(e.into()),
        };
        let name = entry.file_name();
        if name != c"." && name != c".." {
            take(folder, name);
        }
    }
}

/// The target of a link of the running system.
fn link_at(folder: BorrowedFd<'_>, path: impl Arg + Copy) -> io::Result<Vec<u8>> {
    let mut found = Ok(Vec::new());
    take_link_at(folder, path, &mut |target| {
        found = target.map(<[u8]>::to_vec)
    });
    found
}

/// Calls `take` once, with the target of a link of the running system or the error of reading that.
fn take_link_at(
    folder: BorrowedFd<'_>,
    path: impl Arg + Copy,
    take: &mut dyn FnMut(io::Result<&[u8]>),
) {
    let mut short = [MaybeUninit::uninit(); SHORT_LINK];
    let is_taken = retry_on_intr(|| {
        let (target, rest) = readlinkat_raw(folder, path, &mut short)?;
        if rest.is_empty() {
            return Ok(false);
        }
        take(Ok(target));
        Ok(true)
    });
    match is_taken {
        Ok(true) => {}
        Ok(false) => match retry_on_intr(|| readlinkat(folder, path, Vec::new())) {
            Ok(target) => take(Ok(target.to_bytes())),
            Err(e) => take(Err(e.into())),
        },
        Err(e) => take(Err(e.into())),
    }
}

/// Calls `take` with what was read of a link.
fn give(take: TakeLink<'_>, name: &[u8], target: io::Result<Vec<u8>>) {
    match target {
        Ok(target) => take(name, Ok(&target)),
        Err(e) => take(name, Err(e)),
    }
}

fn names_in(folder: &Dir) -> io::Result<Vec<Vec<u8>>> {
    folder
        .entries()?
        .map(|entry| Ok(entry?.file_name().into_vec()))
        .collect()
}

fn link_in(folder: &Dir, path: &Path) -> io::Result<Vec<u8>> {
    let target = retry_interrupted(|| folder.read_link_contents(path))?;
    Ok(target.into_os_string().into_vec())
}

/// The path relative to the root of a recorded tree.
fn inside(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)))
}
