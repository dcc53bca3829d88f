// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::connection::Connection;
use crate::view::registry::Registry;

/// A folder with a `node.xml` of this text.
fn folder(node: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.xml");
    fs::write(&path, node).unwrap();
    (folder, path)
}

fn scsi_host(name: &str, rest: &str) -> String {
    format!(
        "<device><name>{name}</name>{rest}<capability type='scsi_host'><host>1</host></capability></device>\n"
    )
}

fn names(devices: Vec<Device>) -> Vec<String> {
    let registry = Registry::new(devices);
    registry.iter().map(|device| device.name_text()).collect()
}

/// The documents of `virsh dumpxml` on libvirt 12.8.0's test:///default.
#[test]
fn default_devices_are_those_of_libvirt() {
    let expected = include_str!("../../tests/data/testdriver/devices.xml");
    let found: String = default_node()
        .unwrap()
        .devices
        .iter()
        .map(|device| match &device.origin {
            Origin::Document(written) => written.description.to_xml(),
            _ => String::new(),
        })
        .collect();
    assert_eq!(found, expected);
}

/// The output of libvirt 12.8.0 for `nodedev-list --cap`, `nodedev-info` and `nodedev-list --tree`.
#[test]
fn default_connection() {
    let connection = Connection::open(Some(b"test:///default"), false).unwrap();
    let text = |names: Vec<Name>| -> Vec<String> {
        let names = names.iter();
        names.map(|name| name.to_str().unwrap().into()).collect()
    };
    let hosts = ["scsi_host1", "scsi_host11", "scsi_host2"];
    assert_eq!(text(connection.list(0).unwrap())[0], "computer");
    assert_eq!(text(connection.list(0).unwrap())[1..], hosts);
    let with = |cap| text(connection.names_with_capability(Some(cap), 9).unwrap());
    assert_eq!(with("vports"), ["scsi_host1", "scsi_host2"]);
    assert_eq!(with("fc_host"), hosts);
    assert_eq!(connection.list(1 << 30).unwrap().len(), 0);
    for (device, parent) in [
        (c"scsi_host1", c"computer"),
        (c"scsi_host2", c"computer"),
        (c"scsi_host11", c"scsi_host1"),
    ] {
        assert_eq!(connection.parent(device).unwrap().as_deref(), Some(parent));
        assert!(connection.is_active(device).unwrap());
        assert!(connection.is_persistent(device).unwrap());
        assert_eq!(connection.autostart(device), Ok(None));
    }
    let found = connection.lookup_scsi_host_by_wwn("2000000056785678", "1000000056785678");
    assert_eq!(&*found.unwrap(), c"scsi_host2");
    let error = connection.parent(c"computer").unwrap_err();
    assert_eq!(error.code(), Code::InternalError);
}

#[test]
fn parents_come_first_then_path_or_name() {
    let devices = [
        scsi_host("z", "<parent>b</parent>"),
        scsi_host("c", "<path>/sys/devices/1</path><parent>computer</parent>"),
        scsi_host("a", "<parent>z</parent>"),
        scsi_host("b", "<path>/sys/devices/2</path><parent>computer</parent>"),
        scsi_host("alone", ""),
        scsi_host("same", "<path>/sys/devices/1</path><parent>c</parent>"),
    ];
    let (_folder, path) = folder(&format!("<node>{}</node>", devices.concat()));
    let found = names(node_of_file(&path).unwrap().devices);
    assert_eq!(found, ["c", "same", "b", "z", "a", "alone"]);
    let connection =
        Connection::open(Some(format!("test://{}", path.display()).as_bytes()), false).unwrap();
    assert!(connection.parent(c"alone").is_err());
}

#[test]
fn devices_may_stand_in_files_of_their_own() {
    let (folder, path) = folder("<node><device file='one.xml'/><domain/></node>");
    fs::write(folder.path().join("one.xml"), scsi_host("one", "")).unwrap();
    assert_eq!(names(node_of_file(&path).unwrap().devices), ["one"]);
    fs::write(folder.path().join("one.xml"), "<domain/>").unwrap();
    let error = node_of_file(&path).unwrap_err();
    assert_eq!(
        error.message(),
        format!(
            "XML error: {}/one.xml:1: expecting root element of 'device', not 'domain'",
            folder.path().display()
        )
    );
}

