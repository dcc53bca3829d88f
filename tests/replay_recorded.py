# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What was done to the machines whose events are recorded, with libvirt's words for them."""
import os
import shutil

from replay_steps import HOST, HOST_BRIDGE, OTHER_NIC, VIRTUAL, Steps
from replay_machine import write

TARGET = HOST + "/target11:0:0"
LUN = {n: TARGET + "/11:0:0:%d" % n for n in (0, 1)}
DISK = {0: LUN[0] + "/block/sdh", 1: LUN[1] + "/block/sdi"}
GENERIC = {0: LUN[0] + "/scsi_generic/sg11", 1: LUN[1] + "/scsi_generic/sg12"}

NIC = "/sys/devices/pci0000:00/0000:00:03.2/0000:03:00.0"

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
