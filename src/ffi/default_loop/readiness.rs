// SPDX-License-Identifier: LGPL-2.1-or-later
//! Which of some file descriptors are ready, by poll(2).

use std::ffi::c_int;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::sources::Descriptor;
use crate::ffi::constants::virEventHandleType::{
    VIR_EVENT_HANDLE_ERROR, VIR_EVENT_HANDLE_HANGUP, VIR_EVENT_HANDLE_READABLE,
    VIR_EVENT_HANDLE_WRITABLE,
};

/// poll(2)'s names for the bits of `virEventHandleType`.
const BITS: [(c_int, PollFlags); 4] = [
    (VIR_EVENT_HANDLE_READABLE as c_int, PollFlags::IN),
    (VIR_EVENT_HANDLE_WRITABLE as c_int, PollFlags::OUT),
    (VIR_EVENT_HANDLE_ERROR as c_int, PollFlags::ERR),
    (VIR_EVENT_HANDLE_HANGUP as c_int, PollFlags::HUP),
];

/// What poll(2) tells whether or not it was asked for.
pub(super) const ALWAYS: c_int = VIR_EVENT_HANDLE_ERROR as c_int | VIR_EVENT_HANDLE_HANGUP as c_int;

fn to_poll(events: c_int) -> PollFlags {
    let set = BITS.iter().filter(|(bit, _)| events & bit != 0);
    set.map(|(_, flag)| *flag).collect()
}

fn from_poll(flags: PollFlags) -> c_int {
    // A descriptor that is none counts as one with an error.
    let flags = match flags.contains(PollFlags::NVAL) {
        true => flags | PollFlags::ERR,
        false => flags,
    };
    let set = BITS.iter().filter(|(_, flag)| flags.contains(*flag));
    set.fold(0, |events, (bit, _)| events | bit)
}

/// Waits until one of the descriptors, none of which is negative, or `wake` is ready, or the time is over.
/// Tells the bits of each; nothing at all after a signal.
pub(super) fn wait<'a>(
    descriptors: impl Iterator<Item = &'a Descriptor>,
    wake: Option<&OwnedFd>,
    timeout: Option<Duration>,
) -> Vec<c_int> {
    let mut fds: Vec<PollFd<'_>> = descriptors
        .map(|descriptor| {
            // SAFETY: not negative; poll(2) answers POLLNVAL for one that is not open.
            let fd = unsafe { BorrowedFd::borrow_raw(descriptor.fd) };
            PollFd::from_borrowed_fd(fd, to_poll(descriptor.events))
        })
        .collect();
    let count = fds.len();
    if let Some(wake) = wake {
        fds.push(PollFd::new(wake, PollFlags::IN));
    }
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => fds[..count]
            .iter()
            .map(|fd| from_poll(fd.revents()))
            .collect(),
        // Interrupted by a signal: a turn in which nothing happened.
        Err(_) => Vec::new(),
    }
}