/// libvirt 12.8.0 lists the same devices for this file, in another order, with the same documents.
#[test]
fn parents_may_be_missing_and_names_be_taken() {
    let system = |name| {
        format!(
            "<device><name>{name}</name><capability type='system'><product>{name}</product><hardware><uuid>\
             11111111-2222-3333-4444-555555555555</uuid></hardware></capability></device>\n"
        )
    };
    let devices = [
        scsi_host("c1", "<parent>c2</parent>"),
        scsi_host("c2", "<parent>c1</parent>"),
        scsi_host("lost", "<parent>nowhere</parent>"),
        scsi_host("dup", "<parent>computer</parent>"),
        scsi_host("dup", "<parent>lost</parent>"),
        scsi_host("self", "<parent>self</parent>"),
        system("s1"),
        system("s2"),
    ];
    let (_folder, path) = folder(&format!("<node>{}</node>", devices.concat()));
    let connection =
        Connection::open(Some(format!("test://{}", path.display()).as_bytes()), false).unwrap();
    let listed = connection.list(0).unwrap();
    let listed: Vec<_> = listed.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(listed, ["s1", "lost", "dup", "s2", "c2", "c1", "self"]);
    for (device, parent) in [
        (c"c1", c"c2"),
        (c"c2", c"c1"),
        (c"lost", c"nowhere"),
        (c"dup", c"lost"),
        (c"self", c"self"),
    ] {
        assert_eq!(connection.parent(device).unwrap().as_deref(), Some(parent));
        let written = format!("  <parent>{}</parent>\n", parent.to_str().unwrap());
        assert!(connection.xml(device, false).unwrap().contains(&written));
    }
    let both = connection.names_with_capability(Some("system"), 9).unwrap();
    assert_eq!(both.len(), 2);
}

/// Devices without optional elements: what libvirt 12.8.0 prints for them, active and as defined,
/// and the capabilities that it lists (recorded).
#[test]
fn what_a_document_lacks_is_not_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/testdriver/sparse");
    let uri = format!("test://{}/node.xml", folder.display());
    let connection = Connection::open(Some(uri.as_bytes()), false).unwrap();
    let mut names = connection.list(0).unwrap();
    names.sort();
    for (file, inactive) in [("devices.xml", false), ("inactive.xml", true)] {
        let documents = names.iter().map(|name| connection.xml(name, inactive));
        let found: String = documents.map(Result::unwrap).collect();
        let expected = fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(found, expected, "{file}");
    }
    let text = fs::read_to_string(folder.join("api.json")).unwrap();
    let api: serde_json::Value = serde_json::from_str(&text).unwrap();
    for name in &names {
        let expected = &api["caps"][name.to_str().unwrap()];
        let found = connection.capabilities(name).unwrap();
        assert_eq!(&serde_json::json!(found), expected, "{name:?}");
    }
    for (capability, expected) in api["lists"].as_object().unwrap() {
        let listed = connection.names_with_capability(Some(capability), 99);
        let mut found: Vec<_> = listed.unwrap();
        found.sort();
        let found: Vec<_> = found.iter().map(|name| name.to_str().unwrap()).collect();
        assert_eq!(&serde_json::json!(found), expected, "{capability}");
    }
}

