// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
// The topology: NUMA nodes, root buses, root ports, switches, functions and what hangs on them.

const MANY = 60;
const PCI_BRIDGE = 0x0604;

const isBridge = (device) => device.kind === "pci" && (device.inventory.pci?.class?.id ?? device.facts.class ?? 0) >> 8 === PCI_BRIDGE;
// Libvirt has an empty <pci-express/> where the configuration space could not be read.
const isExpress = (device) => (device.facts["pci-express"]?.link ?? device.inventory.pci?.link) !== undefined;
const pciParent = (device) => (device.parent?.kind === "pci" ? device.parent : undefined);
const bridgesBelow = (device) => device.children.filter(isBridge);

const someBelow = (device, test) => device.children.some((child) => test(child) || someBelow(child, test));

// What a bridge is for: what the inventory says of root ports, and of switches what their place says.
function roleOf(device) {
  if (device.role !== undefined) return device.role;
  const above = pciParent(device);
  device.role = "PCI bridge";
  if (!above) {
    const isRootPort = isExpress(device) || someBelow(device, (child) => child.inventory.pci?.root_port === device.short);
    if (isRootPort) device.role = "Root port";
  } else if (isExpress(device) && roleOf(above) === "Switch, upstream") {
    device.role = "Switch, downstream";
  } else if (isExpress(device) && bridgesBelow(device).length > 0 && bridgesBelow(device).every(isExpress)) {
    device.role = "Switch, upstream";
  }
  return device.role;
}

// The speed of a PCI Express link, and what it could be where that is more.
function linkBadge(device) {
  const link = device.inventory.pci?.link;
  if (!link) return null;
  if (link.width === 0) return span("link none", "no link");
  if (link.speed === undefined) return null;
  const slow = link.max_speed > link.speed || link.max_width > link.width;
  const most = slow ? ` of ${join(" \u00d7", link.max_speed, link.max_width)}` : "";
  return span(slow ? "link slow" : "link", `${link.speed} GT/s \u00d7${link.width}${most}`);
}

const pill = (device) => (device.driver ? span("driver", device.driver) : null);

function chip(device) {
  return span(`chip ${device.family}`, linkTo(device, device.short),
              device.what ? span("what", device.what) : null,
              device.inactive ? span("note", "inactive") : null);
}

// A device that is no PCI function, with what hangs on it: in one line as far as nothing branches.
function part(device) {
  const item = make("li", { class: "part" }, chip(device));
  let last = device;
  while (last.children.length === 1 && last.children[0].kind !== "pci") {
    last = last.children[0];
    item.append(span("then", "\u203a"), chip(last));
  }
  if (last.children.length === 0) return item;
  if (last.children.every((child) => child.children.length === 0) && last.children.length < 4) {
    item.append(span("then", "\u203a"), ...last.children.map(chip));
  } else {
    item.append(...parts(last.children));
  }
  return item;
}

// Lists of devices: functions one below the other, others as chips; long lists are closed.
function parts(children) {
  const others = children.filter((child) => child.kind !== "pci");
  const list = () => make("ul", { class: "parts" }, others.map(part));
  const shown = [];
  if (others.length > MANY) shown.push(fold("many", counted(others.length, "device"), list));
  else if (others.length > 0) shown.push(list());
  const functions = children.filter((child) => child.kind === "pci" && !isWithPhysical(child));
  if (functions.length > 0) shown.push(make("ul", { class: "functions" }, functions.map(pciFunction)));
  return shown;
}

// Whether a virtual function is shown with its physical one.
const isWithPhysical = (device) => device.physical !== undefined;

function pciFunction(device) {
  const bridge = isBridge(device);
  const row = make("div", { class: `row ${device.family}` },
    linkTo(device, device.short), span("type", bridge ? roleOf(device) : device.type ?? ""), span("what", device.what),
    device.inventory.pci?.slot ? span("note", `slot ${device.inventory.pci.slot}`) : null,
    linkBadge(device), pill(device), bridge ? null : badge(device));
  const item = make("li", { class: bridge ? "bridge" : "endpoint" }, row, parts(device.children));
  if (device.functions.length > 0) {
    item.append(fold("virtual", counted(device.functions.length, "virtual function"),
      () => make("ul", { class: "functions" }, device.functions.map(pciFunction)), device.functions.length <= 8));
  }
  return item;
}

// The root bus of a function without a PCI function above: pci0000:00.
const rootOf = (device) => device.inventory.pci?.root ?? /\/(pci[^/]+)\//.exec(device.path ?? "")?.[1] ?? "PCI";

function grouped(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

const nodeOf = (functions) => functions.map((device) => device.node ?? nodeOf(device.children)).find((node) => node !== undefined);

const box = (classes, title, ...children) => make("div", { class: `box ${classes}` }, make("h3", null, title), ...children);

function rootBus([bus, functions]) {
  return box("root", ["PCI root bus", span("note", bus)], parts(functions));
}

function numaNode([node, buses], i, nodes) {
  const content = buses.map(rootBus);
  if (node === undefined) return nodes.length > 1 ? [box("numa", "On no NUMA node", content)] : content;
  const cpus = buses.flatMap(([, functions]) => functions).map((device) => device.inventory.pci?.local_cpus).find(Boolean);
  return [box("numa", [`NUMA node ${node}`, cpus ? span("note", `CPUs ${cpus}`) : null], content)];
}

function drawTree() {
  const roots = devices.filter((device) => device.kind !== "system" && (!device.parent || device.parent.kind === "system"));
  const [functions, others] = [roots.filter((device) => device.kind === "pci" && !isWithPhysical(device)), roots.filter((device) => device.kind !== "pci")];
  const buses = [...grouped(functions, rootOf)];
  const nodes = [...grouped(buses, ([, list]) => nodeOf(list))].sort(([left], [right]) => (left ?? Infinity) - (right ?? Infinity));
  const content = nodes.flatMap(numaNode);
  for (const [kind, list] of grouped(others, (device) => device.kind)) {
    content.push(box("loose", [kinds[kind] ?? kind, span("note", `${list.length.toLocaleString("en")} on no PCI bus`)], parts(list)));
  }
  byId("tree").append(...content);
}

const families = [["bridge", "bridges"], ["net", "network"], ["disk", "storage"], ["display", "displays"], ["bus", "USB and other buses"],
                  ["virtual", "virtual"], ["other", "others"]];

function drawLegend() {
  const used = new Set(devices.filter((device) => device.kind !== "system").map((device) => device.family));
  byId("legend").append(...families.filter(([family]) => used.has(family)).map(([family, text]) => make("li", { class: family }, text)));
}
