# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Whether devices can be assigned: every PCI function of the recorded machines, beside what the files say that are read
here by themselves; and the command. Each reason is tried beside the code, in src/assignability/tests.rs.
"""
import ctypes
import json
import os
import re
import unittest

import kit
import vnd
from vnd import lib

NODEDEV = os.path.join(kit.PREFIX, "bin", "nodedev")
STATUS = {"yes": 0, "no": 3, "together": 4}
NUMBER = {"no": 0, "yes": 1, "together": 2}
DETACHED = {"vfio-pci", "pci-stub", "pciback", "xen-pciback"}
BRIDGES = {"0604", "0607"}


def attribute(folder, name):
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as f:
        return f.read().decode(errors="replace").rstrip("\n")


class Function:
    """A PCI function of an unpacked recording."""

    def __init__(self, folder):
        self.folder = folder
        self.address = os.path.basename(folder)
        self.name = "pci_" + re.sub(r"[:.]", "_", self.address)
        found = re.search("^PCI_CLASS=(.*)$", attribute(folder, "uevent") or "", re.M)
        self.is_bridge = found is not None and found[1].zfill(6)[:4] in BRIDGES
        link = os.path.join(folder, "driver")
        self.driver = os.path.basename(os.readlink(link)) if os.path.exists(link) else None
        self.is_hosts = self.driver is not None and self.driver not in DETACHED and not os.path.exists(folder + "/vfio-dev")
        self.group = os.path.join(folder, "iommu_group")

    def members(self):
        folder = os.path.join(self.group, "devices")
        return [Function(os.path.join(folder, name)) for name in os.listdir(folder)] if os.path.isdir(folder) else [self]

    def expected(self):
        """The codes of the reasons, with the names of the devices that they are about."""
        codes = {("bridge", self.name)} if self.is_bridge else set()
        if self.is_hosts:
            codes.add(("host-driver", self.name))
        if attribute(self.folder, "boot_vga") == "1":
            codes.add(("boot-display", self.name))
        if attribute(self.folder, "reset_method") == "":
            codes.add(("no-reset", self.name))
        if int(attribute(self.folder, "sriov_numvfs") or 0):
            codes.add(("virtual-functions", self.name))
        if not os.path.exists(self.group):
            return codes | {("no-iommu", self.name)}
        remapping = attribute(self.folder, "iommu/intel-iommu/ecap")
        if remapping is not None and not int(remapping, 16) & 8:
            codes.add(("interrupts", self.name))
        return codes | {("group-member", member.name) for member in self.members()
                        if member.name != self.name and member.is_hosts and not member.is_bridge}


def verdict_of(codes):
    codes = {code for code, _ in codes}
    if codes & {"bridge", "no-iommu", "silent", "interrupts"}:
        return "no"
    return "together" if "group-member" in codes else "yes"


def report_of(conn, name, flags=0):
    device = lib.virNodeDeviceLookupByName(conn, name.encode())
    report = ctypes.c_void_p()
    verdict = lib.vndNodeDeviceGetAssignability(device, ctypes.byref(report), flags)
    lib.virNodeDeviceFree(device)
    return verdict, vnd.owned(report.value)


class Machines(unittest.TestCase):
    def check_machine(self, machine):
        tree = kit.extract(kit.machine_archive(machine))
        conn = lib.virConnectOpenReadOnly(("nodedev:///embed?root=" + tree).encode())
        verdicts = []
        bus = os.path.join(tree, "sys/bus/pci/devices")
        for address in sorted(os.listdir(bus)) if os.path.isdir(bus) else ():
            function = Function(os.path.join(bus, address))
            expected = function.expected()
            number, text = report_of(conn, function.name)
            report = json.loads(text)
            found = {(reason["code"], reason["device"]) for reason in report["reasons"]}
            if ("silent", function.name) in found:
                self.assertEqual(set(kit_config(function.folder)), {255})
                expected.add(("silent", function.name))
            self.assertEqual(found, expected, function.name)
            self.assertEqual(report["verdict"], verdict_of(expected), function.name)
            self.assertEqual(number, NUMBER[report["verdict"]])
            if "iommu_group" in report:
                self.assertEqual([(m["name"], m.get("driver")) for m in report["iommu_group"]["members"]],
                                 [(m.name, m.driver) for m in function.members()])
            verdicts.append(report["verdict"])
        lib.virConnectClose(conn)
        self.note = ", ".join("%d %s" % (verdicts.count(word), word) for word in NUMBER)


class Silent(unittest.TestCase):
    """A function that does not answer: known to who may read configuration space, which would wake one that sleeps."""

    PREPARE = """
