// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

use super::*;
use crate::document::{Purpose, parse};
use crate::error::{Code, Domain};
use crate::xml::reader;

fn message(xml: &str) -> String {
    let device = reader::parse(xml.as_bytes(), None).unwrap();
    match validate(&device) {
        Ok(()) => "valid".to_string(),
        Err(error) => {
            assert_eq!(error.code(), Code::XmlInvalidSchema);
            assert_eq!(error.domain(), Domain::Xml);
            error.detail().unwrap().to_string()
        }
    }
}

fn capability(kind: &str, content: &str) -> String {
    message(&format!(
        "<device><name/>\n<capability type='{kind}'>\n{content}</capability></device>"
    ))
}

/// Documents that libvirt 12.8.0 refused and accepted with the flag for validation (recorded).
#[test]
fn recorded_verdicts() {
    let refused = [
        "<device/>",
        "<device><parent>computer</parent></device>",
        "<device><parent>computer</parent><capability type='bogus'/></device>",
        "<device><parent>computer</parent><capability/></device>",
        "<device><parent>computer</parent><capability type='net'><interface>foo0</interface>\
         </capability></device>",
        "<device><parent>mtty_mtty</parent><capability type='mdev'/></device>",
        "<device><parent>mtty_mtty</parent><capability type='mdev'><bogus/><type id='mtty-2'/>\
         <uuid>11111111-2222-3333-4444-555555555502</uuid></capability></device>",
        "<device xmlns='urn:x'><name>n</name><parent>mtty_mtty</parent><capability type='mdev'>\
         <type id='mtty-2'/></capability></device>",
        "<device><name q:a='1'>n</name><parent>mtty_mtty</parent><capability type='mdev'>\
         <type id='mtty-2'/></capability></device>",
        "<device xml:lang='en'><name>n</name><parent>mtty_mtty</parent><capability type='mdev'>\
         <type id='mtty-2'/></capability></device>",
    ];
    for xml in refused {
        for purpose in [Purpose::Create, Purpose::Update] {
            let error = parse(xml.as_bytes(), purpose, true).unwrap_err();
            assert_eq!(error.code(), Code::XmlInvalidSchema, "{xml}");
        }
    }
    let accepted = [
        "<device><name>n</name><parent>mtty_mtty</parent><capability type='mdev'>\
         <type id='mtty-2'/><attr name='a' value='x'/></capability></device>",
        "<device xmlns:q='urn:x'><name>n</name><parent>mtty_mtty</parent><capability type='mdev'>\
         <type id='mtty-2'/></capability></device>",
        "<device xmlns=''><name>n</name><parent>mtty_mtty</parent><capability type='mdev'>\
         <type id='mtty-2'/></capability></device>",
    ];
    for xml in accepted {
        assert!(
            parse(xml.as_bytes(), Purpose::Create, true).is_ok(),
            "{xml}"
        );
    }
    // The root is looked at before the schema.
    let error = parse(b"<domain/>", Purpose::Create, true).unwrap_err();
    assert_eq!(error.code(), Code::XmlError);
}

#[test]
fn the_wrong_element_is_named() {
    let cases = [
        ("<device/>", "line 1, column 1: <device> lacks <name>"),
        (
            "<device>\n <name/>\n <é/></device>",
            "line 3, column 2: <device> holds name, path, devnode, parent, driver or capability, not <é>",
        ),
        (
            "<device><name/><name/></device>",
            "line 1, column 16: <name> stands in <device> once too often or in the wrong place",
        ),
        (
            "<device>text<name/></device>",
            "line 1, column 1: <device> holds no text, but has 'text'",
        ),
        (
            "<device><name>a<b/></name></device>",
            "line 1, column 16: <name> holds text alone, not <b>",
        ),
        (
            "<device><name/>\u{e9}\r\n\u{1f600}<capability/></device>",
            "line 1, column 1: <device> holds no text, but has '\u{e9} \u{1f600}'",
        ),
        (
            "<device><name/><parent wwnn='5001a4a000000001'/></device>",
            "line 1, column 16: <parent wwnn='...'> lacks the attribute 'wwpn'",
        ),
        (
            "<device><name/><parent wwpn='5001a4a000000001'/></device>",
            "line 1, column 16: <parent wwpn='...'> lacks the attribute 'wwnn'",
        ),
        (
            "<device><name/><parent fabric_wwn='5001a4a000000001'>x</parent></device>",
            "line 1, column 16: <parent fabric_wwn='...'> holds no text, but has 'x'",
        ),
        (
            "<device><name/><devnode type='x'/></device>",
            "line 1, column 16: the attribute type='x' of <devnode> is not dev or link",
        ),
        (
            "<device><name/><capability>x</capability></device>",
            "line 1, column 16: <capability> lacks the attribute 'type'",
        ),
    ];
    for (xml, expected) in cases {
        assert_eq!(message(xml), expected);
    }
}

