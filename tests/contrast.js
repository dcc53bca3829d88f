// SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
// The texts of a page that differ too little from what is behind them: their contrast by WCAG 2.1, and where they are.
(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const parsed = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (color) => {
    const [red, green, blue] = [...color].map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = parsed(getComputedStyle(each).backgroundColor);
      if (color[3] === 255) return color;
    }
    return parsed("Canvas");
  };
  const seen = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [one, other] = [getComputedStyle(element).color, behind(element)];
    const key = `${one} on ${other}`;
    if (seen.has(key)) continue;
    const [light, dark] = [luminance(parsed(one)), luminance(other)].sort((left, right) => right - left);
    seen.set(key, (light + 0.05) / (dark + 0.05) < 4.5 ? `${key}: ${element.localName}.${element.className}` : null);
  }
  return [...seen.values()].filter(Boolean);
})()
