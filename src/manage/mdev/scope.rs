// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! What a change of a mediated device applies to.

/// The running device, its definition, or both; neither if the caller did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scope {
    /// The running device.
    pub live: bool,
    /// Its definition.
    pub config: bool,
}

impl Scope {
    /// Only the definition.
    pub const CONFIG: Scope = Scope {
        live: false,
        config: true,
    };

    /// The same scope; if the caller did not say, the device if it is running, or else its
    /// definition.
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
