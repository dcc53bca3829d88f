// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A recorded machine in memory: folders, files and links below one root.

mod archive;
pub mod builder;
pub mod notes;

use std::io;

use indexmap::IndexMap;
use rustix::io::Errno;

/// The entries of a folder by name, in the order in which they are listed.
pub type Folder = IndexMap<Vec<u8>, Entry>;

/// How many links a path may lead through, as in the kernel (path_resolution(7)).
pub const LINK_LIMIT: usize = 40;

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Folder(Folder),
    /// A file, with its content.
    File(Vec<u8>),
    /// A symbolic link, with its target.
    Link(Vec<u8>),
}

/// A recorded machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    /// The root folder.
    pub root: Folder,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy)]
pub enum Found<'a> {
    /// A folder.
    Folder(&'a Folder),
    /// A file, with its content.
    File(&'a [u8]),
    /// A symbolic link that was not to be followed, with its target.
    Link(&'a [u8]),
}

impl Recording {
    /// The folder with this path, which is made if it is missing; `None` if something on the path is no folder. Links
    /// are not followed.
    pub fn folder(&mut self, path: &[Vec<u8>]) -> Option<&mut Folder> {
        let mut folder = &mut self.root;
        for name in path {
            let entry = folder.entry(name.clone());
            match entry.or_insert_with(|| Entry::Folder(Folder::new())) {
                Entry::Folder(entries) => folder = entries,
                Entry::File(_) | Entry::Link(_) => return None,
            }
        }
        Some(folder)
    }

    /// Adds an entry at this path, unless there is one already or something on the path is no folder.
    pub fn put(&mut self, path: &[Vec<u8>], what: Entry) {
        if let Some((name, above)) = path.split_last() {
            if let Some(folder) = self.folder(above) {
                folder.entry(name.clone()).or_insert(what);
            }
        }
    }

    /// What a path leads to; a link in its last component is followed if `to_end`. ENOENT if there is nothing, EPERM if
    /// a link leads out of the recording.
    pub fn find(&self, path: &[u8], to_end: bool) -> io::Result<Found<'_>> {
        let mut above = vec![&self.root];
        let mut rest: Vec<&[u8]> = components(path).rev().collect();
        let mut links = 0;
        while let Some(name) = rest.pop() {
            let Some(folder) = above.last() else {
                return Err(Errno::PERM.into());
            };
            if name == b".." {
                above.pop();
                continue;
            }
            match folder.get(name).ok_or(Errno::NOENT)? {
                Entry::Folder(entries) => above.push(entries),
                Entry::File(content) if rest.is_empty() => return Ok(Found::File(content)),
                Entry::File(_) => return Err(Errno::NOTDIR.into()),
                Entry::Link(target) if rest.is_empty() && !to_end => {
                    return Ok(Found::Link(target));
                }
                Entry::Link(target) => {
                    links += 1;
                    if links > LINK_LIMIT {
                        return Err(Errno::LOOP.into());
                    }
                    if target.starts_with(b"/") {
                        return Err(Errno::PERM.into());
                    }
                    rest.extend(components(target).rev());
                }
            }
        }
        above
            .last()
            .map(|folder| Found::Folder(folder))
            .ok_or(Errno::PERM.into())
    }

    /// The content of a file.
    pub fn read(&self, path: &[u8]) -> io::Result<&[u8]> {
        match self.find(path, true)? {
            Found::File(content) => Ok(content),
            Found::Folder(_) | Found::Link(_) => Err(Errno::ISDIR.into()),
        }
    }

    /// The target of a link; EINVAL for anything else.
    pub fn read_link(&self, path: &[u8]) -> io::Result<&[u8]> {
        match self.find(path, false)? {
            Found::Link(target) => Ok(target),
            Found::Folder(_) | Found::File(_) => Err(Errno::INVAL.into()),
        }
    }

    /// The names in a folder, in order.
    pub fn names(&self, path: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        match self.find(path, true)? {
            Found::Folder(entries) => Ok(entries.keys().cloned().collect()),
            Found::File(_) | Found::Link(_) => Err(Errno::NOTDIR.into()),
        }
    }
}

/// The names that a path consists of.
pub fn components(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&b| b == b'/')
        .filter(|name| !name.is_empty() && *name != b".")
}

#[cfg(test)]
mod tests;
