// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The properties that udev would set for a block device (ID_BUS, ID_TYPE, ID_SERIAL), found in sysfs alone:
//! for systems on which udevd has not run.
//!
//! The forms are those of udev 262's rules and of its programs `scsi_id`, `ata_id` and `usb_id`. Some of
//! them ask the device. Where the kernel keeps no copy of the answer, as for serials of optical drives, the
//! serial is left out, because asking could wake the device.

use std::cell::OnceCell;

mod scsi_pages;
mod udev_text;

use crate::error::Result;
use crate::host::files::basename;
use crate::host::found::Found;
use scsi_pages::{Inquiry, ata_serial, scsi_serial};
use udev_text::{attribute_value, joined, replace_unsafe};

/// The properties that udev would set; `None` for what it would not set, or what sysfs does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StorageIds {
    /// ID_BUS.
    pub bus: Option<Vec<u8>>,
    /// ID_TYPE.
    pub id_type: Option<Vec<u8>>,
    /// ID_SERIAL.
    pub serial: Option<Vec<u8>>,
}

impl StorageIds {
    fn new(bus: &str, id_type: &str, serial: Option<Vec<u8>>) -> StorageIds {
        StorageIds {
            bus: Some(bus.into()),
            id_type: Some(id_type.into()),
            serial,
        }
    }

    fn of_serial(serial: Option<Vec<u8>>) -> StorageIds {
        StorageIds {
            serial,
            ..StorageIds::default()
        }
    }
}

/// Gives the content of an attribute, by its path below the block device's folder; `None` if it is missing.
type Reader<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// The ids of the block device at `path` (`/sys/devices/…/block/sda`), whose attributes `read` gives. A path that is
/// only a name does not tell the bus of ATA optical drives and the end of USB serials. Fails if `read` fails for any
/// attribute.
pub fn read(path: &[u8], read: &dyn Fn(&str) -> Found<Vec<u8>>) -> Result<StorageIds> {
    let failure = OnceCell::new();
    let read = |attribute: &str| {
        let keep = |error| drop(failure.set(error));
        read(attribute).map_err(keep).ok().flatten()
    };
    let ids = ids(path, &read);
    match failure.into_inner() {
        None => Ok(ids),
        Some(error) => Err(error),
    }
}

fn ids(path: &[u8], read: &Reader<'_>) -> StorageIds {
    let name = basename(path);
    let value = |attribute: &str| attribute_value(&read(attribute)?);
    if is_numbered(name, b"mmcblk") {
        StorageIds::of_serial(value("device/serial"))
    } else if name.starts_with(b"nvme") {
        StorageIds::of_serial(nvme_serial(&value))
    } else if name.starts_with(b"dasd") {
        // dasdinfo of s390-tools; its serial is not used for these.
        StorageIds::new("ccw", "disk", None)
    } else if is_lettered(name, b"vd") {
        StorageIds::of_serial(value("serial"))
    } else if is_lettered(name, b"sd") || is_numbered(name, b"sr") {
        scsi(path, read)
    } else {
        StorageIds::default()
    }
}

fn is_numbered(name: &[u8], prefix: &[u8]) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_digit))
}

fn is_lettered(name: &[u8], prefix: &[u8]) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.iter().all(u8::is_ascii_lowercase))
}

/// ID_SERIAL of an NVMe namespace: model, serial and, since udev 254, the number of the namespace.
fn nvme_serial(value: &dyn Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let serial = [&value("device/model")?[..], b"_", &value("device/serial")?].concat();
    Some(replace_unsafe(&match value("nsid") {
        Some(namespace) => [&serial[..], b"_", &namespace].concat(),
        None => serial,
    }))
}

