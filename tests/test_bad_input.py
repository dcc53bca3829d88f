# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Trees that no kernel makes, and attributes that some do: an error or a skipped device, never a
crash, a hang or XML that does not parse."""
import os
import random
import re
import shutil
import socket
import threading
import unittest
import xml.parsers.expat

import kit
import vnd
from test_valgrind import VALGRIND
from trees import Tree, vpd
from vnd import lib

TIMEOUT = 30
SECRET = "secret-outside-of-the-root"


def well_formed(text):
    """Checks a document with expat, a parser that shares nothing with the library; returns it."""
    parser = xml.parsers.expat.ParserCreate()
    parser.Parse(text.encode("utf-8", "surrogateescape"), True)
    return text


class Base(unittest.TestCase):
    def setUp(self):
        name = re.sub(r"\W", "-", self.id().split(".")[-1])
        self.folder = kit.folder_for_nobody("bad-" + name)
        self.tree = Tree(os.path.join(self.folder, "root"))
        self.out = kit.folder_for_nobody("out-" + name)

    def give_away(self):
        if kit.as_nobody():
            kit.checked("chown", "-Rh", "%d:%d" % (kit.NOBODY, kit.NOBODY), self.folder)

    def dump(self, user=True, root=None):
        """Dumps the tree with and without privilege; the devices as {name: XML}."""
        uri = "nodedev:///embed?root=" + (root or self.tree.root)
        if user:
            self.give_away()
        done = kit.run(os.path.join(kit.portable(), "dump"), uri, self.out, timeout=TIMEOUT,
                       env=kit.portable_environment(), **(kit.as_nobody() if user else {}))
        self.assertEqual(done.returncode, 0, done.stderr[-500:])
        self.stderr = done.stderr
        found = kit.documents(kit.read(os.path.join(self.out, "devices.xml")))
        for name, text in found:
            well_formed(text)
            self.assertRegex(name, r"\A[A-Za-z0-9_]+\Z")
        self.assertEqual(found[0][0], "computer")
        return dict(found)


class Links(Base):
    def test_loops(self):
        t = self.tree
        t.net("good0")
        where = t.pci("0000:00:01.0")
        for name in ("driver", "iommu_group", "physfn", "virtfn0"):
            t.link(where + "/" + name, name)
        t.link("sys/class/net/self", "self")
        t.link("sys/class/net/ping", "pong")
        t.link("sys/class/net/pong", "ping")
        t.link("sys/devices/virtual/net/good0/again", "..")
        t.link("sys/devices/up", "../..")
        broken = t.net("nosubsystem", index=11)
        os.unlink(t.path(broken + "/subsystem"))
        t.link(broken + "/subsystem", "subsystem")
        found = self.dump()
        self.assertIn("net_good0_52_54_00_00_00_01", found)
        self.assertFalse([n for n in found if "self" in n or "ping" in n or "pong" in n])

    def test_out_of_the_root(self):
        t = self.tree
        outside = os.path.join(self.folder, "outside")
        os.makedirs(outside)
        for name, text in {"address": SECRET, "uevent": "INTERFACE=outside0\nIFINDEX=99\n", "operstate": "up",
                           "secret": SECRET}.items():
            with open(os.path.join(outside, name), "w") as f:
                f.write(text + "\n")
        os.symlink(os.path.join(t.root, "sys/class/net"), os.path.join(outside, "subsystem"))
        far = "../" * 20 + outside.lstrip("/")
        t.net("inside0")
        t.link("sys/class/net/abs", outside)
        t.link("sys/class/net/rel", far)
        t.link("sys/class/outclass", outside)
        for index, target in enumerate((outside + "/secret", far + "/secret")):
            where = t.net("leak%d" % index, {"address": None, "operstate": None}, index=20 + index)
            t.link(where + "/address", target)
            t.link(where + "/operstate", target)
            t.link("run/udev/data/n%d" % (20 + index), target)
            where = t.pci("0000:00:0%d.0" % (index + 1), {"vendor": None})
            t.link(where + "/vendor", target)
            t.link(where + "/vpd", target)
            t.link(where + "/iommu_group", os.path.dirname(target))
        t.folder("sys/devices/virtual/dmi/id")
        t.link("sys/devices/virtual/dmi/id/product_name", outside + "/secret")
        t.link("sys/devices/virtual/dmi/id/sys_vendor", "../../../../../../outside/secret")
        t.folder("usr/share/misc")
        t.link("usr/share/misc/pci.ids", outside + "/secret")
        for user in (True, False):
            found = self.dump(user)
            self.assertIn("net_inside0_52_54_00_00_00_01", found)
            everything = "".join(found.values())
            self.assertNotIn(SECRET, everything)
            self.assertNotIn("outside0", everything)

    def test_link_as_the_root(self):
        """The root itself may be reached by a link: it is what the user asked for."""
        self.tree.net("good0")
        os.symlink("root", os.path.join(self.folder, "alias"))
        self.assertEqual(len(self.dump(root=os.path.join(self.folder, "alias"))), 2)


class Text(Base):
    HOSTILE = {
        "nul": b"a\0b",
        "latin1": b"caf\xe9",
        "cut": b"\xe2\x82",
        "surrogate": b"\xed\xa0\x80",
        "controls": bytes(range(1, 32)),
        "delete": b"\x7f\x80\x9f",
        "markup": b"<a b='c'>&\"]]>",
        "noncharacter": "\ufffe\uffff".encode(),
        "astral": "\U0001f600\U0010ffff".encode(),
        "toobig": b"\xf4\x90\x80\x80",
        "blank": b"  \t ",
        "empty": b"",
    }

    def test_hostile_text_everywhere(self):
        t = self.tree
        for number, (name, text) in enumerate(self.HOSTILE.items()):
            t.net("n" + name, {"address": text + b"\n"}, index=100 + number)
            t.disk("d" + name, number, {"device/vendor": text + b"\n", "device/model": text},
                   b"I:1\nE:ID_TYPE=disk\nE:ID_SERIAL=" + text + b"\nS:disk/by-id/" + text + b"\n")
            where = t.pci("0000:00:%02x.0" % number, {"vpd": vpd(text[:200])})
            t.file(where + "/mdev_supported_types/type-1/name", text)
            t.file(where + "/mdev_supported_types/type-1/device_api", text + b"\n")
            t.file(where + "/mdev_supported_types/type-1/available_instances", "1\n")
            t.usb("u" + name, {"uevent": "BUSNUM=001\nDEVNUM=00%d\n" % number,
                               "database": "E:ID_VENDOR_ID=1d6b\nE:ID_MODEL_ID=0002\n"})
            t.file("sys/devices/usbtop/u%s/manufacturer" % name, text + b"\n")
            t.file("sys/devices/usbtop/u%s/product" % name, text)
            t.device("virtual/net/i" + name, "net", b"INTERFACE=" + text + b"\nIFINDEX=%d\n" % (200 + number))
        for number, name in enumerate(("product_name", "product_version", "sys_vendor", "bios_vendor", "bios_date")):
            t.file("sys/devices/virtual/dmi/id/" + name, list(self.HOSTILE.values())[number])
        found = self.dump()
        # Each of them is a device: its text is made safe, not its existence.
        for name in self.HOSTILE:
            self.assertTrue([n for n in found if n.startswith("block_d" + name)], name)
            self.assertTrue([n for n in found if n.startswith("usb_u" + name)], name)
            self.assertTrue([n for n in found if n.startswith("net_n" + name)], name)
        self.assertEqual(len([n for n in found if n.startswith("pci_")]), len(self.HOSTILE))

    def test_file_names(self):
        t = self.tree
        names = ["x" * 255, "a b", "a'b", "a<b", "tab\there", "new\nline", "caf\udce9", "a!b", "..x", "-"]
        for number, name in enumerate(names):
            where = "sys/devices/virtual/net/" + name
            os.makedirs(os.fsencode(t.path(where)))
            with open(os.fsencode(t.path(where + "/uevent")), "w") as f:
                f.write("INTERFACE=odd%d\nIFINDEX=%d\n" % (number, 300 + number))
            with open(os.fsencode(t.path(where + "/operstate")), "w") as f:
                f.write("down\n")
            os.symlink("../../../../class/net", os.fsencode(t.path(where + "/subsystem")))
            t.folder("sys/class/net")
            os.symlink(b"../../devices/virtual/net/" + os.fsencode(name),
                       os.fsencode(t.path("sys/class/net/" + name)))
        found = self.dump()
        # Four of them become net_a_b, and one name stands for one device.
        self.assertEqual(len([n for n in found if n.startswith("net_")]), len(names) - 3)

    def test_a_megabyte(self):
        t = self.tree
        big = b"x" * (1 << 20)
        t.net("big0", {"address": big})
        t.net("big1", {"operstate": big, "speed": b"9" * (1 << 20)}, index=11)
        t.disk("big2", 1, {"device/vendor": big, "device/model": big, "size": b"1" * (1 << 20)})
        t.disk("big3", 2, database=b"I:1\nE:ID_TYPE=disk\nE:ID_SERIAL=" + big + b"\n" + b"S:link\n" * 100000)
        t.pci("0000:00:01.0", {"vpd": big, "config": big, "numa_node": big})
        t.pci("0000:00:02.0", {"vendor": b"0x8086" + big})
        t.device("virtual/net/big4", "net", b"INTERFACE=big4\nIFINDEX=12\n" + big + b"=" + big + b"\n")
        t.file("sys/devices/virtual/dmi/id/product_name", big)
        found = self.dump()
        self.assertLess(sum(len(text) for text in found.values()), 8 << 20)

    def test_database_lines(self):
        t = self.tree
        lines = b"garbage\nE\nE:\nE:=\nE:X\nS:\nS\nL:\nQ:\nI:\n\0\n::\n" + bytes(range(256)) + b"\nE:ID_TYPE=disk\n"
        t.disk("odd0", 1, database=lines + b"E:ID_SERIAL=found")
        t.disk("odd1", 2, database=b"")
        t.disk("odd2", 3, database=b"\n" * 10000)
        found = self.dump()
        self.assertIn("block_odd0_found", found)


class Numbers(Base):
    BAD = ["99999999999999999999", "-1", "-99999999999999999999", "x", "1x", "", " ", "0x", "1 2", "+", "1e3", "٣"]

    def test_numbers(self):
        """What devices.md calls discarded is not listed; nothing wraps around."""
        t = self.tree
        for number, bad in enumerate(self.BAD):
            t.usb("b%d" % number, {"uevent": "BUSNUM=%s\nDEVNUM=001\n" % bad,
                                   "database": "E:ID_VENDOR_ID=1d6b\nE:ID_MODEL_ID=0002\n"})
            t.usb("m%d" % number, {"uevent": "BUSNUM=001\nDEVNUM=001\n",
                                   "database": "E:ID_VENDOR_ID=1d6b\nE:ID_MODEL_ID=%s\n" % bad})
            t.pci("0000:00:%02x.0" % number, {"numa_node": bad, "sriov_totalvfs": bad})
            t.pci("0000:01:%02x.0" % number, {"class": bad}, pci_class=bad, bus="pci0000:01")
            t.net("n%d" % number, {"speed": bad, "operstate": "up"}, index=400 + number)
            t.disk("d%d" % number, number, {"size": bad, "queue/logical_block_size": bad})
            t.scsi("0:0:0:%d" % number, bad)
            t.device("virtual/drm/card%d" % number, "drm",
                     "DEVTYPE=drm_minor\nMAJOR=226\nMINOR=%s\nDEVNAME=dri/card%d\n" % (bad, number))
        for name in ("0:0:0", "0:0:0:0:0", "a:b:c:d", "0:0:0:99999999999999999999", "-1:0:0:0", ":::"):
            t.scsi(name)
        for name in ("0000:00:1f", "zzzz:00:00.0", "0000:00:00.99999999999", "0000", "-", "1:2.3"):
            t.pci(name, bus="pci0000:02")
        t.disk("huge", 77, {"size": str((1 << 64) - 1), "queue/logical_block_size": str((1 << 64) - 1)})
        t.device("host99999999999999999999", "scsi", "DEVTYPE=scsi_host\n")
        t.device("hostx", "scsi", "DEVTYPE=scsi_host\n")
        found = self.dump()
        # A property that is no number discards the device (devices.md, "Property/attribute number rules").
        for number, bad in enumerate(self.BAD):
            if bad not in ("-1",):
                self.assertNotIn("usb_b%d" % number, found, bad)
                self.assertEqual("usb_m%d" % number in found, bad == "1e3", bad)  # which is hexadecimal
        for name in ("scsi_0_0_0", "scsi_a_b_c_d", "scsi_0_0_0_99999999999999999999", "scsi_hostx", "pci_0000", "pci__"):
            self.assertNotIn(name, found)
        for text in found.values():
            for value in re.findall(r">(-?\d+)<", text):
                self.assertLess(abs(int(value)), 1 << 64)


class Access(Base):
    def test_unreadable(self):
        t = self.tree
        hidden = []
        for number, name in enumerate(("address", "speed", "operstate", "uevent")):
            hidden.append(t.net("h" + name, index=500 + number) + "/" + name)
        for number, name in enumerate(("config", "vpd", "vendor", "numa_node")):
            hidden.append(t.pci("0000:00:0%d.0" % number, {"vpd": vpd()}) + "/" + name)
        folder = t.net("hfolder", index=510)
        group = t.pci("0000:00:0f.0")
        t.folder("sys/kernel/iommu_groups/7/devices")
        t.link_to(group + "/iommu_group", "sys/kernel/iommu_groups/7")
        t.net("good0", index=511)
        t.file("run/udev/data/n511", "I:1\n")
        hidden += [folder, "sys/kernel/iommu_groups/7/devices", "run/udev/data/n511"]
        self.give_away()
        for name in hidden:
            os.chmod(t.path(name), 0)
        try:
            found = self.dump()
        finally:
            for name in hidden:
                os.chmod(t.path(name), 0o755)
        self.assertIn("net_good0_52_54_00_00_00_01", found)
        self.assertIn("net_haddress", found)  # named without what could not be read
        self.assertNotIn("net_huevent_52_54_00_00_00_01", found)
        self.assertNotIn("type='vpd'", found["pci_0000_00_01_0"])
        self.assertIn("<part_number>EX-100</part_number>", found["pci_0000_00_00_0"])
        for line in self.stderr.splitlines():
            self.assertRegex(line, r"^dump: no (XML|capabilities) of \w+: \w")

    def test_things_that_are_no_files(self):
        """A pipe must not be waited for; folders and sockets are no text."""
        t = self.tree
        where = t.net("odd0", {"address": None, "operstate": None})
        os.mkfifo(t.path(where + "/address"))
        os.mkfifo(t.path(where + "/operstate"))
        os.mkfifo(t.path("sys/devices/fifo"))
        t.folder("run/udev/data")
        os.mkfifo(t.path("run/udev/data/n10"))
        where = t.pci("0000:00:01.0", {"vendor": None})
        t.folder(where + "/vendor")
        where = t.pci("0000:00:02.0")
        t.folder(where + "/vpd")
        where = t.net("odd1", {"address": None}, index=11)
        here = os.getcwd()
        os.chdir(t.path(where))  # a socket's path may have 107 bytes
        with socket.socket(socket.AF_UNIX) as s:
            s.bind("address")
            os.chdir(here)
            found = self.dump()
        self.assertIn("computer", found)
        # The kernel's uevent says the vendor, too.
        self.assertIn("<vendor id='0x8086'>", found["pci_0000_00_01_0"])

    def test_roots(self):
        """Where there is nothing to read, opening fails with an error that says so."""
        empty = os.path.join(self.folder, "empty")
        os.makedirs(empty)
        plain = os.path.join(self.folder, "plain")
        open(plain, "w").close()
        vnd.silence()
        for query in ("", "?", "?root=", "?root=relative", "?root=" + plain, "?root=/does/not/exist", "?rot=/x"):
            conn = lib.virConnectOpen(("nodedev:///embed" + query).encode())
            self.assertIsNone(conn, query)
            self.assertTrue(vnd.last_error()["message"], query)
        conn = lib.virConnectOpen(("nodedev:///embed?root=" + empty).encode())
        if conn:
            self.assertEqual(lib.virNodeNumOfDevices(conn, None, 0), 1)
            lib.virConnectClose(conn)
        else:
            self.assertTrue(vnd.last_error()["message"])

    def test_vanishing(self):
        """Devices come and go while they are read, many times over."""
        t = self.tree
        for number in range(30):
            t.net("v%d" % number, index=600 + number)
            t.pci("0000:00:%02x.0" % number, {"vpd": vpd()})
        stop = threading.Event()

        def meddle():
            rng = random.Random(7)
            models = os.path.join(self.folder, "models")
            aside = os.path.join(self.folder, "aside")
            shutil.copytree(t.path("sys/devices"), models, symlinks=True)
            while not stop.is_set():
                name = rng.choice(["virtual/net/v%d", "pci0000:00/0000:00:%02x.0"]) % rng.randrange(30)
                where = t.path("sys/devices/" + name)
                os.rename(where, aside)
                if rng.randrange(8) == 0:
                    shutil.rmtree(aside)
                    shutil.copytree(os.path.join(models, name), aside, symlinks=True)
                os.rename(aside, where)

        thread = threading.Thread(target=meddle)
        thread.start()
        try:
            for _ in range(25):
                found = self.dump(user=False)
                for line in self.stderr.splitlines():
                    # The second when it was away for one read and back before the library looked.
                    self.assertRegex(line, r"no (XML|capabilities) of \w+: "
                                           r"(Node device not found|internal error: cannot describe device)")
        finally:
            stop.set()
            thread.join()
        self.assertIn("computer", found)


class Images(Base):
    """Binary attributes."""

    def addresses(self, count):
        return ["%04x:%02x:%02x.%d" % (n >> 16, n >> 8 & 0xff, n >> 3 & 0x1f, n & 7)
                for n in range(0, count * 8, 8)] if count <= 32 else [
                    "%04x:%02x:%02x.%x" % (n >> 11, n >> 8 & 7, n >> 3 & 0x1f, n & 7) for n in range(count)]

    def test_vpd_cut_anywhere(self):
        """Only the whole image is one: its checksum and end tag come last (devices.md §6)."""
        image = vpd()
        addresses = self.addresses(len(image) + 1)
        for length, address in enumerate(addresses):
            self.tree.pci(address, {"vpd": image[:length]})
        found = self.dump()
        with_vpd = [length for length, address in enumerate(addresses)
                    if "type='vpd'" in found["pci_" + re.sub(r"\W", "_", address)]]
        self.assertEqual(with_vpd, [len(image)])

    def test_vpd_with_changed_bytes(self):
        rng = random.Random(11)
        image = vpd()
        addresses = self.addresses(1500)
        for address in addresses:
            changed = bytearray(image)
            for _ in range(rng.randrange(1, 4)):
                changed[rng.randrange(len(changed))] = rng.randrange(256)
            self.tree.pci(address, {"vpd": bytes(changed)})
        self.assertEqual(len(self.dump()), len(addresses) + 1)

    def test_config_space(self):
        """Capability lists that loop, point anywhere or are cut off."""
        rng = random.Random(13)
        addresses = self.addresses(600)
        for number, address in enumerate(addresses):
            config = bytearray(rng.randrange(256) for _ in range(256))
            config[0x06] |= 0x10  # has a capability list
            config[0x0e] &= 0x81  # header type: endpoint or bridge
            if number % 3 == 0:
                config[0x34] = 0x40
                config[0x40:0x42] = b"\x05\x40"  # a capability that is its own next one
            if number % 3 == 1:
                config = config[:rng.randrange(256)]
            self.tree.pci(address, {"config": bytes(config)})
        found = self.dump()
        self.assertGreater(len(found), 300)


class Whole(Base):
    def test_recording_with_changed_files(self):
        """A recorded machine in which every 20th file is garbage."""
        rng = random.Random(17)
        for seed in range(3):
            root = os.path.join(self.folder, "root%d" % seed)
            os.makedirs(root)
            kit.unpack(kit.machine_archive("plain"), root)
            for folder, _, files in os.walk(root):
                for name in files:
                    path = os.path.join(folder, name)
                    if not os.path.islink(path) and rng.randrange(20) == 0:
                        os.chmod(path, 0o644)
                        with open(path, "wb") as f:
                            f.write(bytes(rng.randrange(256) for _ in range(rng.randrange(200))))
            self.dump(root=root)

    def test_no_leak(self):
        """One of each under valgrind."""
        t = self.tree
        t.net("good0")
        t.net("bad0", {"address": b"\xff\0" * 1000}, index=11)
        where = t.pci("0000:00:01.0", {"vpd": vpd()[:40]})
        t.link(where + "/iommu_group", "iommu_group")
        t.disk("bad1", 1, {"size": "-"}, b"\0\xffgarbage\n")
        t.usb("b0", {"uevent": "BUSNUM=x\n"})
        t.device("hostx", "scsi", "DEVTYPE=scsi_host\n")
        env = kit.environment(VND_TEST_TREE=t.root)
        done = kit.run(*VALGRIND, os.path.join(kit.BIN, "dump"), "nodedev:///embed?root=" + t.root, self.out,
                       env=env, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])

    def test_test_driver_documents(self):
        """The XML reader: libvirt's own documents, changed at random, one byte to a few."""
        rng = random.Random(19)
        text = kit.read(os.path.join(kit.DATA, "testdriver", "devices.xml")).encode()
        text += b"".join(t.encode() for _, t in
                         kit.documents(kit.read(os.path.join(kit.MACHINES, "synth", "devices.xml"))))
        document = b"<node>" + text + b"</node>"
        vnd.silence()
        path = os.path.join(self.folder, "node.xml")
        opened = 0
        for _ in range(400):
            changed = bytearray(document)
            for _ in range(rng.randrange(1, 4)):
                changed[rng.randrange(len(changed))] = rng.choice(b"<>&'\"/ \0\xff0-a")
            if rng.randrange(10) == 0:
                del changed[rng.randrange(len(changed)):]
            with open(path, "wb") as f:
                f.write(changed)
            conn = lib.virConnectOpen(("test://" + path).encode())
            if not conn:
                self.assertTrue(vnd.last_error()["message"])
                continue
            opened += 1
            _, handles = vnd.all_devices(conn)
            for handle in handles:
                well_formed(vnd.owned(lib.virNodeDeviceGetXMLDesc(handle, 0)))
                lib.virNodeDeviceFree(handle)
            self.assertEqual(lib.virConnectClose(conn), 0)
        self.note = "%d of 400 were still readable" % opened
