# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The inventory: what it says of every recorded machine, against the same files read by tests/sysfs_reading.py; of a
machine written by hand, against what was worked out by hand; by the schema; and the call and the command around it.
"""
import json
import os
import shutil
import sys
import unittest

import jsonschema

import kit
import records
import sysfs_reading
import vnd
from test_json import Source, no_duplicates
from vnd import lib

TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
HERE = os.path.join(kit.ROOT, "tests", "inventory")
SCHEMA = os.path.join(kit.ROOT, "docs", "inventory.schema.json")
SLOW = 1
VIR_ERR_INVALID_ARG, VIR_ERR_INVALID_CONN, VIR_ERR_INVALID_NODE_DEVICE = 8, 6, 52


def schema_errors(inventory):
    with open(SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return ["/".join(map(str, e.absolute_path)) + ": " + e.message
            for e in jsonschema.Draft202012Validator(schema).iter_errors(inventory)]


def inventory_of(source, parts=None, flags=0):
    text = vnd.owned(lib.vndConnectGetInventoryJSON(source.conn, None if parts is None else parts.encode(), flags))
    if text is None:
        raise AssertionError(vnd.last_error())
    return json.loads(text, object_pairs_hook=no_duplicates)


def one_device(source, name, parts=None, flags=0):
    device = lib.virNodeDeviceLookupByName(source.conn, name.encode())
    text = vnd.owned(lib.vndNodeDeviceGetInventoryJSON(device, None if parts is None else parts.encode(), flags))
    lib.virNodeDeviceFree(device)
    return json.loads(text, object_pairs_hook=no_duplicates)


class Machines(unittest.TestCase):
    """Every device of every recorded machine."""

    def check_tree(self, tree):
        """All members of all parts are those of the files; returns the inventory."""
        source = Source("nodedev:///embed?root=" + tree)
        self.addCleanup(source.close)
        inventory, devices = inventory_of(source), source.all_json()
        self.assertEqual(list(inventory), [device["name"] for device in devices])
        self.assertEqual(schema_errors(inventory), [])
        compared = 0
        for device in devices:
            wanted = {}
            for part, (capabilities, read) in sysfs_reading.PARTS.items():
                if capabilities & device["capability"].keys():
                    wanted[part] = read(tree + device.get("path", "/sys"), os.path.join(tree, "sys"))
                    compared += wanted[part] is not None
            wanted = {part: facts for part, facts in wanted.items() if facts is not None}
            self.assertEqual(inventory[device["name"]], wanted, device["name"])
        self.note = "%d devices, %d parts" % (len(devices), compared)
        return inventory


def _recording_test(machine):
    def test(self):
        tree = kit.extract(kit.machine_archive(machine))
        inventory = self.check_tree(tree)
        # The same from the archive itself, and one by one.
        source = Source("nodedev:///embed?root=" + kit.machine_archive(machine))
        self.addCleanup(source.close)
        self.assertEqual(inventory_of(source), inventory)
        for name in list(inventory)[:20]:
            self.assertEqual(one_device(source, name), inventory[name])
    return test


for _machine in kit.machine_names():
    setattr(Machines, "test_" + _machine, _recording_test(_machine))


class Handmade(unittest.TestCase):
    """tests/inventory/machine.txt has what no recorded machine has; expected.json was written by hand from it."""

    @classmethod
    def setUpClass(cls):
        archive = os.path.join(kit.temp(), "inventory.tar.gz")
        records.load(os.path.join(HERE, "machine.txt")).write(archive)
        cls.tree = kit.extract(archive)
        with open(os.path.join(HERE, "expected.json"), encoding="utf-8") as f:
            cls.expected = json.load(f)

    def setUp(self):
        self.source = Source("nodedev:///embed?root=" + self.tree)
        self.addCleanup(self.source.close)

    def test_facts(self):
        got = inventory_of(self.source)
        self.assertEqual(schema_errors(got), [])
        for name, parts in self.expected["plain"].items():
            for part, facts in parts.items():
                self.assertEqual({member: got[name][part].get(member) for member in facts}, facts, name + " " + part)

    def test_nothing_is_woken(self):
        """The files of a sleeping function for which the kernel wakes it are opened with the flag alone."""
        waking = {"config", "max_link_width", "current_link_speed", "current_link_width", "resource0_resize", "vpd"}
        for more, allowed in (([], set()), (["--slow"], waking - {"config", "vpd"})):
            log = os.path.join(kit.temp(), "inventory.strace")
            done = kit.run("strace", "-f", "-e", "trace=openat,openat2", "-o", log, TOOL,
                           "-c", "nodedev:///embed?root=" + self.tree, "inventory", *more)
            if "PTRACE" in done.stderr:
                self.skipTest("no privilege: " + done.stderr.strip())
            self.assertEqual(done.returncode, 0, done.stderr)
            opened = {name for name in waking for line in kit.read(log).splitlines()
                      if "0000:01:00.1/%s\"" % name in line and "O_PATH" not in line}
            self.assertEqual(opened, allowed)
        for flags, key in ((0, "plain"), (SLOW, "slow")):
            got = inventory_of(self.source, None, flags)["pci_0000_01_00_1"]["pci"]
            wanted = self.expected[key]["pci_0000_01_00_1"]["pci"]
            self.assertEqual({member: got.get(member) for member in wanted}, wanted)

    def test_examples(self):
        """The three that docs/inventory.md names, each in about ten lines."""
        def run(name):
            path = os.path.join(kit.ROOT, "examples", name)
            self.assertLess(kit.read(path).count("\n"), 15)
            return kit.checked(sys.executable, path, "nodedev:///embed?root=" + self.tree,
                               env=kit.environment(PYTHONPATH=os.path.join(kit.ROOT, "python"))).stdout

        labels = run("nfd_features.py").splitlines()
        self.assertIn("example.com/pci-0300_10de.present=true", labels)
        self.assertIn("example.com/sriov.capable=true", labels)
        metrics = run("textfile_collector.py").splitlines()
        self.assertEqual(metrics, ["# TYPE nodedev_pci_errors_total counter"] + [
            'nodedev_pci_errors_total{device="pci_0000_01_00_0",kind="%s"} %d' % pair
            for pair in (("correctable", 3), ("nonfatal", 0), ("fatal", 4))])
        self.assertEqual(json.loads(run("ansible_fact.py")), {"sda": {
            "model": "Spinner 4000", "serial": "5000c500a1b2c3d4", "size": 4000787030016, "rotational": True,
            "by_id": ["/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"]}})

    def test_hostile_text(self):
        """Any bytes in any attribute give JSON, by the schema."""
        tree = os.path.join(kit.temp(), "inventory-hostile")
        shutil.copytree(self.tree, tree, symlinks=True)
        # The content, and what remains of it as a text; as a number, nothing.
        for content, text in ((b"\xff\xfe\x01\x1b\"\\\n</script>\x7f\n", "\ufffd\ufffd\"\\\n</script>\x7f"), (b"", None),
                              (b"\0\0", None), (b"-1\n", "-1"), (b"1" * 5000, "1" * 5000), (b"\n" * 9, None)):
            for folder, _, files in os.walk(os.path.join(tree, "sys")):
                for name in files:
                    if name not in ("uevent", "config") and not os.path.islink(os.path.join(folder, name)):
                        with open(os.path.join(folder, name), "wb") as f:
                            f.write(content)
            source = Source("nodedev:///embed?root=" + tree)
            got = inventory_of(source, None, SLOW)
            source.close()
            self.assertEqual(schema_errors(got), [], content)
            self.assertEqual([got["pci_0000_01_00_0"]["pci"].get(member) for member in ("label", "numa_node")], [text, None])

    def test_a_device_that_went(self):
        """It is missing from the list, and an error (53) when it is asked for."""
        tree = os.path.join(kit.temp(), "inventory-gone")
        shutil.copytree(self.tree, tree, symlinks=True)
        source = Source("nodedev:///embed?root=" + tree)
        self.addCleanup(source.close)
        device = lib.virNodeDeviceLookupByName(source.conn, b"pci_0000_01_00_0")
        self.addCleanup(lib.virNodeDeviceFree, device)
        before = list(inventory_of(source))
        shutil.rmtree(os.path.join(tree, "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0"))
        self.assertEqual(list(inventory_of(source)), [name for name in before if name != "pci_0000_01_00_0"])
        vnd.silence()
        self.assertIsNone(lib.vndNodeDeviceGetInventoryJSON(device, None, 0))
        self.assertEqual(vnd.last_error()["code"], 53)


class Calls(unittest.TestCase):
    def setUp(self):
        vnd.silence()
        self.source = Source("nodedev:///embed?root=" + kit.extract(kit.machine_archive("sriov")))
        self.addCleanup(self.source.close)

    def known_parts(self):
        self.assertIsNone(lib.vndConnectGetInventoryJSON(self.source.conn, b"pci,nosuch", 0))
        error = vnd.last_error()
        self.assertEqual(error["code"], VIR_ERR_INVALID_ARG)
        before, _, known = error["message"].partition("'nosuch', only ")
        self.assertTrue(before.endswith("the inventory has no part "), error)
        return known.split(", ")

    def test_parts(self):
        whole = inventory_of(self.source)
        self.assertEqual(self.known_parts(), list(sysfs_reading.PARTS))
        self.assertEqual(inventory_of(self.source, ""), whole)
        for parts in (["sriov"], ["pci"], ["sriov", "pci"], ["pci", "pci"]):
            got = inventory_of(self.source, ",".join(parts))
            self.assertEqual(got, {name: {part: facts for part, facts in device.items() if part in parts}
                                   for name, device in whole.items()})
        for parts in (",", "pci,", "PCI", " pci", "\xff"):
            self.assertIsNone(lib.vndConnectGetInventoryJSON(self.source.conn, parts.encode("latin-1"), 0))
            self.assertEqual(vnd.last_error()["code"], VIR_ERR_INVALID_ARG)

    def test_flags_and_handles(self):
        device = lib.virNodeDeviceLookupByName(self.source.conn, b"computer")
        self.addCleanup(lib.virNodeDeviceFree, device)
        for function, handle, code in ((lib.vndConnectGetInventoryJSON, self.source.conn, VIR_ERR_INVALID_CONN),
                                       (lib.vndNodeDeviceGetInventoryJSON, device, VIR_ERR_INVALID_NODE_DEVICE)):
            self.assertIsNone(function(handle, None, 2))
            self.assertEqual(vnd.last_error()["code"], VIR_ERR_INVALID_ARG)
            self.assertIsNone(function(None, None, 0))
            self.assertEqual(vnd.last_error()["code"], code)
        self.assertIsNone(lib.vndNodeDeviceGetInventoryJSON(device, b"nosuch", 0))
        self.assertEqual(vnd.last_error()["code"], VIR_ERR_INVALID_ARG)

    def test_devices_on_paper(self):
        source = Source("test:///default")
        self.addCleanup(source.close)
        self.assertEqual(inventory_of(source), {device["name"]: {} for device in source.all_json()})

    def test_this_host(self):
        source = Source("nodedev:///system")
        self.addCleanup(source.close)
        for flags in (0, SLOW):
            self.assertEqual(schema_errors(inventory_of(source, None, flags)), [])


class Netlink(unittest.TestCase):
    """What no file tells of interfaces, of one in a network namespace that is made for it."""

    def inventory(self, prepare):
        script = "set -eu; %s; exec '%s' -c nodedev:///system inventory --parts net" % (prepare, TOOL)
        done = kit.run(os.path.join(kit.SCRIPTS, "own-namespaces"), "--net", "sh", "-c", script)
        if done.returncode == kit.SKIPPED:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [parts["net"] for parts in json.loads(done.stdout).values() if "net" in parts]
        return {net["interface"]: net for net in found}

    def test_other_names(self):
        make = ("ip link add vt0 address 02:00:00:00:00:09 type veth peer name vt1; "
                "ip link property add dev vt0 altname first-of-the-pair altname uplink")
        found = self.inventory("mount -t sysfs sysfs /sys; " + make)
        self.assertEqual(set(found), {"lo", "vt0", "vt1"})
        self.assertEqual({member: found["vt0"].get(member) for member in
                          ("address", "address_assignment", "permanent_address", "alternative_names", "port")},
                         {"address": "02:00:00:00:00:09", "address_assignment": 3, "permanent_address": None,
                          "alternative_names": ["first-of-the-pair", "uplink"], "port": "twisted pair"})
        self.assertNotIn("alternative_names", found["vt1"])

    def test_another_namespace(self):
        """The folder /sys is that of the namespace outside; its interfaces have no part in what netlink tells here."""
        here = json.loads(kit.checked("ip", "-json", "link").stdout)
        name = next((link["ifname"] for link in here if link["ifindex"] > 1), None)
        if not name:
            self.skipTest("no interface but the loopback")
        found = self.inventory("ip link add %s type veth; ip link property add dev %s altname not-of-this-one" % (name, name))
        self.assertIn(name, found)
        self.assertNotIn("not-of-this-one", json.dumps(found))


class Mounts(unittest.TestCase):
    """Where the file systems on a disk are mounted: known by the number of the device, or by its name as the source."""

    # The one on sda10 has its number, and the one on sda2 its name.
    PREPARE = """
