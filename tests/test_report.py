# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The page of nodedev report over recorded machines and hostile ones, beside what the other commands say."""
import collections
import json
import os
import re
import shutil
import sys
import unittest

import kit
import records
from report_page import TOOL, Shown, recorded, report, tool

SOURCES = os.path.join(kit.ROOT, "tools", "report")
GROWN, MORE = os.path.join(kit.ROOT, "benches", "data", "machine-1k.tar.gz"), 4300
# Seconds of one processor for opening and for each step of filtering.
MOST = 1.0
MARKUP = """</script><script>window.harmed=1</script><!--<script><img src=x onerror=window.harmed=1>]]>&lt;"'`\\u003c${1}"""
HOSTILE = """<node>
<device><name>&lt;img src=x onerror=window.harmed=1&gt;</name><parent>computer</parent><capability type='net'>
<interface>&lt;/script&gt;&lt;script&gt;window.harmed=1&lt;/script&gt;</interface></capability></device>
<device><name>__proto__</name><parent>constructor</parent><capability type='net'><interface>"\\u003cb&gt;</interface></capability></device>
<device><name>javascript:harmed=1//%E0%A4%A#"'</name><parent>__proto__</parent><capability type='net'><interface>x</interface></capability></device>
<device><name>17</name><capability type='net'><interface>a
b</interface></capability></device>
</node>
"""
OPEN_ALL = """for (let closed; (closed = document.querySelectorAll("main details:not([open])")).length;)
    for (const each of closed) { each.fillOnce(); each.open = true; }"""


def port_type(folder):
    """What a port of PCI Express is, by its configuration space (PCI Express Base Specification, 7.5.3.2); None for others."""
    with open(folder + "/config", "rb") as f:
        config = f.read()
    if len(config) < 256 or not config[6] & 0x10:
        return None
    at, seen = config[0x34] & 0xfc, set()
    while at and at not in seen:
        seen.add(at)
        if config[at] == 0x10:
            return {4: "Root port", 5: "Switch, upstream", 6: "Switch, downstream"}.get(config[at + 2] >> 4)
        at = config[at + 1] & 0xfc
    return None


