# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The library as Python programs use it: loaded by name, no compiler."""
import ctypes
import os
import threading
import unittest
import xml.etree.ElementTree as ElementTree

import kit
import vnd
from vnd import lib


class Ctypes(unittest.TestCase):
    def setUp(self):
        vnd.silence()
        self.conn = lib.virConnectOpen(b"test:///default")
        self.assertTrue(self.conn)

    def tearDown(self):
        self.assertEqual(lib.virConnectClose(self.conn), 0)

    def test_version(self):
        version = ctypes.c_ulong()
        self.assertEqual(lib.virGetVersion(ctypes.byref(version), None, None), 0)
        self.assertEqual(version.value, 12008000)

    def test_list_and_xml(self):
        n, devices = vnd.all_devices(self.conn)
        self.assertEqual(n, 4)
        expected = dict(kit.documents(kit.read(os.path.join(kit.DATA, "testdriver", "devices.xml"))))
        got = {}
        for device in devices:
            name = lib.virNodeDeviceGetName(device).decode()
            got[name] = vnd.owned(lib.virNodeDeviceGetXMLDesc(device, 0))
            self.assertEqual(ElementTree.fromstring(got[name]).findtext("name"), name)
            self.assertEqual(lib.virNodeDeviceFree(device), 0)
        self.assertEqual(got, expected)

    def test_names(self):
        n = lib.virNodeNumOfDevices(self.conn, b"fc_host", 0)
        names = (ctypes.c_void_p * n)()
        self.assertEqual(lib.virNodeListDevices(self.conn, b"fc_host", names, n, 0), 3)
        self.assertEqual(sorted(vnd.owned(name) for name in names), ["scsi_host1", "scsi_host11", "scsi_host2"])

    def test_error_is_of_one_thread(self):
        self.assertIsNone(lib.virNodeDeviceLookupByName(self.conn, b"nosuch"))
        mine = vnd.last_error()
        self.assertEqual((mine["code"], mine["domain"]), (53, 12))
        seen = []

        def other():
            seen.append(vnd.last_error())
            lib.virNodeDeviceLookupByName(self.conn, b"other")
            seen.append(vnd.last_error()["str2"])

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        self.assertEqual(seen, [None, "no node device with matching name 'other'"])
        self.assertEqual(vnd.last_error(), mine)

    def test_host(self):
        conn = lib.virConnectOpenReadOnly(b"nodedev:///system")
        self.assertTrue(conn, vnd.last_error())
        n, devices = vnd.all_devices(conn)
        self.assertGreaterEqual(n, 1)
        for device in devices:
            lib.virNodeDeviceFree(device)
        self.assertEqual(lib.virConnectClose(conn), 0)
        self.note = "%d devices" % n
