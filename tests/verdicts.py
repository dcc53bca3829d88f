# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Whether documents are right: the library's verdict beside xmllint's."""
import os
import re
import unittest

import kit
import vnd
from vnd import lib

SCHEMA = os.path.join(kit.DATA, "nodedev-12.8.rng")
INVALID, MALFORMED = 92, 35


class Verdicts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        vnd.silence()
        cls.conn = lib.virConnectOpen(b"nodedev:///system")
        cls.computer = lib.virNodeDeviceLookupByName(cls.conn, b"computer")

    @classmethod
    def tearDownClass(cls):
        lib.virNodeDeviceFree(cls.computer)
        lib.virConnectClose(cls.conn)

    def refusal(self, text):
        """The error of an update, which always checks the document; that of this device is never done."""
        self.assertEqual(lib.virNodeDeviceUpdate(self.computer, text.encode(), 0), -1)
        return vnd.last_error()

    def ours(self, text):
        """What is wrong with a document, or None."""
        raise NotImplementedError

    def compared(self, documents):
        """What xmllint says of each document beside the schema: valid or not; None for what it finds malformed."""
        folder = os.path.join(kit.temp(), "documents")
        os.makedirs(folder, exist_ok=True)
        verdicts = []
        for start in range(0, len(documents), 1000):
            files = []
            for number, text in enumerate(documents[start:start + 1000]):
                files.append(os.path.join(folder, "%d.xml" % number))
                with open(files[-1], "w", newline="", encoding="utf-8") as f:
                    f.write(text)
            done = kit.run("xmllint", "--nonet", "--noout", "--relaxng", SCHEMA, *files)
            said = dict(re.findall(r"^(/\S+\.xml) (validates|fails to validate)$", done.stderr, re.M))
            verdicts += [said[f] == "validates" if f in said else None for f in files]
        return verdicts

    def differences(self, named, verdicts, departures=()):
        """Compares the library's verdict of each document with the one given: how many of these are good and how many
        not, and how many differ by a message that departs on purpose. Any other difference is a failure."""
        counts = {True: 0, False: 0}
        departed = 0
        wrong = []
        for (name, text), good in zip(named, verdicts, strict=True):
            message = self.ours(text)
            counts[good] += 1
            if (message is None) == good:
                continue
            if message and any(re.search(departure, message) for departure in departures):
                departed += 1
            else:
                wrong.append("%s\nxmllint: %s, the library: %s\n%s\n" % (name, good, message, text))
        if wrong:
            where = kit.details("failed/%s.documents.txt" % self.id(), "\n".join(wrong))
            self.fail("%d verdicts differ, see %s; the shortest: %s" % (len(wrong), where, min(wrong, key=len)))
        return counts, departed
