// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Receives uevents from the kernel or udevd, and reads the kernel's count of them, which shows whether one was missed.

mod received;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use once_cell::unsync::OnceCell;
use rustix::io::{Errno, retry_on_intr};

use crate::error::{Error, Result};
use crate::host::files::Files;
use crate::host::found::{Found, found, is_failure, retry_interrupted};
use crate::host::interfaces::Interfaces;
use crate::host::links::{Link, Links, enlarge_receive_buffer};
use crate::host::mdevctl::watch::Watch;
use crate::host::namespace::receives_uevents_of_devices;
use crate::host::readiness::{DescriptorSet, is_readable};
use crate::host::udev::UeventSocket;
use crate::host::uevent::{Action, Uevent};
use crate::text;
use received::Received;

/// This file exists while udevd runs.
const UDEV_CONTROL: &[u8] = b"/run/udev/control";

/// This file exists while udevd has events to process.
const UDEV_QUEUE: &[u8] = b"/run/udev/queue";

/// How long udevd may process events before the host is scanned without its messages: it may hang, or have been killed,
/// or the file may be that of another namespace.
const UDEVD_TIMEOUT: Duration = Duration::from_secs(5);

/// How many uevents the kernel has sent since boot, in all namespaces (kernel:
/// Documentation/ABI/testing/sysfs-kernel-uevents).
const SEQNUM: &[u8] = b"/sys/kernel/uevent_seqnum";

/// The size of the receive buffer that is asked for, in bytes: the same as in libvirt. The kernel may give less.
const RECEIVE_BUFFER: usize = 128 << 20;

/// How many messages a call reads however long it takes, including those that are rejected.
const BATCH: usize = 500;

/// How long a call reads more messages than that. The others stay on the socket for the next call; a scan finds what
/// they would tell.
const BATCH_TIME: Duration = Duration::from_millis(10);

/// How long a message may take to arrive at the socket after the kernel has counted it.
const DELIVERY_TIME: Duration = Duration::from_millis(2);

/// How long the count that was read counts as current when a single device is asked for.
const COUNT_LIFETIME: Duration = Duration::from_millis(1);

/// How long after its first scan a connection compares the definitions of mediated devices when it looks, instead of
/// watching them, unless somebody waits for changes. When a watch ends, the kernel waits for all who use watches
/// (`synchronize_srcu()` in fs/notify/mark.c), for up to 20 ms: a program that looks once and ends need not.
const UNWATCHED: Duration = Duration::from_secs(1);

/// Marks the socket for uevents in the set of descriptors.
const UEVENTS: u64 = 1;

/// Marks the socket for addresses of interfaces.
const LINKS: u64 = 2;

/// Marks what tells of definitions.
const DEFINITIONS: u64 = 4;

/// What happened and has not been taken in yet.
#[derive(Debug, Default)]
pub struct News {
    /// The uevents that arrived, in order.
    pub events: VecDeque<Uevent>,
    /// Interfaces whose addresses may have changed, of which no uevent tells.
    pub links: Vec<Link>,
    /// Whether a uevent was missed, so that the host must be scanned after `events` were taken in.
    pub rescan: bool,
    /// Whether definitions of mediated devices were added, removed or changed.
    pub definitions: bool,
    /// Whether definitions may have changed without being noticed.
    pub missed_definitions: bool,
}

impl News {
    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        let is_told = self.rescan || self.definitions || self.missed_definitions;
        !is_told && self.events.is_empty() && self.links.is_empty()
    }
}

/// What arrived while the host was scanned.
#[derive(Debug, Default)]
pub struct ScanNews {
    /// The uevents that the kernel sent before the scan, so that the scan shows what they tell.
    pub seen: Vec<Uevent>,
    /// The uevents that may be later than the scan.
    pub later: Vec<Uevent>,
    /// Whether a uevent was missed.
    pub rescan: bool,
}

/// Watches one host for changes.
pub struct Monitor {
    socket: Option<UeventSocket>,
    through_udevd: bool,
    seqnum: Option<OwnedFd>,
    received: Received,
    /// The known interfaces in sysfs; `None` if the socket may miss more than the uevents of interfaces in other
    /// network namespaces. sysfs may show the interfaces of another namespace than the socket's.
    interfaces: Option<Interfaces>,
    /// Until when the count that was read last counts as current; `None` if it must be read.
    current_until: Option<Instant>,
    /// Notices changed addresses of interfaces, from the first scan on.
    links: Option<Links>,
    /// The number of the last uevent for which udevd is waited for, and since when.
    awaited: Option<(u64, Instant)>,
    /// Watches the definitions of mediated devices.
    definitions: Option<Watch>,
    /// Whether they must be compared, because they are not watched yet or cannot be.
    misses_definitions: bool,
    /// When the host was first scanned.
    first_scan: Option<Instant>,
    /// Whether somebody waits for the descriptors.
    is_waited_on: bool,
    /// The descriptors, from the first look on; a program that lists and ends needs no set.
    set: OnceCell<Arc<DescriptorSet>>,
    /// Whether there may be a descriptor that the set lacks.
    is_set_incomplete: bool,
}

