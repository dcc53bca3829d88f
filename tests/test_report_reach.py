# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The page of nodedev report by keyboard, by screen reader, in light and dark and on paper."""
import collections
import os
import unittest

import kit
from report_page import Shown, recorded


class Reachable(Shown):
    """By keyboard and by screen reader."""

    FOCUSED = "[document.activeElement.localName, document.activeElement.textContent.trim().slice(0, 40), document.activeElement.id]"

    def test_keyboard(self):
        self.show(recorded("plain"))
        seen = []
        for _ in range(400):
            self.page.press("Tab", 9)
            seen.append(tuple(self.ask(self.FOCUSED)))
            if seen[-1][0] == "body":
                break
        texts = [text for _, text, _ in seen]
        self.assertEqual(texts[:6], ["Skip to the table of devices", "Topology", "Devices", "IOMMU groups", "SR-IOV", "Drivers"])
        self.assertIn("words", [place for _, _, place in seen])
        # All that can be used comes once, and nothing else has a click.
        usable = self.ask("document.querySelectorAll('body a[href], body button:not([hidden]), summary, input, [tabindex=\"0\"]').length")
        hidden = self.ask("[...document.querySelectorAll('details:not([open]) > :not(summary) *')].length + "
                          "document.querySelectorAll('dialog *:is(a, button)').length")
        self.assertEqual(len(seen) - 1, usable - hidden)

    def test_dialog(self):
        self.show(recorded("plain"))
        self.ask("document.querySelector('#table tbody th a').focus()")
        self.page.press("Enter", 13, text="\r")
        self.page.drawn()
        self.assertEqual(self.texts("dialog[open] h2"), ["computer"])
        self.assertEqual(self.ask("document.activeElement.id"), "details-title")
        for _ in range(8):  # the focus stays in the dialog, or goes to the browser's own buttons
            self.page.press("Tab", 9)
            self.assertTrue(self.ask("details.contains(document.activeElement) || document.activeElement === document.body"))
        self.page.press("Escape", 27)
        self.page.drawn()
        self.assertEqual(self.texts("dialog[open] h2"), [])
        self.assertEqual(self.ask("document.activeElement.textContent"), "computer")
        # Links to texts go to these.
        for view in ("xml", "json"):
            self.details("computer", view)
            self.assertEqual(self.ask("document.activeElement.closest('section').id"), view)
        self.ask("document.getElementById('close').click()")
        self.page.drawn()
        self.assertEqual(self.ask("location.hash"), "")

    def test_typing_filters(self):
        self.show(recorded("plain"))
        self.ask("words.focus()")
        self.page.type("computer")
        self.assertEqual(self.ask("words.value"), "computer")
        self.assertLess(len(self.linked("#table tbody th a")), 10)
        self.page.press("Enter", 13, text="\r")
        self.page.drawn()
        self.assertEqual(self.ask("words.value"), "computer")

    def test_names_and_roles(self):
        self.show(recorded("sriov"))
        nodes = self.page.call("Accessibility.getFullAXTree")["nodes"]
        roles = collections.defaultdict(list)
        for node in nodes:
            if not node.get("ignored"):
                roles[node["role"]["value"]].append(node.get("name", {}).get("value", "").strip())
        for role in ("link", "button", "searchbox", "table", "columnheader", "rowheader", "region", "navigation", "search", "group"):
            self.assertTrue(roles[role], role)
            if role != "group":  # what opens and closes has its name from the text
                self.assertNotIn("", roles[role], role)
        self.assertEqual(roles["searchbox"], ["Filter"])
        self.assertTrue({"Topology", "Devices", "IOMMU groups", "SR-IOV", "Drivers"} <= set(roles["region"]), roles["region"])
        self.assertTrue({"main", "banner", "navigation", "status"} <= set(roles))
        self.details("pci_0000_01_00_0")
        nodes = self.page.call("Accessibility.getFullAXTree")["nodes"]
        dialogs = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "dialog"]
        self.assertEqual(dialogs, ["pci_0000_01_00_0"])

    def test_contrast(self):
        """4.5 to 1 for every text, in light and in dark (WCAG 2.1, 1.4.3)."""
        measure = kit.read(os.path.join(kit.ROOT, "tests", "contrast.js"))
        for scheme in ("light", "dark"):
            self.show(recorded("sriov"), scheme)
            self.details("pci_0000_01_00_0")
            self.assertEqual(self.ask(measure), [], scheme)

    def test_paper(self):
        """Everything is on it: nothing closed, no row left out."""
        tree = kit.extract(kit.machine_archive("sriov"))
        self.show("nodedev:///embed?root=" + tree)
        pdf = self.page.call("Page.printToPDF")["data"]
        self.assertGreater(len(pdf), 50000)
        self.ask("dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.ask("document.querySelectorAll('main details:not([open])').length"), 0)
        self.assertEqual(len(self.linked("#table tbody th a")), int(self.ask("shown.textContent").split()[0]))
        self.page.call("Emulation.setEmulatedMedia", media="print")
        for selector in ("nav", "#filter", "summary", "#rest", "thead button"):
            self.assertEqual(self.ask("getComputedStyle(document.querySelector('%s')).display" % selector), "none")
        self.ask("dispatchEvent(new Event('afterprint'))")
        self.assertGreater(self.ask("document.querySelectorAll('main details:not([open])').length"), 0)


if __name__ == "__main__":
    unittest.main()
