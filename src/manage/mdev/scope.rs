// SPDX-License-Identifier: LGPL-2.1-or-later
//! What a change of a mediated device is to reach.

/// The running device, its definition, or both; neither where the caller named nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scope {
    /// The running device.
    pub live: bool,
    /// Its definition, which outlives it.
    pub config: bool,
}

impl Scope {
    /// The definition alone.
    pub const CONFIG: Scope = Scope {
        live: false,
        config: true,
    };

    /// The same, or where nothing was named the running device, or the definition of one that does not run.
    pub fn or_what_there_is(self, is_running: bool) -> Scope {
        match self {
            Scope {
                live: false,
                config: false,
            } => Scope {
                live: is_running,
                config: !is_running,
            },
            named => named,
        }
    }
}
