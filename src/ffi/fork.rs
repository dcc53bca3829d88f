// SPDX-License-Identifier: LGPL-2.1-or-later
//! What fork(2) does to the library.
//!
//! A child process has the memory of its parent, but of the threads only the one that
//! forked. Descriptors are shared: a message that the child reads is lost to the parent.
//! So the child may not use connections that it inherited. It can give them back, and
//! open its own.
//!
//! The locks of the process are taken before the fork and let go on both sides, so that
//! none is held in the child by a thread that is not there. The locks of a
//! connection are not: the child never takes those of an inherited one. An
//! inherited connection that another thread was using keeps that thread's share of
//! its `Arc`, and therefore is never torn down half-changed.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{MutexGuard, RwLockWriteGuard};

use super::objects::{ConnHandle, DeviceHandle, HANDLES};
use super::store::Handler;
use super::{default_loop, event_loop, guard, handle, store};
use crate::process;

/// The locks of the process, in the order in which they are taken.
struct Locks {
    handles: handle::Held<'static, ConnHandle, DeviceHandle>,
    _built_in: default_loop::Held,
    _registered: event_loop::Held,
    _handler: MutexGuard<'static, Option<Handler>>,
    _work: RwLockWriteGuard<'static, ()>,
}

thread_local! {
    /// The locks from before the fork until after it.
    static LOCKS: RefCell<Option<Locks>> = const { RefCell::new(None) };
}

/// How many forks lie between this process and the one that loaded the library.
static COUNT: AtomicU32 = AtomicU32::new(0);

static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// Has the library told of forks from now on.
pub(super) fn watch() {
    if IS_WATCHED.load(Ordering::Relaxed) || IS_WATCHED.swap(true, Ordering::Relaxed) {
        return;
    }
    // SAFETY: functions that live as long as the process: the library is never unloaded.
    // Without memory for it there is nothing better to do than to go on.
    unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
}

/// How many forks lie between this process and the one that loaded the library.
pub(super) fn count() -> u32 {
    COUNT.load(Ordering::Relaxed)
}

unsafe extern "C" fn before() {
    guard::shield((), || {
        let work = process::hold();
        let locks = Locks {
            _work: work,
            _handler: store::hold(),
            _registered: event_loop::hold(),
            _built_in: default_loop::hold(),
            handles: HANDLES.hold(),
        };
        // A thread that ends has no such variable any more; then the locks are let go here.
        let _ = LOCKS.try_with(|kept| *kept.borrow_mut() = Some(locks));
    });
}

unsafe extern "C" fn in_parent() {
    guard::shield((), || {
        let _ = LOCKS.try_with(|kept| kept.borrow_mut().take());
    });
}

unsafe extern "C" fn in_child() {
    guard::shield((), || {
        COUNT.fetch_add(1, Ordering::Relaxed);
        let kept = LOCKS.try_with(|kept| kept.borrow_mut().take());
        if let Ok(Some(mut locks)) = kept {
            locks.handles.inherit();
        }
    });
}
