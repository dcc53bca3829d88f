// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
// What belongs together: IOMMU groups, virtual functions with their physical one, what is bound to which driver.

function reasonList(device) {
  return make("ul", { class: "reasons" }, device.verdict.reasons.map((reason) =>
    make("li", { class: reason.allows },
      byName.has(reason.device) && reason.device !== device.name ? [linkTo(byName.get(reason.device)), " "] : null,
      reason.what, reason.advice ? make("span", { class: "advice" }, reason.advice) : null)));
}

// A device in a box: what it is, the verdict and, to be opened, the reasons.
function member(device) {
  const reasons = device.verdict?.reasons ?? [];
  return make("li", { class: device.family }, make("div", { class: "row" },
    linkTo(device, device.short), span("what", join(" \u00b7 ", device.type, device.what)), pill(device), badge(device)),
    reasons.length > 0 ? fold("why", counted(reasons.length, "reason"), () => reasonList(device)) : null);
}

function groupBox([number, members]) {
  const type = members.map((device) => device.inventory.pci?.iommu_group?.type).find(Boolean);
  const name = members.map((device) => device.inventory.pci?.iommu_group?.name).find(Boolean);
  const title = number === undefined ? "In no group" : `Group ${number}`;
  const list = () => make("ul", { class: "members" }, members.map(member));
  return box("group", [title, type ? span("note", type) : null, name ? span("note", name) : null],
             members.length > MANY ? fold("many", counted(members.length, "device"), list) : list());
}

function drawGroups() {
  const concerned = devices.filter((device) => device.group !== undefined || device.verdict !== undefined);
  const groups = [...grouped(concerned, (device) => device.group)].sort(([left], [right]) => (left ?? Infinity) - (right ?? Infinity));
  byId("boxes").append(...groups.map(groupBox));
  if (groups.length === 0) byId("boxes").append(make("p", { class: "none" }, "Nothing here is in an IOMMU group."));
}

// --- SR-IOV ------------------------------------------------------------------------

const interfacesOf = (device) => device.children.filter((child) => child.kind === "net").map((child) => child.short).join(", ");

function plainTable(label, titles, lines) {
  return make("table", { "aria-label": label }, make("thead", null, make("tr", null, titles.map((title) => make("th", { scope: "col" }, title)))),
    make("tbody", null, lines.map((cells) => make("tr", null,
      cells.map((cell, column) => (column === 0 ? make("th", { scope: "row" }, cell) : make("td", null, cell ?? "")))))));
}

function virtualFunctions(device) {
  return plainTable(`Virtual functions of ${device.short}`, ["Function", "Number", "Driver", "Interface", "Group", "Assignable"], device.functions.map((each) => [
    linkTo(each, each.short), String(each.inventory.sriov.index ?? ""), each.driver, interfacesOf(each),
    each.group === undefined ? "" : String(each.group), badge(each)]));
}

function physicalFunction(device) {
  const { current, total } = device.inventory.sriov;
  const title = [linkTo(device, device.short), span("what", device.what), pill(device),
                 total === undefined ? null : span("note", `${current ?? device.functions.length} of ${total}`)];
  if (device.functions.length === 0) return box("physical", title);
  return box("physical", title, device.functions.length > MANY ?
    fold("many", counted(device.functions.length, "virtual function"), () => virtualFunctions(device)) : virtualFunctions(device));
}

function drawFunctions() {
  const physical = devices.filter((device) => device.inventory.sriov?.role === "physical");
  const alone = devices.filter((device) => device.inventory.sriov?.role === "virtual" && !device.physical);
  byId("functions").append(...physical.map(physicalFunction));
  if (alone.length > 0) {
    byId("functions").append(box("physical", "Virtual functions whose physical one is not here",
      make("ul", { class: "members" }, alone.map(member))));
  }
  if (physical.length + alone.length === 0) {
    byId("functions").append(make("p", { class: "none" }, "No device here can have virtual functions."));
  }
}

// --- drivers -----------------------------------------------------------------------

function driverRow([driver, list]) {
  const pci = list.map((device) => device.inventory.pci).find((facts) => facts?.module);
  const show = make("a", { href: "#devices" }, driver);
  show.addEventListener("click", () => showOnly(`driver:${driver.toLowerCase()}`));
  const chips = () => make("ul", { class: "parts" }, list.map((device) => make("li", { class: "part" }, chip(device))));
  return [show, pci ? join(" ", pci.module, pci.module_version) : "", list.length.toLocaleString("en"),
          list.length > 12 ? fold("many", counted(list.length, "device"), chips) : chips()];
}

function drawDrivers() {
  const bound = [...grouped(devices.filter((device) => device.driver), (device) => device.driver)]
    .sort(([left], [right]) => compare(left, right));
  const unbound = devices.filter((device) => device.kind === "pci" && !device.driver);
  const lines = bound.map(driverRow);
  if (unbound.length > 0) {
    const list = () => make("ul", { class: "parts" }, unbound.map((device) => make("li", { class: "part" }, chip(device))));
    lines.push(["none", "", unbound.length.toLocaleString("en"), unbound.length > 12 ? fold("many", counted(unbound.length, "PCI function"), list) : list()]);
  }
  byId("bound").append(lines.length > 0 ? plainTable("Drivers", ["Driver", "Module", "Devices", "Bound to it"], lines) :
    make("p", { class: "none" }, "No device here has a driver."));
}
