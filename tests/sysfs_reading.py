# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What the inventory must say of a device, read from a tree of sysfs files by nothing but open(2) and readlink(2).

Each function is about one part, and reads as the kernel's Documentation/ABI says.
"""
import functools
import glob
import os
import re
import struct

import kit


def read(folder, name):
    """The text of an attribute; None if it cannot be had or is empty."""
    try:
        with open(os.path.join(folder, name), "rb") as f:
            return f.read().split(b"\0")[0].decode(errors="replace").strip() or None
    except OSError:
        return None


def number(folder, name, base=10):
    text = read(folder, name)
    try:
        return int(text, base) if text and int(text, base) >= 0 else None
    except ValueError:
        return None


def yes_no(folder, name):
    return {"1": True, "0": False, "Y": True, "N": False}.get(read(folder, name))


def link(folder, name):
    path = os.path.join(folder, name)
    return os.path.basename(os.readlink(path)) if os.path.islink(path) and os.path.exists(path) else None


def names(folder, name=""):
    try:
        return sorted(os.listdir(os.path.join(folder, name)))
    except OSError:
        return []


def there(facts):
    """Without what is missing."""
    return {member: value for member, value in facts.items() if value is not None and value != [] and value != {}}


@functools.lru_cache
def hardware():
    """pci.ids: names by ("v", vendor), ("d", vendor, device), ("s", four ids), ("c", digits of the class)."""
    found, above = {}, ["", ""]
    for line in kit.read(kit.PCI_IDS).splitlines():
        line = line.rstrip()
        match = re.fullmatch(r"(\t*)(C )?([0-9a-f]{2,4}) +(?:([0-9a-f]{4})  )?(.*)", line)
        if not match or line.startswith("#"):
            continue
        depth, is_class, code, more, name = len(match[1]), match[2], match[3], match[4], match[5]
        if depth == 0:
            above = ["c" if is_class else "v", code]
            key = tuple(above)
        elif above[0] == "c":
            code = above[1][:2 * depth] + code
            above[1] = code
            key = ("c", code)
        elif depth == 1:
            above = ["v", above[1], code]
            key = ("d", above[1], code)
            name = (more + "  " + name) if more else name
        else:
            key = ("s", above[1], above[2], code, more)
        found.setdefault(key, name)
    return found


def named(ids, key):
    return there({"id": int(key[-1], 16), "name": ids.get(key)})


def pci(folder, sys):
    ids, address = hardware(), os.path.basename(folder)
    vendor, device = ((read(folder, name) or "0x").removeprefix("0x") for name in ("vendor", "device"))
    facts = {"address": address, "vendor": named(ids, ("v", vendor)), "device": named(ids, ("d", vendor, device))}
    board, card = read(folder, "subsystem_vendor"), read(folder, "subsystem_device")
    if board and card:
        board, card = board[2:], card[2:]
        facts["subsystem_vendor"] = named(ids, ("v", board))
        facts["subsystem_device"] = there({"id": int(card, 16), "name": ids.get(("s", vendor, device, board, card))})
    code = number(folder, "class", 16)
    digits = "%06x" % code
    facts["class"] = there({"id": code, "name": ids.get(("c", digits[:2])), "subclass": ids.get(("c", digits[:4])),
                            "interface": ids.get(("c", digits))})
    for member in ("modalias", "label", "power_state"):
        facts[member] = read(folder, member)
    override = read(folder, "driver_override")
    text = (read(folder, "reset_method") or "").split()
    status = read(folder, "power/runtime_status")
    facts.update(
        revision=number(folder, "revision", 16), driver=link(folder, "driver"),
        module=link(folder, "driver/module"), module_version=read(folder, "driver/module/version"),
        driver_override=None if override == "(null)" else override, runtime_status=status,
        d3cold_allowed=yes_no(folder, "d3cold_allowed"), reset_methods=text, boot_vga=yes_no(folder, "boot_vga"),
        numa_node=number(folder, "numa_node"), local_cpus=read(folder, "local_cpulist"), index=number(folder, "index"),
        acpi_index=number(folder, "acpi_index"), iommu_version=read(folder, "iommu/intel-iommu/version"))
    asleep = status == "suspended" or facts["power_state"] == "D3cold"
    facts["bars"], facts["rom"] = resources(folder, asleep)
    facts.update(place(folder, sys))
    facts["link"] = express(folder, asleep)
    facts["aer"] = there({name: total(folder, name) for name in ("correctable", "nonfatal", "fatal")})
    group = os.path.join(folder, "iommu_group")
    group = os.path.basename(os.readlink(group)) if os.path.islink(group) else None
    if group:
        there_is = os.path.join(sys, "kernel/iommu_groups", group)
        facts["iommu_group"] = there({
            "number": int(group), "type": read(there_is, "type"), "name": read(there_is, "name"),
            "functions": [name for name in names(there_is, "devices") if re.fullmatch(r"[0-9a-f:]+\.[0-7]", name)]})
    vfio = {}
    for name in (group, "noiommu-%s" % group):
        if group and os.path.exists(os.path.join(sys, "class/vfio", name)):
            vfio["group"] = "/dev/vfio/" + name
    for name in names(folder, "vfio-dev"):
        vfio["device"] = "/dev/vfio/devices/" + name
    facts["vfio"] = vfio
    return there(facts)


def resources(folder, asleep):
    """Base addresses and ROM: the first six lines and the seventh are first and last address, and flags."""
    lines = [[int(word, 16) for word in line.split()] for line in (read(folder, "resource") or "").splitlines()]
    bars = []
    for index, (first, last, flags) in enumerate(lines[:6]):
        if not flags & 0x300:
            continue
        bar = {"index": index, "kind": "memory" if flags & 0x200 else "io", "size": last - first + 1}
        if first:
            bar["address"] = first
        if flags & 0x200:
            bar.update(bits=64 if flags & 0x100000 else 32, prefetchable=bool(flags & 0x2000))
            sizes = None if asleep else number(folder, "resource%d_resize" % index, 16)
            if sizes:
                bar["possible_sizes"] = [2 ** bit * 1024 * 1024 for bit in range(44) if sizes & 2 ** bit]
        bars.append(bar)
    rom = None
    if os.path.exists(os.path.join(folder, "rom")):
        rom = {"size": lines[6][1] - lines[6][0] + 1} if lines[6:] and lines[6][2] else {}
    return bars, rom or None


def place(folder, sys):
    above = [name for name in os.path.dirname(folder).split("/") if re.fullmatch(r"[0-9a-f:]+\.[0-7]", name)]
    top = folder
    for _ in range(len(above) + 1):
        top = os.path.dirname(top)
    facts = {"root": os.path.basename(top), "parents": above}
    if above and os.path.exists(os.path.join(top, above[0], "max_link_speed")):
        facts["root_port"] = above[0]
    for slot in names(sys, "bus/pci/slots"):
        if read(os.path.join(sys, "bus/pci/slots", slot), "address") == os.path.basename(folder).split(".")[0]:
            facts["slot"] = slot
    facts["firmware_slot"] = firmware_slot(folder, sys)
    return facts


def firmware_slot(folder, sys):
    """From structures of type 9 (DSP0134, 7.10): the text's number is byte 4, the id 9 and 10, the address 13 to 16."""
    found = {}
    for path in glob.glob(os.path.join(sys, "firmware/dmi/entries/9-*/raw")):
        with open(path, "rb") as f:
            raw = f.read()
        domain, bus, place = struct.unpack_from("<HBB", raw, 13)
        found["%04x:%02x:%02x.%x" % (domain, bus, place >> 3, place & 7)] = {
            "designation": raw[raw[1]:].split(b"\0")[raw[4] - 1].decode(), "id": struct.unpack_from("<H", raw, 9)[0]}
    own = os.path.basename(folder)
    is_bridge = (variable(folder, "PCI_CLASS") or "")[:-2] in ("604", "607")
    return found.get(own) or (None if is_bridge else found.get(own[:-1] + "0"))


