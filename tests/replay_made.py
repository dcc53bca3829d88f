# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What no recording has: each kind of device as it goes and comes, udevd that is absent or stuck, messages that are lost or
forged."""
import errno
import os
import re
import select
import socket
import struct
import time

from replay_steps import HOST, HOST_BRIDGE, OTHER_NIC, VIRTUAL, Steps
from replay_machine import UDEV_GROUP, write

class Kinds(Steps):
    """For some devices of each kind: change, remove, add, move there and back. Prints only what is wrong."""

    EACH = 3

    def expect(self, what, expected):
        # Definitions of mediated devices go and come with their parent: `Mdev` looks at those.
        told = [line for line in self.machine.take() if not line.endswith("DEFINED 0")]
        expected = list(self.with_transient(expected))
        if told != expected:
            print("wrong\t%s: told %s, expected %s" % (what, told, expected))

    def with_transient(self, expected):
        """Updates of running devices without a definition come before whatever makes libvirt ask mdevctl again:
        a device that goes, a mediated device or a parent of such that comes or changes."""
        for line in expected:
            name = line.split()[1]
            if line.endswith("DELETED 0"):
                self.gone.add(name)
            else:
                self.gone.discard(name)
            if line.endswith("DELETED 0") or name in self.mediated or name in self.parents:
                yield from ("update " + n for n in self.transient if n not in self.gone)
            yield line

    def check(self, kind, name, path, below):
        """`below` has names and paths of the devices below it, parents first."""
        machine, family = self.machine, [(name, path), *below]
        subsystem = {p: os.path.basename(self.sysfs_of(p + "/subsystem")) for _, p in family}
        self.ignored(path)
        self.send("change", path)
        self.expect("change", ["update " + name])
        machine.remove(path)
        for _, p in reversed(family):
            self.send("remove", p, SUBSYSTEM=subsystem[p])
        self.expect("remove", ["lifecycle %s DELETED 0" % n for n, _ in reversed(family)])
        machine.put_back(path)
        for _, p in family:
            self.send("add", p)
        self.expect("add", ["lifecycle %s CREATED 0" % n for n, _ in family])
        if kind == "mdev" or any(n.startswith("mdev_") for n, _ in below):
            return  # what a mediated device is, is told by links that lead out of it
        elsewhere = "/sys/devices/virtual/elsewhere/" + os.path.basename(path)
        for old, new in ((path, elsewhere), (elsewhere, path)):
            machine.move(old, new)
            self.send("move", new, DEVPATH_OLD=old[len("/sys"):])
            self.expect("move", ["lifecycle %s DELETED 0" % name, "lifecycle %s CREATED 0" % name,
                                 *["update " + n for n, _ in below]])

    def run(self):
        documents = self.machine.documents()
        paths = {name: re.search("<path>(.*)</path>", text) for name, text in documents.items()}
        paths = {name: found[1].replace("&amp;", "&") for name, found in paths.items() if found}
        kinds = {}
        self.gone = set()
        self.mediated = [name for _, name in sorted((path, name) for name, path in paths.items() if name.startswith("mdev_"))]
        defined = [name.replace("-", "_") for _, _, files in os.walk("/etc/mdevctl.d") for name in files]
        self.transient = [name for name in self.mediated if not any(uuid in name for uuid in defined)]
        self.parents = [name for name, text in documents.items() if "type='mdev_types'" in text]
        for name, path in paths.items():
            kinds.setdefault(re.search("<capability type='(.*?)'", documents[name])[1], []).append((name, path))
        for kind, devices in sorted(kinds.items()):
            for name, path in devices[:self.EACH]:
                below = sorted((p, n) for n, p in paths.items() if p.startswith(path + "/"))
                self.check(kind, name, path, [(n, p) for p, n in below])
            print("kind\t%s" % kind)


class Udevd(Steps):
    """udevd is not there at first, comes and goes again; each time a device comes or goes that nobody tells of."""

    CONTROL = "/run/udev/control"

    def __init__(self, tool=None):
        os.unlink(self.CONTROL)
        super().__init__(tool)

    def is_told(self):
        return bool(select.select([self.machine.fd], [], [], 0)[0])

    def run(self):
        machine = self.machine
        self.send("change", HOST_BRIDGE)
        assert not self.is_told()
        machine.remove(OTHER_NIC)
        write(self.CONTROL, "")
        self.done("udevd comes")
        self.send("change", HOST_BRIDGE)
        assert self.is_told()
        self.done("udevd tells")
        machine.put_back(OTHER_NIC)
        os.unlink(self.CONTROL)
        self.done("udevd goes")
        self.send("change", HOST_BRIDGE)
        assert not self.is_told()
        write(self.CONTROL, "")
        self.done("udevd is back")


class Stuck(Steps):
    """udevd is stuck, or was killed: its queue stays, and nobody tells of what the kernel has counted."""

    QUEUE = "/run/udev/queue"
    SEQNUM = "/sys/kernel/uevent_seqnum"
    PATIENCE = 5  # seconds, of the library

    def __init__(self, tool=None):
        write(self.SEQNUM, "1000\n")
        super().__init__(tool)
        self.done("start")

    def run(self):
        machine = self.machine
        write(self.QUEUE, "")
        machine.remove(OTHER_NIC)
        write(self.SEQNUM, "1003\n")
        begin = time.monotonic()
        self.done("waits")
        # It goes on with others meanwhile.
        time.sleep(self.PATIENCE / 2)
        self.send("change", HOST_BRIDGE)
        write(self.SEQNUM, "1004\n")
        self.done("goes on")
        # Whoever sleeps is woken, though nobody has told anything, and then sleeps on.
        assert select.select([machine.fd], [], [], 20)[0]
        assert time.monotonic() - begin >= self.PATIENCE, time.monotonic() - begin
        self.done("patience ends")
        assert not select.select([machine.fd], [], [], 0)[0]
        machine.put_back(OTHER_NIC)
        write(self.SEQNUM, "1007\n")
        self.done("waits again")
        os.unlink(self.QUEUE)
        self.done("queue ends")


class Outside(Steps):
    """Somebody names directories that are no devices of the kernel's."""

    def run(self):
        away = "/sys/devices/virtual/../pseudo_0/adapter0/host11"
        self.send("remove", away, SUBSYSTEM="scsi")
        self.send("move", HOST, DEVPATH_OLD=away[len("/sys"):])
        outside = "/run/outside/dummy9"
        os.makedirs(outside)
        write(outside + "/uevent", "INTERFACE=dummy9\nIFINDEX=99\n")
        write(outside + "/address", "52:54:00:00:00:99\n")
        os.symlink("/sys/class/net", outside + "/subsystem")
        self.send("add", "/sys/devices/../.." + outside)
        self.done("outside")
        self.send("change", HOST_BRIDGE)
        self.done("inside")