class Machines(Shown):
    def check_machine(self, machine, scheme):
        uri = recorded(machine)
        devices = json.loads(tool(uri, "list", "--json", "--all"))
        inventory = json.loads(tool(uri, "inventory"))
        names = [device["name"] for device in devices]
        self.show(uri, scheme)
        self.assertEqual(self.ask("shown.textContent"), "%d devices" % len(names))
        self.assertEqual(self.rows(), names)
        # Every device hangs somewhere in the topology, once.
        self.ask(OPEN_ALL)
        self.assertEqual(sorted(self.linked("#tree a")), sorted(set(names) - {"computer"}))
        kinds = collections.Counter(next(iter(device["capability"])) for device in devices)
        shown = dict(self.ask("[...kinds.children].slice(1).map((each) => [each.dataset.kind, Number(each.lastChild.textContent)])"))
        self.assertEqual(shown, kinds)
        self.check_places(kit.extract(kit.machine_archive(machine)), devices)
        self.check_verdicts(uri, devices)
        self.check_functions(inventory)
        bound = collections.Counter(device["driver"]["name"] for device in devices if "driver" in device)
        shown = dict(self.ask("[...bound.querySelectorAll('tbody tr')].map((row) => [row.cells[0].textContent, Number(row.cells[2].textContent)])"))
        unbound = [device for device in devices if "pci" in device["capability"] and "driver" not in device]
        self.assertEqual(shown, dict(bound, **({"none": len(unbound)} if unbound else {})))
        # One of each kind: what the page has of it is what the program prints.
        for name in {next(iter(device["capability"])): device["name"] for device in devices}.values():
            xml, laid_out = self.details(name)
            self.assertEqual(xml, kit.checked(TOOL, "-q", "-c", uri, "dumpxml", name).stdout)
            self.assertEqual(laid_out + "\n", tool(uri, "dumpjson", name))
            if inventory[name]:
                text = self.ask("document.querySelector('#inventory pre').textContent")
                self.assertEqual('{\n  "%s": %s\n}\n' % (name, text.replace("\n", "\n  ")), tool(uri, "inventory", name))
        self.note = "%d devices, %s" % (len(names), scheme)

    def check_places(self, tree, devices):
        """Functions hang where their folders are in sysfs, virtual ones on their physical one; ports are what they say."""
        by_address = {device["path"].rpartition("/")[2]: device for device in devices if "pci" in device["capability"]}
        expected = {}
        for address, device in by_address.items():
            folder = tree + device["path"]
            above = folder + "/physfn" if os.path.exists(folder + "/physfn") else os.path.dirname(folder)
            above = os.path.basename(os.path.realpath(above))
            node = int(kit.read(folder + "/numa_node")) if os.path.exists(folder + "/numa_node") else -1
            expected[device["name"]] = [by_address[above]["name"] if above in by_address else above,
                                        "NUMA node %d" % node if node >= 0 else None, port_type(folder)]
        shown = self.ask("""[...document.querySelectorAll("#tree .row > a")].map((link) => {
            const above = link.closest("li").parentNode.closest("li"), box = link.closest(".root");
            return [link.hash.slice(8), above ? above.querySelector("a").hash.slice(8) : box.querySelector(".note").textContent,
                    link.closest(".numa")?.querySelector("h3").firstChild.data ?? null, link.nextSibling.textContent];
        })""")
        self.assertEqual(len(shown), len(expected))
        for name, above, node, role in shown:
            self.assertEqual(above, expected[name][0], name)
            if expected[name][1]:
                self.assertEqual(node, expected[name][1], name)
            if expected[name][2]:
                self.assertEqual(role, expected[name][2], name)

    def check_verdicts(self, uri, devices):
        concerned = [device["name"] for device in devices if {"pci", "mdev"} & set(device["capability"])]
        done = kit.run(TOOL, "-c", uri, "assignable", "--json", *concerned)
        texts = re.findall(r"^\{.*?^\}", done.stdout, re.S | re.M)
        verdicts = {verdict["name"]: verdict for verdict in map(json.loads, texts)}
        self.assertEqual(list(verdicts), concerned)
        shown = self.ask("[...boxes.querySelectorAll('.members > li')].map((each) => [each.querySelector('a').hash.slice(8), "
                         "each.querySelector('.verdict').classList[1], each.querySelectorAll('.reasons > li').length])")
        self.assertEqual(sorted(shown), sorted([name, verdict["verdict"], len(verdict["reasons"])]
                                               for name, verdict in verdicts.items()))
        groups = collections.Counter(str(verdict["iommu_group"]["number"]) for verdict in verdicts.values() if "iommu_group" in verdict)
        boxes = self.ask("[...document.querySelectorAll('#boxes > .group')].map((each) => "
                         "[each.querySelector('h3').firstChild.data, each.querySelectorAll('.members > li').length])")
        self.assertEqual({title.replace("Group ", ""): count for title, count in boxes if title != "In no group"}, groups)

    def check_functions(self, inventory):
        by_address = {facts["pci"]["address"]: name for name, facts in inventory.items() if "pci" in facts}
        expected = {name: [] for name, facts in inventory.items() if facts.get("sriov", {}).get("role") == "physical"}
        for name, facts in inventory.items():
            if facts.get("sriov", {}).get("role") == "virtual":
                expected[by_address[facts["sriov"]["physical_function"]]].append(name)
        shown = self.ask("[...document.querySelectorAll('#functions > .physical')].map((each) => "
                         "[...each.querySelectorAll('a')].map((link) => link.hash.slice(8)))")
        self.assertEqual({names[0]: sorted(names[1:]) for names in shown},
                         {name: sorted(functions) for name, functions in expected.items()})


def _machine_test(machine, scheme):
    return lambda self: self.check_machine(machine, scheme)


for _number, _machine in enumerate(kit.machine_names()):
    setattr(Machines, "test_" + _machine, _machine_test(_machine, ("light", "dark")[_number % 2]))


