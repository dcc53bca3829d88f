// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
// All about one device, in a dialog: #device/NAME, or #xml/NAME and #json/NAME for its XML and JSON.

// Names of members that hold ids, which people know in hexadecimal, and sizes.
const isId = (key) => /^(id|vendor|product|virtual_device|release|address)$/.test(key);
const isSize = (key) => /^(size|start|vram|.*_block_size|.*_size)$/.test(key);

function factText(key, value, step) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && isId(key)) return `0x${hex(value, 4)}`;
  if (typeof value === "number" && isSize(key)) return bytes(value, step);
  if (Array.isArray(value)) return value.map((item) => factText(key, item, step)).join(value.some((item) => typeof item === "object") ? "\n" : ", ");
  if (value && typeof value === "object") {
    if (typeof value.name === "string" && typeof value.id === "number") return `${join(": ", value.name, value.subclass, value.interface)} (0x${hex(value.id, value.subclass ? 6 : 4)})`;
    return Object.entries(value).map(([name, member]) => `${name.replaceAll("_", " ")} ${factText(name, member, step)}`).join(", ");
  }
  return String(value);
}

const titled = (title, ...children) => make("section", null, make("h3", null, title), ...children);

function list(pairs) {
  return make("dl", null, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "" && value.length !== 0)
    .flatMap(([name, value]) => [make("dt", null, name), make("dd", null, value)]));
}

const linksTo = (others) => others.flatMap((other, i) => [i > 0 ? ", " : "", linkTo(other)]);

function detailsOf(device) {
  const parent = byName.get(device.parentName);
  const verdict = device.verdict;
  const sections = [list([
    ["Kind", kinds[device.kind] ?? device.kind], ["What it is", join(" \u00b7 ", device.type, device.what)], ["In sysfs", device.path],
    ["Driver", device.driver], ["State", device.inactive ? "defined, not active" : ""],
    ["Parent", parent ? linkTo(parent) : device.parentName], ["Physical function", device.physical ? linkTo(device.physical) : ""],
    ["Virtual functions", linksTo(device.functions)],
    ["Below it", device.kind === "system" ? counted(device.children.length, "device") : linksTo(device.children)],
  ])];
  if (verdict) {
    sections.push(titled("May it be assigned to a virtual machine?", make("p", null, badge(device),
      verdict.iommu_group ? ` IOMMU group ${verdict.iommu_group.number}` : ""),
      verdict.reasons?.length > 0 ? reasonList(device) : null));
  }
  for (const [part, facts] of Object.entries(device.inventory)) {
    sections.push(titled(`Inventory: ${part}`, list(Object.entries(facts).map(([name, value]) =>
      [name.replaceAll("_", " "), factText(name, value, part === "block" ? 1000 : 1024)]))));
  }
  const text = (id, title, content) => {
    const section = titled(title, content === undefined ? make("p", null, "The device went while this report was made.") :
      make("pre", { tabindex: "0", "aria-label": title }, content));
    section.id = id;
    return section;
  };
  const json = (id) => {
    const line = lineOf(id, device);
    return line === undefined ? undefined : layOut(line);
  };
  sections.push(text("xml", "XML", xmlOf(device)), text("json", "JSON", json("devices")));
  if (Object.keys(device.inventory).length > 0) sections.push(text("inventory", "Inventory in JSON", json("inventory")));
  return sections;
}

// Shows the device that the address of the page names; closes what is open where it names none.
function showNamed() {
  const [, view, encoded] = /^#(device|xml|json)\/(.*)$/.exec(location.hash) ?? [];
  const dialog = byId("details");
  let device;
  try {
    device = view && byName.get(decodeURIComponent(encoded));
  } catch {
    // An address that somebody typed need not be well formed.
  }
  if (!device) {
    if (dialog.open) dialog.close();
    return;
  }
  byId("details-title").textContent = device.name;
  byId("details-body").replaceChildren(...detailsOf(device));
  if (!dialog.open) dialog.showModal();
  const place = view === "device" ? byId("details-title") : byId(view);
  if (view === "device") dialog.scrollTop = 0;
  else place.scrollIntoView();
  (view === "device" ? place : place.querySelector("pre") ?? byId("details-title")).focus({ preventScroll: true });
}

function watchDetails() {
  const dialog = byId("details");
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    if (/^#(device|xml|json)\//.test(location.hash)) history.replaceState(null, "", "#");
  });
  addEventListener("hashchange", showNamed);
  showNamed();
}