class Forged(Steps):
    """Messages that nobody may believe, about a device that did not change."""

    def run(self):
        udevd = self.machine.udevd
        head, body = udevd.message("change", HOST_BRIDGE)
        whole = head + body
        for name, message in (
                ("another version", whole[:11] + b"\xff" + whole[12:]), ("the kernel's form", body),
                ("properties beyond the end", head[:16] + struct.pack("=I", 1 << 20) + head[20:] + body),
                ("no end", whole[:-1]), ("no value", whole + b"WORD\0"), ("an empty property", whole + b"\0"),
                ("no subsystem", whole.replace(b"SUBSYSTEM=", b"SUBSYSTEN=")),
                ("no number", head + b"\0".join(p for p in body.split(b"\0") if not p.startswith(b"SEQNUM="))),
                ("an unknown action", whole.replace(b"ACTION=change", b"ACTION=chance")), ("short", head[:31])):
            udevd.socket.sendto(message, (0, UDEV_GROUP))
            self.done(name)
        for port in self.machine.uevent_ports():
            udevd.socket.sendto(whole, (port, 0))
        self.done("to this process alone")
        # Some other user, as only root of the whole system can say.
        foreign = (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("=iII", os.getpid(), 12345, 12345))
        try:
            udevd.socket.sendmsg([whole], [foreign], 0, (0, UDEV_GROUP))
        except OSError as error:
            assert error.errno in (errno.EINVAL, errno.EPERM), error
        self.done("another user")
        # What filters of sockets look at counts for nothing else.
        udevd.socket.sendto(head[:24] + b"\xff" * 16 + body, (0, UDEV_GROUP))
        self.done("believed")


class Overrun(Steps):
    """Messages are lost: the buffer is too small for those of the loopback interface that come first."""

    FLOOD = 500
    BUFFER = 10000  # bytes

    def lost(self, step, paths):
        loopback = self.sysfs_of("/sys/class/net/lo")
        for _ in range(self.FLOOD):
            self.send("change", loopback)
        for action, path, subsystem in paths:
            self.send(action, path, SUBSYSTEM=subsystem)
        self.done(step)
        self.done(step)

    def run(self):
        machine = self.machine
        machine.limit_messages(self.BUFFER)
        for path in (HOST, OTHER_NIC):
            machine.remove(path)
        self.lost("went", [("remove", HOST, "scsi"), ("remove", OTHER_NIC, "pci")])
        for path in (HOST, OTHER_NIC):
            machine.put_back(path)
        self.lost("came", [("add", HOST, "scsi"), ("add", OTHER_NIC, "pci")])
        write(VIRTUAL + "dummy0/address", "52:54:00:bb:00:03\n")
        write(VIRTUAL + "veth0/uevent", "INTERFACE=veth0\nIFINDEX=77\n")
        self.lost("changed", [("change", VIRTUAL + "dummy0", "net")])
        # So do messages of the folder of definitions, where the scan finds what they tell of.
        definition = "/etc/mdevctl.d/mtty/11111111-2222-3333-4444-555555555599"
        os.makedirs(os.path.dirname(definition), exist_ok=True)
        for step, kind in (("defined", "mtty-1"), ("redefined", "mtty-2")):
            write(definition, '{"mdev_type": "%s", "start": "manual"}' % kind)
            self.lost(step, [])
        os.unlink(definition)
        self.lost("undefined", [])