mount -t tmpfs tmpfs /mnt
mkdir /mnt/number "/mnt/the name"
mount -t tmpfs none /mnt/number
mount -t tmpfs /dev/sda2 "/mnt/the name"
number=$(mountpoint -d /mnt/number)
disk=$(echo /sys/devices/pci0000:00/0000:00:03.0/host4/port*/end*/target*/4:0:0:0/block/sda)
printf 'MAJOR=%s\\nMINOR=%s\\n' "${number%:*}" "${number#*:}" >"$disk/sda10/uevent"
"""

    def test_partitions(self):
        archive = os.path.join(kit.temp(), "inventory-mounts.tar.gz")
        records.load(os.path.join(HERE, "machine.txt")).write(archive)
        name = "block_sda_35000c500a1b2c3d4"
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), archive, TOOL, "-c", "nodedev:///system", "inventory", "--parts",
                       "block", name, env=kit.environment(REPLAY_PREPARE=self.PREPARE))
        if done.returncode == kit.SKIPPED:
            self.skipTest(done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr)
        disk = json.loads(done.stdout)[name]["block"]
        self.assertEqual([disk.get("mount_points")] + [part.get("mount_points") for part in disk["partitions"]],
                         [None, ["/mnt/the name"], ["/mnt/number"]])


class Program(unittest.TestCase):
    """nodedev inventory."""

    @classmethod
    def setUpClass(cls):
        cls.uri = "nodedev:///embed?root=" + kit.extract(kit.machine_archive("sriov"))
        source = Source(cls.uri)
        cls.whole = inventory_of(source)
        source.close()

    def tool(self, *arguments):
        return kit.checked(TOOL, "-c", self.uri, "inventory", *arguments).stdout

    def laid_out(self, value):
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"

    def test_output(self):
        self.assertEqual(self.tool(), self.laid_out(self.whole))
        names = [name for name, parts in self.whole.items() if "sriov" in parts][:2]
        self.assertEqual(self.tool(names[1], names[0], names[1]),
                         self.laid_out({names[1]: self.whole[names[1]], names[0]: self.whole[names[0]]}))
        self.assertEqual(self.tool("--parts", "sriov", names[0]),
                         self.laid_out({names[0]: {"sriov": self.whole[names[0]]["sriov"]}}))

    def test_failures(self):
        done = kit.run(TOOL, "-c", self.uri, "inventory", "nosuch", "computer")
        self.assertEqual((done.returncode, done.stdout), (1, self.laid_out({"computer": self.whole["computer"]})))
        self.assertEqual(done.stderr, "error: Could not find matching device 'nosuch'\n"
                                      "error: Node device not found: no node device with matching name 'nosuch'\n")
        for names in ([], ["computer"]):
            done = kit.run(TOOL, "-c", self.uri, "inventory", "--parts", "nosuch", *names)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the inventory has no part 'nosuch'", done.stderr)
        self.assertEqual(kit.run(TOOL, "inventory", "--all").returncode, 2)

    def test_help_and_completion_name_the_parts(self):
        known = list(sysfs_reading.PARTS)
        text = " ".join(kit.checked(TOOL, "inventory", "--help").stdout.split())
        self.assertIn("only these parts: %s --slow" % ", ".join(known), text)
        self.assertEqual(kit.checked(TOOL, "complete", "inventory", "--parts", "").stdout.split(), known)
        self.assertEqual(kit.checked(TOOL, "complete", "inventory", "--parts=pci,sr").stdout, "--parts=pci,sriov\n")
        man = " ".join(kit.read(os.path.join(kit.ROOT, "man", "nodedev.1")).split())
        for part in known:
            self.assertIn("| `%s` |" % part, kit.read(os.path.join(kit.ROOT, "docs", "inventory.md")))
            self.assertIn(".B " + part, man)

    def test_no_leaks(self):
        for arguments in ((), ("computer", "nosuch")):
            done = kit.run("valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite",
                           "--error-exitcode=9", TOOL, "-c", self.uri, "inventory", *arguments)
            self.assertEqual(done.returncode, 1 if arguments else 0, done.stderr)
