# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay (scripts/replay): lets devices of the recorded machine come, go and move, and tells of it as
udevd does.

The tree is a tmpfs, so a device goes by moving its directory aside, with the links that lead to it.
"""
import contextlib
import ctypes
import os
import select
import shutil
import socket
import struct
import subprocess
import sys

import vnd
from vnd import lib

ASIDE = "/sys/aside"
NETLINK_KOBJECT_UEVENT = 15
UDEV_GROUP = 2

Lifecycle = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
Update = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
KINDS = ("CREATED", "DELETED", "DEFINED", "UNDEFINED")


def read(path):
    with open(path, errors="surrogateescape") as f:
        return f.read()


def write(path, text):
    if os.path.exists(path):
        os.chmod(path, 0o644)
    with open(path, "w") as f:
        f.write(text)


@contextlib.contextmanager
def mounted(source, path):
    """Another file in place of an attribute, to have the kernel answer with an error."""
    subprocess.run(["/bin/mount", "--bind", source, path], check=True)
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", path], check=True)


class KernelProcess:
    """Another process that plays the kernel, and what it tells."""

    def __init__(self, program, *arguments):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), program)
        self.process = subprocess.Popen([sys.executable, program, *arguments], bufsize=0, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.until("ready")

    def line(self):
        return self.process.stdout.readline().decode().rstrip("\n")

    def until(self, word):
        """What it tells up to the line that begins with a word."""
        lines = [self.line()]
        while not lines[-1].startswith(word):
            assert lines[-1], "the kernel ended"
            lines.append(self.line())
        return lines

    def silent(self):
        return not select.select([self.process.stdout], [], [], 0)[0]

    def order(self, word):
        """Gives an order; returns what it told before it was done."""
        self.process.stdin.write(word.encode() + b"\n")
        return self.until("done")[:-1]

    def end(self):
        self.process.kill()
        self.process.wait()


class Udevd:
    """Broadcasts messages in udevd's form (systemd: src/libsystemd/sd-device/device-monitor.c)."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
        self.socket.bind((0, 0))
        self.number = 1000

    def database(self, path, properties):
        """What /run/udev/data holds of the device."""
        if os.path.exists(path + "/dev"):
            kind = "b" if properties["SUBSYSTEM"] == "block" else "c"
            name = kind + read(path + "/dev").strip()
        elif "IFINDEX" in properties:
            name = "n" + properties["IFINDEX"]
        else:
            name = "+%s:%s" % (properties["SUBSYSTEM"], os.path.basename(path))
        try:
            lines = read("/run/udev/data/" + name).splitlines()
        except OSError:
            return {}
        return dict(line[2:].split("=", 1) for line in lines if line.startswith("E:") and "=" in line)

    def properties(self, action, path, more):
        self.number += 1
        found = {"ACTION": action, "DEVPATH": path[len("/sys"):], "SEQNUM": str(self.number)}
        if os.path.exists(path + "/subsystem"):
            found["SUBSYSTEM"] = os.path.basename(os.path.realpath(path + "/subsystem"))
            found.update(line.split("=", 1) for line in read(path + "/uevent").splitlines() if "=" in line)
            found.update(self.database(path, found))
        found.update(more)
        found.setdefault("SUBSYSTEM", "unknown")
        if "DEVNAME" in found and not found["DEVNAME"].startswith("/"):
            found["DEVNAME"] = "/dev/" + found["DEVNAME"]
        found.setdefault("USEC_INITIALIZED", "1")
        return found

    def message(self, action, path, **more):
        """The header and the properties of a message."""
        properties = self.properties(action, path, more)
        body = b"".join(os.fsencode("%s=%s" % item) + b"\0" for item in properties.items())
        return b"libudev\0" + struct.pack(">I", 0xFEEDCAFE) + struct.pack("=III", 40, 40, len(body)) + bytes(16), body

    def send(self, action, path, **more):
        self.socket.sendto(b"".join(self.message(action, path, **more)), (0, UDEV_GROUP))


