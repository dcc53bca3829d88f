// SPDX-License-Identifier: LGPL-2.1-or-later
//! One descriptor for poll(2) that is readable while there is something to dispatch.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

/// An epoll descriptor over what may bring news, and a bell that is rung for
/// news which was taken in but not told yet. Level-triggered, as its parts are.
#[derive(Debug)]
pub struct Bell {
    all: OwnedFd,
    bell: OwnedFd,
}

impl Bell {
    /// A bell that also sounds while one of `sources` is readable.
    pub fn new<'a>(sources: impl IntoIterator<Item = BorrowedFd<'a>>) -> io::Result<Bell> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let all = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&all, &bell, EventData::new_u64(0), EventFlags::IN)?;
        let bell = Bell { all, bell };
        sources.into_iter().try_for_each(|fd| bell.listen(fd))?;
        Ok(bell)
    }

    /// Sounds while `source` is readable, too, until that is closed. One that it listens to already stays.
    pub fn listen(&self, source: BorrowedFd<'_>) -> io::Result<()> {
        match epoll::add(&self.all, source, EventData::new_u64(0), EventFlags::IN) {
            Err(Errno::EXIST) => Ok(()),
            result => Ok(result?),
        }
    }

    /// The descriptor to poll. It belongs to the bell.
    pub fn fd(&self) -> RawFd {
        self.all.as_raw_fd()
    }

    /// Makes the descriptor readable.
    pub fn ring(&self) {
        // A full counter is readable already.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }

    /// Ends the ringing.
    pub fn hush(&self) {
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    fn is_readable(bell: &Bell) -> bool {
        let mut fds = [PollFd::new(&bell.all, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec::default())).unwrap() == 1
    }

    #[test]
    fn it_sounds_until_hushed() {
        let bell = Bell::new([]).unwrap();
        assert!(!is_readable(&bell));
        bell.ring();
        bell.ring();
        assert!(is_readable(&bell));
        bell.hush();
        assert!(!is_readable(&bell));
    }

    #[test]
    fn it_sounds_while_the_source_is_readable() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let bell = Bell::new([read.as_fd()]).unwrap();
        assert!(!is_readable(&bell));
        rustix::io::write(&write, b"x").unwrap();
        bell.hush();
        assert!(is_readable(&bell));
        rustix::io::read(&read, &mut [0; 1]).unwrap();
        assert!(!is_readable(&bell));
    }
}
