// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The functions of a program that are registered on a connection, each with a number.

use std::ffi::c_int;

use super::failure::{Failure, Result};
use super::sync::{Arc, AtomicBool, Mutex, MutexGuard, Ordering, PoisonError};
use super::user_data::UserData;
use crate::error::{Code, Domain, Error};

/// A function that is registered; `what` is the function and what it is registered for.
pub(super) struct Registration<T> {
    pub(super) what: T,
    pub(super) data: UserData,
    number: c_int,
    is_over: AtomicBool,
}

impl<T> Registration<T> {
    /// Whether it was deregistered, so that the function must not be called any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

/// The registrations of one kind on one connection.
pub(super) struct Registrations<T>(Mutex<List<T>>);

struct List<T> {
    all: Vec<Arc<Registration<T>>>,
    next_number: c_int,
}

impl<T> Registrations<T> {
    /// An empty list whose first registration gets the number `first`.
    pub(super) fn numbered_from(first: c_int) -> Self {
        Registrations(Mutex::new(List {
            all: Vec::new(),
            next_number: first,
        }))
    }

    fn list(&self) -> MutexGuard<'_, List<T>> {
        // No code of the program runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All registrations, in the order in which they were made.
    pub(super) fn all(&self) -> Vec<Arc<Registration<T>>> {
        self.list().all.clone()
    }

    /// Adds a registration and returns its number.
    pub(super) fn add(&self, what: T, data: UserData) -> c_int {
        self.list().add(what, data)
    }

    /// Removes the registration with this number; an error with the number if there is none.
    pub(super) fn take_number(&self, number: c_int) -> Result<Arc<Registration<T>>> {
        let is_it = |registration: &Registration<T>| registration.number == number;
        self.list().take(is_it, || number.to_string())
    }
}

impl<T: PartialEq> Registrations<T> {
    /// Adds a registration and returns its number; an error if it is registered already.
    pub(super) fn add_once(&self, what: T, data: UserData) -> Result<c_int> {
        let mut list = self.list();
        list.refuse_double(&what)?;
        Ok(list.add(what, data))
    }

    /// An error if this is registered already.
    pub(super) fn refuse_double(&self, what: &T) -> Result<()> {
        self.list().refuse_double(what)
    }

    /// Removes the first registration for `what`; an error with `name` if there is none.
    pub(super) fn take(
        &self,
        what: &T,
        name: impl FnOnce() -> String,
    ) -> Result<Arc<Registration<T>>> {
        self.list()
            .take(|registration| registration.what == *what, name)
    }
}

impl<T> List<T> {
    fn add(&mut self, what: T, data: UserData) -> c_int {
        let number = self.next_number;
        self.next_number += 1;
        self.all.push(Arc::new(Registration {
            what,
            data,
            number,
            is_over: AtomicBool::new(false),
        }));
        number
    }

    fn take(
        &mut self,
        is_it: impl Fn(&Registration<T>) -> bool,
        name: impl FnOnce() -> String,
    ) -> Result<Arc<Registration<T>>> {
        let at = self.all.iter().position(|registration| is_it(registration));
        let at = at.ok_or_else(|| {
            let name = name();
            refusal(format!("could not find event callback {name} for deletion"))
        })?;
        let taken = self.all.remove(at);
        taken.is_over.store(true, Ordering::Release);
        Ok(taken)
    }
}

impl<T: PartialEq> List<T> {
    fn refuse_double(&self, what: &T) -> Result<()> {
        match self
            .all
            .iter()
            .any(|registration| registration.what == *what)
        {
            true => Err(refusal("event callback already tracked")),
            false => Ok(()),
        }
    }
}

fn refusal(why: impl Into<String>) -> Failure {
    Error::new(Code::InvalidArg, why)
        .in_domain(Domain::None)
        .into()
}