def express(folder, asleep):
    def speed(name):
        match = re.match(r"([0-9.]+) GT/s", read(folder, name) or "")
        return float(match[1]) if match else None

    def width(name):
        lanes = number(folder, name)
        return None if lanes == 255 else lanes

    if asleep:
        return there({"max_speed": speed("max_link_speed")})
    return there({"max_speed": speed("max_link_speed"), "max_width": width("max_link_width"),
                  "speed": speed("current_link_speed"), "width": width("current_link_width")})


def total(folder, name):
    match = re.search(r"^TOTAL_ERR_\w+ (\d+)$", read(folder, "aer_dev_" + name) or "", re.M)
    return int(match[1]) if match else None


def sriov(folder, sys):
    if os.path.exists(os.path.join(folder, "sriov_totalvfs")):
        return there({"role": "physical", "total": number(folder, "sriov_totalvfs"),
                      "current": number(folder, "sriov_numvfs"), "offset": number(folder, "sriov_offset"),
                      "stride": number(folder, "sriov_stride"), "virtual_device": number(folder, "sriov_vf_device", 16),
                      "drivers_autoprobe": yes_no(folder, "sriov_drivers_autoprobe"),
                      "msix_total": number(folder, "sriov_vf_total_msix"), "virtual_functions": [
                          os.path.basename(os.readlink(path)) for path in
                          sorted(glob.glob(os.path.join(folder, "virtfn*")), key=lambda path: int(path.rpartition("virtfn")[2]))]})
    if not os.path.islink(os.path.join(folder, "physfn")):
        return None
    own = os.path.realpath(folder)
    index = [int(path.rpartition("virtfn")[2]) for path in glob.glob(os.path.join(folder, "physfn/virtfn*"))
             if os.path.realpath(path) == own]
    return there({"role": "virtual", "physical_function": link(folder, "physfn"), "index": index[0] if index else None,
                  "physical_interfaces": [name for name in names(folder, "physfn/net") if not re.match(
                      r"(c\d+)?pf\d+", read(folder, "physfn/net/%s/phys_port_name" % name) or "")], "msix": number(folder, "sriov_vf_msix_count")})


