// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! mdevctl(8), which keeps definitions of mediated devices: its files, changes of them, and the program.

pub mod files;
pub mod run;
pub mod watch;
