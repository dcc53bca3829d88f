// SPDX-License-Identifier: LGPL-2.1-or-later
//! One descriptor for poll(2) that is readable while there is something to dispatch.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

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
        let pending = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let all = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&all, &pending, EventData::new_u64(0), EventFlags::IN)?;
        let notifier = Notifier { all, pending };
        sources.into_iter().try_for_each(|fd| notifier.add(fd))?;
        Ok(notifier)
    }

    /// Makes the descriptor readable while `source` is, until that is closed. Adding it twice changes nothing.
    pub fn add(&self, source: BorrowedFd<'_>) -> io::Result<()> {
        match epoll::add(&self.all, source, EventData::new_u64(0), EventFlags::IN) {
            Err(Errno::EXIST) => Ok(()),
            result => Ok(result?),
        }
    }

    /// The descriptor to poll. It is closed with the notifier.
    pub fn fd(&self) -> RawFd {
        self.all.as_raw_fd()
    }

    /// Makes the descriptor readable until [`Notifier::clear`] is called.
    pub fn notify(&self) {
        // The only failure is a full counter, and then it is readable already.
        let _ = rustix::io::write(&self.pending, &1u64.to_ne_bytes());
    }

    /// Ends what [`Notifier::notify`] began.
    pub fn clear(&self) {
        let _ = rustix::io::read(&self.pending, &mut [0; 8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn is_readable(notifier: &Notifier) -> bool {
        let mut fds = [PollFd::new(&notifier.all, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())).unwrap() == 1
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
