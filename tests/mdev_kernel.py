# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `modules`: plays the kernel's driver `mtty` and udevd for mediated devices.

The attributes `create` of the two types, and `remove` of each device, are FIFOs; what is written to them is acted on.
Tells on standard output, a line each: `ready`; `create TYPE TEXT` and `remove UUID TEXT` for what was written; `came
UUID` and `gone UUID` when the message was sent. Takes orders on standard input, a line each, and answers `done`:
`unload` and `load` the driver's parent; devices that are made from now on `appear`, are `hidden` (there is a folder, but
not yet all that makes a device), `ungrouped` (in no IOMMU group) or `lost` (nothing comes).
"""
import os
import re
import select
import shutil
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "python")]
from replay_machine import Tree, Udevd, write  # noqa: E402

PARENT = "/sys/devices/virtual/mtty/mtty"
TYPES = PARENT + "/mdev_supported_types/"
DEVICES = "/sys/bus/mdev/devices/"
GROUPS = "/sys/kernel/iommu_groups/"
PORTS = 24  # that the driver has in all
PORTS_OF = {"mtty-1": 1, "mtty-2": 2}
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Kernel:
    def __init__(self):
        self.devices_shall = "appear"
        self.tree, self.udevd = Tree(), Udevd()
        self.devices = {}  # UUID: (type, IOMMU group)
        self.fifos = {}  # descriptor: what to do with what is read from it
        for folder in (DEVICES, "/sys/bus/mdev/drivers/mtty"):
            os.makedirs(folder, exist_ok=True)
        for kind in PORTS_OF:
            self.fifo(TYPES + kind + "/create", lambda text, kind=kind: self.create(kind, text))

    def fifo(self, path, act):
        if os.path.exists(path):
            os.unlink(path)
        os.mkfifo(path, 0o200)
        os.chmod(path, 0o200)
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.fifos[fd] = act
        return fd

    def tell(self, *words):
        print(*words, flush=True)

    def count(self):
        used = sum(PORTS_OF[kind] for kind, _ in self.devices.values())
        for kind, ports in PORTS_OF.items():
            write(TYPES + kind + "/available_instances", "%d\n" % ((PORTS - used) // ports))

    def create(self, kind, text):
        self.tell("create", kind, repr(text))
        if self.devices_shall == "lost" or not re.fullmatch(UUID, text) or text in self.devices:
            return
        group = next(n for n in range(32, 100) if not os.path.exists(GROUPS + str(n)))
        self.devices[text] = kind, group
        os.mkdir(GROUPS + str(group))
        path = PARENT + "/" + text
        os.mkdir(path)
        for name, target in (("driver", "../../../../../bus/mdev/drivers/mtty"),
                             ("iommu_group", "../../../../../kernel/iommu_groups/%d" % group),
                             ("mdev_type", "../mdev_supported_types/" + kind),
                             ("subsystem", "../../../../../bus/mdev")):
            if name != {"hidden": "mdev_type", "ungrouped": "iommu_group"}.get(self.devices_shall):
                os.symlink(target, path + "/" + name)
        write(path + "/uevent", "DRIVER=mtty\n")
        fd = self.fifo(path + "/remove", lambda written: self.remove(text, fd, written))
        os.symlink("../../../" + text, TYPES + kind + "/devices/" + text)
        os.symlink("../../../devices/virtual/mtty/mtty/" + text, DEVICES + text)
        self.count()
        self.udevd.send("add", path)
        self.tell("came", text)

    def remove(self, uuid, fd, text):
        self.tell("remove", uuid, repr(text))
        if text.strip() != "1":
            return
        kind, group = self.devices.pop(uuid)
        del self.fifos[fd]
        os.close(fd)
        os.unlink(DEVICES + uuid)
        os.unlink(TYPES + kind + "/devices/" + uuid)
        os.rmdir(GROUPS + str(group))
        shutil.rmtree(PARENT + "/" + uuid)
        self.count()
        self.udevd.send("remove", PARENT + "/" + uuid, SUBSYSTEM="mdev")
        self.tell("gone", uuid)

    def order(self, word):
        if word == "unload":
            self.tree.remove(PARENT)
            self.udevd.send("remove", PARENT, SUBSYSTEM="mtty")
        elif word == "load":
            self.tree.put_back(PARENT)
            self.udevd.send("add", PARENT)
        else:
            self.devices_shall = word
        self.tell("done")

    def run(self):
        self.tell("ready")
        while True:
            for fd in select.select([0, *self.fifos], [], [])[0]:
                text = os.read(fd, 4096).decode(errors="backslashreplace")
                if fd != 0:
                    self.fifos[fd](text)
                elif text:
                    self.order(text.strip())
                else:
                    return


if __name__ == "__main__":
    Kernel().run()
