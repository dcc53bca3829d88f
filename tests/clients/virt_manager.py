# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A client of virt-manager: starts the program on a connection and prints the rows of its Add Hardware dialog as JSON.

    virt_manager.py FOLDER URI      FOLDER holds virtManager and virtinst

The dialog adds to a virtual machine, of which there is none; one that virt-manager would yet have to make stands in.
"""
import json
import os
import sys
import time
import traceback

folder, uri = sys.argv[1:]
sys.path.insert(0, folder)
import gi  # noqa: E402

gi.require_version("Gtk", "3.0")
from gi.repository import GLib  # noqa: E402
from virtManager import virtmanager  # noqa: E402

# Seconds until it must have come so far.
LIMIT = 240
begin = time.monotonic()


def end(status):
    """Ends the process without closing its windows."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def rows(conn):
    """For each kind of host device the names and labels that the dialog offers."""
    import virtinst
    from virtManager.addhardware import vmmAddHardware
    from virtManager.object.domain import vmmDomainVirtinst

    guest = virtinst.Guest(conn.get_backend())
    guest.name, guest.uuid = "guest", "11111111-2222-3333-4444-555555555555"
    guest.os.os_type, guest.type = "hvm", "kvm"
    vm = vmmDomainVirtinst(conn, guest, guest.uuid, virtinst.Installer(conn.get_backend()))
    dialog = vmmAddHardware(vm)
    found = {}
    for kind in ("pci", "usb_device", "mdev"):
        dialog._populate_hostdev_model(kind)
        model = dialog.widget("host-device").get_model()
        found[kind] = {row[0].name: row[1] for row in model if row[0]}
    return found


def look():
    """Called in the program's main loop until its connection knows of all devices."""
    from virtManager.connmanager import vmmConnectionManager

    try:
        conn = vmmConnectionManager.get_instance().conns.get(uri)
        if conn is None or not conn.is_active():
            if time.monotonic() - begin > LIMIT:
                print("not connected: %s" % (conn and conn.get_state()), file=sys.stderr)
                end(1)
            return True
        there = conn.get_backend().numOfDevices(None, 0)
        if len(conn.list_nodedevs()) < there and time.monotonic() - begin < LIMIT:
            return True
        print(json.dumps({"devices": len(conn.list_nodedevs()), "there": there, "rows": rows(conn),
                          "info": conn.get_backend().getInfo(), "arch": conn.caps.host.cpu.arch}))
        end(0)
    except Exception:
        traceback.print_exc()
        end(1)


GLib.timeout_add(200, look)
sys.argv[1:] = ["--no-fork", "--connect", uri]
virtmanager.main()
