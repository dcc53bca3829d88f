// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Facts that are one attribute each, as rows of a table, and the JSON that they become.

use serde_json::{Map, Number, Value};

use crate::error::Result;
use crate::host::Host;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

/// A JSON object.
pub type Object = Map<String, Value>;

/// A fact: the member that tells it, the attribute that it is read from, and how that is read.
#[derive(Debug)]
pub struct Fact(pub &'static str, pub &'static str, pub Form);

/// How an attribute is read. One that does not have the form counts as missing.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A text, without blanks around it.
    Text,
    /// A decimal number, or one with `0x` in front; none below zero.
    Number,
    /// A hexadecimal number, with or without `0x`.
    Hex,
    /// Whether something is so: `1` or `0`, `Y` or `N`.
    Switch,
    /// The last component of a link's target.
    Link,
    /// Words between blanks, as an array of texts.
    Words,
}

/// Reads the facts of a table into an object. What a device does not have is left out.
pub fn read_facts(node: &Node<'_>, facts: &[Fact], object: &mut Object) -> Result<()> {
    for Fact(member, file, form) in facts {
        set(object, member, read_fact(node, file, *form)?);
    }
    Ok(())
}

/// The value of an attribute of this form.
pub fn read_fact(node: &Node<'_>, file: &str, form: Form) -> Found<Value> {
    if let Form::Link = form {
        return Ok(node.link(file)?.and_then(|name| text_value(&name)));
    }
    Ok(node.attribute(file)?.and_then(|text| value(&text, form)))
}

/// The text of an attribute as a value of this form.
fn value(content: &[u8], form: Form) -> Option<Value> {
    let trimmed = text::until_nul(content).trim_ascii();
    match form {
        // What printf() makes of a text that there is none of.
        Form::Text | Form::Link => text_value(trimmed).filter(|text| text != "(null)"),
        Form::Number => text::parse_u64(trimmed, 0).map(Value::from),
        Form::Hex => text::parse_u64(trimmed, 16).map(Value::from),
        Form::Switch => match trimmed {
            b"1" | b"Y" => Some(true.into()),
            b"0" | b"N" => Some(false.into()),
            _ => None,
        },
        Form::Words => {
            let words = trimmed.split(u8::is_ascii_whitespace);
            let words: Vec<Value> = words.filter_map(text_value).collect();
            (!words.is_empty()).then_some(Value::Array(words))
        }
    }
}

/// A number of sectors in bytes. The unit of `size` and `start` is this, whatever the disk's own is.
pub fn sectors(node: &Node<'_>, file: &str) -> Found<u64> {
    const SECTOR: u64 = 512;
    let sectors = node.number(file, 10, text::parse_u64)?;
    Ok(sectors.and_then(|sectors| sectors.checked_mul(SECTOR)))
}

/// A text of a device, made safe; `None` for an empty one.
pub fn text_value(text: &[u8]) -> Option<Value> {
    let text = text::clean(text);
    (!text.is_empty()).then_some(Value::String(text))
}

/// The names in a folder below the device's, in order.
pub fn names_in(node: &Node<'_>, folder: &str) -> Result<Vec<Value>> {
    let names = sorted_names(node.host, &node.below(folder), |_| true)?;
    Ok(names.iter().filter_map(|name| text_value(name)).collect())
}

/// The names in a folder that pass, in order.
pub fn sorted_names(
    host: &Host,
    folder: &[u8],
    wanted: impl Fn(&[u8]) -> bool,
) -> Result<Vec<Vec<u8>>> {
    let mut names = host.files.entries(folder)?.unwrap_or_default();
    names.retain(|name| wanted(name));
    names.sort_unstable();
    Ok(names)
}

/// A speed; `None` where the kernel does not know it, which it tells by a word, zero or less.
pub fn speed(text: &[u8]) -> Option<Value> {
    let number: f64 = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
    Number::from_f64(number)
        .filter(|_| number > 0.0)
        .map(Value::Number)
}

/// Adds a member if there is a value.
pub fn set(object: &mut Object, member: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(member.into(), value.into());
    }
}

/// Adds an object as a member, unless it is empty.
pub fn set_object(object: &mut Object, member: &str, inner: Object) {
    set(object, member, (!inner.is_empty()).then_some(inner));
}

/// Adds an array as a member, unless it is empty.
pub fn set_list<T: Into<Value>>(
    object: &mut Object,
    member: &str,
    list: impl IntoIterator<Item = T>,
) {
    let list: Vec<Value> = list.into_iter().map(Into::into).collect();
    set(object, member, (!list.is_empty()).then_some(list));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn attributes_are_read_by_their_form() {
        for (text, form, expected) in [
            ("  a b\t", Form::Text, Some(json!("a b"))),
            ("(null)", Form::Text, None),
            (" ", Form::Text, None),
            ("12", Form::Number, Some(json!(12))),
            ("0x1f", Form::Number, Some(json!(31))),
            ("-1", Form::Number, None),
            ("12 kB", Form::Number, None),
            (
                "ffffffffffffffff",
                Form::Hex,
                Some(json!(18_446_744_073_709_551_615_u64)),
            ),
            ("0x02", Form::Hex, Some(json!(2))),
            ("Y", Form::Switch, Some(json!(true))),
            ("0", Form::Switch, Some(json!(false))),
            ("2", Form::Switch, None),
            (
                "flr  bus\tpm ",
                Form::Words,
                Some(json!(["flr", "bus", "pm"])),
            ),
            ("", Form::Words, None),
        ] {
            assert_eq!(value(text.as_bytes(), form), expected, "{text:?}");
        }
        let odd = value(b"a\x01\xff\x00b", Form::Text);
        assert_eq!(odd, Some(json!("a\u{fffd}")));
    }
}
