# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Hostile text in every place that a device's text comes from: what leaves the library is well-formed.

The handmade machines have every kind of device. In each of them every attribute, variable, property, link and name
is replaced in turn by bytes that XML, JSON or UTF-8 do not allow. XML is read by expat, JSON by Python's json, and the
two are compared: both are strangers to the library. A device may be left out of the list.

The test also says where hostile text came through, so that none of these places is missed by accident.
"""
import json
import os
import re
import shutil
import unittest
import xml.etree.ElementTree as ElementTree

import kit
import records
import vnd
from test_handmade import HANDMADE, machines
from test_json import Source, errors, no_duplicates, same_element
from trees import vpd
from vnd import lib

# Control characters, invalid and overlong UTF-8, surrogates, noncharacters, markup, line separators, an emoji.
# No slash and no NUL, so that it can be a file's name; no line end, which would end a record.
SINK = (b"\x01\x08\x0b\x0c\x0e\x1a\x1f\x7f\xff\xfe\xc3(\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xef\xbf\xbe\xef\xbf\xbf"
        b"]]>&amp;&#1;<b a='c\">\"--><!--<![CDATA[%s{}\\u0000\xf0\x9f\x98\x80\xc2\x85\xe2\x80\xa8\xe2\x80.")
SINK_NAME = os.fsdecode(SINK)

# Longer than a page, than any buffer of 64 KiB, and cut within a character.
LONG = b"<\xf0\x9f\x98\x80&\x01" * 20000 + b"\xf0\x9f"

NO_NODE_DEVICE = 53  # virErrorNumber

# Names of the layout itself, not of devices.
FIXED = {"sys", "run", "etc", "udev", "data", "mdevctl.d", "devices", "class", "bus", "subsystem", "uevent"}


def cleaned(data):
    """What of it XML 1.0 can hold: valid UTF-8, characters of the production Char."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", data.decode("utf-8", "replace"))


CLEAN = cleaned(SINK)


def came_through(text):
    """Whether the text holds the hostile one. sysfs writes a slash in a device's name as `!`."""
    return CLEAN.replace("!", "/") in text.replace("!", "/")


# Every place in XML where text of the host's own making stands, but numbers and names of devices.
PLACES = set("""
    device:path device:devnode=dev device:devnode=link device:driver/name
    system:product system:hardware/vendor system:hardware/version system:hardware/serial
    system:firmware/vendor system:firmware/version system:firmware/release_date
    pci:product pci:vendor pci/mdev_types:type@id pci/mdev_types:type/name pci/mdev_types:type/deviceAPI
    usb_device:port usb_device:product usb_device:vendor
    net:interface net:address
    scsi_host/fc_host:wwnn scsi_host/fc_host:wwpn scsi_host/fc_host:fabric_wwn
    scsi_target:target scsi_target/fc_remote_port:rport scsi_target/fc_remote_port:wwpn
    storage:block storage:bus storage:model storage:vendor storage:serial storage/removable:media_label
    scsi_generic:char
    mdev:type@id mdev:uuid mdev:parent_addr mdev:attr@name mdev:attr@value
    ccwgroup:members/ccw_device@ref
    ccwgroup/qeth_generic:card_type ccwgroup/qeth_layer2:card_type ccwgroup/qeth_layer3:card_type
    ccwgroup/qeth_generic:chpid ccwgroup/qeth_layer2:chpid ccwgroup/qeth_layer3:chpid
    css/mdev_types:type@id css/mdev_types:type/name css/mdev_types:type/deviceAPI
    ap_matrix/mdev_types:type@id ap_matrix/mdev_types:type/name ap_matrix/mdev_types:type/deviceAPI
    mdev_types/mdev_types:type@id mdev_types/mdev_types:type/name mdev_types/mdev_types:type/deviceAPI
    vdpa:chardev
""".split())


def places(element, holder="device"):
    """(place, text) of every text and attribute."""
    def walk(e, path):
        for child in e:
            if child.tag == "capability":
                inner = child.get("type")
                yield from places(child, inner if holder == "device" else "%s/%s" % (holder, inner))
                continue
            here = "%s/%s" % (path, child.tag) if path else child.tag
            for name, value in child.attrib.items():
                yield "%s:%s@%s" % (holder, here, name), value
            if child.tag == "devnode":
                here += "=" + child.get("type")
            yield "%s:%s" % (holder, here), child.text or ""
            yield from walk(child, here)

    yield from walk(element, "")


