# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The library that `make without-libudev` builds: what udevd tells, read by the library itself.

`make check LIBUDEV=no` runs every test with such a library.
"""
import os
import re
import unittest

import cprograms
import kit
import test_event_replay

FOLDER = os.path.join(kit.ROOT, "build", "without-libudev")
LIBRARY = os.path.join(FOLDER, "libvirnodedev.so.0")
ARCHIVE = os.path.join(FOLDER, "libvirnodedev.a")


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


class Static(unittest.TestCase):
    """A C program that has all in it, the C library too."""

    def setUp(self):
        if not os.path.exists(ARCHIVE):
            self.skipTest("not built: make without-libudev")

    def test_static(self):
        self.link("-static")

    def test_static_and_movable(self):
        self.link("-static-pie")

    def link(self, option):
        # Without a path to search for libraries: the C library's start refuses one in such programs.
        words = kit.checked("pkg-config", "--static", "--cflags", "--libs", "virnodedev").stdout.split()
        flags = [ARCHIVE if word == "-lvirnodedev" else word for word in words if word != "-ludev"]
        self.assertIn(ARCHIVE, flags)
        program = cprograms.compile_c("basics", option, *flags, output="basics" + option)
        self.assertNotIn("(NEEDED)", kit.checked("readelf", "-d", program).stdout)
        self.assertNotIn("INTERP", kit.checked("readelf", "-lW", program).stdout)
        kit.checked(program, env=cprograms.run_environment())


TESTS = "nothing_else_is_loaded events forged_messages udevd_comes_and_goes".split()


def load_tests(_loader, _tests, _pattern):
    suite = unittest.TestSuite(Events("test_" + name) for name in TESTS)
    suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(Static))
    return suite
