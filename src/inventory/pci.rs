// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
//! The part `pci`: functions of the PCI bus (kernel: Documentation/ABI/testing/sysfs-bus-pci, sysfs-bus-pci-devices-aer,
//! sysfs-devices-physical_location, Documentation/driver-api/vfio.rst).

use serde_json::Value;

use super::facts::{Fact, Form, Object, read_facts, set, set_list, set_object, speed, text_value};
use super::survey::Survey;
use crate::caps::pci::{self, class, device_ids, is_bridge};
use crate::caps::pci_address::PciAddress;
use crate::error::Result;
use crate::host::files::{basename, dirname, join};
use crate::host::found::Found;
use crate::host::holders::{NO_IOMMU, vfio_device_file};
use crate::host::node::Node;
use crate::text;

const FACTS: &[Fact] = &[
    Fact("revision", "revision", Form::Hex),
    Fact("modalias", "modalias", Form::Text),
    Fact("driver", "driver", Form::Link),
    Fact("driver_override", "driver_override", Form::Text),
    Fact("power_state", "power_state", Form::Text),
    Fact("runtime_status", "power/runtime_status", Form::Text),
    Fact("d3cold_allowed", "d3cold_allowed", Form::Switch),
    Fact("reset_methods", "reset_method", Form::Words),
    Fact("boot_vga", "boot_vga", Form::Switch),
    Fact("numa_node", "numa_node", Form::Number),
    Fact("local_cpus", "local_cpulist", Form::Text),
    Fact("label", "label", Form::Text),
    Fact("index", "index", Form::Number),
    Fact("acpi_index", "acpi_index", Form::Number),
    Fact("iommu_version", "iommu/intel-iommu/version", Form::Text),
];

/// Of the driver that is bound.
const DRIVER_FACTS: &[Fact] = &[
    Fact("module", "driver/module", Form::Link),
    Fact("module_version", "driver/module/version", Form::Text),
];

/// The error counters, each the last line of an attribute with its name.
const COUNTERS: [(&str, &str, &[u8]); 3] = [
    ("correctable", "aer_dev_correctable", b"TOTAL_ERR_COR"),
    ("nonfatal", "aer_dev_nonfatal", b"TOTAL_ERR_NONFATAL"),
    ("fatal", "aer_dev_fatal", b"TOTAL_ERR_FATAL"),
];

/// How many base addresses a function can have, and the number of the resource of its ROM (kernel: include/linux/pci.h).
const BARS: usize = 6;
const ROM: usize = 6;

/// Bits of the kernel's flags of resources (include/linux/ioport.h).
const IO: u64 = 0x100;
const MEMORY: u64 = 0x200;
const PREFETCH: u64 = 0x2000;
const WIDE: u64 = 0x10_0000;

/// What tells which hardware a function is.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    /// Vendor and device.
    pub device: (u16, u16),
    /// The vendor of the card that it is on, and the card.
    pub subsystem: Option<(u16, u16)>,
    /// Base class, subclass and programming interface.
    pub class: Option<u32>,
}

/// The ids of a function; `None` if it does not tell them.
pub fn ids(node: &Node<'_>) -> Found<Ids> {
    let Some(device) = device_ids(node)? else {
        return Ok(None);
    };
    Ok(Some(Ids {
        device,
        subsystem: pci::ids(
            node,
            b"PCI_SUBSYS_ID",
            "subsystem_vendor",
            "subsystem_device",
        )?,
        class: class(node),
    }))
}

/// Reads the part of one function.
pub fn read(survey: &Survey<'_>, node: &Node<'_>) -> Found<Object> {
    let mut pci = Object::new();
    set(&mut pci, "address", text_value(node.basename()));
    write_ids(node, &mut pci)?;
    read_facts(node, FACTS, &mut pci)?;
    if pci.contains_key("driver") {
        read_facts(node, DRIVER_FACTS, &mut pci)?;
    }
    let is_asleep = pci.get("runtime_status").is_some_and(|s| s == "suspended")
        || pci.get("power_state").is_some_and(|s| s == "D3cold");
    let may_ask = survey.is_slow || !is_asleep;
    write_resources(node, may_ask, &mut pci)?;
    write_place(survey, node, &mut pci)?;
    set_object(&mut pci, "link", link(node, may_ask)?);
    set_object(&mut pci, "aer", counters(node)?);
    write_iommu(survey, node, &mut pci)?;
    Ok(Some(pci))
}

