# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""virt-manager itself, under Xvfb: it connects, and its Add Hardware dialog offers the devices of a recorded machine.

What the dialog has to offer is what libvirt 12.8.0 printed of that machine: PCI functions but for bridges, USB devices but
for root hubs, mediated devices.
"""
import json
import os
import subprocess
import unittest
from xml.etree import ElementTree

import foreign
import kit
import rpc_raw

MACHINE = "mdev"
PROGRAM = "/usr/share/virt-manager/virtManager/virtmanager.py"
INSTALL = "apt-get install --no-install-recommends virt-manager xvfb dbus-daemon"


class VirtManager(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """`make check CLIENTS=1` brings the program where systemd is, which its packages depend on."""
        missing = [name for name, found in (("virt-manager", os.path.exists(PROGRAM)),
                                            ("Xvfb", foreign.program("Xvfb")),
                                            ("dbus-run-session", foreign.program("dbus-run-session"))) if not found]
        if missing:
            raise unittest.SkipTest("%s not here: %s" % (", ".join(missing), INSTALL))
        cls.server = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.server.wait)
        cls.addClassCleanup(cls.server.terminate)
        cls.addClassCleanup(cls.server.stdout.close)
        cls.display = ":" + cls.server.stdout.readline().strip()

    def test_add_hardware(self):
        """On this library under libvirt's name."""
        self.check(kit.environment(), "qemu:///system", os.path.join(kit.PREFIX, "bin", "virnodedev-run"))

    def test_by_a_pipe(self):
        """On libvirt's own library, which speaks with `nodedev rpc`."""
        self.check(foreign.own_environment(), "qemu+ext:///system?command=" + rpc_raw.command("nodedev:///system"))

    def check(self, env, uri, *runner):
        home = os.path.join(kit.temp(), "home")
        os.makedirs(home, exist_ok=True)
        env = dict(env, DISPLAY=self.display, HOME=home, XDG_CACHE_HOME=home, XDG_CONFIG_HOME=home, XDG_DATA_HOME=home,
                   GSETTINGS_BACKEND="memory", NO_AT_BRIDGE="1", PYTHONDONTWRITEBYTECODE="1")
        env.pop("XDG_RUNTIME_DIR", None)
        client = os.path.join(kit.ROOT, "tests", "clients", "virt_manager.py")
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive(MACHINE), "dbus-run-session", "--",
                       *runner, foreign.PYTHON, client, os.path.dirname(os.path.dirname(PROGRAM)), uri, env=env, timeout=300)
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: " + done.stderr.strip())
        kit.details("%s.txt" % self.id(), done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        got = json.loads(done.stdout.splitlines()[-1])

        machine = os.path.join(kit.MACHINES, MACHINE, "devices.xml")
        documents = {name: ElementTree.fromstring(xml) for name, xml in kit.documents(kit.read(machine))}
        self.assertEqual((got["devices"], got["there"]), (len(documents), len(documents)))
        self.assertEqual(got["arch"], os.uname().machine)
        self.assertEqual(got["info"][0], os.uname().machine)
        expected = {"pci": {}, "usb_device": {}, "mdev": {}}
        for name, xml in documents.items():
            kind = xml.find("capability").get("type")
            bridge = xml.find("capability/capability[@type='pci-bridge']") is not None
            ids = [part.get("id") for part in xml.findall("capability/vendor") + xml.findall("capability/product")]
            hub = ids in (["0x1d6b", "0x000%d" % version] for version in (1, 2, 3))
            if kind in expected and not bridge and not (kind == "usb_device" and hub):
                expected[kind][name] = xml.findtext("capability/product") or ""
        for kind, devices in expected.items():
            self.assertTrue(devices, kind)
            self.assertEqual(set(got["rows"][kind]), set(devices), kind)
            for name, product in devices.items():
                self.assertIn(product, got["rows"][kind][name])
        self.note = ", ".join("%d of %s" % (len(devices), kind) for kind, devices in expected.items())


if __name__ == "__main__":
    unittest.main()