class Filter(Shown):
    def test_finds(self):
        uri = recorded("sriov")
        self.show(uri)
        devices = json.loads(tool(uri, "list", "--json", "--all"))
        inventory = json.loads(tool(uri, "inventory"))
        pci = {device["name"]: device["capability"]["pci"] for device in devices if "pci" in device["capability"]}

        def bound_to(driver):
            return [device["name"] for device in devices if device.get("driver", {}).get("name") == driver]

        for words, expected in (
                ("block_vda_labroot", ["block_vda_labroot"]),  # a name
                ("labsatadisk", [d["name"] for d in devices if "LABSATADISK" in json.dumps([d, inventory[d["name"]]])]),
                ("52:54:00:00:01:01", ["net_enp1s0_52_54_00_00_01_01"]),  # a hardware address
                ("8086:10c9", [n for n, p in pci.items() if (p["vendor"]["id"], p["product"]["id"]) == (0x8086, 0x10c9)]),
                ("driver:igbvf", bound_to("igbvf")), ("DRIVER:IGBVF  virtual  82576", bound_to("igbvf")),
                ("kind:vdpa", [d["name"] for d in devices if "vdpa" in d["capability"]]),
                ("group:32", [n for n, p in pci.items() if p.get("iommuGroup", {}).get("number") == 32]),
                ("verdict:yes 82576", ["pci_0000_01_00_0"] + bound_to("igbvf")),
                ("no-such-thing", []), ("driver:igb no-such-thing", [])):
            self.assertEqual(sorted(self.filter(words)), sorted(expected), words)
            self.assertTrue(expected or "no-such" in words, words)
            self.assertEqual(self.ask("shown.textContent"), "%d of %d devices" % (len(expected), len(devices)))
        self.assertEqual(len(self.filter("")), len(devices))
        # A kind, and words besides.
        self.ask("document.querySelector('#kinds [data-kind=storage]').click()")
        storage = [device["name"] for device in devices if "storage" in device["capability"]]
        self.assertEqual(self.rows(), storage)
        self.assertEqual(self.ask("document.querySelectorAll('#kinds [aria-pressed=true]').length"), 1)
        self.assertEqual(self.filter("vda"), ["block_vda_labroot"])
        # A driver's name shows what is bound to it.
        self.ask("[...bound.querySelectorAll('tbody th a')].find((link) => link.textContent == 'e1000e').click()")
        self.assertEqual(self.rows(), bound_to("e1000e"))

    def test_sorts(self):
        self.show(recorded("sriov"))
        names = self.rows()
        for presses, sort in ((1, "ascending"), (2, "descending")):
            self.ask("document.querySelectorAll('#table thead button')[6].click()")
            self.assertEqual(self.ask("document.querySelectorAll('#table thead th')[6].ariaSort"), sort)
            groups = self.ask("[...document.querySelectorAll('#table tbody tr')].map((row) => row.cells[6].textContent)")
            numbers = [int(group) for group in groups if group]
            self.assertEqual(numbers, sorted(numbers, reverse=sort == "descending"))
            self.assertEqual(groups[len(numbers):], [""] * (len(groups) - len(numbers)))
            self.assertEqual(sorted(self.rows()), sorted(names))

    def test_many_devices(self):
        """5,187 of them: opening, filtering and details take no second of a processor each."""
        tree = kit.extract(GROWN)
        kit.checked(sys.executable, os.path.join(kit.ROOT, "benches", "grow.py"), tree, str(MORE))
        path = report("nodedev:///embed?root=" + tree)
        self.page.call("Performance.enable", timeDomain="threadTicks")

        def spent():
            return {each["name"]: each["value"] for each in self.page.call("Performance.getMetrics")["metrics"]}["TaskDuration"]

        self.page.open(path)
        # The browser gives the page a process of its own, whose count begins with it.
        taken = [spent()]
        self.assertEqual(self.ask("shown.textContent"), "5,187 devices")
        for words, count in (("g", None), ("g42", 112), ("nosuch", 0), ("", 5187)):
            before = spent()
            self.ask("(words.value = '%s', words.dispatchEvent(new Event('input')))" % words)
            self.page.drawn()
            taken.append(spent() - before)
            if count is not None:
                self.assertEqual(int(self.ask("shown.textContent").split()[0].replace(",", "")), count)
        before = spent()
        self.details("net_g4299_52_55_00_00_10_cb")
        taken.append(spent() - before)
        self.assertLess(max(taken), MOST)
        self.assertGreater(min(taken), 0)
        self.note = "seconds: " + " ".join("%.2f" % each for each in taken)
        self.assertEqual(len(self.rows()), 5187)


