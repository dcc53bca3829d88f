# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `sriov`: sets the number of virtual functions of a physical one, whose driver is
played, and prints what was written, what came of it, and how many there are then.
"""
import errno
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "python")]
import vnd  # noqa: E402
from replay_machine import PlayedDriver, write  # noqa: E402
from syscalls import Refused, Thread  # noqa: E402
from vnd import lib  # noqa: E402

PF = "0000:01:00.0"
BUS = "/sys/bus/pci/devices/"


class Kernel(PlayedDriver):
    """The rules of the kernel's drivers/pci/iov.c, sriov_numvfs_store()."""

    def __init__(self):
        super().__init__()
        self.most = 99
        self.folder = os.path.realpath(BUS + PF)
        names = sorted((n for n in os.listdir(self.folder) if n.startswith("virtfn")), key=lambda n: int(n[6:]))
        self.functions = [os.path.realpath(os.path.join(self.folder, name)) for name in names]
        self.targets = {name: os.readlink(os.path.join(self.folder, name)) for name in names}
        self.number = len(names)
        for name in ("sriov_totalvfs", "sriov_numvfs"):
            write("%s/%s" % (self.folder, name), "%d\n" % len(names))

    def written(self, path, data, offset):
        if not path.endswith("/sriov_numvfs"):
            return None
        count = int(data)
        self.log.append("sriov_numvfs %d" % count)
        error = (self.fails.pop(0) if self.fails else 0) or self.why_not(count)
        if not error:
            self.make(min(count, self.most))
        # Opening has emptied the file.
        write(self.folder + "/sriov_numvfs", "%d\n" % self.number)
        return error

    def why_not(self, count):
        if not os.path.exists(self.folder + "/driver"):
            return errno.ENOENT
        return errno.EBUSY if count and self.number else 0

    def make(self, count):
        for index, (path, link) in enumerate(zip(self.functions, sorted(self.targets, key=lambda n: int(n[6:])))):
            is_there = os.path.exists(path)
            if index < count and not is_there:
                self.put_back(path)
                os.symlink(self.targets[link], os.path.join(self.folder, link))
            elif index >= count and is_there:
                os.unlink(os.path.join(self.folder, link))
                self.remove(path)
        self.number = count


def set_functions(conn, count, flags, name="pci_0000_01_00_0"):
    device = lib.virNodeDeviceLookupByName(conn, name.encode())
    failed = lib.vndNodeDeviceSetVirtualFunctions(device, count, flags) != 0
    error = vnd.error_line() if failed else "done"
    lib.virNodeDeviceFree(device)
    return error


def are_listed(conn, kernel):
    """Whether those that there are can be looked up at once."""
    for path in kernel.functions[:kernel.number]:
        name = "pci_" + os.path.basename(path).replace(":", "_").replace(".", "_")
        device = lib.virNodeDeviceLookupByName(conn, name.encode())
        if not device:
            return False
        lib.virNodeDeviceFree(device)
    return True


def main():
    kernel = Kernel()
    try:
        thread = Thread(kernel)
    except Refused as e:
        print("system calls cannot be answered here: %s" % e, file=sys.stderr)
        return 77
    vnd.silence()
    conn = lib.virConnectOpen(b"nodedev:///system")
    total = len(kernel.functions)
    print("total", total, "now", kernel.number)

    def step(title, count, flags=0, conn=conn, **more):
        del kernel.log[:]
        result = thread.call(lambda: set_functions(conn, count, flags, **more))
        print("# " + title, *kernel.log, result, "now %d, listed %s" % (kernel.number, are_listed(conn, kernel)), sep="\n")

    step("as many as there are", kernel.number)
    step("fewer", 2)
    step("none", 0)
    step("all", total)
    step("too many", total + 1)
    kernel.fails = [0, errno.ENOMEM]
    step("no room: as before", 1)
    kernel.fails = [errno.EBUSY]
    step("none may go", 1)
    kernel.most = 1
    step("the driver makes fewer, and cannot bring back all", 2)
    kernel.most = 99
    step("all again", total)
    driver = os.readlink(kernel.folder + "/driver")
    step("none", 0)
    os.unlink(kernel.folder + "/driver")
    step("without a driver", 1)
    os.symlink(driver, kernel.folder + "/driver")
    kernel.fails = [errno.EOPNOTSUPP]
    step("a driver that makes none", 1)
    kernel.fails = [errno.EACCES]
    step("without permission, which says all", 1)
    step("two", 2)
    used = kernel.functions[1]
    os.makedirs(used + "/net/vf1")
    os.symlink("../.." + used[len("/sys"):] + "/net/vf1", "/sys/class/net/vf1")
    with open("/run/route", "w") as f:
        f.write("vf1 00000000 0102A8C0 0003 0 0 100 00000000 0 0 0\n")
    kernel.instead["/proc/net/route"] = "/run/route"
    step("one has the default route", 0)
    step("by force", 0, 1)
    step("an unknown flag", 0, 2)
    step("no virtual function can have any", 1, name="pci_0000_00_03_0")
    step("no PCI function", 1, name="computer")
    write(kernel.folder + "/sriov_totalvfs", "0\n")
    step("as many as none", 0)
    read_only = lib.virConnectOpenReadOnly(b"nodedev:///system")
    step("read-only", 1, conn=read_only)
    return 0


status = main()
sys.stdout.flush()
os._exit(status)