class Tree:
    """The machine's tree, and how it is changed."""

    def __init__(self):
        self.aside = {}
        self.removals = 0

    def links(self, path):
        """The links in /sys/bus and /sys/class that lead to a device or to one below it."""
        found = []
        for top in ("/sys/class", "/sys/bus"):
            for folder, folders, files in os.walk(top):
                for name in folders + files:
                    link = os.path.join(folder, name)
                    if os.path.islink(link):
                        target = os.path.realpath(link)
                        if (target + "/").startswith(path + "/"):
                            found.append((link, os.readlink(link)))
        return found

    def remove(self, path):
        """The device and all below it go."""
        links = self.links(path)
        for link, _ in links:
            os.unlink(link)
        os.makedirs(ASIDE, exist_ok=True)
        self.removals += 1
        place = os.path.join(ASIDE, str(self.removals))
        os.rename(path, place)
        self.aside[path] = (place, links)

    def put_back(self, path):
        place, links = self.aside[path]
        os.rename(place, path)
        for link, target in links:
            os.symlink(target, link)
        self.aside[path] = (None, ())

    def move(self, old, new):
        """The device gets another directory, and its links lead there; its own ones lead to where they led."""
        own = [(name, os.path.realpath(os.path.join(old, name))) for name in os.listdir(old)
               if os.path.islink(os.path.join(old, name))]
        targets = [(link, os.path.realpath(link)) for link, _ in self.links(old)]
        os.makedirs(os.path.dirname(new), exist_ok=True)
        os.rename(old, new)
        for name, target in own:
            os.unlink(os.path.join(new, name))
            os.symlink(os.path.relpath(target, new), os.path.join(new, name))
        for link, target in targets:
            os.unlink(link)
            if target == old:
                link = os.path.join(os.path.dirname(link), os.path.basename(new))
            os.symlink(os.path.relpath(target.replace(old, new, 1), os.path.dirname(link)), link)

    def copy(self, old, new, change):
        """A device like another one; `change` is told its directory before it is linked."""
        shutil.copytree(old, new, symlinks=True)
        change(new)
        folder = "/sys/class/" + os.path.basename(os.path.realpath(new + "/subsystem"))
        os.symlink(os.path.relpath(new, folder), os.path.join(folder, os.path.basename(new)))


class PlayedDriver(Tree):
    """A kernel's driver for syscalls.Thread: keeps what is written, fails it with the errnos of `fails`, and has other files
    opened in place of some."""

    def __init__(self):
        super().__init__()
        self.log, self.fails, self.instead = [], [], {}

    def opened(self, path):
        return self.instead.get(path)

    def read(self, path):
        pass


class Machine(Tree):
    """A connection that is told of all events, and the machine's tree."""

    def __init__(self):
        super().__init__()
        vnd.silence()
        register = lib.virConnectNodeDeviceEventRegisterAny
        register.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
                             ctypes.c_void_p]
        lib.vndConnectGetEventFD.argtypes = lib.vndConnectDispatchEvents.argtypes = [ctypes.c_void_p]
        lib.vndConnectGetAllDevicesXML.argtypes = [ctypes.c_void_p, ctypes.c_uint]
        lib.vndConnectGetAllDevicesXML.restype = ctypes.c_void_p
        self.udevd = Udevd()
        self.told = []
        self.conn = lib.virConnectOpen(b"nodedev:///system")
        assert self.conn, vnd.last_error()
        self.fd = lib.vndConnectGetEventFD(self.conn)
        self.callbacks = (Lifecycle(self.on_lifecycle), Update(self.on_update))
        for event, callback in enumerate(self.callbacks):
            assert register(self.conn, None, event, ctypes.cast(callback, ctypes.c_void_p), None, None) == event

    def on_lifecycle(self, _conn, device, event, detail, _opaque):
        self.told.append("lifecycle %s %s %d" % (lib.virNodeDeviceGetName(device).decode(), KINDS[event], detail))

    def on_update(self, _conn, device, _opaque):
        self.told.append("update %s" % lib.virNodeDeviceGetName(device).decode())

    @staticmethod
    def netlink_sockets():
        """The netlink sockets of this process."""
        for name in os.listdir("/proc/self/fd"):
            try:
                fd = os.dup(int(name))
            except OSError:  # the folder itself
                continue
            if not os.readlink("/proc/self/fd/%d" % fd).startswith("socket:"):
                os.close(fd)
                continue
            with socket.socket(fileno=fd) as found:
                if found.family == socket.AF_NETLINK:
                    yield found

    def limit_messages(self, size):
        """The kernel keeps no more bytes of unread messages for the netlink sockets of this process."""
        for found in self.netlink_sockets():
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def uevent_ports(self):
        """The numbers of the sockets that hear udevd's messages."""
        ports = [found.getsockname()[0] for found in self.netlink_sockets()
                 if found.proto == NETLINK_KOBJECT_UEVENT and found.getsockname()[1] == UDEV_GROUP]
        assert ports
        return ports

    def take(self):
        """What was told since the last time."""
        assert lib.vndConnectDispatchEvents(self.conn) >= 0
        told, self.told = self.told, []
        return told

    def documents(self, conn=None):
        """The XML of every device by name."""
        text = vnd.owned(lib.vndConnectGetAllDevicesXML(conn or self.conn, 0))
        found = {}
        for part in text.split("  <device>\n")[1:]:
            name = part.split("<name>", 1)[1].split("</name>", 1)[0]
            found[name] = part.split("  </device>\n")[0]
        return found

    def fresh_documents(self):
        """The same from a new connection, which knows nothing of before."""
        conn = lib.virConnectOpen(b"nodedev:///system")
        try:
            return self.documents(conn)
        finally:
            lib.virConnectClose(conn)
