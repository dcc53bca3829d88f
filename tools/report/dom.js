// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
// How elements are made: text is always a text node, never markup.

const byId = (id) => document.getElementById(id);

// An element with attributes and children; texts among these become text nodes, and what is null or undefined is left out.
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined) element.setAttribute(attribute, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const span = (classes, ...children) => make("span", { class: classes }, ...children);

// Something that opens, and is filled when it does for the first time, or for printing.
function fold(classes, summary, fill, open) {
  const element = make("details", { class: classes }, make("summary", null, summary));
  const fillOnce = () => {
    if (element.childElementCount === 1) element.append(...[fill()].flat());
  };
  if (open) {
    fillOnce();
    element.open = true;
  }
  element.addEventListener("toggle", () => element.open && fillOnce());
  element.fillOnce = fillOnce;
  return element;
}

// What leads to the details of a device.
const linkTo = (device, text, view) =>
  make("a", { href: `#${view ?? "device"}/${encodeURIComponent(device.name)}` }, text ?? device.name);

const verdictWords = { yes: "assignable", together: "only together", no: "not assignable" };

function badge(device) {
  const verdict = device.verdict;
  return verdict ? span(`verdict ${verdict.verdict}`, verdictWords[verdict.verdict] ?? verdict.verdict) : null;
}

// 1 device, 2 devices.
const counted = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many ?? one + "s"}`;
