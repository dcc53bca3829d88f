# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Changes definitions of mediated devices as mdevctl does and prints what the library says.

Run by test_definitions.py over the replayed machine "mdev": one definition of a running
device (…501), one of a device that is not there (…503).
"""
import contextlib
import ctypes
import os
import select
import shutil
import subprocess
import sys
import time

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


def on_lifecycle(_conn, device, event, _detail, _opaque):
    print("  %s %s" % (KINDS[event], lib.virNodeDeviceGetName(device).decode()))


def on_update(_conn, device, _opaque):
    print("  UPDATE %s" % lib.virNodeDeviceGetName(device).decode())


callbacks = [LIFECYCLE(on_lifecycle), UPDATE(on_update)]


def watching():
    """A connection that tells of all events, and its descriptor."""
    made = lib.virConnectOpen(b"nodedev:///system")
    descriptor = lib.vndConnectGetEventFD(made)
    for event, callback in enumerate(callbacks):
        assert lib.virConnectNodeDeviceEventRegisterAny(made, None, event, callback, None, None) == event
    return made, descriptor


conn, fd = watching()


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


def instances():
    """How many inotify instances this process has."""
    links = []
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink("/proc/self/fd/" + number))
    return links.count("anon_inode:inotify")


def in_child(work):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            sys.stdout.flush()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def opened():
    """A connection that has looked, and its descriptor."""
    made = lib.virConnectOpen(b"nodedev:///system")
    lib.virNodeNumOfDevices(made, None, 0)
    return made, lib.vndConnectGetEventFD(made)


def has(made, device_name):
    device = lib.virNodeDeviceLookupByName(made, device_name.encode())
    if device:
        lib.virNodeDeviceFree(device)
    return bool(device)


def is_awake(descriptor, wait=5):
    return bool(select.select([descriptor], [], [], wait)[0])


def close():
    for event in range(2):
        assert lib.virConnectNodeDeviceEventDeregisterAny(conn, event) == 0
    assert lib.virConnectClose(conn) == 0


def mount(path):
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", path], check=True)


def unwatched():
    """A connection for which nobody waits compares the definitions in its first second, and watches them then."""
    made = lib.virConnectOpen(b"nodedev:///system")
    for _ in range(2):
        before = lib.virNodeNumOfDevices(made, None, 0)
        put("mtty/" + NEW, '{"mdev_type":"mtty-2","start":"manual","attrs":[]}')
        added = lib.virNodeNumOfDevices(made, None, 0)
        os.unlink(FOLDER + "mtty/" + NEW)
        removed = lib.virNodeNumOfDevices(made, None, 0)
        print("  instances", instances(), "added", added - before, "removed", added - removed)
        time.sleep(1.1)
    lib.virConnectClose(made)


# What follows happens to a folder that is no machine's own.
close()
print("nobody waits")
unwatched()
mount("/etc")
os.mkdir("/etc/mdevctl.d")
mount("/etc/mdevctl.d")
put("mtty/" + RUNNING, '{"mdev_type":"mtty-1","start":"auto","attrs":[]}')
conn, fd = watching()
DEFINITION = '{"mdev_type":"mtty-2","start":"manual","attrs":[]}'
others = [opened() for _ in range(20)]
print("instances", instances())
put("mtty/" + NEW, DEFINITION)
step("define")
print("  others are awake:", all(is_awake(other) for _, other in others))
print("  others know it:", all(has(made, new) for made, _ in others))
print("  and sleep:", not any(is_awake(other, 0) for _, other in others))


def look_and_change():
    made, descriptor = opened()
    print("  instances", instances())
    os.unlink(FOLDER + "mtty/" + NEW)
    print("  the child is awake:", is_awake(descriptor), "and knows it:", not has(made, new))
    lib.virConnectClose(made)
    lib.virConnectClose(conn)


print("a child")
in_child(look_and_change)
step("what the child did")
put("mtty/" + NEW, DEFINITION)
step("define")

subprocess.run(["/bin/umount", "/etc/mdevctl.d"], check=True)
step("the folder is another")
os.rmdir("/etc/mdevctl.d")
step("the folder is gone")
open("/etc/other", "w").close()
step("another file beside it")
put("mtty/" + NEW, DEFINITION)
step("the folder comes with a definition")
os.rename("/etc/mdevctl.d", "/etc/mdevctl.old")
step("the folder is moved away")
put("mtty/" + NEW, DEFINITION.replace("2", "1"))
step("another one comes")
with open("/etc/mdevctl.old/mtty/" + NEW, "w") as f:
    f.write(DEFINITION)
print("the old one changes:", is_awake(fd, 0.2))
put("mtty/" + RUNNING, DEFINITION)
step("the new one changes")
shutil.rmtree("/etc/mdevctl.d")
step("the folder is removed")
os.rename("/etc/mdevctl.old", "/etc/mdevctl.d")
step("the old one comes back")
print("others know it:", all(has(made, new) for made, _ in others))
for made, _ in others:
    lib.virConnectClose(made)
close()
print("instances", instances())
