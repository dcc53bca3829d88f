// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The part `block`: disks and what is on them (kernel: Documentation/ABI/stable/sysfs-block, testing/sysfs-block,
//! Documentation/nvme; proc_pid_mountinfo(5)).

use serde_json::Value;

use super::facts::{
    Fact, Form, Object, names_in, read_fact, read_facts, sectors, set, set_list, set_object,
    text_value,
};
use super::survey::Survey;
use crate::error::Result;
use crate::host::files::dirname;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

const FACTS: &[Fact] = &[
    Fact("removable", "removable", Form::Switch),
    Fact("read_only", "ro", Form::Switch),
    Fact("rotational", "queue/rotational", Form::Switch),
    Fact(
        "logical_block_size",
        "queue/logical_block_size",
        Form::Number,
    ),
    Fact(
        "physical_block_size",
        "queue/physical_block_size",
        Form::Number,
    ),
    Fact("zoned", "queue/zoned", Form::Text),
    Fact("vendor", "device/vendor", Form::Text),
    Fact("model", "device/model", Form::Text),
    Fact("dm_name", "dm/name", Form::Text),
    Fact("dm_uuid", "dm/uuid", Form::Text),
    Fact("md_level", "md/level", Form::Text),
];

/// Of a namespace of an NVMe controller or subsystem, to which `device` leads.
const NVME_FACTS: &[Fact] = &[
    Fact("namespace", "nsid", Form::Number),
    Fact("uuid", "uuid", Form::Text),
    Fact("nguid", "nguid", Form::Text),
    Fact("eui", "eui", Form::Text),
    Fact("owner", "device", Form::Link),
    Fact("subsystem", "device/subsysnqn", Form::Text),
    Fact("controller", "device/cntlid", Form::Number),
    Fact("transport", "device/transport", Form::Text),
    Fact("address", "device/address", Form::Text),
    Fact("firmware", "device/firmware_rev", Form::Text),
];

/// Of a partition and the file system on it, from udev's entry.
const UDEV_FACTS: [(&str, &[u8]); 4] = [
    ("uuid", b"ID_PART_ENTRY_UUID"),
    ("file_system", b"ID_FS_TYPE"),
    ("file_system_uuid", b"ID_FS_UUID"),
    ("file_system_label", b"ID_FS_LABEL"),
];

/// How a disk is attached, by the beginning of a folder's name on its path.
const TRANSPORTS: [(&[u8], &str); 9] = [
    (b"nvme", "nvme"),
    (b"usb", "usb"),
    (b"ata", "ata"),
    (b"end_device-", "sas"),
    (b"rport-", "fc"),
    (b"session", "iscsi"),
    (b"virtio", "virtio"),
    (b"mmc", "mmc"),
    (b"vbd-", "xen"),
];

/// The folders of all devices, and of those that are part of no hardware.
const DEVICES: &[u8] = b"/sys/devices/";
const VIRTUAL: &[u8] = b"/sys/devices/virtual/";

/// Reads the part of one disk.
pub fn read(survey: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    let mut block = Object::new();
    set(&mut block, "name", Some(text::clean(&node.sysname())));
    set(&mut block, "size", sectors(node, "size")?);
    set(&mut block, "transport", transport(node.path));
    read_facts(node, FACTS, &mut block)?;
    write_schedulers(node, &mut block)?;
    let wwid = match read_fact(node, "wwid", Form::Text)? {
        None => read_fact(node, "device/wwid", Form::Text)?,
        wwid => wwid,
    };
    set(&mut block, "wwid", wwid);
    let udev = node.udev_data()?;
    set(&mut block, "wwn", udev.property(b"ID_WWN").map(text::clean));
    // Most drivers leave serial numbers to udev, which asks the disk.
    let serial = match read_fact(node, "device/serial", Form::Text)? {
        None => udev.property(b"ID_SERIAL_SHORT").and_then(text_value),
        serial => serial,
    };
    set(&mut block, "serial", serial);
    set(&mut block, "numa_node", numa_node(node)?);
    for (member, folder) in [
        ("by_id", &b"/dev/disk/by-id/"[..]),
        ("by_path", b"/dev/disk/by-path/"),
    ] {
        let links = udev.links();
        let links = links.iter().filter(|link| link.starts_with(folder));
        set_list(&mut block, member, links.map(|link| text::clean(link)));
    }
    write_use(survey, node, &mut block)?;
    set_list(&mut block, "made_of", names_in(node, "slaves")?);
    set_list(&mut block, "partitions", partitions(survey, node)?);
    if node.basename().starts_with(b"nvme") {
        let mut nvme = Object::new();
        read_facts(node, NVME_FACTS, &mut nvme)?;
        set_object(&mut block, "nvme", nvme);
    }
    Ok(Some(block))
}

