# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Thousands of real interfaces come and go while one program watches and four threads read.

At the end, the set that the watcher kept from events is what the kernel has. Runs in a network
namespace of its own. VND_STORM says how many devices come (10,000 if unset); the figures are in the note of
each test and in build/check/storm/.
"""
import os
import subprocess
import sys
import time
import unittest

import cprograms
import kit
import vnd
from scans import Scans
from vnd import lib

OWN_NETWORK = True  # for kit.main()

DEVICES = int(os.environ.get("VND_STORM", "10000"))
READERS = 4
BATCH = 250  # pairs that come, and then go, together
KEPT = 40  # pairs that stay to the end
STORM_SECONDS = 3
FEEDER = """
import os, sys, time
fd = os.open("/sys/class/net/lo/uevent", os.O_WRONLY)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    for _ in range(1000):
        os.write(fd, b"change")
"""
SMALL_BUFFER = "20000"  # bytes: some twenty messages



def sent():
    """How many uevents the kernel has sent, in all namespaces."""
    return int(kit.read("/sys/kernel/uevent_seqnum"))


def ip_batch(lines):
    done = subprocess.run(["ip", "-batch", "-"], input="".join(line + "\n" for line in lines), text=True,
                          stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


class Child:
    """A running c-tests/storm."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=cprograms.run_environment())

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [int(n) for n in self.line().split()]

    def end(self):
        out, err = self.process.communicate(timeout=300)
        if self.process.returncode != 0:
            raise AssertionError("status %d: %s" % (self.process.returncode, err))
        return out.split()


class Storm(unittest.TestCase):
    def setUp(self):
        if not kit.has_own_network():
            self.skipTest("no privilege: this user may not make a network namespace with its own /sys")
        if not os.path.isdir("/sys/bus/pci/devices"):
            self.skipTest("no PCI in this kernel")
        flags = cprograms.package_flags("--cflags", "--libs", "virnodedev")
        self.program = cprograms.compile_c("storm", *flags)
        self.addCleanup(lambda: subprocess.run(["ip", "link", "del", "group", "7"], stderr=subprocess.DEVNULL))
        self.addCleanup(lambda: subprocess.run(["ip", "link", "del", "group", "8"], stderr=subprocess.DEVNULL))

    def make_devices(self):
        """Interfaces come in batches, and go; some stay. Returns how many came and went."""
        came = went = number = 0
        while came < DEVICES:
            count = min(BATCH, (DEVICES - came) // 2)
            kept = max(1, KEPT * count * 2 // DEVICES)
            ip_batch("link add va%d group %d type veth peer name vb%d group %d" % (n, g, n, g)
                     for n, g in ((number + i, 8 if i < kept else 7) for i in range(count)))
            came += 2 * count
            number += count
            kit.checked("ip", "link", "del", "group", "7")
            went += 2 * (count - kept)
        return came, went

    def kernel_set(self):
        """The names of the interfaces, from the kernel's files alone."""
        names = set()
        for interface in os.listdir("/sys/class/net"):
            address = kit.read("/sys/class/net/%s/address" % interface).strip()
            names.add("net_%s_%s" % (interface, address.replace(":", "_")))
        return names

    def storm(self, *buffer):
        scans = Scans()
        watch = Child(self.program, "watch", *buffer)
        self.assertEqual(watch.line(), "ready")
        watcher_scans = scans.count
        readers = Child(self.program, "read", str(READERS), *buffer)
        while scans.count == watcher_scans:
            time.sleep(0.01)
        first_scans, before, begin = scans.count, sent(), time.monotonic()
        came, went = self.make_devices()
        messages, seconds = sent() - before, time.monotonic() - begin
        created, deleted, updates, cpu, size = watch.ask()
        settled = time.monotonic() - begin
        rescans = scans.count - first_scans
        lists, documents, gone = readers.end()
        expected = self.kernel_set()
        names = watch.end()
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(set(names), expected)
        self.assertEqual(size, len(expected))
        self.assertEqual(created - deleted, came - went)
        self.assertGreater(int(documents), 0)
        if buffer:
            self.assertGreater(rescans, 0)
        self.note = ("%d devices came, %d went: %d uevents sent in %.1f s; received %d created, %d deleted, %d updated "
                     "within %.1f s, %d ms of CPU; %d rescans by both programs; meanwhile %s lists and %s documents, "
                     "%s of devices that went" % (came, went, messages, seconds, created, deleted, updates, settled,
                                                  cpu, rescans, lists, documents, gone))
        kit.details("storm/%s.txt" % self.id().split(".")[-1], self.note + "\n")

    def test_storm(self):
        self.storm()

    def test_calls_return_while_uevents_keep_coming(self):
        """What comes during a call is for the next one."""
        conn = lib.virConnectOpen(b"nodedev:///system")
        self.addCleanup(lib.virConnectClose, conn)
        self.assertGreater(lib.virNodeNumOfDevices(conn, None, 0), 0)
        calls = (lambda: lib.virNodeNumOfDevices(conn, None, 0),
                 lambda: lib.virNodeDeviceLookupByName(conn, b"none"))
        vnd.silence()
        before, begin, longest, count = sent(), time.monotonic(), 0, 0
        feeders = [subprocess.Popen([sys.executable, "-c", FEEDER, str(STORM_SECONDS)]) for _ in range(2)]
        try:
            while any(feeder.poll() is None for feeder in feeders):
                for call in calls:
                    called = time.monotonic()
                    call()
                    longest, count = max(longest, time.monotonic() - called), count + 1
        finally:
            for feeder in feeders:
                feeder.wait()
        rate = (sent() - before) / (time.monotonic() - begin)
        self.assertLess(longest, STORM_SECONDS / 3)
        self.assertGreater(count, 10)
        self.note = "%d calls, %.0f ms at most, at %.0f uevents a second" % (count, longest * 1000, rate)
        self.assertEqual(lib.virNodeNumOfDevices(conn, b"net", 0), len(self.kernel_set()))

    def test_overrun(self):
        self.storm(SMALL_BUFFER)
