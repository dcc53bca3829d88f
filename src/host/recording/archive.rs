// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A recorded machine as a compressed tar archive.
//!
//! The archive has the entries of each folder in reverse order. Unpacked onto tmpfs, which lists the newest entry
//! first, a folder is then listed in the order in which it was recorded.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Archive, Builder, EntryType, Header};

use super::{Entry, Folder, Recording, components};
use crate::host::gzip::Unpacker;

/// The most that an archive may unpack to, in bytes; it may not be larger itself.
const LIMIT: u64 = 512 << 20;

/// How many times its own size an archive may unpack to. Those of machines come to 64 times; gzip can pack zeros a
/// thousand times smaller.
const RATIO: u64 = 256;

/// What an archive may unpack to however small it is.
const ALWAYS: u64 = 16 << 20;

/// How deeply folders may be nested: functions that call themselves walk through them, on stacks that may be small.
/// Paths of real machines have 20 names.
const DEPTH_LIMIT: usize = 128;

impl Recording {
    /// Reads an archive. Entries that are no folder, file or symbolic link, those that lead out of the archive, and those
    /// with a name or target that nothing can have, are skipped. Fails if the archive is damaged, cut short, too large or
    /// nested too deeply.
    pub fn read_archive(archive: impl Read) -> io::Result<Recording> {
        let mut packed = Vec::new();
        archive.take(LIMIT + 1).read_to_end(&mut packed)?;
        let size = packed.len() as u64;
        if size > LIMIT {
            return Err(too_large("it is larger than", LIMIT));
        }
        let limit = (RATIO * size).clamp(ALWAYS, LIMIT);
        let mut unpacked = Unpacker::new(&packed)?.take(limit + 1);
        let recording = read_unpacked(&mut unpacked);
        match unpacked.limit() {
            0 => Err(too_large("it unpacks to more than", limit)),
            _ => recording,
        }
    }

    /// Writes an archive.
    pub fn write_archive(&self, to: impl Write) -> io::Result<()> {
        let mut builder = Builder::new(GzEncoder::new(to, Compression::default()));
        write_folder(&mut builder, &mut Vec::new(), &self.root)?;
        builder.into_inner()?.finish()?;
        Ok(())
    }
}

fn too_large(what: &str, limit: u64) -> io::Error {
    let text = format!("{what} {} MiB", limit >> 20);
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn read_unpacked(archive: impl Read) -> io::Result<Recording> {
    let mut recording = Recording::default();
    let mut archive = Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path_bytes().into_owned();
        let path: Vec<Vec<u8>> = components(&path).map(<[u8]>::to_vec).collect();
        if path.iter().any(|name| name == b".." || name.contains(&0)) {
            continue;
        }
        if path.len() > DEPTH_LIMIT {
            let text = "folders are nested too deeply";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let what = match entry.header().entry_type() {
            EntryType::Directory => Entry::Folder(Folder::new()),
            EntryType::Symlink => match entry.link_name_bytes() {
                Some(target) if is_target(&target) => Entry::Link(target.into_owned()),
                _ => continue,
            },
            EntryType::Regular | EntryType::Continuous => {
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                Entry::File(content)
            }
            _ => continue,
        };
        recording.put(&path, what);
    }
    read_to_the_end(archive.into_inner())?;
    reverse(&mut recording.root);
    Ok(recording)
}

/// Whether a link can have this target.
fn is_target(target: &[u8]) -> bool {
    !target.is_empty() && !target.contains(&0)
}

/// The checksum is at the end: a download may be cut short. This has a buffer of 8 KiB on the stack, which is not to be
/// there while entries are read; the crate takes 32 KiB for them.
#[inline(never)]
fn read_to_the_end(mut rest: impl Read) -> io::Result<()> {
    io::copy(&mut rest, &mut io::sink()).map(drop)
}

fn reverse(folder: &mut Folder) {
    folder.reverse();
    for entry in folder.values_mut() {
        if let Entry::Folder(entries) = entry {
            reverse(entries);
        }
    }
}

fn write_folder(
    builder: &mut Builder<impl Write>,
    path: &mut Vec<u8>,
    folder: &Folder,
) -> io::Result<()> {
    let length = path.len();
    for (name, entry) in folder.iter().rev() {
        path.extend_from_slice(name);
        write_entry(builder, path, entry)?;
        if let Entry::Folder(entries) = entry {
            path.push(b'/');
            write_folder(builder, path, entries)?;
        }
        path.truncate(length);
    }
    Ok(())
}

/// Writes one entry; of a folder, not what is in it. The header has 512 bytes, which are not to be on the stack once for
/// each folder.
#[inline(never)]
fn write_entry(builder: &mut Builder<impl Write>, path: &[u8], entry: &Entry) -> io::Result<()> {
    let (kind, mode, content) = match entry {
        Entry::Folder(_) => (EntryType::Directory, 0o755, &[][..]),
        Entry::File(content) => (EntryType::Regular, 0o644, &content[..]),
        Entry::Link(_) => (EntryType::Symlink, 0o777, &[][..]),
    };
    let mut header = new_header(kind, mode, content.len());
    // Texts are written as they are: the crate drops what a path can do without, and refuses some.
    if let Entry::Link(target) = entry {
        let field = &mut header.as_old_mut().linkname;
        write_text(builder, field, EntryType::GNULongLink, target)?;
    }
    let field = &mut header.as_old_mut().name;
    write_text(builder, field, EntryType::GNULongName, path)?;
    header.set_cksum();
    builder.append(&header, content)
}

fn new_header(kind: EntryType, mode: u32, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size as u64);
    header
}

/// Writes a text into its field of a header. One for which there is no room is written before that header, as GNU tar does
/// ("././@LongLink").
fn write_text(
    builder: &mut Builder<impl Write>,
    field: &mut [u8; 100],
    kind: EntryType,
    text: &[u8],
) -> io::Result<()> {
    const NAME: &[u8] = b"././@LongLink";
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
    if length == text.len() {
        return Ok(());
    }
    // With the NUL that ends it.
    let mut header = new_header(kind, 0o644, text.len() + 1);
    header.as_old_mut().name[..NAME.len()].copy_from_slice(NAME);
    header.set_cksum();
    builder.append(&header, text.chain(&[0][..]))
}
