// SPDX-License-Identifier: LGPL-2.1-or-later
//! In which order and how often elements may stand.

use super::Rule;
use crate::error::Error;
use crate::xml::reader::Element;

/// A sequence of elements. The first element of whatever comes next tells which way to go.
pub enum Pattern {
    One(&'static Rule),
    /// None or one.
    Maybe(&'static Pattern),
    /// Any number.
    Many(&'static Pattern),
    /// One or more.
    Several(&'static Pattern),
    /// One after the other.
    Group(&'static [Pattern]),
    Choice(&'static [Pattern]),
    /// All of them, their elements mixed in any way. No two hold elements of the same name.
    Mixed(&'static [Pattern]),
}

/// Why children do not follow a pattern.
pub enum Failure<'e> {
    /// A child is wrong inside.
    Wrong(Error),
    /// An element does not stand where it has to: before this child, or at the end.
    Missing(&'static Rule, Option<&'e Element>),
    /// Nothing may stand any more where this child stands.
    TooMuch(&'e Element),
}

impl From<Error> for Failure<'_> {
    fn from(error: Error) -> Self {
        Failure::Wrong(error)
    }
}

impl Pattern {
    /// Every element that it holds, in order.
    pub fn rules(&self, found: &mut Vec<&'static Rule>) {
        match self {
            Pattern::One(rule) => found.push(rule),
            Pattern::Maybe(pattern) | Pattern::Many(pattern) | Pattern::Several(pattern) => {
                pattern.rules(found);
            }
            Pattern::Group(parts) | Pattern::Choice(parts) | Pattern::Mixed(parts) => {
                parts.iter().for_each(|part| part.rules(found));
            }
        }
    }

    /// Whether an element is among those that it holds.
    fn holds(&self, element: &Element) -> bool {
        match self {
            Pattern::One(rule) => rule.is(element),
            Pattern::Maybe(pattern) | Pattern::Many(pattern) | Pattern::Several(pattern) => {
                pattern.holds(element)
            }
            Pattern::Group(parts) | Pattern::Choice(parts) | Pattern::Mixed(parts) => {
                parts.iter().any(|part| part.holds(element))
            }
        }
    }

    /// Whether nothing at all follows it, too.
    fn is_optional(&self) -> bool {
        match self {
            Pattern::One(_) => false,
            Pattern::Maybe(_) | Pattern::Many(_) => true,
            Pattern::Several(pattern) => pattern.is_optional(),
            Pattern::Group(parts) | Pattern::Mixed(parts) => parts.iter().all(Self::is_optional),
            Pattern::Choice(parts) => parts.iter().any(Self::is_optional),
        }
    }

    /// Whether it can start with an element.
    fn starts_with(&self, element: &Element) -> bool {
        match self {
            Pattern::One(rule) => rule.is(element),
            Pattern::Maybe(pattern) | Pattern::Many(pattern) | Pattern::Several(pattern) => {
                pattern.starts_with(element)
            }
            Pattern::Choice(parts) | Pattern::Mixed(parts) => {
                parts.iter().any(|part| part.starts_with(element))
            }
            Pattern::Group(parts) => {
                let first = parts.iter().position(|part| !part.is_optional());
                let reach = first.map_or(parts.len(), |at| at + 1);
                parts[..reach].iter().any(|part| part.starts_with(element))
            }
        }
    }

    /// Takes what follows the pattern from the front of `rest`, and checks it.
    pub fn take<'e>(
        &'static self,
        rest: &mut &[&'e Element],
    ) -> std::result::Result<(), Failure<'e>> {
        let starts = |pattern: &Pattern, rest: &[&Element]| {
            rest.first().is_some_and(|child| pattern.starts_with(child))
        };
        match self {
            Pattern::One(rule) => match rest.split_first() {
                Some((child, after)) if rule.is(child) => {
                    rule.check(child)?;
                    *rest = after;
                }
                _ => return Err(Failure::Missing(rule, rest.first().copied())),
            },
            Pattern::Maybe(pattern) => {
                if starts(pattern, rest) {
                    pattern.take(rest)?;
                }
            }
            Pattern::Many(pattern) => {
                while starts(pattern, rest) {
                    pattern.take(rest)?;
                }
            }
            Pattern::Several(pattern) => {
                pattern.take(rest)?;
                while starts(pattern, rest) {
                    pattern.take(rest)?;
                }
            }
            Pattern::Group(parts) => {
                for part in *parts {
                    part.take(rest)?;
                }
            }
            Pattern::Choice(parts) => {
                let fitting = parts.iter().find(|part| starts(part, rest));
                if let Some(part) = fitting.or(parts.first()) {
                    part.take(rest)?;
                }
            }
            Pattern::Mixed(parts) => {
                let others = rest.iter().position(|child| !self.holds(child));
                let (own, after) = rest.split_at(others.unwrap_or(rest.len()));
                *rest = after;
                for part in *parts {
                    let its: Vec<_> = own.iter().copied().filter(|c| part.holds(c)).collect();
                    let mut its = its.as_slice();
                    part.take(&mut its)?;
                    if let Some(child) = its.first() {
                        return Err(Failure::TooMuch(child));
                    }
                }
            }
        }
        Ok(())
    }
}
