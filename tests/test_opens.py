# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Which files are opened for a first list and for the XML of all devices, how often, and why.

The machine is `base`, replayed as the live /sys; strace tells what was opened. A file that no row below gives a reason
for fails the test, and so does one that is opened more often than its row says.
"""
import collections
import os
import re
import unittest

import kit

DEVICE = r"/sys/devices/.*/"
PCI = DEVICE + r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/"
USB_INTERFACE = DEVICE + r"\d+-[\d.]+:\d+\.\d+/"
USB_DEVICE = DEVICE + r"(usb\d+|\d+-[\d.]+)/"
DISK = DEVICE + r"(block/[^/]+|nvme\d+n\d+)/"

# What is opened, how often at most, and the reason.
LIST = (
    (r"/sys/(bus/\w+/devices|class/\w+)", 1, "the devices of a bus or class are the links in its folder"),
    (DEVICE + "uevent", 1, "tells a device's kind, name and device node"),
    (DEVICE + "net/[^/]+/address", 1, "the name of an interface ends with its address"),
    (r"/run/udev/data/[bc]\d+:\d+", 1, "the name of a disk ends with its serial, and a device may be known to udev alone"),
    (r"/etc/mdevctl\.d", 2, "definitions of mediated devices, and what becomes of them"),
    ("/sys/kernel/uevent_seqnum", 1, "shows at later calls whether a message was missed"),
)
XML = (
    (r"/run/udev/data/[bc]\d+:\d+", 2, "links to the device node, and what udev knows of a disk; the first is for its name"),
    (PCI + "numa_node", 1, "its NUMA node"),
    (PCI + "config", 1, "its type of header and its link"),
    (PCI + "(power/runtime_status|power_state)", 2, "whether it sleeps, before `config` and before a `vpd`, which would wake it"),
    (PCI + "vpd", 1, "its vital product data"),
    (PCI + "mdev_supported_types", 1, "the types of mediated devices that it can have"),
    (r"/sys/.*/iommu_group/devices", 1, "the functions in its IOMMU group"),
    (PCI + "sriov_totalvfs", 1, "how many virtual functions it can have"),
    (USB_INTERFACE + "bInterfaceNumber", 1, "which interface of a USB device it is; its `uevent` tells the rest"),
    (USB_DEVICE + "(devpath|idVendor|idProduct|busnum|devnum|manufacturer|product)", 1, "what a USB device is, and where"),
    (DEVICE + "net/[^/]+/(operstate|speed)", 1, "the link of an interface"),
    ("/sys/class/infiniband", None, "which devices have RDMA, asked for each interface of hardware"),
    (DISK + "(size|removable|queue/logical_block_size)", 1, "how large a disk is, and whether it can be taken out"),
    (DISK + "device/(vendor|model)", 1, "vendor and model of a disk"),
    (DEVICE + r"\d+:\d+:\d+:\d+/type", 1, "the type of a SCSI device"),
    (r"/sys/class/(scsi_host|fc_host|fc_remote_ports)/.*", None, "what a SCSI host is besides"),
    ("/sys/devices/virtual/dmi/id/.*", 1, "the names of machine and firmware"),
    (r"/usr/share/misc/pci\.ids|.*/hwdb\.bin", 1, "names of PCI vendors and devices"),
)
# The most, for each device.
MOST = {"list": 2.0, "xml": 6.0}


class Opens(unittest.TestCase):
    def opened(self, *arguments):
        """Every path below which devices are that the tool opened, with how often, and how many devices it told of."""
        log = os.path.join(kit.temp(), "opens.strace")
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("base"), "strace", "-f", "-o", log,
                       "-e", "trace=open,openat,openat2", os.path.join(kit.PREFIX, "bin", "nodedev"), *arguments,
                       env=kit.environment())
        if done.returncode == kit.SKIPPED or "PTRACE" in done.stderr:
            self.skipTest("no privilege: " + done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
        paths = re.findall(r'open(?:at2?)?\((?:[^"\n]*, )?"(/(?:sys|run/udev|etc/mdevctl|usr/share/misc|\S*hwdb)[^"\n]*)"', kit.read(log))
        return collections.Counter(paths), done.stdout

    def check(self, opened, devices, most, reasons):
        for path, count in opened.items():
            times = [times for pattern, times, _ in reasons if re.fullmatch(pattern, path)]
            self.assertTrue(times, "no reason to open " + path)
            if None not in times:
                self.assertLessEqual(count, max(times), path)
        total = sum(opened.values())
        self.assertLessEqual(total, most * devices, "%d opens for %d devices" % (total, devices))

    def test_first_list(self):
        opened, out = self.opened("list")
        devices = len(out.split())
        self.assertGreater(devices, 100)
        self.check(opened, devices, MOST["list"], LIST)
        # Each device was looked at.
        self.assertGreaterEqual(sum(path.endswith("/uevent") for path in opened), devices - 1)

    def test_xml_of_all(self):
        opened, out = self.opened("dumpxml", "--all")
        self.check(opened, out.count("<device>"), MOST["xml"], LIST + XML)
