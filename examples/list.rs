// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Lists this host's devices and what they are.
use virnodedev::Host;

fn main() -> Result<(), virnodedev::Error> {
    for device in Host::local()?.devices()? {
        println!("{}: {}", device.name(), device.capabilities()?.join(", "));
    }
    Ok(())
}
