# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Where no message arrives, the next call sees all the same what happened: the kernel counts its messages."""
import os
import subprocess
import sys
import unittest

import kit

OWN_NETWORK = True  # for kit.main()

INSIDE = os.path.join(kit.ROOT, "tests", "deaf.py")


class Deaf(unittest.TestCase):
    def setUp(self):
        if not kit.has_own_network():
            self.skipTest("no privilege: this user may not make a network namespace with its own /sys")

    def check(self, *namespaces):
        if kit.run("unshare", *namespaces, "true").returncode != 0:
            self.skipTest("no privilege: this user may not make such namespaces")
        with subprocess.Popen(["unshare", *namespaces, sys.executable, INSIDE], stdin=subprocess.PIPE, text=True,
                              stdout=subprocess.PIPE, env=kit.environment()) as process:
            def lines(count):
                return [process.stdout.readline().rstrip("\n") for _ in range(count)]

            def go_on():
                process.stdin.write("\n")
                process.stdin.flush()

            none, both = "[False, False]", "[True, True]"
            self.assertEqual(lines(1), ["before %s %s" % (none, none)])
            kit.checked("ip", "link", "add", "vt0", "address", "02:00:00:00:00:00", "type", "veth",
                        "peer", "name", "vt1", "address", "02:00:00:00:00:01")
            try:
                go_on()
                self.assertEqual(lines(5), ["heard False False", "listed " + both, "looked up " + both,
                                            "at dispatch True", "at call True True"])
            finally:
                kit.checked("ip", "link", "del", "vt0")
            go_on()
            self.assertEqual(lines(5), ["heard True", "at dispatch True False", "listed " + none, "looked up " + none,
                                        "at call True True"])
            go_on()
            self.assertEqual(process.wait(timeout=60), 0)

    def test_another_network_namespace(self):
        self.check("--net")

    def test_another_user_and_network_namespace(self):
        self.check("--user", "--map-root-user", "--net")
