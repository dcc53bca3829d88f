// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Images are built here byte by byte; what is expected of them is derived by hand from the format. `tests/data/vpd`
//! holds an image like that of a real adapter and many made at random, with the XML that libvirt 12.8.0 printed.

use super::*;

const ADAPTER: &[u8] = include_bytes!("../../../tests/data/vpd/adapter.vpd");
const ADAPTER_XML: &str = include_str!("../../../tests/data/vpd/adapter.xml");
const RANDOM: &str = include_str!("../../../tests/data/vpd/random.txt");
const BAD_CHECKSUM: &[u8] = include_bytes!("../../../tests/data/vpd/bad-checksum.vpd");

const END: &[u8] = &[0x78];

fn large(tag: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_le_bytes();
    [&[tag][..], &length, data].concat()
}

fn field(keyword: &[u8; 2], data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    [&keyword[..], &[length], data].concat()
}

/// The checksum that brings the sum of all bytes before it to zero.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0u8, |sum, &b| sum.wrapping_sub(b))
}

/// An image of `before`, a read-only section of `fields` closed by a right checksum and `reserved` bytes, and `after`.
fn image_around(before: &[u8], fields: &[u8], reserved: usize, after: &[u8]) -> Vec<u8> {
    let rv = field(b"RV", &vec![0; 1 + reserved]);
    let mut image = [before, &large(0x90, &[fields, &rv].concat())].concat();
    let at = image.len() - 1 - reserved;
    image[at] = checksum(&image[..at]);
    image.extend_from_slice(after);
    image
}

/// A read-only section of `fields` and the end tag.
fn read_only(fields: &[u8]) -> Vec<u8> {
    image_around(&[], fields, 0, END)
}

/// An empty read-only section, then a read-write section of `fields`, then the end tag.
fn read_write(fields: &[u8]) -> Vec<u8> {
    image_around(&[], &[], 0, &[&large(0x91, fields), END].concat())
}

fn xml(vpd: &Vpd) -> String {
    let mut w = Writer::xml();
    vpd.write(&mut w);
    w.finish()
}

#[test]
fn a_whole_adapter_reads_as_libvirt_prints_it() {
    let mut w = Writer::xml();
    w.element("device", &[], |w| {
        w.capability("pci", &[], |w| {
            parse(ADAPTER).unwrap().write(w);
        });
    });
    let expected =
        format!("<device>\n  <capability type='pci'>\n{ADAPTER_XML}  </capability>\n</device>\n");
    assert_eq!(w.finish(), expected);
}

/// The capability with the indentation that it has in a device's document.
fn nested_xml(vpd: &Vpd) -> String {
    xml(vpd)
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect()
}

#[test]
fn random_images_read_as_libvirt_prints_them() {
    let lines = RANDOM.lines().filter(|line| !line.starts_with('#'));
    let mut records: Vec<(Vec<u8>, String)> = Vec::new();
    for line in lines {
        if line.starts_with(' ') {
            let expected = &mut records.last_mut().unwrap().1;
            expected.push_str(line);
            expected.push('\n');
            continue;
        }
        let digit = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
        let image = (0..line.len()).step_by(2).map(digit).collect();
        records.push((image, String::new()));
    }
    assert!(records.len() > 150);
    for (image, expected) in records {
        let printed = parse(&image).as_ref().map(nested_xml).unwrap_or_default();
        assert_eq!(printed, expected, "{image:02x?}");
    }
}

#[test]
fn a_wrong_checksum_hides_everything() {
    assert_eq!(parse(BAD_CHECKSUM), None);
    let good = read_only(&field(b"PN", b"X"));
    assert!(parse(&good).is_some());
    // Every byte up to the checksum counts: tag, length, keyword, data.
    let rv = good.len() - 2;
    for at in 0..=rv {
        for delta in 1..=255u8 {
            let mut image = good.clone();
            image[at] = image[at].wrapping_add(delta);
            assert_eq!(parse(&image), None, "byte {at} plus {delta}");
        }
    }
}

#[test]
fn cut_anywhere_it_is_absent() {
    for length in 0..ADAPTER.len() {
        assert_eq!(parse(&ADAPTER[..length]), None, "cut to {length} bytes");
    }
    let trailing = [ADAPTER, b"\xff\xff\xff"].concat();
    assert_eq!(
        parse(&trailing),
        parse(ADAPTER),
        "nothing is read after the end tag"
    );
}

#[test]
fn any_single_byte_changed_is_absent_or_in_form() {
    for at in 0..ADAPTER.len() {
        for value in 0..=255 {
            let mut image = ADAPTER.to_vec();
            image[at] = value;
            if let Some(vpd) = parse(&image) {
                let text = xml(&vpd);
                assert!(text.bytes().all(|b| b == b'\n' || matches!(b, b' '..=b'~')));
            }
        }
    }
}

