# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The calls that were recorded of libvirt 12.8.0 (tests/data/errors.json), made again on the same machine.

Every field of the error, or the result, is as recorded; what differs on purpose is in a table.
"""
import json
import os
import unittest

import kit

# What differs, and why: the message of the error here, or True for a result.
DIFFERENT = {
    # In process the caller's own rights apply, so both paths are accepted.
    "open nodedev:///session": True,
    "openReadOnly nodedev:///session": True,
    # The words of the schema's check are clearer.
    "createXML flags=1 (validate)": "XML document failed to validate against schema: line 1, column 1: <device> lacks <name>",
    # Answered, since programs call them before they come to devices.
    "getCapabilities": True,
    "getHostname": True,
    "getVersion": True,
    "getInfo": True,
    "getMaxVcpus": True,
    # No library of domains: lists are empty, so that programs that look after them first go on.
    "domains on nodedev conn": True,
    # The recorded text is that of libvirt's client of its daemon.
    "eventDeregister 99": "invalid argument: could not find event callback 99 for deletion",
}
# Work here (the node-device driver of libvirt has them not): nothing that a replay could do.
LEFT_OUT = ["reset pci", "dettach pci", "detachFlags pci", "reAttach pci"]
# The binding failed before it called.
NOT_CALLED = ["eventRegister no loop impl, id=9"]


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.found = None
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("modules"), "python3",
                       os.path.join(kit.ROOT, "tests", "error_calls.py"), kit.LIBDIR, *LEFT_OUT,
                       env=kit.environment(PYTHONPATH=os.path.join(kit.ROOT, "python")))
        if done.returncode == kit.SKIPPED:
            raise unittest.SkipTest(done.stderr)
        if done.returncode != 0:
            raise AssertionError("status %d: %s" % (done.returncode, done.stderr))
        cls.found = {record["call"]: record for record in json.loads(done.stdout)}

    def test_recorded_calls(self):
        with open(os.path.join(kit.DATA, "errors.json")) as f:
            recorded = {record["call"]: record for record in json.load(f)}
        self.assertEqual(set(self.found), set(recorded) - set(LEFT_OUT) - set(NOT_CALLED))
        for name, record in recorded.items():
            if name in self.found and name not in DIFFERENT:
                with self.subTest(name):
                    self.assertEqual(self.found[name], record)
        self.note = "%d calls, %d of them different on purpose" % (len(self.found), len(DIFFERENT))

    def test_what_differs(self):
        for name, expected in DIFFERENT.items():
            with self.subTest(name):
                found = self.found[name]
                self.assertEqual("ok" in found or found["error"]["message"], expected)


if __name__ == "__main__":
    unittest.main()
