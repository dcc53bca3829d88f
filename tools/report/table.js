// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
// The table of devices, which is filtered while one types.

const columns = [
  ["Name", (device) => device.name],
  ["Kind", (device) => kinds[device.kind] ?? device.kind],
  ["What it is", (device) => join(" \u00b7 ", device.type, device.what)],
  ["In the kernel", (device) => device.short],
  ["Driver", (device) => device.driver],
  ["Node", (device) => device.node],
  ["Group", (device) => device.group],
  ["Assignable", (device) => device.verdict?.verdict],
];
const [NAME, VERDICT] = [0, 7];

const fields = {
  kind: (device) => device.kind, driver: (device) => device.driver, group: (device) => device.group,
  node: (device) => device.node, verdict: (device) => device.verdict?.verdict,
};

// So many rows are drawn at once; all of them when somebody asks, and on paper.
const AT_ONCE = 200;

let sorted = devices;
let found = devices;
let kindShown;

// All texts in a value, and nothing of the names of its members.
function textsIn(value, found) {
  if (typeof value === "string") found.push(value);
  else if (value && typeof value === "object") Object.values(value).forEach((member) => textsIn(member, found));
  return found;
}

function searched(device) {
  device.searched ??= [device.name, kinds[device.kind], device.ids, device.verdict?.verdict, device.inactive ? "inactive" : "",
    ...textsIn(device.json, []), ...textsIn(device.inventory, []), columns[2][1](device), device.short].join("\n").toLowerCase();
  return device.searched;
}

// Whether a device has a word, or a field the value that the word names.
function matches(device, word) {
  const [field, value] = [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)];
  if (Object.hasOwn(fields, field)) return String(fields[field](device) ?? "").toLowerCase() === value;
  return searched(device).includes(word);
}

function drawRows(most) {
  const list = found.slice(0, most);
  byId("table").tBodies[0].replaceChildren(...list.map((device) => (device.row ??= tableRow(device))));
  byId("rest").hidden = list.length === found.length;
  byId("rest").textContent = `Show all ${found.length.toLocaleString("en")}`;
}

function applyFilter() {
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  found = sorted.filter((device) => (!kindShown || device.kind === kindShown) && words.every((word) => matches(device, word)));
  byId("shown").textContent = found.length === devices.length ? counted(found.length, "device") :
    `${found.length.toLocaleString("en")} of ${counted(devices.length, "device")}`;
  drawRows(AT_ONCE);
}

function showOnly(words) {
  chooseKind(undefined);
  byId("words").value = words;
  applyFilter();
}

function chooseKind(kind) {
  kindShown = kind;
  for (const button of byId("kinds").children) button.setAttribute("aria-pressed", String(button.dataset.kind === (kind ?? "")));
}

function kindButton(kind, text, count) {
  const button = make("button", { type: "button", "data-kind": kind, "aria-pressed": String(kind === "") }, text, span("note", count.toLocaleString("en")));
  button.addEventListener("click", () => {
    chooseKind(kind === kindShown ? undefined : kind || undefined);
    applyFilter();
  });
  return button;
}

const compare = new Intl.Collator("en", { numeric: true }).compare;

function sortBy(column, header) {
  const down = header.getAttribute("aria-sort") === "ascending";
  for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = columns[column][1];
  const given = (text) => text !== undefined && text !== "";
  sorted = devices.map((device) => [key(device), device]).sort(([left], [right]) => {
    // What is not there comes last either way.
    if (given(left) !== given(right)) return given(left) ? -1 : 1;
    return given(left) ? compare(left, right) * (down ? -1 : 1) : 0;
  }).map(([, device]) => device);
  applyFilter();
}

function heading([title], column) {
  const button = make("button", { type: "button" }, title);
  // Browsers repeat a heading on each sheet of paper only without a button in it.
  const header = make("th", { scope: "col" }, button, make("span", { class: "paper", "aria-hidden": "true" }, title));
  button.addEventListener("click", () => sortBy(column, header));
  return header;
}

function tableRow(device) {
  const row = document.createElement("tr");
  columns.forEach(([, text], column) => {
    const cell = row.appendChild(document.createElement(column === NAME ? "th" : "td"));
    if (column === NAME) {
      cell.scope = "row";
      cell.append(linkTo(device));
      if (device.inactive) cell.append(span("note", "inactive"));
    } else if (column === VERDICT) {
      cell.append(badge(device) ?? "");
    } else {
      cell.textContent = text(device) ?? "";
    }
  });
  row.append(make("td", null, linkTo(device, "XML", "xml"), " ", linkTo(device, "JSON", "json")));
  return row;
}

function drawTable() {
  const table = byId("table");
  table.tHead.rows[0].append(...columns.map(heading), make("th", { scope: "col" }, "Text"));
  byId("kinds").append(kindButton("", "All", devices.length),
    ...[...grouped(devices, (device) => device.kind)].map(([kind, list]) => kindButton(kind, kinds[kind] ?? kind, list.length)));
  byId("words").addEventListener("input", applyFilter);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("rest").addEventListener("click", () => {
    const next = byId("table").tBodies[0].rows.length;
    drawRows(Infinity);
    // The button is gone: who went on with the keyboard goes on behind the row that was the last.
    byId("table").tBodies[0].rows[next].querySelector("a").focus();
  });
  applyFilter();
}
