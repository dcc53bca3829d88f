# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The machine at hand: what must hold for any devices, whatever they are."""
import ctypes
import os
import re
import unittest
import xml.etree.ElementTree as ElementTree

import kit
import vnd
from test_recordings import check_schema
from vnd import lib


class Host(unittest.TestCase):
    """The real /sys, read by the user who runs the tests."""

    @classmethod
    def setUpClass(cls):
        vnd.silence()
        cls.conn = lib.virConnectOpen(b"nodedev:///system")
        assert cls.conn, vnd.last_error()
        n, handles = vnd.all_devices(cls.conn)
        assert n > 0, vnd.last_error()
        cls.devices, cls.gone = {}, []
        for handle in handles:
            name = lib.virNodeDeviceGetName(handle).decode()
            text = vnd.owned(lib.virNodeDeviceGetXMLDesc(handle, 0))
            parent = lib.virNodeDeviceGetParent(handle)
            # A device may go away between two calls; then it is code 53 and nothing else.
            if text is None or (parent is None and name != "computer"):
                assert vnd.last_error()["code"] == 53, vnd.last_error()
                cls.gone.append(name)
            else:
                cls.devices[name] = (text, parent and parent.decode())
            lib.virNodeDeviceFree(handle)

    @classmethod
    def tearDownClass(cls):
        assert lib.virConnectClose(cls.conn) == 0

    def test_devices(self):
        self.assertIn("computer", self.devices)
        self.note = "%d devices, %d gone meanwhile" % (len(self.devices), len(self.gone))
        for name in self.devices:
            self.assertRegex(name, r"\A[A-Za-z0-9_]+\Z")

    def test_look_up(self):
        for name in self.devices:
            handle = lib.virNodeDeviceLookupByName(self.conn, name.encode())
            if not handle:
                self.assertEqual(vnd.last_error()["code"], 53, name)
                continue
            self.assertEqual(lib.virNodeDeviceGetName(handle).decode(), name)
            lib.virNodeDeviceFree(handle)

    def test_parents_are_listed(self):
        for name, (_, parent) in self.devices.items():
            if name != "computer":
                self.assertTrue(parent in self.devices or parent in self.gone, "%s below %s" % (name, parent))

    def test_xml_parses_and_agrees(self):
        for name, (text, parent) in self.devices.items():
            root = ElementTree.fromstring(text)
            self.assertEqual((root.tag, root.findtext("name"), root.findtext("parent")), ("device", name, parent))
            self.assertEqual(len(root.findall("capability")), 1)
            path = root.findtext("path")
            if path is not None:
                self.assertTrue(os.path.isdir(path) or name in self.gone, path)

    def test_capability_lists_agree_with_xml(self):
        flags = {"system": 1 << 0, "pci": 1 << 1, "usb_device": 1 << 2, "usb": 1 << 3, "net": 1 << 4,
                 "scsi_host": 1 << 5, "scsi_target": 1 << 6, "scsi": 1 << 7, "storage": 1 << 8,
                 "scsi_generic": 1 << 11, "drm": 1 << 12}
        for kind, flag in flags.items():
            expected = {name for name, (text, _) in self.devices.items()
                        if re.search(r"^  <capability type='%s'>" % kind, text, re.M)}
            _, handles = vnd.all_devices(self.conn, flag)
            got = {lib.virNodeDeviceGetName(h).decode() for h in handles}
            for handle in handles:
                lib.virNodeDeviceFree(handle)
            self.assertEqual(got - set(self.gone), expected, kind)

    def test_names_of_both_list_functions(self):
        n = lib.virNodeNumOfDevices(self.conn, None, 0)
        names = (ctypes.c_void_p * (n + 100))()
        n = lib.virNodeListDevices(self.conn, None, names, n + 100, 0)
        got = {vnd.owned(names[i]) for i in range(n)}
        self.assertLessEqual(set(self.devices), got | set(self.gone))

    def test_schema(self):
        path = os.path.join(kit.temp(), "host.xml")
        with open(path, "w") as f:
            f.write("".join(text for text, _ in self.devices.values()))
        check_schema(self, path)

    def test_every_pci_device_and_nic_of_sysfs(self):
        """Independent of the library: what sysfs lists plainly is there."""
        pci = ["pci_" + re.sub(r"\W", "_", n) for n in listed("/sys/bus/pci/devices")]
        self.assertEqual([n for n in pci if n not in self.devices and n not in self.gone], [])
        for interface in listed("/sys/class/net"):
            uevent = kit.read("/sys/class/net/%s/uevent" % interface)
            if "DEVTYPE=" not in uevent:
                address = kit.read("/sys/class/net/%s/address" % interface).strip()
                name = re.sub(r"[^A-Za-z0-9]", "_", "net_%s%s" % (interface, "_" + address if address else ""))
                self.assertIn(name, list(self.devices) + self.gone)


def listed(folder):
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


class Unprivileged(unittest.TestCase):
    def test_host_as_nobody(self):
        """Any user may list the host; what root alone can read is left out."""
        out = kit.folder_for_nobody("host-as-nobody")
        done = kit.run(os.path.join(kit.portable(), "dump"), "nodedev:///system", out,
                       env=kit.portable_environment(), **kit.as_nobody())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        names = [name for name, _ in kit.documents(kit.read(os.path.join(out, "devices.xml")))]
        self.assertEqual(names[0], "computer")
        self.note = "%d devices" % len(names)
