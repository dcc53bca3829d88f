// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Functions of a program that are registered, called and deregistered by several threads (`src/ffi/registrations.rs`,
//! `src/ffi/telling.rs`), with loom.

use loom::thread;

use self::listener::Listener;
use self::registrations::Registrations;
use self::telling::Telling;
use self::user_data::UserData;
use crate::loom_sync::{every_order, orders};

#[path = "../../src/ffi/registrations.rs"]
mod registrations;
#[path = "../../src/ffi/telling.rs"]
mod telling;

/// Loom's own: these locks are parts of a connection, which is made in an execution.
mod sync {
    pub use loom::sync::atomic::{AtomicBool, Ordering};
    pub use loom::sync::{Arc, Mutex, MutexGuard};
    pub use std::sync::PoisonError;
}

mod failure {
    #[derive(Debug)]
    pub struct Failure;
    pub type Result<T> = std::result::Result<T, Failure>;

    impl From<crate::error::Error> for Failure {
        fn from(_: crate::error::Error) -> Failure {
            Failure
        }
    }
}

mod listener {
    #[derive(PartialEq)]
    pub struct Listener;
}

mod user_data {
    use loom::cell::UnsafeCell;
    use std::sync::Arc;

    /// The data of a program. Loom tells of each use of it by one thread while, or unless before, another one frees it.
    pub struct UserData {
        pub freed: Arc<UnsafeCell<u32>>,
    }

    impl UserData {
        pub fn uses(&self) {
            self.freed.with(|freed| {
                // SAFETY: loom fails where it is written at the same time.
                assert_eq!(unsafe { *freed }, 0, "used after it was freed");
            });
        }

        pub fn free(&self) {
            self.freed.with_mut(|freed| {
                // SAFETY: as above.
                unsafe { *freed += 1 };
            });
        }
    }
}

struct Connection {
    listeners: Registrations<Listener>,
    telling: Telling,
}

impl Connection {
    /// As `free_ended` of `src/ffi/events.rs`.
    fn free_ended(&self) {
        while let Some(registration) = self.telling.next_ended() {
            registration.data.free();
        }
    }

    /// As `tell_all` there, for one event.
    fn dispatch(&self) {
        let Some(under_way) = self.telling.begin() else {
            return;
        };
        for registration in self.listeners.all() {
            if !registration.is_over() {
                registration.data.uses();
            }
        }
        drop(under_way);
        self.free_ended();
    }

    /// As `deregister` there.
    fn deregister(&self, number: i32) -> bool {
        let Ok(registration) = self.listeners.take_number(number) else {
            return false;
        };
        self.telling.end(registration);
        self.free_ended();
        true
    }
}

/// `dispatchers` threads dispatch and `enders` deregister: one of them succeeds, and the data are freed once, after their last use.
fn data_are_freed_once(dispatchers: usize, enders: usize, interruptions: Option<usize>) {
    orders(interruptions, move || {
        let conn: &Connection = Box::leak(Box::new(Connection {
            listeners: Registrations::numbered_from(0),
            telling: Telling::default(),
        }));
        let freed = std::sync::Arc::new(loom::cell::UnsafeCell::new(0));
        let data = UserData { freed: freed.clone() };
        let number = conn.listeners.add_once(Listener, data).unwrap();
        let others: Vec<_> = (1..dispatchers)
            .map(|_| thread::spawn(|| conn.dispatch()))
            .collect();
        let ending: Vec<_> = (0..enders)
            .map(|_| thread::spawn(move || conn.deregister(number)))
            .collect();
        conn.dispatch();
        others.into_iter().for_each(|thread| thread.join().unwrap());
        let ended = ending.into_iter().map(|thread| thread.join().unwrap());
        assert_eq!(ended.filter(|ended| *ended).count(), 1);
        // SAFETY: no other thread is left.
        freed.with(|freed| assert_eq!(unsafe { *freed }, 1));
    });
}

pub fn with_one_dispatcher() {
    data_are_freed_once(1, 1, None);
}

pub fn with_two_dispatchers() {
    data_are_freed_once(2, 1, Some(2));
}

pub fn with_two_who_deregister() {
    data_are_freed_once(1, 2, Some(2));
}

/// Two threads register the same function: one of them succeeds.
pub fn a_function_is_registered_once() {
    every_order(|| {
        let listeners: &Registrations<Listener> = Box::leak(Box::new(Registrations::numbered_from(5)));
        let add = || {
            let freed = std::sync::Arc::new(loom::cell::UnsafeCell::new(0));
            listeners.add_once(Listener, UserData { freed })
        };
        let other = thread::spawn(add);
        let numbers = [add(), other.join().unwrap()];
        let mut numbers = numbers.into_iter().flatten();
        assert_eq!((numbers.next(), numbers.next()), (Some(5), None));
        assert_eq!(listeners.all().len(), 1);
        assert!(listeners.take_number(5).is_ok());
    });
}
