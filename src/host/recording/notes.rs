// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Notes of what is read of a host, for a recording.

use std::io;
use std::sync::{Mutex, PoisonError};

/// What was read at one path.
#[derive(Debug)]
pub enum Note {
    /// The content of a file, or its start.
    Content(Vec<u8>),
    /// The size of a file, in bytes.
    Size(u64),
    /// The names in a folder, in order.
    Names(Vec<Vec<u8>>),
    /// The target of a link.
    Link(Vec<u8>),
    /// The path leads to something, which was not read.
    Exists,
    /// The file could not be read.
    Unreadable,
}

/// Notes, each with its path. What is missing is not noted.
#[derive(Debug, Default)]
pub struct Notes(Mutex<Vec<(Vec<u8>, Note)>>);

impl Notes {
    fn add(&self, path: &[u8], note: Note) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push((path.to_vec(), note));
    }

    /// Notes the content of a file, or that it could not be read, and returns the result.
    pub fn content(&self, path: &[u8], read: io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
        match &read {
            Ok(content) => self.add(path, Note::Content(content.clone())),
            Err(_) => self.add(path, Note::Unreadable),
        }
        read
    }

    /// Notes the size of a file.
    pub fn size(&self, path: &[u8], size: u64) {
        self.add(path, Note::Size(size));
    }

    /// Notes the names in a folder.
    pub fn names(&self, path: &[u8], names: &[Vec<u8>]) {
        self.add(path, Note::Names(names.to_vec()));
    }

    /// Notes the target of a link.
    pub fn link(&self, path: &[u8], target: &[u8]) {
        self.add(path, Note::Link(target.to_vec()));
    }

    /// Notes that a path leads to something.
    pub fn exists(&self, path: &[u8]) {
        self.add(path, Note::Exists);
    }

    /// All notes, in order, each with its path.
    pub fn into_inner(self) -> Vec<(Vec<u8>, Note)> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