#[test]
fn read_only_keywords() {
    let fields = [
        field(b"SN", b"s"),
        field(b"EC", b" e "),
        field(b"MN", b"m"),
        field(b"PN", b"\tp\n"),
        field(b"V9", b"nine"),
        field(b"VZ", b"zed"),
        field(b"V0", b""),
    ]
    .concat();
    let vpd = parse(&read_only(&fields)).unwrap();
    assert_eq!(
        xml(&vpd),
        "<capability type='vpd'>\n  <fields access='readonly'>\n    \
         <change_level>e</change_level>\n    <manufacture_id>m</manufacture_id>\n    \
         <part_number>p</part_number>\n    <serial_number>s</serial_number>\n    \
         <vendor_field index='9'>nine</vendor_field>\n    \
         <vendor_field index='Z'>zed</vendor_field>\n    <vendor_field index='0'/>\n  \
         </fields>\n</capability>\n"
    );
}

#[test]
fn read_write_keywords() {
    let fields = [
        field(b"YB", b"system"),
        field(b"V1", b"vendor"),
        field(b"YA", b"tag"),
        field(b"Y0", b"   "),
    ]
    .concat();
    let vpd = parse(&read_write(&fields)).unwrap();
    assert_eq!(
        xml(&vpd),
        "<capability type='vpd'>\n  <fields access='readwrite'>\n    \
         <asset_tag>tag</asset_tag>\n    <vendor_field index='1'>vendor</vendor_field>\n    \
         <system_field index='B'>system</system_field>\n    <system_field index='0'/>\n  \
         </fields>\n</capability>\n"
    );
}

#[test]
fn an_empty_field_with_a_name_of_its_own_is_not_self_closed() {
    let vpd = parse(&read_only(&field(b"PN", b"  "))).unwrap();
    assert!(xml(&vpd).contains("    <part_number></part_number>\n"));
}

#[test]
fn unknown_keywords_are_skipped() {
    // Invalid indices, geographic location, location code, PCI geography, unassigned keywords.
    let unknown = [
        b"Va", b"V\x80", b"V ", b"Y@", b"V:", b"FG", b"LC", b"PG", b"XX", b"\0\0",
    ];
    for keyword in unknown {
        let vpd = parse(&read_only(&field(keyword, b"text"))).unwrap();
        assert_eq!(vpd, Vpd::default(), "{keyword:?}");
    }
    for keyword in unknown {
        let vpd = parse(&read_write(&field(keyword, b"text"))).unwrap();
        assert_eq!(vpd, Vpd::default(), "{keyword:?}");
    }
    assert_eq!(
        xml(&Vpd::default()),
        "<capability type='vpd'>\n</capability>\n"
    );
}

#[test]
fn a_text_field_of_either_section_makes_one_exist() {
    for keyword in [b"YA", b"Y1", b"YZ", b"CP"] {
        let vpd = parse(&read_only(&field(keyword, b"text"))).unwrap();
        assert_eq!(vpd.read_only, Some(ReadOnly::default()), "{keyword:?}");
    }
    for keyword in [b"EC", b"MN", b"PN", b"SN", b"CP"] {
        let vpd = parse(&read_write(&field(keyword, b"~"))).unwrap();
        assert_eq!(vpd.read_write, Some(ReadWrite::default()), "{keyword:?}");
    }
    // Only CP, which is not a text, may hold anything.
    for (keyword, exists) in [
        (b"CP", true),
        (b"PN", false),
        (b"YA", false),
        (b"V0", false),
    ] {
        let vpd = parse(&read_only(&field(keyword, b"\x01\x02"))).unwrap();
        assert_eq!(vpd.read_only.is_some(), exists, "{keyword:?}");
    }
}

/// libvirt 12.8.0 prints a name, no fields.
#[test]
fn a_fabric_geography_makes_no_section() {
    let image = b"\x82\0\0\x90\x0a\0FG\x03nl\nRV\x01\xc7\x78";
    assert_eq!(
        xml(&parse(image).unwrap()),
        "<capability type='vpd'>\n  <name></name>\n</capability>\n"
    );
}

#[test]
fn texts_end_at_the_first_nul() {
    for (data, text) in [
        (&b"abc\0\0"[..], "abc"),
        (b" a \0b", "a"),
        (b"\0", ""),
        (b"a\0\xff\x01", "a"),
    ] {
        let fields = [field(b"PN", data), field(b"V1", data)].concat();
        let image = image_around(&large(0x82, data), &fields, 0, END);
        let vpd = parse(&image).unwrap();
        let fields = vpd.read_only.unwrap();
        assert_eq!(vpd.name.as_deref(), Some(text));
        assert_eq!(fields.part_number.as_deref(), Some(text));
        assert_eq!(fields.vendor_fields[0].value, text);
    }
}

