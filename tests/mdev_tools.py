# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What the steps with mediated devices share: the programs that play kernel and mdevctl, and calls whose results print."""
import contextlib
import ctypes
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, os.pardir, "python")]
import vnd  # noqa: E402
from mdev_kernel import DEVICES  # noqa: E402
from replay_machine import KernelProcess  # noqa: E402
from vnd import lib  # noqa: E402

FOLDER = "/etc/mdevctl.d/"
UUID = "11111111-2222-3333-4444-5555555555a%s"
LIVE, CONFIG = 1, 2


def play_kernel():
    return KernelProcess("mdev_kernel.py")


class Mdevctl:
    """The program that plays mdevctl, found in PATH before any other."""

    def __init__(self):
        self.folder = "/run/mdevctl-play"
        os.makedirs(self.folder + "/bin")
        os.symlink(os.path.join(HERE, "mdevctl.py"), self.folder + "/bin/mdevctl")
        os.environ["MDEVCTL_PLAY"] = self.folder
        os.environ["PATH"] = self.folder + "/bin:" + os.environ["PATH"]

    def shall(self, mode):
        with open(self.folder + "/mode", "w") as f:
            f.write(mode)

    def asked(self):
        """What it was asked since the last time."""
        try:
            with open(self.folder + "/log") as f:
                lines = f.read().splitlines()
        except FileNotFoundError:
            return []
        os.unlink(self.folder + "/log")
        return lines


def show(what, result):
    print("%s: %s" % (what, result))


def name(uuid, parent="mtty"):
    return "mdev_%s_%s" % (uuid.replace("-", "_"), parent.replace(":", "_").replace(".", "_"))


def xml(uuid=None, kind="mtty-1", parent="mtty_mtty", attributes=(), device="x"):
    return "<device><name>%s</name>%s<capability type='mdev'><type id='%s'/>%s%s</capability></device>" % (
        device, "<parent>%s</parent>" % parent if parent else "", kind, "<uuid>%s</uuid>" % uuid if uuid else "",
        "".join("<attr name='%s' value='%s'/>" % pair for pair in attributes))


def create(conn, text):
    return vnd.made(lib.virNodeDeviceCreateXML(conn, text.encode(), 0))


def define(conn, text):
    return vnd.made(lib.virNodeDeviceDefineXML(conn, text.encode(), 0))


def on_device(function):
    def call(conn, device_name, *arguments):
        device = lib.virNodeDeviceLookupByName(conn, device_name.encode())
        if not device:
            return vnd.error_line()
        result = "done" if function(device, *arguments) == 0 else vnd.error_line()
        lib.virNodeDeviceFree(device)
        return result
    return call


start = on_device(lambda device: lib.virNodeDeviceCreate(device, 0))
destroy = on_device(lib.virNodeDeviceDestroy)
undefine = on_device(lambda device: lib.virNodeDeviceUndefine(device, 0))
autostart = on_device(lib.virNodeDeviceSetAutostart)
update = on_device(lambda device, text, flags: lib.virNodeDeviceUpdate(device, text.encode(), flags))


def state(conn, device_name):
    device = lib.virNodeDeviceLookupByName(conn, device_name.encode())
    if not device:
        return "none"
    autostarts = ctypes.c_int()
    lib.virNodeDeviceGetAutostart(device, ctypes.byref(autostarts))
    found = "active %d persistent %d autostart %d" % (
        lib.virNodeDeviceIsActive(device), lib.virNodeDeviceIsPersistent(device), autostarts.value)
    lib.virNodeDeviceFree(device)
    return found


def description(conn, device_name):
    device = lib.virNodeDeviceLookupByName(conn, device_name.encode())
    text = vnd.owned(lib.virNodeDeviceGetXMLDesc(device, 0))
    lib.virNodeDeviceFree(device)
    return text


def attributes_of(conn, device_name):
    return re.findall("<attr name='(.*)' value='(.*)'/>", description(conn, device_name))


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def as_nobody(do, even_here=False):
    """Does something as a user without rights, or as this one where there is no other and that is as good; prints its
    result."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with contextlib.suppress(OSError):
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            if os.getuid() == 0 and not even_here:
                print("unprivileged: there is no other user")
            else:
                print("unprivileged:", do(lib.virConnectOpen(b"nodedev:///system")))
            sys.stdout.flush()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def put(path, text):
    os.makedirs(os.path.dirname(FOLDER + path), exist_ok=True)
    with open(FOLDER + path, "w") as f:
        f.write(text)


def things():
    """Every device and every definition."""
    found = {os.path.join(parent, file) for parent in os.listdir(FOLDER) for file in os.listdir(FOLDER + parent)}
    return found | set(os.listdir(DEVICES))


def connect():
    return lib.virConnectOpen(b"nodedev:///system")


def without_mdevctl():
    os.environ["PATH"] = "/nowhere"
    for folder in ("/usr/sbin", "/sbin"):
        if os.path.exists(folder + "/mdevctl"):
            subprocess.run(["/bin/mount", "--bind", "/dev/null", folder + "/mdevctl"], check=True)


HOSTILE = {
    "type": ["../mtty-1", "/mtty-1", "..", "-t", "--help", "a/b", "a&#10;b", "a&#x85;b", "x" * 256, ""],
    "attribute": ["../remove", "/remove", "-a", "a//b", "a/../b", "a/", "a&#10;b"],
    "uuid": ["../../x", "-u", "--help", "11111111-2222-3333-4444-5555555555aa/..",
             "11111111-2222-3333-4444-5555555555aa&#10;--live", "11111111-2222-3333-4444-5555555555a"],
    "parent": ["../mtty", "-p", "mtty_mtty&#10;--live", "nosuch", "computer", "pci_0000_00_1f_2/..", None],
}


def hostile(conn, do):
    for kind in HOSTILE["type"]:
        show("type %a" % kind[:20], do(conn, xml(UUID % "a", kind)))
    for attribute in HOSTILE["attribute"]:
        show("attribute %a" % attribute, do(conn, xml(UUID % "a", attributes=[(attribute, "1")])))
    for uuid in HOSTILE["uuid"]:
        show("uuid %a" % uuid, do(conn, xml(uuid)))
    for parent in HOSTILE["parent"]:
        show("parent %a" % parent, do(conn, xml(UUID % "a", parent=parent)))
    show("NUL", do(conn, xml(UUID % "a", "a&#0;b")).split("\n")[0])
