# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Conversations of libvirt 12.8.0's clients with its daemon, recorded byte by byte (tests/data/rpc), had again with `nodedev rpc`.

Each answer is the daemon's, but for what is in the tables here.
"""
import collections
import json
import os
import re
import struct
import unittest

import kit

NODEDEV = os.path.join(kit.PREFIX, "bin", "nodedev")
RECORDINGS = os.path.join(kit.DATA, "rpc")
TAPSET = "/usr/share/systemtap/tapset/libvirt_functions.stp"
PROCEDURES = ("rpc_host.c", "rpc_devices.c", "rpc_events.c")
WITHOUT_ARGUMENTS = "every procedure without arguments"
NO_SUPPORT = 3

# Lists of names: the daemon has them in an order that changes with each start.
LISTS = (112, 285)
# Answered, since programs call them before they come to devices; the daemon has no driver for them: its error is NO_SUPPORT.
ANSWERED = {4, 5, 6, 7, 25, 50, 51, 52, 59, 71, 73, 102, 126, 137, 139, 178, 203, 273, 281, 283, 284, 286, 287, 293, 401}

REFUSED_FIRST = "what is refused is refused before its arguments are read"
STRICT = "a text with a NUL in it, or more than the arguments, is an error"
DEFAULT = "without a name the default is opened"
# Note of the recording, procedure: how many answers differ, and why.
DIFFERENT = {
    ("before the connection is open", 285): (1, REFUSED_FIRST),
    ("before the connection is open", 114): (1, REFUSED_FIRST),
    ("read-only, wrong arguments", 118): (1, REFUSED_FIRST),
    ("read-only, wrong arguments", 123): (1, REFUSED_FIRST),
    ("read-only, wrong arguments", 434): (1, REFUSED_FIRST),
    ("opened twice", 3): (1, "the first connection stays open"),
    ("the name None", 1): (1, DEFAULT),
    ("the name None", 110): (1, DEFAULT),
    ("the name b''", 1): (1, DEFAULT),
    ("the name b''", 110): (1, DEFAULT),
    ("the name b'nodedev:///session'", 1): (1, "in process the caller's own rights apply"),
    ("the name b'nodedev:///session'", 110): (1, "in process the caller's own rights apply"),
    ("wrong arguments", 113): (2, STRICT),
    ("wrong arguments", 112): (2, "one has more than the arguments; one asks for the first three, which are others here"),
    ("errors", 123): (1, "the words of the schema's check are clearer"),
}


def code_of(answer):
    """The code of an error, 0 of an answer that is none, None of the end."""
    if not answer:
        return None
    return struct.unpack(">I", answer[28:32])[0] if struct.unpack(">I", answer[24:28])[0] else 0


def names(answer):
    """The texts of a list without their order."""
    at, found = 32, []
    for _ in range(struct.unpack(">I", answer[28:32])[0]):
        length = struct.unpack(">I", answer[at:at + 4])[0]
        found.append(answer[at + 4:at + 4 + length])
        at += 4 + (length + 3) // 4 * 4
    return sorted(found), answer[:28], answer[at:]


def answered_procedures():
    """The numbers in the tables of the sources."""
    return [int(number) for name in PROCEDURES
            for number in re.findall(r"^    \{ ([1-9]\d*), ", kit.read(os.path.join(kit.ROOT, "tools", name)), re.M)]


def procedure_names():
    return re.findall(r'"(\w+)"', kit.read(os.path.join(kit.ROOT, "tools", "procedure_names.c")).split("names[]")[1])


class Recorded(unittest.TestCase):
    def why(self, note, procedure, expected, got):
        """Why an answer may differ; None if it may not."""
        if procedure in LISTS and code_of(expected) == code_of(got) == 0 and names(expected) == names(got):
            return "order"
        if procedure in ANSWERED and code_of(expected) == NO_SUPPORT and code_of(got) == 0:
            return "answered"
        if note == WITHOUT_ARGUMENTS and procedure not in self.answered and code_of(got) == NO_SUPPORT:
            # By its name in the protocol, not by the function's, and whatever its arguments are.
            self.assertIn(b": %s\0" % procedure_names()[procedure - 1].encode(), got + b"\0")
            return "refused"
        return (note, procedure) if (note, procedure) in DIFFERENT else None

    def check(self, name, machine):
        found = json.loads(kit.played(self, machine, "rpc_conversation.py", NODEDEV, os.path.join(RECORDINGS, name + ".txt.gz")))
        self.answered = answered_procedures()
        reasons = collections.Counter()
        for note, request, expected, got in found["different"]:
            procedure = struct.unpack(">I", bytes.fromhex(request[24:32]))[0]
            note = note if name == "raw" else name
            reason = self.why(note, procedure, bytes.fromhex(expected), bytes.fromhex(got))
            self.assertIsNotNone(reason, "%s, procedure %d:\n%s\n%s" % (note, procedure, bytes.fromhex(expected), bytes.fromhex(got)))
            reasons[reason] += 1
        expected = {key: count for key, (count, _) in DIFFERENT.items() if name == (key[0] if key[0] == "errors" else "raw")}
        self.assertEqual({reason: count for reason, count in reasons.items() if isinstance(reason, tuple)}, expected)
        self.note = "%d answers, %d of them different on purpose" % (found["compared"], sum(reasons.values()))

    def test_all_that_can_be_asked(self):
        self.check("ask", "base")

    def test_virsh(self):
        self.check("virsh", "base")

    def test_events(self):
        self.check("events", "base")

    def test_errors(self):
        self.check("errors", "modules")

    def test_messages_by_hand(self):
        self.check("raw", "base")

    def test_names(self):
        """libvirt's own table of them, where a package of it is installed; an older one lacks the last."""
        if not os.path.exists(TAPSET):
            self.skipTest("libvirt's table for SystemTap is not here")
        part = kit.read(TAPSET).split("program == 536903814 && version == 1")[1].split("unknown")[0]
        theirs = dict(re.findall(r'proc == (\d+)\) \{\s+procstr = "(\w+)"', part))
        own = {str(number): name for number, name in enumerate(procedure_names(), 1)}
        self.assertGreater(len(theirs), 400)
        self.assertEqual(theirs, {number: own[number] for number in theirs})
        self.note = "%d of %d" % (len(theirs), len(own))

    def test_a_number_stands_once(self):
        numbers = answered_procedures()
        self.assertGreater(len(numbers), 70)
        self.assertEqual(len(numbers), len(set(numbers)))


if __name__ == "__main__":
    unittest.main()
