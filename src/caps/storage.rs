// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! Block devices that hold data: disks, optical and floppy drives, memory cards, DASD (kernel:
//! Documentation/ABI/stable/sysfs-block).

use super::input::Input;
use super::kind::{Kind, Mark, Subsystem, Verdict};
use super::storage_ids::{self, StorageIds};
use crate::error::Result;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::host::udev_data::UdevData;
use crate::text;
use crate::xml::schema::Pattern::{self, Choice, Group, Maybe};
use crate::xml::schema::text_kind::{ANY, PATH, TextKind, UNSIGNED_LONG};
use crate::xml::schema::{capability, text};
use crate::xml::writer::Writer;

/// A block device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storage {
    /// The path of its device node.
    pub block: String,
    /// udev's ID_BUS: `scsi`, `ata`, `usb`, …
    pub bus: Option<String>,
    /// The kind of drive: `disk`, `dasd`, `cdrom`, `floppy` or `sd`.
    pub drive_type: Option<String>,
    /// The attribute `device/model`, without white space at its end.
    pub model: Option<String>,
    /// The attribute `device/vendor`, without white space at its end.
    pub vendor: Option<String>,
    /// udev's ID_SERIAL; of a DASD, the attribute `device/uid`.
    pub serial: Option<String>,
    /// In bytes, as libvirt computes it; see `read_size`. 0 if the medium can be changed.
    pub size: u64,
    /// In bytes, from the attribute `queue/logical_block_size`.
    pub logical_block_size: u64,
    /// The attribute `size`: units of 512 bytes, whatever the block size is.
    pub num_blocks: u64,
    /// The medium; `None` if it cannot be changed.
    pub removable: Option<Removable>,
    /// Whether a document says so; never for a device of the kernel.
    pub hotpluggable: bool,
}

/// The state of a drive whose medium can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removable {
    /// Whether there is a medium in it.
    pub media_available: bool,
    /// In bytes, as libvirt computes it; 0 without a medium.
    pub media_size: u64,
    /// The label of the medium's file system, udev's ID_FS_LABEL.
    pub media_label: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drive {
    Disk,
    Dasd,
    Cdrom,
    Floppy,
    Sd,
}

impl Drive {
    fn name(self) -> &'static str {
        match self {
            Drive::Disk => "disk",
            Drive::Dasd => "dasd",
            Drive::Cdrom => "cdrom",
            Drive::Floppy => "floppy",
            Drive::Sd => "sd",
        }
    }
}

/// What decides whether and how a block device is listed.
struct DriveIdentity {
    drive: Option<Drive>,
    devnode: Vec<u8>,
    bus: Option<Vec<u8>>,
    serial: Option<Vec<u8>>,
}

impl DriveIdentity {
    /// `None` for a device without a device node.
    fn read(node: &Node<'_>) -> Found<DriveIdentity> {
        let Some(devnode) = node.devnode() else {
            return Ok(None);
        };
        let udev = node.udev_data()?;
        let owned = |key: &[u8]| udev.property(key).map(<[u8]>::to_vec);
        let ids = if udev.is_known() {
            StorageIds {
                bus: owned(b"ID_BUS"),
                id_type: owned(b"ID_TYPE"),
                serial: owned(b"ID_SERIAL"),
            }
        } else {
            storage_ids::read(node.path, &|name| node.host.files.read(&node.below(name)))?
        };
        let drive = drive(ids.id_type.as_deref(), &devnode, udev);
        let serial = match drive {
            Some(Drive::Dasd) => node.attribute("device/uid")?.map(text::without_controls),
            _ => ids.serial,
        };
        Ok(Some(DriveIdentity {
            drive,
            devnode,
            bus: ids.bus,
            serial: serial.filter(|serial| !serial.is_empty()),
        }))
    }

    /// Whether the device is listed. A DASD is listed only with its uid, which makes its name unique.
    fn is_listed(&self) -> bool {
        match self.drive {
            None => false,
            Some(Drive::Dasd) => self.serial.is_some(),
            Some(_) => true,
        }
    }
}

