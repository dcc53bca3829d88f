# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The test driver: test:///default and test:///abs/file.xml, against what libvirt's own printed."""
import ctypes
import json
import os
import re
import select
import sys
import unittest

import compare
import kit
import vnd
from test_recordings import check_schema
from vnd import lib

EXPECTED = os.path.join(kit.DATA, "testdriver")
TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")


def dump(uri, name):
    out = kit.folder_for_nobody(name)
    kit.checked(os.path.join(kit.BIN, "dump"), uri, out)
    return out


class Default(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.got = dump("test:///default", "testdriver")

    def test_devices(self):
        """The same devices with the same XML."""
        found = compare.Comparison().add_documents(EXPECTED, self.got, compare.Exceptions("testdriver", "test"))
        self.assertEqual("".join(found.diffs), "")
        self.note = found.summary()

    def test_schema(self):
        check_schema(self, os.path.join(self.got, "devices.xml"))

    def test_states(self):
        """`virsh nodedev-info`: all active and persistent, autostart unknown (transcript.txt)."""
        with open(os.path.join(self.got, "api.json")) as f:
            devices = json.load(f)["devices"]
        self.assertEqual({(d["active"], d["persistent"], d["autostart"]) for d in devices.values()}, {(1, 1, -1)})
        self.assertEqual({n: d["parent"] for n, d in devices.items()},
                         {"computer": None, "scsi_host1": "computer", "scsi_host2": "computer",
                          "scsi_host11": "scsi_host1"})

    def test_transcript(self):
        """The reading commands of the recorded virsh session."""
        text = kit.read(os.path.join(EXPECTED, "transcript.txt"))
        sessions = re.findall(r"^\$ virsh -c test:///default (nodedev-(?:list|info).*)\n((?:.*\n)*?)\[rc=(\d)\]",
                              text, re.M)
        self.assertEqual(len(sessions), 8)
        for arguments, output, status in sessions:
            with self.subTest(arguments):
                done = kit.run(TOOL, "-c", "test:///default", *arguments.replace("nodedev-", "", 1).split())
                self.assertEqual((done.stdout.rstrip("\n"), str(done.returncode)), (output.rstrip("\n"), status))

    def test_order(self):
        self.assertEqual(compare.check_order(self.got), [])


class Ports(unittest.TestCase):
    """Virtual ports that come and go, as on libvirt's own test driver (ports.txt).

    There the new host has the number of scsi_host11, is not active and is always scsi_host12 below scsi_host1; here
    it is what a real host would make of it.
    """

    SESSION = kit.read(os.path.join(EXPECTED, "ports.txt"))

    def setUp(self):
        vnd.silence()
        self.conn = lib.virConnectOpen(b"test:///default")
        self.addCleanup(lib.virConnectClose, self.conn)

    def names(self, conn=None, flags=0):
        count, handles = vnd.all_devices(conn or self.conn, flags)
        names = [lib.virNodeDeviceGetName(handle).decode() for handle in handles]
        for handle in handles:
            lib.virNodeDeviceFree(handle)
        self.assertEqual(len(names), count)
        return names

    def create(self, xml, conn=None):
        """The device's name, or the error's code and text."""
        device = lib.virNodeDeviceCreateXML(conn or self.conn, xml.encode(), 0)
        if not device:
            return self.error()
        self.addCleanup(lib.virNodeDeviceFree, device)
        return lib.virNodeDeviceGetName(device).decode()

    def error(self):
        return "%(code)d %(message)s" % vnd.last_error()

    def with_device(self, name, call, conn=None):
        device = lib.virNodeDeviceLookupByName(conn or self.conn, name.encode())
        self.assertTrue(device, name)
        self.addCleanup(lib.virNodeDeviceFree, device)
        return call(device)

    def xml(self, name):
        return self.with_device(name, lambda device: vnd.owned(lib.virNodeDeviceGetXMLDesc(device, 0)))

    def session(self, file):
        """The XML of the session's file, what came of it and the errors."""
        xml = re.search(r"^--- %s\.xml\n(.*)\n" % file, self.SESSION, re.M)[1]
        part = re.search(r"^== nodedev-create %s\.xml;.*\n((?:(?!\[rc=).*\n)*)" % file, self.SESSION, re.M)[1]
        document = re.search(r"^<device>\n(?:  .*\n)*</device>\n", part, re.M)
        return xml, document and document[0], re.findall(r"^error: (.*)$", part, re.M)

    def test_created_port(self):
        for file, parent, fabric in (("ok", "scsi_host1", "4321"), ("noparent", "scsi_host1", "4321"),
                                     ("bywwn", "scsi_host1", "4321"), ("byfabric", "scsi_host2", "8765"),
                                     ("nowwn", "scsi_host1", "4321")):
            with self.subTest(file):
                xml, expected, _ = self.session(file)
                expected = expected.replace("<host>11<", "<host>12<").replace("<unique_id>10<", "<unique_id>11<")
                expected = expected.replace("scsi_host1<", parent + "<").replace("43214321", 2 * fabric)
                self.assertEqual(self.create(xml), "scsi_host12")
                generated = re.compile(r">5100000[0-9a-f]{9}<")
                self.assertEqual(generated.sub(">5100000*********<", self.xml("scsi_host12")),
                                 generated.sub(">5100000*********<", expected))
                order = ["computer", "scsi_host1", "scsi_host11", "scsi_host2"]
                order.insert(3 if parent == "scsi_host1" else 4, "scsi_host12")
                self.assertEqual(self.names(), order)
                self.assertEqual(self.with_device("scsi_host12", lib.virNodeDeviceIsActive), 1)
                self.assertEqual(self.with_device("scsi_host12", lib.virNodeDeviceIsPersistent), 0)
                self.assertEqual(self.with_device("scsi_host11", lib.virNodeDeviceIsPersistent), 1)
                self.assertEqual(self.with_device("scsi_host12", lib.virNodeDeviceDestroy), 0)
                self.assertEqual(self.names(), ["computer", "scsi_host1", "scsi_host11", "scsi_host2"])

    def test_errors(self):
        for file in ("notcapable", "computer", "nosuch", "nofc", "net", "mdev"):
            with self.subTest(file):
                xml, _, errors = self.session(file)
                self.assertEqual(self.create(xml), "1 " + errors[1])
        self.assertEqual(self.names(), ["computer", "scsi_host1", "scsi_host11", "scsi_host2"])
        self.assertEqual(self.with_device("computer", lib.virNodeDeviceDestroy), -1)
        self.assertEqual(self.error(), "1 internal error: Device is not a fibre channel HBA")

    def test_other_calls(self):
        """What the test driver does not have: the texts of the session."""
        calls = {"undefine": lambda device: lib.virNodeDeviceUndefine(device, 0),
                 "start": lambda device: lib.virNodeDeviceCreate(device, 0),
                 "autostart": lambda device: lib.virNodeDeviceSetAutostart(device, 1),
                 "detach": lib.virNodeDeviceDettach, "reattach": lib.virNodeDeviceReAttach,
                 "reset": lib.virNodeDeviceReset,
                 "update": lambda device: lib.virNodeDeviceUpdate(device, b"<device/>", 0)}
        for command, call in calls.items():
            expected = re.search(r"^== nodedev-%s scsi_host11.*\nerror: .*\nerror: (.*)$" % command, self.SESSION, re.M)[1]
            self.assertEqual(self.with_device("scsi_host11", call), -1, command)
            self.assertEqual(self.error(), "3 " + expected)
        self.assertFalse(lib.virNodeDeviceDefineXML(self.conn, self.session("ok")[0].encode(), 0))
        self.assertEqual(self.error(), "3 this function is not supported by the connection driver: "
                                       "virNodeDeviceDefineXML")
        readonly = lib.virConnectOpenReadOnly(b"test:///default")
        self.assertEqual(self.create(self.session("ok")[0], readonly),
                         "29 operation forbidden: read only access prevents virNodeDeviceCreateXML")
        lib.virConnectClose(readonly)

    def test_what_is_below_goes_too(self):
        xml = self.session("ok")[0]
        self.assertEqual([self.create(xml), self.create(xml)], ["scsi_host12", "scsi_host13"])
        gone = lib.virNodeDeviceLookupByName(self.conn, b"scsi_host13")
        self.assertEqual(self.with_device("scsi_host1", lib.virNodeDeviceDestroy), 0)
        self.assertEqual(self.names(), ["computer", "scsi_host2"])
        self.assertEqual(lib.virNodeDeviceDestroy(gone), -1)
        self.assertEqual(self.error(), "53 Node device not found: no node device with matching name 'scsi_host13'")
        lib.virNodeDeviceFree(gone)
        # The next number is that of the devices that are there, and another connection has its own devices.
        self.assertEqual(self.create(xml.replace("scsi_host1<", "scsi_host2<")), "scsi_host3")
        other = lib.virConnectOpen(b"test:///default")
        self.assertEqual(self.names(other), ["computer", "scsi_host1", "scsi_host11", "scsi_host2"])
        lib.virConnectClose(other)

    def test_events(self):
        """CREATED and DELETED, by the descriptor and by libvirt's loop; from a file as well."""
        told, late = [], []

        @ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)
        def on_timeout(_timer, _opaque):
            late.append(True)

        @ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
        def on_lifecycle(_conn, device, event, detail, _opaque):
            told.append((lib.virNodeDeviceGetName(device).decode(), event, detail))

        register = lib.virConnectNodeDeviceEventRegisterAny
        register.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_int] + [ctypes.c_void_p] * 3
        lib.vndConnectGetEventFD.argtypes = lib.vndConnectDispatchEvents.argtypes = [ctypes.c_void_p]
        lib.virEventAddTimeout.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 3
        path = os.path.join(kit.temp(), "ports.xml")
        with open(path, "w") as f:
            f.write("<node>%s</node>" % kit.read(os.path.join(EXPECTED, "devices.xml")))
        xml = self.session("ok")[0]
        for uri in ("test:///default", "test://" + path):
            for loop in (False, True):
                if loop:
                    self.assertEqual(lib.virEventRegisterDefaultImpl(), 0)
                conn = lib.virConnectOpen(uri.encode())
                fd = None if loop else lib.vndConnectGetEventFD(conn)
                callback = register(conn, None, 0, ctypes.cast(on_lifecycle, ctypes.c_void_p), None, None)
                self.assertGreaterEqual(callback, 0)

                def take():
                    if loop:
                        while not told and not late:
                            self.assertEqual(lib.virEventRunDefaultImpl(), 0)
                    else:
                        self.assertEqual(select.select([fd], [], [], 10)[0], [fd])
                        self.assertGreaterEqual(lib.vndConnectDispatchEvents(conn), 0)
                    found = list(told)
                    told.clear()
                    return found

                if loop:
                    timer = lib.virEventAddTimeout(10_000, ctypes.cast(on_timeout, ctypes.c_void_p), None, None)
                else:
                    self.assertEqual(select.select([fd], [], [], 0)[0], [])
                self.assertEqual(self.create(xml, conn), "scsi_host12")
                self.assertEqual(take(), [("scsi_host12", 0, 0)])
                self.assertEqual(self.with_device("scsi_host1", lib.virNodeDeviceDestroy, conn), 0)
                self.assertEqual(take(), [("scsi_host12", 1, 0), ("scsi_host11", 1, 0), ("scsi_host1", 1, 0)])
                if loop:
                    self.assertEqual(lib.virEventRemoveTimeout(timer), 0)
                self.assertEqual(lib.virConnectNodeDeviceEventDeregisterAny(conn, callback), 0)
                lib.virConnectClose(conn)


