// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Keeps panics out of C. Functions of the program are called outside of it; see `cancellation`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::cancellation::OwnWork;

/// Does work; the error is the text of a panic in it.
pub(super) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // A panic leaves nothing half-changed, because what threads share is changed in single steps.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| words(&*panic).to_string())
}

/// Does work for a function that reports no error; returns `fail` after a panic.
pub(super) fn shield<T>(fail: T, work: impl FnOnce() -> T) -> T {
    let _own_work = OwnWork::begin();
    catch(work).unwrap_or(fail)
}

fn words(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "panic without a message",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_gives_its_words_or_the_fallback() {
        let caught = |work: fn() -> u8| catch(work).unwrap_err();
        assert_eq!(caught(|| panic!("planted")), "planted");
        assert_eq!(caught(|| panic!("planted {}", 7)), "planted 7");
        assert_eq!(
            caught(|| std::panic::panic_any(3)),
            "panic without a message"
        );
        assert_eq!(catch(|| 8), Ok(8));
        assert_eq!(shield(7, || panic!("planted")), 7);
        assert_eq!(shield(7, || 8), 8);
    }
}
