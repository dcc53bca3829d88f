// SPDX-License-Identifier: LGPL-2.1-or-later
//! The C skin: every exported function and nearly all unsafe code.
#![allow(unsafe_code)]
