# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Virtual Fibre Channel ports on the recorded machine `npiv`, with a program that plays the kernel.

The session is that of libvirt 12.8.0's virsh on the real machine (tests/data/npiv/transcript.txt). The other errors
are worked out by hand from libvirt's documented behaviour and the kernel's (scsi_fc_transport.rst: two names of 16
hexadecimal digits); what the library does otherwise is in README.md, "Differences from libvirt".
"""
import json
import os
import re
import subprocess
import sys
import unittest

import fast_clock
import kit

TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
TRANSCRIPT = os.path.join(kit.DATA, "npiv", "transcript.txt")
FOLDER = "/host/out/seq-npiv"  # of the session's files

NAMES = "2101001b32a9da4e:2001001b32a9da4e"
WRITE = "Write of '%s' to '/sys/class/fc_host/host12/%s' during vport create/delete failed: %s"


def refused(wwpn, wwnn="2001001b32a9da4e"):
    return "38 0 22 " + WRITE % ("%s:%s" % (wwpn, wwnn), "vport_create", "Invalid argument")


CALLS = [
    *[("wwpn %a" % wwn, refused(wwn)) for wwn in (
        "zzz", "../../../../../etc/passwd", "2101001b32a9da4", "2101001b32a9da4e0", "0x01001b32a9da4e",
        "2101001b32a9da4e\n", "+101001b32a9da4e", "2101001b32a9da4e:1", "\u0662101001b32a9da4e")],
    ("wwnn zzz", refused("2101001b32a9da4e", "zzz")),
    ("no fc_host", "1 22 -1 internal error: Device is not a fibre channel HBA"),
    ("parent computer", "1 22 -1 internal error: Parent device computer is not capable of vport operations"),
    ("parent ../host12", "1 22 -1 internal error: Could not find parent device for 'new device'"),
    ("other wwpn of the parent", "1 22 -1 internal error: Could not find parent device for 'new device'"),
    ("destroy scsi_host0", "1 22 -1 internal error: Device is not a fibre channel HBA"),
    ("destroy scsi_host12",
     "1 0 -1 internal error: Invalid adapter name 'net_enp3s0_52_54_00_00_02_01' for SCSI pool"),
    ("unprivileged", "38 0 13 " + WRITE % (NAMES, "vport_create", "Permission denied")),
    ("full", "38 0 28 " + WRITE % (NAMES, "vport_create", "No space left on device")),
    ("silent", "True"),
    ("create", "scsi_host13"),
    ("writes", "1"),
    ("kernel", "vport_create '0101001b32a9da4e:2001001B32A9DA4E'"),
    ("lookup", "True"),
    ("no vport_delete",
     "55 0 -1 Requested operation is not valid: vport operation 'vport_delete' is not supported for host12"),
    ("full", "38 0 28 " + WRITE % ("0101001b32a9da4e:2001001b32a9da4e", "vport_delete", "No space left on device")),
    ("unprivileged",
     "38 0 13 " + WRITE % ("0101001b32a9da4e:2001001b32a9da4e", "vport_delete", "Permission denied")),
    ("silent", "True"),
    ("destroy", "destroyed"),
    ("kernel", "vport_delete '0101001b32a9da4e:2001001b32a9da4e'"),
    ("destroy again", "53 22 -1 Node device not found: no node device with matching name 'scsi_host13'"),
    ("scsi_host", "scsi_host13"),
    ("kernel", "vport_create '%s'" % NAMES),
    ("destroy", "destroyed"),
    ("kernel", "vport_delete '%s'" % NAMES),
    ("no vport_create", "1 22 -1 internal error: Could not find any vport capable device"),
    ("parent without vport_create",
     "1 22 -1 internal error: Parent device scsi_host12 is not capable of vport operations"),
    *[("create", "scsi_host13"), ("told", "['lifecycle scsi_host13 CREATED 0']"),
      ("destroy", "destroyed"), ("told", "['lifecycle scsi_host13 DELETED 0']")] * 3,
    ("quick", "True"),
]

# The kernel does what was written to it; of two ports with the same names it makes one.
KILLED = [
    ("create", "True"), ("lookup", "True"), ("create again", refused("2101001b32a9da4e")),
    ("destroy", "True"), ("lookup", "False"), ("create again", "scsi_host13"), ("destroy again", "destroyed"),
]

NO_DEVICE = ("53 22 -1 Node device not found: no node device for 'new device' with matching wwnn '2001001b32a9da4e' "
             "and wwpn '2101001b32a9da4e'; ")


def replay(*arguments, **more):
    """A process that runs npiv_steps.py in a replay."""
    return subprocess.Popen([os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("npiv"), sys.executable,
                             os.path.join(kit.ROOT, "tests", "npiv_steps.py"), *arguments], text=True,
                            env=kit.environment(PYTHONDONTWRITEBYTECODE="1", **more), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Ports(unittest.TestCase):
    def result(self, process, timeout=300):
        out, errors = process.communicate(timeout=timeout)
        if process.returncode == kit.SKIPPED:
            self.skipTest(errors.strip())
        self.assertEqual((process.returncode, errors), (0, ""), out)
        return out

    def test_calls(self):
        found = [tuple(line.split(": ", 1)) for line in self.result(replay("calls")).splitlines()]
        expected = CALLS
        if ("unprivileged", "there is no other user") in found:
            self.note = "without the user nobody"
            found, expected = ([line for line in lines if line[0] != "unprivileged"] for lines in (found, expected))
        text = "\n".join(": ".join(pair) for pair in found)
        self.assertEqual(text, "\n".join(": ".join(pair) for pair in expected))

    def test_killed(self):
        """A process is killed when it has written to the kernel."""
        self.assertEqual(self.result(replay("killed")), "".join("%s: %s\n" % line for line in KILLED))

    def test_session(self):
        """The recorded virsh session, command by command, without those that are not virsh's."""
        transcript = kit.read(TRANSCRIPT)
        folder = os.path.join(kit.temp(), "npiv")
        os.makedirs(folder, exist_ok=True)
        for path, text in re.findall(r"^--- (\S+)\n(.*?</device>\n)", transcript, re.M | re.S):
            with open(path.replace(FOLDER, folder), "w") as f:
                f.write(text)
        sessions = re.findall(r"^\$ virsh -c nodedev:///system nodedev-(.*)\n((?:(?!\$ ).*\n)*?)\[rc=(\d)\]", transcript,
                              re.M)
        self.assertEqual(len(sessions), 29)
        commands = [command.replace(FOLDER, folder).split() for command, _, _ in sessions]
        results = json.loads(self.result(replay("session", TOOL, json.dumps(commands))))
        for (command, expected, status), (out, errors, code) in zip(sessions, results):
            with self.subTest(command):
                errors = "".join("2> " + line for line in errors.splitlines(True))
                found = self.comparable((out + errors).replace(folder, FOLDER))
                self.assertEqual((found, str(code)), (self.comparable(expected), status))

    @staticmethod
    def comparable(text):
        """Without what every port has of its own: its number below its host and names that were generated."""
        text = re.sub(r"/vport-12:0-\d+/", "/vport-12:0-N/", text)
        return re.sub(r">5001a4a[0-9a-f]{9}<", ">5001a4a*********<", text).strip("\n")

    def test_timeout(self):
        """A port that does not come within a minute is deleted again, and the error says so."""
        expected = [
            NO_DEVICE + "the port was deleted again\nvport_create '%s'\nvport_delete '%s'\n" % (NAMES, NAMES),
            NO_DEVICE + "it could not be deleted again: %s\nvport_create '%s'\nsilent: True\n"
            % (WRITE % (NAMES, "vport_delete", "No space left on device"), NAMES),
        ]
        processes = [replay("timeout", *full, LD_PRELOAD=fast_clock.library()) for full in ((), ("full",))]
        for process, text in zip(processes, expected):
            self.assertEqual(self.result(process), text)


if __name__ == "__main__":
    unittest.main()
