# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What libvirt does not do: verdicts on assigning, each proved by VFIO itself, and virtual functions of real drivers.

A verdict of yes is true if the function, once detached, can be opened through VFIO and shows its own configuration space.
"""
import contextlib
import fcntl
import json
import os
import struct
import subprocess

from sequence import NODEDEV

URI = "nodedev:///system"
BUS = "/sys/bus/pci/devices/"
# _IO(';', 100 + n) of include/uapi/linux/vfio.h.
SET_IOMMU, GET_STATUS, SET_CONTAINER, GET_DEVICE, GET_REGION = 0x3B66, 0x3B67, 0x3B68, 0x3B6A, 0x3B6C
TYPE1, VIABLE, CONFIG_REGION = 1, 1, 7


def read(path):
    with open(path) as f:
        return f.read().strip()


def name_of(address):
    return "pci_" + address.replace(":", "_").replace(".", "_")


def nodedev(*words):
    """Exit status and output of the program."""
    done = subprocess.run([NODEDEV, "-c", URI, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def verdict(address):
    """The verdict on a function, with the codes of what speaks against it."""
    report = json.loads(nodedev("assignable", "--json", name_of(address))[1])
    grave = sorted({reason["code"] for reason in report["reasons"] if reason["allows"] != "yes"})
    return " ".join([report["verdict"], *grave])


def inventory(address, part):
    return json.loads(nodedev("inventory", "--parts", part, name_of(address))[1])[name_of(address)][part]


@contextlib.contextmanager
def group_of(address):
    """The open VFIO group of a function."""
    group = os.open("/dev/vfio/" + os.path.basename(os.readlink(BUS + address + "/iommu_group")), os.O_RDWR)
    try:
        yield group
    finally:
        os.close(group)


def is_viable(address):
    """Whether VFIO would let a program have the group."""
    with group_of(address) as group:
        status = fcntl.ioctl(group, GET_STATUS, struct.pack("II", 8, 0))
        return bool(struct.unpack("II", status)[1] & VIABLE)


@contextlib.contextmanager
def driven(address):
    """Drives a function through VFIO, as a virtual machine's manager does; gives its vendor and device."""
    with contextlib.ExitStack() as open_files, group_of(address) as group:
        container = os.open("/dev/vfio/vfio", os.O_RDWR)
        open_files.callback(os.close, container)
        fcntl.ioctl(group, SET_CONTAINER, struct.pack("i", container))
        fcntl.ioctl(container, SET_IOMMU, TYPE1)
        # Of a mutable buffer the result is the kernel's, here a descriptor; of any other a copy.
        device = fcntl.ioctl(group, GET_DEVICE, bytearray(address.encode() + b"\0"))
        open_files.callback(os.close, device)
        region = fcntl.ioctl(device, GET_REGION, struct.pack("IIIIQQ", 32, 0, CONFIG_REGION, 0, 0, 0))
        offset = struct.unpack("IIIIQQ", region)[5]
        yield "%04x:%04x" % struct.unpack("<HH", os.pread(device, 4, offset))


def ids(address):
    return "%s:%s" % (read(BUS + address + "/vendor")[2:], read(BUS + address + "/device")[2:])


def number_of_functions(address):
    folder = BUS + address
    return int(read(folder + "/sriov_numvfs")), len([name for name in os.listdir(folder) if name.startswith("virtfn")])


