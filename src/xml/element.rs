// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! XML that was read: a tree of elements.

/// An element and its content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Its name, with the prefix if it has one.
    pub name: String,
    /// Names and values of its attributes, in order.
    pub attributes: Vec<(String, String)>,
    /// Its own text, without that of its children.
    pub text: String,
    /// Its child elements, in order.
    pub children: Vec<Element>,
    /// The line on which it starts, from 1.
    pub line: usize,
    /// The column at which it starts, in characters from 1.
    pub column: usize,
}

impl Element {
    /// The value of the attribute with this name; `None` if it is missing.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// The first child with this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children with this name, in order.
    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child with this name.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}