#[test]
fn a_repeated_index_is_replaced_in_place() {
    let fields = [
        field(b"V1", b"a"),
        field(b"V2", b"b"),
        field(b"V1", b"c"),
        field(b"PN", b"d"),
        field(b"PN", b"e"),
    ]
    .concat();
    let fields = parse(&read_only(&fields)).unwrap().read_only.unwrap();
    let custom = |index, value: &str| CustomField {
        index,
        value: value.into(),
    };
    assert_eq!(fields.vendor_fields, [custom('1', "c"), custom('2', "b")]);
    assert_eq!(fields.part_number.as_deref(), Some("e"));
}

#[test]
fn a_field_that_is_no_text_is_left_out_alone() {
    for data in [
        &b"a\x01b"[..],
        b"\xc3\xa9",
        b"a\x7fb",
        b"a\tb",
        b"a\x0b",
        b"\x01\0",
    ] {
        let fields = [field(b"PN", data), field(b"SN", b"kept")].concat();
        let fields = parse(&read_only(&fields)).unwrap().read_only.unwrap();
        assert_eq!(fields.part_number, None, "{data:?}");
        assert_eq!(fields.serial_number.as_deref(), Some("kept"));
    }
}

#[test]
fn the_name() {
    let named = |names: &[&[u8]]| {
        let before: Vec<u8> = names.iter().flat_map(|name| large(0x82, name)).collect();
        parse(&image_around(&before, &[], 0, END)).map(|vpd| vpd.name)
    };
    assert_eq!(named(&[]), Some(None));
    assert_eq!(named(&[b""]), Some(Some(String::new())));
    assert_eq!(named(&[b" \x0c~ ! \r\n"]), Some(Some("~ !".into())));
    assert_eq!(named(&[b"first", b"second"]), Some(Some("second".into())));
    for name in [&b"a\x1fb"[..], b"a\x0b", b"\xff", b"tab\tin"] {
        assert_eq!(named(&[name]), None, "{name:?}");
    }
    // It may also stand after the sections, where no checksum covers it.
    let after = [large(0x82, b"late"), END.to_vec()].concat();
    let vpd = parse(&image_around(&[], &[], 0, &after)).unwrap();
    assert_eq!(vpd.name.as_deref(), Some("late"));
}

#[test]
fn the_checksum_field_closes_its_section() {
    // Reserved bytes after the checksum are neither read nor summed.
    let mut image = image_around(&[], &field(b"PN", b"X"), 5, END);
    assert!(parse(&image).is_some());
    let last = image.len() - 2;
    image[last] = 0xaa;
    assert!(parse(&image).is_some());

    // A field after it.
    let mut fields = field(b"RV", &[0]);
    fields[3] = checksum(&[&[0x90, 8, 0][..], &fields[..3]].concat());
    fields.extend(field(b"PN", b"X"));
    assert_eq!(parse(&[large(0x90, &fields), END.to_vec()].concat()), None);

    // No field that closes the section, and the one of the other kind of section.
    assert_eq!(parse(&[large(0x90, &[]), END.to_vec()].concat()), None);
    assert_eq!(
        parse(&[large(0x90, &field(b"PN", b"X")), END.to_vec()].concat()),
        None
    );
    assert_eq!(parse(&read_only(&field(b"RW", b""))), None);
    assert_eq!(parse(&read_write(&field(b"RV", &[0]))), None);
}

#[test]
fn the_free_room_counts_in_a_checksum_after_it() {
    let room = |byte| large(0x91, &field(b"RW", &[byte]));
    let image = image_around(&room(7), &[], 0, END);
    assert!(parse(&image).is_some());
    assert_eq!(parse(&[&room(8), &image[room(7).len()..]].concat()), None);
}

#[test]
fn the_free_room_closes_its_section() {
    let tag = field(b"YA", b"t");
    let room = field(b"RW", &[0; 9]);
    let asset = |fields: &[u8]| {
        parse(&read_write(fields)).map(|vpd| vpd.read_write.and_then(|fields| fields.asset_tag))
    };
    assert_eq!(asset(&[]), Some(None));
    assert_eq!(asset(&tag), Some(Some("t".into())), "without room");
    assert_eq!(
        asset(&[tag.clone(), room.clone()].concat()),
        Some(Some("t".into()))
    );
    assert_eq!(asset(&[room, tag].concat()), None, "a field after the room");
}

