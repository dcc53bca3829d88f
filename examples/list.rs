// SPDX-License-Identifier: LGPL-2.1-or-later
//! Lists this host's devices and what they are.
use virnodedev::Host;

fn main() -> Result<(), virnodedev::Error> {
    for device in Host::local()?.devices()? {
        println!("{}: {}", device.name(), device.capabilities()?.join(", "));
    }
    Ok(())
}
