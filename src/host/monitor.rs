// SPDX-License-Identifier: LGPL-2.1-or-later
//! Hears of changes: uevents from the kernel or udevd, and the kernel's count
//! of them, which shows when one was missed.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use udev::{MonitorBuilder, MonitorSocket};

use crate::host::files::{Files, syspath};
use crate::host::interfaces::Interfaces;
use crate::host::mdevctl::files::Watch;
use crate::host::namespace::hears_of_devices;
use crate::text;

/// Present while udevd runs.
const UDEV_CONTROL: &[u8] = b"/run/udev/control";

/// Present while udevd has events to work on.
const UDEV_QUEUE: &[u8] = b"/run/udev/queue";

/// How many uevents the kernel has sent since boot, in all namespaces
/// (kernel: Documentation/ABI/testing/sysfs-kernel-uevents).
const SEQNUM: &[u8] = b"/sys/kernel/uevent_seqnum";

/// What libvirt asks of the kernel for unread events; as much as the rights allow is given.
const RECEIVE_BUFFER: usize = 128 << 20;

/// How many messages that libudev rejects are passed over in one go.
const REJECTS: usize = 1000;

/// How long a message may take from the kernel's count to the socket: the kernel counts first.
const ON_THE_WAY: Duration = Duration::from_millis(2);

/// How long an unchanged count may be taken on trust when a single device is asked for.
const TRUST: Duration = Duration::from_millis(1);

/// One uevent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uevent {
    /// What happened.
    pub action: Action,
    /// The device's directory, `/sys/devices/…`.
    pub path: Vec<u8>,
    /// The directory before a move.
    pub old_path: Option<Vec<u8>>,
    /// The kernel's number of it.
    pub number: u64,
}

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It came.
    Added,
    /// Something about it changed.
    Changed,
    /// It has another name or parent.
    Moved,
    /// It went.
    Removed,
}

/// What happened since the last look.
#[derive(Debug, Default)]
pub struct News {
    /// The uevents that arrived, in order.
    pub events: Vec<Uevent>,
    /// Something was missed: the host must be scanned again, after the events were taken in.
    pub rescan: bool,
    /// Definitions of mediated devices came, went or changed.
    pub definitions: bool,
}

/// Ears on one host.
pub struct Monitor {
    socket: Option<MonitorSocket>,
    through_udevd: bool,
    seqnum: Option<OwnedFd>,
    heard: Heard,
    /// Where nothing but interfaces of other network namespaces can pass unheard: those that are
    /// to be seen, in case sysfs shows those of another one.
    interfaces: Option<Interfaces>,
    checked: Option<Instant>,
    /// Messages were lost while the host was scanned.
    is_overrun: bool,
    /// Listens for definitions of mediated devices from the first scan on.
    definitions: Option<Watch>,
}

/// Which uevents are accounted for, by their numbers.
#[derive(Debug, Default)]
struct Heard {
    /// The count when the host was last scanned: what was told before is part of the scan.
    scanned: u64,
    /// All up to this one are accounted for.
    all_to: u64,
    /// These are as well: udevd's workers, and the kernel on several processors, tell out of order.
    beyond: BTreeSet<u64>,
}

impl Heard {
    /// The host is scanned when the kernel has told so many.
    fn scan(&mut self, count: u64) {
        self.scanned = count;
        self.pass(count);
    }

    /// So many are accounted for, but what arrives late may still be news.
    fn pass(&mut self, count: u64) {
        self.beyond = self.beyond.split_off(&(count + 1));
        self.all_to = count;
        self.note(count);
    }

    fn note(&mut self, number: u64) {
        if number > self.all_to {
            self.beyond.insert(number);
        }
        while self.beyond.remove(&(self.all_to + 1)) {
            self.all_to += 1;
        }
    }
}

