// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Asks by ppoll(2) which file descriptors are ready.

use std::ffi::{c_int, c_short};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use super::sources::Descriptor;
use crate::ffi::cancellation::{in_program, points::ppoll};
use crate::ffi::constants::virEventHandleType::{
    VIR_EVENT_HANDLE_ERROR, VIR_EVENT_HANDLE_HANGUP, VIR_EVENT_HANDLE_READABLE,
    VIR_EVENT_HANDLE_WRITABLE,
};

/// The bits of `virEventHandleType` and those of poll(2).
const BITS: [(c_int, c_short); 4] = [
    (VIR_EVENT_HANDLE_READABLE as c_int, libc::POLLIN),
    (VIR_EVENT_HANDLE_WRITABLE as c_int, libc::POLLOUT),
    (VIR_EVENT_HANDLE_ERROR as c_int, libc::POLLERR),
    (VIR_EVENT_HANDLE_HANGUP as c_int, libc::POLLHUP),
];

/// The events that poll(2) always reports.
pub(super) const ALWAYS: c_int = VIR_EVENT_HANDLE_ERROR as c_int | VIR_EVENT_HANDLE_HANGUP as c_int;

fn to_poll(events: c_int) -> c_short {
    let set = BITS.iter().filter(|(bit, _)| events & bit != 0);
    set.fold(0, |flags, (_, flag)| flags | flag)
}

fn from_poll(flags: c_short) -> c_int {
    // An invalid descriptor counts as one with an error.
    let flags = match flags & libc::POLLNVAL {
        0 => flags,
        _ => flags | libc::POLLERR,
    };
    let set = BITS.iter().filter(|(_, flag)| flags & flag != 0);
    set.fold(0, |events, (bit, _)| events | bit)
}

/// The arguments of one ppoll(2).
pub(super) struct Question {
    fds: Vec<libc::pollfd>,
    /// The number of descriptors without `wake`.
    count: usize,
    timeout: Option<libc::timespec>,
}

impl Question {
    /// Asks which of the descriptors are ready. The wait ends when one of them or `wake` is ready,
    /// or the time is over; `None` is without limit.
    pub(super) fn new<'a>(
        descriptors: impl Iterator<Item = &'a Descriptor>,
        wake: Option<&OwnedFd>,
        timeout: Option<Duration>,
    ) -> Self {
        let pollfd = |fd, events| libc::pollfd {
            fd,
            events,
            revents: 0,
        };
        let mut fds: Vec<_> = descriptors
            .map(|descriptor| pollfd(descriptor.fd, to_poll(descriptor.events)))
            .collect();
        let count = fds.len();
        fds.extend(wake.map(|wake| pollfd(wake.as_raw_fd(), libc::POLLIN)));
        let timeout = timeout.and_then(|timeout| {
            Some(libc::timespec {
                tv_sec: timeout.as_secs().try_into().ok()?,
                // Below 10^9, which fits into 32 bits.
                tv_nsec: timeout.subsec_nanos() as libc::c_long,
            })
        });
        Question {
            fds,
            count,
            timeout,
        }
    }

    /// Waits. The thread can be cancelled meanwhile.
    pub(super) fn wait(&mut self) {
        let timeout = self.timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
        let (fds, count) = (self.fds.as_mut_ptr(), self.fds.len() as libc::nfds_t);
        // SAFETY: so many records; time and signals are NULL or live until the call returns.
        let answer = in_program(|| unsafe { ppoll(fds, count, timeout, ptr::null()) });
        if answer < 0 {
            // Interrupted by a signal: nothing happened.
            self.fds.iter_mut().for_each(|fd| fd.revents = 0);
        }
    }

    /// The answer: bits of `virEventHandleType` for each descriptor.
    pub(super) fn answer(&self) -> impl Iterator<Item = c_int> {
        self.fds[..self.count]
            .iter()
            .map(|fd| from_poll(fd.revents))
    }
}
