// SPDX-License-Identifier: LGPL-2.1-or-later
//! One descriptor for poll(2) that is readable while there is something to dispatch.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, retry_on_intr};

use crate::host::found::insist;

/// An epoll descriptor over the descriptors that may bring messages, and an eventfd for events that were taken in
/// but not dispatched yet. It is level-triggered, as its parts are.
#[derive(Debug)]
pub struct Notifier {
    all: OwnedFd,
    pending: OwnedFd,
}

impl Notifier {
    /// A notifier that is also readable while one of `sources` is.
    pub fn new<'a>(sources: impl IntoIterator<Item = BorrowedFd<'a>>) -> io::Result<Notifier> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let pending = retry_on_intr(|| eventfd(0, flags))?;
        let all = retry_on_intr(|| epoll::create(CreateFlags::CLOEXEC))?;
        let notifier = Notifier { all, pending };
        notifier.add(notifier.pending.as_fd())?;
        sources.into_iter().try_for_each(|fd| notifier.add(fd))?;
        Ok(notifier)
    }

    /// Makes the descriptor readable while `source` is, until that is closed. Adding it twice changes nothing.
    pub fn add(&self, source: BorrowedFd<'_>) -> io::Result<()> {
        let add = || epoll::add(&self.all, source, EventData::new_u64(0), EventFlags::IN);
        match retry_on_intr(add) {
            Err(Errno::EXIST) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Makes the descriptor readable until [`Notifier::clear`] is called.
    pub fn notify(&self) {
        // A full counter (EAGAIN) is readable already.
        let _ = insist(|| rustix::io::write(&self.pending, &1u64.to_ne_bytes()));
    }

    /// Ends what [`Notifier::notify`] began.
    pub fn clear(&self) {
        let _ = retry_on_intr(|| rustix::io::read(&self.pending, &mut [0; 8]));
    }
}

/// The descriptor to poll. It is closed with the notifier.
impl AsFd for Notifier {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.all.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::host::monitor;

    fn is_readable(notifier: &Notifier) -> bool {
        monitor::is_readable([notifier.as_fd()], Duration::ZERO).unwrap()
    }

    #[test]
    fn it_is_readable_from_notify_to_clear() {
        let notifier = Notifier::new([]).unwrap();
        assert!(!is_readable(&notifier));
        notifier.notify();
        notifier.notify();
        assert!(is_readable(&notifier));
        notifier.clear();
        assert!(!is_readable(&notifier));
    }

    #[test]
    fn it_is_readable_while_a_source_is() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let notifier = Notifier::new([read.as_fd()]).unwrap();
        notifier.add(read.as_fd()).unwrap();
        assert!(!is_readable(&notifier));
        rustix::io::write(&write, b"x").unwrap();
        notifier.clear();
        assert!(is_readable(&notifier));
        rustix::io::read(&read, &mut [0; 1]).unwrap();
        assert!(!is_readable(&notifier));
    }
}
