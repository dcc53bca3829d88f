# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Recorded machines: the library says of each what libvirt 12.8.0 said of it.

Each machine is read in two ways: as the live host, in a namespace where the recording is /sys
(scripts/replay), and through nodedev:///embed?root=FOLDER by a user without any privilege.
"""
import json
import os
import re
import unittest

import compare
import kit

REPLAY = os.path.join(kit.SCRIPTS, "replay")
used_exceptions = set()
runs = {"done": 0, "skipped": 0}


class Recording:
    """The tests of one machine in one mode; the subclasses say how it is dumped."""

    machine = mode = None
    ordered = True

    @classmethod
    def setUpClass(cls):
        cls.expected = os.path.join(kit.MACHINES, cls.machine)
        cls.got = kit.folder_for_nobody("%s-%s" % (cls.mode, cls.machine))
        cls.exceptions = compare.Exceptions(cls.machine, cls.mode)
        done = cls.dump()
        if done.returncode == kit.SKIPPED and cls.mode == "replay":
            cls.skip = "no privilege: " + done.stderr.strip()
            runs["skipped"] += 1
            return
        cls.skip = None
        runs["done"] += 1
        cls.status = done.returncode
        cls.stderr = done.stderr

    def setUp(self):
        if self.skip:
            self.skipTest(self.skip)

    @classmethod
    def tearDownClass(cls):
        used_exceptions.update(cls.exceptions.used)

    def test_dump(self):
        self.assertEqual((self.status, self.stderr), (0, ""))

    def test_xml(self):
        found = compare.Comparison().add_documents(self.expected, self.got, self.exceptions, self.ordered)
        where = kit.details("compare/%s-%s.txt" % (self.mode, self.machine), found.table() + "".join(found.diffs))
        self.note = found.summary()
        self.assertTrue(found.ok(), "%s: %s" % (where, found.summary()))

    def test_inactive_xml(self):
        found = compare.Comparison().add_documents(self.expected, self.got, self.exceptions, self.ordered, "inactive.xml")
        # Stored configurations are those of mdevctl: one that libvirt had and we lack counts as
        # excepted when the persistence of its device is.
        missing = [d for d in found.diffs
                   if not (d.startswith("missing: ") and
                           "persistent" in self.exceptions.fields(d.split()[1]))]
        self.assertEqual(missing, [])

    def test_lists_and_states(self):
        self.assertEqual(compare.compare_api(self.expected, self.got, self.exceptions), [])

    def test_order(self):
        self.assertEqual(compare.check_order(self.got), [])

    def test_schema(self):
        check_schema(self, os.path.join(self.got, "devices.xml"))


def check_schema(test, path):
    """Validates every document of a file against nodedev.rng."""
    if not os.path.exists(kit.SYSTEM_SCHEMA):
        test.fail("%s is missing: package libvirt0" % kit.SYSTEM_SCHEMA)
    folder = os.path.join(kit.temp(), "schema-" + re.sub(r"\W", "-", os.path.relpath(path, kit.temp())))
    os.makedirs(folder)
    files = []
    for name, text in kit.documents(kit.read(path)):
        files.append(os.path.join(folder, name + ".xml"))
        with open(files[-1], "w", errors="surrogateescape") as f:
            f.write(text)
    test.assertTrue(files)
    for start in range(0, len(files), 500):
        done = kit.run("xmllint", "--noout", "--relaxng", kit.SCHEMA, *files[start:start + 500])
        bad = [line for line in done.stderr.splitlines() if not line.endswith(" validates")]
        test.assertEqual((done.returncode, bad[:10]), (0, []))


class Replay(Recording):
    mode = "replay"
    ordered = kit.keeps_directory_order("/dev/shm") if os.path.isdir("/dev/shm") else True

    @classmethod
    def dump(cls):
        return kit.run(REPLAY, kit.machine_archive(cls.machine), os.path.join(kit.BIN, "dump"),
                       "nodedev:///system", cls.got)

    def test_command(self):
        """The command-line program prints what virsh printed."""
        if kit.EMULATED:
            self.skipTest("hundreds of programs take too long in an emulator")
        script = os.path.join(self.expected, "nodedev.txt")
        sections = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", kit.read(script), re.M)
        tool = os.path.join(kit.PREFIX, "bin", "nodedev")
        commands = "".join("echo '$ %s'; %s %s 2>&1; echo\n" % (args, tool, args) for args, _ in sections)
        done = kit.run(REPLAY, kit.machine_archive(self.machine), "sh", "-c", commands)
        self.assertEqual(done.returncode, 0, done.stderr)
        # Without "^ *" the first line of the output of `info` would be taken for a title.
        got = dict(re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", done.stdout, re.M))
        self.assertEqual(len(got), len(sections))
        wrong = []
        for args, text in sections:
            if not self.command_output_is(args, text.rstrip("\n"), got[args].rstrip("\n")):
                wrong.append("$ nodedev %s\n--- virsh:\n%s\n--- ours:\n%s\n" % (args, text, got[args]))
        where = kit.details("command/%s.txt" % self.machine, "\n".join(wrong))
        self.note = "%d commands" % len(sections)
        self.assertEqual(len(wrong), 0, where)

    def command_output_is(self, args, want, have):
        if args == "list --cap bogus":
            return have.startswith("error: ")
        words = args.split()
        if words[0] == "info":
            name = words[1]
            if self.exceptions.absent(name):
                return have.startswith("error: ")
            skipped = {field.capitalize() for field in self.exceptions.fields(name)}
            keep = [[line for line in text.split("\n") if line.split(":")[0] not in skipped]
                    for text in (want, have)]
            return keep[0] == keep[1]
        if want == have:
            return True
        # What the exceptions name may be absent, or stand in the list of the other state.
        odd = {line for line in set(want.split("\n")) ^ set(have.split("\n")) if line.strip()}
        return all(self.exceptions.absent(n) or "persistent" in self.exceptions.fields(n)
                   for n in (re.sub(r"^[ |+-]*", "", line) for line in odd)) and bool(odd)


class Embed(Recording):
    mode = "embed"

    @classmethod
    def dump(cls):
        tree = kit.extract(kit.machine_archive(cls.machine), unprivileged=True)
        cls.ordered = kit.keeps_directory_order(kit.temp())
        return kit.run(os.path.join(kit.portable(), "dump"), "nodedev:///embed?root=" + tree, cls.got,
                       env=kit.portable_environment(), **kit.as_nobody())


class Expected(unittest.TestCase):
    """The expected files themselves."""

    def test_schema_of_expected(self):
        for machine in kit.machine_names():
            with self.subTest(machine=machine):
                check_schema(self, os.path.join(kit.MACHINES, machine, "devices.xml"))

    def test_zz_exceptions_are_needed(self):
        """Runs last: an exception that no machine needs any more has to go."""
        if runs["skipped"]:
            self.skipTest("no privilege: replays were skipped")
        with open(compare.EXCEPTIONS) as f:
            names = {rule["name"] for rule in json.load(f)}
        self.assertEqual(names - used_exceptions, set())


def load_tests(loader, _standard, _pattern):
    suite = unittest.TestSuite()
    for base in (Replay, Embed):
        for machine in kit.machine_names():
            name = "%s_%s" % (base.mode, machine)
            case = type(name, (base, unittest.TestCase), {"machine": machine, "__qualname__": name})
            suite.addTests(loader.loadTestsFromTestCase(case))
    suite.addTests(loader.loadTestsFromTestCase(Expected))
    return suite
