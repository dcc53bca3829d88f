# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A client with the real libvirt's library: `rpc_client.py ask | events | errors COMMAND`, where COMMAND serves the protocol.
Prints JSON."""
import json
import sys
import time

import libvirt

libvirt.registerErrorHandler(lambda context, error: None, None)
URI = "nodedev+ext:///system?command=" + sys.argv[2]


def outcome(call, *arguments):
    """What a call gives, or code, domain, message and numbers of its error."""
    try:
        found = call(*arguments)
        return found.name() if isinstance(found, libvirt.virNodeDevice) else found
    except libvirt.libvirtError as e:
        return [e.get_error_code(), e.get_error_domain(), e.get_error_message(), e.get_int1(), e.get_int2()]


def ask():
    """All that can be asked of every device."""
    conn = libvirt.openReadOnly(URI)
    devices = conn.listAllDevices(0)
    found = {"type": conn.getType(), "number": conn.numOfDevices(None, 0), "names": conn.listDevices(None, 0),
             "pci": conn.listDevices("pci", 0), "domains": [d.name() for d in conn.listAllDomains()],
             "memory": conn.getInfo()[1] > 0}
    found["devices"] = {d.name(): [d.XMLDesc(0), outcome(d.parent), d.listCaps(), d.isActive(), d.isPersistent(),
                                   outcome(d.autostart), conn.nodeDeviceLookupByName(d.name()).name()] for d in devices}
    conn.close()
    return found


def errors():
    """Calls that fail, each in its own words: {name: outcome}."""
    with open(sys.argv[3]) as f:
        documents = json.load(f)
    conn, read_only = libvirt.open(URI), libvirt.openReadOnly(URI)
    device = conn.nodeDeviceLookupByName("computer")
    calls = {
        "lookup": lambda: conn.nodeDeviceLookupByName("nothing"), "lookup empty": lambda: conn.nodeDeviceLookupByName(""),
        "wwn": lambda: conn.nodeDeviceLookupSCSIHostByWWN("1" * 16, "2" * 16, 0),
        "wwn flags": lambda: conn.nodeDeviceLookupSCSIHostByWWN("1", "1", 1),
        "list flags": lambda: conn.listAllDevices(1 << 27), "number flags": lambda: conn.numOfDevices(None, 1),
        "xml flags": lambda: device.XMLDesc(4), "create flags": lambda: conn.nodeDeviceCreateXML("<device/>", 2),
        "define flags": lambda: conn.nodeDeviceDefineXML("<device/>", 4), "validate": lambda: conn.nodeDeviceCreateXML("<device/>", 1),
        "detach": device.dettach, "detach to": lambda: device.detachFlags("x", 0), "reattach": device.reAttach,
        "reset": device.reset, "destroy": device.destroy, "undefine": lambda: device.undefine(0),
        "undefine flags": lambda: device.undefine(1), "start": lambda: device.create(0), "start flags": lambda: device.create(1),
        "autostart": lambda: device.setAutostart(1),
    }
    if hasattr(device, "update"):  # an older client has it not
        calls.update({"update": lambda: device.update("<x/>", 0), "update flags": lambda: device.update("<device/>", 8)})
    for name, xml in documents.items():
        calls["create " + name] = lambda xml=xml: conn.nodeDeviceCreateXML(xml, 0)
        calls["define " + name] = lambda xml=xml: conn.nodeDeviceDefineXML(xml, 0)
    refused = [outcome(read_only.nodeDeviceCreateXML, "<device/>", 0),
               outcome(read_only.nodeDeviceLookupByName("computer").reset)]
    return {"errors": {name: outcome(call) for name, call in calls.items()}, "read only": [error[0] for error in refused]}


def events():
    """A virtual port comes and goes on the test driver, and all is told."""
    libvirt.virEventRegisterDefaultImpl()
    conn = libvirt.open(URI)
    told = []
    number = conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
                                             lambda c, device, event, detail, o: told.append([device.name(), event]), None)
    port = conn.nodeDeviceCreateXML(sys.argv[3], 0)
    name = port.name()
    port.destroy()
    end = time.monotonic() + 20
    while len(told) < 2 and time.monotonic() < end:
        libvirt.virEventRunDefaultImpl()
    conn.nodeDeviceEventDeregisterAny(number)
    again = conn.nodeDeviceCreateXML(sys.argv[3], 0).name()
    return {"name": name, "told": told, "again": again}


print(json.dumps({"ask": ask, "errors": errors, "events": events}[sys.argv[1]]()))