fn open_socket(through_udevd: bool) -> Option<MonitorSocket> {
    let builder = if through_udevd {
        MonitorBuilder::new()
    } else {
        MonitorBuilder::new_kernel()
    };
    let socket = builder.and_then(MonitorBuilder::listen).ok()?;
    // Without the right to force it, the system's limit (net.core.rmem_max) holds.
    if sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER).is_err() {
        let _ = sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
    }
    Some(socket)
}

/// Waits until one of the descriptors is readable, at most that long.
pub fn is_readable<'a>(fds: impl IntoIterator<Item = BorrowedFd<'a>>, wait: Duration) -> bool {
    let poll_fd = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
    let mut fds: Vec<_> = fds.into_iter().map(poll_fd).collect();
    let wait = Timespec::try_from(wait).unwrap_or_default();
    !fds.is_empty() && poll(&mut fds, Some(&wait)).is_ok_and(|ready| ready > 0)
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor")
            .field("through_udevd", &self.through_udevd)
            .field("heard", &self.heard)
            .finish_non_exhaustive()
    }
}

impl Monitor {
    /// Starts to listen. Where no socket is to be had, the count of uevents alone must do.
    pub fn open(files: &Files) -> Monitor {
        let mut monitor = Monitor {
            interfaces: None,
            socket: None,
            through_udevd: false,
            seqnum: files.keep_open(SEQNUM).ok(),
            heard: Heard::default(),
            checked: None,
            is_overrun: false,
            definitions: None,
        };
        monitor.listen(files.exists(UDEV_CONTROL));
        monitor
    }

    /// Listens to udevd, or to the kernel.
    fn listen(&mut self, through_udevd: bool) {
        self.socket = open_socket(through_udevd);
        self.through_udevd = through_udevd;
        // udevd may not be there any more, or live in another namespace.
        let is_good = self.socket.is_some() && !through_udevd && hears_of_devices();
        self.interfaces = is_good.then(Interfaces::default);
    }

