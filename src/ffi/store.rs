// SPDX-License-Identifier: LGPL-2.1-or-later
//! Where errors are kept for C, and who is told of them. Each thread has one last error, each
//! connection one more.

pub(super) mod connection;
pub(super) mod handler;
pub(super) mod last;
pub(super) mod print;
pub(super) mod record;
pub(super) mod tell;
