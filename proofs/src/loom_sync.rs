// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Loom's locks and atomics under the names of `src/ffi/sync.rs`. Loom's own cannot be made in a constant, and last for one
//! execution of a model only. These are made where they are first used in an execution.

use std::marker::PhantomData;
use std::sync::LockResult;
use std::sync::atomic::AtomicUsize;

use loom::lazy_static::Lazy;

pub use loom::sync::atomic::Ordering;
pub use loom::sync::{Arc, MutexGuard, RwLockReadGuard, RwLockWriteGuard};
pub use std::sync::PoisonError;

static EXECUTION: AtomicUsize = AtomicUsize::new(0);

/// Tries every order in which the threads of a model can come.
pub fn every_order(model: impl Fn() + Send + Sync + 'static) {
    orders(None, model);
}

/// The same, but for orders in which threads are interrupted more often than so in all, where they do not wait.
pub fn orders(interruptions: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = interruptions;
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    builder.check(move || {
        EXECUTION.fetch_add(1, Ordering::SeqCst);
        counted.fetch_add(1, Ordering::SeqCst);
        model();
    });
    println!("orders: {}", count.load(Ordering::SeqCst));
}

/// What is made anew for each execution.
struct PerExecution<L>(std::sync::Mutex<Option<(usize, Leaked<L>)>>);

struct Leaked<L>(*const L);

// SAFETY: as a shared reference, which it stands for where L need not be known to live long.
unsafe impl<L: Sync> Send for Leaked<L> {}

impl<L> PerExecution<L> {
    const fn new() -> Self {
        PerExecution(std::sync::Mutex::new(None))
    }
}

impl<L: 'static> PerExecution<L> {
    fn get(&self, make: impl FnOnce() -> L) -> &'static L {
        let execution = EXECUTION.load(Ordering::SeqCst);
        let mut made = self.0.lock().unwrap();
        match *made {
            // SAFETY: it is never freed.
            Some((at, Leaked(it))) if at == execution => unsafe { &*it },
            _ => {
                let it: &'static L = Box::leak(Box::new(make()));
                *made = Some((execution, Leaked(it)));
                it
            }
        }
    }
}

/// A lock of the process: it starts each execution with the same value.
pub struct Mutex<T> {
    first: T,
    lock: PerExecution<loom::sync::Mutex<T>>,
}

impl<T: Clone + 'static> Mutex<T> {
    pub const fn new(first: T) -> Self {
        Mutex {
            first,
            lock: PerExecution::new(),
        }
    }

    pub fn lock(&self) -> LockResult<MutexGuard<'static, T>> {
        self.lock
            .get(|| loom::sync::Mutex::new(self.first.clone()))
            .lock()
    }
}

/// A lock that is made and used in one execution.
pub struct RwLock<T> {
    first: std::sync::Mutex<Option<T>>,
    lock: PerExecution<loom::sync::RwLock<T>>,
}

impl<T> RwLock<T> {
    pub const fn new(first: T) -> Self {
        RwLock {
            first: std::sync::Mutex::new(Some(first)),
            lock: PerExecution::new(),
        }
    }
}

impl<T: 'static> RwLock<T> {
    fn lock(&self) -> &'static loom::sync::RwLock<T> {
        let first = || self.first.lock().unwrap().take().unwrap();
        self.lock.get(|| loom::sync::RwLock::new(first()))
    }

    pub fn read(&self) -> LockResult<RwLockReadGuard<'static, T>> {
        self.lock().read()
    }

    pub fn write(&self) -> LockResult<RwLockWriteGuard<'static, T>> {
        self.lock().write()
    }
}

macro_rules! atomics {
    ($($name:ident $value:ident $zero:literal),*) => { $(
        /// In a static or leaked. Whoever makes it in an execution is followed by those who use it, as if it had been there before.
        pub struct $name(Lazy<loom::sync::atomic::$name>);

        impl $name {
            pub const fn new(first: $value) -> Self {
                assert!(first == $zero);
                let init = || loom::sync::atomic::$name::new($zero);
                $name(Lazy { init, _p: PhantomData })
            }

            fn get(&self) -> &'static loom::sync::atomic::$name {
                let this: *const Self = self;
                // SAFETY: each of them lives as long as the process.
                unsafe { &*this }.0.get()
            }

            pub fn load(&self, order: Ordering) -> $value {
                self.get().load(order)
            }

            pub fn store(&self, value: $value, order: Ordering) {
                self.get().store(value, order);
            }

            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                self.get().swap(value, order)
            }
        }
    )* };
}

atomics! { AtomicBool bool false, AtomicU32 u32 0 }

impl AtomicU32 {
    pub fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.get().fetch_add(value, order)
    }
}