/// The errors of libvirt 12.8.0 and their domains.
#[test]
fn errors_about_devices_are_the_test_drivers() {
    let connection = Connection::open(Some(b"test:///default"), false).unwrap();
    for error in [
        connection.lookup(c"nosuch").unwrap_err(),
        connection.xml(c"nosuch", false).unwrap_err(),
        connection.capabilities(c"nosuch").unwrap_err(),
        connection.parent(c"nosuch").unwrap_err(),
        connection.is_active(c"nosuch").unwrap_err(),
        connection.destroy(c"nosuch").unwrap_err(),
        connection.parent(c"computer").unwrap_err(),
    ] {
        assert_eq!(error.domain(), Domain::Test, "{error}");
    }
    let port = c"<device><parent>scsi_host1</parent><capability type='scsi_host'><capability type='fc_host'>\
                 <wwnn>2001001b32a9da4e</wwnn><wwpn>2101001b32a9da4e</wwpn></capability></capability></device>";
    let name = connection.create_xml(port, false).unwrap();
    let error = connection.xml(&name, true).unwrap_err();
    assert_eq!(
        (error.code(), error.domain()),
        (Code::OperationInvalid, Domain::Test)
    );
}

#[test]
fn mistakes_are_told_with_file_and_line() {
    let cases = [
        (
            "<domain/>".into(),
            Code::XmlError,
            "XML error: {file}:1: expecting root element of 'node', not 'domain'",
        ),
        (
            "<node>\n<device><name>a</name></device></node>".into(),
            Code::InternalError,
            "internal error: {file}:2: no device capabilities for 'a'",
        ),
        (
            "<node>\n\n<device><capability type='system'/></device></node>".into(),
            Code::NoName,
            "missing name information in {file}:3",
        ),
        (
            "<node>\n<device><name>p</name><capability type='pci'><domain>0</domain><bus>0</bus><slot>0</slot>\
             <function>0</function><product id='1'/><vendor id='1'/><capability type='phys_function'/></capability>\
             </device></node>"
                .into(),
            Code::XmlError,
            "XML error: {file}:2: Missing address in 'phys_function' capability",
        ),
        (
            "<node>\n<device>\n</node>".into(),
            Code::XmlDetail,
            "{file}:3: Opening and ending tag mismatch: device line 2 and node\n</node>\n-------^",
        ),
        (
            String::new(),
            Code::XmlDetail,
            "{file}:1: Document is empty\n",
        ),
        (
            "<node><device file='none.xml'/></node>".into(),
            Code::SystemError,
            "cannot read {folder}/none.xml: No such file or directory",
        ),
        (
            "<node><device file='.'/></node>".into(),
            Code::SystemError,
            "cannot read {folder}/.: Is a directory",
        ),
    ];
    for (node, code, message) in cases {
        let (folder, path) = folder(&node);
        let error = node_of_file(&path).unwrap_err();
        let message = message
            .replace("{file}", &path.to_string_lossy())
            .replace("{folder}", &folder.path().to_string_lossy());
        assert_eq!((error.code(), error.message()), (code, message));
    }
}

#[test]
fn large_files_are_refused() {
    let (_folder, path) = folder("");
    let size = usize::try_from(SIZE_LIMIT).unwrap();
    fs::write(&path, vec![b' '; size + 1]).unwrap();
    let error = node_of_file(&path).unwrap_err();
    assert!(error.message().ends_with("File too large"), "{error}");
    fs::write(&path, vec![b' '; size]).unwrap();
    assert_eq!(node_of_file(&path).unwrap_err().code(), Code::XmlDetail);
}

/// A file counts each time it is named.
#[test]
fn files_together_are_bounded() {
    let devices = |count: usize| {
        let lines = (0..count).map(|i| format!("<device file='./{i}'/>\n"));
        format!("<node>\n{}</node>", lines.collect::<String>())
    };
    let size = usize::try_from(SIZE_LIMIT).unwrap() / 4;
    let (folder, path) = folder(&devices(4));
    for i in 0..5 {
        let text = scsi_host(&format!("h{i}"), "<path>/x</path>");
        let padding = " ".repeat(size - text.len());
        fs::write(folder.path().join(i.to_string()), text + &padding).unwrap();
    }
    assert_eq!(node_of_file(&path).unwrap().devices.len(), 4);
    fs::write(&path, devices(5)).unwrap();
    let error = node_of_file(&path).unwrap_err();
    let expected = format!(
        "XML error: {}:6: the files up to './4' have more than 10485760 bytes together",
        path.display()
    );
    assert_eq!((error.code(), error.message()), (Code::XmlError, expected));
}
