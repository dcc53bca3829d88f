# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A system call that fails is an error and nothing else: c-tests/faults.c fails them, one in each run.

Each machine of tests/handmade is read as a recording, some are also replayed as the host, and the real host is
listened to while interfaces come and go. Of the calls that do the same to files of the same name the first is failed.
`make faults` fails every call (EVERY=N: every N-th call, too), also on the recorded machines.
"""
import os
import re
import unittest

import cprograms
import kit
import test_handmade

OWN_NETWORK = True  # for kit.main()

EVERY = os.environ.get("VND_FAULTS")  # a number, see c-tests/faults.c
# What the host has beside its files: netlink and ioctls for the first, mdevctl's definitions for the second.
REPLAYED = ["net", "virtual"]
# Each run reads the names of PCI hardware again. These are few, so that this takes no time.
FEW_NAMES = os.path.join(kit.ROOT, "tests", "handmade", "pci.ids")


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        flags = cprograms.package_flags("--cflags", "--libs", "virnodedev")
        cls.program = cprograms.compile_c("faults", *flags)

    def check(self, what, uri, *wrapper, names=FEW_NAMES):
        command = [*wrapper, self.program, *([EVERY] if EVERY else []), what, uri]
        environment = dict(cprograms.run_environment(), VIRNODEDEV_PCI_IDS=names)
        done = kit.run(*command, timeout=36000 if EVERY else 500, env=environment)
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: " + done.stderr.strip())
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.note = done.stdout.strip()
        self.assertGreater(int(re.match(r"\d+", self.note)[0]), 50)

    def recording(self, archive):
        self.check("list", "nodedev:///embed?root=" + kit.extract(archive))

    def test_the_host(self):
        self.check("list", "nodedev:///system", names=kit.PCI_IDS)

    def test_events(self):
        if not kit.has_own_network():
            self.skipTest("no privilege: this user may not make a network namespace with its own /sys")
        self.check("events", "nodedev:///system")

    def test_generic_netlink_is_refused(self):
        """As confinement does it: the eswitch mode of PCI interfaces is not known, which changes nothing else."""
        self.check("refused", "nodedev:///system", os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("sriov"))


def _recorded(archive):
    def test(self):
        self.recording(archive())
    return test


def _replayed(machine):
    def test(self):
        self.check("list", "nodedev:///system", os.path.join(kit.SCRIPTS, "replay"), test_handmade.archive(machine))
    return test


for _machine in test_handmade.machines():
    setattr(Faults, "test_recording_%s" % _machine, _recorded(lambda m=_machine: test_handmade.archive(m)))
for _machine in REPLAYED:
    setattr(Faults, "test_replay_%s" % _machine, _replayed(_machine))
for _machine in kit.machine_names() if EVERY else []:
    setattr(Faults, "test_recorded_machine_%s" % _machine, _recorded(lambda m=_machine: kit.machine_archive(m)))