class Checks:
    """What was looked at, what it was to be, and what it was."""

    def __init__(self):
        self.rows = []

    def expect(self, what, wanted, found):
        self.rows.append((what, wanted, found, "yes" if wanted == found else "NO"))

    def assigns(self, address, what):
        """A function of which the verdict is yes: VFIO gives it to a program, and takes it back."""
        self.expect("%s %s: verdict" % (what, address), "yes", verdict(address))
        self.expect("%s %s: detach" % (what, address), 0, nodedev("detach", name_of(address))[0])
        self.expect("%s %s: viable" % (what, address), True, is_viable(address))
        with driven(address) as found:
            self.expect("%s %s: its ids, read through VFIO" % (what, address), ids(address), found)
            self.expect("%s %s: verdict while a program drives it" % (what, address), "no held", verdict(address))
        self.expect("%s %s: verdict afterwards" % (what, address), "yes", verdict(address))
        self.expect("%s %s: reattach" % (what, address), 0, nodedev("reattach", name_of(address))[0])

    def verdicts(self):
        self.assigns("0000:02:00.0", "a network card")
        one, two = "0000:06:01.0", "0000:06:02.0"
        self.expect("two cards on one conventional bus: verdict", "together group-member", verdict(one))
        self.expect("one of them: detach", 0, nodedev("detach", name_of(one))[0])
        self.expect("one of them: viable", False, is_viable(one))
        self.expect("the other one as well: detach", 0, nodedev("detach", name_of(two))[0])
        self.expect("both: verdict", "yes", verdict(one))
        self.expect("both: viable", True, is_viable(one))
        with driven(one) as found:
            self.expect("one of them: its ids, read through VFIO", ids(one), found)
        for address in (one, two):
            self.expect("%s: reattach" % address, 0, nodedev("reattach", name_of(address))[0])
        self.expect("a root port: verdict", "no bridge", verdict("0000:00:03.0").replace(" group-member", ""))
        self.expect("the disk with the root file system: verdict", "no mounted", verdict("0000:00:02.0"))

    def functions(self, physical, what, most):
        """Virtual functions come and go with their driver."""
        name = name_of(physical)
        for count in (most, 1, 0, 2):
            self.expect("%s: %d virtual functions" % (what, count), 0, nodedev("vfs", name, str(count))[0])
            self.expect("%s: how many there are" % what, (count, count), number_of_functions(physical))
            listed = inventory(physical, "sriov").get("virtual_functions", [])
            self.expect("%s: that the inventory has" % what, count, len(listed))
        status, text = nodedev("vfs", name, str(most + 1))
        self.expect("%s: more than there can be" % what, (1, True), (status, "at most %d" % most in text))
        return listed[0]

    def network_functions(self):
        physical = "0000:01:00.0"
        first = self.functions(physical, "igb", int(read(BUS + physical + "/sriov_totalvfs")))
        interface = os.listdir(BUS + physical + "/net")[0]
        subprocess.run(["ip", "link", "set", interface, "vf", "0", "mac", "52:54:00:aa:00:01", "vlan", "7"], check=True)
        subprocess.run(["ip", "link", "property", "add", "dev", interface, "altname", "another-name-of-it"], check=True)
        found = inventory(first, "sriov")
        self.expect("igb: address and VLAN of the first virtual function", ("52:54:00:aa:00:01", 7, interface),
                    (found.get("mac"), found.get("vlan"), *found["physical_interfaces"]))
        everything = json.loads(nodedev("inventory", "--parts", "net")[1])
        net = next(parts["net"] for parts in everything.values() if parts.get("net", {}).get("interface") == interface)
        self.expect("igb: permanent address and other names", ("52:54:00:00:01:01", True),
                    (net.get("permanent_address"), "another-name-of-it" in net.get("alternative_names", [])))
        self.assigns(first, "a virtual function")
        nodedev("detach", name_of(first))
        with driven(first):
            status, text = nodedev("vfs", name_of(physical), "0")
            self.expect("igb: none, while a program drives one", (1, True), (status, "is in use" in text))
        self.expect("igb: none", 0, nodedev("vfs", name_of(physical), "0")[0])
        self.expect("igb: how many there are", (0, 0), number_of_functions(physical))

    def storage_functions(self):
        physical = os.path.basename(os.path.realpath("/sys/class/nvme/nvme0/device"))
        self.functions(physical, "nvme", int(read(BUS + physical + "/sriov_totalvfs")))
        self.expect("nvme: none", 0, nodedev("vfs", name_of(physical), "0")[0])
        self.expect("nvme: how many there are", (0, 0), number_of_functions(physical))


def check():
    """All rows: what, wanted, found, whether they are the same."""
    checks = Checks()
    checks.verdicts()
    checks.network_functions()
    checks.storage_functions()
    return checks.rows


if __name__ == "__main__":
    for row in check():
        print(*row, sep=" | ")
