# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Hostile text in every place of a document and in every argument of the calls that change devices: a clear
error, and nothing is written that was not checked. Read-only connections and users without the right change nothing.
"""
import json
import os
import re
import unittest

import kit

# Errors that tell what is wrong: no "cause unknown", and none of those that a missing check would give.
CODES = {1, 5, 8, 21, 27, 32, 35, 38, 45, 53, 55, 67, 74, 92}
# Text here is not part of a path or argument: it is left aside, or handed to mdevctl in JSON.
OPAQUE = {"name", "path", "devnode", "driver", "parent_addr", "group", "value"}
UUID = r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"


class Changes(unittest.TestCase):
    def outcomes(self, what):
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("mdev"), "python3",
                       os.path.join(kit.ROOT, "tests", "hostile_changes.py"), what, timeout=300,
                       env=kit.environment(PYTHONPATH=os.path.join(kit.ROOT, "python")))
        if done.returncode == kit.SKIPPED:
            self.skipTest(done.stderr or "there is no other user here")
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        found = json.loads(done.stdout)
        self.assertEqual(found["changed"], [])
        self.assertGreater(len(found["outcomes"]), 4)
        return found["outcomes"]

    def check_error(self, outcome):
        self.assertTrue(outcome["failed"], outcome)
        error = outcome["error"]
        self.assertIn(error["code"], CODES, outcome)
        self.assertEqual(error["level"], 2)
        self.assertLess(len(error["message"].encode()), 1200)
        self.assertNotIn("cause is unknown", error["message"])

    def test_documents(self):
        handed, ports = 0, 0
        for outcome in self.outcomes("documents"):
            with self.subTest(outcome["call"]):
                self.check_error(outcome)
                message = outcome["error"]["message"]
                for arguments, given in outcome["mdevctl"]:
                    handed += 1
                    self.check_mdevctl(outcome["call"], arguments, json.loads(given))
                write = re.match(r"Write of '(.*)' to '/sys/class/fc_host/host12/vport_create' .*: (.*)", message, re.S)
                if write and write[2] != "Invalid argument":
                    ports += 1
                    self.assertEqual(write[2], "Read-only file system")
                    self.assertRegex(write[1], r"\A[0-9a-fA-F]{16}:[0-9a-fA-F]{16}\Z")
        self.assertGreater(handed, 500)
        self.assertGreater(ports, 100)
        self.note = "%d documents handed to mdevctl, %d ports tried" % (handed, ports)

    def check_mdevctl(self, call, arguments, given):
        verb, place, source, *more = arguments
        self.assertIn(verb, ("start", "define", "modify"))
        self.assertEqual((place, source), ("--parent=mtty", "--jsonfile=/dev/stdin"))
        for argument in more:
            self.assertRegex(argument, r"\A(--uuid=%s|--defined|--live)\Z" % UUID)
        self.assertLessEqual(set(given), {"mdev_type", "start", "attrs"})
        slot, text = re.match(r"[^:]*, (\w+): (.*)", call, re.S).groups()
        # An attribute without a name or a value is passed over.
        attributes = given.get("attrs", []) if text == "''" else given["attrs"]
        if slot in OPAQUE:
            self.assertEqual(given["mdev_type"], "mtty-2")
            self.assertLessEqual({name for attribute in attributes for name in attribute}, {"assign"})
        names = [given["mdev_type"]] + [n for attribute in attributes for name in attribute for n in name.split("/")]
        for name in names:
            self.assertNotIn(name, ("", ".", ".."), call)
            self.assertFalse(name.startswith("-"), call)
            self.assertTrue(name.isprintable() or "\u202e" in name, (call, name))
            self.assertNotIn("/", name)
            self.assertLess(len(name.encode()), 256)

    def test_arguments(self):
        for outcome in self.outcomes("arguments"):
            with self.subTest(outcome["call"]):
                self.assertTrue(outcome["failed"], outcome)
                self.assertEqual(outcome["mdevctl"], [])
                error = outcome["error"]
                # No device of such a kind or name is no error, or libvirt has no words for it.
                if error and not outcome["call"].startswith(("wwnn", "wwpn")):
                    self.check_error(outcome)

    def test_read_only(self):
        outcomes = self.outcomes("readonly")
        self.assertEqual(len(outcomes), 3 * 2 * 11)
        for outcome in outcomes:
            with self.subTest(outcome["call"]):
                detail = "read only access prevents " + outcome["call"]
                self.assertTrue(outcome["failed"])
                self.assertEqual(outcome["mdevctl"], [])
                self.assertEqual(outcome["error"], {
                    "code": 29, "domain": 22, "level": 2, "message": "operation forbidden: " + detail,
                    "str1": "operation forbidden: %1$s", "str2": detail, "str3": None, "int1": -1, "int2": -1})

    def test_unprivileged(self):
        for outcome in self.outcomes("unprivileged"):
            with self.subTest(outcome["call"]):
                self.check_error(outcome)
                error = outcome["error"]
                self.assertEqual((error["code"], error["int1"]), (38, 13), error)
                self.assertRegex(error["message"], r"(/sys/|0000:03:00\.0).*: Permission denied\Z")


if __name__ == "__main__":
    unittest.main()