def vgpu(folder, sys):
    if link(folder, "subsystem") == "mdev":
        group = link(folder, "iommu_group")
        return there({"parent": os.path.basename(os.path.dirname(folder)), "mediated_type": link(folder, "mdev_type"),
                      "mediated_type_name": read(folder, "mdev_type/name"), "iommu_group": group and int(group)})
    facts = {
        "mediated_types": [
            there(dict(texts(where, name="name", description="description", device_api="device_api"), id=name,
                       available_instances=number(where, "available_instances")))
            for name in names(folder, "mdev_supported_types") if (where := os.path.join(folder, "mdev_supported_types", name))],
        "current_type": number(folder, "nvidia/current_vgpu_type"), "placement": number(folder, "nvidia/placement_id")}
    if facts["current_type"] is not None:
        rows = re.findall(r"^ *(\d+) *: *(.*\S) *$", read(folder, "nvidia/creatable_vgpu_types") or "", re.M)
        facts["creatable_types"] = [{"id": int(digits), "name": name} for digits, name in rows]
        facts["creatable_placements"] = [int(word) for word in (read(folder, "nvidia/creatable_placement_ids") or "").split()]
    return there(facts) or None


def texts(folder, **files):
    return {member: read(folder, file) for member, file in files.items()}


def numbers(folder, base=10, **files):
    return {member: number(folder, file, base) for member, file in files.items()}


