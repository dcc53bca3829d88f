# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The live source while the kernel adds, renames and removes real network interfaces.

Runs in a network namespace of its own, so that nothing of the host changes. No udevd serves it:
the library hears the kernel's own messages.
"""
import ctypes
import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import threading
import time
import unittest

import kit
import vnd
from scans import Scans
from vnd import lib

OWN_NETWORK = True  # for kit.main()

Lifecycle = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)

# ioctl commands of the features (spec: include/uapi/linux/ethtool.h).
SIOCETHTOOL = 0x8946
COMMANDS = {"rx": 0x14, "tx": 0x16, "sg": 0x18, "tso": 0x1E, "gso": 0x23, "gro": 0x2B}
GFLAGS, FLAGS = 0x25, {"lro": 1 << 15, "rxvlan": 1 << 8, "txvlan": 1 << 7, "ntuple": 1 << 27, "rxhash": 1 << 28}


def ip(*words):
    subprocess.run(("ip",) + words, check=True, stdin=subprocess.DEVNULL)


def asked_of_the_kernel(interface):
    """The features of an interface, one old ethtool command each."""
    found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        def ask(command):
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP16x", interface.encode(), ctypes.addressof(value))
            try:
                fcntl.ioctl(s, SIOCETHTOOL, request)
            except OSError:
                return 0
            return struct.unpack("II", value.raw[:8])[1]
        found.update(name for name, command in COMMANDS.items() if ask(command))
        flags = ask(GFLAGS)
        found.update(name for name, bit in FLAGS.items() if flags & bit)
    return found


def is_told_all():
    """Whether the kernel tells this user of all that it counts: elsewhere an uevent of anyone is a scan."""
    return kit.read("/proc/self/uid_map").split() == ["0", "0", "4294967295"]


class Live(unittest.TestCase):
    def setUp(self):
        if not kit.has_own_network():
            self.skipTest("no privilege: this user may not make a network namespace with its own /sys")
        vnd.silence()
        self.made = []
        self.conn = lib.virConnectOpen(b"nodedev:///system")
        self.assertTrue(self.conn, vnd.last_error())

    def tearDown(self):
        if not kit.has_own_network():
            return
        for name in self.made:
            subprocess.run(["ip", "link", "del", name], stderr=subprocess.DEVNULL)
        self.assertEqual(lib.virConnectClose(self.conn), 0)

    def pair(self, one, other):
        ip("link", "add", one, "type", "veth", "peer", "name", other)
        self.made.append(one)

    def names(self, flags=1 << 4):
        _, handles = vnd.all_devices(self.conn, flags)
        names = [lib.virNodeDeviceGetName(h).decode() for h in handles]
        for handle in handles:
            lib.virNodeDeviceFree(handle)
        return names

    def name(self, interface):
        address = kit.read("/sys/class/net/%s/address" % interface).strip()
        return "net_%s_%s" % (interface, address.replace(":", "_"))

    def xml(self, name):
        handle = lib.virNodeDeviceLookupByName(self.conn, name.encode())
        self.assertTrue(handle, vnd.last_error())
        text = vnd.owned(lib.virNodeDeviceGetXMLDesc(handle, 0))
        lib.virNodeDeviceFree(handle)
        return text

    def test_only_the_namespace_is_seen(self):
        self.assertEqual(self.names(), [self.name("lo")])

    def test_added_renamed_removed(self):
        """Each change shows at the next call."""
        self.assertEqual(self.names(), [self.name("lo")])
        self.pair("va0", "vb0")
        va, vb = self.name("va0"), self.name("vb0")
        self.assertEqual(set(self.names()), {self.name("lo"), va, vb})
        handle = lib.virNodeDeviceLookupByName(self.conn, va.encode())
        self.assertTrue(handle)

        ip("link", "set", "va0", "name", "vx0")
        self.made.append("vx0")
        vx = self.name("vx0")
        self.assertEqual(set(self.names()), {self.name("lo"), vx, vb})
        self.assertIsNone(lib.virNodeDeviceGetXMLDesc(handle, 0))
        self.assertEqual(vnd.last_error()["code"], 53)
        self.assertEqual(lib.virNodeDeviceGetName(handle).decode(), va)
        lib.virNodeDeviceFree(handle)
        self.assertIn("<path>/sys/devices/virtual/net/vx0</path>", self.xml(vx))

        ip("link", "del", "vx0")
        self.assertIsNone(lib.virNodeDeviceLookupByName(self.conn, vx.encode()))
        self.assertEqual(vnd.last_error()["code"], 53)
        self.assertEqual(self.names(), [self.name("lo")])

    def test_two_devices_with_one_name(self):
        """One is in lists; when it goes, the other is."""
        for first, last in (("v.5", "v_5"), ("v_5", "v.5")):
            for interface in (first, last):
                self.pair(interface, {"v.5": "othera", "v_5": "otherb"}[interface])
                ip("link", "set", interface, "address", "02:00:00:00:00:05")
            name = "net_v_5_02_00_00_00_00_05"
            both = [self.name(interface) for interface in ("lo", "othera", "otherb")] + [name]
            self.assertEqual(sorted(self.names()), sorted(both))
            self.assertIn("<interface>v_5</interface>", self.xml(name))
            ip("link", "del", "v_5")
            both.remove(both[2])
            self.assertEqual(sorted(self.names()), sorted(both))
            self.assertIn("<interface>v.5</interface>", self.xml(name))
            ip("link", "del", "v.5")
            self.assertEqual(self.names(), [self.name("lo")])

    def test_another_address(self):
        """No uevent tells of it; the name changes all the same, and who waits hears of it."""
        self.pair("va3", "vb3")
        ip("link", "set", "va3", "address", "02:00:00:00:00:03")
        told = []
        callback = Lifecycle(lambda _conn, device, event, _detail, _opaque:
                             told.append((event, lib.virNodeDeviceGetName(device).decode())))
        lib.vndConnectGetEventFD.argtypes = lib.vndConnectDispatchEvents.argtypes = [ctypes.c_void_p]
        fd = lib.vndConnectGetEventFD(self.conn)
        register = lib.virConnectNodeDeviceEventRegisterAny
        register.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, Lifecycle, ctypes.c_void_p, ctypes.c_void_p]
        registered = register(self.conn, None, 0, callback, None, None)
        self.assertGreaterEqual(registered, 0)
        self.addCleanup(lambda: callback)  # it lives as long as the connection
        self.assertEqual(lib.vndConnectDispatchEvents(self.conn), 0)
        scans = Scans()
        old, new = "net_va3_02_00_00_00_00_03", "net_va3_02_00_00_00_00_04"
        for before, now in ((old, new), (new, old)):
            self.assertFalse(select.select([fd], [], [], 0)[0])
            ip("link", "set", "va3", "address", now[-17:].replace("_", ":"))
            self.assertTrue(select.select([fd], [], [], 5)[0])
            self.assertEqual(lib.vndConnectDispatchEvents(self.conn), 2)
            self.assertEqual(told, [(1, before), (0, now)])
            told.clear()
            self.assertIn(now, self.names())
            self.assertNotIn(before, self.names())
        # A list and a failed lookup see it as well.
        ip("link", "set", "va3", "address", "02:00:00:00:00:05")
        self.assertIn(self.name("va3"), self.names())
        ip("link", "set", "va3", "address", "02:00:00:00:00:06")
        self.assertIn("<address>02:00:00:00:00:06</address>", self.xml(self.name("va3")))
        if is_told_all():
            time.sleep(0.2)  # the counts of a thread
            self.assertEqual(scans.count, 0)
        self.assertEqual(lib.virConnectNodeDeviceEventDeregisterAny(ctypes.c_void_p(self.conn), registered), 0)

    def test_bridges_are_no_devices(self):
        """An interface with a DEVTYPE that is no node device stays out (devices.md §2)."""
        ip("link", "add", "br0", "type", "bridge")
        self.made.append("br0")
        self.assertEqual(self.names(), [self.name("lo")])

    def test_link_state_is_current(self):
        self.pair("va1", "vb1")
        name = self.name("va1")
        self.assertIn("<link state='down'/>", self.xml(name))
        ip("link", "set", "vb1", "up")
        ip("link", "set", "va1", "up")
        deadline = time.monotonic() + 5
        while kit.read("/sys/class/net/va1/operstate") != "up\n" and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertRegex(self.xml(name), r"<link speed='10000' state='up'/>")

    def test_features(self):
        """As the kernel's old ethtool commands say, asked from here."""
        self.pair("va2", "vb2")
        for interface in ("lo", "va2"):
            shown = re.findall(r"<feature name='(\w+)'/>", self.xml(self.name(interface)))
            newer = {"rdma", "txudptnl", "switchdev"}
            self.assertEqual(set(shown) - newer, asked_of_the_kernel(interface), interface)
            order = ["rx", "tx", "sg", "tso", "gso", "gro", "lro", "rxvlan", "txvlan", "ntuple", "rxhash", "rdma",
                     "txudptnl", "switchdev"]
            self.assertEqual(shown, [f for f in order if f in shown])
            self.note = "%s: %s" % (interface, " ".join(shown))

    def test_other_namespaces_cost_no_scan(self):
        """The kernel counts what it tells them, too."""
        if not is_told_all():
            self.skipTest("no privilege: in a user namespace the kernel tells of interfaces alone; what else it counts is a scan")
        before = self.names()
        scans = Scans()
        for _ in range(3):
            kit.checked("unshare", "--net", "ip", "link", "add", "type", "veth")
            self.assertEqual(self.names(), before)
        self.pair("va4", "vb4")
        self.assertEqual(len(self.names()), len(before) + 2)
        time.sleep(0.2)  # the counts of a thread
        self.assertEqual(scans.count, 0)
        other = lib.virConnectOpen(b"nodedev:///system")
        lib.virNodeNumOfDevices(other, None, 0)
        lib.virConnectClose(other)
        time.sleep(0.2)
        self.assertEqual(scans.count, 1)

    def test_many_come_and_go_while_they_are_read(self):
        stop = threading.Event()

        def meddle():
            number = 0
            while not stop.is_set():
                number += 1
                subprocess.run(["ip", "link", "add", "m%d" % number, "type", "veth", "peer", "name", "n%d" % number])
                if number > 5:
                    subprocess.run(["ip", "link", "del", "m%d" % (number - 5)])

        thread = threading.Thread(target=meddle)
        thread.start()
        seen, gone = 0, 0
        try:
            end = time.monotonic() + 3
            while time.monotonic() < end:
                _, handles = vnd.all_devices(self.conn)
                for handle in handles:
                    text = vnd.owned(lib.virNodeDeviceGetXMLDesc(handle, 0))
                    if text is None:
                        self.assertEqual(vnd.last_error()["code"], 53, vnd.last_error())
                        gone += 1
                    seen += 1
                    lib.virNodeDeviceFree(handle)
        finally:
            stop.set()
            thread.join()
        for interface in os.listdir("/sys/class/net"):
            if interface[0] == "m":
                self.made.append(interface)
        self.assertEqual(set(self.names()), {self.name(i) for i in os.listdir("/sys/class/net")})
        self.note = "%d documents, %d gone before they were read" % (seen, gone)

    def test_more_at_once_than_the_socket_holds(self):
        """Nothing is lost when the kernel reports an overrun."""
        self.assertEqual(self.names(), [self.name("lo")])
        batch = "".join("link add o%d type veth peer name p%d\n" % (n, n) for n in range(400))
        subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
        self.made += ["o%d" % n for n in range(400)]
        self.assertEqual(len(self.names()), 801)
        batch = "".join("link del o%d\n" % n for n in range(400))
        subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
        self.assertEqual(self.names(), [self.name("lo")])
