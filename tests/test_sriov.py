# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The number of virtual functions of a physical one, on the replayed machine `sriov`, whose driver is played by the rules of
the kernel (drivers/pci/iov.c). What is written, said and there afterwards is worked out by hand from these rules.
"""
import os
import unittest

import kit

PF = "0000:01:00.0"
FAILED = "38 0 %d Failed to set the number of virtual functions of PCI device '" + PF + "' to %d; %s (%s): %s"


def step(title, writes, result, now):
    return "".join(line + "\n" for line in ("# " + title, *("sriov_numvfs %d" % number for number in writes), result,
                                            "now %d, listed True" % now))


EXPECTED = "total 3 now 3\n" + "".join((
    step("as many as there are", [], "done", 3),
    step("fewer", [0, 2], "done", 2),
    step("none", [0], "done", 0),
    step("all", [3], "done", 3),
    step("too many", [], "8 22 -1 invalid argument: PCI device %s can have at most 3 virtual functions, not 4" % PF, 3),
    step("no room: as before", [0, 1, 0, 3],
         FAILED % (12, 1, "there are no bus numbers or no memory left for them, the kernel's log says which",
                   "it has 3 as before", "Cannot allocate memory"), 3),
    step("none may go", [0], FAILED % (16, 0, "its driver igb refused, the kernel's log may say why", "it has 3 as before",
                                       "Device or resource busy"), 3),
    step("the driver makes fewer, and cannot bring back all", [0, 2, 0, 3],
         "1 0 -1 internal error: the driver of PCI device %s made 1 of 2 virtual functions "
         "(it had 3 before, and has 1 now)" % PF, 1),
    step("all again", [0, 3], "done", 3),
    step("none", [0], "done", 0),
    step("without a driver", [1], FAILED % (2, 1, "no driver is bound to it", "it has 0 as before",
                                            "No such file or directory"), 0),
    step("a driver that makes none", [1], FAILED % (95, 1, "its driver igb makes none", "it has 0 as before",
                                                    "Operation not supported"), 0),
    step("without permission, which says all", [1],
         "38 0 13 Failed to set the number of virtual functions of PCI device '%s' to 1 (it has 0 as before): Permission denied"
         % PF, 0),
    step("two", [2], "done", 2),
    step("one has the default route", [],
         "55 22 -1 Requested operation is not valid: virtual function 0000:01:10.2 of PCI device %s is in use: "
         "the host's way to other networks leads through vf1" % PF, 2),
    step("by force", [0], "done", 0),
    step("an unknown flag", [], "8 22 0 unsupported flags (0x2) in function vndNodeDeviceSetVirtualFunctions", 0),
    step("no virtual function can have any", [],
         "84 22 -1 Operation not supported: PCI device 0000:00:03.0 cannot have virtual functions", 0),
    step("no PCI function", [], "8 20 -1 invalid argument: device computer is not a PCI device", 0),
    step("as many as none", [],
         "84 22 -1 Operation not supported: PCI device %s cannot have virtual functions" % PF, 0),
    step("read-only", [], "29 22 -1 operation forbidden: read only access prevents vndNodeDeviceSetVirtualFunctions", 0)))


class Sriov(unittest.TestCase):
    maxDiff = None

    def test_steps(self):
        self.assertEqual(kit.played(self, "sriov", "sriov_steps.py"), EXPECTED)
        self.note = "%d steps" % EXPECTED.count("# ")

    def test_command(self):
        nodedev = os.path.join(kit.PREFIX, "bin", "nodedev")
        uri = "nodedev:///embed?root=" + kit.extract(kit.machine_archive("sriov"))
        name = "pci_0000_01_00_0"
        for count in ("x", "-1", "", "99999999999"):
            done = kit.run(nodedev, "-c", uri, "vfs", name, "--", count)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("'%s' is not a number of virtual functions" % count, done.stderr)
        done = kit.run(nodedev, "-c", uri, "vfs", name, "2", "--force")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a recorded tree cannot be changed", done.stderr)
        self.assertEqual(kit.run(nodedev, "-c", uri, "vfs", name).returncode, 2)


if __name__ == "__main__":
    unittest.main()