/// A number with its name.
fn named(id: impl Into<Value>, name: Option<String>) -> Value {
    let mut object = Object::new();
    object.insert("id".into(), id.into());
    set(&mut object, "name", name);
    object.into()
}

fn write_ids(node: &Node<'_>, pci: &mut Object) -> Result<()> {
    let Some(ids) = ids(node)? else {
        return Ok(());
    };
    let names = node.host.pci_names()?;
    let (vendor, device) = ids.device;
    pci.insert("vendor".into(), named(vendor, names.vendor(vendor)?));
    let name = names.device(vendor, device)?;
    pci.insert("device".into(), named(device, name));
    if let Some((vendor, device)) = ids.subsystem {
        let name = names.vendor(vendor)?;
        pci.insert("subsystem_vendor".into(), named(vendor, name));
        let name = names.subsystem(ids.device, (vendor, device))?;
        pci.insert("subsystem_device".into(), named(device, name));
    }
    if let Some(class) = ids.class {
        let [base, subclass, interface] = names.classes(class)?;
        let mut object = Object::new();
        object.insert("id".into(), class.into());
        set(&mut object, "name", base);
        set(&mut object, "subclass", subclass);
        set(&mut object, "interface", interface);
        pci.insert("class".into(), object.into());
    }
    Ok(())
}

/// A range of addresses that the function decodes.
struct Resource {
    start: u64,
    size: u64,
    flags: u64,
}

/// Reads a line of the attribute `resource`: first and last address, and flags. `None` for one that is not used.
fn resource(line: &[u8]) -> Option<Resource> {
    let mut words = line.split(|&b| b == b' ');
    let mut number = || text::parse_u64(words.next()?, 16);
    let (start, end, flags) = (number()?, number()?, number()?);
    let size = end.checked_sub(start)?.checked_add(1)?;
    (flags & (IO | MEMORY) != 0).then_some(Resource { start, size, flags })
}

/// Writes base addresses and ROM. Which sizes a base address can have is read from configuration space, if the function
/// may be asked.
fn write_resources(node: &Node<'_>, may_ask: bool, pci: &mut Object) -> Result<()> {
    let text = node.attribute("resource")?.unwrap_or_default();
    let resources: Vec<_> = text.split(|&b| b == b'\n').map(resource).collect();
    let mut bars = Vec::new();
    for (index, resource) in resources.iter().take(BARS).enumerate() {
        let Some(Resource { start, size, flags }) = resource else {
            continue;
        };
        let is_memory = flags & MEMORY != 0;
        let mut bar = Object::new();
        bar.insert("index".into(), index.into());
        let kind = if is_memory { "memory" } else { "io" };
        bar.insert("kind".into(), kind.into());
        bar.insert("size".into(), (*size).into());
        // Who may not see addresses reads zeros.
        set(&mut bar, "address", (*start != 0).then_some(*start));
        if is_memory {
            let bits = if flags & WIDE != 0 { 64 } else { 32 };
            bar.insert("bits".into(), bits.into());
            bar.insert("prefetchable".into(), (flags & PREFETCH != 0).into());
            if may_ask {
                let sizes = node.number(&format!("resource{index}_resize"), 16, text::parse_u64)?;
                set_list(&mut bar, "possible_sizes", possible_sizes(sizes));
            }
        }
        bars.push(bar);
    }
    set_list(pci, "bars", bars);
    if node.has("rom")? {
        let mut rom = Object::new();
        let resource = resources.get(ROM).and_then(Option::as_ref);
        set(&mut rom, "size", resource.map(|resource| resource.size));
        pci.insert("rom".into(), rom.into());
    }
    Ok(())
}

/// The sizes in bytes that the bits stand for: bit 0 is 1 MiB, and each next one twice as much.
fn possible_sizes(bits: Option<u64>) -> impl Iterator<Item = u64> {
    let bits = bits.unwrap_or(0);
    (0..44)
        .filter(move |bit| bits >> bit & 1 != 0)
        .map(|bit| 1 << (20 + bit))
}

