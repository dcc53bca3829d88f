# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay: performs what was done to a machine, step by step, and prints what the library tells.

    replay_events.py SEQUENCE [NODEDEV]

With NODEDEV, that program prints the events too, those of each type in a process. Each line is "STEP<tab>EVENT"; the words
are those of the recorded logs. test_event_replay.py compares. The messages between, which udevd sends too and libvirt
ignores, are sent as well.
"""
import errno
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

# What replay_machine imports is there.
sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "python")]
from replay_machine import Machine, UDEV_GROUP, read, write  # noqa: E402

HOST = "/sys/devices/pseudo_0/adapter0/host11"
TARGET = HOST + "/target11:0:0"
LUN = {n: TARGET + "/11:0:0:%d" % n for n in (0, 1)}
DISK = {0: LUN[0] + "/block/sdh", 1: LUN[1] + "/block/sdi"}
GENERIC = {0: LUN[0] + "/scsi_generic/sg11", 1: LUN[1] + "/scsi_generic/sg12"}

NIC = "/sys/devices/pci0000:00/0000:00:03.2/0000:03:00.0"
OTHER_NIC = "/sys/devices/pci0000:80/0000:80:00.0/0000:81:00.0"
VIRTUAL = "/sys/devices/virtual/net/"
HOST_BRIDGE = "/sys/devices/pci0000:00/0000:00:00.0"


class Steps:
    def __init__(self, tool=None):
        self.machine = Machine()
        self.sysfs_of = os.path.realpath
        self.programs = {kind: follow(tool, kind) for kind in ("lifecycle", "update") if tool}

    def send(self, action, *paths, **more):
        for path in paths:
            self.machine.udevd.send(action, path, **more)

    def done(self, step):
        for line in self.machine.take():
            print("%s\t%s" % (step, line))
            # The program has to see the tree as it is now, too.
            kind = line.split()[0]
            if kind in self.programs:
                print("nodedev %s\t%s" % (kind, self.programs[kind].stdout.readline().rstrip("\n")))

    def end(self):
        for kind, program in self.programs.items():
            program.send_signal(signal.SIGINT)
            for line in program.communicate(timeout=60)[0].split("\n"):
                print("nodedev %s\t%s" % (kind, line))

    def ignored(self, path):
        """Messages that change nothing for libvirt."""
        for action in ("bind", "unbind", "online", "offline"):
            self.send(action, path)


class Events(Steps):
    """The steps of events.steps that a recording can take, from the machine `modules`."""

    def lun_goes(self, n):
        self.send("remove", LUN[n] + "/bsg/11:0:0:%d" % n, SUBSYSTEM="bsg")
        self.send("remove", GENERIC[n], SUBSYSTEM="scsi_generic")
        self.send("remove", "/sys/devices/virtual/bdi/8:112", SUBSYSTEM="bdi")
        self.send("remove", LUN[n] + "/scsi_disk/11:0:0:%d" % n, SUBSYSTEM="scsi_disk")
        self.send("remove", DISK[n], SUBSYSTEM="block")
        self.send("remove", LUN[n] + "/scsi_device/11:0:0:%d" % n, SUBSYSTEM="scsi_device")

    def scsi(self):
        machine = self.machine
        machine.remove(LUN[1])
        self.lun_goes(1)
        self.send("unbind", LUN[1], SUBSYSTEM="scsi")
        self.send("remove", LUN[1], SUBSYSTEM="scsi")
        self.done("delete lun")
        machine.put_back(LUN[1])
        self.send("add", LUN[1])
        self.send("change", LUN[1])
        self.send("add", LUN[1] + "/scsi_device/11:0:0:1", GENERIC[1], LUN[1] + "/scsi_disk/11:0:0:1")
        self.ignored(LUN[1])
        self.send("add", DISK[1])
        self.done("scan lun")
        machine.remove(HOST)
        for n in (0, 1):
            self.lun_goes(n)
        for path in (LUN[0], LUN[1], TARGET, HOST):
            self.send("remove", path, SUBSYSTEM="scsi")
        self.done("rmmod")
        # The steps of the second host, with the first one's devices.
        machine.put_back(HOST)
        self.send("add", LUN[1], LUN[0], HOST, HOST + "/scsi_host/host11", TARGET)
        self.send("change", LUN[0], LUN[1])
        self.ignored(LUN[0])
        self.send("add", GENERIC[0], GENERIC[1], DISK[0], DISK[1])
        self.done("add host")
        machine.remove(HOST)
        self.send("remove", GENERIC[0], SUBSYSTEM="scsi_generic")
        self.send("remove", DISK[0], SUBSYSTEM="block")
        self.send("remove", GENERIC[1], SUBSYSTEM="scsi_generic")
        self.send("remove", LUN[0], SUBSYSTEM="scsi")
        self.send("remove", DISK[1], SUBSYSTEM="block")
        for path in (LUN[1], TARGET, HOST):
            self.send("remove", path, SUBSYSTEM="scsi")
        self.done("remove host")

    def dummy(self):
        """An interface comes, gets another address without a message, another name, and goes."""
        machine, path, renamed = self.machine, VIRTUAL + "dummy9", VIRTUAL + "renamed9"

        def new_interface(folder):
            write(folder + "/address", "52:54:00:bb:00:01\n")
            write(folder + "/uevent", "INTERFACE=dummy9\nIFINDEX=99\n")

        machine.copy(VIRTUAL + "dummy0", path, new_interface)
        self.send("add", path)
        self.send("add", path + "/queues/rx-0", SUBSYSTEM="queues")
        self.done("link add")
        write(path + "/address", "52:54:00:bb:00:02\n")
        self.done("link set address")
        machine.move(path, renamed)
        write(renamed + "/uevent", "INTERFACE=renamed9\nIFINDEX=99\n")
        self.send("move", renamed, DEVPATH_OLD=path[len("/sys"):])
        self.done("link set name")
        machine.remove(renamed)
        self.send("remove", renamed, SUBSYSTEM="net", INTERFACE="renamed9", IFINDEX="99")
        self.done("link del")

    def nics(self):
        machine, net = self.machine, NIC + "/net/enp3s0"
        fcoe = [link for link in os.listdir("/sys/class/scsi_host") if link == "host12"]
        host = os.path.dirname(os.path.dirname(self.sysfs_of("/sys/class/scsi_host/" + fcoe[0])))
        machine.remove(host)
        self.send("remove", host, SUBSYSTEM="scsi")
        machine.remove(net)
        self.send("remove", net, SUBSYSTEM="net", INTERFACE="enp3s0")
        self.ignored(NIC)
        self.done("unbind")
        machine.put_back(net)
        self.send("add", net)
        # udevd renames it: the old name was never told of.
        self.send("move", net, DEVPATH_OLD=(NIC + "/net/eth1")[len("/sys"):])
        self.ignored(NIC)
        self.done("bind")
        net = OTHER_NIC + "/net/enp129s0"
        machine.remove(OTHER_NIC)
        self.send("remove", net, SUBSYSTEM="net", INTERFACE="enp129s0")
        self.send("unbind", OTHER_NIC, SUBSYSTEM="pci")
        self.send("remove", OTHER_NIC, SUBSYSTEM="pci")
        self.done("remove pci")
        machine.put_back(OTHER_NIC)
        self.send("add", OTHER_NIC)
        self.ignored(OTHER_NIC)
        self.send("add", net)
        self.send("move", net, DEVPATH_OLD=(OTHER_NIC + "/net/eth1")[len("/sys"):])
        self.done("rescan pci")

    def run(self):
        self.scsi()
        self.dummy()
        self.nics()
        self.send("change", self.sysfs_of("/sys/class/block/sda"))
        self.done("change disk")
        self.send("change", HOST_BRIDGE)
        self.done("change pci")
        # udevd's workers told of the interfaces in this order; those without a message for libvirt between them.
        for name in ("bond0 eni1np1 eni1np2 enp3s0 ens1 wlan0 eth0 br0 ens6 wlan1 dummy0 macv0 lo hwsim0 veth1 tap0 veth0 "
                     "enp1s0 enp129s0 enp0s5u2u5i1 enp6s0 dummy0.7").split():
            self.send("change", self.sysfs_of("/sys/class/net/" + name))
        self.done("trigger change")
        self.send("add", self.sysfs_of("/sys/class/net/lo"))
        self.done("trigger add")


class Sriov(Steps):
    """Virtual functions go and come, on the machine `sriov`, which has them. The recording has the reverse order."""

    IGB = "/sys/devices/pci0000:00/0000:00:03.0/"
    NVME = "/sys/devices/pci0000:00/0000:00:03.1/"
    FUNCTIONS = {n: "/sys/devices/pci0000:00/0000:00:03.0/0000:01:10.%d" % n for n in (0, 2, 4)}
    NETS = {"v0": 0, "v1": 2, "v2": 4}

    def net(self, name):
        return self.FUNCTIONS[self.NETS[name]] + "/net/enp1s0" + name

    def run(self):
        machine = self.machine
        for path in self.FUNCTIONS.values():
            machine.remove(path)
        for name in ("v0", "v1", "v2"):
            self.send("remove", self.net(name), SUBSYSTEM="net")
        self.send("remove", *[self.FUNCTIONS[n] for n in (2, 4, 0)], SUBSYSTEM="pci")
        self.done("igb off")
        nvme = [self.NVME + "0000:02:00.%d" % n for n in (1, 2)]
        for path in nvme:
            machine.remove(path)
            self.send("unbind", path, SUBSYSTEM="pci")
            self.send("remove", path, SUBSYSTEM="pci")
        self.done("nvme off")
        for path in self.FUNCTIONS.values():
            machine.put_back(path)
        order = [self.FUNCTIONS[n] for n in (0, 4, 2)]
        self.send("change", self.IGB + "0000:01:00.0")
        self.send("add", *order)
        self.send("change", *order)
        for path in order:
            self.ignored(path)
        self.send("add", *[self.net(name) for name in ("v0", "v2", "v1")])
        for name in ("v2", "v0", "v1"):
            self.send("move", self.net(name), DEVPATH_OLD="/devices/nowhere/net/eth1")
        self.done("igb on")
        for path in nvme:
            machine.put_back(path)
        self.send("add", nvme[0])
        self.send("change", nvme[0])
        self.send("add", nvme[1])
        self.send("change", self.NVME + "0000:02:00.0", nvme[1])
        self.done("nvme on")


class Npiv(Steps):
    """A virtual port goes and comes, on the machine `npiv`, which has one."""

    def run(self):
        host = os.path.dirname(os.path.dirname(self.sysfs_of("/sys/class/scsi_host/host13")))
        for _ in range(3):
            self.machine.remove(host)
            self.send("remove", host + "/scsi_host/host13", SUBSYSTEM="scsi_host")
            self.send("remove", host, SUBSYSTEM="scsi")
            self.machine.put_back(host)
            self.send("add", host, host + "/scsi_host/host13", host + "/fc_host/host13")
        self.done("vport")


class Mdev(Steps):
    """Mediated devices start, stop, are defined and changed: everything of mdev.log, in its order."""

    PARENT = "/sys/devices/virtual/mtty/mtty"
    DEFINED = "/etc/mdevctl.d/mtty/"

    def start(self, uuid):
        shutil.copytree(self.model, self.PARENT + "/" + uuid, symlinks=True)
        os.symlink("../../../devices/virtual/mtty/mtty/" + uuid, "/sys/bus/mdev/devices/" + uuid)
        self.send("add", self.PARENT + "/" + uuid)
        self.ignored(self.PARENT + "/" + uuid)
        self.done("mdev")

    def stop(self, uuid):
        os.unlink("/sys/bus/mdev/devices/" + uuid)
        shutil.rmtree(self.PARENT + "/" + uuid)
        self.send("remove", self.PARENT + "/" + uuid, SUBSYSTEM="mdev")
        self.done("mdev")

    def define(self, uuid, text='{"mdev_type":"mtty-2","start":"manual"}', folder=DEFINED):
        os.makedirs(folder, exist_ok=True)
        with open(folder + uuid, "w") as f:
            f.write(text)
        self.done("mdev")

    def undefine(self, uuid, folder=DEFINED):
        os.unlink(folder + uuid)
        self.done("mdev")

    def run(self):
        one, two = ("11111111-2222-3333-4444-5555555555%02d" % n for n in (1, 2))
        kept = "11111111-2222-3333-4444-555555555503"
        # The recording ends with these two: the steps begin without.
        self.machine.remove(self.PARENT + "/" + one)
        self.model = self.machine.aside[self.PARENT + "/" + one][0]
        self.send("remove", self.PARENT + "/" + one, SUBSYSTEM="mdev")
        for uuid in (one, kept):
            os.unlink(self.DEFINED + uuid)
        self.machine.take()
        generated = "281d5913-db78-4a31-8574-5aac99db8bb5"
        self.start(generated)
        self.stop(generated)
        self.start(one)
        self.define(one)
        self.stop(one)
        self.undefine(one)
        self.define(two, '{"mdev_type":"mtty-2","start":"manual","attrs":[{"assign_adapter":"5"}]}')
        self.undefine(two)
        self.define(two)
        self.define(two)
        self.define(two, '{"mdev_type":"mtty-2","start":"auto"}')
        self.start(two)
        self.define(two, '{"mdev_type":"mtty-1","start":"manual"}')
        self.define(two, '{"mdev_type":"mtty-2","start":"manual","attrs":[{"x":"1"}]}')
        self.define(two)
        self.undefine(two)
        self.stop(two)
        generated = "f9df3cdf-f744-40ec-b17e-e0d91cacfdd7"
        self.define(generated)
        self.undefine(generated)
        for mdev_type in ("mtty-2", "mtty-2", "nosuch-9"):
            self.define(two, '{"mdev_type":"%s","start":"manual"}' % mdev_type)
            self.undefine(two)
        other_parent = "/etc/mdevctl.d/0000:01:00.0/"
        self.define(two, folder=other_parent)
        self.undefine(two, folder=other_parent)
        many = ["11111111-2222-3333-4444-5555555555%02d" % n for n in range(10, 22)]
        for uuid in many:
            self.start(uuid)
        for uuid in many:
            self.stop(uuid)
        self.define(one)
        self.start(one)
        self.stop(one)
        self.machine.remove(self.PARENT)
        self.send("remove", self.PARENT, SUBSYSTEM="mtty")
        self.done("mdev")
        self.machine.put_back(self.PARENT)
        self.send("add", self.PARENT)
        self.send("change", self.PARENT)
        self.done("mdev")
        self.start(one)
        self.define(one, '{"mdev_type":"mtty-2","start":"auto"}')
        self.define(kept)


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


def follow(tool, kind):
    """`nodedev event`, from the moment when it waits; virsh waits for a byte of the thread that runs its loop."""
    program = subprocess.Popen([tool, "event", "--event", kind, "--loop", "--timestamp"], stdout=subprocess.PIPE, text=True)
    while not read("/proc/%d/wchan" % program.pid).startswith(("poll_schedule_timeout", "do_select", "anon_pipe_read", "pipe_read")):
        time.sleep(0.01)
    return program


if __name__ == "__main__":
    kind = {"events": Events, "sriov": Sriov, "npiv": Npiv, "mdev": Mdev, "udevd": Udevd, "kinds": Kinds, "overrun": Overrun,
            "outside": Outside, "forged": Forged, "stuck": Stuck}[sys.argv[1]]
    steps = kind(*sys.argv[2:])
    before = steps.machine.fresh_documents()
    steps.run()
    steps.end()
    after, fresh = steps.machine.documents(), steps.machine.fresh_documents()
    for name in set(after) | set(fresh):
        if after.get(name) != fresh.get(name):
            print("stale\t%s" % name)
    for name in set(before) & set(after):
        if before[name] != after[name]:
            print("differs\t%s" % name)
