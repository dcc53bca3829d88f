// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The hardware database as `systemd-hwdb update` writes it (hwdb(7)): `hwdb.bin`.
//!
//! The texts from which it is made are not read: libudev answers from this file too, also where a text is newer, and
//! finds a device among ten megabytes by a few short reads.
//!
//! The file is a tree of patterns. All numbers are little-endian, all places counted from the beginning of the file:
//!
//! - the header: `KSLPHHRH`; the version of the program; the sizes of file, header, node, child and value; the place of
//!   the root; the sizes of all nodes and all texts. Each has 8 bytes.
//! - a node: the place of its text; the number of its children (1 byte, then 7 unused); the number of its values; then
//!   the children, each a byte (then 7 unused) and the place of its node; then the values.
//! - a value: the places of key and value and, in newer files, of the name of the file that has it, then the line (4
//!   bytes) and the priority of that file (2 bytes).
//!
//! The texts and bytes on the way from the root to a node are the pattern for its values. A key begins with a blank.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::io::Errno;

use super::pattern::{is_wild, literal_start, matches};
use crate::host::found::retry_interrupted;

/// Where libudev looks for the file: the first that is there counts.
const PLACES: [&str; 5] = [
    "/etc/systemd/hwdb/hwdb.bin",
    "/etc/udev/hwdb.bin",
    "/usr/lib/systemd/hwdb/hwdb.bin",
    "/lib/systemd/hwdb/hwdb.bin",
    "/lib/udev/hwdb.bin",
];

const SIGNATURE: &[u8; 8] = b"KSLPHHRH";
/// The size of the header in bytes, as far as it is used.
const HEADER: usize = 80;
/// The sizes in bytes of a node, of a child, of a value and of one that tells its file: the parts that are used.
const NODE: u64 = 24;
const CHILD: u64 = 16;
const VALUE: u64 = 16;
const VALUE_OF_FILE: u64 = 32;
/// How long a text, or a pattern, may be in bytes.
const LONGEST: usize = 4096;

/// The hardware database.
#[derive(Debug)]
pub struct Hwdb {
    file: File,
    root: u64,
    node_size: u64,
    child_size: u64,
    value_size: u64,
    /// How many nodes there can be.
    nodes: u64,
}

/// A value that was found, and what tells which of two counts.
struct Candidate {
    value_at: u64,
    file: u64,
    line: u32,
    priority: u16,
}

/// A node that is to be looked at.
struct Step {
    /// Where it is.
    at: u64,
    /// The pattern from the root to it, without its own text.
    pattern: Vec<u8>,
}

/// What is to be done next: to look into a node, or at the values of one whose children were seen.
enum Next {
    Node(Step),
    Values { at: u64, count: u64 },
}

