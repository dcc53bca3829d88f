# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `sriov`: two of its virtual functions are a GPU's, whose driver is played. Sets their vGPU
types, and prints what was written, what came of it, and what the inventory says then.
"""
import errno
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "python")]
import vnd  # noqa: E402
from replay_machine import PlayedDriver, write  # noqa: E402
from syscalls import Refused, Thread  # noqa: E402
from vnd import lib  # noqa: E402

BUS = "/sys/bus/pci/devices/"
FUNCTIONS = ("0000:01:10.0", "0000:01:10.2")
TYPES = {592: ("NVIDIA L40-1Q", 1), 594: ("NVIDIA L40-4Q", 4)}
MEMORY = 4


class Driver(PlayedDriver):
    """What NVIDIA's guide says of its driver: a function that is no vGPU can become one of the types that still have room in
    the GPU; 0 makes it none."""

    def __init__(self):
        super().__init__()
        self.other = None
        self.current = dict.fromkeys(FUNCTIONS, 0)
        for address in FUNCTIONS:
            os.mkdir(self.folder(address))
        self.show()

    def folder(self, address):
        return os.path.realpath(BUS + address) + "/nvidia"

    def creatable(self, address):
        room = MEMORY - sum(TYPES[number][1] for number in self.current.values() if number)
        return [number for number, (_, size) in TYPES.items() if not self.current[address] and size <= room]

    def show(self):
        for address, number in self.current.items():
            rows = ["%-5d : %s\n" % (number, TYPES[number][0]) for number in self.creatable(address)]
            write(self.folder(address) + "/creatable_vgpu_types", "".join(["ID    : vGPU Name\n"] + rows))
            write(self.folder(address) + "/current_vgpu_type", "%d\n" % number)

    def written(self, path, data, offset):
        if not path.endswith("/current_vgpu_type"):
            return None
        address, number = path.split("/")[-3], int(data)
        self.log.append("%s %d" % (address, number))
        error = self.fails.pop(0) if self.fails else 0
        if not error and number and number not in self.creatable(address):
            error = errno.EINVAL
        if not error:
            self.current[address] = self.other if number and self.other else number
        # Opening has emptied the file.
        self.show()
        return error


def node_name(address):
    return "pci_" + address.replace(":", "_").replace(".", "_")


def set_type(conn, wanted, flags, address):
    device = lib.virNodeDeviceLookupByName(conn, node_name(address).encode())
    failed = lib.vndNodeDeviceSetVGPUType(device, wanted, flags) != 0
    error = vnd.error_line() if failed else "done"
    lib.virNodeDeviceFree(device)
    return error


def inventory(conn, address):
    device = lib.virNodeDeviceLookupByName(conn, node_name(address).encode())
    text = vnd.owned(lib.vndNodeDeviceGetInventoryJSON(device, b"vgpu", 0))
    lib.virNodeDeviceFree(device)
    return json.dumps(json.loads(text).get("vgpu"))


def main():
    driver = Driver()
    try:
        thread = Thread(driver)
    except Refused as e:
        print("system calls cannot be answered here: %s" % e, file=sys.stderr)
        return 77
    vnd.silence()
    conn = lib.virConnectOpen(b"nodedev:///system")
    one, two = FUNCTIONS

    def step(title, wanted, address=one, flags=0, conn=conn):
        del driver.log[:]
        result = thread.call(lambda: set_type(conn, wanted, flags, address))
        print("# " + title, *driver.log, result, inventory(conn, address), sep="\n")

    print(inventory(conn, one))
    step("none, as it is", None)
    step("by number", b"592")
    step("the same", b"592")
    step("another, by name", b"NVIDIA L40-4Q")
    step("the GPU is full", b"592", two)
    step("what there is not: as before", b"NVIDIA A2-1Q")
    driver.fails = [errno.EBUSY]
    step("it may not go", b"592")
    driver.fails = [0, errno.EIO]
    step("the driver fails: as before", b"592")
    driver.fails = [0, errno.ENOMEM, 0, errno.ENOMEM]
    step("and cannot go back", b"592")
    driver.other = 594
    step("the driver sets another", b"592")
    driver.other = None
    step("none again", b"592")
    held = os.path.realpath(BUS + one) + "/vfio-dev/vfio0"
    os.makedirs(held)
    write(held + "/dev", "1:7\n")
    with open("/dev/full", "w"):
        step("a program holds it", None)
    step("it has ended", None)
    step("without NVIDIA's driver", b"592", "0000:01:10.4")
    step("the physical function", b"592", "0000:01:00.0")
    os.makedirs(os.path.realpath(BUS + "0000:00:03.0") + "/mdev_supported_types")
    step("mediated devices", b"592", "0000:00:03.0")
    step("an unknown flag", b"592", flags=1)
    step("read-only", b"592", conn=lib.virConnectOpenReadOnly(b"nodedev:///system"))
    return 0


status = main()
sys.stdout.flush()
os._exit(status)
