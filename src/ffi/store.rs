// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Keeps the errors for C and reports them to handlers. Each thread and each connection has one last error.

pub(super) mod connection;
pub(super) mod handler;
pub(super) mod last;
pub(super) mod print;
pub(super) mod record;
pub(super) mod tell;
