// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Replaces identifiers in attributes of a known format, most of which are binary.

use super::identifiers;
use crate::record::secrets::{Form, Secrets};

/// Where the extended capabilities of configuration space begin, in bytes (PCI Express Base 4.0,
/// section 7.6).
const EXTENDED: usize = 0x100;
/// The id of the extended capability with a serial number (PCI Express Base 4.0, section 7.9.3).
const SERIAL_NUMBER: u16 = 0x0003;

/// The content of an attribute with other identifiers. It has the same length.
pub fn rewrite(name: &[u8], content: &[u8], secrets: &mut Secrets) -> Vec<u8> {
    let mut content = content.to_vec();
    match name {
        b"serial" | b"product_serial" => replace_text(&mut content, secrets),
        b"uid" => {
            if let Some(serial) = identifiers::dasd_serial(&content) {
                replace_text(&mut content[serial], secrets);
            }
        }
        b"uevent" => return partition_labels(&content, secrets),
        b"config" => clear_serial(&mut content),
        b"vpd" => {
            let replace = |text: &[u8]| secrets.replacement(text, Form::Text);
            return identifiers::replace_own_texts(&content, replace);
        }
        b"vpd_pg80" => unit_serial(&mut content, secrets),
        b"vpd_pg83" => device_ids(&mut content, secrets),
        b"vpd_pg89" => ata_identity(&mut content, secrets),
        _ => return secrets.replace(&content),
    }
    content
}

/// The variables of a device with other names and UUIDs of partitions.
fn partition_labels(uevent: &[u8], secrets: &mut Secrets) -> Vec<u8> {
    let lines = uevent.split_inclusive(|&b| b == b'\n').flat_map(|line| {
        for key in [&b"PARTNAME="[..], b"PARTUUID="] {
            if let Some(label) = line.strip_prefix(key) {
                return [key, &identifiers::label(label, secrets)].concat();
            }
        }
        secrets.replace(line)
    });
    lines.collect()
}

fn clear_serial(config: &mut [u8]) {
    let mut at = EXTENDED;
    // A chain that leads backwards is not followed.
    while let Some(header) = config.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let header = u32::from_le_bytes(*header);
        if header as u16 == SERIAL_NUMBER {
            let end = config.len().min(at + 12);
            config[at + 4..end].fill(0);
        }
        let next = (header >> 20) as usize;
        if next <= at {
            return;
        }
        at = next;
    }
}

/// Replaces the text in these bytes, except white space around it.
fn replace_text(bytes: &mut [u8], secrets: &mut Secrets) {
    let text = bytes.trim_ascii();
    let replacement = secrets.replacement(text, Form::Text);
    let begin = bytes.len() - bytes.trim_ascii_start().len();
    bytes[begin..begin + replacement.len()].copy_from_slice(&replacement);
}

/// Unit Serial Number (SPC-4, section 7.8.15): the serial number is all that follows the header.
fn unit_serial(page: &mut [u8], secrets: &mut Secrets) {
    if let Some(serial) = page.get_mut(4..) {
        replace_text(serial, secrets);
    }
}

/// Device Identification (SPC-4, section 7.8.6): designators with a header of 4 bytes each.
fn device_ids(page: &mut [u8], secrets: &mut Secrets) {
    let mut rest = page.get_mut(4..).unwrap_or_default();
    while let Some((header, after)) = rest.split_first_chunk_mut::<4>() {
        let length = usize::from(header[3]).min(after.len());
        let (id, next) = after.split_at_mut(length);
        match header[0] & 0x0f {
            1 => replace_binary(id, secrets),
            // Vendor and model come before the serial number.
            _ => {
                let begin = id
                    .trim_ascii_end()
                    .iter()
                    .rposition(|&b| b == b' ')
                    .map_or(0, |blank| blank + 1);
                replace_text(&mut id[begin..], secrets);
            }
        }
        rest = next;
    }
}

fn replace_binary(id: &mut [u8], secrets: &mut Secrets) {
    // A shorter one is the number of a port or a group.
    if id.len() < 8 {
        return;
    }
    let digits: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let replacement = secrets.replacement(digits.as_bytes(), Form::Hex(7));
    for (byte, digits) in id.iter_mut().zip(replacement.chunks(2)) {
        let digits = std::str::from_utf8(digits).ok();
        *byte = digits
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .unwrap_or(0);
    }
}

/// ATA Information (SAT-3, section 12.4.2): IDENTIFY DEVICE data from byte 60, of which words 10 to
/// 19 are the serial number and words 108 to 111 the world-wide name (ACS-3, section 7.12.7).
fn ata_identity(page: &mut [u8], secrets: &mut Secrets) {
    if let Some(serial) = page.get_mut(80..100) {
        serial.chunks_mut(2).for_each(<[u8]>::reverse);
        replace_text(serial, secrets);
        serial.chunks_mut(2).for_each(<[u8]>::reverse);
    }
    if let Some(name) = page.get_mut(276..284) {
        name.fill(0);
    }
}
