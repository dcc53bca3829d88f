# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Recorded machines whose devices come, go, change and move, told of in udevd's own messages.

What is expected is what libvirt 12.8.0 reported while the same was done to the machine (tests/data/events).
"""
import datetime
import json
import os
import re
import sys
import unittest

import foreign
import kit

REPLAY = os.path.join(kit.SCRIPTS, "replay")
INSIDE = os.path.join(kit.ROOT, "tests", "replay_events.py")
TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
RUN = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
EVENTS = os.path.join(kit.DATA, "events")
TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})(?:\+0000:?)? (.*)")

# What the script calls a step, and how its line of events.steps ends; each step ends where the next line begins.
STEPS = {
    "delete lun": "echo 1 >$d/delete; done", "scan lun": "/sys/class/scsi_host/$h/scan", "rmmod": "rmmod scsi_debug",
    "add host": "echo 1 >/sys/bus/pseudo/drivers/scsi_debug/add_host",
    "remove host": "echo -1 >/sys/bus/pseudo/drivers/scsi_debug/add_host",
    "link add": "type dummy", "link set address": "address 52:54:00:bb:00:02", "link set name": "name renamed9",
    "link del": "ip link del renamed9", "unbind": "/e1000e/unbind", "bind": "/e1000e/bind",
    "remove pci": "0000:81:00.0/remove", "rescan pci": "/sys/bus/pci/rescan", "change disk": "/sys/block/sda/uevent",
    "change pci": "0000:00:00.0/uevent", "trigger change": "--subsystem-match=net",
    "trigger add": "--sysname-match=lo",
}

# The second SCSI host of the recorded steps is not in the recording: its twin takes its part.
TWIN = {"_13_0_0": "_11_0_0", "host13": "host11", "target13": "target11", "sg13": "sg11", "sg14": "sg12",
        "sdj": "sdh", "sdk": "sdi", "6d60": "5dc0", "6d61": "5dc1"}


def timed(path):
    """The lines of a log with their times; other lines are left out."""
    found = (TIME.fullmatch(line) for line in kit.read(path).splitlines())
    return [(datetime.datetime.strptime(m[1], "%Y-%m-%d %H:%M:%S.%f"), m[2]) for m in found if m]


def recorded_steps(log="events.log"):
    """What libvirt told in each step."""
    steps, events = timed(os.path.join(EVENTS, "events.steps")), timed(os.path.join(EVENTS, log))
    found, at = {}, -1
    for when, line in events:
        # One time of the log is a second behind: a later step never ends again.
        while at + 1 < len(steps) and when >= steps[at + 1][0]:
            at += 1
        found.setdefault(steps[at][1], []).append(line)
    result = {}
    for name, end in STEPS.items():
        command = [c for _, c in steps if c.endswith(end)]
        assert len(command) == 1, (name, command)
        result[name] = found.get(command[0], [])
    return result


def recorded(name, *names):
    """The events of a log without times, of these devices only."""
    return [line for _, line in timed(os.path.join(EVENTS, name)) if not names or line.split()[1].startswith(names)]


def mapped(lines):
    for old, new in TWIN.items():
        lines = [line.replace(old, new) for line in lines]
    return lines


class Replays(unittest.TestCase):
    def replay(self, machine, sequence, *arguments, **more):
        """What the library told, by step."""
        done = kit.run(REPLAY, kit.machine_archive(machine), sys.executable, INSIDE, sequence, *arguments, timeout=300,
                       env=kit.environment(**more))
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: replays were skipped")
        kit.details("events/replay-%s-%s.txt" % (machine, sequence), done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr[-1000:])
        told = {}
        for line in done.stdout.splitlines():
            step, event = line.split("\t")
            told.setdefault(step, []).append(event)
        # What the connection knows at the end is what a new one finds.
        self.assertEqual(told.pop("stale", []), [])
        return told

    def test_events(self):
        """SCSI hosts and disks, interfaces, PCI functions, changes of every interface; and what virsh printed."""
        self.check_events(TOOL)

    def test_events_in_virsh(self):
        """virsh itself, as it is installed, on this library."""
        foreign.need("virsh", foreign.program("virsh"))
        virsh = os.path.join(kit.temp(), "virsh-as-nodedev")
        with open(virsh, "w") as f:
            f.write('#!/bin/sh\nwhat=nodedev-$1\nshift\nexec %s -p virsh -c nodedev:///system "$what" "$@"\n' % RUN)
        os.chmod(virsh, 0o755)
        self.check_events(virsh)

    def check_events(self, program):
        told = self.replay("modules", "events", program)
        self.assertEqual(told.pop("differs", []), [])
        for kind in ("lifecycle", "update"):
            self.compare_with_virsh(kind, told.pop("nodedev " + kind))
        expected = {step: mapped(lines) for step, lines in recorded_steps().items() if lines}
        self.assertEqual(told, expected)
        self.note = "%d events in %d steps" % (sum(map(len, told.values())), len(told))

    def compare_with_virsh(self, kind, printed):
        """Line by line, but for the times; virsh's log has steps that a recording cannot take."""
        steps = recorded_steps("virsh-%s.log" % kind)
        # In the order in which the replay takes the steps.
        expected = mapped([line for step in STEPS for line in steps[step]])
        count = len(expected)
        last = kit.read(os.path.join(EVENTS, "virsh-%s.log" % kind)).split("\n")[-4:]
        self.assertRegex(last[1], r"^events received: \d+$")
        last[1] = "events received: %d" % count
        self.assertEqual(printed[count:], last)
        lines = [re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: (.*)", line) for line in printed[:count]]
        self.assertEqual([line and line[1] for line in lines], expected)

    def test_sriov(self):
        """Virtual functions; the recorded machine has them, so they first go."""
        told = self.replay("sriov", "sriov")
        self.assertEqual(told.pop("differs", []), [])
        log = recorded("sriov.log")
        off = [line for line in log if line.endswith("DELETED 0")]
        on = [line for line in log if line not in off]
        igb = ("pci_0000_01", "net_enp1s0")
        self.assertEqual(told, {
            "igb off": [line for line in off if line.split()[1].startswith(igb)],
            "nvme off": [line for line in off if not line.split()[1].startswith(igb)],
            "igb on": [line for line in on if line.split()[1].startswith(igb)],
            "nvme on": [line for line in on if not line.split()[1].startswith(igb)],
        })

    def test_npiv(self):
        told = self.replay("npiv", "npiv")
        self.assertEqual(told.pop("differs", []), [])
        log = recorded("npiv.log")
        self.assertEqual(told, {"vport": (log[1:2] + log[0:1]) * 3})

    def test_mdev(self):
        """Every event of the log, in its order; virsh's update of the definition is its file here."""
        told = self.replay("mdev", "mdev")
        told.pop("differs", None)  # the recording's own devices have other definitions at the end
        self.assertEqual(told, {"mdev": recorded("mdev.log")})

    def test_every_kind(self):
        """Change, remove, add and move for some devices of each kind; what is expected follows from the rules of
        lifecycle events: update, deleted (children first), created (parents first), deleted and created."""
        kinds = set()
        for machine in ("modules", "sriov", "npiv", "mdev", "synth"):
            told = self.replay(machine, "kinds")
            self.assertEqual(told.pop("wrong", []), [])
            self.assertEqual(told.pop("differs", []), [])
            kinds.update(told.pop("kind"))
            self.assertEqual(told, {})
        self.note = "%d kinds: %s" % (len(kinds), " ".join(sorted(kinds)))
        with open(os.path.join(kit.ROOT, "docs", "nodedev.schema.json"), encoding="utf-8") as f:
            schema = json.load(f)
        wanted = schema["$defs"]["device"]["properties"]["capability"]["properties"].keys() - {"system"}
        self.assertEqual(wanted - kinds, set())

    def test_udevd_comes_and_goes(self):
        """Whoever tells is listened to, and what happened in between is told."""
        told = self.replay("modules", "udevd")
        self.assertEqual(told.pop("differs", []), [])
        gone = recorded_steps()["remove pci"]
        self.assertEqual(told, {
            "udevd comes": gone, "udevd tells": ["update pci_0000_00_00_0"],
            "udevd goes": [line.replace("DELETED", "CREATED") for line in reversed(gone)]})

    def test_udevd_is_stuck(self):
        """It is waited for as long as it has a queue, but not for ever."""
        told = self.replay("modules", "stuck")
        self.assertEqual(told.pop("differs", []), [])
        gone = recorded_steps()["remove pci"]
        self.assertEqual(told, {
            "goes on": ["update pci_0000_00_00_0"], "patience ends": gone,
            "queue ends": [line.replace("DELETED", "CREATED") for line in reversed(gone)]})

    def test_names_that_lead_out_of_the_tree(self):
        """The root user of another user namespace can send messages, too."""
        told = self.replay("modules", "outside")
        self.assertEqual(told, {"inside": ["update pci_0000_00_00_0"]})

    def test_forged_messages(self):
        """What is not in udevd's form, not sent to all or not by root is passed over."""
        told = self.replay("modules", "forged")
        self.assertEqual(told.pop("differs", []), [])
        self.assertEqual(told, {"believed": ["update pci_0000_00_00_0"]})

    def test_overrun(self):
        """Messages are lost; the difference is told all the same: what lies below goes first and comes last."""
        told = self.replay("modules", "overrun")
        self.assertEqual(told.pop("differs", []), [])
        # Messages of the flood that came through are told of as well.
        flood = "update net_lo_00_00_00_00_00_00"
        self.assertLess(sum(lines.count(flood) for lines in told.values()), 3 * 500)
        told = {step: [line for line in lines if line != flood] for step, lines in told.items()}
        steps = recorded_steps()
        gone = steps["rmmod"] + steps["remove pci"]
        came = [line.replace("DELETED", "CREATED") for line in gone]
        self.assertEqual(sorted(told["went"]), sorted(gone))
        self.assertEqual(sorted(told["came"]), sorted(came))
        for step, first, last in (("went", "scsi_11_0_0_1", "scsi_host11"), ("came", "scsi_host11", "scsi_11_0_0_1"),
                                  ("went", "net_enp129s0", "pci_0000_81"), ("came", "pci_0000_81", "net_enp129s0")):
            place = [[part in line for line in told[step]].index(True) for part in (first, last)]
            self.assertLess(*place)
        self.assertEqual(told["changed"], ["lifecycle net_dummy0_52_54_00_aa_00_01 DELETED 0",
                                           "lifecycle net_dummy0_52_54_00_bb_00_03 CREATED 0",
                                           "update net_veth0_52_54_00_aa_00_02"])
        defined = "mdev_11111111_2222_3333_4444_555555555599_mtty"
        self.assertEqual([told[step] for step in ("defined", "redefined", "undefined")], [
            ["lifecycle %s DEFINED 0" % defined], ["update " + defined], ["lifecycle %s UNDEFINED 0" % defined]])
