# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs that README.md prints work as printed."""
import os
import re
import subprocess
import sys
import unittest

import cprograms
import kit

README = kit.read(os.path.join(kit.ROOT, "README.md"))


def blocks(language):
    return re.findall(r"^```%s\n(.*?)^```$" % language, README, re.M | re.S)


class Readme(unittest.TestCase):
    def test_opens_with_the_two_commands(self):
        demo, check = README.find("make demo"), README.find("make check")
        self.assertTrue(0 < demo < README.find("```c\n") and 0 < check < README.find("```c\n"))

    def test_c_program(self):
        programs = [b for b in blocks("c") if "main(" in b]
        self.assertTrue(programs)
        for number, text in enumerate(programs):
            self.assertLessEqual(len(text.strip().splitlines()), 25)
            source = os.path.join(kit.temp(), "readme%d.c" % number)
            with open(source, "w") as f:
                f.write(text)
            program = os.path.join(kit.temp(), "readme%d" % number)
            kit.checked("cc", "-Wall", "-Wextra", "-Werror", "-o", program, source,
                        *cprograms.package_flags("--cflags", "--libs", "virnodedev"))
            self.assertIn("computer", kit.checked(program).stdout)

    def test_python_program(self):
        programs = [b for b in blocks("python") if "ctypes" in b]
        self.assertTrue(programs)
        for text in programs:
            self.assertLessEqual(len(text.strip().splitlines()), 20)
            done = subprocess.run([sys.executable, "-c", text], env=kit.environment(), text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("computer", done.stdout)

    def test_files_it_names_exist(self):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", README):
            self.assertTrue(os.path.exists(os.path.join(kit.ROOT, target)), target)
