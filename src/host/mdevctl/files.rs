// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Definitions of mediated devices, as mdevctl(8) keeps them.
//!
//! Each is a JSON file `/etc/mdevctl.d/PARENT/UUID` (mdevctl's manual, "FILES"). The files are read directly: that
//! needs neither an installed mdevctl nor a process each time, and works for recorded trees.

use serde_json::Value as Json;

use crate::error::Result;
use crate::host::files::{Files, join};
use crate::name::{self, Name};
use crate::text;
use crate::text::uuid::normalise_uuid;

/// The folder of the definitions.
pub const FOLDER: &[u8] = b"/etc/mdevctl.d";

/// The folders of mdevctl's callout scripts: the administrator's, and that of packages.
const CALLOUTS: [&[u8]; 2] = [
    b"/etc/mdevctl.d/scripts.d/callouts",
    b"/usr/lib/mdevctl/scripts.d/callouts",
];

/// Whether there are callout scripts, which may know attributes of running devices.
pub fn has_callouts(files: &Files) -> Result<bool> {
    for folder in CALLOUTS {
        if files
            .entries(folder)?
            .is_some_and(|names| !names.is_empty())
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Names and values of attributes, in order.
pub type Attributes = Vec<(String, String)>;

/// A mediated device that mdevctl can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name of the node device.
    pub name: Name,
    /// The sysfs name of the device that provides it.
    pub parent_addr: String,
    /// Its UUID, in lower case with hyphens.
    pub uuid: String,
    /// The id of its type.
    pub type_id: String,
    /// Whether mdevctl starts it when its parent appears.
    pub autostart: bool,
    /// The attributes that mdevctl sets when it starts the device, in order.
    pub attributes: Attributes,
}

/// All definitions, sorted by name. An invalid one is left out.
pub fn read_definitions(files: &Files) -> Result<Vec<Definition>> {
    let mut found = Vec::new();
    for parent in files.entries(FOLDER)?.unwrap_or_default() {
        let folder = join(FOLDER, &parent);
        for file in files.entries(&folder)?.unwrap_or_default() {
            let name = text::clean(&file);
            // Other folders there, such as that of mdevctl's scripts, have no files with UUIDs as names.
            let Some(uuid) = normalise_uuid(&name).filter(|uuid| *uuid == name) else {
                continue;
            };
            let text = files.read(&join(&folder, &file))?.unwrap_or_default();
            if let Some(definition) = Definition::parse(&text, &parent, uuid) {
                let place =
                    found.partition_point(|known: &Definition| known.name <= definition.name);
                found.insert(place, definition);
            }
        }
    }
    Ok(found)
}

impl Definition {
    /// Reads a definition from the text of its file; `None` if it is invalid. The names of folder and file give
    /// `parent` and `uuid`.
    pub fn parse(text: &[u8], parent: &[u8], uuid: String) -> Option<Definition> {
        let json: Json = serde_json::from_slice(text).ok()?;
        let attributes = attributes(&json)?;
        Some(Definition {
            name: name::device_name(b"mdev", uuid.as_bytes(), Some(parent)),
            parent_addr: text::clean(parent),
            type_id: word(json.get("mdev_type")?)?,
            autostart: json.get("start").and_then(Json::as_str) == Some("auto"),
            attributes,
            uuid,
        })
    }
}

fn word(value: &Json) -> Option<String> {
    value.as_str().map(|word| text::clean(word.as_bytes()))
}

/// The attributes in mdevctl's JSON for a device; `None` if they are invalid.
fn attributes(device: &Json) -> Option<Attributes> {
    let attributes = match device.get("attrs") {
        None | Some(Json::Null) => return Some(Vec::new()),
        Some(attributes) => attributes.as_array()?,
    };
    let pair = |attribute: &Json| {
        let mut members = attribute.as_object()?.iter();
        match (members.next(), members.next()) {
            (Some((name, value)), None) => Some((text::clean(name.as_bytes()), word(value)?)),
            _ => None,
        }
    };
    attributes.iter().map(pair).collect()
}

/// The attributes in what `mdevctl list --dumpjson` prints for one device; `None` if that is invalid. The device can
/// stand alone, or in the array in which mdevctl puts all devices.
pub fn listed_attributes(text: &[u8]) -> Option<Attributes> {
    fn device(json: &Json) -> Option<&Json> {
        match json {
            Json::Array(items) => items.iter().find_map(device),
            Json::Object(members) if members.contains_key("mdev_type") => Some(json),
            Json::Object(members) => members.values().find_map(device),
            _ => None,
        }
    }
    let json = serde_json::from_slice(text).ok()?;
    attributes(device(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const UUID: &str = "11111111-2222-3333-4444-555555555501";

    fn put(root: &Path, name: &str, text: &str) {
        let path = root.join("etc/mdevctl.d").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn definitions_are_read_in_mdevctls_form() {
        let root = tempfile::tempdir().unwrap();
        put(
            root.path(),
            &format!("0000:01:00.0/{UUID}"),
            r#"{"mdev_type":"t-1","start":"auto","attrs":[{"a":"1"},{"b":"x<y"},{"c":""},{"":"d"}]}"#,
        );
        put(
            root.path(),
            "mtty/11111111-2222-3333-4444-555555555503",
            r#"{ "mdev_type": "mtty-2", "start": "manual" }"#,
        );
        let found = read_definitions(&Files::tree(root.path()).unwrap()).unwrap();
        assert_eq!(found.len(), 2);
        let first = &found[0];
        assert_eq!(
            first.name.to_str().unwrap(),
            "mdev_11111111_2222_3333_4444_555555555501_0000_01_00_0"
        );
        assert_eq!(first.parent_addr, "0000:01:00.0");
        assert_eq!((first.uuid.as_str(), first.type_id.as_str()), (UUID, "t-1"));
        assert!(first.autostart && !found[1].autostart);
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        // libvirt 12.8.0 keeps the empty ones too, by replay.
        let expected = [
            pair("a", "1"),
            pair("b", "x<y"),
            pair("c", ""),
            pair("", "d"),
        ];
        assert_eq!(first.attributes, expected);
    }

    #[test]
    fn attributes_of_a_listed_device_are_found() {
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        let alone = r#"{"mdev_type":"t","start":"manual","attrs":[{"a":"1"},{"a":"2"}]}"#;
        let among_others = format!(r#"[{{"matrix":[{{"{UUID}":{alone}}}]}}]"#);
        for text in [alone, &among_others] {
            let found = listed_attributes(text.as_bytes()).unwrap();
            assert_eq!(found, [pair("a", "1"), pair("a", "2")]);
        }
        let without = listed_attributes(br#"{"mdev_type":"t"}"#);
        assert_eq!(without, Some(Vec::new()));
        for nonsense in ["", "[]", "7", "[{}]", r#"{"mdev_type":"t","attrs":7}"#] {
            assert_eq!(listed_attributes(nonsense.as_bytes()), None);
        }
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        for (index, text) in [
            "",
            "{",
            "[]",
            "7",
            r#"{"start":"auto"}"#,
            r#"{"mdev_type":7}"#,
            r#"{"mdev_type":"t","attrs":7}"#,
            r#"{"mdev_type":"t","attrs":[7]}"#,
            r#"{"mdev_type":"t","attrs":[{"a":"1","b":"2"}]}"#,
            r#"{"mdev_type":"t","attrs":[{"a":1}]}"#,
        ]
        .iter()
        .enumerate()
        {
            let name = format!("mtty/11111111-2222-3333-4444-5555555555{index:02}");
            put(root.path(), &name, text);
        }
        put(root.path(), "scripts.d/notifiers", "#!/bin/sh");
        put(root.path(), "mtty/NOT-A-UUID", r#"{"mdev_type":"t"}"#);
        let found = read_definitions(&Files::tree(root.path()).unwrap()).unwrap();
        assert_eq!(found, []);
    }
}