#[test]
fn what_is_wrong_in_a_capability_is_told() {
    let cases = [
        (
            "mdev",
            "<bogus/>",
            "line 3, column 1: <capability type='mdev'> holds type, iommuGroup, uuid, parent_addr \
             or attr, not <bogus>",
        ),
        (
            "mdev",
            "",
            "line 2, column 1: <capability type='mdev'> lacks <type>",
        ),
        (
            "mdev",
            "<type/>",
            "line 3, column 1: <type> lacks the attribute 'id'",
        ),
        (
            "mdev",
            "<type id='a' x=''/>",
            "line 3, column 1: <type> takes no attribute 'x'",
        ),
        (
            "mdev",
            "<type id='a'/>\n <uuid>not-a-uuid</uuid>",
            "line 4, column 2: the text 'not-a-uuid' of <uuid> is not a UUID",
        ),
        (
            "mdev",
            "<type id='a'/><iommuGroup number='-'/>",
            "line 3, column 15: the attribute number='-' of <iommuGroup> is not a decimal number \
             below 4294967296",
        ),
        (
            "scsi_host",
            "<capability type='fc_host'/>",
            "line 3, column 1: <capability type='scsi_host'> lacks <host> before <capability>",
        ),
        (
            "scsi_host",
            "<host>1</host><capability type='fc_host'/>",
            "line 3, column 15: <capability type='fc_host'> lacks <wwnn>",
        ),
        (
            "scsi_host",
            "<host>1</host><capability type='x'/>",
            "line 3, column 15: the attribute type='x' of <capability> is not fc_host or vport_ops",
        ),
        (
            "drm",
            "<type>x</type>",
            "line 3, column 1: the text 'x' of <type> is not primary, control or render",
        ),
        (
            "net",
            "<interface/><capability type='80203' x=''/>",
            "line 3, column 13: <capability type='80203|80211'> takes no attribute 'x'",
        ),
    ];
    for (kind, content, expected) in cases {
        assert_eq!(capability(kind, content), expected);
    }
}

#[test]
fn messages_stay_short() {
    let long = "\u{e9}\n".repeat(100_000);
    let shown = format!("'{}...'", "\u{e9} ".repeat(30));
    let text = capability("mdev", &format!("<type id='a'/><uuid>{long}</uuid>"));
    assert_eq!(
        text,
        format!("line 3, column 15: the text {shown} of <uuid> is not a UUID")
    );
    let name = "n".repeat(100_000);
    for xml in [
        format!("<device><{name}/></device>"),
        format!("<device {name}=''/>"),
        format!("<device><name/><capability type='{name}'/></device>"),
    ] {
        assert!(message(&xml).len() < 400);
    }
}

/// The time grows only with the number of children.
#[test]
fn large_documents_are_checked_quickly() {
    let attributes = "<attr name='a' value='b'/>".repeat(30_000);
    let xml = format!("<type id='a'/>{attributes}");
    assert_eq!(capability("mdev", &xml), "valid");
    let links = "<devnode type='link'/>".repeat(30_000);
    assert_eq!(
        message(&format!("<device>{links}<name/></device>")),
        "valid"
    );
}
