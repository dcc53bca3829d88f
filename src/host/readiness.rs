// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Whether descriptors are readable.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, Result};
use crate::host::found::retry_once_on_eio;

/// Waits until one of the descriptors is readable, at most for `wait`. Returns whether one is.
pub fn is_readable<'a>(
    fds: impl IntoIterator<Item = BorrowedFd<'a>>,
    wait: Duration,
) -> Result<bool> {
    let poll_fd = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
    let mut fds: Vec<_> = fds.into_iter().map(poll_fd).collect();
    let wait = Timespec::try_from(wait).unwrap_or_default();
    if fds.is_empty() {
        return Ok(false);
    }
    let ready = retry_on_intr(|| poll(&mut fds, Some(&wait)));
    Ok(ready.map_err(cannot_wait)? > 0)
}

fn cannot_wait(errno: Errno) -> Error {
    Error::io("cannot wait for uevents", &errno.into())
}

/// An epoll descriptor: it is readable while one of its parts is. The kernel is told once which these are and keeps those that
/// may be readable, so that to look takes the same however many there are. Each part has a mark, one bit, that tells it from
/// others.
#[derive(Debug)]
pub struct DescriptorSet(OwnedFd);

impl DescriptorSet {
    /// A set of no descriptors.
    pub fn new() -> io::Result<DescriptorSet> {
        let created = retry_on_intr(|| epoll::create(CreateFlags::CLOEXEC));
        Ok(DescriptorSet(created?))
    }

    /// Adds a descriptor. Adding it twice changes nothing.
    pub fn add(&self, fd: impl AsFd, mark: u64) -> io::Result<()> {
        let add = || epoll::add(&self.0, &fd, EventData::new_u64(mark), EventFlags::IN);
        match retry_on_intr(add) {
            Err(Errno::EXIST) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Takes a descriptor out, before it is closed: in a child of a fork it can be open still, and then its messages would make
    /// the set readable on.
    pub fn remove(&self, fd: impl AsFd) {
        // One that is not there need not be taken out.
        let _ = retry_once_on_eio(|| epoll::delete(&self.0, &fd));
    }

    /// Makes a descriptor of the set count, or not count for a while. This needs no memory, so it does not fail for want of it.
    pub fn heed(&self, fd: impl AsFd, mark: u64, counts: bool) {
        let events = match counts {
            true => EventFlags::IN,
            false => EventFlags::empty(),
        };
        let _ = retry_once_on_eio(|| epoll::modify(&self.0, &fd, EventData::new_u64(mark), events));
    }

    /// The marks of the descriptors that are readable, four of them at most; 0 for none.
    pub fn readable(&self) -> Result<u64> {
        let mut room = [MaybeUninit::<Event>::uninit(); 4];
        let at_once = Timespec::default();
        let found = retry_on_intr(|| {
            let (ready, _) = epoll::wait(&self.0, &mut room, Some(&at_once))?;
            Ok(ready
                .iter()
                .fold(0, |marks, event| marks | event.data.u64()))
        });
        found.map_err(cannot_wait)
    }
}

/// The descriptor to wait for.
impl AsFd for DescriptorSet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::pipe;

    #[test]
    fn a_set_is_readable_while_one_of_its_descriptors_is() {
        let (first, second) = (pipe().unwrap(), pipe().unwrap());
        let set = DescriptorSet::new().unwrap();
        assert_eq!(set.readable().unwrap(), 0);
        for ((read, _), mark) in [(&first, 1), (&second, 2), (&first, 4)] {
            set.add(read, mark).unwrap();
        }
        assert_eq!(set.readable().unwrap(), 0);
        for ((read, write), mark) in [(&first, 1), (&second, 2)] {
            rustix::io::write(write, b"x").unwrap();
            for _ in 0..2 {
                assert_eq!(set.readable().unwrap(), mark);
                assert!(is_readable([set.as_fd()], Duration::ZERO).unwrap());
            }
            set.heed(read, mark, false);
            assert_eq!(set.readable().unwrap(), 0);
            set.heed(read, mark, true);
            assert_eq!(set.readable().unwrap(), mark);
            rustix::io::read(read, &mut [0; 1]).unwrap();
            assert_eq!(set.readable().unwrap(), 0);
        }
        for (_, write) in [&first, &second] {
            rustix::io::write(write, b"x").unwrap();
        }
        assert_eq!(set.readable().unwrap(), 3);
    }

    #[test]
    fn what_is_taken_out_counts_no_more_even_if_it_is_open_elsewhere() {
        let (read, write) = pipe().unwrap();
        let set = DescriptorSet::new().unwrap();
        set.remove(&read);
        set.add(&read, 1).unwrap();
        rustix::io::write(&write, b"x").unwrap();
        let copy = read.try_clone().unwrap();
        set.remove(&read);
        drop(read);
        assert_eq!(set.readable().unwrap(), 0);
        assert!(is_readable([copy.as_fd()], Duration::ZERO).unwrap());
    }
}
