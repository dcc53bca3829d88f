// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Decides where a thread can be cancelled (pthread_cancel(3)): in functions of the program, and while the library
//! waits for what the program watches. It cannot be cancelled in the library's own work, which would be left half done.
//!
//! glibc ends a cancelled thread, and one that calls pthread_exit(3), by unwinding its stack. So functions of the
//! program are called outside of `catch_unwind`, which would end the process, through functions of the ABI `C-unwind`;
//! what must be put back then is put back by `Drop`.

pub(super) mod points;

use std::cell::Cell;
use std::ffi::c_int;
use std::marker::PhantomData;

use self::points::pthread_setcancelstate;

/// `PTHREAD_CANCEL_DISABLE` of glibc and musl.
const DISABLED: c_int = 1;

thread_local! {
    /// The state that the program chose, while the library is at work.
    static CHOSEN: Cell<Option<c_int>> = const { Cell::new(None) };
}

/// Sets this thread's state and returns the former one.
fn set(state: c_int) -> c_int {
    let mut before = 0;
    // SAFETY: the state is one that the function returned, or DISABLED, and the number may be written.
    unsafe { pthread_setcancelstate(state, &mut before) };
    before
}

/// The library's own work: the thread is not cancelled until this is dropped.
pub(super) struct OwnWork {
    /// The state that the program chose; `None` inside of other own work, which has it already.
    chosen: Option<c_int>,
    /// It must be dropped on the thread that began it.
    _not_send: PhantomData<*const ()>,
}

impl OwnWork {
    pub(super) fn begin() -> Self {
        let chosen = match CHOSEN.get() {
            Some(_) => None,
            None => Some(set(DISABLED)),
        };
        if chosen.is_some() {
            CHOSEN.set(chosen);
        }
        OwnWork {
            chosen,
            _not_send: PhantomData,
        }
    }
}

impl Drop for OwnWork {
    fn drop(&mut self) {
        if let Some(chosen) = self.chosen {
            CHOSEN.set(None);
            set(chosen);
        }
    }
}

/// Calls a function of the program, or waits for what it watches, with the state that the program chose.
pub(super) fn in_program<T>(call: impl FnOnce() -> T) -> T {
    struct Interrupted(c_int);
    impl Drop for Interrupted {
        fn drop(&mut self) {
            set(DISABLED);
            CHOSEN.set(Some(self.0));
        }
    }
    let Some(chosen) = CHOSEN.take() else {
        return call();
    };
    // Made before the thread can be cancelled, so that it is dropped then.
    let _interrupted = Interrupted(chosen);
    set(chosen);
    call()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state of this thread.
    fn state() -> c_int {
        let state = set(DISABLED);
        set(state);
        state
    }

    #[test]
    fn own_work_cannot_be_cancelled_and_the_program_has_its_own_choice() {
        const ENABLED: c_int = 0;
        for chosen in [ENABLED, DISABLED] {
            set(chosen);
            let own = OwnWork::begin();
            assert_eq!(state(), DISABLED);
            let nested = OwnWork::begin();
            in_program(|| {
                assert_eq!(state(), chosen);
                let again = OwnWork::begin();
                assert_eq!(state(), DISABLED);
                in_program(|| assert_eq!(state(), chosen));
                drop(again);
                assert_eq!(state(), chosen);
            });
            assert_eq!(state(), DISABLED);
            drop(nested);
            assert_eq!(state(), DISABLED);
            in_program(|| assert_eq!(state(), chosen));
            drop(own);
            assert_eq!(state(), chosen);
            in_program(|| assert_eq!(state(), chosen));
        }
        set(ENABLED);
    }
}