def net(folder, sys):
    facts = {"interface": os.path.basename(folder).replace("!", "/"), "device": link(folder, "device"),
             "carrier": yes_no(folder, "carrier"), "kind": variable(folder, "DEVTYPE")}
    facts.update(numbers(folder, ifindex="ifindex", mtu="mtu", hardware_type="type", address_assignment="addr_assign_type", speed="speed", dev_port="dev_port"))
    facts.update(texts(folder, address="address", duplex="duplex", operstate="operstate", phys_port_name="phys_port_name",
                       phys_port_id="phys_port_id", phys_switch_id="phys_switch_id"))
    if facts["device"]:
        facts.update(bus=link(folder, "device/subsystem"), driver=link(folder, "device/driver"),
                     rdma=names(folder, "device/infiniband"))
    match = re.fullmatch(r"(?:c(\d+))?pf(\d+)(?:vf(\d+))?(?:sf(\d+))?", facts["phys_port_name"] or "")
    if match:
        keys = ("controller", "physical_function", "virtual_function", "subfunction")
        facts["representor"] = {key: int(digits) for key, digits in zip(keys, match.groups()) if digits is not None}
    master = link(folder, "master")
    if master:
        kinds = [kind for kind, name in (("bond", "bonding"), ("bridge", "bridge"))
                 if os.path.isdir(os.path.join(folder, "master", name))]
        facts["master"] = there({"interface": master, "kind": kinds[0] if kinds else None,
                                 "mode": read(folder, "master/bonding/mode")})
    return there(facts)


def variable(folder, key):
    """What the kernel says in the file `uevent`."""
    match = re.search("^%s=(.+)$" % key, read(folder, "uevent") or "", re.M)
    return match[1] if match else None


def bytes_of(folder, name):
    sectors = number(folder, name)
    return None if sectors is None else sectors * 512


def transport(folder):
    starts = {"nvme": "nvme", "usb": "usb", "ata": "ata", "end_device-": "sas", "rport-": "fc", "session": "iscsi",
              "virtio": "virtio", "mmc": "mmc", "vbd-": "xen"}
    for part in reversed(os.path.dirname(folder).split("/")):
        for start, name in starts.items():
            if part.startswith(start):
                return name
    return None


def udev_entry(folder, sys):
    path = os.path.join(sys, "../run/udev/data/b%s:%s" % (variable(folder, "MAJOR"), variable(folder, "MINOR")))
    return kit.read(path) if os.path.exists(path) else ""


def told(entry, key):
    """A property in udev's entry."""
    match = re.search("^E:%s=(.+)$" % key, entry, re.M)
    return match[1] if match else None


def numa_node(folder):
    """That of the nearest hardware above."""
    while "/sys/devices/" in folder and "/sys/devices/virtual" not in folder:
        folder = os.path.dirname(folder)
        if os.path.exists(os.path.join(folder, "numa_node")):
            return number(folder, "numa_node")
    return None


