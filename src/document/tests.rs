// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0

use super::*;
use crate::caps::State;

fn failure(xml: &str, purpose: Purpose) -> (Code, Domain, String) {
    let error = parse(xml.as_bytes(), purpose, false).unwrap_err();
    (error.code(), error.domain(), error.message())
}

fn capability(kind: &str, content: &str) -> String {
    format!("<device><name>n</name><capability type='{kind}'>{content}</capability></device>")
}

/// The errors of libvirt 12.8.0 for these documents, from CreateXML and DefineXML (recorded).
#[test]
fn recorded_failures() {
    let cases = [
        (
            "<domain/>",
            Code::XmlError,
            Domain::Xml,
            "XML error: expecting root element of 'device', not 'domain'",
        ),
        (
            "<device/>",
            Code::InternalError,
            Domain::NodeDevice,
            "internal error: no device capabilities for 'new device'",
        ),
        (
            "<device><parent>computer</parent></device>",
            Code::InternalError,
            Domain::NodeDevice,
            "internal error: no device capabilities for 'new device'",
        ),
        (
            "<device><parent>computer</parent><capability type='bogus'/></device>",
            Code::XmlError,
            Domain::Xml,
            "XML error: Invalid value for attribute 'type' in element 'capability': 'bogus'.",
        ),
        (
            "<device><parent>computer</parent><capability/></device>",
            Code::XmlError,
            Domain::Xml,
            "XML error: Missing required attribute 'type' in element 'capability'",
        ),
        (
            "<device><parent>mtty_mtty</parent><capability type='mdev'/></device>",
            Code::ConfigUnsupported,
            Domain::NodeDevice,
            "unsupported configuration: missing type id attribute for 'new device'",
        ),
        (
            "<device><parent>mtty_mtty</parent><capability type='mdev'><type id='mtty-2'/>\
             <uuid>not-a-uuid</uuid></capability></device>",
            Code::InternalError,
            Domain::NodeDevice,
            "internal error: Invalid uuid 'not-a-uuid' for new mdev device",
        ),
    ];
    for (xml, code, domain, message) in cases {
        assert_eq!(
            failure(xml, Purpose::Create),
            (code, domain, message.to_string())
        );
    }
}

/// The texts of errors about single elements.
#[test]
fn what_is_missing_or_wrong_is_named() {
    let pci = "<domain>0</domain><bus>0</bus><slot>0</slot><function>0</function>";
    let cases = [
        (
            "pci",
            String::new(),
            Code::InternalError,
            "no PCI domain ID supplied for 'n'",
        ),
        (
            "pci",
            "<domain>x</domain>".into(),
            Code::InternalError,
            "invalid PCI domain ID supplied for 'n'",
        ),
        (
            "pci",
            pci.into(),
            Code::InternalError,
            "no PCI product ID supplied for 'n'",
        ),
        (
            "pci",
            format!("<class>0x1000000</class>{pci}<product id='1'/><vendor id='2'/>"),
            Code::InternalError,
            "invalid PCI class supplied for 'n'",
        ),
        (
            "pci",
            format!("{pci}<product id='1'/><vendor id='zz'/>"),
            Code::InternalError,
            "invalid PCI vendor ID supplied for 'n'",
        ),
        (
            "pci",
            format!("{pci}<product id='1'/><vendor id='1'/><iommuGroup number='-'/>"),
            Code::InternalError,
            "invalid iommuGroup number attribute for 'n'",
        ),
        (
            "usb_device",
            "<bus>1</bus>".into(),
            Code::InternalError,
            "no USB device number supplied for 'n'",
        ),
        (
            "usb",
            "<number>1</number>".into(),
            Code::InternalError,
            "no USB interface class supplied for 'n'",
        ),
        (
            "scsi",
            String::new(),
            Code::InternalError,
            "no SCSI host ID supplied for 'n'",
        ),
        (
            "scsi_host",
            String::new(),
            Code::InternalError,
            "no SCSI host ID supplied for 'n'",
        ),
        (
            "scsi_host",
            "<host>1</host><capability type='x'/>".into(),
            Code::InternalError,
            "unknown SCSI host capability type 'x' for 'n'",
        ),
        (
            "scsi_host",
            "<host>1</host><capability type='fc_host'/>".into(),
            Code::InternalError,
            "no WWNN supplied for 'n'",
        ),
        (
            "ap_card",
            "<ap-adapter>256</ap-adapter>".into(),
            Code::ConfigUnsupported,
            "invalid ap-adapter value '256' for 'n'",
        ),
        (
            "ccw",
            "<state>on</state>".into(),
            Code::ConfigUnsupported,
            "unknown state 'on' for 'n'",
        ),
        (
            "ccw",
            "<cssid>0</cssid>".into(),
            Code::ConfigUnsupported,
            "missing ssid value for 'n'",
        ),
        (
            "mdev",
            "<type id='t'/><iommuGroup number='x'/>".into(),
            Code::InternalError,
            "invalid iommuGroup number attribute for 'n'",
        ),
    ];
    for (kind, content, code, detail) in cases {
        let error = parse(
            capability(kind, &content).as_bytes(),
            Purpose::Update,
            false,
        )
        .unwrap_err();
        assert_eq!((error.code(), error.detail()), (code, Some(detail)));
    }
}

