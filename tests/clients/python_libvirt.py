# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A client of Debian's python3-libvirt, which knows nothing of this library: prints what it sees as JSON.

    python_libvirt.py devices URI     everything that can be read
    python_libvirt.py events URI      "ready", then the first three events of the default loop, one a line
"""
import json
import sys

import libvirt


def fails(call, *arguments):
    """The error of a call that has to fail."""
    try:
        call(*arguments)
    except libvirt.libvirtError as error:
        return [error.get_error_code(), error.get_error_domain(), error.get_error_message()]
    return None


def devices(conn):
    found = {"devices": {}, "xml": {}, "flags": {}}
    for device in conn.listAllDevices(0):
        name = device.name()
        again = conn.nodeDeviceLookupByName(name)
        assert again.name() == name and again.connect().getURI() == conn.getURI()
        found["devices"][name] = {"parent": device.parent(), "caps": device.listCaps(), "numCaps": device.numOfCaps(),
                                  "active": device.isActive(), "persistent": device.isPersistent()}
        found["xml"][name] = device.XMLDesc(0)
    for word in dir(libvirt):
        if word.startswith("VIR_CONNECT_LIST_NODE_DEVICES_"):
            flag = getattr(libvirt, word) & 0xFFFFFFFF
            found["flags"][flag] = [device.name() for device in conn.listAllDevices(flag)]
    found["by_name"] = {cap: conn.listDevices(cap) for cap in ("pci", "net", "mdev", None)}
    found["number"] = conn.numOfDevices(None)
    found["version"] = [conn.getLibVersion(), libvirt.getVersion(), conn.getType(), conn.isAlive()]
    one = conn.nodeDeviceLookupByName("computer")
    found["errors"] = {
        "lookup": fails(conn.nodeDeviceLookupByName, "nosuch"), "flags": fails(conn.listAllDevices, 1 << 27),
        "open": fails(libvirt.open, "bogus:///"), "domain": fails(conn.lookupByName, "guest"),
        "define": fails(conn.defineXML, "<domain/>"), "security": fails(conn.getSecurityModel),
        "stats": fails(conn.getAllDomainStats), "stream": fails(conn.newStream),
        "destroy": fails(one.destroy), "unsupported qemu": fails(qemu_command, conn),
    }
    found["empty"] = [conn.listAllDomains(), conn.listAllNetworks(), conn.listAllStoragePools(),
                      conn.listAllInterfaces(), conn.listAllSecrets(), conn.listAllNWFilters(),
                      conn.listAllNWFilterBindings(), conn.listDomainsID(), conn.listDefinedDomains(),
                      conn.listNetworks(), conn.listStoragePools(), conn.listInterfaces(), conn.listSecrets()]
    found["numbers"] = [conn.numOfDomains(), conn.numOfNetworks(), conn.numOfStoragePools(), conn.numOfInterfaces()]
    found["registrations"] = registrations(conn)
    found["libraries"] = sorted({line.split()[-1] for line in open("/proc/self/maps") if "libvir" in line})
    return found


def qemu_command(conn):
    import libvirt_qemu
    libvirt_qemu.qemuAttach(conn, 1, 0)


def registrations(conn):
    """Events of what is not there: each kind is registered, and taken back."""
    def never(*_):
        raise AssertionError("an event")
    pairs = [(conn.domainEventRegisterAny, conn.domainEventDeregisterAny, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE),
             (conn.networkEventRegisterAny, conn.networkEventDeregisterAny, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE),
             (conn.storagePoolEventRegisterAny, conn.storagePoolEventDeregisterAny,
              libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE),
             (conn.secretEventRegisterAny, conn.secretEventDeregisterAny, libvirt.VIR_SECRET_EVENT_ID_LIFECYCLE)]
    ids = [register(None, event, never, "opaque") for register, _, event in pairs]
    for (_, deregister, _), number in zip(pairs, ids):
        deregister(number)
    conn.domainEventRegister(never, None)
    conn.domainEventDeregister(never)
    return ids


def events(conn):
    told = []
    kinds = ("CREATED", "DELETED", "DEFINED", "UNDEFINED")

    def lifecycle(_conn, device, event, _detail, opaque):
        told.append("%s %s %s" % (opaque, device.name(), kinds[event]))

    def update(_conn, device, opaque):
        told.append("%s %s" % (opaque, device.name()))

    ids = [conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, lifecycle, "lifecycle"),
           conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE, update, "update")]
    print("ready", flush=True)
    while len(told) < 3:
        libvirt.virEventRunDefaultImpl()
    print("\n".join(told))
    for number in ids:
        conn.nodeDeviceEventDeregisterAny(number)


if __name__ == "__main__":
    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()
    connection = libvirt.open(sys.argv[2])
    if sys.argv[1] == "events":
        events(connection)
    else:
        print(json.dumps(devices(connection)))
    # 0: nothing keeps the connection any more.
    assert connection.close() == 0