def block(folder, sys):
    name = os.path.basename(folder)
    facts = {"name": name.replace("!", "/"), "size": bytes_of(folder, "size"), "transport": transport(folder),
             "removable": yes_no(folder, "removable"), "read_only": yes_no(folder, "ro"),
             "rotational": yes_no(folder, "queue/rotational"), "holders": names(folder, "holders"),
             "made_of": names(folder, "slaves"), "wwid": read(folder, "wwid") or read(folder, "device/wwid")}
    facts.update(numbers(folder, logical_block_size="queue/logical_block_size",
                         physical_block_size="queue/physical_block_size"))
    facts.update(texts(folder, zoned="queue/zoned", vendor="device/vendor", model="device/model",
                       dm_name="dm/name", dm_uuid="dm/uuid", md_level="md/level"))
    words = (read(folder, "queue/scheduler") or "").split()
    facts["schedulers"] = [word.strip("[]") for word in words]
    facts["scheduler"] = next((word.strip("[]") for word in words if word.startswith("[")), None)
    entry = udev_entry(folder, sys)
    match = re.search("^E:ID_WWN=(.+)$", entry, re.M)
    facts["wwn"] = match[1] if match else None
    facts["serial"] = read(folder, "device/serial") or told(entry, "ID_SERIAL_SHORT")
    facts["numa_node"] = numa_node(folder)
    for member, place in (("by_id", "disk/by-id/"), ("by_path", "disk/by-path/")):
        facts[member] = sorted("/dev/" + path for path in re.findall("^S:(.*)$", entry, re.M) if path.startswith(place))
    parts = []
    for part in names(folder):
        where = os.path.join(folder, part)
        if part.startswith(name) and number(where, "partition") is not None:
            about = udev_entry(where, sys)
            parts.append(there({
                "name": part.replace("!", "/"), "number": number(where, "partition"), "label": variable(where, "PARTNAME"),
                "start": bytes_of(where, "start"), "size": bytes_of(where, "size"), "read_only": yes_no(where, "ro"),
                "holders": names(where, "holders"), "uuid": told(about, "ID_PART_ENTRY_UUID"), "file_system": told(about, "ID_FS_TYPE"),
                "file_system_uuid": told(about, "ID_FS_UUID"), "file_system_label": told(about, "ID_FS_LABEL")}))
    facts["partitions"] = sorted(parts, key=lambda part: part["number"])
    if name.startswith("nvme"):
        facts["nvme"] = there(dict(
            numbers(folder, namespace="nsid", controller="device/cntlid"), owner=link(folder, "device"),
            **texts(folder, uuid="uuid", nguid="nguid", eui="eui", subsystem="device/subsysnqn",
                    transport="device/transport", address="device/address", firmware="device/firmware_rev")))
    return there(facts)


def usb(folder, sys):
    speed = read(folder, "speed")
    facts = {"name": os.path.basename(folder), "speed": float(speed) if speed else None,
             "authorized": yes_no(folder, "authorized")}
    facts.update(numbers(folder, bus="busnum", number="devnum", ports="maxchild"))
    facts.update(numbers(folder, 16, vendor="idVendor", product="idProduct", release="bcdDevice", **{"class": "bDeviceClass"}))
    facts.update(texts(folder, ports_above="devpath", manufacturer_name="manufacturer", product_name="product",
                       serial="serial", version="version", removable="removable", max_power="bMaxPower",
                       runtime_status="power/runtime_status"))
    facts["hubs"] = [part for part in os.path.dirname(folder).split("/") if re.fullmatch(r"usb\d+|\d+-[\d.]+", part)]
    facts["interfaces"] = [
        there(dict(numbers(where, 16, number="bInterfaceNumber", subclass="bInterfaceSubClass", protocol="bInterfaceProtocol",
                           **{"class": "bInterfaceClass"}), name=name, driver=link(where, "driver")))
        for name in names(folder) if ":" in name and number(where := os.path.join(folder, name), "bInterfaceNumber", 16) is not None]
    return there(facts)


def scsi(folder, sys):
    facts = dict(texts(folder, vendor="vendor", model="model", revision="rev", state="state", queue_type="queue_type",
                       wwid="wwid", sas_address="sas_address"), address=os.path.basename(folder))
    facts.update(numbers(folder, type="type", queue_depth="queue_depth", timeout="timeout"))
    for name in names(folder):
        if name.startswith("enclosure_device:"):
            where = os.path.join(folder, name)
            facts["enclosure"] = there(dict(
                texts(where, type="type", status="status"), slot=number(where, "slot"), name=name.partition(":")[2],
                enclosure=os.path.basename(os.path.dirname(os.readlink(where)))))
    return there(facts)


def fc(folder, sys):
    port = os.path.join(folder, "fc_host", os.path.basename(folder))
    facts = there(texts(port, port_name="port_name", node_name="node_name", port_id="port_id", port_type="port_type",
                        state="port_state", speed="speed", supported_speeds="supported_speeds", fabric_name="fabric_name"))
    if not facts:
        return None
    remote = [there(dict(texts(os.path.join(folder, name, "fc_remote_ports", name), port_name="port_name",
                               node_name="node_name", port_id="port_id", state="port_state", roles="roles"), name=name))
              for name in names(folder) if name.startswith("rport-")]
    return there(dict(facts, remote_ports=remote))


