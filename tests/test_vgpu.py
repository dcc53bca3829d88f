# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The vGPU type of a virtual function, on the replayed machine `sriov`, whose driver is played as NVIDIA's guide says
(tests/vgpu_steps.py). What is written, said and there afterwards is worked out by hand.
"""
import json
import os
import unittest

import kit

ONE, TWO = "0000:01:10.0", "0000:01:10.2"
SMALL, BIG = {"id": 592, "name": "NVIDIA L40-1Q"}, {"id": 594, "name": "NVIDIA L40-4Q"}
REFUSED = "; its driver igbvf refused, the kernel's log may say why"


def is_now(number, *creatable):
    return json.dumps(dict({"current_type": number}, **({"creatable_types": creatable} if creatable else {})))


def failed(errno, address, wanted, now, words):
    return "38 0 %d Failed to set the vGPU type of PCI device '%s' to %s%s (%s): %s" % (
        errno, address, wanted, REFUSED, now, words)


def step(title, writes, result, now, address=ONE):
    return "".join(line + "\n" for line in ("# " + title, *("%s %d" % (address, number) for number in writes), result, now))


NOTHING = is_now(0, SMALL, BIG)
EXPECTED = NOTHING + "\n" + "".join((
    step("none, as it is", [], "done", NOTHING),
    step("by number", [592], "done", is_now(592)),
    step("the same", [], "done", is_now(592)),
    step("another, by name", [0, 594], "done", is_now(594)),
    step("the GPU is full", [], "55 22 -1 Requested operation is not valid: PCI device %s cannot be a vGPU of type '592': "
         "its driver offers none, as where other vGPUs have taken the GPU (it has none as before)" % TWO, is_now(0), TWO),
    step("what there is not: as before", [0, 0, 594],
         "55 22 -1 Requested operation is not valid: PCI device %s cannot be a vGPU of type 'NVIDIA A2-1Q': its driver offers "
         "592 (NVIDIA L40-1Q), 594 (NVIDIA L40-4Q) (it has 594 as before)" % ONE, is_now(594)),
    step("it may not go", [0], failed(16, ONE, "none", "it has 594 as before", "Device or resource busy"), is_now(594)),
    step("the driver fails: as before", [0, 592, 0, 594],
         failed(5, ONE, "592", "it has 594 as before", "Input/output error"), is_now(594)),
    step("and cannot go back", [0, 592, 0, 594],
         failed(12, ONE, "592", "it had 594 before, and has none now", "Cannot allocate memory"), NOTHING),
    step("the driver sets another", [592, 0],
         "1 0 -1 internal error: PCI device %s was to be a vGPU of type 592, and has 594 (it has none as before)" % ONE, NOTHING),
    step("none again", [592], "done", is_now(592)),
    step("a program holds it", [], "55 0 -1 Requested operation is not valid: PCI device %s is in use by driver igbvf: "
         "/dev/vfio/devices/vfio0 is open" % ONE, is_now(592)),
    step("it has ended", [0], "done", NOTHING),
    step("without NVIDIA's driver", [], "84 22 -1 Operation not supported: PCI device 0000:01:10.4 has no vGPU type that can "
         "be set", "null"),
    step("the physical function", [], "84 22 -1 Operation not supported: PCI device 0000:01:00.0 has no vGPU type that can be "
         "set: its virtual functions may have one", "null"),
    step("mediated devices", [], "84 22 -1 Operation not supported: PCI device 0000:00:03.0 has no vGPU type that can be set: "
         "its vGPUs are mediated devices, which are created", "null"),
    step("an unknown flag", [], "8 22 0 unsupported flags (0x1) in function vndNodeDeviceSetVGPUType", NOTHING),
    step("read-only", [], "29 22 -1 operation forbidden: read only access prevents vndNodeDeviceSetVGPUType", NOTHING)))


class Vgpu(unittest.TestCase):
    maxDiff = None

    def test_steps(self):
        self.assertEqual(kit.played(self, "sriov", "vgpu_steps.py"), EXPECTED)
        self.note = "%d steps" % EXPECTED.count("# ")

    def test_command(self):
        """A recorded machine cannot be changed; `none` is no type, and takes the other way to the same refusal."""
        nodedev = os.path.join(kit.PREFIX, "bin", "nodedev")
        uri = "nodedev:///embed?root=" + kit.extract(kit.machine_archive("sriov"))
        name = "pci_0000_01_10_0"
        for wanted in ("592", "NVIDIA L40-1Q", "none"):
            done = kit.run(nodedev, "-c", uri, "vgpu", name, wanted)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("error: Failed to set the vGPU type of device %s\n" % name, done.stderr)
            self.assertIn("a recorded tree cannot be changed", done.stderr)
        self.assertEqual(kit.run(nodedev, "-c", uri, "vgpu", name).returncode, 2)
        done = kit.run(nodedev, "-c", uri, "vgpu", "nosuch", "none")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no node device with matching name 'nosuch'", done.stderr)


if __name__ == "__main__":
    unittest.main()
