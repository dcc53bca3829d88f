# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The node-device API by ctypes, the same for both libraries.

  python3 api.py LIBRARY     all that LIBRARY tells of all devices, as JSON
"""
import ctypes
import json
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_uint, c_void_p

FUNCTIONS = {
    "virConnectOpen": (c_void_p, c_char_p),
    "virConnectClose": (c_int, c_void_p),
    "virConnectListAllNodeDevices": (c_int, c_void_p, POINTER(POINTER(c_void_p)), c_uint),
    "virGetLastErrorMessage": (c_char_p,),
    "virSetErrorFunc": (None, c_void_p, c_void_p),
    "virNodeDeviceCreateXML": (c_void_p, c_void_p, c_char_p, c_uint),
    "virNodeDeviceDestroy": (c_int, c_void_p),
    "virNodeDeviceFree": (c_int, c_void_p),
    "virNodeDeviceGetAutostart": (c_int, c_void_p, POINTER(c_int)),
    "virNodeDeviceGetName": (c_char_p, c_void_p),
    "virNodeDeviceGetParent": (c_char_p, c_void_p),
    "virNodeDeviceGetXMLDesc": (c_void_p, c_void_p, c_uint),
    "virNodeDeviceIsActive": (c_int, c_void_p),
    "virNodeDeviceIsPersistent": (c_int, c_void_p),
    "virNodeDeviceListCaps": (c_int, c_void_p, POINTER(c_char_p), c_int),
    "virNodeDeviceNumOfCaps": (c_int, c_void_p),
}


class Library:
    """A loaded library; its functions are attributes."""

    def __init__(self, path):
        loaded = ctypes.CDLL(path)
        for name, (result, *arguments) in FUNCTIONS.items():
            function = getattr(loaded, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        self.free = ctypes.CDLL(None).free
        self.free.argtypes = [c_void_p]
        self._silent = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)(lambda _data, _error: None)
        self.virSetErrorFunc(None, self._silent)  # without it, errors are printed

    def open(self):
        conn = self.virConnectOpen(b"nodedev:///system")
        if not conn:
            sys.exit("no connection: %s" % self.virGetLastErrorMessage().decode())
        return conn

    def xml(self, device, flags):
        """The document, or the error's text."""
        text = self.virNodeDeviceGetXMLDesc(device, flags)
        if not text:
            return "error: " + self.virGetLastErrorMessage().decode()
        try:
            return ctypes.string_at(text).decode(errors="replace")
        finally:
            self.free(text)

    def describe(self, device):
        autostart = c_int(-1)
        count = self.virNodeDeviceNumOfCaps(device)
        caps = (c_char_p * 16)()
        listed = self.virNodeDeviceListCaps(device, caps, 16)
        parent = self.virNodeDeviceGetParent(device)
        return {
            "xml": self.xml(device, 0),
            "inactive xml": self.xml(device, 1),
            "parent": parent.decode() if parent else None,
            "active": self.virNodeDeviceIsActive(device),
            "persistent": self.virNodeDeviceIsPersistent(device),
            "autostart": [self.virNodeDeviceGetAutostart(device, byref(autostart)), autostart.value],
            "capabilities": [count, *(caps[i].decode() for i in range(max(listed, 0)))],
        }

    def describe_all(self):
        conn = self.open()
        devices = POINTER(c_void_p)()
        count = self.virConnectListAllNodeDevices(conn, byref(devices), 0)
        found = {self.virNodeDeviceGetName(devices[i]).decode(): self.describe(devices[i]) for i in range(count)}
        for i in range(count):
            self.virNodeDeviceFree(devices[i])
        self.free(devices)
        self.virConnectClose(conn)
        return found


if __name__ == "__main__":
    json.dump(Library(sys.argv[1]).describe_all(), sys.stdout)