/// How the disk in this folder is attached; the nearest folder counts.
fn transport(path: &[u8]) -> Option<&'static str> {
    let folders = path.split(|&b| b == b'/').rev().skip(1);
    folders
        .filter_map(|folder| {
            let has = |(start, _): &&(&[u8], &'static str)| folder.starts_with(start);
            TRANSPORTS.iter().find(has)
        })
        .map(|(_, transport)| *transport)
        .next()
}

/// The NUMA node of the nearest device above the disk that has one.
fn numa_node(node: &Node<'_>) -> Found<Value> {
    let mut path = dirname(node.path);
    while path.starts_with(DEVICES) && !path.starts_with(VIRTUAL) {
        let above = Node::at(node.host, path, b"");
        if above.has("numa_node")? {
            return read_fact(&above, "numa_node", Form::Number);
        }
        path = dirname(path);
    }
    Ok(None)
}

/// Writes the scheduler that is chosen, and those to choose from: `[none] mq-deadline`.
fn write_schedulers(node: &Node<'_>, block: &mut Object) -> Result<()> {
    let text = node.text("queue/scheduler")?.unwrap_or_default();
    let plain = |word: &str| word.trim_matches(['[', ']']).to_string();
    let words = || text.split_ascii_whitespace();
    let chosen = words().find(|word| word.starts_with('['));
    set(block, "scheduler", chosen.map(plain));
    set_list(block, "schedulers", words().map(plain));
    Ok(())
}

/// Writes who uses a disk or partition: devices that are made of it, and file systems that are mounted.
fn write_use(survey: &Survey<'_>, node: &Node<'_>, object: &mut Object) -> Result<()> {
    set_list(object, "holders", names_in(node, "holders")?);
    let number = [b"MAJOR", b"MINOR"].map(|key| node.variable(key).unwrap_or_default());
    let number = number.join(&b':');
    let points = survey.mount_points(&number, &node.sysname())?;
    set_list(object, "mount_points", points);
    Ok(())
}

/// The partitions, by their numbers.
fn partitions(survey: &Survey<'_>, node: &Node<'_>) -> Result<Vec<Object>> {
    let mut partitions = Vec::new();
    let names = node.host.files.entries(node.path)?.unwrap_or_default();
    for name in names {
        if !name.starts_with(node.basename()) {
            continue;
        }
        let path = node.below(&name);
        let uevent = node
            .host
            .files
            .read(&node.below([&name[..], b"/uevent"].concat()))?;
        let mut partition = Node::at(node.host, &path, b"block");
        let uevent = uevent.unwrap_or_default();
        partition.uevent = &uevent;
        let Some(number) = partition.number("partition", 10, text::parse_u64)? else {
            continue;
        };
        let mut object = Object::new();
        set(&mut object, "name", Some(text::clean(&partition.sysname())));
        set(&mut object, "number", Some(number));
        let label = partition.variable(b"PARTNAME");
        set(&mut object, "label", label.map(text::clean));
        set(&mut object, "start", sectors(&partition, "start")?);
        set(&mut object, "size", sectors(&partition, "size")?);
        set(
            &mut object,
            "read_only",
            read_fact(&partition, "ro", Form::Switch)?,
        );
        let udev = partition.udev_data()?;
        for (member, key) in UDEV_FACTS {
            let value = udev.property(key).and_then(text_value);
            set(&mut object, member, value);
        }
        write_use(survey, &partition, &mut object)?;
        partitions.push((number, object));
    }
    partitions.sort_unstable_by_key(|(number, _)| *number);
    Ok(partitions.into_iter().map(|(_, object)| object).collect())
}
