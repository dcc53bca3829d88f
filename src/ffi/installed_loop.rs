// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The event loop that the program registered, or had the library register.

use super::cancellation::in_program;
use super::fork::{ProcessLock, Rank};
use super::types::{
    virEventAddHandleFunc, virEventAddTimeoutFunc, virEventRemoveHandleFunc,
    virEventRemoveTimeoutFunc, virEventUpdateHandleFunc, virEventUpdateTimeoutFunc,
};

/// The functions of an event loop, as virEventRegisterImpl() takes them. Each may be missing.
#[derive(Clone, Copy)]
pub(super) struct LoopFunctions {
    pub(super) add_handle: virEventAddHandleFunc,
    pub(super) update_handle: virEventUpdateHandleFunc,
    pub(super) remove_handle: virEventRemoveHandleFunc,
    pub(super) add_timeout: virEventAddTimeoutFunc,
    pub(super) update_timeout: virEventUpdateTimeoutFunc,
    pub(super) remove_timeout: virEventRemoveTimeoutFunc,
}

/// The first loop that was registered, which stays for the life of the process and of its children.
static INSTALLED: ProcessLock<Option<LoopFunctions>> = ProcessLock::new(Rank::InstalledLoop, None);

/// Registers these functions as the loop, unless there is one already.
pub(super) fn install(functions: LoopFunctions) {
    INSTALLED.write().get_or_insert(functions);
}

/// Whether a loop is registered.
pub(super) fn is_there() -> bool {
    INSTALLED.read().is_some()
}

/// Calls a function of the loop, with no lock held; returns `missing` if there is no loop or it
/// lacks the function.
pub(super) fn call<T>(missing: T, call: impl FnOnce(LoopFunctions) -> Option<T>) -> T {
    let functions = *INSTALLED.read();
    in_program(|| functions.and_then(call)).unwrap_or(missing)
}
