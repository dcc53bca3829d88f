# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A client of Debian's libvirt-dbus on the session bus: prints what it is told of the devices.

    dbus_client.py devices     the documents of all devices as JSON, and what else there is
    dbus_client.py events      "ready", then the first three signals, one a line
"""
import json
import sys

from gi.repository import Gio, GLib

CONNECT = "org.libvirt.Connect"
DEVICE = "org.libvirt.NodeDevice"
DRIVER = "/org/libvirt/QEMU"
bus = Gio.bus_get_sync(Gio.BusType.SESSION)


def call(path, interface, method, *arguments):
    return bus.call_sync("org.libvirt", path, interface, method, GLib.Variant(*arguments) if arguments else None, None,
                         Gio.DBusCallFlags.NONE, 20000, None).unpack()


def fails(*arguments):
    try:
        call(*arguments)
    except GLib.Error as error:
        return error.message
    return None


def get(path, interface, name):
    return call(path, "org.freedesktop.DBus.Properties", "Get", "(ss)", (interface, name))[0]


def devices():
    found = {"devices": {}}
    for path in call(DRIVER, CONNECT, "ListNodeDevices", "(u)", (0,))[0]:
        name = get(path, DEVICE, "Name")
        assert call(DRIVER, CONNECT, "NodeDeviceLookupByName", "(s)", (name,))[0] == path
        parent = None if name == "computer" else get(path, DEVICE, "Parent")
        found["devices"][name] = {"parent": parent, "caps": call(path, DEVICE, "ListCaps")[0],
                                  "xml": call(path, DEVICE, "GetXMLDesc", "(u)", (0,))[0]}
    found["domains"] = call(DRIVER, CONNECT, "ListDomains", "(u)", (0,))[0]
    found["networks"] = call(DRIVER, CONNECT, "ListNetworks", "(u)", (0,))[0]
    found["version"] = get(DRIVER, CONNECT, "LibVersion")
    found["errors"] = [fails(DRIVER, CONNECT, "NodeDeviceLookupByName", "(s)", ("nosuch",)),
                       fails(DRIVER, CONNECT, "DomainLookupByName", "(s)", ("guest",))]
    return found


def events():
    loop = GLib.MainLoop()
    told = []

    def on_signal(_bus, _sender, _path, _interface, signal, parameters):
        told.append("%s %s" % (signal, parameters.unpack()))
        if len(told) == 2:
            loop.quit()

    bus.signal_subscribe("org.libvirt", CONNECT, "NodeDeviceEvent", DRIVER, None, Gio.DBusSignalFlags.NONE, on_signal)
    call(DRIVER, CONNECT, "ListNodeDevices", "(u)", (0,))
    print("ready", flush=True)
    GLib.timeout_add_seconds(15, loop.quit)
    loop.run()
    print("\n".join(told))


if __name__ == "__main__":
    if sys.argv[1] == "events":
        events()
    else:
        print(json.dumps(devices()))
