// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Unpacks gzip files (RFC 1952), with all large data on the heap, because threads may have little stack.
//!
//! flate2's readers take too much: with miniz_oxide they build 43 KiB of state on the stack before they move it to the
//! heap, with zlib-rs each check sum copies a table of 8 KiB there. So the decompressor is called directly, and the headers
//! and trailers around the compressed data are read here.

use std::io::{self, Read};

use crc32fast::Hasher;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_IGNORE_ADLER32;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// The first bytes of a member: the magic number, and the method "deflate".
pub const MAGIC: &[u8] = b"\x1f\x8b\x08";

/// How much is unpacked at a time, in bytes. Data may repeat what is up to 32 KiB before them (RFC 1951), and the
/// decompressor needs a power of two.
const WINDOW: usize = 64 << 10;

/// Bits of a member's flags.
const HEADER_CHECKSUM: u8 = 1 << 1;
const EXTRA_FIELD: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;

/// Reads the content of a gzip file, which is that of its members one after the other. A file that is cut short or
/// damaged gives an error.
pub struct Unpacker<'a> {
    packed: &'a [u8],
    decompressor: Box<DecompressorOxide>,
    window: Vec<u8>,
    /// The part of the window that has been unpacked and not read yet.
    unread: std::ops::Range<usize>,
    is_in_member: bool,
    checksum: Hasher,
    /// How many bytes the member has unpacked to so far, modulo 2^32.
    length: u32,
}

impl<'a> Unpacker<'a> {
    pub fn new(packed: &'a [u8]) -> io::Result<Unpacker<'a>> {
        let mut unpacker = Unpacker {
            packed,
            decompressor: Box::default(),
            window: vec![0; WINDOW],
            unread: 0..0,
            is_in_member: false,
            checksum: Hasher::new(),
            length: 0,
        };
        unpacker.start_member()?;
        Ok(unpacker)
    }

    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self
            .packed
            .split_at_checked(length)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        self.packed = rest;
        Ok(taken)
    }

    /// Reads the header of a member.
    fn start_member(&mut self) -> io::Result<()> {
        let &[m0, m1, m2, flags, ..] = self.take(10)? else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if [m0, m1, m2] != MAGIC {
            return Err(wrong("not packed by gzip"));
        }
        if flags & EXTRA_FIELD != 0 {
            let length = self.take(2)?;
            self.take(usize::from(length[0]) | usize::from(length[1]) << 8)?;
        }
        for text in [NAME, COMMENT] {
            if flags & text != 0 {
                let length = self.packed.iter().position(|&b| b == 0);
                self.take(length.ok_or(io::ErrorKind::UnexpectedEof)? + 1)?;
            }
        }
        if flags & HEADER_CHECKSUM != 0 {
            self.take(2)?;
        }
        self.decompressor.init();
        self.checksum.reset();
        self.length = 0;
        self.is_in_member = true;
        Ok(())
    }

    /// Checks the trailer of a member, which has the checksum and the length.
    fn end_member(&mut self) -> io::Result<()> {
        let checksum = self.checksum.clone().finalize();
        let expected = [checksum, self.length].map(u32::to_le_bytes);
        if self.take(8)? != expected.as_flattened() {
            return Err(wrong("the check sum is another one"));
        }
        self.is_in_member = false;
        Ok(())
    }

    /// Unpacks the next data into the window; nothing at the end of a member.
    fn unpack(&mut self) -> io::Result<()> {
        let start = self.unread.end % WINDOW;
        let (status, consumed, produced) = decompress(
            &mut self.decompressor,
            self.packed,
            &mut self.window,
            start,
            TINFL_FLAG_IGNORE_ADLER32,
        );
        self.packed = &self.packed[consumed..];
        self.unread = start..start + produced;
        self.checksum.update(&self.window[self.unread.clone()]);
        self.length = self.length.wrapping_add(produced as u32);
        match status {
            TINFLStatus::Done => self.end_member(),
            TINFLStatus::HasMoreOutput => Ok(()),
            TINFLStatus::FailedCannotMakeProgress => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Err(wrong("damaged")),
        }
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Read for Unpacker<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.unread.is_empty() {
            match self.is_in_member {
                true => self.unpack()?,
                false if self.packed.is_empty() => return Ok(0),
                false => self.start_member()?,
            }
        }
        let length = (&self.window[self.unread.clone()]).read(buffer)?;
        self.unread.start += length;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};

    use super::*;

    fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut unpacked = Vec::new();
        Unpacker::new(packed)?.read_to_end(&mut unpacked)?;
        Ok(unpacked)
    }

    /// Text that repeats itself over long distances, with noise between.
    fn text(length: usize) -> Vec<u8> {
        let mut noise = 1u32;
        (0..length)
            .map(|i| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                match i % 40_000 < 30_000 {
                    true => (i % 251) as u8,
                    false => (noise >> 24) as u8,
                }
            })
            .collect()
    }

    fn gzip(text: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_comes_back() {
        for length in [0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW, 1_000_000] {
            for level in [0, 1, 9] {
                let text = text(length);
                assert_eq!(unpack(&gzip(&text, level)).unwrap(), text, "{length}");
            }
        }
        let (one, two) = (text(100_000), text(7));
        let members = [gzip(&one, 6), gzip(b"", 6), gzip(&two, 6)].concat();
        assert_eq!(unpack(&members).unwrap(), [one, two].concat());
    }

    /// Files of gzip(1), which puts the file's name into the header.
    #[test]
    fn of_the_program_too() {
        let text = text(300_000);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a file");
        std::fs::write(&path, &text).unwrap();
        let packed = Command::new("gzip").arg("-9c").arg(&path).output().unwrap();
        assert!(packed.stdout.windows(7).any(|part| part == b"a file\0"));
        assert_eq!(unpack(&packed.stdout).unwrap(), text);
        let mut program = Command::new("gzip")
            .arg("-dc")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        drop(program.stdin.take());
        assert!(
            !program.wait().unwrap().success(),
            "nothing is an error for it, too"
        );
        assert!(unpack(b"").is_err());
    }

    #[test]
    fn headers_may_hold_more() {
        // A part of the extra field would be taken for the name and the comment.
        let builder = GzBuilder::new()
            .extra(vec![0; 300])
            .filename("name")
            .comment("comment");
        let mut encoder = builder.write(Vec::new(), Compression::fast());
        encoder.write_all(b"text").unwrap();
        let packed = encoder.finish().unwrap();
        assert_eq!(unpack(&packed).unwrap(), b"text");
        for length in 0..packed.len() {
            assert!(unpack(&packed[..length]).is_err(), "cut to {length}");
        }
        // With a checksum of the header, which is skipped.
        let mut packed = gzip(b"text", 6);
        packed[3] |= HEADER_CHECKSUM;
        packed.splice(10..10, [1, 2]);
        assert_eq!(unpack(&packed).unwrap(), b"text");
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let text = text(1000);
        let packed = gzip(&text, 6);
        for at in 0..packed.len() {
            for bit in 0..8 {
                let mut packed = packed.clone();
                packed[at] ^= 1 << bit;
                // Some bits do not concern the text: time, system, those behind the last code.
                assert!(
                    unpack(&packed).map_or(true, |unpacked| unpacked == text),
                    "{at}"
                );
            }
        }
        assert!(unpack(&[&packed[..], b"x"].concat()).is_err());
        assert!(unpack(b"\x1f\x8b\x08 is plain text").is_err());
    }
}
