// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Elements, attributes and texts of any kind: the XML is well-formed and holds them, the JSON is JSON and holds them.

use virnodedev::text::clean;
use virnodedev::xml::element::Element;
use virnodedev::xml::reader;
use virnodedev::xml::writer::Writer;

/// Each line is an element of a list: its text, and its attribute after a tab. A line with a number sign holds the lines up to the
/// next empty one.
pub fn run(bytes: &[u8]) {
    let lines: Vec<&[u8]> = bytes.split(|&b| b == b'\n').take(500).collect();
    let write = |mut w: Writer| {
        w.element("root", &[], |w| write_lines(w, &mut lines.iter().copied(), 0));
        w.finish()
    };
    let read = reader::parse(write(Writer::xml()).as_bytes(), None).expect("well-formed");
    let json: serde_json::Value = serde_json::from_str(&write(Writer::json())).expect("JSON");
    compare(&read, &json["root"]);
}

/// The same items, with the same texts and attributes, and the same lists. White space is written as it is, as libvirt does;
/// readers of XML make LF of each end of a line (section 2.11), and blanks of it in attributes (section 3.3.3).
fn compare(element: &Element, json: &serde_json::Value) {
    let array = |name: &str| json[name].as_array().map_or(&[][..], Vec::as_slice);
    let items: Vec<_> = element.children_named("item").collect();
    assert_eq!(items.len(), array("item").len());
    for (item, json) in items.into_iter().zip(array("item")) {
        let text = json.get("text").unwrap_or(json).as_str();
        let text = text.map(|text| text.replace("\r\n", "\n").replace('\r', "\n"));
        assert_eq!(text.as_ref(), Some(&item.text));
        let value = json.get("value").and_then(|value| value.as_str());
        let value = value.map(|value| value.replace("\r\n", " ").replace(['\t', '\r', '\n'], " "));
        assert_eq!(value.as_deref(), item.attribute("value"));
    }
    let lists: Vec<_> = element.children_named("list").collect();
    assert_eq!(lists.len(), array("list").len());
    for (list, json) in lists.into_iter().zip(array("list")) {
        compare(list, json);
    }
}

fn write_lines(w: &mut Writer, lines: &mut dyn Iterator<Item = &[u8]>, depth: usize) {
    while let Some(line) = lines.next() {
        match line {
            [b'#', ..] if depth < 20 => {
                w.item()
                    .element("list", &[], |w| write_lines(w, lines, depth + 1));
            }
            [] if depth > 0 => return,
            _ => {
                let mut parts = line.splitn(2, |&b| b == b'\t').map(clean);
                let text = parts.next().unwrap_or_default();
                match parts.next() {
                    Some(value) => w.item().value_with("item", &[("value", &value)], text),
                    None => w.item().value_with("item", &[], text),
                }
            }
        }
    }
}
