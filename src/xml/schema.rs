// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The parts of a schema, which are rules for elements and patterns for their order, and the check of a document
//! against it.

pub mod text_kind;

use super::element::Element;
use crate::error::{Code, Domain, Error, Result};
use text_kind::{TextKind, enumerate, is_one_of, trim};

/// How much of an invalid text is shown in a message, in characters.
const SHOWN: usize = 60;

/// The rule for an element: its name, how it is told from others of that name, and its content.
pub struct Rule {
    /// The name in its tag.
    pub name: &'static str,
    /// How it is told from others of that name.
    pub sort: Sort,
    /// The attributes that it may have beside the one that tells its sort.
    pub attributes: &'static [AttributeRule],
    /// What stands between its tags.
    pub content: Content,
}

/// How elements of one name are told apart.
#[derive(Clone, Copy)]
pub enum Sort {
    /// There is only one element of this name.
    Only,
    /// The attribute with this name has one of these values.
    Is(&'static str, &'static [&'static str]),
    /// The attribute with this name is there.
    Has(&'static str),
}

/// The rule for an attribute, other than the one that tells the sort.
pub struct AttributeRule {
    /// Its name.
    pub name: &'static str,
    /// What its value can be.
    pub value: TextKind,
    /// Whether it must be there.
    pub is_required: bool,
}

/// What stands between the tags.
pub enum Content {
    /// Text, and no element.
    Text(TextKind),
    /// Elements in this order, and no text but blanks.
    Elements(&'static [Pattern]),
}

/// A pattern for a sequence of elements. The next element alone must tell which part of it comes next.
pub enum Pattern {
    /// This element.
    One(Rule),
    /// The pattern, or nothing.
    Maybe(&'static Pattern),
    /// The pattern any number of times, or not at all.
    Many(&'static Pattern),
    /// The pattern once or more often.
    Several(&'static Pattern),
    /// These patterns, one after the other.
    Group(&'static [Pattern]),
    /// One of these patterns: the first that has a rule for the next element. If none has, the error is about the
    /// first.
    Choice(&'static [Pattern]),
    /// All of these patterns, with their elements in any order. No two of them have elements of the same name.
    Mixed(&'static [Pattern]),
}

/// No elements and no text but blanks.
pub const NOTHING: Content = Content::Elements(&[]);

/// The pattern of one element, with all parts of its rule.
pub const fn one(
    name: &'static str,
    sort: Sort,
    attributes: &'static [AttributeRule],
    content: Content,
) -> Pattern {
    Pattern::One(Rule {
        name,
        sort,
        attributes,
        content,
    })
}

/// An element with these children in this order.
pub const fn element(
    name: &'static str,
    attributes: &'static [AttributeRule],
    children: &'static [Pattern],
) -> Pattern {
    let content = Content::Elements(children);
    one(name, Sort::Only, attributes, content)
}

/// An element that holds text.
pub const fn text(name: &'static str, value: TextKind) -> Pattern {
    text_with(name, &[], value)
}

/// An element that has attributes and holds text.
pub const fn text_with(
    name: &'static str,
    attributes: &'static [AttributeRule],
    value: TextKind,
) -> Pattern {
    one(name, Sort::Only, attributes, Content::Text(value))
}

/// A `<capability>` of one of these types, with these children in this order.
pub const fn capability(types: &'static [&'static str], children: &'static [Pattern]) -> Pattern {
    capability_with(types, &[], children)
}

/// The same with attributes beside the type.
pub const fn capability_with(
    types: &'static [&'static str],
    attributes: &'static [AttributeRule],
    children: &'static [Pattern],
) -> Pattern {
    let content = Content::Elements(children);
    one("capability", Sort::Is("type", types), attributes, content)
}

/// An attribute that must be there.
pub const fn required(name: &'static str, value: TextKind) -> AttributeRule {
    AttributeRule {
        name,
        value,
        is_required: true,
    }
}

/// An attribute that may be there.
pub const fn optional(name: &'static str, value: TextKind) -> AttributeRule {
    AttributeRule {
        name,
        value,
        is_required: false,
    }
}

/// Why the children of an element do not follow a pattern.
enum Mismatch<'e> {
    /// A child itself is invalid.
    Wrong(Error),
    /// The element of this rule is missing: before this child or, for `None`, at the end.
    Missing(&'e Rule, Option<&'e Element>),
    /// No more elements are allowed where this child stands.
    TooMuch(&'e Element),
}

impl From<Error> for Mismatch<'_> {
    fn from(error: Error) -> Self {
        Mismatch::Wrong(error)
    }
}

impl Rule {
    /// Whether the rule is for this element, which may be invalid.
    fn is(&self, element: &Element) -> bool {
        self.name == element.name
            && match self.sort {
                Sort::Only => true,
                Sort::Is(name, words) => element
                    .attribute(name)
                    .is_some_and(|value| is_one_of(words, value)),
                Sort::Has(name) => element.attribute(name).is_some(),
            }
    }

    /// The element as messages show it.
    fn tag(&self) -> String {
        match self.sort {
            Sort::Only => format!("<{}>", self.name),
            Sort::Is(name, words) => format!("<{} {name}='{}'>", self.name, words.join("|")),
            Sort::Has(name) => format!("<{} {name}='...'>", self.name),
        }
    }

    /// Checks an element that the rule is for; code 92 if it is invalid.
    pub fn check(&self, element: &Element) -> Result<()> {
        for (name, value) in &element.attributes {
            self.check_attribute(element, name, value)?;
        }
        for attribute in self.attributes {
            if attribute.is_required && element.attribute(attribute.name).is_none() {
                let text = format!("{} lacks the attribute '{}'", self.tag(), attribute.name);
                return Err(wrong(element, text));
            }
        }
        match &self.content {
            Content::Text(value) => self.check_text(element, value),
            Content::Elements(children) => self.check_children(element, &Pattern::Group(children)),
        }
    }

    fn check_attribute(&self, element: &Element, name: &str, value: &str) -> Result<()> {
        // Declarations of prefixes are no attributes; but an element in a namespace is none of the schema's.
        let is_declaration = name.starts_with("xmlns:") || (name == "xmlns" && value.is_empty());
        if is_declaration || matches!(self.sort, Sort::Is(known, _) if known == name) {
            return Ok(());
        }
        let text = match self.attributes.iter().find(|known| known.name == name) {
            Some(known) if known.value.fits(value) => return Ok(()),
            Some(known) => unfit(&self.tag(), name, value, &known.value.describe()),
            None => format!("{} takes no attribute {}", self.tag(), quoted(name)),
        };
        Err(wrong(element, text))
    }

    fn check_text(&self, element: &Element, value: &TextKind) -> Result<()> {
        if let Some(child) = element.children.first() {
            let text = format!("{} holds text alone, not {}", self.tag(), tag(child));
            return Err(wrong(child, text));
        }
        if !value.fits(&element.text) {
            let (text, tag) = (quoted(&element.text), self.tag());
            let text = format!("the text {text} of {tag} is not {}", value.describe());
            return Err(wrong(element, text));
        }
        Ok(())
    }

    fn check_children(&self, element: &Element, pattern: &Pattern) -> Result<()> {
        let text = trim(&element.text);
        if !text.is_empty() {
            let text = format!("{} holds no text, but has {}", self.tag(), quoted(text));
            return Err(wrong(element, text));
        }
        let mut known = Vec::new();
        pattern.rules(&mut known);
        let children: Vec<_> = element.children.iter().collect();
        // First comes a child that may stand nowhere in this element: a message that something is missing before
        // it would mislead.
        if let Some(child) = children
            .iter()
            .find(|child| !known.iter().any(|rule| rule.is(child)))
        {
            return Err(wrong(child, self.explain_unknown(child, &known)));
        }
        let mut rest = children.as_slice();
        let mismatch = match (pattern.take(&mut rest), rest) {
            (Ok(()), []) => return Ok(()),
            (Ok(()), [child, ..]) => Mismatch::TooMuch(child),
            (Err(mismatch), _) => mismatch,
        };
        let here = self.tag();
        Err(match mismatch {
            Mismatch::Wrong(error) => error,
            Mismatch::Missing(rule, None) => wrong(element, format!("{here} lacks {}", rule.tag())),
            Mismatch::Missing(rule, Some(child)) => {
                let text = format!("{here} lacks {} before {}", rule.tag(), tag(child));
                wrong(child, text)
            }
            Mismatch::TooMuch(child) => {
                let text = format!(
                    "{} stands in {here} once too often or in the wrong place",
                    tag(child)
                );
                wrong(child, text)
            }
        })
    }

    /// Why a child cannot stand anywhere in this element.
    fn explain_unknown(&self, child: &Element, known: &[&Rule]) -> String {
        let namesakes = known.iter().filter(|rule| rule.name == child.name);
        let sorts: Vec<_> = namesakes
            .filter_map(|rule| match rule.sort {
                Sort::Is(name, words) => Some((name, words)),
                _ => None,
            })
            .collect();
        let Some((name, _)) = sorts.first() else {
            let mut names: Vec<_> = known.iter().map(|rule| rule.name).collect();
            names.dedup();
            let names = enumerate(&names);
            return format!("{} holds {names}, not {}", self.tag(), tag(child));
        };
        match child.attribute(name) {
            None => format!("{} lacks the attribute '{name}'", tag(child)),
            Some(value) => {
                let words: Vec<_> = sorts
                    .iter()
                    .flat_map(|(_, words)| *words)
                    .copied()
                    .collect();
                unfit(&tag(child), name, value, &enumerate(&words))
            }
        }
    }
}

impl Pattern {
    /// Appends the rules for all of its elements, in order.
    fn rules<'s>(&'s self, found: &mut Vec<&'s Rule>) {
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

    /// Whether it has a rule for this element.
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

    /// Takes the elements that follow the pattern from the front of `rest`, and checks them.
    fn take<'e>(&'e self, rest: &mut &[&'e Element]) -> std::result::Result<(), Mismatch<'e>> {
        let starts = |pattern: &Pattern, rest: &[&Element]| {
            rest.first().is_some_and(|child| pattern.holds(child))
        };
        match self {
            Pattern::One(rule) => match rest.split_first() {
                Some((child, after)) if rule.is(child) => {
                    rule.check(child)?;
                    *rest = after;
                }
                _ => return Err(Mismatch::Missing(rule, rest.first().copied())),
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
                        return Err(Mismatch::TooMuch(child));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The error about an element (code 92), with its line and column.
fn wrong(element: &Element, text: String) -> Error {
    let text = format!("line {}, column {}: {text}", element.line, element.column);
    Error::new(Code::XmlInvalidSchema, text).in_domain(Domain::Xml)
}

/// An element as the document names it.
fn tag(element: &Element) -> String {
    format!("<{}>", shown(&element.name))
}

fn unfit(tag: &str, attribute: &str, value: &str, wanted: &str) -> String {
    let value = quoted(value);
    format!("the attribute {attribute}={value} of {tag} is not {wanted}")
}

fn quoted(text: &str) -> String {
    format!("'{}'", shown(text))
}

/// The start of a text, on one line.
fn shown(text: &str) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut start: String = characters.by_ref().take(SHOWN).collect();
    if characters.next().is_some() {
        start.push_str("...");
    }
    start
}
