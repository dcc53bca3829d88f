# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test driver: test:///default and test:///abs/file.xml, against what libvirt's own printed."""
import json
import os
import re
import unittest

import compare
import kit
from test_recordings import check_schema

EXPECTED = os.path.join(kit.DATA, "testdriver")
TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")


def dump(uri, name):
    out = kit.folder_for_nobody(name)
    kit.checked(os.path.join(kit.BIN, "dump"), uri, out)
    return out


class Default(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.got = dump("test:///default", "testdriver")

    def test_devices(self):
        """The same devices with the same XML."""
        found = compare.Comparison(EXPECTED, self.got, compare.Exceptions("testdriver", "test"))
        self.assertEqual("".join(found.diffs), "")
        self.note = found.summary()

    def test_schema(self):
        check_schema(self, os.path.join(self.got, "devices.xml"))

    def test_states(self):
        """`virsh nodedev-info`: all active and persistent, autostart unknown (transcript.txt)."""
        with open(os.path.join(self.got, "api.json")) as f:
            devices = json.load(f)["devices"]
        self.assertEqual({(d["active"], d["persistent"], d["autostart"]) for d in devices.values()}, {(1, 1, -1)})
        self.assertEqual({n: d["parent"] for n, d in devices.items()},
                         {"computer": None, "scsi_host1": "computer", "scsi_host2": "computer",
                          "scsi_host11": "scsi_host1"})

    def test_transcript(self):
        """The reading commands of the recorded virsh session."""
        text = kit.read(os.path.join(EXPECTED, "transcript.txt"))
        sessions = re.findall(r"^\$ virsh -c test:///default (nodedev-(?:list|info).*)\n((?:.*\n)*?)\[rc=(\d)\]",
                              text, re.M)
        self.assertEqual(len(sessions), 8)
        for arguments, output, status in sessions:
            with self.subTest(arguments):
                done = kit.run(TOOL, "-c", "test:///default", *arguments.replace("nodedev-", "", 1).split())
                self.assertEqual((done.stdout.rstrip("\n"), str(done.returncode)), (output.rstrip("\n"), status))

    def test_order(self):
        self.assertEqual(compare.check_order(self.got), [])


class File(unittest.TestCase):
    """The <device> elements of a file of one's own."""

    NODE = """<?xml version="1.0"?>
<node>
  <domain type='test'><name>not ours</name></domain>
%s</node>
"""

    def node(self, text, name="node.xml"):
        path = os.path.join(kit.temp(), name)
        with open(path, "w") as f:
            f.write(text)
        return "test://" + path

    def test_devices_of_a_file(self):
        """What the file holds is what comes out: libvirt's own documents go in."""
        devices = kit.read(os.path.join(EXPECTED, "devices.xml"))
        got = dump(self.node(self.NODE % devices), "testdriver-file")
        self.assertEqual(dict(kit.documents(kit.read(os.path.join(got, "devices.xml")))),
                         dict(kit.documents(devices)))

    def test_every_kind(self):
        """A whole recorded machine in a file, and the same again from what came out."""
        for machine in ("synth", "base"):
            expected = dict(kit.documents(kit.read(os.path.join(kit.MACHINES, machine, "devices.xml"))))
            # The test driver's documents say nothing of a live device: no path, node or driver.
            bare = {name: re.sub(r"  <driver>\n.*\n  </driver>\n|  <(path|devnode)\b.*\n", "", text)
                    for name, text in expected.items()}
            with self.subTest(machine):
                got = dump(self.node(self.NODE % "".join(expected.values()), machine + ".xml"),
                           "testdriver-" + machine)
                found = dict(kit.documents(kit.read(os.path.join(got, "devices.xml"))))
                self.assertEqual(found.keys(), expected.keys())
                stripped = {name: re.sub(r"  <driver>\n.*\n  </driver>\n|  <(path|devnode)\b.*\n", "", text)
                            for name, text in found.items()}
                wrong = [name for name in bare if stripped[name] != bare[name]]
                kit.details("testdriver-%s.txt" % machine, "\n".join(
                    "--- libvirt\n%s--- ours\n%s" % (bare[n], stripped[n]) for n in wrong))
                self.assertEqual(wrong, [])

    def test_bad_files(self):
        """Each is an error at open, with a text, and never a crash."""
        bad = {
            "missing": None,
            "empty": "",
            "text": "hello",
            "unclosed": "<node><device><name>a</name>",
            "wrong root": "<domain/>",
            "device without capability": "<node><device><name>a</name></device></node>",
            "entity bomb": "<!DOCTYPE node [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
                           "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'>]><node><device><name>&c;</name></device></node>",
        }
        for what, text in bad.items():
            with self.subTest(what):
                uri = "test:///does/not/exist.xml" if text is None else self.node(text, "bad.xml")
                done = kit.run(TOOL, "-c", uri, "list")
                self.assertEqual(done.returncode, 1, done)
                self.assertRegex(done.stderr, r"^error: .*\S")
