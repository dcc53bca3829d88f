// SPDX-License-Identifier: LGPL-2.1-or-later
//! What is read of XML text: a tree of elements.

/// An element with what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Its name, with the prefix if it has one.
    pub name: String,
    /// Names and values of its attributes, in order.
    pub attributes: Vec<(String, String)>,
    /// The text right in it, without that of its children.
    pub text: String,
    /// The elements right in it.
    pub children: Vec<Element>,
    /// The line on which it starts, from 1.
    pub line: usize,
    /// The character of that line with which it starts, from 1.
    pub column: usize,
}

impl Element {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of that name.
    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that name.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}