/// A file that is not what it should be, as libudev calls it.
fn malformed() -> io::Error {
    Errno::INVAL.into()
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl Hwdb {
    /// Opens the database of the system.
    pub fn open() -> io::Result<Hwdb> {
        for place in PLACES {
            match retry_interrupted(|| File::open(place)) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                file => return Hwdb::of(file?),
            }
        }
        Err(Errno::NOENT.into())
    }

    /// The database in a file.
    pub fn of(file: File) -> io::Result<Hwdb> {
        let size = retry_interrupted(|| file.metadata())?.len();
        let mut header = [0; HEADER];
        read_at(&file, &mut header, 0)?;
        let hwdb = Hwdb {
            file,
            root: u64_at(&header, 56),
            node_size: u64_at(&header, 32),
            child_size: u64_at(&header, 40),
            value_size: u64_at(&header, 48),
            nodes: size / NODE,
        };
        let sizes = [
            (hwdb.node_size, NODE),
            (hwdb.child_size, CHILD),
            (hwdb.value_size, VALUE),
        ];
        // A later version may have added to them; 256 is far more than one has.
        let are_good = sizes
            .iter()
            .all(|&(size, least)| (least..=256).contains(&size));
        match header.starts_with(SIGNATURE) && u64_at(&header, 16) == size && are_good {
            true => Ok(hwdb),
            false => Err(malformed()),
        }
    }

    /// The property `key` of the hardware with this modalias; `None` if the database has none.
    pub fn query(&self, modalias: &str, key: &str) -> io::Result<Option<Vec<u8>>> {
        let mut found: Option<Candidate> = None;
        let root = Step {
            at: self.root,
            pattern: Vec::new(),
        };
        let mut left = self.nodes;
        let mut nexts = vec![Next::Node(root)];
        while let Some(next) = nexts.pop() {
            match next {
                Next::Node(step) => {
                    // In a tree, no node is met twice.
                    left = left.checked_sub(1).ok_or_else(malformed)?;
                    self.look_into(step, modalias.as_bytes(), &mut nexts)?;
                }
                Next::Values { at, count } => {
                    for index in 0..count {
                        let at = offset(at, index, self.value_size)?;
                        let value = self.value(at, key.as_bytes())?;
                        found = better(found, value);
                    }
                }
            }
        }
        found.map(|found| self.text(found.value_at)).transpose()
    }

    /// Adds to `nexts` what a node leads to that may match: the last is to be taken first.
    fn look_into(&self, step: Step, modalias: &[u8], nexts: &mut Vec<Next>) -> io::Result<()> {
        let mut node = [0; NODE as usize];
        read_at(&self.file, &mut node, step.at)?;
        let mut pattern = step.pattern;
        let text_at = u64_at(&node, 0);
        if text_at != 0 {
            pattern.extend(self.text(text_at)?);
        }
        if pattern.len() > LONGEST {
            return Err(malformed());
        }
        if !modalias.starts_with(literal_start(&pattern)) {
            return Ok(());
        }
        let count = u64::from(node[8]);
        let children_at = offset(step.at, 1, self.node_size)?;
        if matches(&pattern, modalias) {
            let at = offset(children_at, count, self.child_size)?;
            let count = u64_at(&node, 16);
            nexts.push(Next::Values { at, count });
        }
        let mut children = vec![0; usize::from(node[8]) * self.child_size as usize];
        read_at(&self.file, &mut children, children_at)?;
        let is_wild_already = literal_start(&pattern).len() < pattern.len();
        let (mut wild, mut others) = (Vec::new(), Vec::new());
        for child in children.chunks_exact(self.child_size as usize) {
            let byte = child[0];
            let mut pattern = pattern.clone();
            pattern.push(byte);
            let at = u64_at(child, 8);
            if modalias.starts_with(literal_start(&pattern)) {
                let is_first = is_wild(byte) && !is_wild_already;
                let list = if is_first { &mut wild } else { &mut others };
                list.push(Next::Node(Step { at, pattern }));
            }
        }
        // libudev takes the wild cards first, so that in files that tell no priority what is exact counts.
        wild.extend(others);
        nexts.extend(wild.into_iter().rev());
        Ok(())
    }

    /// The value at this place if it has the key.
    fn value(&self, at: u64, key: &[u8]) -> io::Result<Option<Candidate>> {
        let mut value = [0; VALUE_OF_FILE as usize];
        let tells_file = self.value_size >= VALUE_OF_FILE;
        let size = if tells_file { VALUE_OF_FILE } else { VALUE };
        read_at(&self.file, &mut value[..size as usize], at)?;
        if self.text(u64_at(&value, 0))?.strip_prefix(b" ") != Some(key) {
            return Ok(None);
        }
        let last = u64_at(&value, 24);
        Ok(Some(Candidate {
            value_at: u64_at(&value, 8),
            file: u64_at(&value, 16),
            line: last as u32,
            priority: (last >> 32) as u16,
        }))
    }

    /// The text at this place, which a NUL ends.
    fn text(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        let mut part = [0; 64];
        while text.len() < LONGEST {
            let at = offset(at, text.len() as u64, 1)?;
            let length = retry_interrupted(|| self.file.read_at(&mut part, at))?;
            let part = &part[..length];
            match part.iter().position(|&b| b == 0) {
                Some(end) => {
                    text.extend(&part[..end]);
                    return Ok(text);
                }
                None if part.is_empty() => break,
                None => text.extend(part),
            }
        }
        Err(malformed())
    }
}

/// The place of the part with this number among parts of one size.
fn offset(at: u64, index: u64, size: u64) -> io::Result<u64> {
    let end = index
        .checked_mul(size)
        .and_then(|size| at.checked_add(size));
    // The kernel takes places below this.
    end.filter(|&end| end <= i64::MAX as u64)
        .ok_or_else(malformed)
}

/// Fills a buffer with what is at this place of the file.
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    let at = offset(at, 0, 0)?;
    match file.read_exact_at(buffer, at) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(malformed()),
        result => result,
    }
}

/// Which of two values of a key counts: that of the file with the higher priority, then that which comes later in it. Older
/// files tell no priority, and have the names of their sources in the order of that. If nothing is told, the later one.
fn better(found: Option<Candidate>, value: Option<Candidate>) -> Option<Candidate> {
    let (Some(old), Some(new)) = (&found, &value) else {
        return value.or(found);
    };
    let is_lower = match new.priority {
        0 => (new.file, new.line) < (old.file, old.line),
        _ => (new.priority, new.line) < (old.priority, old.line),
    };
    if is_lower { found } else { value }
}

#[cfg(test)]
mod tests;
