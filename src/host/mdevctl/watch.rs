// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Notices changes of the definitions of mediated devices by inotify(7).
//!
//! A user may have few inotify instances, 128 by default, for all programs. So the connections of a process share one,
//! and the connection that reads from it notifies the others.

use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::{Errno, retry_on_intr};

use super::files::FOLDER;
use crate::error::{Error, Result};
use crate::host::files::{Files, basename, dirname, join};
use crate::host::found::{Found, found, retry_interrupted, retry_once_on_eio};
use crate::process::without_fork;

/// Files are added, removed or changed.
const CHANGES: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::ONLYDIR);

/// The folder itself is moved or removed.
const OWN_END: WatchFlags = WatchFlags::MOVE_SELF.union(WatchFlags::DELETE_SELF);

/// A folder is added.
const ARRIVALS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::ONLYDIR);

/// The instance of the process, as long as connections use it.
static INSTANCE: Mutex<Weak<Instance>> = Mutex::new(Weak::new());

#[derive(Debug)]
struct Instance {
    /// The id of the process that made it. A child of a fork would take events away from its parent, so it makes its
    /// own.
    maker: u32,
    inotify: OwnedFd,
    /// How many times it was read.
    reads: AtomicU64,
    watched: Mutex<Watched>,
}

/// The folders that are watched, by their watch descriptors, and the connections to be notified.
#[derive(Debug, Default)]
struct Watched {
    /// The folder of the definitions.
    folder: Option<i32>,
    /// The folder above it, while it is missing.
    above: Option<i32>,
    /// The folders in it, one for each parent device.
    parents: BTreeSet<i32>,
    listeners: Vec<Weak<OwnedFd>>,
}

/// A connection's view of changes below the folder of the definitions.
#[derive(Debug)]
pub struct Watch {
    instance: Arc<Instance>,
    /// An eventfd that is readable after a change.
    news: Arc<OwnedFd>,
    /// How many times the instance had been read when this connection last looked.
    seen: u64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// Starts to listen; `None` for a recording, and if neither the folder nor the one above it exists.
    pub fn open(files: &Files) -> Found<Watch> {
        if !files.is_live() {
            return Ok(None);
        }
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let news = retry_on_intr(|| eventfd(0, flags));
        let news = Arc::new(news.map_err(|e| failed("listen for", e))?);
        // If a fork divides the process, no thread may hold these locks: the child could never take them.
        without_fork(|| {
            let Some(instance) = Instance::of_process()? else {
                return Ok(None);
            };
            let mut watched = locked(&instance.watched);
            if !instance.ensure_watching(&mut watched, files)? {
                return Ok(None);
            }
            watched.listeners.retain(|other| other.strong_count() > 0);
            watched.listeners.push(Arc::downgrade(&news));
            drop(watched);
            let seen = instance.reads.load(Ordering::Acquire);
            Ok(Some(Watch {
                instance,
                news,
                seen,
            }))
        })
    }

    /// Descriptors that are readable while there are changes to read.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        [self.instance.inotify.as_fd(), self.news.as_fd()].into_iter()
    }

    /// Whether another connection has read from the instance since this one last looked. Its notification may still be
    /// on the way.
    pub fn was_read(&self) -> bool {
        self.instance.reads.load(Ordering::Acquire) != self.seen
    }

    /// Whether definitions may have changed since the last call. Fails if that cannot be told (code 38).
    pub fn changed(&mut self, files: &Files) -> Result<bool> {
        without_fork(|| {
            let mut watched = locked(&self.instance.watched);
            let is_watching = self.instance.read(&mut watched, files);
            self.seen = self.instance.reads.load(Ordering::Acquire);
            if !is_watching? {
                return Err(failed("listen for", Errno::NOENT));
            }
            match retry_on_intr(|| rustix::io::read(&self.news, &mut [0; 8])) {
                Ok(_) => Ok(true),
                Err(Errno::AGAIN) => Ok(false),
                Err(e) => Err(failed("read", e)),
            }
        })
    }
}

impl Instance {
    /// The instance of this process, which is made if there is none; `None` if the kernel has no inotify.
    fn of_process() -> Found<Arc<Instance>> {
        let maker = std::process::id();
        let mut known = locked(&INSTANCE);
        if let Some(instance) = known.upgrade().filter(|known| known.maker == maker) {
            return Ok(Some(instance));
        }
        let flags = CreateFlags::CLOEXEC | CreateFlags::NONBLOCK;
        let made = retry_interrupted(|| Ok(inotify::init(flags)?));
        let Some(inotify) = found("listen for changes of", FOLDER, made)? else {
            return Ok(None);
        };
        let instance = Arc::new(Instance {
            maker,
            inotify,
            reads: AtomicU64::new(0),
            watched: Mutex::default(),
        });
        *known = Arc::downgrade(&instance);
        Ok(Some(instance))
    }

