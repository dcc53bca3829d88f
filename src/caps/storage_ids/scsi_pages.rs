// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Serials in the VPD pages that the kernel keeps of SCSI devices (SPC-4, section 7.8: pages 80h and 83h; SAT-3,
//! section 12.4.2: page 89h), in the forms of udev's `scsi_id` and `ata_id`.

use super::udev_text::joined;

/// How many bytes of a page `scsi_id` asks for.
const PAGE_LIMIT: usize = 254;
/// The longest serial that it prints, in bytes.
const SERIAL_LIMIT: usize = 255;

const BINARY: u8 = 1;
const ASCII: u8 = 2;
const VENDOR_SPECIFIC: u8 = 0;
const T10_VENDOR: u8 = 1;
const EUI_64: u8 = 2;
const NAA: u8 = 3;

/// Identifiers from best to worst, as `scsi_id` prefers them: type, upper half of the first byte of an NAA
/// identifier, code set.
const BEST_FIRST: [(u8, Option<u8>, u8); 12] = [
    (NAA, Some(6), BINARY),
    (NAA, Some(6), ASCII),
    (NAA, Some(5), BINARY),
    (NAA, Some(5), ASCII),
    (NAA, None, BINARY),
    (NAA, None, ASCII),
    (EUI_64, None, BINARY),
    (EUI_64, None, ASCII),
    (T10_VENDOR, None, BINARY),
    (T10_VENDOR, None, ASCII),
    (VENDOR_SPECIFIC, None, BINARY),
    (VENDOR_SPECIFIC, None, ASCII),
];

/// Vendor and model of a device in standard INQUIRY data (SPC-4, 6.4.2): ASCII, padded with blanks.
pub struct Inquiry {
    /// T10 VENDOR IDENTIFICATION.
    pub vendor: [u8; 8],
    /// PRODUCT IDENTIFICATION.
    pub model: [u8; 16],
}

/// The content of a page after its header, if it is the page asked for.
fn content(page: &[u8], code: u8, limit: usize) -> Option<&[u8]> {
    let (header, rest) = page[..page.len().min(limit)].split_first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    (header[1] == code).then_some(&rest[..length.min(rest.len())])
}

/// One identification descriptor of page 83h.
struct Descriptor<'a> {
    coding: u8,
    association: u8,
    kind: u8,
    id: &'a [u8],
}

fn descriptors(mut rest: &[u8]) -> impl Iterator<Item = Descriptor<'_>> {
    std::iter::from_fn(move || {
        let (header, after) = rest.split_first_chunk::<4>()?;
        let (id, next) = after.split_at_checked(usize::from(header[3]))?;
        rest = next;
        Some(Descriptor {
            coding: header[0] & 0x0f,
            association: header[1] >> 4 & 3,
            kind: header[1] & 0x0f,
            id,
        })
    })
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
    bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(b & 15)])
        .collect()
}

/// The serial that `scsi_id` prints: a character for its source, then the identifier. `None` if no page has one.
pub fn scsi_serial(
    inquiry: &Inquiry,
    page83: Option<&[u8]>,
    page80: Option<&[u8]>,
) -> Option<Vec<u8>> {
    page83
        .and_then(|page| device_id(inquiry, page))
        .or_else(|| {
            let number = content(page80?, 0x80, PAGE_LIMIT)?;
            Some([b"S", &inquiry.vendor[..], &inquiry.model, number].concat())
        })
        .filter(|serial| serial.len() <= SERIAL_LIMIT)
        .map(|serial| joined(&serial))
}

fn device_id(inquiry: &Inquiry, page: &[u8]) -> Option<Vec<u8>> {
    let list = content(page, 0x83, PAGE_LIMIT)?;
    // In versions before SPC-3 the page is one identifier without descriptors: a byte that is reserved in
    // SPC-3 is not 0.
    if list.get(2).is_some_and(|&b| b != 0) {
        return Some([b"3", &hex(list)[..]].concat());
    }
    BEST_FIRST.iter().find_map(|(kind, naa, coding)| {
        let found = descriptors(list).find(|one| {
            one.association == 0
                && one.kind == *kind
                && one.coding == *coding
                && naa.is_none_or(|naa| one.id.first().is_some_and(|b| b >> 4 == naa))
        })?;
        let mut serial = hex(&[*kind])[1..].to_vec();
        if *kind == VENDOR_SPECIFIC {
            // It is unique among devices of one model only.
            serial.extend(inquiry.vendor);
            serial.extend(inquiry.model);
        }
        match *coding {
            ASCII => serial.extend_from_slice(found.id),
            _ => serial.extend(hex(found.id)),
        }
        Some(serial)
    })
}

/// The serial that `ata_id` prints: model and serial number, from the IDENTIFY DEVICE data in page 89h or else from
/// the identifier that a SATL puts into page 83h. `None` if neither has a model.
pub fn ata_serial(page89: Option<&[u8]>, page83: Option<&[u8]>) -> Option<Vec<u8>> {
    let (model, serial) = page89.and_then(identify).or_else(|| {
        let list = content(page83?, 0x83, usize::MAX)?;
        let found = descriptors(list).find_map(|one| {
            let is_text = one.kind == T10_VENDOR && one.coding == ASCII && one.id.len() == 68;
            one.id.strip_prefix(b"ATA     ").filter(|_| is_text)
        })?;
        let (model, serial) = found.split_at(40);
        Some((model.to_vec(), serial.to_vec()))
    })?;
    let (model, serial) = (joined(&model), joined(&serial));
    match (model.is_empty(), serial.is_empty()) {
        (true, _) => None,
        (false, true) => Some(model),
        (false, false) => Some([&model[..], b"_", &serial].concat()),
    }
}

