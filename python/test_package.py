# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The package virnodedev beside libvirt's own Python module: the same names, and the same answers of a script.

What has to come out is what libvirt 12.8.0 said (tests/data), and what its module does with it.
"""
import inspect
import json
import os
import re
import sys
import unittest

import foreign
import kit
import virnodedev
from virnodedev._prototypes import FUNCTIONS

REPLAY = os.path.join(kit.SCRIPTS, "replay")
RUN = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
SCRIPT = os.path.join(kit.ROOT, "tests", "clients", "node_devices.py")
THEIRS = foreign.PYTHON
MACHINE = "modules"

# Prints the public names of libvirt's module: classes with their methods, functions, constants.
PUBLIC = """
import inspect, json, libvirt
def parameters(function):
    return [(p.name, p.kind.name, repr(p.default)) for p in inspect.signature(function).parameters.values()]
def methods(kind):
    return {n: parameters(f) for n, f in vars(kind).items()
            if inspect.isfunction(f) and (n == "__init__" or not n.startswith("_"))}
print(json.dumps({
    "classes": {n: methods(getattr(libvirt, n)) for n in ("virConnect", "virNodeDevice", "libvirtError")},
    "functions": {n: parameters(f) for n, f in vars(libvirt).items()
                  if inspect.isfunction(f) and f.__module__ == "libvirt" and not n.startswith("_")},
    "constants": {n: v for n, v in vars(libvirt).items() if n.startswith("VIR_")}}))
"""
# Methods of a connection that are left out: those of which the name has one of these words, and these.
OTHER_AREAS = ("omain", "etwork", "nterface", "torage", "ecret", "WFilter", "wfilter", "CPU", "Memory", "Pages",
               "hypervisor", "Hypervisor")
OTHER_METHODS = {
    "changeBegin", "changeCommit", "changeRollback", "createLinux", "createXML", "createXMLWithFiles", "defineXML",
    "defineXMLFlags", "getSEVInfo", "getSecurityModel", "lookupByID", "lookupByName", "lookupByUUID",
    "lookupByUUIDString", "newStream", "restore", "restoreFlags", "restoreParams", "saveImageDefineXML",
    "saveImageGetXMLDesc", "setIdentity", "suspendForDuration",
}
# What is asked of the machine, though it has one of those words.
ABOUT_MACHINES = {"getCPUMap", "getCPUStats", "getCellsFreeMemory", "getFreeMemory", "getMemoryStats"}
# Constants of these areas are there, those of the other areas are not.
AREAS = ("VIR_ERR_", "VIR_WAR_", "VIR_FROM_", "VIR_CRED_", "VIR_EVENT_HANDLE_", "VIR_CONNECT_CLOSE_REASON_",
         "VIR_CONNECT_LIST_NODE_DEVICES_", "VIR_NODE_DEVICE_", "VIR_NODE_CPU_STATS_", "VIR_NODE_MEMORY_STATS_")

# Functions of C that Python has no use for: references are Python's, errors are copied into exceptions.
UNUSED = {"virConnectRef", "virResetError", "virFreeError", "virSaveLastError", "virCopyLastError",
          "virConnCopyLastError", "virConnSetErrorFunc", "virDefaultErrorFunc"}


def parameters(function):
    return [[p.name, p.kind.name, repr(p.default)] for p in inspect.signature(function).parameters.values()]


class Names(unittest.TestCase):
    """Those of libvirt's module."""

    @classmethod
    def setUpClass(cls):
        foreign.need_bindings("libvirt")
        cls.theirs = json.loads(kit.checked(THEIRS, "-c", PUBLIC).stdout)

    def test_methods(self):
        counted = 0
        for kind, methods in self.theirs["classes"].items():
            ours = getattr(virnodedev, kind)
            for name, expected in methods.items():
                if kind == "virConnect" and name not in ABOUT_MACHINES and (
                        name in OTHER_METHODS or any(word in name for word in OTHER_AREAS)):
                    self.assertFalse(hasattr(ours, name), "%s.%s is not left out" % (kind, name))
                    continue
                counted += 1
                with self.subTest(kind + "." + name):
                    self.assertEqual(parameters(getattr(ours, name)), expected)
        self.assertEqual(OTHER_METHODS - set(self.theirs["classes"]["virConnect"]), set())
        self.assertGreater(counted, 50)
        self.note = "%d methods" % counted

    def test_functions(self):
        # Only libvirt's module has this one, a helper of its own source.
        functions = {name: want for name, want in self.theirs["functions"].items() if name != "overload"}
        for name, expected in functions.items():
            with self.subTest(name):
                self.assertEqual(parameters(getattr(virnodedev, name)), expected)
        self.assertGreater(len(functions), 18)

    def test_constants(self):
        wanted = {name: value for name, value in self.theirs["constants"].items() if name.startswith(AREAS)}
        self.assertEqual({name: getattr(virnodedev, name, None) for name in wanted}, wanted)
        self.assertGreater(len(wanted), 230)
        self.note = "%d constants" % len(wanted)