/// Writes where the function is: the bridges above it, and the slot.
fn write_place(survey: &Survey<'_>, node: &Node<'_>, pci: &mut Object) -> Result<()> {
    let mut above = Vec::new();
    let mut path = dirname(node.path);
    while PciAddress::parse(basename(path)).is_some() {
        above.push(path);
        path = dirname(path);
    }
    above.reverse();
    set(pci, "root", text_value(basename(path)));
    if let Some(first) = above.first() {
        // Only functions of PCI Express have links; the first bridge of these is a root port.
        let first = Node::at(node.host, first, b"pci");
        if first.has("max_link_speed")? {
            set(pci, "root_port", text_value(first.basename()));
        }
    }
    let above = above
        .into_iter()
        .filter_map(|path| text_value(basename(path)));
    set_list(pci, "parents", above);
    let slot = survey.slot(node.basename())?;
    set(pci, "slot", slot.and_then(text_value));
    if let Some(address) = PciAddress::parse(node.basename()) {
        set_object(pci, "firmware_slot", firmware_slot(survey, node, address)?);
    }
    Ok(())
}

/// The slot by the firmware's words. All functions of a card are in one; each bridge has its own.
fn firmware_slot(survey: &Survey<'_>, node: &Node<'_>, address: PciAddress) -> Result<Object> {
    let first = PciAddress {
        function: 0,
        ..address
    };
    let slot = match survey.firmware_slot(&address)? {
        None if !is_bridge(node) => survey.firmware_slot(&first)?,
        slot => slot,
    };
    let mut object = Object::new();
    if let Some(slot) = slot {
        set(
            &mut object,
            "designation",
            Some(text::line(&slot.designation)),
        );
        set(&mut object, "id", Some(slot.id));
    }
    Ok(object)
}

/// The PCI Express link: speeds in GT/s, widths in lanes. The kernel keeps the highest speed, and asks the function for
/// the rest.
fn link(node: &Node<'_>, may_ask: bool) -> Result<Object> {
    let mut link = Object::new();
    let Some(speed) = node.attribute("max_link_speed")? else {
        return Ok(link);
    };
    set(&mut link, "max_speed", gigatransfers(&speed));
    if may_ask {
        let width = |file: &str| -> Found<u64> {
            let width = node.number(file, 10, text::parse_u64)?;
            // The kernel's number for a width that it does not know (include/linux/pci.h).
            Ok(width.filter(|width| *width != 0xff))
        };
        set(&mut link, "max_width", width("max_link_width")?);
        let speed = node.attribute("current_link_speed")?;
        set(
            &mut link,
            "speed",
            speed.and_then(|speed| gigatransfers(&speed)),
        );
        set(&mut link, "width", width("current_link_width")?);
    }
    Ok(link)
}

/// The number in `8.0 GT/s PCIe`; `None` for a speed that the kernel does not know.
fn gigatransfers(text: &[u8]) -> Option<Value> {
    speed(text.split(|&b| b == b' ').next()?)
}

/// The totals of the errors that were reported (PCI Express Advanced Error Reporting).
fn counters(node: &Node<'_>) -> Result<Object> {
    let mut counters = Object::new();
    for (member, file, key) in COUNTERS {
        let Some(text) = node.attribute(file)? else {
            break;
        };
        let mut lines = text.split(|&b| b == b'\n');
        let total = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(b" "));
        let total = total.and_then(|total| text::parse_u64(total, 10));
        set(&mut counters, member, total);
    }
    Ok(counters)
}

/// Writes the IOMMU group, and the files by which programs drive the function with VFIO.
fn write_iommu(survey: &Survey<'_>, node: &Node<'_>, pci: &mut Object) -> Result<()> {
    let mut vfio = Object::new();
    let target = node.host.files.read_link(&node.below("iommu_group"))?;
    if let Some(target) = target {
        let number = basename(&target);
        let group = survey.iommu_group(number)?;
        let is_unsafe = group.get("name").is_some_and(|name| name == NO_IOMMU);
        let prefix: &[u8] = if is_unsafe { b"noiommu-" } else { b"" };
        let name = [prefix, number].concat();
        if survey.has_vfio_group(&name)? {
            let file = join(b"/dev/vfio", &name);
            set(&mut vfio, "group", text_value(&file));
        }
        set_object(pci, "iommu_group", group);
    }
    let devices = node.host.files.entries(&node.below("vfio-dev"))?;
    if let Some(name) = devices.iter().flatten().next() {
        let file = vfio_device_file(name);
        set(&mut vfio, "device", text_value(&file));
    }
    set_object(pci, "vfio", vfio);
    Ok(())
}
