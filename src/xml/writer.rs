// SPDX-License-Identifier: LGPL-2.1-or-later
//! Writes XML the way libvirt lays it out: two blanks a level, one element a
//! line, apostrophes around attribute values, no prolog.

use std::fmt::{Display, Write};

/// An attribute of an element: name and value.
pub type Attribute<'a> = (&'a str, &'a dyn Display);

/// XML text under construction.
#[derive(Debug, Default)]
pub struct Writer {
    text: String,
    depth: usize,
}

impl Writer {
    /// An empty document.
    pub fn new() -> Self {
        Writer {
            text: String::with_capacity(1024),
            depth: 0,
        }
    }

    /// The document; every opened element must have been closed.
    pub fn finish(self) -> String {
        debug_assert_eq!(self.depth, 0, "an element was left open");
        self.text
    }

    /// `<name attributes>`, the content of `body` one level deeper, `</name>`.
    pub fn element(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        body: impl FnOnce(&mut Self),
    ) {
        self.start(name, attributes);
        self.text.push_str(">\n");
        self.depth += 1;
        body(self);
        self.depth -= 1;
        self.indent();
        self.end(name);
    }

    /// `<name attributes/>`.
    pub fn empty(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        self.start(name, attributes);
        self.text.push_str("/>\n");
    }

    /// `<name attributes />`, the form that USB ids without a text have.
    pub fn empty_spaced(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        self.start(name, attributes);
        self.text.push_str(" />\n");
    }

    /// `<name attributes>value</name>` on one line; an empty value is not self-closed.
    pub fn value_with(&mut self, name: &str, attributes: &[Attribute<'_>], value: impl Display) {
        self.start(name, attributes);
        self.text.push('>');
        self.escaped(&value);
        self.end(name);
    }

    /// `<name>value</name>` on one line.
    pub fn value(&mut self, name: &str, value: impl Display) {
        self.value_with(name, &[], value);
    }

    /// `<name>value</name>`, or nothing where there is no value.
    pub fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    fn start(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("='");
            self.escaped(value);
            self.text.push('\'');
        }
    }

    fn end(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
    }

    fn escaped(&mut self, value: &(impl Display + ?Sized)) {
        // Writing to a String does not fail.
        let _ = write!(Escape(&mut self.text), "{value}");
    }
}

/// Escapes the five characters that libvirt escapes, in text and attributes alike.
struct Escape<'a>(&'a mut String);

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, special) = rest.split_at(at);
            self.0.push_str(plain);
            self.0.push_str(match special.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&apos;",
            });
            rest = &special[1..];
        }
        self.0.push_str(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_escaping() {
        let mut w = Writer::new();
        w.element("device", &[], |w| {
            w.value("name", "a&b<c>\"d'e");
            w.optional("parent", None::<&str>);
            w.value("empty", "");
            w.element("capability", &[("type", &"x'y")], |w| {
                w.empty("link", &[("port", &1), ("speed", &"2.5")]);
                w.empty_spaced("product", &[("id", &format_args!("0x{:04x}", 0x12))]);
                w.value_with("vendor", &[("id", &1)], "V");
            });
            w.element("hollow", &[], |_| {});
        });
        assert_eq!(
            w.finish(),
            "<device>\n  <name>a&amp;b&lt;c&gt;&quot;d&apos;e</name>\n  <empty></empty>\n  \
             <capability type='x&apos;y'>\n    <link port='1' speed='2.5'/>\n    \
             <product id='0x0012' />\n    <vendor id='1'>V</vendor>\n  </capability>\n  \
             <hollow>\n  </hollow>\n</device>\n"
        );
    }
}
