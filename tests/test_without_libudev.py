# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library that `make without-libudev` builds: what udevd tells, read by the library itself.

`make check LIBUDEV=no` runs every test with such a library.
"""
import os
import re
import unittest

import kit
import test_event_replay

FOLDER = os.path.join(kit.ROOT, "build", "without-libudev")
LIBRARY = os.path.join(FOLDER, "libvirnodedev.so.0")


class Events(test_event_replay.Replays):
    """Tests of test_event_replay, which are the same for both."""

    def setUp(self):
        if not os.path.exists(LIBRARY):
            self.skipTest("not built: make without-libudev")

    def replay(self, machine, sequence, *arguments, **more):
        return super().replay(machine, sequence, *arguments, LD_LIBRARY_PATH=FOLDER, **more)

    def test_nothing_else_is_loaded(self):
        needed = re.findall(r"Shared library: \[(.*)\]", kit.checked("readelf", "-d", LIBRARY).stdout)
        self.assertEqual([n for n in needed if not n.startswith(("libc.so", "libgcc_s.so", "ld"))], [])
        # The program of test_events, too, takes the library from there.
        env = kit.environment(LD_LIBRARY_PATH=FOLDER, LD_TRACE_LOADED_OBJECTS="1")
        self.assertIn("libvirnodedev.so.0 => %s " % LIBRARY, kit.checked(test_event_replay.TOOL, env=env).stdout)


TESTS = "nothing_else_is_loaded events forged_messages udevd_comes_and_goes".split()


def load_tests(_loader, _tests, _pattern):
    return unittest.TestSuite(Events("test_" + name) for name in TESTS)
