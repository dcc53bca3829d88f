// SPDX-License-Identifier: LGPL-2.1-or-later
//! The test driver: devices that exist on paper only.

use std::path::Path;

use crate::device::Device;
use crate::error::{Code, Error, Result};

/// The devices of `test:///default`.
pub fn default_devices() -> Result<Vec<Device>> {
    Err(Error::bare(Code::NoSupport))
}

/// The devices of a test driver file, whose `<node>` holds `<device>` elements.
pub fn devices_of_file(_path: &Path) -> Result<Vec<Device>> {
    Err(Error::bare(Code::NoSupport))
}
