// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The file systems that are mounted for this process (proc_pid_mountinfo(5)).

use super::files::Files;
use crate::error::Result;

/// A mounted file system.
#[derive(Debug)]
pub struct Mount {
    /// The number of its device, `8:1`.
    pub number: Vec<u8>,
    /// The file of its device. File systems on more than one have a number of their own.
    pub source: Vec<u8>,
    /// Where it is mounted.
    pub point: Vec<u8>,
}

impl Mount {
    /// Reads a line of `mountinfo`.
    fn parse(line: &[u8]) -> Option<Mount> {
        let mut words = line.split(|&b| b == b' ');
        let number = words.by_ref().nth(2)?.to_vec();
        let point = unescaped(words.by_ref().nth(1)?);
        // A hyphen ends the optional fields; type and source follow.
        words.by_ref().find(|word| *word == b"-")?;
        let source = unescaped(words.nth(1)?);
        Some(Mount {
            number,
            source,
            point,
        })
    }
}

/// All that are mounted.
pub fn mounts(files: &Files) -> Result<Vec<Mount>> {
    let text = files.read(b"/proc/self/mountinfo")?.unwrap_or_default();
    let lines = text.split(|&b| b == b'\n');
    Ok(lines.filter_map(Mount::parse).collect())
}

/// The text without the octal escapes `\040` of the kernel.
pub fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| first == b'\\');
        let byte = digits.and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        });
        plain.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[3..] } else { after };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read() {
        let line =
            b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        let mount = Mount::parse(line).unwrap();
        assert_eq!(mount.number, b"98:0");
        assert_eq!(mount.point, b"/mnt 2");
        assert_eq!(mount.source, b"/dev/root");
        for bad in [
            &b""[..],
            b"36 35 98:0 /",
            b"36 35 98:0 / / rw ext3 /dev/root",
        ] {
            assert!(Mount::parse(bad).is_none());
        }
        assert_eq!(unescaped(b"a\\04"), b"a\\04");
    }
}
