# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The nodedev program's commands that change devices: which call each makes, its words, its errors.

The words and errors are those of libvirt 12.8.0's virsh (tests/data/errors.txt, testdriver/ports.txt and the sessions
of test_npiv), the calls those that virsh is documented to make.
"""
import json
import os
import re
import sys
import unittest

import cprograms
import kit

TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
TEST = ("-c", "test:///default")
COMMANDS = "create destroy define undefine start update autostart detach reattach reset".split()
MISSING = {"create": "a file", "define": "a file", "update": "the name of a device and a file"}
OPTIONS = {"create": ["--validate"], "define": ["--validate"], "update": ["--config", "--live", "--current"],
           "autostart": ["--disable"], "detach": ["--driver"]}

XML = "<device/>\n"


def tool(*arguments, **options):
    return kit.run(TOOL, *arguments, **options)


def file_of(text, name="changes.xml"):
    path = os.path.join(kit.temp(), name)
    with open(path, "wb") as f:
        f.write(text.encode())
    return path


class Usage(unittest.TestCase):
    def refuse(self, text, *arguments):
        done = tool(*arguments)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (2, "", "error: %s\nTry 'nodedev --help'.\n" % text), arguments)

    def test_arguments(self):
        for command in COMMANDS:
            self.refuse("command '%s' needs %s" % (command, MISSING.get(command, "the name of a device")), command)
            words = ["a", "b"] if command == "update" else ["a"]
            self.refuse("unexpected argument 'extra'", command, *words, "extra")
            for option in ("--validate", "--config", "--live", "--current", "--disable", "--tree"):
                if option not in OPTIONS.get(command, []):
                    self.refuse("command '%s' has no option %s" % (command, option), command, *words, option)
        self.refuse("command 'update' needs the name of a device and a file", "update", "a")
        self.refuse("option '--driver' needs a value", "detach", "a", "--driver")
        for other in ("live", "config"):
            self.refuse("Options --current and --%s are mutually exclusive" % other, "update", "a", "b", "--current",
                        "--" + other)

    def test_help(self):
        overview = tool("--help").stdout
        page = kit.manual("nodedev.1")
        for command in COMMANDS:
            self.assertRegex(overview, r"\n  %s +\w" % command)
            done = tool(command, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith("Usage: nodedev %s " % command))
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)
            self.assertRegex(page, r'\n\.BI %s " ' % command)
            for option in OPTIONS.get(command, []):
                self.assertIn("\n  %s " % option, done.stdout)
                self.assertIn(option, page)


class Calls(unittest.TestCase):
    """A library that is loaded before the real one takes the calls."""

    @classmethod
    def setUpClass(cls):
        flags = cprograms.package_flags("--cflags", "--libs", "virnodedev")
        cls.library = cprograms.compile_c("changes", "-shared", "-fPIC", *flags, output="changes.so")

    def expect(self, call, words, *arguments, end="\n", **options):
        done = tool(*TEST, *arguments, env=kit.environment(LD_PRELOAD=self.library), **options)
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, call + "\n", words + "\n" + end), arguments)

    def test_calls(self):
        path, host, wwns = file_of(XML), "scsi_host1", "2000000012341234,1000000012341234"
        made = "Node device scsi_host11 created from %s" % path
        self.expect("CreateXML 0 <device/>", made, "create", path)
        self.expect("CreateXML 1 <device/>", made, "create", path, "--validate")
        made = "Node device 'scsi_host11' defined from '%s'" % path
        self.expect("DefineXML 0 <device/>", made, "define", path)
        self.expect("DefineXML 1 <device/>", made, "define", "--validate", path)
        self.expect("Destroy scsi_host1", "Destroyed node device 'scsi_host1'", "destroy", host)
        self.expect("Destroy scsi_host1", "Destroyed node device '%s'" % wwns, "destroy", wwns)
        self.expect("0 Undefine scsi_host1", "Undefined node device 'scsi_host1'", "undefine", host)
        self.expect("0 Create scsi_host1", "Device scsi_host1 started", "start", host)
        self.expect("1 SetAutostart scsi_host1", "Device scsi_host1 marked as autostarted", "autostart", host)
        self.expect("0 SetAutostart scsi_host1", "Device scsi_host1 unmarked as autostarted", "autostart", "--disable",
                    host)
        for name in ("detach", "dettach"):  # virsh has both
            self.expect("Dettach scsi_host1", "Device scsi_host1 detached", name, host)
        self.expect("vfio 0 DetachFlags scsi_host1", "Device scsi_host1 detached", "detach", host, "--driver", "vfio")
        self.expect("ReAttach scsi_host1", "Device scsi_host1 re-attached", "reattach", host)
        self.expect("Reset scsi_host1", "Device scsi_host1 reset", "reset", host)

    def test_update(self):
        path = file_of(XML)
        for flags, words, options in ((0, "live state", []), (0, "live state", ["--current"]),
                                      (1, "live state", ["--live"]), (2, "persistent config", ["--config"]),
                                      (3, "persistent config and live state", ["--live", "--config"])):
            self.expect("%d <device/>\nUpdate scsi_host1" % flags, "Updated node device scsi_host1 " + words, "update",
                        "2000000012341234,1000000012341234", path, *options, end="")

    def test_update_of_what_is_not_running(self):
        uri = "nodedev:///embed?root=" + kit.extract(kit.machine_archive("mdev"))
        names = tool("-q", "-c", uri, "list", "--inactive").stdout.split()
        self.assertTrue(names)
        done = tool("-c", uri, "update", names[0], file_of(XML), env=kit.environment(LD_PRELOAD=self.library))
        self.assertEqual((done.returncode, done.stderr, done.stdout),
                         (0, "0 <device/>\nUpdate %s\n" % names[0],
                          "Updated node device %s persistent config\n" % names[0]))

    def test_standard_input(self):
        with open(file_of(XML)) as f:
            self.expect("CreateXML 0 <device/>", "Node device scsi_host11 created from -", "create", "-", stdin=f)

    def test_quiet(self):
        """virsh -q says nothing of success either."""
        path = file_of(XML)
        for arguments in (("start", "computer"), ("create", path), ("define", path), ("update", "computer", path)):
            done = tool(*TEST, "-q", *arguments, env=kit.environment(LD_PRELOAD=self.library))
            self.assertEqual((done.returncode, done.stdout), (0, ""), arguments)
            self.assertNotEqual(done.stderr, "")

    def test_large_file(self):
        """The largest file that virsh reads, and one byte more."""
        limit = 10 * 1024 * 1024
        path = file_of("<device/>" + " " * (limit - 10) + "\n")
        done = tool(*TEST, "create", path, env=kit.environment(LD_PRELOAD=self.library))
        self.assertEqual((done.returncode, len(done.stderr)), (0, len("CreateXML 0 ") + limit))
        file_of(" " * (limit + 1))
        done = tool(*TEST, "create", path)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", "error: Failed to read file '%s': Value too large for defined data type\n" % path))


class Errors(unittest.TestCase):
    def test_files(self):
        folder, nul = kit.temp(), file_of("<device/>\0<more/>", "nul.xml")
        for path, text in (("/nosuchfile", "Failed to open file '/nosuchfile': No such file or directory"),
                           (folder, "Failed to read file '%s': Is a directory" % folder),
                           ("/dev/zero", "Failed to read file '/dev/zero': Value too large for defined data type"),
                           (nul, "file '%s' is not XML: it has a NUL in it" % nul)):
            for command in (["create"], ["define"], ["update", "scsi_host1"]):
                done = tool(*TEST, *command, path)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", "error: %s\n" % text), command)

    def test_test_driver(self):
        """The recorded errors of calls that the test driver does not have."""
        session = kit.read(os.path.join(kit.DATA, "testdriver", "ports.txt"))
        found = re.findall(r"^== nodedev-(\w+ scsi_host11)(?: ok\.xml)?\n((?:error: .*\n)+)\[rc=1\]", session, re.M)
        self.assertEqual(len(found), 7)
        path = file_of(XML, "ok.xml")
        for command, errors in found:
            words = command.split() + ([path] if command.startswith("update") else [])
            done = tool(*TEST, *words)
            self.assertEqual((done.returncode, done.stdout, done.stderr.replace(path, "ok.xml")), (1, "", errors), words)

    def test_session(self):
        """The recorded virsh session of errors on this host's devices, as a replay of the machine."""
        transcript = kit.read(os.path.join(kit.DATA, "errors.txt"))
        folder = os.path.join(kit.temp(), "errors")
        os.makedirs(folder, exist_ok=True)
        for path, text in re.findall(r"^--- (\S+)\n((?:(?!--- |\$ ).*\n)*)", transcript, re.M):
            with open(path.replace("/host/out/seq-errors", folder), "w") as f:
                f.write(text)
        machine = kit.read(os.path.join(kit.MACHINES, "base", "devices.xml"))
        with open(os.path.join(folder, "pci.xml"), "w") as f:
            f.write(dict(kit.documents(machine))["pci_0000_03_00_0"])
        sessions = re.findall(r"^\$ virsh (-r )?-c nodedev:///system nodedev-(.*)\n((?:(?!\$ |\[rc).*\n)*)\[rc=1\]",
                              transcript, re.M)
        # What the schema forbids is test_schema's; these calls libvirt has on other connections only.
        wanted = [s for s in sessions if "--validate" not in s[1] and "by the connection driver" not in s[2]
                  and s[1].split()[0] in COMMANDS]
        self.assertEqual(len(wanted), 51)
        commands = [[*read_only.split(), *command.replace("/host/out/seq-errors", folder).split()]
                    for read_only, command, _ in wanted]
        run = ("import json, subprocess, sys\n"
               "print(json.dumps([(r.stdout, r.stderr, r.returncode) for r in (subprocess.run([sys.argv[1], *c], text=True, "
               "capture_output=True) for c in json.loads(sys.argv[2]))]))")
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("base"), sys.executable, "-c", run, TOOL,
                       json.dumps(commands))
        if done.returncode == kit.SKIPPED:
            self.skipTest(done.stderr.strip())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for (_, command, expected), (out, errors, status) in zip(wanted, json.loads(done.stdout)):
            with self.subTest(command):
                errors = "".join("2> " + line for line in errors.replace(folder, "/host/out/seq-errors").splitlines(True))
                self.assertEqual((status, out, errors), (1, "", expected.lstrip("\n")))

    def test_no_leaks(self):
        path = file_of(XML)
        for arguments in (("create", path), ("define", path), ("update", "computer", path), ("reset", "computer"),
                          ("create", "/nosuchfile")):
            done = kit.run("valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite",
                           "--error-exitcode=9", TOOL, *TEST, *arguments)
            self.assertEqual(done.returncode, 1, "%s\n%s" % (arguments, done.stderr))


if __name__ == "__main__":
    unittest.main()
