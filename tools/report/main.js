// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
// Draws the page.

function drawHeader() {
  const host = JSON.parse(block("host"));
  const computer = devices.find((device) => device.kind === "system");
  const title = host.hostname ?? computer?.what ?? "";
  if (title) {
    byId("host").textContent = title;
    document.title = `Devices of ${title}`;
  }
  byId("about").textContent = join(" \u00b7 ", host.hostname ? computer?.what : "", host.uri, host.time, `virnodedev ${host.version}`);
  const of = (kind) => devices.filter((device) => device.kind === kind).length;
  const verdicts = (word) => devices.filter((device) => device.verdict?.verdict === word).length;
  const groups = new Set(devices.map((device) => device.group).filter((group) => group !== undefined)).size;
  const counts = [
    [devices.length, "device", "devices"], [of("pci"), "PCI function", "PCI functions"], [of("net"), "network interface", "network interfaces"],
    [of("storage"), "disk", "disks"], [of("usb_device"), "USB device", "USB devices"], [groups, "IOMMU group", "IOMMU groups"],
    [verdicts("yes"), "assignable", "assignable"], [verdicts("together"), "only together", "only together"],
  ];
  byId("counts").append(...counts.filter(([number]) => number > 0).map(([number, one, many]) =>
    make("li", null, make("strong", null, number.toLocaleString("en")), ` ${number === 1 ? one : many}`)));
}

// Nothing is closed on paper.
function watchPrinting() {
  let opened = [];
  addEventListener("beforeprint", () => {
    drawRows(Infinity);
    const closed = () => [...document.querySelectorAll("main details:not([open])")];
    for (let some = closed(); some.length > 0; some = closed()) {
      some.forEach((element) => {
        element.fillOnce();
        element.open = true;
      });
      opened.push(...some);
    }
  });
  addEventListener("afterprint", () => {
    opened.forEach((element) => (element.open = false));
    opened = [];
    drawRows(AT_ONCE);
  });
}

drawHeader();
drawLegend();
drawTree();
drawTable();
drawGroups();
drawFunctions();
drawDrivers();
watchPrinting();
watchDetails();