/// The kind of drive, from udev's properties or else the name of the device node. `None` for one that is not
/// listed.
fn drive(id_type: Option<&[u8]>, devnode: &[u8], udev: &UdevData) -> Option<Drive> {
    let has = |key: &[u8]| udev.property(key).is_some();
    let is_dasd = devnode.starts_with(b"/dev/dasd");
    match id_type {
        None | Some(b"generic") => {
            if has(b"ID_DRIVE_FLOPPY") {
                Some(Drive::Floppy)
            } else if has(b"ID_CDROM") {
                Some(Drive::Cdrom)
            } else if has(b"ID_DRIVE_FLASH_SD") {
                Some(Drive::Sd)
            } else if is_dasd {
                Some(Drive::Dasd)
            } else if devnode.starts_with(b"/dev/vd") || devnode.starts_with(b"/dev/nvme") {
                Some(Drive::Disk)
            } else {
                None
            }
        }
        Some(b"disk") if is_dasd => Some(Drive::Dasd),
        Some(b"disk") => Some(Drive::Disk),
        Some(b"cd" | b"cd/dvd") => Some(Drive::Cdrom),
        Some(b"floppy") => Some(Drive::Floppy),
        Some(b"sd") => Some(Drive::Sd),
        Some(b"dasd") => Some(Drive::Dasd),
        Some(_) => None,
    }
}

/// The text of an attribute. Vendor and model are padded with blanks in SCSI INQUIRY data.
fn trimmed(node: &Node<'_>, name: &str) -> Found<String> {
    let text = node.text(name)?;
    Ok(text.map(|text| text.trim_end().to_string()))
}

impl Storage {
    /// Reads block count and block size, and returns their product. As in libvirt, that is the size in bytes only for
    /// blocks of 512 bytes: the kernel counts in units of 512 bytes whatever the block size is.
    fn read_size(&mut self, node: &Node<'_>) -> Result<u64> {
        self.num_blocks = node.number("size", 0, text::parse_u64)?.unwrap_or(0);
        self.logical_block_size = node
            .number("queue/logical_block_size", 0, text::parse_u64)?
            .unwrap_or(0);
        Ok(self.num_blocks.wrapping_mul(self.logical_block_size))
    }

    /// Writes both numbers, even if one of them is 0 (a card reader without a card); nothing if both are 0.
    fn write_blocks(&self, w: &mut Writer) {
        if self.logical_block_size != 0 || self.num_blocks != 0 {
            w.value("logical_block_size", self.logical_block_size);
            w.value("num_blocks", self.num_blocks);
        }
    }
}

/// What the schema of libvirt 12.8.0 allows of block size and block count.
const BLOCKS: Pattern = Maybe(&Group(&[
    text("logical_block_size", UNSIGNED_LONG),
    text("num_blocks", UNSIGNED_LONG),
]));