/// The ids of a device of the SCSI layer: `sd` and `sr`.
fn scsi(path: &[u8], read: &Reader<'_>) -> StorageIds {
    let device = |attribute: &str| read(&format!("device/{attribute}"));
    let number = |attribute: &str| {
        let text = device(attribute)?;
        crate::text::parse_u32(text.trim_ascii(), 10)
    };
    let inquiry = Inquiry {
        vendor: field(device("vendor")),
        model: field(device("model")),
    };
    let kind = number("type");
    let usb = read("device/../../../bInterfaceClass");
    if inquiry.vendor == *b"ATA     " {
        let serial = ata_serial(device("vpd_pg89").as_deref(), device("vpd_pg83").as_deref());
        // A USB bridge that tells no ATA serial is treated like other USB storage.
        if serial.is_some() || usb.is_none() {
            return StorageIds::new("ata", "disk", serial);
        }
    }
    if let Some(class) = usb {
        return usb_storage(path, read, &class, &inquiry, kind);
    }
    // Optical drives of libata do not have the vendor "ATA"; the rules try `ata_id` from SPC-3 on.
    if kind == Some(5) && number("scsi_level") >= Some(6) && is_ata(path) {
        return StorageIds::new("ata", "cd", None);
    }
    let serial = scsi_serial(
        &inquiry,
        device("vpd_pg83").as_deref(),
        device("vpd_pg80").as_deref(),
    );
    StorageIds::new("scsi", scsi_type(kind), serial)
}

/// A field of INQUIRY data: its whole width, which the kernel prints with a newline after it.
fn field<const WIDTH: usize>(raw: Option<Vec<u8>>) -> [u8; WIDTH] {
    let raw = raw.unwrap_or_default();
    let mut field = [b' '; WIDTH];
    for (to, &from) in field.iter_mut().zip(crate::text::trim_newlines(&raw)) {
        *to = from;
    }
    field
}

/// udev's ID_TYPE for a peripheral device type.
fn scsi_type(kind: Option<u32>) -> &'static str {
    match kind {
        Some(0 | 0xe) => "disk",
        Some(1) => "tape",
        Some(4 | 7 | 0xf) => "optical",
        Some(5) => "cd",
        _ => "generic",
    }
}

/// Whether the device is behind a port of libata: `…/ata3/host4/target4:0:0/4:0:0:0/block/sr0`.
fn is_ata(path: &[u8]) -> bool {
    path.rsplit(|&b| b == b'/')
        .nth(5)
        .is_some_and(|port| is_numbered(port, b"ata"))
}

/// The ids as `usb_id` prints them, for a device whose SCSI host is a USB interface.
fn usb_storage(
    path: &[u8],
    read: &Reader<'_>,
    class: &[u8],
    inquiry: &Inquiry,
    kind: Option<u32>,
) -> StorageIds {
    let subclass = match class.trim_ascii() {
        b"08" => read("device/../../../bInterfaceSubClass").unwrap_or_default(),
        _ => Vec::new(),
    };
    let (id_type, speaks_scsi) = match subclass.trim_ascii() {
        b"01" => ("rbc", false),
        b"02" => (scsi_type(kind), true),
        b"03" => ("tape", false),
        b"04" => ("floppy", false),
        b"06" => (scsi_type(kind), true),
        _ => ("generic", false),
    };
    let device = |attribute: &str| read(&format!("device/../../../../{attribute}"));
    // The text of SCSI INQUIRY data if there is one, else that of the USB descriptor, else the number there.
    let name = |scsi: &[u8], text: &str, id: &str| {
        [speaks_scsi.then(|| scsi.to_vec()), device(text), device(id)]
            .into_iter()
            .flatten()
            .map(|raw| joined(&raw))
            .find(|name| !name.is_empty())
            .unwrap_or_default()
    };
    let vendor = name(&inquiry.vendor, "manufacturer", "idVendor");
    let model = name(&inquiry.model, "product", "idProduct");
    let mut serial = [&vendor[..], b"_", &model].concat();
    // As in `usb_id`, a serial with an unprintable character or a comma is not used.
    if let Some(own) = device("serial")
        .map(|raw| crate::text::trim_newlines(&raw).to_vec())
        .filter(|raw| raw.iter().all(|b| matches!(b, 0x20..=0x7f) && *b != b','))
        .map(|raw| joined(&raw))
        .filter(|own| !own.is_empty())
    {
        serial = [&serial[..], b"_", &own].concat();
    }
    if let Some(unit) = target_and_lun(path).filter(|_| speaks_scsi) {
        serial = [&serial[..], b"-", &unit].concat();
    }
    StorageIds::new("usb", id_type, Some(serial))
}

/// `target:lun` from the path `…/host:channel:target:lun/block/sda`.
fn target_and_lun(path: &[u8]) -> Option<Vec<u8>> {
    let address = path.rsplit(|&b| b == b'/').nth(2)?;
    let mut parts = address.split(|&b| b == b':');
    let (target, lun) = (parts.nth(2)?, parts.next()?);
    Some([target, b":", lun].concat())
}

#[cfg(test)]
mod tests;
