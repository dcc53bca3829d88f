# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Makes the calls of tests/data/errors.json and prints, in its form, what came of them.

Run by test_errors.py with a recorded machine as /sys. How the recording was made: libvirt's Python
binding, as root, on a connection to nodedev:///system of the machine `modules` (for `read-only …` on a
read-only one). Each entry has the fields of the virError after the call, or its result as text.
`pci` is the device pci_0000_03_00_0; documents were passed as they stand in error_documents.json.
"""
import ctypes
import json
import os
import sys

import vnd
from vnd import lib

# The functions that are not of the node-device area, under libvirt's own name.
libvirt = ctypes.CDLL(os.path.join(sys.argv[1], "virnodedev", "compat", "libvirt.so.0"))
for function in ("virConnectListAllDomains", "virNodeGetInfo"):
    getattr(libvirt, function).argtypes = [ctypes.c_void_p] * 3 if "List" in function else [ctypes.c_void_p] * 2
FIELDS = ("code", "domain", "level", "message", "str1", "str2", "str3", "int1", "int2")
VALIDATE, INACTIVE = 1, 1

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "error_documents.json")) as f:
    DOCUMENTS = json.load(f)


def opened(how, uri):
    conn = how(uri)
    if conn:
        lib.virConnectClose(conn)
        return True
    return None


def out(function, kind, *arguments):
    """The number that a function stores through its last pointer."""
    value = kind(-1)
    return value.value if function(*arguments, ctypes.byref(value)) >= 0 else -1


def listed(conn, cap, flags):
    """As the binding does it: counts first."""
    return [] if lib.virNodeNumOfDevices(conn, cap, flags) == 0 else -1


def of_device(dev, xml):
    """What is done to a device, by the recording's names."""
    return {
        "destroy": lambda: lib.virNodeDeviceDestroy(dev),
        "undefine": lambda: lib.virNodeDeviceUndefine(dev, 0),
        "create": lambda: lib.virNodeDeviceCreate(dev, 0),
        "setAutostart": lambda: lib.virNodeDeviceSetAutostart(dev, 1),
        "autostart": lambda: out(lib.virNodeDeviceGetAutostart, ctypes.c_int, dev),
        "update": lambda: lib.virNodeDeviceUpdate(dev, xml, 0),
        "reset": lambda: lib.virNodeDeviceReset(dev),
        "dettach": lambda: lib.virNodeDeviceDettach(dev),
        "detachFlags": lambda: lib.virNodeDeviceDetachFlags(dev, None, 0),
        "reAttach": lambda: lib.virNodeDeviceReAttach(dev),
    }


