// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What threads wait for each other with. The proofs (docs/proofs.md) build the files that use it with loom's instead, which
//! tries the orders in which threads can come.

pub(super) use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
pub(super) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
pub(super) use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
