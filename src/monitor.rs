// SPDX-License-Identifier: LGPL-2.1-or-later
//! Hears of changes: uevents from the kernel or udevd, and the kernel's count
//! of them, which shows when one was missed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use udev::{MonitorBuilder, MonitorSocket};

use crate::host::files::Files;
use crate::host::mdevctl::Watch;
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
}

/// What happened to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It came, or something about it changed.
    Present,
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
    /// Something was missed: the host must be scanned again.
    pub rescan: bool,
    /// Definitions of mediated devices came, went or changed.
    pub definitions: bool,
}

/// Ears on one host.
pub struct Monitor {
    socket: Option<MonitorSocket>,
    through_udevd: bool,
    seqnum: Option<OwnedFd>,
    /// The highest sequence number that is accounted for.
    known: u64,
    checked: Option<Instant>,
    /// Listens for definitions of mediated devices from the first scan on.
    definitions: Option<Watch>,
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

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor")
            .field("through_udevd", &self.through_udevd)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}

impl Monitor {
    /// Starts to listen. Where no socket is to be had, the count of uevents alone must do.
    pub fn open(files: &Files) -> Monitor {
        let through_udevd = files.exists(UDEV_CONTROL);
        Monitor {
            socket: open_socket(through_udevd),
            through_udevd,
            seqnum: files.keep_open(SEQNUM).ok(),
            known: 0,
            checked: None,
            definitions: None,
        }
    }

    /// The descriptors that are readable while there is news.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let socket = self.socket.as_ref().map(AsFd::as_fd);
        let definitions = self.definitions.as_ref().map(AsFd::as_fd);
        socket.into_iter().chain(definitions)
    }

    /// Takes things as they are: the caller is about to scan the host.
    pub fn settle(&mut self, files: &Files) {
        if self.definitions.is_none() {
            self.definitions = Watch::open(files);
        }
        self.known = self.count().unwrap_or(0);
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
        let mut news = News::default();
        if self.is_readable() {
            self.receive(&mut news);
            let watch = self.definitions.as_ref();
            news.definitions = watch.is_some_and(|watch| watch.changed(files));
        }
        if let Some(count) = count {
            let busy = self.through_udevd && files.exists(UDEV_QUEUE);
            if count > self.known && !busy {
                self.known = count;
                news.rescan = true;
            }
        } else if thorough && self.socket.is_none() {
            news.rescan = true;
        }
        news
    }

    fn is_readable(&self) -> bool {
        let mut fds: Vec<_> = self
            .fds()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    fn receive(&mut self, news: &mut News) {
        let Some(socket) = &self.socket else { return };
        loop {
            let Some(event) = socket.iter().next() else {
                // libudev returns nothing both at the end and when messages were lost.
                if std::io::Error::last_os_error().raw_os_error() == Some(libc::ENOBUFS) {
                    news.rescan = true;
                    continue;
                }
                return;
            };
            self.known = self.known.max(event.sequence_number());
            let action = match event.action().map(OsStrExt::as_bytes) {
                Some(b"add" | b"change") => Action::Present,
                Some(b"remove") => Action::Removed,
                Some(b"move") => Action::Moved,
                _ => continue,
            };
            let old_path = event
                .property_value("DEVPATH_OLD")
                .map(|old| [b"/sys", old.as_bytes()].concat());
            news.events.push(Uevent {
                action,
                path: event.syspath().as_os_str().as_bytes().to_vec(),
                old_path,
            });
        }
    }
}