impl Kind for Storage {
    type State = ();
    const NAME: &'static str = "storage";
    const SUBSYSTEMS: &'static [Subsystem] = &[Subsystem::Class("block")];
    const MARKS: &'static [Mark] = &[Mark::DeviceType("disk")];
    const SCHEMA: Option<&'static [Pattern]> = Some(&[
        text("block", PATH),
        Maybe(&text("bus", ANY)),
        Maybe(&text("drive_type", ANY)),
        Maybe(&text("model", ANY)),
        Maybe(&text("vendor", ANY)),
        Maybe(&text("serial", ANY)),
        Choice(&[
            capability(
                &["removable"],
                &[
                    text("media_available", TextKind::Words(&["0", "1"])),
                    text("media_size", UNSIGNED_LONG),
                    Maybe(&text("media_label", ANY)),
                    BLOCKS,
                ],
            ),
            Group(&[text("size", UNSIGNED_LONG), BLOCKS]),
        ]),
        Maybe(&capability(&["hotpluggable"], &[])),
    ]);

    /// Its name ends with its serial, if it has one.
    fn judge(node: &Node<'_>) -> Result<Verdict> {
        let identity = DriveIdentity::read(node)?;
        Ok(match identity.filter(DriveIdentity::is_listed) {
            None => Verdict::Rejected,
            Some(DriveIdentity { serial: None, .. }) => Verdict::Plain,
            Some(DriveIdentity {
                serial: Some(serial),
                ..
            }) => Verdict::Suffix(serial),
        })
    }

    /// Reads identity, size and medium. If udev has lost its entry since the device was listed, the kind of drive is
    /// not known.
    fn read(node: &Node<'_>) -> Found<Storage> {
        let Some(id) = DriveIdentity::read(node)? else {
            return Ok(None);
        };
        let mut storage = Storage {
            block: text::clean(&id.devnode),
            bus: id.bus.as_deref().map(text::clean),
            drive_type: id.drive.map(|drive| drive.name().into()),
            model: trimmed(node, "device/model")?,
            vendor: trimmed(node, "device/vendor")?,
            serial: id.serial.as_deref().map(text::clean),
            ..Storage::default()
        };
        let udev = node.udev_data()?;
        let has_media = match id.drive {
            None | Some(Drive::Disk | Drive::Sd | Drive::Dasd) => {
                storage.size = storage.read_size(node)?;
                return Ok(Some(storage));
            }
            Some(Drive::Cdrom) => match udev.property(b"ID_CDROM_MEDIA") {
                None => false,
                Some(text) => text::parse_i32(text, 0).is_some_and(|media| media != 0),
            },
            Some(Drive::Floppy) => udev.property(b"ID_FS_LABEL").is_some(),
        };
        let mut medium = Removable::default();
        if has_media {
            medium.media_available = true;
            medium.media_label = udev.property(b"ID_FS_LABEL").map(text::clean);
            medium.media_size = storage.read_size(node)?;
        }
        if node.number("removable", 0, text::parse_i32)? == Some(1) {
            storage.removable = Some(medium);
        }
        Ok(Some(storage))
    }

    fn write(&self, _: &(), w: &mut Writer) {
        w.value("block", &self.block);
        w.optional("bus", self.bus.as_ref());
        w.optional("drive_type", self.drive_type.as_ref());
        w.optional("model", self.model.as_ref());
        w.optional("vendor", self.vendor.as_ref());
        w.optional("serial", self.serial.as_ref());
        match &self.removable {
            Some(medium) => w.capability("removable", &[], |w| {
                w.value("media_available", u32::from(medium.media_available));
                w.value("media_size", medium.media_size);
                w.optional("media_label", medium.media_label.as_ref());
                self.write_blocks(w);
            }),
            None => {
                w.value("size", self.size);
                self.write_blocks(w);
            }
        }
        if self.hotpluggable {
            w.empty_capability("hotpluggable", &[]);
        }
    }

    fn parse(input: Input<'_>) -> Result<(Storage, ())> {
        let mut storage = Storage {
            block: input.required("block", "block device path")?,
            bus: input.text("bus"),
            drive_type: input.text("drive_type"),
            model: input.text("model"),
            vendor: input.text("vendor"),
            serial: input.text("serial"),
            ..Storage::default()
        };
        let mut medium = None;
        for (kind, nested) in input.nested("storage")? {
            match kind {
                "removable" => medium = Some(nested),
                "hotpluggable" => storage.hotpluggable = true,
                other => {
                    return Err(input.wrong(format!("unknown storage capability type '{other}'")));
                }
            }
        }
        let count = |child: &str, what: &str| {
            let holder = medium.unwrap_or(input);
            let count = holder.optional_number(child, what, text::parse_u64, 0)?;
            Ok(count.unwrap_or(0))
        };
        storage.logical_block_size = count("logical_block_size", "logical block size")?;
        storage.num_blocks = count("num_blocks", "number of blocks")?;
        match medium {
            None => storage.size = input.number("size", "size", text::parse_u64, 0)?,
            Some(medium) => {
                let size = "removable media size";
                storage.removable = Some(Removable {
                    media_available: count("media_available", "media availability")? != 0,
                    media_size: medium.number("media_size", size, text::parse_u64, 0)?,
                    media_label: medium.text("media_label"),
                });
            }
        }
        Ok((storage, ()))
    }
}
