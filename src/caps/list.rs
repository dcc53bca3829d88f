// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Makes everything that names each kind of device from the one list of them in `caps/mod.rs`.

/// Takes the list and makes of it the enums [`Capability`](super::Capability), [`Facts`](super::Facts) and
/// [`State`](super::State), and the functions that ask the type of a kind. It is a macro because Rust has
/// no other way to have one variant of an enum, and one arm of a `match`, for each line of a list.
macro_rules! list {
    (
        kinds { $($bit:literal $kind:ident: $Type:ty,)* }
        nested { $($nested_bit:literal $nested:ident: $nested_name:literal,)* }
    ) => {
        /// A capability by which devices are listed and counted: each kind of device is one, and some
        /// are nested in those.
        ///
        /// The discriminant is the number of the bit of `VIR_CONNECT_LIST_NODE_DEVICES_CAP_*`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Capability {
            $($kind = $bit,)*
            $($nested = $nested_bit,)*
        }

        impl Capability {
            /// The kinds of device.
            pub const KINDS: &[Capability] = &[$(Capability::$kind,)*];

            /// Every capability: the kinds of device, and what is only nested in those.
            pub const ALL: &[Capability] = &[$(Capability::$kind,)* $(Capability::$nested,)*];

            /// The name in lists and, of a kind, in XML.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Capability::$kind => <$Type as Kind>::NAME,)*
                    $(Capability::$nested => $nested_name,)*
                }
            }

            /// What is the same for all devices of the kind.
            fn about(self) -> &'static About {
                match self {
                    $(Capability::$kind => const { &About::of::<$Type>() },)*
                    $(Capability::$nested)|* => &About::NO_KIND,
                }
            }
        }

        /// What libvirt's schema allows of the `<capability>` of a device: one of these.
        pub const SCHEMA: &[Pattern] = &[$(schema_of::<$Type>(),)*];

        /// Decides whether a device of this kind is a node device and how it is named; see [`Kind::judge`].
        /// No device has a capability of its own that is only nested in others.
        pub fn judge(kind: Capability, node: &Node<'_>) -> Result<Verdict> {
            match kind {
                $(Capability::$kind => <$Type as Kind>::judge(node),)*
                $(Capability::$nested)|* => Ok(Verdict::Rejected),
            }
        }

        /// What stays the same about a device until the kernel sends a uevent for it.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)]
        pub enum Facts {
            $($kind($Type),)*
        }

        /// What changes about a device without a uevent, for its kind.
        #[derive(Debug, Clone, PartialEq, Default)]
        #[allow(missing_docs)]
        pub enum State {
            /// The state was not read.
            #[default]
            None,
            $($kind(<$Type as Kind>::State),)*
        }

        impl Facts {
            /// Reads the facts of a device of this kind; see [`Kind::read`].
            fn read(kind: Capability, node: &Node<'_>) -> Found<Facts> {
                match kind {
                    $(Capability::$kind => Ok(<$Type as Kind>::read(node)?.map(Facts::$kind)),)*
                    $(Capability::$nested)|* => Ok(None),
                }
            }

            /// Whether the facts can be kept; see [`Kind::is_final`].
            fn is_final(&self) -> bool {
                match self {
                    $(Facts::$kind(facts) => facts.is_final(),)*
                }
            }

            /// The kind of device.
            pub fn kind(&self) -> Capability {
                match self {
                    $(Facts::$kind(_) => Capability::$kind,)*
                }
            }

            /// Writes what stands in the `<capability>` element. A state of another kind counts as not read.
            fn write_content(&self, state: &State, w: &mut Writer) {
                match self {
                    $(Facts::$kind(facts) => match state {
                        State::$kind(state) => facts.write(state, w),
                        _ => facts.write(&Default::default(), w),
                    },)*
                }
            }

            /// Reads the content of a `<capability>` element of this kind; see [`Kind::parse`].
            fn parse_content(kind: Capability, input: Input<'_>) -> Result<(Facts, State)> {
                match kind {
                    $(Capability::$kind => {
                        let (facts, state) = <$Type as Kind>::parse(input)?;
                        Ok((Facts::$kind(facts), State::$kind(state)))
                    })*
                    $(Capability::$nested)|* => Err(unknown(kind, input)),
                }
            }
        }

        impl State {
            /// Reads what changes without a uevent about a device of this kind; see [`Kind::read_state`].
            pub fn read(kind: Capability, node: &Node<'_>, cache: &Cache) -> Result<State> {
                match kind {
                    $(Capability::$kind => {
                        <$Type as Kind>::read_state(node, &cache.slow).map(State::$kind)
                    })*
                    $(Capability::$nested)|* => Ok(State::None),
                }
            }

            /// The capabilities nested in the device's own by which it is listed too, in libvirt's order.
            pub fn nested(&self) -> Vec<Capability> {
                match self {
                    State::None => Vec::new(),
                    $(State::$kind(state) => {
                        let nested = <$Type as Kind>::NESTED.iter();
                        let present = nested.filter(|nested| (nested.in_state)(state));
                        present.map(Nested::capability).collect()
                    })*
                }
            }
        }

        /// Whether a device of this kind has any nested capability whose list flag is among `flags`; reads
        /// nothing else.
        pub fn has_nested(kind: Capability, flags: u32, node: &Node<'_>, cache: &Cache) -> Result<bool> {
            match kind {
                $(Capability::$kind => {
                    for nested in <$Type as Kind>::NESTED {
                        if flags & nested.capability().flag() != 0 && (nested.on_node)(node, &cache.slow)? {
                            return Ok(true);
                        }
                    }
                    Ok(false)
                })*
                $(Capability::$nested)|* => Ok(false),
            }
        }
    };
}

pub(super) use list;
