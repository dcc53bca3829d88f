# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A script for node devices: prints as JSON all that it sees. It runs with libvirt's own Python module and with ours.

    node_devices.py MODULE URI
"""
import importlib
import json
import os
import sys

libvirt = importlib.import_module(sys.argv[1])

# Documents of the calls that were recorded of libvirt (tests/data/errors.json), by their names there: those that
# are wrong wherever they are passed.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "data", "error_documents.json")) as f:
    DOCUMENTS = json.load(f)
WRONG = ("empty", "text", "domain", "device", "nocap", "badcap", "notype")


def result(call, *arguments, **named):
    """What a call gives, or all parts of its error."""
    try:
        return call(*arguments, **named)
    except libvirt.libvirtError as error:
        parts = (error.get_error_code(), error.get_error_domain(), error.get_error_message(), error.get_error_level(),
                 error.get_str1(), error.get_str2(), error.get_str3(), error.get_int1(), error.get_int2())
        assert error.err == parts and str(error) == error.get_error_message()
        return {"error": parts}
    except (TypeError, ValueError, OverflowError) as error:
        return type(error).__name__


def names(devices):
    return [device.name() for device in devices] if isinstance(devices, list) else devices


def device_of(device):
    facts = {"parent": device.parent(), "caps": device.listCaps(), "numCaps": device.numOfCaps(),
             "active": device.isActive(), "persistent": device.isPersistent(), "autostart": result(device.autostart)}
    return facts


def calls_that_fail(conn, readonly):
    """By the names of the recording where it has them."""
    found = {
        "open bogus:///x": result(libvirt.open, "bogus:///x"),
        "open nodedev:///foo": result(libvirt.open, "nodedev:///foo"),
        "lookupByName nosuch": result(conn.nodeDeviceLookupByName, "nosuch"),
        "lookupByName empty": result(conn.nodeDeviceLookupByName, ""),
        "lookupSCSIHostByWWN flags": result(conn.nodeDeviceLookupSCSIHostByWWN, "1", "1", 1),
        "listDevices bogus": result(conn.listDevices, "bogus"),
        "listDevices flags=1": result(conn.listDevices, None, 1),
        "numOfDevices flags=1": result(conn.numOfDevices, None, flags=1),
        "listAllDevices 1<<27": result(conn.listAllDevices, 1 << 27),
        "createXML flags=2": result(conn.nodeDeviceCreateXML, "<device/>", 2),
        "createXML None": result(conn.nodeDeviceCreateXML, None),
        "read-only createXML": result(readonly.nodeDeviceCreateXML, "<device/>"),
        "getSysinfo": result(conn.getSysinfo),
        "processors for a guest": result(conn.getMaxVcpus, None),
        "a number as name": result(conn.nodeDeviceLookupByName, 5),
        "bytes as name": result(conn.nodeDeviceLookupByName, b"computer"),
        "no name": result(conn.nodeDeviceLookupByName, None),
        "a name with NUL": result(conn.nodeDeviceLookupByName, "a\0b"),
        "a name with half a character": result(conn.nodeDeviceLookupByName, "a\udcff"),
        "text as flags": result(conn.listAllDevices, "1"),
        "half a flag": result(conn.listAllDevices, 1.5),
        "negative flags": names(result(conn.listAllDevices, -1)),
        "flags beyond 32 bits": names(result(conn.listAllDevices, 1 << 32)),
        "too large an interval": result(conn.setKeepAlive, 1 << 31, 1),
        "deregister": result(conn.nodeDeviceEventDeregisterAny, 99),
    }
    for name, xml in ((name, DOCUMENTS[name]) for name in WRONG):
        found["createXML " + name] = result(conn.nodeDeviceCreateXML, xml)
        found["defineXML " + name] = result(conn.nodeDeviceDefineXML, xml, 0)
    computer = conn.nodeDeviceLookupByName("computer")
    for name, arguments in (("destroy", ()), ("create", ()), ("undefine", ()), ("setAutostart", (1,)), ("reset", ()),
                            ("dettach", ()), ("detachFlags", (None,)), ("reAttach", ()), ("XMLDesc", (2,))):
        found[name + " of computer"] = result(getattr(computer, name), *arguments)
    return found


def after_close(uri):
    """What a connection, and a device of it, do when the connection was closed."""
    conn = libvirt.open(uri)
    device = conn.nodeDeviceLookupByName("computer")
    found = {"same connection": device.connect() is conn, "close": conn.close(), "name": device.name(),
             "XML": device.XMLDesc() == libvirt.open(uri).nodeDeviceLookupByName("computer").XMLDesc()}
    for name, arguments in (("getURI", ()), ("getType", ()), ("listAllDevices", ()), ("isAlive", ()), ("close", ()),
                            ("nodeDeviceLookupByName", ("computer",)), ("numOfDevices", (None,))):
        found[name] = result(getattr(conn, name), *arguments)
    with libvirt.open(uri) as conn:
        found["with"] = conn.isAlive()
    found["after with"] = result(conn.isAlive)
    return found


def errors_told(conn):
    """What a handler is told, and what is there afterwards."""
    told = []
    found = [libvirt.registerErrorHandler(lambda ctx, error: told.append((ctx, error)), "context")]
    result(conn.nodeDeviceLookupByName, "nosuch")
    found += [libvirt.virGetLastError(), libvirt.virGetLastErrorMessage(), libvirt.virGetLastErrorCode(),
              libvirt.virGetLastErrorDomain(), conn.virConnGetLastError()]
    libvirt.virResetLastError()
    conn.virConnResetLastError()
    found += [libvirt.virGetLastError(), libvirt.virGetLastErrorMessage(), conn.virConnGetLastError()]
    libvirt.registerErrorHandler(None, None)
    # Standard error is the answer here: one line.
    sys.stderr.flush()
    result(conn.nodeDeviceLookupByName, "nosuch")
    libvirt.registerErrorHandler(lambda ctx, error: None, None)
    alone = libvirt.libvirtError
    result(conn.isAlive)
    found += [told, str(alone("text")), alone("text").err, alone("text").get_error_code()]
    return found


def main(uri):
    libvirt.registerErrorHandler(lambda ctx, error: None, None)
    conn, readonly = libvirt.open(uri), libvirt.openReadOnly(uri)
    found = {"devices": {}, "xml": {}, "flags": {}}
    for device in conn.listAllDevices():
        found["devices"][device.name()] = device_of(device)
        found["xml"][device.name()] = device.XMLDesc(0)
        assert conn.nodeDeviceLookupByName(device.name()).name() == device.name()
    # The bits of the groups in libvirt 12.8.0, whatever the module names.
    for bit in [*range(24), *range(28, 32)]:
        found["flags"][1 << bit] = names(conn.listAllDevices(1 << bit))
    found["by_name"] = {str(cap): conn.listDevices(cap) for cap in ("pci", "net", "scsi_host", "nosuch", None)}
    found["number"] = [conn.numOfDevices(None), conn.numOfDevices("pci", 0)]
    found["connection"] = [conn.getURI(), conn.getType(), conn.getLibVersion(), conn.getVersion(), conn.getHostname(),
                           conn.isAlive(), conn.isSecure(), conn.isEncrypted(), conn.setKeepAlive(5, 3),
                           conn.registerCloseCallback(print, None), conn.unregisterCloseCallback(),
                           libvirt.getVersion(), libvirt.getVersion("Test"), libvirt.virInitialize(),
                           libvirt.openAuth(uri, [[libvirt.VIR_CRED_AUTHNAME], lambda *_: 0, None], 0).getURI(),
                           isinstance(conn.c_pointer(), int), conn.getCapabilities()]
    found["failing"] = calls_that_fail(conn, readonly)
    found["closed"] = after_close(uri)
    found["errors"] = errors_told(conn)
    json.dump(found, sys.stdout)


main(sys.argv[2])
