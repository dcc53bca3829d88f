# SPDX-License-Identifier: LGPL-2.1-or-later
"""virsh as the distribution builds it, on this library by virnodedev-run: its output, messages and exit
statuses are those of virsh 12.8.0 on libvirt's own daemon (tests/data). Its events: test_event_replay.

An installed virsh that is older lacks some options and words; commands with them are left out, which the
notes count.
"""
import os
import re
import unittest

import compare
import kit

REPLAY = os.path.join(kit.SCRIPTS, "replay")
RUN = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
TRANSCRIPT = os.path.join(kit.DATA, "virsh", "errors.txt")

# With this virsh each came: what an older one takes for an error of the command line.
NEWER = {"--persistent": (10, 1), "--transient": (10, 1), "ccwgroup": (11, 4), "ccwgroup_member": (11, 4),
         "nodedev-update": (10, 1)}


def installed():
    text = kit.checked("virsh", "--version").stdout
    return tuple(int(part) for part in text.strip().split(".")[:2])


def is_known(command):
    return all(installed() >= NEWER.get(word, ()) for word in re.split(r"[ ,]", command))


def run_environment():
    env = kit.environment()
    env.pop("LD_LIBRARY_PATH")
    return env


class Machines(unittest.TestCase):
    """The nodedev commands that read, on recorded machines."""

    maxDiff = None

    def answers(self, machine, commands):
        """{command: (status, output)} of all commands, each in a virsh of its own, in one replay."""
        script = "".join("echo \"%s virsh %s\"; virsh %s 2>&1; echo \"[rc=$?]\"\n" % ("\\$", c, c) for c in commands)
        done = kit.run(RUN, "-p", REPLAY, kit.machine_archive(machine), "sh", "-c", script, env=run_environment())
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: " + done.stderr.strip())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = re.findall(r"^\$ virsh (.*)\n((?:.*\n)*?)\[rc=(\d+)\]$", done.stdout, re.M)
        self.assertEqual([command for command, _, _ in found], list(commands))
        return {command: (int(status), output) for command, output, status in found}

    def check(self, machine):
        expected = os.path.join(kit.MACHINES, machine)
        exceptions = compare.Exceptions(machine, "virsh")
        sections = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", kit.read(os.path.join(expected, "nodedev.txt")), re.M)
        lists = [(c, text) for c, text in sections if c.startswith("list")]
        infos = [(c, text) for c, text in sections if c.startswith("info ")]
        documents = kit.documents(kit.read(os.path.join(expected, "devices.xml")))
        wanted = {}
        for command, text in lists:
            if is_known(command):
                failed = text.startswith("error: ")
                wanted["nodedev-" + command] = (int(failed), text.rstrip("\n"))
        skipped = len(lists) - len(wanted)
        # One virsh for all of these: it separates the outputs by an empty line.
        for some in (infos, [("dumpxml " + name, text) for name, text in documents]):
            if some:
                joined = "'%s'" % "; ".join("nodedev-" + command for command, _ in some)
                wanted[joined] = (0, "\n\n".join(text.rstrip("\n") for _, text in some))
        got = self.answers(machine, wanted)
        for command, (status, text) in wanted.items():
            with self.subTest(command=command[:60]):
                self.assertEqual(got[command][0], status, got[command][1])
                self.same_lines(exceptions, text, got[command][1].rstrip("\n"))
        self.note = "%d commands, %d devices; %d left out" % (len(wanted), len(documents), skipped)

    def same_lines(self, exceptions, wanted, got):
        """Line by line, but for lines that a recording cannot give."""
        pattern = "|".join(rule["lines"] for rule in exceptions.rules if "lines" in rule)
        odd = re.compile(r" *(?:%s)" % pattern) if pattern else None
        sides = [[line for line in text.split("\n") if not (odd and odd.fullmatch(line))] for text in (wanted, got)]
        self.assertEqual(sides[1], sides[0])

    def test_base(self):
        self.check("base")

    def test_mdev(self):
        self.check("mdev")

    def test_synth(self):
        self.check("synth")
