// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! New UUIDs, which the kernel makes (random(4)).

use super::files::Files;
use crate::error::{Code, Error, Result};
use crate::text;
use crate::text::uuid::normalise_uuid;

/// The file that has another random UUID each time it is read.
const NEW_UUID: &[u8] = b"/proc/sys/kernel/random/uuid";

/// A new random UUID, in lower case with hyphens. Code 1 if the file has none, as in recorded trees; code 38 if it
/// cannot be read.
pub fn new_uuid(files: &Files) -> Result<String> {
    let path = text::clean(NEW_UUID);
    let uuid = files.read(NEW_UUID)?.unwrap_or_default();
    normalise_uuid(&text::clean(&uuid))
        .ok_or_else(|| Error::new(Code::InternalError, format!("{path} has no UUID")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_uuids_differ() {
        assert_ne!(
            new_uuid(&Files::live()).unwrap(),
            new_uuid(&Files::live()).unwrap()
        );
    }
}