#[test]
fn stray_bytes_at_the_end_of_a_section() {
    for stray in [&b"R"[..], b"RV"] {
        assert_eq!(
            parse(&read_write(&[&field(b"YA", b"t")[..], stray].concat())),
            None
        );
        let room = field(b"RW", b"");
        assert_eq!(parse(&read_write(&[&room[..], stray].concat())), None);
        let open = [&field(b"PN", b"X")[..], stray].concat();
        assert_eq!(parse(&[large(0x90, &open), END.to_vec()].concat()), None);
    }
    // After the checksum: the section's length says one or two bytes more.
    for stray in 1..=2u16 {
        let mut image = [&[0x90][..], &(4 + stray).to_le_bytes(), b"RV\x01"].concat();
        image.push(checksum(&image));
        image.extend_from_slice(&[0, 0][..usize::from(stray)]);
        image.extend_from_slice(END);
        assert_eq!(parse(&image), None);
    }
}

#[test]
fn a_field_longer_than_its_section() {
    let mut fields = field(b"YA", b"tag");
    fields[2] = 4;
    assert_eq!(parse(&read_write(&fields)), None);
    fields[2] = 255;
    assert_eq!(parse(&read_write(&fields)), None);
}

#[test]
fn the_end_tag() {
    // Its length bits do not matter.
    for tag in 0x78..=0x7f {
        assert!(parse(&image_around(&[], &[], 0, &[tag])).is_some());
    }
    assert_eq!(parse(END), None, "no read-only section before it");
    let only_write = [large(0x91, &field(b"YA", b"t")), END.to_vec()].concat();
    assert_eq!(parse(&only_write), None);
    assert_eq!(
        parse(&image_around(&[], &[], 0, &[])),
        None,
        "it is missing"
    );
}

#[test]
fn other_resources_are_skipped_unread() {
    // Large 0x85 with 3 bytes and small type 2 with 2 bytes: their headers count in the checksum, their data do not.
    let mut image = [
        &large(0x85, b"abc")[..],
        &[0x12, 7, 7],
        &[0x90, 4, 0],
        b"RV\x01",
    ]
    .concat();
    let read = [&[0x85, 3, 0, 0x12, 0x90, 4, 0][..], b"RV\x01"].concat();
    image.push(checksum(&read));
    image.extend_from_slice(END);
    assert_eq!(parse(&image), Some(Vpd::default()));
}

#[test]
fn two_sections_of_one_kind_add_up() {
    let first = image_around(
        &[],
        &[field(b"PN", b"a"), field(b"V0", b"b")].concat(),
        0,
        &[],
    );
    let both = image_around(&first, &field(b"V0", b"c"), 0, END);
    let fields = parse(&both).unwrap().read_only.unwrap();
    assert_eq!(fields.part_number.as_deref(), Some("a"));
    assert_eq!(fields.vendor_fields[0].value, "c");
    assert_eq!(fields.vendor_fields.len(), 1);
}

#[test]
fn texts_are_replaced_where_they_stand() {
    let with = |text: &[u8], name: &[u8]| {
        let fields = [field(b"PN", text), field(b"V0", b"")].concat();
        image_around(&large(0x82, name), &fields, 3, END)
    };
    let image = with(b" \t ab \0z", b"name");
    let replaced = replace_texts(&image, |keyword, text| match &keyword {
        b"PN" => {
            assert_eq!(text, b"ab");
            b"XY".to_vec()
        }
        _ => text.to_vec(),
    });
    assert_eq!(replaced, with(b" \t XY \0z", b"name"));
    // One that is malformed stays.
    let cut = &image[..image.len() - 1];
    assert_eq!(replace_texts(cut, |_, text| vec![b'x'; text.len()]), cut);
}

#[test]
fn the_address_space_ends_at_32_kibibytes() {
    let image = |fill: usize, rest: &[u8]| {
        let mut image = image_around(&[], &[], 0, &[]);
        image.extend(large(0x85, &vec![0; fill - image.len() - 3]));
        assert_eq!(image.len(), fill);
        image.extend_from_slice(rest);
        image
    };
    // The end tag in the last byte, and one byte later.
    assert!(parse(&image(SPACE - 1, END)).is_some());
    assert_eq!(parse(&image(SPACE, END)), None);
    // A large resource needs 3 bytes of header; one without data fits at 0x7ffd, but then there is no end tag.
    assert_eq!(parse(&image(0x7ffd, &[0x85, 0, 0, 0x78])), None);
    assert_eq!(parse(&image(0x7ffe, &[0x85, 0, 0, 0x78])), None);
    assert!(parse(&image(0x7ffc, &[0x85, 0, 0, 0x78])).is_some());
    // A length that leads beyond the end, though no byte there would be read.
    assert_eq!(parse(&image(0x100, &[0x85, 0xff, 0x7f, 0x78])), None);
    // Small resources up to the last byte.
    assert_eq!(parse(&image(0x7fff, &[0x11, 0x78])), None);
    assert_eq!(parse(&vec![0; 2 * SPACE]), None, "never an end tag");
}
