# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Recordings of machines (vndConnectRecord, nodedev record): each recorded machine is recorded again, and the
recording gives every byte of XML, JSON and inventory back, in the same order.

What the machines themselves must give is compared with libvirt in test_recordings.
"""
import json
import os
import re
import tarfile
import unittest

import kit
import vnd
from vnd import lib

REPLAY = os.path.join(kit.SCRIPTS, "replay")
NODEDEV = os.path.join(kit.PREFIX, "bin", "nodedev")
DUMP = os.path.join(kit.BIN, "dump")
ANONYMOUS = 1


def embed(root):
    return "nodedev:///embed?root=" + root


# What mounts, netlink and ethtool tell.
LIVE_ONLY = {"mount_points", "permanent_address", "alternative_names", "port", "mac", "vlan"}


def recordable(pairs):
    """A JSON object without what is of the running system alone."""
    return {name: value for name, value in pairs if name not in LIVE_ONLY}


def everything(uri, folder):
    """All that a connection says, by file name; the names of PCI hardware are those of the recording alone."""
    os.makedirs(folder, exist_ok=True)
    env = kit.environment(VIRNODEDEV_PCI_IDS="/dev/null")
    kit.checked(DUMP, uri, folder, env=env)
    found = {name: kit.read(os.path.join(folder, name)) for name in os.listdir(folder)}
    return dict(found, json=kit.checked(NODEDEV, "-c", uri, "dumpjson", "--all", env=env).stdout,
                inventory=kit.checked(NODEDEV, "-c", uri, "inventory", env=env).stdout)


class Machines(unittest.TestCase):
    maxDiff = 2000

    def folder(self, name):
        return os.path.join(kit.temp(), "record-%s-%s" % (self.id().split(".")[-1], name))

    def same(self, one, other):
        self.assertEqual(one.keys(), other.keys())
        for name in one:
            self.assertEqual(one[name], other[name], name)

    def check_embedded(self, machine):
        """A folder, the recording of it, that unpacked again, and the archive that the folder came from."""
        original = kit.machine_archive(machine)
        tree = kit.extract(original)
        recording = self.folder("%s.tar.gz" % machine)
        kit.checked(NODEDEV, "-c", embed(tree), "record", recording)
        folder = self.folder(machine)
        os.makedirs(folder)
        kit.checked(DUMP, embed(tree), folder)
        want = {name: kit.read(os.path.join(folder, name)) for name in os.listdir(folder)}
        want["json"] = kit.checked(NODEDEV, "-c", embed(tree), "dumpjson", "--all").stdout
        want["inventory"] = kit.checked(NODEDEV, "-c", embed(tree), "inventory").stdout
        self.assertIn("<name>computer</name>", want["devices.xml"])
        self.same(want, everything(embed(recording), folder + "-archive"))
        if kit.keeps_directory_order(kit.temp()):
            self.same(want, everything(embed(kit.extract(recording)), folder + "-folder"))
            folder += "-original"
            os.makedirs(folder)
            kit.checked(DUMP, embed(original), folder)
            for name in os.listdir(folder):
                self.assertEqual(want[name], kit.read(os.path.join(folder, name)), name)

    def test_what_only_other_programs_need(self):
        """The library takes ids from `uevent`, and seldom needs the size of configuration space."""
        tree = kit.extract(kit.machine_archive("base"))
        recording = self.folder("others.tar.gz")
        kit.checked(NODEDEV, "-c", embed(tree), "record", recording)
        recorded = kit.extract(recording)
        functions = [folder for folder, _, files in os.walk(os.path.join(tree, "sys", "devices")) if "config" in files]
        self.assertGreater(len(functions), 30)
        for folder in functions:
            again = os.path.join(recorded, os.path.relpath(folder, tree))
            for name in ("vendor", "device"):
                self.assertEqual(kit.read(os.path.join(folder, name)), kit.read(os.path.join(again, name)), folder)
            size, of_again = (os.path.getsize(os.path.join(place, "config")) for place in (folder, again))
            self.assertEqual(size, of_again, folder)

    def check_live(self, machine):
        """A host that is recorded while it runs. Only features of interfaces are missing: no file says them."""
        script = "mkdir -p $1 && $2 nodedev:///system $1 && $3 record $4 && $3 dumpjson --all >$1/json && $3 inventory >$1/inventory"
        folder, recording = self.folder("live"), self.folder("live.tar.gz")
        done = kit.run(REPLAY, kit.machine_archive(machine), "sh", "-c", script, "sh", folder, DUMP, NODEDEV, recording)
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: " + done.stderr.strip())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        want = {name: kit.read(os.path.join(folder, name)) for name in os.listdir(folder)}
        want["devices.xml"] = re.sub(r"^ *<feature name='.*'/>\n", "", want["devices.xml"], flags=re.M)
        devices = json.loads(want.pop("json"))
        for device in devices:
            device["capability"].get("net", {}).pop("feature", None)
        got = everything(embed(recording), folder + "-recorded")
        self.assertEqual(devices, json.loads(got.pop("json")))
        self.assertEqual(json.loads(want.pop("inventory"), object_pairs_hook=recordable),
                         json.loads(got.pop("inventory")))
        self.same(want, got)

    def check_anonymous(self, machine):
        """Other identifiers, the rest as it was: as many devices of each kind, lines as long as before."""
        tree = kit.extract(kit.machine_archive(machine))
        recording = self.folder("anonymous.tar.gz")
        kit.checked(NODEDEV, "-c", embed(tree), "record", "--anonymous", recording)
        before = kit.checked(NODEDEV, "-c", embed(tree), "dumpxml", "--all").stdout
        after = kit.checked(NODEDEV, "-c", embed(recording), "dumpxml", "--all").stdout
        # Devices stand in the order of their paths, and some of these hold identifiers.
        self.assertEqual(sorted(map(len, before.splitlines())), sorted(map(len, after.splitlines())))
        kinds = r"^    <capability type='(.*)'>$|<(?:class|product|vendor|driver|name|model)\b.*>(.*)</"
        self.assertEqual(len(re.findall(kinds, before, re.M)), len(re.findall(kinds, after, re.M)))
        models = re.compile(r"<(?:class|product|vendor|model)\b[^>]*>.*", re.M)
        self.assertEqual(sorted(models.findall(before)), sorted(models.findall(after)))
        secret = re.compile(r"<(?:address|wwnn|wwpn|uuid|serial|serial_number|asset_tag)>(?:0x)?([^<]{6,})<")
        values = {value for value in secret.findall(before) if not re.fullmatch("[0f:-]*", value)}
        self.assertTrue(values)
        self.assertEqual([value for value in sorted(values) if value in after], [])
        with tarfile.open(recording) as tar:
            names = "\n".join(tar.getnames() + [member.linkname for member in tar.getmembers()])
        addresses = [value.replace(":", "") for value in values if re.fullmatch("(..:){5}..", value)]
        self.assertEqual([address for address in addresses if address in names], [])


class Calls(unittest.TestCase):
    """What the function and the command refuse."""

    def test_flags_descriptors_and_the_test_driver(self):
        conn = lib.virConnectOpen(embed(kit.extract(kit.machine_archive("plain"))).encode())
        self.addCleanup(lib.virConnectClose, conn)
        with open(os.path.join(kit.temp(), "refused.tar.gz"), "wb") as f:
            for fd, flags, code in ((f.fileno(), 2, 8), (-1, 0, 8), (1 << 20, 0, 38)):
                self.assertEqual(lib.vndConnectRecord(conn, fd, flags), -1)
                self.assertEqual(vnd.last_error()["code"], code, (fd, flags))
            made_up = lib.virConnectOpen(b"test:///default")
            self.addCleanup(lib.virConnectClose, made_up)
            self.assertEqual(lib.vndConnectRecord(made_up, f.fileno(), 0), -1)
            self.assertEqual(vnd.last_error()["code"], 3)
            self.assertEqual(lib.vndConnectRecord(None, f.fileno(), 0), -1)
            self.assertEqual(os.fstat(f.fileno()).st_size, 0)
            self.assertEqual(lib.vndConnectRecord(conn, f.fileno(), ANONYMOUS), 0)
            self.assertGreater(os.fstat(f.fileno()).st_size, 1000)

    def test_the_command(self):
        uri = embed(kit.extract(kit.machine_archive("plain")))
        done = kit.run(NODEDEV, "-c", uri, "record", "/nonexistent/file")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "error: Failed to open file '/nonexistent/file': No such file or directory\n"))
        done = kit.run(NODEDEV, "-c", uri, "record", "/dev/full")
        self.assertEqual((done.returncode, done.stderr), (1, "error: cannot write: No space left on device\n"))
        self.assertEqual(kit.run(NODEDEV, "record").returncode, 2)
        path = os.path.join(kit.temp(), "piped.tar.gz")
        kit.checked("sh", "-c", '"$0" -c "$1" record - >"$2"', NODEDEV, uri, path)
        self.assertEqual(kit.checked(NODEDEV, "-c", embed(path), "list").stdout,
                         kit.checked(NODEDEV, "-c", uri, "list").stdout)

    def test_broken_archives(self):
        path = os.path.join(kit.temp(), "broken.tar.gz")
        with open(kit.machine_archive("plain"), "rb") as f:
            whole = f.read()
        for content in (b"", b"no archive", whole[:len(whole) // 2], whole[:-4]):
            with open(path, "wb") as f:
                f.write(content)
            done = kit.run(NODEDEV, "-c", embed(path), "list")
            self.assertEqual((done.returncode, done.stdout), (1, ""), content[:20])
            self.assertIn("cannot open the recorded machine " + path, done.stderr)


for _machine in kit.machine_names():
    for _check in ("embedded", "live", "anonymous"):
        def _test(self, machine=_machine, check=_check):
            getattr(self, "check_" + check)(machine)
        setattr(Machines, "test_%s_%s" % (_check, _machine), _test)