    /// The descriptors that are readable while there is news; after a scan there may be others.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let socket = self.socket.as_ref().map(AsFd::as_fd);
        let definitions = self.definitions.as_ref().map(AsFd::as_fd);
        socket.into_iter().chain(definitions)
    }

    /// Whether messages come from udevd, which has more to tell of a device than that it came.
    pub fn is_told_by_udevd(&self) -> bool {
        self.through_udevd
    }

    /// The caller is about to scan the host; the result is for [`Monitor::end_scan`].
    pub fn begin_scan(&mut self, files: &Files) -> u64 {
        if self.definitions.is_none() {
            self.definitions = Watch::open(files);
        }
        let count = self.count().unwrap_or(0);
        self.interfaces.iter_mut().for_each(Interfaces::learn);
        count
    }

    /// The host was scanned. Returns what arrived meanwhile: what the kernel told before the scan, which
    /// has seen it, and what may be later.
    pub fn end_scan(&mut self, count: u64) -> (Vec<Uevent>, Vec<Uevent>) {
        let mut news = News::default();
        if is_readable(self.socket.iter().map(AsFd::as_fd), Duration::ZERO) {
            self.receive(&mut news);
        }
        self.is_overrun = news.rescan;
        self.heard.scan(count);
        // udevd's messages bring more than what the kernel knew.
        let is_seen = |event: &Uevent| event.number <= count && !self.through_udevd;
        news.events.into_iter().partition(is_seen)
    }

    fn count(&mut self) -> Option<u64> {
        self.checked = Some(Instant::now());
        let mut digits = [0; 24];
        let n = rustix::io::pread(self.seqnum.as_ref()?, &mut digits, 0).ok()?;
        text::parse_u64(text::trim_newlines(&digits[..n]), 10)
    }

    /// What happened since the last call. A `thorough` look always compares the kernel's
    /// count; any other does so when the last comparison is older than a millisecond.
    pub fn news(&mut self, files: &Files, thorough: bool) -> News {
        let due = thorough || self.checked.is_none_or(|at| at.elapsed() >= TRUST);
        // The count is read before the messages: one that arrives in between explains more, not less.
        let count = if due { self.count() } else { None };
        let mut news = News {
            rescan: std::mem::take(&mut self.is_overrun),
            ..News::default()
        };
        if thorough && files.exists(UDEV_CONTROL) != self.through_udevd {
            // udevd has come, or gone: what it does not tell any more, the kernel told before.
            self.listen(!self.through_udevd);
            news.rescan = true;
        }
        if is_readable(self.fds(), Duration::ZERO) {
            self.receive(&mut news);
            let watch = self.definitions.as_ref();
            news.definitions = watch.is_some_and(|watch| watch.changed(files));
        }
        if let Some(count) = count {
            news.rescan |= self.missed(files, count, &mut news);
        } else if thorough && self.socket.is_none() {
            news.rescan = true;
        }
        news
    }

    /// Whether some of the first `count` uevents were not heard and will not be.
    fn missed(&mut self, files: &Files, count: u64, news: &mut News) -> bool {
        let is_at_work = |through_udevd| through_udevd && files.exists(UDEV_QUEUE);
        while count > self.heard.all_to && !news.rescan {
            let socket = self.socket.iter().map(AsFd::as_fd);
            if is_at_work(self.through_udevd) {
                return false;
            }
            if is_readable(socket, ON_THE_WAY) {
                self.receive(news);
            } else if is_at_work(self.through_udevd) {
                return false;
            } else if self.interfaces.as_ref().is_none_or(Interfaces::are_others) {
                return true;
            } else {
                // It was told where this process does not listen, of what it does not see.
                self.heard.pass(count);
            }
        }
        news.rescan
    }

    fn receive(&mut self, news: &mut News) {
        let Some(socket) = &self.socket else { return };
        let mut rejects = 0;
        loop {
            let Some(event) = socket.iter().next() else {
                // libudev returns nothing at the end, when messages were lost, and for a
                // message that it rejects.
                if std::io::Error::last_os_error().raw_os_error() == Some(libc::ENOBUFS) {
                    news.rescan = true;
                    continue;
                }
                rejects += 1;
                if rejects < REJECTS && is_readable([socket.as_fd()], Duration::ZERO) {
                    continue;
                }
                return;
            };
            let number = event.sequence_number();
            self.heard.note(number);
            let action = match event.action().map(OsStrExt::as_bytes) {
                Some(b"add") => Action::Added,
                Some(b"change") => Action::Changed,
                Some(b"remove") => Action::Removed,
                Some(b"move") => Action::Moved,
                _ => continue,
            };
            let Some(path) = syspath(event.devpath().as_bytes()) else {
                continue;
            };
            let old_path = match event.property_value("DEVPATH_OLD") {
                None => None,
                Some(old) => match syspath(old.as_bytes()) {
                    None => continue,
                    old => old,
                },
            };
            if let Some(interfaces) = &mut self.interfaces {
                interfaces.heard(&path, action != Action::Removed);
                old_path.iter().for_each(|old| interfaces.heard(old, false));
            }
            // A scan has seen what came and went before it, not that something changed; and
            // udevd's messages bring more than what the kernel knew.
            let is_seen = number <= self.heard.scanned && action != Action::Changed;
            if is_seen && !self.through_udevd {
                continue;
            }
            news.events.push(Uevent {
                action,
                path,
                old_path,
                number,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_out_of_order_leave_no_gap() {
        let mut heard = Heard::default();
        heard.scan(10);
        for (number, all_to) in [(9, 10), (12, 10), (13, 10), (11, 13), (15, 13), (14, 15)] {
            heard.note(number);
            assert_eq!(heard.all_to, all_to);
        }
        heard.note(20);
        heard.scan(18);
        assert_eq!(heard.all_to, 18);
        heard.note(19);
        assert_eq!(heard.all_to, 20);
    }
}
