// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The part `others`: devices that are no node devices, by the class or bus where the kernel lists them (kernel:
//! Documentation/ABI/testing and stable: sysfs-class-infiniband, sysfs-bus-nvdimm, sysfs-bus-dax, sysfs-bus-cxl,
//! sysfs-class-tpm, sysfs-class-watchdog; Documentation/nvme, Documentation/hwmon, Documentation/driver-api/mmc).

use super::facts::{Fact, Form, Object, read_facts, sectors, set, set_object, sorted_names};
use super::survey::Survey;
use crate::error::Result;
use crate::host::files::join;
use crate::host::found::Found;
use crate::host::node::Node;
use crate::text;

/// Facts of any of them.
const COMMON: &[Fact] = &[
    Fact("device", "device", Form::Link),
    Fact("driver", "driver", Form::Link),
    Fact("numa_node", "numa_node", Form::Number),
];

const NVME: &[Fact] = &[
    Fact("model", "model", Form::Text),
    Fact("serial", "serial", Form::Text),
    Fact("firmware", "firmware_rev", Form::Text),
    Fact("state", "state", Form::Text),
    Fact("transport", "transport", Form::Text),
    Fact("address", "address", Form::Text),
    Fact("controller", "cntlid", Form::Number),
    Fact("subsystem", "subsysnqn", Form::Text),
];

/// Of a namespace of NVMe, which is listed with all block devices.
const NVME_NAMESPACE: &[Fact] = &[
    Fact("namespace", "nsid", Form::Number),
    Fact("wwid", "wwid", Form::Text),
    Fact("uuid", "uuid", Form::Text),
    Fact("nguid", "nguid", Form::Text),
    Fact("eui", "eui", Form::Text),
];

const INFINIBAND: &[Fact] = &[
    Fact("node_type", "node_type", Form::Text),
    Fact("node_guid", "node_guid", Form::Text),
    Fact("firmware", "fw_ver", Form::Text),
    Fact("board", "board_id", Form::Text),
    Fact("hca_type", "hca_type", Form::Text),
];

const INFINIBAND_PORT: &[Fact] = &[
    Fact("state", "state", Form::Text),
    Fact("phys_state", "phys_state", Form::Text),
    Fact("rate", "rate", Form::Text),
    Fact("link_layer", "link_layer", Form::Text),
    Fact("lid", "lid", Form::Number),
];

const NVDIMM: &[Fact] = &[
    Fact("kind", "devtype", Form::Text),
    Fact("mode", "mode", Form::Text),
    Fact("size", "size", Form::Number),
    Fact("uuid", "uuid", Form::Text),
    Fact("sector_size", "sector_size", Form::Number),
    Fact("state", "state", Form::Text),
];

const DAX: &[Fact] = &[
    Fact("size", "size", Form::Number),
    Fact("align", "align", Form::Number),
    Fact("target_node", "target_node", Form::Number),
];

const CXL: &[Fact] = &[
    Fact("kind", "devtype", Form::Text),
    Fact("serial", "serial", Form::Text),
    Fact("firmware", "firmware_version", Form::Text),
    Fact("ram_size", "ram/size", Form::Number),
    Fact("pmem_size", "pmem/size", Form::Number),
    Fact("size", "size", Form::Number),
    Fact("mode", "mode", Form::Text),
    Fact("uuid", "uuid", Form::Text),
];

const TPM: &[Fact] = &[Fact("version", "tpm_version_major", Form::Number)];

const WATCHDOG: &[Fact] = &[
    Fact("identity", "identity", Form::Text),
    Fact("state", "state", Form::Text),
    Fact("timeout", "timeout", Form::Number),
    Fact("nowayout", "nowayout", Form::Switch),
];

const HWMON: &[Fact] = &[
    Fact("name", "name", Form::Text),
    Fact("label", "label", Form::Text),
];

const MMC: &[Fact] = &[
    Fact("kind", "type", Form::Text),
    Fact("name", "name", Form::Text),
    Fact("manufacturer", "manfid", Form::Hex),
    Fact("oem", "oemid", Form::Hex),
    Fact("serial", "serial", Form::Text),
    Fact("date", "date", Form::Text),
];

/// The member for the devices of a class or bus, the folder where these are listed, and their facts.
const LISTS: [(&str, &[u8], &[Fact]); 9] = [
    ("nvme", b"/sys/class/nvme", NVME),
    ("infiniband", b"/sys/class/infiniband", INFINIBAND),
    ("nvdimm", b"/sys/bus/nd/devices", NVDIMM),
    ("dax", b"/sys/bus/dax/devices", DAX),
    ("cxl", b"/sys/bus/cxl/devices", CXL),
    ("tpm", b"/sys/class/tpm", TPM),
    ("watchdog", b"/sys/class/watchdog", WATCHDOG),
    ("hwmon", b"/sys/class/hwmon", HWMON),
    ("mmc", b"/sys/bus/mmc/devices", MMC),
];

/// Reads all of them; `None` if there are none.
pub fn read(survey: &Survey<'_>, _: &Node<'_>) -> Found<Object> {
    let mut others = Object::new();
    for (member, folder, facts) in LISTS {
        let mut list = Object::new();
        for name in sorted_names(survey.host, folder, |_| true)? {
            let path = join(folder, &name);
            let node = Node::at(survey.host, &path, b"");
            let mut object = Object::new();
            read_facts(&node, COMMON, &mut object)?;
            read_facts(&node, facts, &mut object)?;
            if member == "infiniband" {
                set_object(&mut object, "ports", ports(survey, &node)?);
            }
            list.insert(text::clean(&name), object.into());
        }
        set_object(&mut others, member, list);
        if member == "nvme" {
            set_object(&mut others, "nvme_namespace", nvme_namespaces(survey)?);
        }
    }
    Ok((!others.is_empty()).then_some(others))
}

/// The namespaces of NVMe. A partition has no number of a namespace.
fn nvme_namespaces(survey: &Survey<'_>) -> Result<Object> {
    const BLOCK: &[u8] = b"/sys/class/block";
    let mut namespaces = Object::new();
    for name in sorted_names(survey.host, BLOCK, |name| name.starts_with(b"nvme"))? {
        let path = join(BLOCK, &name);
        let node = Node::at(survey.host, &path, b"");
        let mut object = Object::new();
        read_facts(&node, NVME_NAMESPACE, &mut object)?;
        if object.contains_key("namespace") {
            read_facts(&node, COMMON, &mut object)?;
            set(&mut object, "size", sectors(&node, "size")?);
            namespaces.insert(text::clean(&name), object.into());
        }
    }
    Ok(namespaces)
}

/// The ports of an InfiniBand device, by their numbers.
fn ports(survey: &Survey<'_>, node: &Node<'_>) -> Result<Object> {
    let mut ports = Object::new();
    let folder = node.below("ports");
    for name in sorted_names(survey.host, &folder, |_| true)? {
        let path = join(&folder, &name);
        let mut port = Object::new();
        read_facts(
            &Node::at(survey.host, &path, b""),
            INFINIBAND_PORT,
            &mut port,
        )?;
        ports.insert(text::clean(&name), port.into());
    }
    Ok(ports)
}
