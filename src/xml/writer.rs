// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Writes a description as XML in libvirt's layout (two blanks for each level, one element on a line, apostrophes
//! around attribute values, no declaration), or as the same tree in JSON.

use std::fmt::Write;

use serde_json::{Map, Value as Json};

use super::value::Value;

/// An attribute of an element: name and value.
pub type Attribute<'a> = (&'a str, &'a dyn Value);

/// The member of a JSON object that holds an element's text beside its attributes.
const TEXT: &str = "text";

/// The element of a capability and, in JSON, the object that holds the capabilities of a device or capability.
const CAPABILITY: &str = "capability";

/// A description that is being written.
#[derive(Debug)]
pub struct Writer {
    out: Out,
    /// Whether the next element is one of a list.
    is_item: bool,
}

#[derive(Debug)]
enum Out {
    Xml {
        text: String,
        depth: usize,
    },
    /// The objects that are open, the outermost first.
    Json(Vec<Map<String, Json>>),
}

impl Writer {
    /// An empty XML document.
    pub fn xml() -> Self {
        Writer {
            out: Out::Xml {
                text: String::with_capacity(1024),
                depth: 0,
            },
            is_item: false,
        }
    }

    /// An empty JSON object.
    pub fn json() -> Self {
        Writer {
            out: Out::Json(vec![Map::new()]),
            is_item: false,
        }
    }

    /// The text of the document.
    pub fn finish(self) -> String {
        match self.out {
            Out::Xml { text, .. } => text,
            Out::Json(objects) => {
                let outermost = objects.into_iter().next().unwrap_or_default();
                Json::Object(outermost).to_string()
            }
        }
    }

    /// Makes the next element one of a list: in JSON it goes into an array, even if it is the only one.
    pub fn item(&mut self) -> &mut Self {
        self.is_item = true;
        self
    }

    /// `<name attributes>`, the content of `body` one level deeper, `</name>`.
    pub fn element(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        body: impl FnOnce(&mut Self),
    ) {
        let is_item = self.open(name, attributes);
        match &mut self.out {
            Out::Xml { text, depth } => {
                text.push_str(">\n");
                *depth += 1;
                body(self);
            }
            Out::Json(_) => body(self),
        }
        match &mut self.out {
            Out::Xml { text, depth } => {
                *depth -= 1;
                indent(text, *depth);
                end(text, name);
            }
            Out::Json(objects) => close(objects, name, is_item),
        }
    }