# Opens a connection; prints by how much the process grew at most (KiB), and the error.
MEMORY = """
import re, sys
sys.path[:0] = ["tests", "python"]
import vnd
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
before = peak()
conn = vnd.lib.virConnectOpen(sys.argv[1].encode())
print(peak() - before)
if not conn:
    print(vnd.lib.virGetLastErrorMessage().decode())
"""


class File(unittest.TestCase):
    """The <device> elements of a file of one's own."""

    NODE = """<?xml version="1.0"?>
<node>
  <domain type='test'><name>not ours</name></domain>
%s</node>
"""

    def node(self, text, name="node.xml"):
        path = os.path.join(kit.temp(), name)
        with open(path, "w") as f:
            f.write(text)
        return "test://" + path

    def test_devices_of_a_file(self):
        """What the file holds is what comes out: libvirt's own documents go in."""
        devices = kit.read(os.path.join(EXPECTED, "devices.xml"))
        got = dump(self.node(self.NODE % devices), "testdriver-file")
        self.assertEqual(dict(kit.documents(kit.read(os.path.join(got, "devices.xml")))),
                         dict(kit.documents(devices)))

    def test_every_kind(self):
        """A whole recorded machine in a file, and the same again from what came out."""
        for machine in ("synth", "base"):
            expected = dict(kit.documents(kit.read(os.path.join(kit.MACHINES, machine, "devices.xml"))))
            # The test driver's documents say nothing of a live device: no path, node or driver.
            bare = {name: re.sub(r"  <driver>\n.*\n  </driver>\n|  <(path|devnode)\b.*\n", "", text)
                    for name, text in expected.items()}
            with self.subTest(machine):
                got = dump(self.node(self.NODE % "".join(expected.values()), machine + ".xml"),
                           "testdriver-" + machine)
                found = dict(kit.documents(kit.read(os.path.join(got, "devices.xml"))))
                self.assertEqual(found.keys(), expected.keys())
                stripped = {name: re.sub(r"  <driver>\n.*\n  </driver>\n|  <(path|devnode)\b.*\n", "", text)
                            for name, text in found.items()}
                wrong = [name for name in bare if stripped[name] != bare[name]]
                kit.details("testdriver-%s.txt" % machine, "\n".join(
                    "--- libvirt\n%s--- ours\n%s" % (bare[n], stripped[n]) for n in wrong))
                self.assertEqual(wrong, [])

    def test_bad_files(self):
        """Each is an error at open, with a text, and never a crash."""
        bad = {
            "missing": None,
            "empty": "",
            "text": "hello",
            "unclosed": "<node><device><name>a</name>",
            "wrong root": "<domain/>",
            "device without capability": "<node><device><name>a</name></device></node>",
            "entity bomb": "<!DOCTYPE node [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
                           "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><node><device><name>&c;</name></device></node>",
        }
        for what, text in bad.items():
            with self.subTest(what):
                uri = "test:///does/not/exist.xml" if text is None else self.node(text, "bad.xml")
                done = kit.run(TOOL, "-c", uri, "list")
                self.assertEqual(done.returncode, 1, done)
                self.assertRegex(done.stderr, r"^error: .*\S")

    def test_memory(self):
        """No document takes more than 16 times its size, and the files that one names are bounded together.

        Beside the elements there are the text (once as it is read), the devices that it becomes, and the program.
        """
        size = 10 << 20
        with open(os.path.join(kit.temp(), "large.xml"), "w") as f:
            f.write("<device><name>a</name>%s<capability type='scsi_host'><host>1</host></capability></device>" % (" " * 9000000))
        device = "<device><name>%d</name><capability type='scsi_host'><host>1</host></capability></device>"
        shapes = {
            "elements": "<a/>", "text": "<a>1</a>", "attributes": "<a b=''/>", "nested": "<b><c/></b>",
            "named": "<device file='large.xml'/>", "devices": device,
        }
        seen = []
        for shape, part in shapes.items():
            with self.subTest(shape):
                count = (size - 100) // (len(part) + 4 * ("%d" in part))
                parts = (part % i for i in range(count)) if "%d" in part else [part] * count
                uri = self.node("<node>%s</node>" % "".join(parts), "memory.xml")
                done = kit.checked(sys.executable, "-c", MEMORY, uri, cwd=kit.ROOT)
                grown, message = done.stdout.split("\n", 1)
                seen.append("%s %d MB" % (shape, int(grown) // 1000))
                self.assertLess(int(grown) * 1024, 17 * size + (16 << 20), shape)
                self.assertRegex(message, {"named": "more than 10485760 bytes together",
                                           "devices": "^$"}.get(shape, "more than 16 times its size of memory"))
        self.note = ", ".join(seen)