/// How many messages one call has read, and since when.
#[derive(Default)]
struct Batch {
    messages: usize,
    begin: Option<Instant>,
}

impl Batch {
    fn note_message(&mut self) {
        self.messages += 1;
        self.begin.get_or_insert_with(Instant::now);
    }

    /// Whether the call must not read more messages.
    fn is_full(&self) -> bool {
        let is_over = |begin: Instant| begin.elapsed() >= BATCH_TIME;
        self.messages >= BATCH && self.begin.is_some_and(is_over)
    }
}

/// A socket for uevents; `None` if the process may not have one.
fn open_socket(through_udevd: bool) -> Found<UeventSocket> {
    let socket = match retry_interrupted(|| UeventSocket::open(through_udevd)) {
        Ok(socket) => socket,
        Err(e) if Errno::from_io_error(&e).is_some_and(is_failure) => {
            return Err(Error::io("cannot open a socket to hear of uevents", &e));
        }
        Err(_) => return Ok(None),
    };
    enlarge_receive_buffer(&socket, RECEIVE_BUFFER);
    Ok(Some(socket))
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor")
            .field("through_udevd", &self.through_udevd)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

impl Monitor {
    /// Starts to listen. If the process may not have a socket, only the count of uevents is used.
    pub fn open(files: &Files) -> Result<Monitor> {
        let mut monitor = Monitor {
            interfaces: None,
            socket: None,
            through_udevd: false,
            seqnum: files.keep_open(SEQNUM)?,
            received: Received::default(),
            current_until: None,
            links: None,
            awaited: None,
            definitions: None,
            misses_definitions: false,
            first_scan: None,
            is_waited_on: false,
            set: OnceCell::new(),
            is_set_incomplete: true,
        };
        monitor.listen(files.exists(UDEV_CONTROL)?)?;
        Ok(monitor)
    }

    /// Opens a socket for udevd's messages, or for the kernel's.
    fn listen(&mut self, through_udevd: bool) -> Result<()> {
        let socket = open_socket(through_udevd)?;
        if let (Some(set), Some(old)) = (self.set.get(), &self.socket) {
            set.remove(old);
        }
        self.is_set_incomplete = true;
        self.socket = socket;
        self.through_udevd = through_udevd;
        // Messages of udevd can be missed if it ends or is in another namespace.
        let is_good = self.socket.is_some() && !through_udevd && receives_uevents_of_devices();
        self.interfaces = is_good.then(Interfaces::default);
        Ok(())
    }

    /// Starts to watch the definitions if it is time. Until then, and if it fails, it is tried again at each look at the
    /// count, which compares all of them.
    fn watch_definitions(&mut self, files: &Files) {
        let first = *self.first_scan.get_or_insert_with(Instant::now);
        if !self.is_waited_on && first.elapsed() < UNWATCHED {
            self.misses_definitions = true;
            return;
        }
        let watch = Watch::open(files);
        if let (Some(set), Some(old)) = (self.set.get(), &self.definitions) {
            old.fds().for_each(|fd| set.remove(fd));
        }
        self.misses_definitions = watch.is_err();
        self.definitions = watch.ok().flatten();
        self.is_set_incomplete = true;
    }

    /// To be called before somebody waits for the descriptors: the next look makes those that were not needed yet.
    pub fn expect_waiting(&mut self) {
        self.is_waited_on = true;
        if self.misses_definitions {
            self.current_until = None;
        }
    }

    /// The descriptors that are readable while there are messages. After a scan, the set may be another one.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.marked_fds().map(|(fd, _)| fd)
    }

    fn marked_fds(&self) -> impl Iterator<Item = (BorrowedFd<'_>, u64)> {
        let socket = self.socket.iter().map(|socket| (socket.as_fd(), UEVENTS));
        let links = self.links.iter().map(|links| (links.as_fd(), LINKS));
        let definitions = self.definitions.iter().flat_map(Watch::fds);
        let definitions = definitions.map(|fd| (fd, DEFINITIONS));
        socket.chain(links).chain(definitions)
    }

    /// All of [`Monitor::fds`] as a set, which stays the same; this completes it after a look or a scan.
    pub fn set(&mut self) -> io::Result<&Arc<DescriptorSet>> {
        let new_set = || DescriptorSet::new().map(Arc::new);
        let set = self.set.get_or_try_init(new_set)?;
        if self.is_set_incomplete {
            self.marked_fds()
                .try_for_each(|(fd, mark)| set.add(fd, mark))?;
            self.is_set_incomplete = false;
        }
        Ok(set)
    }

    /// The marks of what there is to read.
    fn readable(&mut self) -> Result<u64> {
        match self.set() {
            Ok(set) => set.readable(),
            // The process has no descriptor left for a set.
            Err(_) => match is_readable(self.fds(), Duration::ZERO)? {
                true => Ok(UEVENTS | LINKS | DEFINITIONS),
                false => Ok(0),
            },
        }
    }

    /// Whether messages come from udevd, which sends each after it has written the device's entry in its database.
    pub fn receives_from_udevd(&self) -> bool {
        self.through_udevd
    }

    /// To be called before the host is scanned. Returns the count of uevents, which [`Monitor::end_scan`] takes.
    pub fn begin_scan(&mut self, files: &Files) -> Result<u64> {
        if self.definitions.is_none() {
            self.watch_definitions(files);
        }
        if self.links.is_none() {
            self.links = Links::open()?;
            self.is_set_incomplete = true;
        }
        let count = self.count()?.unwrap_or(0);
        if let Some(interfaces) = &mut self.interfaces {
            interfaces.learn()?;
        }
        Ok(count)
    }

    /// To be called after the host was scanned. Returns what arrived meanwhile.
    pub fn end_scan(&mut self, count: u64) -> Result<ScanNews> {
        let mut news = News::default();
        if is_readable(self.socket.iter().map(AsFd::as_fd), Duration::ZERO)? {
            self.receive(Some(count), &mut Batch::default(), &mut news);
        }
        self.received.scan(count);
        let is_seen = |event: &Uevent| event.number <= count && self.scan_shows(event);
        let (seen, later) = news.events.into_iter().partition(is_seen);
        Ok(ScanNews {
            seen,
            later,
            rescan: news.rescan,
        })
    }

    fn count(&mut self) -> Found<u64> {
        self.current_until = Some(Instant::now() + COUNT_LIFETIME);
        let Some(seqnum) = &self.seqnum else {
            return Ok(None);
        };
        let mut digits = [0; 24];
        let read = retry_on_intr(|| rustix::io::pread(seqnum, &mut digits, 0));
        let read = found("read", SEQNUM, read.map_err(Into::into))?;
        Ok(read.and_then(|n| text::parse_u64(text::trim_newlines(&digits[..n]), 10)))
    }

    /// Adds to `news` what happened since the last call. A `thorough` look always reads the kernel's count; any other
    /// does so if it was last read more than a millisecond ago. If this fails, `news` has what arrived before.
    pub fn news(&mut self, files: &Files, thorough: bool, news: &mut News) -> Result<()> {
        let result = self.look(files, thorough, news);
        if result.is_err() {
            // The count must be read and compared again.
            self.current_until = None;
        }
        result
    }

    fn look(&mut self, files: &Files, thorough: bool, news: &mut News) -> Result<()> {
        let due = thorough || self.current_until.is_none_or(|end| Instant::now() >= end);
        // The count is read before the messages, so that none that it counts can arrive unread.
        let count = if due { self.count()? } else { None };
        if thorough && files.exists(UDEV_CONTROL)? != self.through_udevd {
            // udevd was started or stopped. The new socket does not have earlier messages.
            news.rescan = true;
            self.listen(!self.through_udevd)?;
        }
        if due && self.misses_definitions {
            self.watch_definitions(files);
            news.missed_definitions = true;
        }
        let others_read = self.definitions.as_ref().is_some_and(Watch::was_read);
        let mut batch = Batch::default();
        let readable = self.readable()?;
        if readable & UEVENTS != 0 {
            self.receive(count, &mut batch, news);
        }
        if readable & LINKS != 0 {
            let links = self.links.as_ref();
            news.rescan |= links.is_some_and(|links| links.receive(&mut news.links));
        }
        if readable & DEFINITIONS != 0 || others_read {
            match self.definitions.as_mut().map(|watch| watch.changed(files)) {
                None => {}
                Some(Ok(changed)) => news.definitions |= changed,
                Some(Err(_)) => {
                    news.missed_definitions = true;
                    self.watch_definitions(files);
                }
            }
        }
        if let Some(count) = count {
            self.find_missed(files, count, &mut batch, news)?;
        } else if thorough && self.socket.is_none() {
            news.rescan = true;
        }
        Ok(())
    }

    /// Finds out whether any of the first `count` uevents was not received and will not be: then the host must be
    /// scanned.
    fn find_missed(
        &mut self,
        files: &Files,
        count: u64,
        batch: &mut Batch,
        news: &mut News,
    ) -> Result<()> {
        let mut until = None;
        while count > self.received.all_to && !news.rescan {
            if batch.is_full() {
                news.rescan = true;
                break;
            }
            if self.waits_for_udevd(files, count)? {
                break;
            }
            // The time for messages on their way is not extended by later ones that arrive.
            let now = Instant::now();
            let left = until.get_or_insert(now + DELIVERY_TIME).duration_since(now);
            if !left.is_zero() && is_readable(self.socket.iter().map(AsFd::as_fd), left)? {
                self.receive(Some(count), batch, news);
                continue;
            }
            if self.waits_for_udevd(files, count)? {
                break;
            }
            news.rescan = match &self.interfaces {
                None => true,
                Some(interfaces) => interfaces.differ()?,
            };
            if !news.rescan {
                // They were about interfaces in other network namespaces, and sent only there.
                self.received.pass(count);
            }
        }
        Ok(())
    }

    /// When the time ends that udevd is given, if it is waited for: by then a look finds what it has not told.
    pub fn patience_ends(&self) -> Option<Instant> {
        let awaited = self.awaited.filter(|(to, _)| *to > self.received.all_to);
        awaited.map(|(_, since)| since + UDEVD_TIMEOUT)
    }

    /// Whether udevd may still send messages about some of the first `count` uevents, and has time left for it.
    fn waits_for_udevd(&mut self, files: &Files, count: u64) -> Result<bool> {
        if !self.through_udevd || !files.exists(UDEV_QUEUE)? {
            self.awaited = None;
            return Ok(false);
        }
        let awaited = self.awaited.filter(|(to, _)| *to > self.received.all_to);
        let (_, since) = *self
            .awaited
            .insert(awaited.unwrap_or((count, Instant::now())));
        Ok(since.elapsed() < UDEVD_TIMEOUT)
    }

    /// Whether a scan that is later than the kernel's uevent shows all that the message tells. A message of udevd tells
    /// of later changes too, unless the device was removed.
    fn scan_shows(&self, event: &Uevent) -> bool {
        event.action == Action::Removed || !self.through_udevd
    }

    /// Notes the interfaces that a uevent tells of as known.
    fn account_for(&mut self, event: &Uevent) {
        if let Some(interfaces) = &mut self.interfaces {
            interfaces.received(&event.path, event.action != Action::Removed);
            let old_path = event.old_path.iter();
            old_path.for_each(|old| interfaces.received(old, false));
        }
    }

    /// Adds to `news` what arrived: until the first `count` uevents are there, if that is given, or until nothing is
    /// left or the batch is full.
    fn receive(&mut self, count: Option<u64>, batch: &mut Batch, news: &mut News) {
        while !batch.is_full() {
            let Some(socket) = &self.socket else { return };
            batch.note_message();
            let message = match socket.receive() {
                Ok(message) => message,
                Err(error) => {
                    let errno = Errno::from_io_error(&error);
                    if errno == Some(Errno::AGAIN) {
                        return;
                    }
                    news.rescan |= errno.is_some_and(is_failure);
                    // The error of a message that is rejected does not tell whether there are more.
                    if matches!(is_readable([socket.as_fd()], Duration::ZERO), Ok(false)) {
                        return;
                    }
                    continue;
                }
            };
            let number = message.number;
            self.received.note(number);
            if let Some(event) = message.event {
                self.account_for(&event);
                // A scan shows what was added or removed before it, but not that a device changed.
                let is_late = number <= self.received.scanned && event.action != Action::Changed;
                if !(is_late && self.scan_shows(&event)) {
                    news.events.push_back(event);
                }
            }
            // The kernel's messages come in order, except for those on their way; udevd's do not.
            let has_all = |count| match self.through_udevd {
                true => self.received.all_to >= count,
                false => number >= count,
            };
            if count.is_some_and(has_all) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