/// Model and serial number in IDENTIFY DEVICE data, words 27 to 46 and 10 to 19: the first
/// character of each pair is in the upper byte of its little-endian word (ACS-3, 7.12.7).
fn identify(page: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    // Bytes 60 to 571 of the page.
    let data = content(page, 0x89, usize::MAX)?.get(56..)?;
    let text = |words: std::ops::Range<usize>| -> Option<Vec<u8>> {
        let bytes = data.get(words.start * 2..words.end * 2)?;
        Some(
            bytes
                .chunks(2)
                .flat_map(|pair| [pair[1], pair[0]])
                .collect(),
        )
    };
    Some((text(27..47)?, text(10..20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INQUIRY: Inquiry = Inquiry {
        vendor: *b"ACME    ",
        model: *b"Disk 9          ",
    };

    fn page(code: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0, code][..], &length, content].concat()
    }

    fn descriptor(coding: u8, kind: u8, id: &[u8]) -> Vec<u8> {
        [&[coding, kind, 0, u8::try_from(id.len()).unwrap()][..], id].concat()
    }

    fn serial(page83: &[u8], page80: &[u8]) -> Option<String> {
        let serial = scsi_serial(&INQUIRY, Some(page83), Some(page80))?;
        Some(String::from_utf8(serial).unwrap())
    }

    #[test]
    fn identifiers_from_best_to_worst() {
        let list = [
            descriptor(ASCII, 0, b"own 1 "),
            descriptor(ASCII, 1, b"ACME    T  1"),
            descriptor(BINARY, 2, &[0, 1, 2, 3, 4, 5, 6, 7]),
            descriptor(BINARY, 3, &[0x20, 1]),
            descriptor(BINARY, 3, &[0x50, 2]),
            descriptor(BINARY, 3, &[0x60, 3]),
        ];
        let expected = [
            "0ACME_Disk_9_own_1",
            "1ACME_T_1",
            "20001020304050607",
            "32001",
            "35002",
            "36003",
        ];
        for (end, expected) in expected.iter().enumerate() {
            // Whatever the order on the device.
            let mut some = list[..=end].to_vec();
            assert_eq!(serial(&page(0x83, &some.concat()), b"").unwrap(), *expected);
            some.reverse();
            assert_eq!(serial(&page(0x83, &some.concat()), b"").unwrap(), *expected);
        }
    }

    #[test]
    fn identifiers_of_ports_do_not_count() {
        let port = descriptor(BINARY, 0x13, &[0x50, 2]);
        assert_eq!(serial(&page(0x83, &port), b""), None);
        let group = [port, descriptor(BINARY, 0x15, &[0, 0, 0, 1])].concat();
        let page80 = page(0x80, b"  n1 ");
        assert_eq!(
            serial(&page(0x83, &group), &page80).unwrap(),
            "SACME_Disk_9_n1"
        );
    }

    /// As long as what udev's scsi_id has room for.
    #[test]
    fn a_serial_of_255_bytes_is_the_longest() {
        // Its kind, vendor and model take 25.
        let of = |length: usize| serial(b"", &page(0x80, &vec![b'n'; length - 25]));
        assert_eq!(
            of(255).unwrap(),
            format!("SACME_Disk_9_{}", "n".repeat(230))
        );
        assert_eq!(of(256), None);
    }

    #[test]
    fn a_page_older_than_spc3() {
        assert_eq!(
            serial(&page(0x83, &[0x20, 0, 0x37, 1, 2]), b"").unwrap(),
            "32000370102"
        );
    }

    #[test]
    fn ata_identity() {
        let text = format!("ATA     {:<40}{:<20}", "MODEL  X", " SN/1");
        let page83 = page(0x83, &descriptor(ASCII, 1, text.as_bytes()));
        assert_eq!(ata_serial(None, Some(&page83)).unwrap(), b"MODEL_X_SN_1");

        // An identifier of another kind, coding or length is none of a SATL's (SAT-4, 10.3.4).
        let binary = descriptor(BINARY, 1, text.as_bytes());
        let own = descriptor(ASCII, 0, text.as_bytes());
        let short = descriptor(ASCII, 1, &text.as_bytes()[..67]);
        for other in [binary, own, short] {
            assert_eq!(ata_serial(None, Some(&page(0x83, &other))), None);
        }

        let mut data = [b' '; 568];
        // "AB1" in words 10 and 11, "XY" in word 27, bytes swapped.
        data[56 + 20..56 + 24].copy_from_slice(b"BA 1");
        data[56 + 54..56 + 56].copy_from_slice(b"YX");
        let page89 = page(0x89, &data);
        assert_eq!(ata_serial(Some(&page89), Some(&page83)).unwrap(), b"XY_AB1");
        data[56 + 20..56 + 24].fill(b' ');
        assert_eq!(ata_serial(Some(&page(0x89, &data)), None).unwrap(), b"XY");
        data.fill(0);
        assert_eq!(ata_serial(Some(&page(0x89, &data)), None), None);
        assert_eq!(ata_serial(None, None), None);
    }

    #[test]
    fn hostile_pages() {
        let whole = page(0x83, &descriptor(ASCII, 0, b"serial"));
        for length in 0..whole.len() {
            assert_eq!(serial(&whole[..length], b""), None, "{length}");
        }
        for at in 0..whole.len() {
            for value in 0..=255 {
                let mut twisted = whole.clone();
                twisted[at] = value;
                serial(&twisted, &twisted);
                ata_serial(Some(&twisted), Some(&twisted));
            }
        }
        assert_eq!(serial(&page(0x84, b""), &page(0x83, b"x")), None);
        // More than the longest serial.
        let long = page(0x80, &[b'x'; 250]);
        assert_eq!(serial(b"", &long), None);
    }
}
