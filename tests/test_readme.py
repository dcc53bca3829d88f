# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The programs that README.md prints are those of examples/, and work as printed."""
import os
import re
import sys
import unittest

import cprograms
import kit

README = kit.read(os.path.join(kit.ROOT, "README.md"))
EXAMPLES = os.path.join(kit.ROOT, "examples")
SPDX = re.compile(r"\A[^\n]*SPDX-License-Identifier: [^\n]*\n")


def blocks(language):
    return re.findall(r"^```%s\n(.*?)^```$" % language, README, re.M | re.S)


def compiled(name):
    """An example, built as its reader would."""
    program = os.path.join(kit.temp(), os.path.splitext(name)[0])
    kit.checked("cc", "-std=c99", "-pedantic", *kit.WARNINGS, os.path.join(EXAMPLES, name), "-o", program,
                *cprograms.package_flags("--cflags", "--libs", "virnodedev"))
    return program


def listed():
    return sorted(kit.checked(os.path.join(kit.PREFIX, "bin", "nodedev"), "-q", "list", "--all").stdout.split())


class Readme(unittest.TestCase):
    def test_opens_with_the_two_commands(self):
        demo, check = README.find("make demo"), README.find("make check")
        self.assertTrue(0 < demo < README.find("```c\n") and 0 < check < README.find("```c\n"))

    def check_listing(self, language, name, lines, command):
        program = SPDX.sub("", kit.read(os.path.join(EXAMPLES, name)))
        self.assertEqual(blocks(language), [program])
        self.assertLessEqual(program.count("\n"), lines)
        # Devices may come and go meanwhile: what is listed before or after counts.
        for _ in range(3):
            before = listed()
            done = kit.checked(*command())
            names = sorted(done.stdout.split())
            if names in (before, listed()):
                break
        self.assertEqual((names, done.stderr), (before, ""))

    def test_c_program(self):
        self.check_listing("c", "list.c", 15, lambda: [compiled("list.c")])

    def test_python_program(self):
        self.check_listing("python", "list.py", 10, lambda: [sys.executable, os.path.join(EXAMPLES, "list.py")])

    def test_other_examples(self):
        self.assertIn("<name>computer</name>", kit.checked(compiled("xml.c")).stdout)
        self.assertRegex(kit.checked(compiled("dlopen.c")).stdout,
                         r"\A[1-9]\d* devices, \d+ of them network interfaces\n\Z")

    def test_files_it_names_exist(self):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", README):
            self.assertTrue(os.path.exists(os.path.join(kit.ROOT, target)), target)


if __name__ == "__main__":
    unittest.main()
