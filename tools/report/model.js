// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
// The devices, from the blocks of data in this page. A block has a line for each device.

const block = (id) => byId(`data-${id}`).textContent;
const mapOf = (id) => new Map(Object.entries(JSON.parse(block(id))));

const kinds = {
  system: "Computer", pci: "PCI function", usb_device: "USB device", usb: "USB interface", net: "Network interface",
  scsi_host: "SCSI host", scsi_target: "SCSI target", scsi: "SCSI device", storage: "Storage",
  scsi_generic: "Generic SCSI device", drm: "DRM node", mdev: "Mediated device", mdev_types: "Parent of mediated devices",
  ccw: "CCW device", ccwgroup: "CCW group", css: "Subchannel", vdpa: "vDPA device", ap_card: "AP card", ap_queue: "AP queue",
  ap_matrix: "AP matrix",
};

const hex = (number, digits) => number.toString(16).padStart(digits, "0");

// A size in bytes, in steps of 1000 (disks) or 1024 (memory).
function bytes(number, step) {
  const units = step === 1000 ? ["B", "kB", "MB", "GB", "TB", "PB", "EB"] : ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
  let unit = 0;
  while (number >= step && unit < units.length - 1) {
    number /= step;
    unit++;
  }
  return `${number < 10 && unit > 0 ? Math.round(number * 10) / 10 : Math.round(number)} ${units[unit]}`;
}

// Texts that there are, with something between them.
const join = (between, ...texts) => texts.filter((text) => text !== undefined && text !== null && text !== "").join(between);
const named = (value) => value && (value.name ?? hex(value.id, 4));
const lastOf = (path) => path?.slice(path.lastIndexOf("/") + 1);

// What each kind is called in short, and what it is.
const describe = {
  system: (device, facts) => ({ short: "computer", what: join(" ", facts.hardware?.vendor, facts.product) }),
  pci: (device, facts) => {
    const pci = device.inventory.pci ?? {};
    const address = `${hex(facts.domain ?? 0, 4)}:${hex(facts.bus ?? 0, 2)}:${hex(facts.slot ?? 0, 2)}.${hex(facts.function ?? 0, 1)}`;
    return {
      short: pci.address ?? address,
      what: join(" ", named(pci.vendor) ?? facts.vendor?.text, named(pci.device) ?? facts.product?.text),
      type: pci.class?.subclass ?? pci.class?.name,
      ids: facts.vendor && facts.product && `${hex(facts.vendor.id, 4)}:${hex(facts.product.id, 4)}`,
    };
  },
  usb_device: (device, facts) => ({
    short: device.inventory.usb?.name ?? join("-", facts.bus, facts.port),
    what: join(" ", facts.vendor?.text, facts.product?.text) || (facts.vendor && `${hex(facts.vendor.id, 4)}:${hex(facts.product.id, 4)}`),
    ids: facts.vendor && facts.product && `${hex(facts.vendor.id, 4)}:${hex(facts.product.id, 4)}`,
  }),
  usb: (device, facts) => ({ short: lastOf(device.path) ?? device.name, what: join(" ", "class", facts.class !== undefined ? hex(facts.class, 2) : undefined) }),
  net: (device, facts) => ({
    short: facts.interface, address: facts.address,
    what: join(", ", facts.address, facts.link?.speed && rate(facts.link.speed), facts.link?.state),
  }),
  storage: (device, facts) => ({
    short: lastOf(facts.block),
    what: join(", ", join(" ", facts.vendor, facts.model),
               sizeOf(facts, device.inventory.block) && bytes(sizeOf(facts, device.inventory.block), 1000), facts.drive_type, facts.serial),
  }),
  drm: (device, facts) => ({ short: lastOf(device.path) ?? device.name, what: join(", ", facts.type, device.inventory.drm?.driver) }),
  scsi_host: (device, facts) => ({ short: `host${facts.host}`, what: facts.capability?.fc_host ? join(" ", "Fibre Channel", facts.capability.fc_host.wwpn) : "" }),
  scsi_target: (device, facts) => ({ short: facts.target, what: "" }),
  scsi: (device, facts) => ({
    short: `${facts.host}:${facts.bus}:${facts.target}:${facts.lun}`,
    what: join(" ", device.inventory.scsi?.vendor, device.inventory.scsi?.model, facts.type),
  }),
  scsi_generic: (device, facts) => ({ short: lastOf(facts.char), what: "" }),
  mdev: (device, facts) => ({ short: facts.uuid, what: join(" ", facts.type?.id) }),
  mdev_types: (device, facts) => ({ short: device.name, what: (facts.capability?.mdev_types?.type ?? []).map((type) => type.name ?? type.id).join(", ") }),
  vdpa: (device, facts) => ({ short: lastOf(device.path) ?? device.name, what: facts.chardev }),
  ccw: (device, facts) => ({ short: lastOf(device.path) ?? device.name, what: facts.state }),
  ccwgroup: (device, facts) => ({ short: lastOf(device.path) ?? device.name, what: facts.state }),
  css: (device) => ({ short: lastOf(device.path) ?? device.name, what: "" }),
};

