// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! A descriptor for poll(2) that is readable while there may be events to dispatch.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::retry_on_intr;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::host::found::retry_once_on_eio;
use crate::host::readiness::DescriptorSet;

/// How long the descriptor is not readable after a failure. A process may lack descriptors for long, and a program that
/// polls would be woken all the time.
const PAUSE: Duration = Duration::from_millis(250);

/// An epoll descriptor over those that may have messages, and an eventfd for events that were taken in but
/// not dispatched yet. It is level-triggered, like its parts.
#[derive(Debug)]
pub struct Notifier {
    all: DescriptorSet,
    /// The descriptors that may have messages.
    sources: Arc<DescriptorSet>,
    pending: OwnedFd,
    /// Whether it is readable.
    is_pending: bool,
    /// The timer that ends a pause, or wakes the program for a look. It is made in advance, because there may be no
    /// descriptor left for it later.
    timer: OwnedFd,
    /// When the timer expires; `None` if it is stopped.
    expires: Option<Instant>,
    is_paused: bool,
}

impl Notifier {
    /// A notifier that is also readable while one of `sources` is.
    pub fn new(sources: Arc<DescriptorSet>) -> io::Result<Notifier> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let pending = retry_on_intr(|| eventfd(0, flags))?;
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = retry_on_intr(|| timerfd_create(TimerfdClockId::Monotonic, flags))?;
        let notifier = Notifier {
            all: DescriptorSet::new()?,
            sources,
            pending,
            is_pending: false,
            timer,
            expires: None,
            is_paused: false,
        };
        notifier.all.add(&notifier.sources, 0)?;
        notifier.all.add(&notifier.pending, 0)?;
        notifier.all.add(&notifier.timer, 0)?;
        Ok(notifier)
    }

    /// Makes the descriptor unreadable for [`PAUSE`] and readable after that, because messages could not be taken in.
    pub fn pause(&mut self) {
        self.set_timer(Some(Instant::now() + PAUSE));
        self.heed_parts(false);
        self.is_paused = true;
    }

    /// What there is was taken in. Ends a pause, if there is one. If a time is given, the descriptor is readable from then on,
    /// whatever happens, until this is called again.
    pub fn resume(&mut self, look: Option<Instant>) {
        if std::mem::replace(&mut self.is_paused, false) {
            self.heed_parts(true);
        }
        self.set_timer(look);
    }

    // The two functions below need no new descriptors, so they do not fail for want of resources.

    fn heed_parts(&self, counts: bool) {
        self.all.heed(&self.sources, 0, counts);
        self.all.heed(&self.pending, 0, counts);
    }

    /// Makes the timer readable once, at this time; `None` stops it.
    fn set_timer(&mut self, at: Option<Instant>) {
        if self.expires == at {
            return;
        }
        self.expires = at;
        // Zero would stop it.
        let left = |at: Instant| {
            let left = at.saturating_duration_since(Instant::now());
            left.max(Duration::from_nanos(1))
        };
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec::try_from(at.map_or(Duration::ZERO, left)).unwrap_or_default(),
        };
        let _ =
            retry_once_on_eio(|| timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once));
    }

    /// Makes the descriptor readable until [`Notifier::clear`] is called.
    pub fn notify(&mut self) {
        if !self.is_pending {
            let written =
                retry_once_on_eio(|| rustix::io::write(&self.pending, &1u64.to_ne_bytes()));
            self.is_pending = written.is_ok();
        }
    }

    /// Ends the effect of [`Notifier::notify`].
    pub fn clear(&mut self) {
        if self.is_pending {
            let read = retry_on_intr(|| rustix::io::read(&self.pending, &mut [0; 8]));
            self.is_pending = read.is_err();
        }
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

    use rustix::fs::{OFlags, fcntl_getfl};
    use rustix::io::{FdFlags, fcntl_getfd};

    use crate::host::readiness;

    fn is_readable(notifier: &Notifier) -> bool {
        readiness::is_readable([notifier.as_fd()], Duration::ZERO).unwrap()
    }

    /// A notifier over these.
    fn over(sources: &[&OwnedFd]) -> Notifier {
        let set = DescriptorSet::new().unwrap();
        sources.iter().for_each(|fd| set.add(fd, 1).unwrap());
        Notifier::new(Arc::new(set)).unwrap()
    }

    #[test]
    fn it_is_readable_from_notify_to_clear() {
        let mut notifier = over(&[]);
        assert!(!is_readable(&notifier));
        notifier.notify();
        notifier.notify();
        assert!(is_readable(&notifier));
        notifier.clear();
        assert!(!is_readable(&notifier));
    }

    #[test]
    fn its_descriptors_never_wait_and_end_with_the_program() {
        let notifier = over(&[]);
        for fd in [&notifier.pending, &notifier.timer] {
            let (fd_flags, flags) = (fcntl_getfd(fd).unwrap(), fcntl_getfl(fd).unwrap());
            assert!(fd_flags.contains(FdFlags::CLOEXEC));
            assert!(flags.contains(OFlags::NONBLOCK));
        }
        assert!(fcntl_getfd(&notifier).unwrap().contains(FdFlags::CLOEXEC));
    }

    #[test]
    fn it_is_readable_while_a_source_is() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let mut notifier = over(&[&read]);
        assert!(!is_readable(&notifier));
        rustix::io::write(&write, b"x").unwrap();
        notifier.clear();
        assert!(is_readable(&notifier));
        rustix::io::read(&read, &mut [0; 1]).unwrap();
        assert!(!is_readable(&notifier));
    }

    #[test]
    fn a_pause_ends_by_itself_or_by_success() {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let mut notifier = over(&[&read]);
        let is_readable_soon =
            |notifier: &Notifier| readiness::is_readable([notifier.as_fd()], 20 * PAUSE).unwrap();
        rustix::io::write(&write, b"x").unwrap();
        notifier.notify();
        for _ in 0..2 {
            let begin = Instant::now();
            notifier.pause();
            assert!(!is_readable(&notifier));
            assert!(is_readable_soon(&notifier) && begin.elapsed() >= PAUSE);
        }
        notifier.resume(None);
        notifier.clear();
        assert!(is_readable(&notifier));
        rustix::io::read(&read, &mut [0; 1]).unwrap();
        assert!(!is_readable(&notifier));
        // The timer of a pause that was ended has no effect.
        notifier.pause();
        notifier.resume(None);
        std::thread::sleep(PAUSE);
        assert!(!is_readable(&notifier));
        notifier.notify();
        assert!(is_readable(&notifier));
    }

    #[test]
    fn it_is_readable_when_it_is_time_to_look() {
        let mut notifier = over(&[]);
        let begin = Instant::now();
        let time = Some(begin + PAUSE);
        notifier.resume(time);
        assert!(!is_readable(&notifier));
        notifier.resume(time);
        assert!(readiness::is_readable([notifier.as_fd()], 20 * PAUSE).unwrap());
        assert!(begin.elapsed() >= PAUSE);
        // As long as nothing else is said, it is time.
        notifier.resume(time);
        assert!(is_readable(&notifier));
        notifier.resume(None);
        assert!(!is_readable(&notifier));
        // A pause does not change when it is time.
        notifier.resume(time);
        notifier.pause();
        assert!(!is_readable(&notifier));
        notifier.resume(time);
        assert!(readiness::is_readable([notifier.as_fd()], 20 * PAUSE).unwrap());
    }
}
