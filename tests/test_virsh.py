# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""virsh as the distribution builds it, on this library by virnodedev-run: its output, messages and exit
statuses are those of virsh 12.8.0 on libvirt's own daemon (tests/data). Its events: test_event_replay.

An installed virsh that is older lacks some options and words; commands with them are left out, which the
notes count.
"""
import os
import re
import unittest

import compare
import foreign
import kit

REPLAY = os.path.join(kit.SCRIPTS, "replay")
RUN = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
TRANSCRIPT = os.path.join(kit.DATA, "virsh", "errors.txt")

# With this virsh each came: what an older one takes for an error of the command line.
NEWER = {"--persistent": (10, 1), "--transient": (10, 1), "ccwgroup": (11, 4), "ccwgroup_member": (11, 4),
         "nodedev-update": (10, 1), "pci --tree": (10, 1)}

# libvirt's node-device driver knows no resets, and its schema checks are libxml2's words.
ELSEWHERE = "-c nodedev:///system nodedev-reset pci_0000_03_00_0"
OWN_WORDS = re.compile(r"(?<=failed to validate against schema: ).*", re.S)


VIRSH = ()


def setUpModule():
    global VIRSH
    foreign.need("virsh", foreign.program("virsh"))
    VIRSH = tuple(int(part) for part in kit.checked("virsh", "--version").stdout.strip().split(".")[:2])


def is_known(command):
    return all(VIRSH >= since for words, since in NEWER.items() if re.search(r"(?<![\w-])%s\b" % words, command))


def run_environment():
    env = kit.environment()
    env.pop("LD_LIBRARY_PATH")
    return env


class Machines(unittest.TestCase):
    """The nodedev commands that read, on recorded machines."""

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


def transcript(path):
    """[(arguments of virsh, stdout, stderr, status)] and {file: text} of a recorded session."""
    text = kit.read(path)
    files = dict(re.findall(r"^--- (\S+)\n((?:(?!--- |\$ ).*\n)*)", text, re.M))
    commands = []
    for arguments, output, status in re.findall(r"^\$ virsh (.*)\n((?:(?!\$ ).*\n)*?)\[rc=(\d+)\]$", text, re.M):
        lines = output.splitlines(True)
        commands.append((arguments, "".join(line for line in lines if not line.startswith("2> ")),
                         "".join(line[3:] for line in lines if line.startswith("2> ")), int(status)))
    return commands, files


class Errors(unittest.TestCase):
    """What virsh says of wrong commands, devices and documents."""

    def test_transcript(self):
        commands, files = transcript(TRANSCRIPT)
        folder = os.path.join(kit.temp(), "virsh-errors")
        os.makedirs(folder)
        for name, text in files.items():
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        known = [command for command in commands if is_known(command[0]) and command[0] != ELSEWHERE]
        script = "cd %s\n" % folder + "".join(
            "virsh %s >out 2>err; status=$?; echo '$ virsh %s'; cat out; sed 's/^/2> /' err; echo \"[rc=$status]\"\n"
            % (arguments, arguments) for arguments, _, _, _ in known)
        done = kit.run(RUN, "-p", REPLAY, kit.machine_archive("modules"), "sh", "-c", script, env=run_environment())
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: " + done.stderr.strip())
        session = os.path.join(folder, "session.txt")
        with open(session, "w") as f:
            f.write(done.stdout)
        got, _ = transcript(session)
        self.assertEqual([command[0] for command in got], [command[0] for command in known])
        for want, have in zip(known, got):
            with self.subTest(command=want[0]):
                self.assertEqual([OWN_WORDS.sub("", part) for part in have[1:3]],
                                 [OWN_WORDS.sub("", part) for part in want[1:3]])
                self.assertEqual(have[3], want[3])
        self.note = "%d commands; %d left out" % (len(known), len(commands) - len(known))


class Connection(unittest.TestCase):
    """What virsh asks of the connection itself."""

    def virsh(self, *arguments):
        done = kit.run(RUN, "virsh", *arguments, env=run_environment())
        return done.returncode, done.stdout, done.stderr

    def test_uri_hostname_version(self):
        self.assertEqual(self.virsh("uri"), (0, "nodedev:///system\n\n", ""))
        self.assertEqual(self.virsh("-c", "qemu:///system", "uri"), (0, "qemu:///system\n\n", ""))
        self.assertEqual(self.virsh("hostname"), (0, os.uname().nodename + "\n\n", ""))
        status, out, err = self.virsh("version")
        self.assertEqual((status, err), (0, ""))
        # What virsh was compiled against, and what it runs on.
        self.assertEqual(out.splitlines()[1:], ["Using library: libvirt 12.8.0", "Using API: nodedev 12.8.0",
                                                "Running hypervisor: nodedev 12.8.0", ""])

    def test_testdriver(self):
        """The recorded session on libvirt's own made-up devices; each line was a process of its own."""
        text = kit.read(os.path.join(kit.DATA, "testdriver", "transcript.txt"))
        sessions = re.findall(r"^\$ virsh -c test:///default (nodedev-.*|uri)\n((?:.*\n)*?)\[rc=(\d)\]$", text, re.M)
        sessions = [session for session in sessions if ".xml" not in session[0]]
        self.assertGreater(len(sessions), 10)
        for arguments, output, status in sessions:
            if VIRSH < (10, 1):
                output = output.replace("Autostart:      unknown", "Autostart:      no autostart")
            got = self.virsh("-c", "test:///default", *arguments.split())
            with self.subTest(arguments):
                self.assertEqual((got[0], (got[2] + got[1]).rstrip("\n")), (int(status), output.rstrip("\n")))

    def test_lists_of_what_is_not_there_are_empty(self):
        for command in ("list --all", "net-list --all", "pool-list --all", "iface-list --all", "secret-list",
                        "nwfilter-list", "nwfilter-binding-list"):
            with self.subTest(command):
                status, out, err = self.virsh(*command.split())
                self.assertEqual((status, err), (0, ""))
                # A head, a line, nothing.
                self.assertRegex(out, r"^ (Id|Name|UUID|Port Dev) .*\n-+\n\n$")

    def test_the_rest_is_not_supported(self):
        for command, text in (("nodesuspend mem 60", "virNodeSuspendForDuration"), ("dominfo guest", "failed to get domain 'guest'"),
                              ("pool-info pool", "virStoragePoolLookupByName"),
                              ("secret-get-value x", "virSecretLookupByUUIDString")):
            with self.subTest(command):
                status, _, err = self.virsh(*command.split())
                self.assertEqual(status, 1)
                self.assertTrue(err.startswith("error: "), err)
                self.assertIn(text, err)

    def test_an_error_of_libvirts_private_part(self):
        """virsh reads files by private functions of libvirt, whose error it then asks the library for."""
        self.assertEqual(self.virsh("nodedev-create", "/no/such/file"),
                         (1, "\n", "error: Failed to open file '/no/such/file': No such file or directory\n"))
