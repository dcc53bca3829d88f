# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes definitions of mediated devices as mdevctl does and prints what the library says.

Run by test_definitions.py over the replayed machine "mdev": one definition of a running
device (…501), one of a device that is not there (…503).
"""
import ctypes
import os
import select
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "python"))
import vnd  # noqa: E402
from vnd import lib  # noqa: E402

FOLDER = "/etc/mdevctl.d/"
NEW = "11111111-2222-3333-4444-555555555599"
RUNNING = "11111111-2222-3333-4444-555555555501"
UPDATE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
LIFECYCLE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
KINDS = ["CREATED", "DELETED", "DEFINED", "UNDEFINED"]

lib.virConnectNodeDeviceEventRegisterAny.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_int] + [ctypes.c_void_p] * 3
lib.vndConnectGetEventFD.argtypes = lib.vndConnectDispatchEvents.argtypes = [ctypes.c_void_p]
conn = lib.virConnectOpen(b"nodedev:///system")


def on_lifecycle(_conn, device, event, _detail, _opaque):
    print("  %s %s" % (KINDS[event], lib.virNodeDeviceGetName(device).decode()))


def on_update(_conn, device, _opaque):
    print("  UPDATE %s" % lib.virNodeDeviceGetName(device).decode())


callbacks = [LIFECYCLE(on_lifecycle), UPDATE(on_update)]
fd = lib.vndConnectGetEventFD(conn)
for event, callback in enumerate(callbacks):
    assert lib.virConnectNodeDeviceEventRegisterAny(conn, None, event, callback, None, None) == event


def step(words):
    print(words)
    while select.select([fd], [], [], 0.2)[0]:
        assert lib.vndConnectDispatchEvents(conn) >= 0


def put(path, text):
    os.makedirs(os.path.dirname(FOLDER + path), exist_ok=True)
    with open(FOLDER + path, "w") as f:
        f.write(text)


def show(name):
    device = lib.virNodeDeviceLookupByName(conn, name.encode())
    if not device:
        print("  gone")
        return
    autostart = ctypes.c_int()
    assert lib.virNodeDeviceGetAutostart(device, ctypes.byref(autostart)) == 0
    print("  active %d persistent %d autostart %d" % (
        lib.virNodeDeviceIsActive(device), lib.virNodeDeviceIsPersistent(device), autostart.value))
    flags = 1 if lib.virNodeDeviceIsPersistent(device) else 0
    text = vnd.owned(lib.virNodeDeviceGetXMLDesc(device, flags))
    print("".join("  " + line + "\n" for line in text.splitlines() if "<type" in line or "<attr" in line), end="")
    lib.virNodeDeviceFree(device)


new = "mdev_%s_mtty" % NEW.replace("-", "_")
running = "mdev_%s_mtty" % RUNNING.replace("-", "_")
step("nothing")
put("mtty/" + NEW, '{"mdev_type":"mtty-2","start":"auto","attrs":[{"a":"1"}]}')
step("define")
show(new)
put("mtty/" + NEW, '{"mdev_type":"mtty-1","start":"manual","attrs":[]}')
step("modify")
show(new)
put("mtty/" + NEW, '{"mdev_type":"mtty-1","start":"manual","attrs":[]}')
step("write the same")
os.unlink(FOLDER + "mtty/" + NEW)
step("undefine")
show(new)
os.unlink(FOLDER + "mtty/" + RUNNING)
step("undefine a running one")
show(running)
put("mtty/" + RUNNING, '{"mdev_type":"mtty-1","start":"auto","attrs":[]}')
step("define a running one")
show(running)
put("0000:0f:00.0/" + NEW, '{"mdev_type":"x","start":"manual"}')
step("define below a new parent")
put("0000:0f:00.0/" + NEW, '{"mdev_type":')
step("write half a definition")
for event in range(2):
    assert lib.virConnectNodeDeviceEventDeregisterAny(conn, event) == 0
assert lib.virConnectClose(conn) == 0
