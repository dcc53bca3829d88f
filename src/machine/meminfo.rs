// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What memory there is and what it is used for: `/proc/meminfo` (proc_meminfo(5)) and the like of each NUMA cell
//! (kernel: Documentation/ABI/stable/sysfs-devices-node).

use crate::error::Result;
use crate::host::files::Files;
use crate::text;

/// The text of such a file.
#[derive(Debug, Default)]
pub struct Meminfo(pub Vec<u8>);

/// Of the whole machine.
pub fn of_machine(files: &Files) -> Result<Meminfo> {
    Ok(Meminfo(files.read(b"/proc/meminfo")?.unwrap_or_default()))
}

impl Meminfo {
    /// The value of a line, in KiB; 0 where it is missing. A cell's lines begin with `Node` and its number.
    pub fn kib(&self, key: &str) -> u64 {
        let value = |line: &[u8]| {
            let colon = line.iter().position(|&b| b == b':')?;
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            let name = name.rsplit(|&b| b == b' ').next()?;
            let number = value.strip_suffix(b" kB")?;
            (name == key.as_bytes()).then(|| text::parse_u64(number, 10))?
        };
        let mut lines = self.0.split(|&b| b == b'\n');
        lines.find_map(value).unwrap_or(0)
    }
}