#[test]
fn names_count_for_existing_devices_only() {
    let xml = "<device><capability type='system'><hardware><uuid>\
               11111111222233334444555555555555</uuid></hardware></capability></device>";
    assert_eq!(
        failure(xml, Purpose::Update),
        (
            Code::NoName,
            Domain::NodeDevice,
            "missing name information".to_string()
        )
    );
    let new = parse(xml.as_bytes(), Purpose::Create, false).unwrap();
    assert_eq!(new.description.name, NEW_DEVICE);
}

#[test]
fn kinds_that_cannot_be_made_are_described_all_the_same() {
    let cases = [
        ("mdev_types", "", 13),
        ("scsi_generic", "<char>/dev/sg0</char>", 11),
        ("vdpa", "", 17),
    ];
    for (kind, content, number) in cases {
        let xml = capability(kind, content);
        let message =
            |name| format!("internal error: unknown capability type '{number}' for '{name}'");
        let unknown = |name| (Code::InternalError, Domain::NodeDevice, message(name));
        assert_eq!(failure(&xml, Purpose::Create), unknown(NEW_DEVICE));
        assert_eq!(failure(&xml, Purpose::Update), unknown("n"));
        assert!(parse(xml.as_bytes(), Purpose::Describe, false).is_ok());
    }
    for (kind, number) in [
        ("fc_host", 9),
        ("vports", 10),
        ("vpd", 21),
        ("ccwgroup_member", 23),
    ] {
        assert_eq!(
            failure(&capability(kind, ""), Purpose::Describe).2,
            format!("internal error: unknown capability type '{number}' for 'n'")
        );
    }
}

#[test]
fn parents_by_world_wide_name() {
    let xml = |attributes: &str| {
        format!(
            "<device><parent {attributes}/><capability type='scsi_host'>\
             <capability type='fc_host'/></capability></device>"
        )
    };
    let new = parse(
        xml("wwnn='1' wwpn='2' fabric_wwn='3'").as_bytes(),
        Purpose::Create,
        false,
    )
    .unwrap();
    let some = |text: &str| Some(text.to_string());
    assert_eq!(
        new.parent_port,
        ParentPort {
            wwnn: some("1"),
            wwpn: some("2"),
            fabric_wwn: some("3"),
        }
    );
    assert_eq!(new.description.parent, None);
    let State::ScsiHost(state) = new.description.state else {
        panic!("no SCSI host");
    };
    let fc_host = state.fc_host.unwrap();
    assert_eq!((&*fc_host.wwnn, &*fc_host.wwpn), ("", ""));
    assert_eq!(
        failure(&xml("wwnn='1'"), Purpose::Create).2,
        "XML error: when providing parent wwnn='1', the wwpn must also be provided"
    );
    assert_eq!(
        failure(&xml("wwpn='1'"), Purpose::Create).2,
        "XML error: when providing parent wwpn='1', the wwnn must also be provided"
    );
}

#[test]
fn mediated_devices() {
    let xml = capability(
        "mdev",
        "<type id='t'/><uuid>0A1B2C3D00004000800000000000CAFE</uuid>\
         <attr name='b' value='1'/><attr name='a'/><attr name='a' value=''/><attr value='1'/>",
    );
    let new = parse(xml.as_bytes(), Purpose::Create, false).unwrap();
    let Facts::Mdev(mdev) = &*new.description.facts else {
        panic!("no mediated device");
    };
    assert_eq!(mdev.uuid, "0a1b2c3d-0000-4000-8000-00000000cafe");
    let attributes: Vec<_> = mdev.attributes.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(attributes, [("b", "1")]);
    let xml = capability("mdev", "<type id=''/>");
    assert_eq!(
        failure(&xml, Purpose::Create).2,
        "unsupported configuration: missing type id attribute for 'new device'"
    );
}

#[test]
fn numbers_of_the_adjunct_processor_end_at_255() {
    for (number, is_right) in [("255", true), ("0xff", true), ("256", false)] {
        let xml = capability("ap_card", &format!("<ap-adapter>{number}</ap-adapter>"));
        let read = parse(xml.as_bytes(), Purpose::Describe, false);
        assert_eq!(read.is_ok(), is_right, "{number}");
    }
}