class Hostile(Shown):
    """Text of devices is text."""

    def check_harmless(self):
        self.assertIsNone(self.ask("window.harmed ?? null"))
        # The page's elements are its own.
        self.assertEqual(self.ask("document.scripts.length"), 7)
        self.assertEqual(self.ask("document.querySelectorAll('img, iframe, object, embed, b').length"), 0)
        self.assertEqual(self.ask("[...document.querySelectorAll('a')].every((link) => link.getAttribute('href').startsWith('#'))"), True)

    def test_names(self):
        path = os.path.join(kit.temp(), "hostile.xml")
        with open(path, "w") as f:
            f.write(HOSTILE)
        uri = "test://" + path
        self.show(uri)
        devices = json.loads(tool(uri, "list", "--json", "--all"))
        names = [device["name"] for device in devices]
        self.assertEqual(len(names), 4)
        self.assertEqual(self.rows(), names)
        self.assertEqual(self.texts("#table tbody th a"), names)
        self.ask(OPEN_ALL)
        for name in names:
            xml, laid_out = self.details(name)
            self.assertEqual(xml, tool(uri, "dumpxml", name))
            self.assertEqual(laid_out + "\n", tool(uri, "dumpjson", name))
        self.ask("location.hash = '#device/%E0%A4%A'")
        self.page.drawn()
        self.assertEqual(self.texts("dialog[open]"), [])
        self.check_harmless()

    def test_attributes(self):
        """Every attribute of a machine is markup: models, serial numbers, drivers."""
        archive = os.path.join(kit.temp(), "hostile.tar.gz")
        records.load(os.path.join(kit.ROOT, "tests", "inventory", "machine.txt")).write(archive)
        tree = os.path.join(kit.temp(), "hostile")
        shutil.copytree(kit.extract(archive), tree, symlinks=True)
        for folder, _, files in os.walk(os.path.join(tree, "sys")):
            for name in files:
                path = os.path.join(folder, name)
                if name in ("model", "vendor", "serial", "manufacturer", "product", "label", "modalias", "wwid") and not os.path.islink(path):
                    with open(path, "w") as f:
                        f.write(MARKUP + "\n")
        for folder, _, files in os.walk(os.path.join(tree, "run")):
            for name in files:
                with open(os.path.join(folder, name), "a") as f:
                    f.write("".join("E:%s=%s\n" % (key, MARKUP) for key in ("ID_MODEL", "ID_VENDOR", "ID_SERIAL", "ID_WWN")))
        uri = "nodedev:///embed?root=" + tree
        self.show(uri)
        inventory = json.loads(tool(uri, "inventory"))
        told = {name for name, parts in inventory.items() if "harmed" in json.dumps(parts)}
        self.assertGreaterEqual(len(told), 3)
        self.assertLessEqual(told, set(self.filter("window.harmed=1")))
        self.ask("(words.value = '', words.dispatchEvent(new Event('input')))")
        self.ask(OPEN_ALL)
        for name in told:
            xml, _ = self.details(name)
            self.assertEqual(xml, tool(uri, "dumpxml", name))
            text = self.ask("document.querySelector('#inventory pre').textContent")
            self.assertEqual(json.loads(text), inventory[name])
        self.check_harmless()

    def test_no_script_but_the_pages_own(self):
        self.show("test:///default")
        self.ask("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.harmed=1><a href=javascript:harmed=1>x</a>')")
        self.ask("document.body.appendChild(document.createElement('script')).textContent = 'window.harmed = 1'")
        self.ask("document.body.lastChild.previousSibling.click()")
        self.page.drawn()
        self.assertIsNone(self.ask("window.harmed ?? null"))
        self.assertTrue(all("Content Security Policy" in error for error in self.page.errors), self.page.errors)
        self.assertGreater(len(self.page.errors), 2)
        self.page.errors.clear()

    def test_nothing_that_makes_markup(self):
        for name in os.listdir(SOURCES):
            if name.endswith(".js"):
                self.assertIsNone(re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|\bFunction\(|https?:",
                                            kit.read(os.path.join(SOURCES, name))), name)


if __name__ == "__main__":
    unittest.main()