def lines_changed(text, separator):
    """Each line KEY<separator>VALUE with a hostile value, one text for each: in place of the value and behind it."""
    lines = text.split(b"\n")
    for number, line in enumerate(lines):
        key, found, value = line.partition(separator)
        if not found:
            continue
        for hostile in (SINK, value + SINK):
            yield b"\n".join(lines[:number] + [key + separator + hostile] + lines[number + 1:])


class Tree:
    """A machine as a folder in which single files are replaced for a while."""

    def __init__(self, name, entries):
        self.root = os.path.join(kit.temp(), "hostile-" + name)
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.root)
        for path, value in entries.items():
            where = os.path.join(self.root, path)
            os.makedirs(where if value is None else os.path.dirname(where), exist_ok=True)
            if isinstance(value, str):
                os.symlink(value, where)
            elif value is not None:
                self.write(path, value)

    def write(self, path, data):
        with open(os.path.join(self.root, path), "wb") as f:
            f.write(data)


class Hostile(unittest.TestCase):
    found = set()
    checks = 0

    @classmethod
    def setUpClass(cls):
        vnd.silence()

    def look(self, root, what):
        """Describes every device of a tree in both forms; checks that both can be read and agree."""
        source = Source("nodedev:///embed?root=" + root)
        try:
            with self.subTest(what):
                node = ElementTree.fromstring(source.all_xml().encode())
                devices = json.loads(vnd.owned(lib.vndConnectGetAllDevicesJSON(source.conn, 0)),
                                     object_pairs_hook=no_duplicates)
                wrong = [] if len(node) == len(devices) else ["%d and %d devices" % (len(node), len(devices))]
                for element, device in zip(node, devices):
                    wrong += same_element(element, device, device["name"])
                    if not re.fullmatch("[A-Za-z0-9_]+", device["name"]):
                        wrong.append("a name: %r" % device["name"])
                self.assertEqual(wrong, [])
                self.assertEqual(node[0].findtext("name"), "computer")
                self.check_left_out(source, {d["name"] for d in devices})
                Hostile.found.update(place for device in node for place, text in places(device) if came_through(text))
                Hostile.checks += 1
                return devices
        finally:
            source.close()

    def check_left_out(self, source, described):
        """What is listed but was not described is gone: nothing else may keep a description back."""
        _, handles = vnd.all_devices(source.conn)
        for handle in handles:
            name = lib.virNodeDeviceGetName(handle).decode()
            if name not in described:
                self.assertIsNone(lib.virNodeDeviceGetXMLDesc(handle, 0), name)
                error = vnd.last_error()
                self.assertEqual(error["code"], NO_NODE_DEVICE, (name, error["message"]))
            lib.virNodeDeviceFree(handle)

    def texts_in_turn(self, machine, entries):
        tree = Tree(machine, entries)
        for path, value in entries.items():
            if not isinstance(value, bytes):
                continue
            if path.endswith("/uevent"):
                variants = lines_changed(value, b"=")
            elif path.startswith("run/udev/data/"):
                variants = [*lines_changed(value, b"="), *lines_changed(value, b":")]
            elif path.startswith("etc/"):
                variants = [value.replace(word, json.dumps(cleaned(SINK) + "\x01\x1f\ufffe").encode())
                            for word in set(re.findall(rb'"(?:[^"\\]|\\.)*"', value))] + [SINK]
            else:
                variants = [SINK + b"\n", value.rstrip(b"\n") + SINK + b"\n"]
            for number, variant in enumerate(variants):
                tree.write(path, variant)
                self.look(tree.root, "%s %d" % (path, number))
            tree.write(path, value)
        shutil.rmtree(tree.root)

    def names_in_turn(self, machine, entries):
        """Every file and folder gets a hostile name, wherever it is spoken of."""
        names = {part for path in entries for part in path.split("/")} - FIXED
        for name in sorted(names):
            for hostile in (name + SINK_NAME, SINK_NAME):
                def renamed(text):
                    return "/".join(hostile if part == name else part for part in text.split("/"))
                changed = {renamed(path): renamed(value) if isinstance(value, str) else value
                           for path, value in entries.items()}
                self.look(Tree(machine, changed).root, "%s renamed" % name)
        shutil.rmtree(os.path.join(kit.temp(), "hostile-" + machine))

    def test_long_texts(self):
        """Every attribute at once is long, with markup and a cut character at its end."""
        for machine in machines():
            entries = records.load(os.path.join(HANDMADE, machine, "machine.txt")).entries
            changed = {path: LONG if isinstance(value, bytes) and path.startswith("sys/")
                       and not path.endswith("/uevent") else value for path, value in entries.items()}
            self.look(Tree(machine, changed).root, machine)
            changed = {path: value + b"X=" + LONG + b"\n" + LONG if isinstance(value, bytes) else value
                       for path, value in entries.items()}
            self.look(Tree(machine, changed).root, machine)

    def test_line_ends_and_tabs(self):
        """They stand in XML as they are; a parser may turn them into other white space, and no more."""
        entries = records.load(os.path.join(HANDMADE, "virtual", "machine.txt")).entries
        path = "sys/devices/virtual/dmi/id/product_name"
        tree = Tree("white", dict(entries, **{path: b" a\tb\nc\rd\r\ne \n\r\n"}))
        computer = self.look(tree.root, path)[0]
        self.assertEqual(computer["capability"]["system"]["product"], " a\tb\nc\rd\r\ne ")

    def test_vital_product_data(self):
        """Only ASCII that can be printed is shown; that has all the markup there is."""
        markup = b"<&'\">]]>&#0;<!--"
        entries = records.load(os.path.join(HANDMADE, "pci", "machine.txt")).entries
        path = "sys/devices/pci0000:00/0000:00:04.0/vpd"
        tree = Tree("vpd", entries)
        name = "pci_0000_00_04_0"
        for field in (b"EC", b"MN", b"PN", b"SN", b"V0", b"VZ"):
            tree.write(path, vpd(extra=field + bytes([len(markup)]) + markup))
            device = {d["name"]: d for d in self.look(tree.root, field)}[name]
            self.assertIn(json.dumps(markup.decode()), json.dumps(device))
            self.assertEqual(errors(device), [])
            tree.write(path, vpd(extra=field + bytes([len(SINK)]) + SINK))
            device = {d["name"]: d for d in self.look(tree.root, field)}[name]
            self.assertIn("vpd", device["capability"]["pci"]["capability"])
            self.assertNotIn("CDATA", json.dumps(device))

    def test_hardware_names(self):
        path = os.path.join(kit.temp(), "hostile-pci.ids")
        with open(path, "wb") as f:
            f.write(b"\xff\n\t\n\t\t\n8086\n10df  " + SINK + b"\n\tf400  " + SINK + b"\n\tf40\nC 00 x\n")
        entries = records.load(os.path.join(HANDMADE, "fibre", "machine.txt")).entries
        tree = Tree("names", entries)
        # The file is read once in a process, so it takes another one.
        done = kit.checked(os.path.join(kit.PREFIX, "bin", "nodedev"), "-c", "nodedev:///embed?root=" + tree.root,
                           "dumpjson", "pci_0000_00_05_0", env=dict(kit.environment(), VIRNODEDEV_PCI_IDS=path))
        pci = json.loads(done.stdout)["capability"]["pci"]
        self.assertEqual((pci["vendor"]["text"], pci["product"]["text"]), (CLEAN, CLEAN))
        done = kit.checked(os.path.join(kit.PREFIX, "bin", "nodedev"), "-c", "nodedev:///embed?root=" + tree.root,
                           "dumpxml", "pci_0000_00_05_0", env=dict(kit.environment(), VIRNODEDEV_PCI_IDS=path))
        Hostile.found.update(place for place, text in places(ElementTree.fromstring(done.stdout))
                             if came_through(text))

    def test_zz_every_place(self):
        """Runs last: hostile text came through, made safe, in each place and in no other."""
        self.assertEqual((sorted(PLACES - self.found), sorted(self.found - PLACES)), ([], []))
        self.note = "%d places, %d changes" % (len(self.found), self.checks)


def _in_turn(machine):
    def entries():
        return records.load(os.path.join(HANDMADE, machine, "machine.txt")).entries

    def texts(self):
        self.texts_in_turn(machine, entries())

    def names(self):
        self.names_in_turn(machine, entries())
    return texts, names


for _machine in machines():
    _texts, _names = _in_turn(_machine)
    setattr(Hostile, "test_texts_" + _machine, _texts)
    setattr(Hostile, "test_names_" + _machine, _names)
