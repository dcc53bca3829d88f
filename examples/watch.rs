// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Prints what comes and goes.
use rustix::event::{PollFd, PollFlags, poll};
use virnodedev::Host;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host = Host::local()?;
    host.keep_events()?;
    let fd = host.event_fd()?;
    loop {
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], None)?;
        for event in host.take_events()? {
            println!("{} {:?}", event.name(), event.change());
        }
    }
}
