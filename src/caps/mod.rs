// SPDX-License-Identifier: LGPL-2.1-or-later
//! One file a device kind: its data, its reader, its XML.