def drm(folder, sys):
    name = os.path.basename(folder)
    facts = {"name": name, "device": link(folder, "device"), "bus": link(folder, "device/subsystem"),
             "driver": link(folder, "device/driver"), "vram": number(folder, "device/mem_info_vram_total")}
    if name.startswith("card"):
        facts["connectors"] = [
            there(dict(texts(where, status="status", enabled="enabled", dpms="dpms"), name=part.partition("-")[2],
                       modes=(read(where, "modes") or "").split()))
            for part in names(folder) if part.startswith(name + "-") and (where := os.path.join(folder, part))]
    return there(facts)


OTHERS = {
    "nvme": ("class/nvme", dict(model="model", serial="serial", firmware="firmware_rev", state="state", transport="transport",
                                address="address", subsystem="subsysnqn"), dict(controller="cntlid")),
    "infiniband": ("class/infiniband", dict(node_type="node_type", node_guid="node_guid", firmware="fw_ver", board="board_id",
                                            hca_type="hca_type"), {}),
    "nvdimm": ("bus/nd/devices", dict(kind="devtype", mode="mode", uuid="uuid", state="state"),
               dict(size="size", sector_size="sector_size")),
    "dax": ("bus/dax/devices", {}, dict(size="size", align="align", target_node="target_node")),
    "cxl": ("bus/cxl/devices", dict(kind="devtype", serial="serial", firmware="firmware_version", mode="mode", uuid="uuid"),
            dict(ram_size="ram/size", pmem_size="pmem/size", size="size")),
    "tpm": ("class/tpm", {}, dict(version="tpm_version_major")),
    "watchdog": ("class/watchdog", dict(identity="identity", state="state"), dict(timeout="timeout")),
    "hwmon": ("class/hwmon", dict(name="name", label="label"), {}),
    "mmc": ("bus/mmc/devices", dict(kind="type", name="name", serial="serial", date="date"), {}),
}


def others(_, sys):
    found = {}
    for member, (place, text_files, number_files) in OTHERS.items():
        for name in names(sys, place):
            folder = os.path.join(sys, place, name)
            facts = dict(texts(folder, **text_files), device=link(folder, "device"), driver=link(folder, "driver"),
                         **numbers(folder, 0, numa_node="numa_node", **number_files))
            if member == "watchdog":
                facts["nowayout"] = yes_no(folder, "nowayout")
            if member == "mmc":
                facts.update(numbers(folder, 16, manufacturer="manfid", oem="oemid"))
            if member == "infiniband":
                facts["ports"] = {port: there(dict(
                    texts(where, state="state", phys_state="phys_state", rate="rate", link_layer="link_layer"),
                    lid=number(where, "lid", 0))) for port in names(folder, "ports")
                    if (where := os.path.join(folder, "ports", port))}
            found.setdefault(member, {})[name] = there(facts)
    for name in names(sys, "class/block"):
        where = os.path.join(sys, "class/block", name)
        if name.startswith("nvme") and number(where, "nsid") is not None:
            found.setdefault("nvme_namespace", {})[name] = there(dict(
                texts(where, wwid="wwid", uuid="uuid", nguid="nguid", eui="eui"), namespace=number(where, "nsid"),
                size=bytes_of(where, "size"), device=link(where, "device"), driver=link(where, "driver"),
                numa_node=number(where, "numa_node")))
    return found or None


# By the capabilities of the devices that each part is about.
PARTS = {"pci": ({"pci"}, pci), "sriov": ({"pci"}, sriov), "vgpu": ({"pci", "css", "ap_matrix", "mdev_types", "mdev"}, vgpu),
         "net": ({"net"}, net), "block": ({"storage"}, block), "usb": ({"usb_device"}, usb), "scsi": ({"scsi"}, scsi),
         "fc": ({"scsi_host"}, fc), "drm": ({"drm"}, drm), "others": ({"system"}, others)}
