# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Programs and bindings that a distribution built for libvirt, unchanged, on this library: Python, Perl, C,
virt-manager's virtinst, libvirt-dbus and libvirt-glib. (virsh: test_virsh.)

The clients are in tests/clients and c-tests. They run on recorded machines under virnodedev-run and print what
they see; what they have to see is what libvirt 12.8.0 said of those machines.
"""
import ast
import importlib
import json
import os
import re
import shlex
import unittest
from xml.etree import ElementTree

import compare
import cprograms
import foreign
import kit

REPLAY = os.path.join(kit.SCRIPTS, "replay")
RUN = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
COMPAT = os.path.join(kit.LIBDIR, "virnodedev", "compat")
CLIENTS = os.path.join(kit.ROOT, "tests", "clients")
PYTHON = foreign.PYTHON
MACHINE = "mdev"
NIC = "net_enp129s0_52_54_00_00_04_01"
EVENTS = ["lifecycle %s DELETED" % NIC, "lifecycle %s CREATED" % NIC, "update %s" % NIC]


def client(name):
    return os.path.join(CLIENTS, name)


def libvirt_flags(*packages):
    """How a program is built for libvirt itself, with the distribution's headers and library."""
    for package in packages:
        foreign.need_module(package)
    return shlex.split(kit.checked("pkg-config", "--cflags", "--libs", *packages, env=foreign.own_environment()).stdout)


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = os.path.join(kit.MACHINES, MACHINE)
        cls.exceptions = compare.Exceptions(MACHINE, "replay")
        with open(os.path.join(folder, "api.json")) as f:
            cls.api = json.load(f)
        cls.xml = dict(kit.documents(kit.read(os.path.join(folder, "devices.xml"))))

    def environment(self):
        return kit.environment()

    def replayed(self, *command):
        """What a command prints on the recorded machine; its standard error is passed to the log."""
        done = kit.run(REPLAY, kit.machine_archive(MACHINE), *command, env=self.environment())
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: " + done.stderr.strip())
        kit.details("clients/%s.txt" % self.id(), done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout

    def seen(self, *command):
        return self.replayed(RUN, *command)

    def told(self, *command):
        """What it prints while an interface goes, comes and changes."""
        return self.replayed(PYTHON, client("hotplug.py"), RUN, *command).splitlines()

    def same_documents(self, got, canonical=False):
        """{name: XML} is what libvirt printed."""
        self.assertEqual(set(got), set(self.xml))
        form = ElementTree.canonicalize if canonical else str
        options = {"strip_text": True} if canonical else {}
        wrong = [name for name in got if form(self.exceptions.without(name, got[name]), **options)
                 != form(self.exceptions.without(name, self.xml[name]), **options)]
        self.assertEqual(wrong, [])
        self.note = "%d devices" % len(got)

    def our_libraries(self, paths):
        """No library of libvirt's is among them, and ours is there once."""
        theirs = [path for path in paths if re.search(r"/libvirt[\w-]*\.so", path) and not path.startswith(COMPAT)]
        self.assertEqual(theirs, [])
        self.assertIn(os.path.join(COMPAT, "libvirt.so.0"), paths)
        self.assertEqual(len([path for path in paths if "/libvirnodedev.so" in path]), 1)


class Python(Client):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        foreign.need_bindings("libvirt")

    def test_devices(self):
        got = json.loads(self.seen(PYTHON, client("python_libvirt.py"), "devices", "nodedev:///system"))
        self.same_documents(got["xml"])
        for name, device in got["devices"].items():
            want = self.api["devices"][name]
            self.assertEqual({field: want[field] for field in device}, device, name)
        flags = dict(self.api["flags"], **self.api["caps_flags"])
        lists = dict(self.api["by_state"], **self.api["by_flag"])
        for word, flag in flags.items():
            if str(flag) in got["flags"] and word in lists:
                self.assertEqual(set(got["flags"][str(flag)]), set(lists[word]), word)
        self.assertGreater(len(got["flags"]), 20)
        for cap in ("pci", "net", "mdev"):
            self.assertEqual(set(got["by_name"][cap]), set(self.api["by_name"][cap]))
        self.assertEqual(got["number"], self.api["numOfDevices"])
        self.assertEqual(got["version"], [12008000, 12008000, "nodedev", 1])
        self.our_libraries(got["libraries"])

        unsupported = "this function is not supported by the connection driver: "
        errors = got["errors"]
        self.assertEqual(errors.pop("lookup"),
                         [53, 22, "Node device not found: no node device with matching name 'nosuch'"])
        self.assertEqual(errors.pop("flags"),
                         [8, 22, "unsupported flags (0x8000000) in function nodeConnectListAllNodeDevices"])
        self.assertEqual(errors.pop("open"), [5, 0, "no connection driver available for bogus:///"])
        self.assertEqual(errors.pop("destroy")[:2], [67, 22])
        self.assertEqual(errors, {name: [3, 20, unsupported + function] for name, function in {
            "domain": "virDomainLookupByName", "define": "virDomainDefineXML", "security": "virNodeGetSecurityModel",
            "stats": "virConnectGetAllDomainStats", "stream": "virStreamNew",
            "unsupported qemu": "virDomainQemuAttach"}.items()})
        self.assertEqual(got["empty"], [[]] * 13)
        self.assertEqual(got["numbers"], [0] * 4)
        self.assertTrue(all(number > 0 for number in got["registrations"]))

    def test_events(self):
        self.assertEqual(self.told(PYTHON, client("python_libvirt.py"), "events", "nodedev:///system"), EVENTS)

    def test_beside_our_own_bindings(self):
        """libvirt's module and the library itself, by ctypes, in one process share their errors and handles."""
        script = ("import ctypes, libvirt\n"
                  "conn = libvirt.open('test:///default')\n"
                  "own = ctypes.CDLL('libvirnodedev.so.0')\n"
                  "own.virGetLastErrorMessage.restype = ctypes.c_char_p\n"
                  "libvirt.registerErrorHandler(lambda *_: None, None)\n"
                  "try:\n    conn.nodeDeviceLookupByName('nosuch')\nexcept libvirt.libvirtError:\n    pass\n"
                  "print(own.virGetLastErrorCode(), own.virGetLastErrorMessage().decode())\n"
                  "print(len({line.split()[-1] for line in open('/proc/self/maps') if 'libvirnodedev.so' in line}))\n")
        done = kit.run(RUN, PYTHON, "-c", script, env=self.environment())
        self.assertEqual((done.stdout, done.stderr), (
            "53 Node device not found: no node device with matching name 'nosuch'\n1\n", ""))


class Perl(Client):
    def test_devices(self):
        foreign.need("Perl's Sys::Virt", kit.run("perl", "-e", "use Sys::Virt").returncode == 0)
        out = self.seen("perl", client("sys_virt.pl"), "nodedev:///system")
        documents, rest = out[:out.rindex("</device>\n") + len("</device>\n")], out[out.rindex("</device>\n") + 10:]
        self.same_documents(dict(kit.documents(documents)))
        lines = rest.splitlines()
        self.assertEqual(lines[:3], ["53 Node device not found: no node device with matching name 'nosuch'",
                                     "3 this function is not supported by the connection driver: virDomainLookupByName",
                                     "domains and networks: 0"])
        self.our_libraries(lines[3:])


class Virtinst(Client):
    def environment(self):
        return foreign.environment(PYTHONDONTWRITEBYTECODE="1")

    def test_devices(self):
        """virt-manager parses every document, and finds in it what the document says."""
        virtinst = foreign.need("virtinst", foreign.find("/usr/share/virt-manager/virtinst"))
        for name in ("libvirt", "libxml2", "requests", "gi"):
            foreign.need_bindings(name)
        got = json.loads(self.seen(PYTHON, client("virtinst_devices.py"), os.path.dirname(virtinst), "nodedev:///system"))
        kinds = {}
        for name, device in got.items():
            xml = ElementTree.fromstring(self.xml[name])
            self.assertEqual((device["type"], device["parent"]),
                             (xml.find("capability").get("type"), xml.findtext("parent")), name)
            self.assertEqual(device["nodes"], [node.text for node in xml.findall("devnode")], name)
            kinds[device["type"]] = kinds.get(device["type"], 0) + 1
            if device["type"] == "pci":
                bridge = xml.find("capability/capability[@type='pci-bridge']") is not None
                self.assertEqual(device["is_pci_bridge"], bridge, name)
                address = ElementTree.fromstring(device["hostdev"]).find("source/address")
                for word in ("domain", "bus", "slot", "function"):
                    self.assertEqual(int(address.get(word), 0), int(xml.findtext("capability/" + word)), name)
        self.assertEqual(set(got), set(self.xml))
        self.assertGreater(len(kinds), 12)
        self.note = "%d devices of %d kinds" % (len(got), len(kinds))


class Dbus(Client):
    """libvirt-dbus, which the session bus itself starts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        program = foreign.need("libvirt-dbus", foreign.find("/usr/sbin/libvirt-dbus"))
        foreign.need("dbus-run-session", foreign.program("dbus-run-session"))
        foreign.need_bindings("gi")
        # The bus's own words for where a service is; the program may not be where its package would have it.
        cls.data = os.path.join(kit.temp(), "dbus")
        os.makedirs(os.path.join(cls.data, "dbus-1", "services"))
        with open(os.path.join(cls.data, "dbus-1", "services", "org.libvirt.service"), "w") as f:
            f.write("[D-BUS Service]\nName=org.libvirt\nExec=\"%s\" --session\n" % program)
        cls.interfaces = os.path.join(os.path.dirname(os.path.dirname(program)), "share", "dbus-1", "interfaces")

    def environment(self):
        return foreign.environment(XDG_DATA_DIRS=self.data, VIRT_DBUS_INTERFACES_DIR=self.interfaces)

    def test_devices(self):
        got = json.loads(self.seen("dbus-run-session", "--", PYTHON, client("dbus_client.py"), "devices"))
        self.same_documents({name: device["xml"] for name, device in got["devices"].items()})
        for name, device in got["devices"].items():
            want = self.api["devices"][name]
            self.assertEqual((device["parent"], device["caps"]), (want["parent"], want["caps"]), name)
        self.assertEqual((got["domains"], got["networks"], got["version"]), ([], [], 12008000))
        prefix = "GDBus.Error:org.libvirt.Error: "
        self.assertEqual(got["errors"], [
            prefix + "Node device not found: no node device with matching name 'nosuch'",
            prefix + "this function is not supported by the connection driver: virDomainLookupByName"])

    def test_events(self):
        told = self.told("dbus-run-session", "--", PYTHON, client("dbus_client.py"), "events")
        escaped = "/org/libvirt/QEMU/nodedev/" + NIC.replace("_", "_5f")
        self.assertEqual([(line.split()[0], *ast.literal_eval(line.partition(" ")[2])) for line in told],
                         [("NodeDeviceEvent", escaped, kind, 0) for kind in (1, 0)])


class Glib(Client):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cprograms.compile_c("glib_client",
                                          *libvirt_flags("libvirt-gobject-1.0", "libvirt-glib-1.0", "libvirt"))

    def test_devices(self):
        """libvirt-gobject reads the documents and writes them again."""
        out = self.seen(self.program, "devices", "qemu:///system")
        documents = re.findall(r"^<device>$.*?^</device>$", out, re.M | re.S)
        # The exceptions look for libvirt's kind of quotes.
        self.same_documents({ElementTree.fromstring(d).findtext("name"): d.replace('"', "'") for d in documents},
                            canonical=True)

    def test_events(self):
        self.assertEqual(self.told(self.program, "events", "nodedev:///system"), EVENTS)


class Documents(unittest.TestCase):
    def test_commands_in_the_documents(self):
        """Commands that the guide and the manual page print do what they say, on this host."""
        env = kit.environment(PATH="%s:%s" % (os.path.join(kit.PREFIX, "bin"), os.path.dirname(PYTHON)))
        guide = re.findall(r"^    (virnodedev-run .*)$", kit.read(os.path.join(kit.ROOT, "docs", "drop-in.md")), re.M)
        page = kit.read(os.path.join(kit.ROOT, "man", "virnodedev-run.1")).replace("\\", "")
        foreign.need("virsh", foreign.program("virsh"))
        foreign.need_bindings("libvirt")
        examples = page.partition(".SH EXAMPLES\n.nf\n")[2].partition("\n.fi\n")[0].splitlines()
        self.assertGreater(min(len(guide), len(examples)), 1)
        for command in guide + examples:
            with self.subTest(command):
                done = kit.run("sh", "-c", command, env=env)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout or command.startswith("eval "))


    def test_table(self):
        """README names the programs of the guide's table, and each row the tests that run them."""
        readme = " ".join(kit.read(os.path.join(kit.ROOT, "README.md")).split())
        named = re.search(r"run unchanged, without a daemon: (.*?)\. Connections", readme)[1].split(", ")
        guide = kit.read(os.path.join(kit.ROOT, "docs", "drop-in.md"))
        rows = [re.split(r" *\| *", row.strip("| ")) for row in re.findall(r"^\|.*$", guide.partition("## What was run\n")[2], re.M)]
        self.assertEqual(rows[0], ["client", "version", "what was run", "by the test", "result"])
        self.assertEqual([row[0] for row in rows[2:]], named)
        for row in rows[2:]:
            self.assertEqual(len(row), 5, row)
            module, _, name = row[3].strip("`").partition(".")
            case = getattr(importlib.import_module(module), name)
            self.assertTrue(unittest.defaultTestLoader.getTestCaseNames(case), row)


class C(Client):
    def test_program_of_libvirts_headers(self):
        """Built for libvirt, with libvirt's headers and library; not built again."""
        program = cprograms.compile_c("libvirt_client", *libvirt_flags("libvirt"), output="debian_client")
        needed = kit.checked("readelf", "-d", program).stdout
        self.assertIn("[libvirt.so.0]", needed)
        self.assertNotIn("virnodedev", needed)
        out = self.seen(program, "nodedev:///system")
        wanted = {name for flag in ("system", "pci_dev", "scsi_host", "net") for name in self.api["by_flag"][flag]}
        self.assertEqual({line.split()[0] for line in out.splitlines()}, wanted)
        self.note = "%d devices" % len(wanted)

    def test_handles_of_the_other_library(self):
        flags = [f for f in cprograms.package_flags("--cflags", "virnodedev") if not f.startswith("-Wl")]
        program = cprograms.compile_c("foreign", *flags, "-ldl")
        foreign.need_module("libvirt")
        folder = kit.checked("pkg-config", "--variable=libdir", "libvirt", env=foreign.own_environment()).stdout.strip()
        done = kit.run(RUN, program, os.path.join(folder, "libvirt.so.0"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