class Package(unittest.TestCase):
    def test_everything_is_described(self):
        for kind in (virnodedev.virConnect, virnodedev.virNodeDevice, virnodedev.libvirtError):
            for name, method in vars(kind).items():
                if inspect.isfunction(method) and not name.startswith("_"):
                    self.assertTrue(method.__doc__, "%s.%s" % (kind.__name__, name))
        for name, function in vars(virnodedev).items():
            if inspect.isfunction(function):
                self.assertTrue(function.__doc__, name)

    def test_every_function_is_called(self):
        package = os.path.join(kit.ROOT, "python", "virnodedev")
        text = "".join(kit.read(os.path.join(package, name)) for name in os.listdir(package)
                       if name.endswith(".py") and name != "_prototypes.py")
        self.assertEqual({name for name in FUNCTIONS if not re.search(r'[".]%s\b' % name, text)}, UNUSED)

    def test_program_of_the_documentation(self):
        programs = re.findall(r"^```python\n(.*?)^```$", kit.read(os.path.join(kit.ROOT, "docs", "python.md")), re.M | re.S)
        self.assertEqual(len(programs), 2)
        done = kit.checked(sys.executable, "-c", programs[0].replace("nodedev:///system", "test:///default").replace(
            "CAP_PCI_DEV", "CAP_SYSTEM"), env=kit.environment(PYTHONPATH=os.path.join(kit.ROOT, "python")))
        self.assertTrue(done.stdout.startswith("computer None ['system']\n<device>\n"), done.stdout)

    def test_made_from_the_header(self):
        kit.checked(sys.executable, os.path.join(kit.SCRIPTS, "python-header"), "--check")

    def test_an_older_module_is_noticed(self):
        """The check above can fail."""
        program = os.path.join(kit.temp(), "project", "scripts", "python-header")
        package = os.path.join(kit.temp(), "project", "python", "virnodedev")
        include = os.path.join(kit.temp(), "project", "include")
        for folder in (os.path.dirname(program), package, include):
            os.makedirs(folder)
        for path, text in ((program, kit.read(os.path.join(kit.SCRIPTS, "python-header"))),
                           (os.path.join(include, "virnodedev.h"),
                            kit.read(os.path.join(kit.ROOT, "include", "virnodedev.h")))):
            with open(path, "w") as f:
                f.write(text)
        kit.checked(sys.executable, program)
        kit.checked(sys.executable, program, "--check")
        header = os.path.join(include, "virnodedev.h")
        text = kit.read(header)
        with open(header, "w") as f:
            f.write(text.replace("VIR_ERR_NO_NODE_DEVICE = 53", "VIR_ERR_NO_NODE_DEVICE = 54"))
        done = kit.run(sys.executable, program, "--check")
        self.assertEqual((done.returncode, done.stdout), (
            1, "python/virnodedev/_constants.py is not as the header says; run scripts/python-header\n"))
        with open(header, "w") as f:
            f.write(text.replace("int virInitialize(void);", "int virInitialize(struct odd thing);"))
        self.assertIn("type 'struct odd'", kit.run(sys.executable, program).stderr)


class Script(unittest.TestCase):
    """A script for libvirt's module gives the same with ours, on the same library."""

    def both(self, uri, *wrapper):
        foreign.need_bindings("libvirt")
        outputs = []
        for command in ([RUN, THEIRS, SCRIPT, "libvirt", uri], [sys.executable, SCRIPT, "virnodedev", uri]):
            done = kit.run(*wrapper, *command, env=kit.environment(PYTHONPATH=os.path.join(kit.ROOT, "python")))
            if wrapper and done.returncode == kit.SKIPPED:
                self.skipTest("no privilege: " + done.stderr.strip())
            kit.details("package/%s-%s.json" % (self._testMethodName, command[-2]), done.stdout + done.stderr)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            outputs.append((json.loads(done.stdout), done.stderr))
        (theirs, theirs_told), (ours, ours_told) = outputs
        for part in theirs:
            self.assertEqual(ours[part], theirs[part], part)
        self.assertEqual(ours_told, theirs_told)
        # Where no handler is: one line, of one of the calls.
        self.assertEqual(ours_told, "libvirt: %s Driver error : " % ("Test" if uri.startswith("test:") else "Node Device") +
                                    "Node device not found: no node device with matching name 'nosuch'\n")
        return ours

    def test_test_driver(self):
        got = self.both("test:///default")
        documents = dict(kit.documents(kit.read(os.path.join(kit.DATA, "testdriver", "devices.xml"))))
        self.assertEqual(got["xml"], documents)

    def test_recorded_machine(self):
        got = self.both("nodedev:///system", REPLAY, kit.machine_archive(MACHINE))
        folder = os.path.join(kit.MACHINES, MACHINE)
        with open(os.path.join(folder, "api.json")) as f:
            recorded = json.load(f)
        self.assertEqual(got["devices"], recorded["devices"])
        self.assertEqual(got["number"], [recorded["numOfDevices"], len(recorded["by_flag"]["pci_dev"])])
        flags = dict(recorded["flags"], **recorded["caps_flags"])
        lists = dict(recorded["by_state"], **recorded["by_flag"])
        for word, names in lists.items():
            self.assertEqual(sorted(got["flags"][str(flags[word])]), sorted(names), word)
        with open(os.path.join(kit.DATA, "errors.json")) as f:
            errors = {record["call"]: record["error"] for record in json.load(f) if record.get("error")}
        fields = ("code", "domain", "message", "level", "str1", "str2", "str3", "int1", "int2")
        compared = [name for name in got["failing"] if name in errors]
        for name in compared:
            self.assertEqual(got["failing"][name], {"error": [errors[name][field] for field in fields]}, name)
        self.assertGreater(len(compared), 24)
        self.note = "%d devices, %d errors" % (len(got["devices"]), len(compared))