    /// Starts to watch unless that is done; returns whether anything is watched.
    fn ensure_watching(&self, watched: &mut Watched, files: &Files) -> Result<bool> {
        let is_watching = |watched: &Watched| watched.folder.is_some() || watched.above.is_some();
        if !is_watching(watched) {
            self.start(watched, files)
                .inspect_err(|_| self.stop(watched))?;
        }
        Ok(is_watching(watched))
    }

    fn start(&self, watched: &mut Watched, files: &Files) -> Result<()> {
        watched.folder = self.add(FOLDER, CHANGES | OWN_END)?;
        if watched.folder.is_none() {
            watched.above = self.add(dirname(FOLDER), ARRIVALS | OWN_END)?;
            // It may have been added meanwhile.
            watched.folder = self.add(FOLDER, CHANGES | OWN_END)?;
        }
        if watched.folder.is_some() {
            if let Some(above) = watched.above.take() {
                self.remove(above);
            }
            self.add_parents(watched, files)?;
        }
        Ok(())
    }

    fn stop(&self, watched: &mut Watched) {
        let parents = std::mem::take(&mut watched.parents);
        let others = [watched.folder.take(), watched.above.take()];
        let all = others.into_iter().flatten().chain(parents);
        all.for_each(|watch| self.remove(watch));
    }

    fn add(&self, folder: &[u8], events: WatchFlags) -> Found<i32> {
        let add = || Ok(inotify::add_watch(&self.inotify, folder, events)?);
        found("listen for changes of", folder, retry_interrupted(add))
    }

    fn remove(&self, watch: i32) {
        // The watch of a folder that was removed has ended by itself.
        let _ = inotify::remove_watch(&self.inotify, watch);
    }

    fn add_parents(&self, watched: &mut Watched, files: &Files) -> Result<()> {
        for parent in files.entries(FOLDER)?.unwrap_or_default() {
            // Only folders can be watched; files here are no definitions.
            let watch = self.add(&join(FOLDER, &parent), CHANGES)?;
            watched.parents.extend(watch);
        }
        Ok(())
    }

    /// Reads all events, and notifies all connections if definitions may have changed. Returns whether anything is
    /// watched after that.
    fn read(&self, watched: &mut Watched, files: &Files) -> Result<bool> {
        self.reads.fetch_add(1, Ordering::AcqRel);
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let (mut has_changed, mut has_ended) = (false, false);
        let end = loop {
            match reader.next() {
                Ok(event) => {
                    let meaning = Meaning::of(&event, watched);
                    has_changed |= meaning != Meaning::Nothing;
                    has_ended |= meaning == Meaning::Ended;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break Ok(()),
                Err(e) => break Err(failed("read", e)),
            }
        };
        if has_ended {
            self.stop(watched);
        }
        let result = end.and_then(|()| {
            if has_changed && watched.folder.is_some() {
                self.add_parents(watched, files)?;
            }
            self.ensure_watching(watched, files)
        });
        if result.is_err() {
            // The next call starts to watch anew.
            self.stop(watched);
        }
        if has_changed || result.is_err() {
            for listener in watched.listeners.iter().filter_map(Weak::upgrade) {
                // A full counter (EAGAIN) is readable already.
                let _ = retry_once_on_eio(|| rustix::io::write(&listener, &1u64.to_ne_bytes()));
            }
        }
        result
    }
}

/// What an event means.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Nothing,
    /// Definitions may have changed.
    Changed,
    /// Definitions may have changed, and so may the folders to be watched.
    Ended,
}

impl Meaning {
    fn of(event: &inotify::Event<'_>, watched: &Watched) -> Meaning {
        let what = event.events();
        let is_above = watched.above == Some(event.wd());
        let is_top = is_above || watched.folder == Some(event.wd());
        let own_end = ReadFlags::IGNORED | ReadFlags::MOVE_SELF | ReadFlags::DELETE_SELF;
        let is_folder = || event.file_name().map(|name| name.to_bytes()) == Some(basename(FOLDER));
        let is_directory = what.contains(ReadFlags::ISDIR);
        if what.contains(ReadFlags::QUEUE_OVERFLOW) || is_top && what.intersects(own_end) {
            Meaning::Ended
        } else if what.intersects(own_end) {
            Meaning::Nothing
        } else if is_above {
            match is_folder() {
                true => Meaning::Ended,
                false => Meaning::Nothing,
            }
        } else if what.contains(ReadFlags::CREATE) && !is_directory {
            // A new file is empty; another event follows when it has been written.
            Meaning::Nothing
        } else {
            Meaning::Changed
        }
    }
}

fn failed(what: &str, errno: Errno) -> Error {
    Error::io(
        format!("cannot {what} changes of definitions"),
        &errno.into(),
    )
}