const rate = (megabits) => (megabits >= 1000 ? `${megabits / 1000} Gbit/s` : `${megabits} Mbit/s`);
const sizeOf = (facts, inventory) => facts.size ?? facts.capability?.removable?.media_size ?? inventory?.size;

// The colour of a device, by what it is for.
function familyOf(device) {
  const base = (device.inventory.pci?.class?.id ?? device.facts.class ?? 0) >> 16;
  if (device.kind === "pci") return { 1: "disk", 2: "net", 3: "display", 6: "bridge", 12: "bus" }[base] ?? "other";
  if (device.kind === "net") return "net";
  if (device.kind === "drm") return "display";
  if (device.kind.startsWith("usb")) return "bus";
  if (device.kind === "storage" || device.kind.startsWith("scsi")) return "disk";
  return device.kind.startsWith("mdev") || device.kind === "vdpa" ? "virtual" : "other";
}

function loadDevices() {
  const inventory = mapOf("inventory");
  const verdicts = mapOf("assignability");
  const inactive = mapOf("inactive");
  return JSON.parse(block("devices")).map((json) => {
    const device = {
      name: json.name, path: json.path, json, parentName: json.parent, driver: json.driver?.name,
      kind: Object.keys(json.capability ?? {})[0] ?? "unknown",
      inventory: inventory.get(json.name) ?? {}, verdict: verdicts.get(json.name), inactive: inactive.has(json.name),
      children: [], functions: [],
    };
    device.facts = json.capability?.[device.kind] ?? {};
    Object.assign(device, { short: device.name, what: "" }, describe[device.kind]?.(device, device.facts));
    device.family = familyOf(device);
    device.node = device.inventory.pci?.numa_node;
    // One that is only defined is in none, whatever its description says.
    if (!device.inactive) device.group = device.inventory.pci?.iommu_group?.number ?? device.facts.iommuGroup?.number;
    return device;
  });
}

const devices = loadDevices();
const byName = new Map(devices.map((device) => [device.name, device]));
const byAddress = new Map(devices.filter((device) => device.kind === "pci").map((device) => [device.short, device]));

// The device that another one hangs on: that of libvirt's tree, or what the inventory knows better.
function parentOf(device) {
  const parent = byName.get(device.parentName);
  if (parent && parent.kind !== "system") return parent;
  // Disks of NVMe controllers with several paths are below no PCI function in sysfs.
  return byAddress.get(device.inventory.block?.nvme?.address) ?? byAddress.get(device.inventory.drm?.device) ?? parent;
}

for (const device of devices) {
  device.parent = device.kind === "system" ? undefined : parentOf(device);
  device.parent?.children.push(device);
}
for (const device of devices) {
  device.physical = byAddress.get(device.inventory.sriov?.physical_function);
  if (device.physical === device) device.physical = undefined;
  device.physical?.functions.push(device);
}
for (const device of devices) {
  device.functions.sort((left, right) => (left.inventory.sriov.index ?? 0) - (right.inventory.sriov.index ?? 0));
}

// --- texts as the program prints them ---------------------------------------------

let xml;
function xmlOf(device) {
  xml ??= mapOf("xml");
  return xml.get(device.name);
}

const lines = new Map();
// The line of a device in a block, as it was written: numbers can exceed what a script can count.
function lineOf(id, device) {
  if (!lines.has(id)) lines.set(id, block(id).split("\n"));
  const key = JSON.stringify(device.name).replaceAll("<", "\\u003c");
  const start = id === "devices" ? `{"name":${key}` : `${key}:`;
  const line = lines.get(id).find((text) => text.startsWith(start));
  if (line === undefined) return undefined;
  const text = id === "devices" ? line : line.slice(start.length);
  return text.replace(/,$/, "").replace(/\\(u003c|.)/g, (all, escaped) => (escaped === "u003c" ? "<" : all));
}

// JSON with a line for each member, as `nodedev dumpjson` prints it.
function layOut(text) {
  let depth = 0;
  let laidOut = "";
  const next = () => "\n" + "  ".repeat(depth);
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|\{\}|\[\]|[{}[\],:]|[^"{}[\],:]+/g)) {
    if (token === "{" || token === "[") {
      depth++;
      laidOut += token + next();
    } else if (token === "}" || token === "]") {
      depth--;
      laidOut += next() + token;
    } else if (token === ",") {
      laidOut += token + next();
    } else {
      laidOut += token === ":" ? ": " : token;
    }
  }
  return laidOut;
}