#[test]
fn both_types_of_network_are_read() {
    for kind in ["80203", "80211"] {
        let content = format!("<interface>x</interface><capability type='{kind}'/>");
        let read = parse(
            capability("net", &content).as_bytes(),
            Purpose::Describe,
            false,
        );
        let written = read.unwrap().description.to_xml();
        assert!(
            written.contains(&format!("<capability type='{kind}'/>")),
            "{written}"
        );
    }
}

#[test]
fn texts_without_characters_are_none() {
    let xml = "<device><name>n</name><path/><parent></parent><driver><name></name></driver>\
               <capability type='net'><interface>x</interface></capability></device>";
    let found = parse(xml.as_bytes(), Purpose::Describe, false).unwrap();
    let description = found.description;
    assert_eq!(description.path, None);
    assert_eq!(description.parent, None);
    assert_eq!(description.driver, None);
}

#[test]
fn every_capability_is_checked() {
    let xml = "<device><capability type='mdev'><type id='t'/></capability>\
               <capability type='usb'/></device>";
    assert_eq!(
        failure(xml, Purpose::Create).2,
        "internal error: no USB interface number supplied for 'new device'"
    );
}

/// A document with many kinds of elements.
const SAMPLE: &str = "<device>
  <name>pci_0000_3b_00_0</name>
  <path>/sys/devices/pci0000:3a/0000:3b:00.0</path>
  <devnode type='dev'>/dev/x</devnode>
  <devnode type='link'>/dev/y&amp;z</devnode>
  <parent>computer</parent>
  <driver>
    <name>exampledrv</name>
  </driver>
  <capability type='pci'>
    <class>0x020000</class>
    <domain>0</domain>
    <bus>59</bus>
    <slot>0</slot>
    <function>0</function>
    <product id='0x1017'>Example NIC</product>
    <vendor id='0x15b3'/>
    <capability type='virt_functions' maxCount='8'>
      <address domain='0x0000' bus='0x3b' slot='0x00' function='0x2'/>
    </capability>
    <capability type='pci-bridge'/>
    <capability type='mdev_types'>
      <type id='example-4'>
        <name>Example 4</name>
        <deviceAPI>vfio-pci</deviceAPI>
        <availableInstances>2</availableInstances>
      </type>
    </capability>
    <capability type='vpd'>
      <name>Example adapter</name>
      <fields access='readonly'>
        <change_level>A1</change_level>
        <part_number></part_number>
        <vendor_field index='0'>hello</vendor_field>
      </fields>
      <fields access='readwrite'>
        <system_field index='B'/>
      </fields>
    </capability>
    <iommuGroup number='31'>
      <address domain='0x0000' bus='0x3b' slot='0x00' function='0x0'/>
    </iommuGroup>
    <numa node='0'/>
    <pci-express>
      <link validity='cap' port='0' speed='8' width='16'/>
      <link validity='sta' width='8'/>
    </pci-express>
  </capability>
</device>
";

#[test]
fn what_is_read_is_written_again() {
    let document = parse(SAMPLE.as_bytes(), Purpose::Describe, false).unwrap();
    assert_eq!(document.description.to_xml(), SAMPLE);
}

#[test]
fn every_cut_is_an_error() {
    let whole = SAMPLE.trim_end().as_bytes();
    for end in 0..whole.len() {
        let error = parse(&whole[..end], Purpose::Describe, false).unwrap_err();
        assert_eq!(error.code(), Code::XmlDetail, "cut at {end}");
    }
}

/// A sequence that is the same at every run (xorshift64), so that a failure can be repeated.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const SPECIAL: &[u8] = b"<>&;'\"/!?[]-#= \n\x00\x80\xff0x";
        let at = self.below(bytes.len());
        let special = SPECIAL[self.below(SPECIAL.len())];
        match self.below(4) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = special,
            2 => bytes.insert(at, special),
            _ => drop(bytes.drain(at..(at + self.below(40)).min(bytes.len()))),
        }
    }
}

/// Every damaged document that is accepted can be written and read again.
#[test]
fn damaged_bytes_do_no_harm() {
    let recorded = include_str!("../../tests/data/machines/synth/devices.xml");
    let mut samples: Vec<_> = recorded.split_inclusive("\n</device>\n").collect();
    samples.push(SAMPLE);
    let mut sequence = Sequence(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for round in 0..samples.len() * 100 {
        let mut bytes = samples[round % samples.len()].as_bytes().to_vec();
        for _ in 0..=sequence.below(3) {
            sequence.damage(&mut bytes);
        }
        if let Ok(document) = parse(&bytes, Purpose::Describe, false) {
            accepted += 1;
            let xml = document.description.to_xml();
            let again = parse(xml.as_bytes(), Purpose::Describe, false).unwrap();
            assert_eq!(again.description.to_xml(), xml);
        }
    }
    assert!(accepted > samples.len(), "{accepted}");
}