function=/sys/bus/pci/devices/0000:00:01.0
head -c 64 /dev/zero | tr '\\0' '\\377' >$function/config
mkdir -p $function/power
"""

    def codes(self, prepare, *command):
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("base"), *command, NODEDEV, "-q", "-c",
                       "nodedev:///system", "assignable", "--json", "pci_0000_00_01_0",
                       env=kit.environment(REPLAY_PREPARE=self.PREPARE + prepare))
        if done.returncode == kit.SKIPPED:
            self.skipTest(done.stderr.strip())
        return {reason["code"] for reason in json.loads(done.stdout)["reasons"]}

    def test_awake_or_asleep(self):
        self.assertIn("silent", self.codes("echo active >$function/power/runtime_status"))
        for asleep in ("echo suspended >$function/power/runtime_status", "echo D3cold >$function/power_state"):
            self.assertNotIn("silent", self.codes(asleep))

    def test_without_privilege(self):
        if not kit.as_nobody():
            self.skipTest("only root can be another user")
        try:
            kit.checked(NODEDEV, "--version", **kit.as_nobody())
        except (OSError, AssertionError):
            self.skipTest("nobody cannot reach the program")
        self.assertNotIn("silent", self.codes("", "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"))


def kit_config(folder):
    with open(os.path.join(folder, "config"), "rb") as f:
        return f.read(64)


def _add_tests(machine):
    setattr(Machines, "test_" + machine, lambda self: self.check_machine(machine))


for _machine in kit.machine_names():
    _add_tests(_machine)


class Command(unittest.TestCase):
    def run_it(self, uri, *arguments):
        return kit.run(NODEDEV, "-q", "-c", uri, "assignable", *arguments)

    def test_statuses(self):
        tree = kit.extract(kit.machine_archive("base"))
        uri = "nodedev:///embed?root=" + tree
        conn = lib.virConnectOpenReadOnly(uri.encode())
        by_verdict = {}
        for name in kit.checked(NODEDEV, "-q", "-c", uri, "list", "--cap", "pci").stdout.split():
            number, text = report_of(conn, name)
            by_verdict.setdefault(json.loads(text)["verdict"], name)
            done = self.run_it(uri, name, "--json")
            self.assertEqual((done.returncode, json.loads(done.stdout)), (STATUS[json.loads(text)["verdict"]], json.loads(text)))
            done = self.run_it(uri, name)
            self.assertEqual(done.stdout, report_of(conn, name, 1)[1])
            self.assertTrue(done.stdout.startswith("%s: %s\n" % (name, json.loads(text)["verdict"])))
        lib.virConnectClose(conn)
        self.assertTrue({"yes", "no"} <= set(by_verdict), by_verdict)
        names = list(by_verdict.values())
        self.assertEqual(self.run_it(uri, *names).returncode, 3)
        done = self.run_it(uri, by_verdict["no"], "nothing")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing", done.stderr)
        done = self.run_it(uri, "computer")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("only PCI functions and mediated devices", done.stderr)
        self.assertEqual(self.run_it(uri).returncode, 2)

    def test_the_document_has_every_code(self):
        folder = os.path.join(kit.ROOT, "src")
        sources = [os.path.join(folder, name) for name in ("assignability.rs", "assignability/pci.rs", "assignability/report.rs",
                                                           "host/uses.rs")]
        found = {code for source in sources for code in re.findall(r'(?:self\.add\(|code:)\s*"([\w-]+)"', kit.read(source))}
        table = kit.read(os.path.join(kit.ROOT, "docs", "assignability.md"))
        self.assertGreater(len(found), 10)
        self.assertEqual(set(re.findall(r"^\| `([\w-]+)` \| (?:no|yes|together)", table, re.M)), found)

    def test_errors(self):
        conn = lib.virConnectOpen(b"test:///default")
        device = lib.virNodeDeviceLookupByName(conn, b"computer")
        report = ctypes.c_void_p(1)
        self.assertEqual(lib.vndNodeDeviceGetAssignability(device, ctypes.byref(report), 0), -1)
        self.assertEqual((vnd.last_error()["code"], report.value), (3, None))
        self.assertEqual(lib.vndNodeDeviceGetAssignability(device, None, 2), -1)
        self.assertEqual(vnd.last_error()["code"], 8)
        self.assertEqual(lib.vndNodeDeviceGetAssignability(None, None, 0), -1)
        self.assertEqual(vnd.last_error()["code"], 52)
        lib.virNodeDeviceFree(device)
        lib.virConnectClose(conn)


if __name__ == "__main__":
    unittest.main()
