# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""No device is woken: what sleeps keeps its `config` and `vpd` closed, and is described all the same.

The machine is tests/handmade/asleep; devices.xml is what it says while its functions sleep, awake.xml when
they are awake. strace tells which files were opened. The awake function shows that it would have told.
"""
import json
import os
import re
import shutil
import unittest

import kit
import records
from test_handmade import HANDMADE, NAMES, archive
from test_json import Source, differences

MACHINE = os.path.join(HANDMADE, "asleep")
CAP_VPD = 1 << 21  # VIR_CONNECT_LIST_NODE_DEVICES_CAP_VPD

AWAKE = {"0000:00:01.0"}
ASLEEP = {"0000:00:02.0", "0000:02:00.0", "0000:00:03.0", "0000:01:00.0", "0000:00:04.0", "0000:00:05.0"}
# The link's width is in configuration space: not for a function in D3cold, nor behind a bridge that is suspended.
NO_WIDTH = {"0000:02:00.0", "0000:00:03.0"}
# Attributes for which some kernel goes to the device (drivers/pci/pci-sysfs.c, vpd.c).
WAKING = {"config", "vpd", "rom", "current_link_speed", "current_link_width", "max_link_width",
          "secondary_bus_number", "subordinate_bus_number"}


def expected(file):
    return dict(kit.documents(kit.read(os.path.join(MACHINE, file))))


class Watched(unittest.TestCase):
    """Every call that reads, under strace."""

    def opened(self, *command):
        """{PCI function: names of its files that were opened} while the command ran."""
        log = os.path.join(kit.temp(), "asleep-" + self.id().split(".")[-1])
        strace = ["strace", "-f", "-e", "trace=open,openat,openat2", "-o", log]
        place = command.index("COMMAND")
        done = kit.run(*command[:place], *strace, *command[place + 1:],
                       env=dict(kit.environment(), VIRNODEDEV_PCI_IDS=NAMES))
        if done.returncode == kit.SKIPPED or "PTRACE" in done.stderr:
            self.skipTest("no privilege: " + done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {}
        for path, how in re.findall(r'open(?:at2?)?\((?:[^"\n]*, )?"([^"\n]+)", (.*)', kit.read(log)):
            function = re.search(r"([0-9a-f:]{10}\.[0-7])/([\w.]+)$", path)
            # O_PATH looks at the folder's entry, not at the file.
            if function and "O_PATH" not in how:
                found.setdefault(function[1], set()).add(function[2])
        return found

    def check(self, found):
        for function in ASLEEP:
            self.assertIn("vendor", found[function])  # it was described
            allowed = {"max_link_width"} - ({"max_link_width"} if function in NO_WIDTH else set())
            self.assertEqual(found[function] & WAKING - allowed, set(), function)
        for function in AWAKE:
            self.assertTrue({"config", "vpd"} <= found[function])

    def commands(self, uri):
        """Each reading call on each device, and the whole host in one call in either form."""
        out = kit.folder_for_nobody("asleep-out")
        tool = os.path.join(kit.PREFIX, "bin", "nodedev")
        return [(os.path.join(kit.BIN, "dump"), uri, out), (tool, "-c", uri, "dumpxml", "--all"),
                (tool, "-c", uri, "list", "--json"), (tool, "-c", uri, "list", "--cap", "vpd,mdev_types")]

    def test_recording(self):
        uri = "nodedev:///embed?root=" + kit.extract(archive("asleep"))
        for command in self.commands(uri)[:3]:
            self.check(self.opened("COMMAND", *command))

    def test_replay(self):
        """The live source: the recording is /sys."""
        replay = (os.path.join(kit.SCRIPTS, "replay"), archive("asleep"))
        for command in self.commands("nodedev:///system")[:3]:
            self.check(self.opened(*replay, "COMMAND", *command))

    def test_list_by_capability(self):
        """Whether a sleeping function has vital product data is not found out either."""
        uri = "nodedev:///embed?root=" + kit.extract(archive("asleep"))
        found = self.opened("COMMAND", *self.commands(uri)[3])
        self.assertIn("vpd", found["0000:00:01.0"])
        for function in ASLEEP:
            self.assertEqual(found.get(function, set()) & WAKING, set(), function)


class Waking(unittest.TestCase):
    """A function wakes without a uevent, and all is there; it falls asleep again, and all stays."""

    def setUp(self):
        self.root = os.path.join(kit.temp(), "waking")
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(kit.extract(archive("asleep")), self.root, symlinks=True)
        self.source = Source("nodedev:///embed?root=" + self.root)
        self.addCleanup(self.source.close)

    def put(self, function, name, text):
        for folder, _, _ in os.walk(os.path.join(self.root, "sys", "devices")):
            if folder.endswith("/" + function):
                with open(os.path.join(folder, name), "w") as f:
                    f.write(text + "\n")
                return
        self.fail("no " + function)

    def wake(self):
        for function in ASLEEP:
            self.put(function, "power/runtime_status", "active")
            self.put(function, "power_state", "D0")

    def xml(self):
        found = {}
        for device in self.source.all_json():
            text, xml = self.source.one(device["name"])
            self.assertEqual(differences(xml, json.loads(text)), [])
            found[device["name"]] = re.sub(r"(<(product|vendor) id='0x\w+')>.*</\2>", r"\1/>", xml)
        return found

    def test_full_data_when_awake(self):
        asleep, awake = expected("devices.xml"), expected("awake.xml")
        self.assertEqual(self.xml(), asleep)
        self.assertEqual([d["name"] for d in self.source.all_json(CAP_VPD)], ["pci_0000_00_01_0"])
        self.wake()
        self.assertEqual(self.xml(), awake)
        self.assertEqual(len(self.source.all_json(CAP_VPD)), 4)
        # Asleep again: what was read once is kept, and nothing is read again.
        for function in ASLEEP:
            self.put(function, "power/runtime_status", "suspended")
            self.put(function, "config", "")
            self.put(function, "vpd", "")
        self.assertEqual(self.xml(), awake)

    def test_one_at_a_time(self):
        awake = expected("awake.xml")
        self.xml()
        self.put("0000:00:03.0", "power_state", "D0")
        xml = self.xml()
        self.assertEqual(xml, dict(expected("devices.xml"), pci_0000_00_03_0=awake["pci_0000_00_03_0"]))

    def test_words_that_are_not_sleep(self):
        """Only "suspended" and "D3cold" are (Documentation/power/pci.rst, PM_EVENT states)."""
        for status, state in (("active", "unknown"), ("unsupported", "D3hot"), ("resuming", "D1"), ("error", "D0")):
            for function in ASLEEP:
                self.put(function, "power/runtime_status", status)
                self.put(function, "power_state", state)
            source = Source("nodedev:///embed?root=" + self.root)
            names = {d["name"] for d in source.all_json(CAP_VPD)}
            source.close()
            self.assertEqual(len(names), 4, (status, state))

    def test_expectations_differ(self):
        """Sleep makes a difference for these of the functions."""
        asleep, awake = expected("devices.xml"), expected("awake.xml")
        self.assertEqual({name for name in awake if awake[name] != asleep[name]},
                         {"pci_0000_00_02_0", "pci_0000_02_00_0", "pci_0000_00_03_0", "pci_0000_01_00_0"})
        self.assertEqual(len(records.load(os.path.join(MACHINE, "machine.txt")).folders), len(AWAKE | ASLEEP))
