# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""nodedev as one file: in a folder that holds nothing but it and /sys, and in what examples/Dockerfile makes.

`make static` builds it. Where that was not run, a program is linked in the same way with the library of
`make without-libudev`, which is larger, unwinds after a panic, and so needs the compiler's unwinder and its tables.
"""
import json
import os
import re
import shutil
import unittest

import kit

BUILT = os.path.join(kit.ROOT, "build", "static", "nodedev")
UNOPTIMISED = os.path.join(kit.ROOT, "build", "without-libudev", "libvirnodedev.a")
DOCKERFILE = os.path.join(kit.ROOT, "examples", "Dockerfile")
IN_FOLDER = 'cd "$1"; shift; mkdir -p sys; mount --rbind /sys sys; exec chroot . "$@"'

OWN_NETWORK = True  # other tests let interfaces come and go

_program = None


def program():
    """The file, or None where nothing was built of which it can be made."""
    global _program
    if _program is None and os.path.exists(BUILT):
        _program = BUILT
    if _program is None and os.path.exists(UNOPTIMISED):
        folder = os.path.join(kit.temp(), "static")
        os.makedirs(folder)
        os.symlink(UNOPTIMISED, os.path.join(folder, "libvirnodedev.a"))
        _program = os.path.join(folder, "nodedev")
        kit.checked("make", "-C", kit.ROOT, "STATIC_DIR=" + folder, "STATIC_UNWINDER=", "STATIC_TABLES=", _program,
                    env=kit.build_environment())
    return _program


class InFolder(unittest.TestCase):
    """Runs programs in a folder as their root directory."""

    def setUp(self):
        if program() is None:
            self.skipTest("not built: make static")

    def folder(self, *files):
        """A new folder with files, each a pair of source and path in it."""
        path = os.path.join(kit.temp(), self.id().rpartition(".")[2])
        for source, target in files:
            place = os.path.join(path, target.lstrip("/"))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(source, place)
        return path

    def inside(self, folder, *command):
        done = kit.run(os.path.join(kit.SCRIPTS, "own-namespaces"), "sh", "-euc", IN_FOLDER, "sh", folder, *command,
                       env={"PATH": os.environ["PATH"]})
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: " + done.stderr.strip())
        return done

    def printed(self, folder, *command):
        done = self.inside(folder, *command)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout


class Static(InFolder):
    def test_nothing_is_needed(self):
        self.assertNotIn("(NEEDED)", kit.checked("readelf", "-d", program()).stdout)
        self.assertNotIn("INTERP", kit.checked("readelf", "-lW", program()).stdout)

    def test_size(self):
        """At most 2.4 MB, optimised and without symbol table; 2.2 MB if the standard library was built with it (STD=source)."""
        if program() != BUILT:
            self.skipTest("not built: make static")
        with open(os.path.join(os.path.dirname(BUILT), "cargo.json")) as messages:
            artifacts = [json.loads(line) for line in messages if line.startswith("{")]
        from_source = any(artifact.get("target", {}).get("name") == "std" for artifact in artifacts)
        size = os.path.getsize(BUILT)
        self.note = "%d KiB%s" % (size // 1024, ", standard library from source" if from_source else "")
        self.assertLessEqual(size, (2200 if from_source else 2400) * 1000)
        self.assertIn("no symbols", kit.checked("nm", BUILT).stderr)

    def test_nothing_but_sys(self):
        """Without /proc, /run, /etc and /usr it lists and describes this host."""
        folder = self.folder((program(), "nodedev"))
        self.assertEqual(os.listdir(folder), ["nodedev"])
        listed = self.printed(folder, "/nodedev", "-q", "list", "--all").split()
        self.assertIn("computer", listed)
        functions = {"pci_" + re.sub(r"\W", "_", name) for name in os.listdir("/sys/bus/pci/devices")} \
            if os.path.exists("/sys/bus/pci/devices") else set()
        self.assertEqual(functions - set(listed), set())
        devices = json.loads(self.printed(folder, "/nodedev", "list", "--all", "--json"))
        self.assertEqual(sorted(device["name"] for device in devices), sorted(listed))
        described = re.findall(r"^ *<device>\n *<name>(.*)</name>$", self.printed(folder, "/nodedev", "dumpxml", "--all"), re.M)
        self.assertEqual(described, [device["name"] for device in devices])

    def test_recorded_machines(self):
        """Of a recorded machine it says what the shared library says."""
        for machine in kit.machine_names():
            uri = "nodedev:///embed?root=" + kit.extract(kit.machine_archive(machine))
            for command in (("list", "--all", "--json"), ("dumpxml", "--all")):
                with self.subTest(machine=machine, command=command):
                    ours, theirs = (kit.checked(path, "-c", uri, *command).stdout
                                    for path in (program(), os.path.join(kit.PREFIX, "bin", "nodedev")))
                    self.assertEqual(ours, theirs)

    def test_xpath(self):
        """libxml2 cannot be loaded, and that is said."""
        done = kit.run(program(), "-c", "test:///default", "dumpxml", "computer", "--xpath", "//name")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "error: Option --xpath needs libxml2, which this program cannot load: "
                                      "it was built without shared libraries\n")


class Dockerfile(InFolder):
    """What can be tried of it without Docker: what it copies and starts."""

    def stages(self):
        """Its stages, each a list of instructions in words."""
        text = kit.read(DOCKERFILE).replace("\\\n", " ")
        lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
        stages = []
        for word, rest in lines:
            if word == "FROM":
                stages.append([])
            stages[-1].append((word, rest))
        return stages

    def test_build_stage(self):
        """Its packages bring all that building the program takes, libudev aside; the last command is `make static`."""
        build, _ = self.stages()
        commands = [rest for word, rest in build if word == "RUN"]
        self.assertEqual(commands[-1], "make static")
        installed = set(commands[0].split("--no-install-recommends")[1].split())
        table = re.search(r"^needed_to_build='\n(.*?)^'", kit.read(os.path.join(kit.SCRIPTS, "setup")), re.M | re.S)[1]
        for line in table.splitlines():
            check, packages, _ = line.split("|")
            if "libudev" not in check:
                self.assertTrue(installed & set(packages.split()), line)
        self.assertLessEqual({"cargo", "rustc"}, installed)

    def test_last_stage(self):
        _, last = self.stages()
        self.assertEqual(last[0], ("FROM", "scratch"))
        copied = [rest.split() for word, rest in last if word == "COPY"]
        sources = {"/src/build/static/nodedev": program(), "/usr/share/misc/pci.ids": kit.PCI_IDS,
                   "/src/build/static/THIRD-PARTY": os.path.join(kit.ROOT, "LICENSE")}
        self.assertEqual({source for _, source, _ in copied}, set(sources))
        self.assertEqual({option for option, _, _ in copied}, {"--from=build"})
        folder = self.folder(*((sources[source], target) for _, source, target in copied))
        said = {word: json.loads(rest) for word, rest in last if word in ("ENTRYPOINT", "CMD")}
        text = self.printed(folder, *said["ENTRYPOINT"], *said["CMD"])
        self.assertTrue(text.startswith("computer\n"), text)

