# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The C programs under valgrind: no bad access, nothing lost."""
import os
import unittest

import cprograms
import kit

VALGRIND = ["valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite", "--error-exitcode=9",
            "--child-silent-after-fork=yes"]


class Valgrind(unittest.TestCase):
    def check(self, *command):
        done = kit.run(*VALGRIND, *command, env=cprograms.run_environment(), timeout=400)
        where = kit.details("valgrind/%s.txt" % self.id().split(".")[-1], done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, where)
        self.assertNotIn("==ERROR SUMMARY", done.stderr)

    def test_dump(self):
        """Every call on every device of a recording."""
        out = kit.folder_for_nobody("valgrind-dump")
        self.check(os.path.join(kit.BIN, "dump"),
                   "nodedev:///embed?root=" + kit.extract(kit.machine_archive("modules")), out)

    def test_dump_synth(self):
        out = kit.folder_for_nobody("valgrind-synth")
        self.check(os.path.join(kit.BIN, "dump"),
                   "nodedev:///embed?root=" + kit.extract(kit.machine_archive("synth")), out)

    def test_dump_host(self):
        """The live source, with the machine at hand."""
        self.check(os.path.join(kit.BIN, "dump"), "nodedev:///system", kit.folder_for_nobody("valgrind-host"))


def _program_test(name):
    def test(self):
        flags = cprograms.package_flags("--cflags", "--libs", "virnodedev")
        self.check(cprograms.compile_c(name, *flags, output="valgrind-" + name))
    return test


for _name in cprograms.TESTS:
    if _name not in ("header", "footprint"):  # valgrind has descriptors and a heap of its own
        setattr(Valgrind, "test_" + _name, _program_test(_name))