def calls(conn, ro):
    dev, computer = (lib.virNodeDeviceLookupByName(conn, name) for name in (b"pci_0000_03_00_0", b"computer"))
    ro_dev = lib.virNodeDeviceLookupByName(ro, b"pci_0000_03_00_0")
    pci_xml = vnd.owned(lib.virNodeDeviceGetXMLDesc(dev, 0)).encode()
    create, define = lib.virNodeDeviceCreateXML, lib.virNodeDeviceDefineXML
    yield from {
        "open nodedev:///session": lambda: opened(lib.virConnectOpen, b"nodedev:///session"),
        "open nodedev:///foo": lambda: opened(lib.virConnectOpen, b"nodedev:///foo"),
        "open nodedev:///": lambda: opened(lib.virConnectOpen, b"nodedev:///"),
        "open bogus:///x": lambda: opened(lib.virConnectOpen, b"bogus:///x"),
        "open nodedev://host": lambda: opened(lib.virConnectOpen, b"nodedev+unix:///x"),
        "openReadOnly nodedev:///session": lambda: opened(lib.virConnectOpenReadOnly, b"nodedev:///session"),
        "lookupByName nosuch": lambda: lib.virNodeDeviceLookupByName(conn, b"nosuch"),
        "lookupByName empty": lambda: lib.virNodeDeviceLookupByName(conn, b""),
        "lookupByName path": lambda: lib.virNodeDeviceLookupByName(conn, b"/sys/devices/virtual/net/lo"),
        "lookupSCSIHostByWWN nosuch": lambda: lib.virNodeDeviceLookupSCSIHostByWWN(
            conn, b"1000000000000000", b"1000000000000001", 0),
        "lookupSCSIHostByWWN flags": lambda: lib.virNodeDeviceLookupSCSIHostByWWN(conn, b"1", b"1", 1),
        "listDevices bogus": lambda: listed(conn, b"bogus", 0),
        "listDevices flags=1": lambda: listed(conn, None, 1),
        "numOfDevices bogus": lambda: lib.virNodeNumOfDevices(conn, b"bogus", 0),
        "numOfDevices flags=1": lambda: lib.virNodeNumOfDevices(conn, None, 1),
        "listAllDevices 1<<27": lambda: vnd.all_devices(conn, 1 << 27)[0],
        "listAllDevices 1<<24": lambda: vnd.all_devices(conn, 1 << 24)[0],
        "XMLDesc flags=1 (INACTIVE)": lambda: lib.virNodeDeviceGetXMLDesc(dev, INACTIVE),
        "XMLDesc flags=2": lambda: lib.virNodeDeviceGetXMLDesc(dev, 2),
        "XMLDesc inactive computer": lambda: vnd.owned(lib.virNodeDeviceGetXMLDesc(computer, INACTIVE)),
        "parent of computer": lambda: lib.virNodeDeviceGetParent(computer),
        "parent of pci": lambda: lib.virNodeDeviceGetParent(dev),
    }.items()
    for name, xml in DOCUMENTS.items():
        yield "createXML " + name, lambda xml=xml: create(conn, xml.encode(), 0)
        yield "defineXML " + name, lambda xml=xml: define(conn, xml.encode(), 0)
    yield from {
        "createXML flags=1 (validate)": lambda: create(conn, b"<device/>", VALIDATE),
        "createXML flags=2": lambda: create(conn, b"<device/>", 2),
        "defineXML flags=4": lambda: define(conn, b"<device/>", 4),
        "createXML None": lambda: create(conn, None, 0),
        "createXML of a pci device": lambda: create(conn, pci_xml, 0),
        "defineXML of a pci device": lambda: define(conn, pci_xml, 0),
        "undefine flags=1": lambda: lib.virNodeDeviceUndefine(dev, 1),
        "create flags=1": lambda: lib.virNodeDeviceCreate(dev, 1),
        "setAutostart computer": lambda: lib.virNodeDeviceSetAutostart(computer, 1),
        "isPersistent pci": lambda: lib.virNodeDeviceIsPersistent(dev),
        "isActive pci": lambda: lib.virNodeDeviceIsActive(dev),
        "update pci flags=7": lambda: lib.virNodeDeviceUpdate(dev, pci_xml, 8),
    }.items()
    for name, call in of_device(dev, pci_xml).items():
        yield name + " pci", call
    yield "read-only createXML", lambda: create(ro, b"<device/>", 0)
    yield "read-only defineXML", lambda: define(ro, b"<device/>", 0)
    yield "read-only XMLDesc", lambda: vnd.owned(lib.virNodeDeviceGetXMLDesc(ro_dev, 0))
    for name, call in of_device(ro_dev, b"<device/>").items():
        yield "read-only " + name, call
    room = ctypes.create_string_buffer(256)
    yield from {
        "domains on nodedev conn": lambda: libvirt.virConnectListAllDomains(conn, None, None),
        "getCapabilities": lambda: vnd.owned(lib.virConnectGetCapabilities(conn)),
        "getHostname": lambda: vnd.owned(lib.virConnectGetHostname(conn)),
        "getSysinfo": lambda: vnd.owned(lib.virConnectGetSysinfo(conn, 0)),
        "getInfo": lambda: libvirt.virNodeGetInfo(conn, room),
        "getVersion": lambda: out(lib.virConnectGetVersion, ctypes.c_ulong, conn),
        "getLibVersion": lambda: out(lib.virConnectGetLibVersion, ctypes.c_ulong, conn),
        "isAlive": lambda: lib.virConnectIsAlive(conn),
        "isSecure": lambda: lib.virConnectIsSecure(conn),
        "isEncrypted": lambda: lib.virConnectIsEncrypted(conn),
        "getMaxVcpus": lambda: lib.virConnectGetMaxVcpus(conn, None),
        "getType": lambda: lib.virConnectGetType(conn),
        "eventDeregister 99": lambda: lib.virConnectNodeDeviceEventDeregisterAny(conn, 99),
    }.items()


def main():
    vnd.silence()
    for name, result, arguments in (("GetCapabilities", ctypes.c_void_p, [ctypes.c_void_p]),
                                    ("GetHostname", ctypes.c_void_p, [ctypes.c_void_p]),
                                    ("GetSysinfo", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_uint]),
                                    ("GetVersion", ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p]),
                                    ("GetMaxVcpus", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p])):
        function = getattr(lib, "virConnect" + name)
        function.restype, function.argtypes = result, arguments
    left_out = sys.argv[2:]
    uri = b"nodedev:///system"
    found = []
    for name, call in calls(lib.virConnectOpen(uri), lib.virConnectOpenReadOnly(uri)):
        if name in left_out:
            continue
        lib.virResetLastError()
        result = call()
        error = vnd.last_error() if result in (None, -1) else None
        if error:
            found.append({"call": name, "error": {field: error[field] for field in FIELDS}})
        else:
            text = result.decode() if isinstance(result, bytes) else str(result)
            found.append({"call": name, "ok": text[:300]})
    json.dump(found, sys.stdout, indent=1)


main()