    /// `<capability type='kind' attributes>` with the content that `body` writes.
    ///
    /// In JSON each capability is a member of one object "capability", under the name of its type.
    pub fn capability(
        &mut self,
        kind: &str,
        attributes: &[Attribute<'_>],
        body: impl FnOnce(&mut Self),
    ) {
        match &mut self.out {
            Out::Xml { .. } => {
                self.element(CAPABILITY, &typed(&kind, attributes), body);
            }
            Out::Json(objects) => {
                objects.push(object_of(attributes));
                body(self);
                self.close_capability(kind);
            }
        }
    }

    /// `<capability type='kind' attributes/>`.
    pub fn empty_capability(&mut self, kind: &str, attributes: &[Attribute<'_>]) {
        match &mut self.out {
            Out::Xml { .. } => {
                self.empty(CAPABILITY, &typed(&kind, attributes));
            }
            Out::Json(objects) => {
                objects.push(object_of(attributes));
                self.close_capability(kind);
            }
        }
    }

    /// Ends the innermost object, a capability, and puts it into the member "capability" of the object around it.
    fn close_capability(&mut self, kind: &str) {
        let Out::Json(objects) = &mut self.out else {
            return;
        };
        let content = objects.pop().unwrap_or_default();
        let Some(around) = objects.last_mut() else {
            return;
        };
        let capabilities = around
            .entry(CAPABILITY)
            .or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(capabilities) = capabilities {
            let before = capabilities.insert(kind.into(), Json::Object(content));
            debug_assert!(before.is_none(), "capability {kind} stands twice");
        }
    }

    /// `<name attributes/>`.
    pub fn empty(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        self.childless(name, attributes, "/>\n");
    }

    /// `<name attributes />`, which is libvirt's form of USB ids without a name.
    pub fn empty_spaced(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        self.childless(name, attributes, " />\n");
    }

    fn childless(&mut self, name: &str, attributes: &[Attribute<'_>], ending: &str) {
        let is_item = self.open(name, attributes);
        match &mut self.out {
            Out::Xml { text, .. } => text.push_str(ending),
            Out::Json(objects) => close(objects, name, is_item),
        }
    }

    /// `<name attributes>value</name>` on one line; an empty value is not self-closed.
    pub fn value_with(&mut self, name: &str, attributes: &[Attribute<'_>], value: impl Value) {
        let is_item = self.open(name, attributes);
        match &mut self.out {
            Out::Xml { text, .. } => {
                text.push('>');
                escape(text, &value);
                end(text, name);
            }
            Out::Json(objects) => {
                let mut object = objects.pop().unwrap_or_default();
                let value = if object.is_empty() {
                    value.json()
                } else {
                    object.insert(TEXT.into(), value.json());
                    Json::Object(object)
                };
                insert(objects, name, is_item, value);
            }
        }
    }

    /// As [`value_with`](Self::value_with), but an empty text is a self-closed element.
    pub fn text_or_empty(&mut self, name: &str, attributes: &[Attribute<'_>], text: &str) {
        match &self.out {
            Out::Xml { .. } if text.is_empty() => self.empty(name, attributes),
            _ => self.value_with(name, attributes, text),
        }
    }

    /// `<name>value</name>` on one line.
    pub fn value(&mut self, name: &str, value: impl Value) {
        self.value_with(name, &[], value);
    }

    /// `<name>value</name>`; nothing for `None`.
    pub fn optional(&mut self, name: &str, value: Option<impl Value>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    /// Begins an element; returns whether it is one of a list.
    fn open(&mut self, name: &str, attributes: &[Attribute<'_>]) -> bool {
        match &mut self.out {
            Out::Xml { text, depth } => {
                indent(text, *depth);
                text.push('<');
                text.push_str(name);
                for (name, value) in attributes {
                    text.push(' ');
                    text.push_str(name);
                    text.push_str("='");
                    escape(text, value);
                    text.push('\'');
                }
            }
            Out::Json(objects) => objects.push(object_of(attributes)),
        }
        std::mem::take(&mut self.is_item)
    }
}

/// The attributes of a capability: its type, then the others.
fn typed<'a>(kind: &'a &str, attributes: &[Attribute<'a>]) -> Vec<Attribute<'a>> {
    let mut all: Vec<Attribute<'a>> = vec![("type", kind)];
    all.extend_from_slice(attributes);
    all
}

/// The JSON members for these attributes.
fn object_of(attributes: &[Attribute<'_>]) -> Map<String, Json> {
    attributes
        .iter()
        .map(|(name, value)| ((*name).to_string(), value.json()))
        .collect()
}

/// Ends the innermost object, and makes it a member of the one around it.
fn close(objects: &mut Vec<Map<String, Json>>, name: &str, is_item: bool) {
    let object = objects.pop().unwrap_or_default();
    insert(objects, name, is_item, Json::Object(object));
}

fn insert(objects: &mut [Map<String, Json>], name: &str, is_item: bool, value: Json) {
    let Some(object) = objects.last_mut() else {
        return;
    };
    if !is_item {
        let before = object.insert(name.into(), value);
        debug_assert!(before.is_none(), "{name} stands twice but is no list");
        return;
    }
    match object
        .entry(name)
        .or_insert_with(|| Json::Array(Vec::new()))
    {
        Json::Array(items) => items.push(value),
        other => *other = value,
    }
}

fn end(text: &mut String, name: &str) {
    text.push_str("</");
    text.push_str(name);
    text.push_str(">\n");
}

fn indent(text: &mut String, depth: usize) {
    for _ in 0..depth {
        text.push_str("  ");
    }
}

fn escape(text: &mut String, value: &(impl Value + ?Sized)) {
    // Writing to a String does not fail.
    let _ = value.write(&mut Escape(text));
}

/// Escapes the five characters that libvirt escapes, in texts and attributes.
struct Escape<'a>(&'a mut String);

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let mut rest = text;
        // All five are ASCII, so they can be looked for among the bytes.
        let is_special = |b: u8| matches!(b, b'&' | b'<' | b'>' | b'"' | b'\'');
        while let Some(at) = rest.bytes().position(is_special) {
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
    use super::super::value::{Decimal, Hex, Prefixed};
    use super::*;

    fn sample(w: &mut Writer) {
        w.element("device", &[], |w| {
            w.value("name", "a&b<c>\"d'e");
            w.optional("parent", None::<&str>);
            w.value("empty", "");
            w.capability("x'y", &[], |w| {
                w.value("type", 7);
                w.item()
                    .empty("link", &[("port", &1), ("speed", &Decimal("2.5"))]);
                w.item().empty("link", &[("port", &Prefixed(3))]);
                w.empty_spaced("product", &[("id", &Hex(4, 0x12))]);
                w.value_with("vendor", &[("id", &1)], "V");
                w.item().text_or_empty("field", &[("index", &'A')], "");
                w.item().text_or_empty("field", &[("index", &'B')], "b");
                w.empty_capability("inner", &[("max", &3)]);
                w.empty_capability("other", &[]);
            });
            w.element("hollow", &[], |_| {});
        });
    }

    #[test]
    fn xml_layout_and_escaping() {
        let mut w = Writer::xml();
        sample(&mut w);
        assert_eq!(
            w.finish(),
            "<device>\n  <name>a&amp;b&lt;c&gt;&quot;d&apos;e</name>\n  <empty></empty>\n  \
             <capability type='x&apos;y'>\n    <type>7</type>\n    <link port='1' speed='2.5'/>\n    \
             <link port='0x3'/>\n    <product id='0x0012' />\n    <vendor id='1'>V</vendor>\n    \
             <field index='A'/>\n    <field index='B'>b</field>\n    \
             <capability type='inner' max='3'/>\n    <capability type='other'/>\n  \
             </capability>\n  <hollow>\n  </hollow>\n</device>\n"
        );
    }

    #[test]
    fn json_keeps_names_types_and_order() {
        let mut w = Writer::json();
        sample(&mut w);
        assert_eq!(
            w.finish(),
            r#"{"device":{"name":"a&b<c>\"d'e","empty":"","capability":{"x'y":{"type":7,"#
                .to_string()
                + r#""link":[{"port":1,"speed":2.5},{"port":3}],"product":{"id":18},"#
                + r#""vendor":{"id":1,"text":"V"},"field":[{"index":"A","text":""},"#
                + r#"{"index":"B","text":"b"}],"capability":{"inner":{"max":3},"other":{}}}},"#
                + r#""hollow":{}}}"#
        );
    }
}
