// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Names of node devices: `PREFIX_SYSNAME`, of characters that need no quoting in shells and URIs.

use std::ffi::CStr;
use std::sync::Arc;

use smallvec::SmallVec;

/// The name of a node device, shared by the registry and every handle on the device.
pub type Name = Arc<CStr>;

/// What stands in a name for each byte: itself if it is one of `[A-Za-z0-9]`, else `_`.
const IN_NAMES: [u8; 256] = {
    let mut table = [b'_'; 256];
    let mut byte = 0;
    while byte < 256 {
        if (byte as u8).is_ascii_alphanumeric() {
            table[byte] = byte as u8;
        }
        byte += 1;
    }
    table
};

/// Appends `part` in the bytes that names can have.
fn sanitise_into(name: &mut SmallVec<[u8; 128]>, part: &[u8]) {
    let start = name.len();
    name.extend_from_slice(part);
    for b in &mut name[start..] {
        *b = IN_NAMES[usize::from(*b)];
    }
}

/// A device name: `prefix_sysname` or `prefix_sysname_suffix`, sanitised byte by byte.
pub fn device_name(prefix: &[u8], sysname: &[u8], suffix: Option<&[u8]>) -> Name {
    let mut name = SmallVec::new();
    sanitise_into(&mut name, prefix);
    name.push(b'_');
    sanitise_into(&mut name, sysname);
    if let Some(suffix) = suffix {
        name.push(b'_');
        sanitise_into(&mut name, suffix);
    }
    name.push(b'\0');
    // No part has a NUL.
    CStr::from_bytes_with_nul(&name).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sanitised_byte_by_byte() {
        let name = device_name(b"net", "é0".as_bytes(), Some(b"00:11"));
        assert_eq!(name.to_str().unwrap(), "net___0_00_11");
        let name = device_name(b"block", b"cciss/c0d0", None);
        assert_eq!(name.to_str().unwrap(), "block_cciss_c0d0");
    }
}
