# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""nodedev report as a command: files, messages, exit statuses."""
import os
import pty
import re
import stat
import tempfile
import unittest

import kit
from report_page import TOOL, recorded


class Program(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=kit.temp())

    def run_in(self, *arguments, uri="test:///default", **options):
        return kit.run(TOOL, "-c", uri, "report", *arguments, cwd=self.folder, **options)

    def is_whole(self, text):
        return text.startswith("<!DOCTYPE html>\n") and text.endswith("</html>\n") and '"computer"' in text

    def test_files(self):
        done = self.run_in()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "Report written to nodedev-report.html\n", ""))
        self.assertEqual(os.listdir(self.folder), ["nodedev-report.html"])
        path = os.path.join(self.folder, "nodedev-report.html")
        self.assertTrue(self.is_whole(kit.read(path)))
        # It has serial numbers that root alone may read.
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        os.unlink(path)
        for arguments in (["-ox.html"], ["-o", "x.html"], ["--output=x.html"], ["-q", "--output", "x.html"]):
            done = self.run_in(*arguments)
            said = "" if "-q" in arguments else "Report written to x.html\n"
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, said, ""), arguments)
            self.assertEqual(os.listdir(self.folder), ["x.html"])
            self.assertTrue(self.is_whole(kit.read(os.path.join(self.folder, "x.html"))))
            with open(os.path.join(self.folder, "x.html"), "w") as f:
                f.write("before")

    def test_standard_output(self):
        done = self.run_in("-o", "-")
        self.assertEqual((done.returncode, done.stderr, os.listdir(self.folder)), (0, "", []))
        self.assertTrue(self.is_whole(done.stdout))
        with open("/dev/full", "w") as full:
            done = self.run_in("-o", "-", stdout=full)
        self.assertEqual((done.returncode, done.stderr), (1, "error: cannot write to standard output: No space left on device\n"))

    def test_a_link_and_no_file(self):
        os.mkdir(os.path.join(self.folder, "d"))
        os.symlink("d/real.html", os.path.join(self.folder, "link"))
        with open(os.path.join(self.folder, "d", "real.html"), "w") as f:
            f.write("before")
        self.assertEqual(self.run_in("-o", "link").returncode, 0)
        self.assertTrue(os.path.islink(os.path.join(self.folder, "link")))
        self.assertTrue(self.is_whole(kit.read(os.path.join(self.folder, "d", "real.html"))))
        self.assertEqual(os.listdir(os.path.join(self.folder, "d")), ["real.html"])
        before = os.stat("/dev/null")
        self.assertEqual(self.run_in("-o", "/dev/null").returncode, 0)
        self.assertEqual(os.stat("/dev/null").st_rdev, before.st_rdev)

    def test_failures(self):
        with open(os.path.join(self.folder, "x"), "w") as f:
            f.write("before")
        for path, said in (("no/such", "Failed to open file 'no/such': No such file or directory"),
                           (".", "Failed to open file '.': Is a directory"),
                           ("x/y", "Failed to open file 'x/y': Not a directory"),
                           ("/dev/full", "Failed to write file '/dev/full': No space left on device")):
            done = self.run_in("-o", path)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", "error: %s\n" % said))
        # No half of a file, and what was there before stays.
        done = kit.run("sh", "-c", 'ulimit -f 8; exec "$@"', "sh", TOOL, "-c", "test:///default", "report", "-o", "x",
                       cwd=self.folder, restore_signals=False)
        self.assertEqual((done.returncode, done.stderr), (1, "error: Failed to write file 'x': File too large\n"))
        self.assertEqual((os.listdir(self.folder), kit.read(os.path.join(self.folder, "x"))), (["x"], "before"))
        for uri in ("nodedev:///embed?root=/no/such", "test:///no/such"):
            done = self.run_in(uri=uri)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertTrue(done.stderr.startswith("error: "))
            self.assertEqual(os.listdir(self.folder), ["x"])
        self.assertEqual(kit.run(TOOL, "report", "a").returncode, 2)
        self.assertEqual(kit.run(TOOL, "list", "-o", "a").returncode, 2)

    def test_progress(self):
        """Where somebody watches, and nowhere else; it is gone at the end."""
        for arguments in ([], ["-q"]):
            ours, its = pty.openpty()
            done = self.run_in("-o", "x", *arguments, uri=recorded("sriov"), stderr=its)
            os.close(its)
            said = b""
            try:
                while True:
                    said += os.read(ours, 4096)
            except OSError:  # the end
                os.close(ours)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(b"descriptions: 100 of 168 devices" in said, not arguments)
            self.assertEqual(said.decode().rpartition("\r")[2] if arguments == [] else said.decode(), "")

    def test_inactive_devices(self):
        self.assertIn('"mdev_', re.search('id="data-inactive">(.*?)</script>', self.run_in("-o", "-", uri=recorded("mdev")).stdout, re.S)[1])

    def test_no_leaks(self):
        done = kit.run("valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite", "--error-exitcode=9",
                       TOOL, "-c", recorded("synth"), "report", "-o", os.path.join(self.folder, "x"))
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
