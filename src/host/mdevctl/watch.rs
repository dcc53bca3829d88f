// SPDX-License-Identifier: LGPL-2.1-or-later
//! Hears of changes of the definitions of mediated devices (inotify(7)).
//!
//! A user may have a small number of inotify instances, 128 by default, for all programs. So the connections of a process
//! share one: whichever reads it tells the others.

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
use crate::host::found::{Found, again, found, insist};
use crate::process::without_fork;

/// Files that come, go and change.
const CHANGES: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::ONLYDIR);

/// The folder itself goes.
const OWN_END: WatchFlags = WatchFlags::MOVE_SELF.union(WatchFlags::DELETE_SELF);

/// A new folder comes.
const ARRIVALS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::ONLYDIR);

/// The instance of the process, as long as there are connections that use it.
static INSTANCE: Mutex<Weak<Instance>> = Mutex::new(Weak::new());

#[derive(Debug)]
struct Instance {
    /// The process that made it. A child shares what there is to read with its parent, and makes its own.
    maker: u32,
    inotify: OwnedFd,
    /// How often it was read.
    reads: AtomicU64,
    watched: Mutex<Watched>,
}

/// The folders that are watched, by inotify's numbers, and who is told.
#[derive(Debug, Default)]
struct Watched {
    /// That of the definitions.
    folder: Option<i32>,
    /// The one that it is to come to, while it is missing.
    above: Option<i32>,
    /// Those in it, one for each parent.
    parents: BTreeSet<i32>,
    listeners: Vec<Weak<OwnedFd>>,
}

/// Hears of changes below the folder of the definitions, or that it comes.
#[derive(Debug)]
pub struct Watch {
    instance: Arc<Instance>,
    /// An eventfd that is readable when there were changes.
    news: Arc<OwnedFd>,
    /// How often the instance was read at the last look.
    seen: u64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// Starts to listen; `None` for a recording, and where there is neither the folder nor one to which it could come.
    pub fn open(files: &Files) -> Found<Watch> {
        if !files.is_live() {
            return Ok(None);
        }
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let news = retry_on_intr(|| eventfd(0, flags));
        let news = Arc::new(news.map_err(|e| failed("listen for", e))?);
        // No thread may hold these locks in a child.
        without_fork(|| {
            let Some(instance) = Instance::of_process()? else {
                return Ok(None);
            };
            let mut watched = locked(&instance.watched);
            if !instance.is_at_work(&mut watched, files)? {
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

    /// Descriptors that are readable while there are changes to hear of.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        [self.instance.inotify.as_fd(), self.news.as_fd()].into_iter()
    }

    /// Whether another connection has read of changes since the last look. It may still be about to tell.
    pub fn was_read(&self) -> bool {
        self.instance.reads.load(Ordering::Acquire) != self.seen
    }

    /// Whether anything changed since the last call.
    pub fn changed(&mut self, files: &Files) -> Result<bool> {
        without_fork(|| {
            let mut watched = locked(&self.instance.watched);
            let is_at_work = self.instance.read(&mut watched, files);
            self.seen = self.instance.reads.load(Ordering::Acquire);
            if !is_at_work? {
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
    /// That of this process, made where there is none.
    fn of_process() -> Found<Arc<Instance>> {
        let maker = std::process::id();
        let mut known = locked(&INSTANCE);
        if let Some(instance) = known.upgrade().filter(|known| known.maker == maker) {
            return Ok(Some(instance));
        }
        let flags = CreateFlags::CLOEXEC | CreateFlags::NONBLOCK;
        let made = again(|| Ok(inotify::init(flags)?));
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

    /// Watches what there is, where that is not done yet; whether there is anything.
    fn is_at_work(&self, watched: &mut Watched, files: &Files) -> Result<bool> {
        let is_at_work = |watched: &Watched| watched.folder.is_some() || watched.above.is_some();
        if !is_at_work(watched) {
            self.begin(watched, files)
                .inspect_err(|_| self.end(watched))?;
        }
        Ok(is_at_work(watched))
    }

    fn begin(&self, watched: &mut Watched, files: &Files) -> Result<()> {
        watched.folder = self.add(FOLDER, CHANGES | OWN_END)?;
        if watched.folder.is_none() {
            watched.above = self.add(dirname(FOLDER), ARRIVALS | OWN_END)?;
            // It may have come meanwhile.
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

    fn end(&self, watched: &mut Watched) {
        let parents = std::mem::take(&mut watched.parents);
        let others = [watched.folder.take(), watched.above.take()];
        let all = others.into_iter().flatten().chain(parents);
        all.for_each(|watch| self.remove(watch));
    }

    fn add(&self, folder: &[u8], events: WatchFlags) -> Found<i32> {
        let add = || Ok(inotify::add_watch(&self.inotify, folder, events)?);
        found("listen for changes of", folder, again(add))
    }

    fn remove(&self, watch: i32) {
        // One whose folder is gone has ended by itself.
        let _ = inotify::remove_watch(&self.inotify, watch);
    }

    fn add_parents(&self, watched: &mut Watched, files: &Files) -> Result<()> {
        for parent in files.entries(FOLDER)?.unwrap_or_default() {
            // What is no folder holds no definitions.
            let watch = self.add(&join(FOLDER, &parent), CHANGES)?;
            watched.parents.extend(watch);
        }
        Ok(())
    }

    /// Reads what there is, and tells all listeners if definitions may have changed; whether there is anything to
    /// listen to after that.
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
            self.end(watched);
        }
        let result = end.and_then(|()| {
            if has_changed && watched.folder.is_some() {
                self.add_parents(watched, files)?;
            }
            self.is_at_work(watched, files)
        });
        if result.is_err() {
            // Whoever looks next begins anew.
            self.end(watched);
        }
        if has_changed || result.is_err() {
            for listener in watched.listeners.iter().filter_map(Weak::upgrade) {
                // A full counter (EAGAIN) is readable already.
                let _ = insist(|| rustix::io::write(&listener, &1u64.to_ne_bytes()));
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
    /// So may what there is to watch.
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
            // A new file is empty; another event tells when it is written.
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
