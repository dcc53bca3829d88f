# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The installed libvirt, where there is one, says the same as the library: of this host and of every machine here.

scripts/compare-live names the differences that come from an older libvirt; any other one is a failure.
"""
import os
import unittest

import foreign
import kit
from test_handmade import NAMES, archive, machines

SCRIPT = os.path.join(kit.SCRIPTS, "compare-live")


class CompareLive(unittest.TestCase):
    def compare(self, name, *arguments, names=kit.PCI_IDS):
        env = kit.environment(NODEDEV=os.path.join(kit.PREFIX, "bin", "nodedev"), VIRNODEDEV_PCI_IDS=names)
        if os.geteuid() != 0:  # only root can have libvirt read other names than the system's
            del env["VIRNODEDEV_PCI_IDS"]
        done = kit.run(SCRIPT, "--diff", *arguments, env=env)
        where = kit.details("compare-live/%s.txt" % name, done.stdout + done.stderr)
        if "no libvirt daemon" in done.stdout:
            foreign.need("libvirt's daemon", None)
        if done.returncode == kit.SKIPPED:
            self.skipTest((done.stdout + done.stderr).strip())
        self.assertEqual(done.returncode, 0, where)
        lines = done.stdout.splitlines()
        self.note = "%s; %s" % (lines[0], " ".join(next(l for l in lines if l.startswith("all ")).split()[1:3]) +
                                " devices identical, explained")

    def test_host(self):
        self.compare("host")


def _replay_test(name, path, names):
    def test(self):
        if os.geteuid() != 0:
            self.skipTest("no privilege: libvirt reads a replay as root only")
        self.compare(name, "--replay", path(), names=names)
    return test


for _machine in machines():
    setattr(CompareLive, "test_handmade_" + _machine,
            _replay_test("handmade-" + _machine, lambda machine=_machine: archive(machine), NAMES))
for _machine in kit.machine_names():
    setattr(CompareLive, "test_" + _machine,
            _replay_test(_machine, lambda machine=_machine: kit.machine_archive(machine), kit.PCI_IDS))
