# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Machines written by hand (tests/handmade): what no recorded machine has, with XML derived from the format.

Each is read as the live host, in a namespace where it is /sys (scripts/replay), and through
nodedev:///embed?root=FOLDER. What lists and capability names say is derived from the expected XML.
"""
import json
import os
import re
import unittest
import xml.etree.ElementTree as ElementTree

import compare
import kit
import records
from test_json import Source, differences, errors
from test_recordings import check_schema

HANDMADE = os.path.join(kit.ROOT, "tests", "handmade")
NAMES = os.path.join(HANDMADE, "pci.ids")

# Capabilities in a device's own that have a list flag: the name in XML, the name in lists.
NESTED = {"fc_host": "fc_host", "vport_ops": "vports", "mdev_types": "mdev_types", "vpd": "vpd",
          "ccwgroup_member": "ccwgroup_member"}


# Forms that libvirt prints and its own schema (nodedev.rng) does not have.
OUTSIDE_SCHEMA = {
    "net_ib0_00_00_10_49_fe_80_00_00_00_00_00_00_24_8a_07_03_00_aa_bb_cc": "an address of more than six bytes",
    "net_sit0_0_0_0_0": "an address that is an IPv4 one",
    "scsi_0_0_1_4294967295": "a negative number",
    "pci_0000_00_04_1": "vital product data without a name",
}


def machines():
    return sorted(name for name in os.listdir(HANDMADE) if os.path.isdir(os.path.join(HANDMADE, name)))


def archive(machine):
    path = os.path.join(kit.temp(), "handmade-%s.tar.gz" % machine)
    if not os.path.exists(path):
        records.load(os.path.join(HANDMADE, machine, "machine.txt")).write(path)
    return path


def capabilities(xml):
    """What virNodeDeviceListCaps() says of a device with this XML."""
    own = ElementTree.fromstring(xml).find("capability")
    names = [own.get("type")]
    if names != ["mdev_types"]:
        names += [NESTED[inner.get("type")] for inner in own.findall("capability") if inner.get("type") in NESTED]
    return names


class NoExceptions:
    """Everything counts, but the features of the namespace's own `lo` in a replay."""

    def __init__(self, mode):
        self.mode = mode

    def absent(self, _device):
        return False

    def without(self, device, text):
        if self.mode == "replay" and device.startswith("net_lo_"):
            return re.sub(r"^ *<feature name='\w+'/>\n", "", text, flags=re.M)
        return text


class Handmade:
    machine = mode = None

    @classmethod
    def setUpClass(cls):
        cls.expected = os.path.join(HANDMADE, cls.machine)
        cls.got = kit.folder_for_nobody("handmade-%s-%s" % (cls.mode, cls.machine))
        cls.ordered = kit.keeps_directory_order(kit.temp() if cls.mode == "embed" else "/dev/shm")
        done = cls.dump()
        cls.skip = None
        if done.returncode == kit.SKIPPED and cls.mode == "replay":
            cls.skip = "no privilege: " + done.stderr.strip()
            return
        if (done.returncode, done.stderr) != (0, ""):
            raise AssertionError(done.stderr)
        cls.xml = dict(kit.documents(kit.read(os.path.join(cls.expected, "devices.xml"))))

    def setUp(self):
        if self.skip:
            self.skipTest(self.skip)

    def test_xml(self):
        found = compare.Comparison().add_documents(self.expected, self.got, NoExceptions(self.mode), self.ordered)
        where = kit.details("handmade/%s-%s.txt" % (self.mode, self.machine), "".join(found.diffs))
        self.note = found.summary()
        self.assertTrue(found.ok(), "%s: %s" % (where, found.summary()))
        self.assertEqual(found.total("identical"), len(self.xml))

    def test_lists(self):
        with open(os.path.join(self.got, "api.json")) as f:
            api = json.load(f)
        self.assertEqual(set(api["devices"]), set(self.xml))
        self.assertEqual(api["numOfDevices"], len(self.xml))
        having = {}
        for name, xml in self.xml.items():
            device = api["devices"][name]
            self.assertEqual(device["parent"], ElementTree.fromstring(xml).findtext("parent"), name)
            if device["active"] != 1:
                continue
            self.assertEqual(device["caps"], capabilities(xml), name)
            for cap in capabilities(xml):
                having.setdefault(cap, set()).add(name)
        for table in ("by_flag", "by_name"):
            for name, listed in api[table].items():
                cap = {"pci_dev": "pci", "usb_dev": "usb_device", "usb_interface": "usb", "ccw_dev": "ccw",
                       "css_dev": "css", "ccwgroup_dev": "ccwgroup"}.get(name, name) if table == "by_flag" else name
                listed = {n for n in listed if api["devices"][n]["active"] == 1}
                self.assertEqual(listed, having.get(cap, set()), "%s %s" % (table, name))
        self.assertEqual(compare.check_order(self.got), [])

    def test_schema(self):
        path = os.path.join(self.got, "inside.xml")
        with open(path, "w") as f:
            f.write("".join(xml for name, xml in kit.documents(kit.read(os.path.join(self.got, "devices.xml")))
                            if name not in OUTSIDE_SCHEMA))
        check_schema(self, path)


class Embed(Handmade):
    mode = "embed"

    @classmethod
    def dump(cls):
        tree = kit.extract(archive(cls.machine), unprivileged=True)
        return kit.run(os.path.join(kit.portable(), "dump"), "nodedev:///embed?root=" + tree, cls.got,
                       env=dict(kit.portable_environment(), VIRNODEDEV_PCI_IDS=cls.names()), **kit.as_nobody())

    @staticmethod
    def names():
        """The names of PCI hardware, where any user can read them."""
        path = os.path.join(kit.temp(), "handmade-pci.ids")
        with open(path, "w") as f:
            f.write(kit.read(NAMES))
        return path

    def test_json(self):
        tree = kit.extract(archive(self.machine))
        source = Source("nodedev:///embed?root=" + tree)
        self.addCleanup(source.close)
        devices = source.all_json()
        self.assertEqual({d["name"] for d in devices}, set(self.xml))
        wrong = []
        for device in devices:
            wrong += errors(device) + differences(source.one(device["name"])[1], device)
        self.assertEqual(wrong, [])


class Replay(Handmade):
    mode = "replay"

    @classmethod
    def dump(cls):
        return kit.run(os.path.join(kit.SCRIPTS, "replay"), archive(cls.machine), os.path.join(kit.BIN, "dump"),
                       "nodedev:///system", cls.got, env=kit.environment(VIRNODEDEV_PCI_IDS=NAMES))


class Complete(unittest.TestCase):
    """Every kind and every element of the format stands in some handmade machine; what is optional is missing in another."""

    # libvirt's manual, "Node devices XML format", and nodedev.rng: what each capability can hold; `?` marks what need not
    # be there. <description> and hotpluggable come from no kernel at all.
    ELEMENTS = {
        "device": "name path? devnode@type=dev? devnode@type=link? parent? driver/name?",
        "system": "product? hardware/vendor? hardware/version? hardware/serial? hardware/uuid firmware/vendor? "
                  "firmware/version? firmware/release_date?",
        "pci": "class domain bus slot function product@id vendor@id iommuGroup@number? iommuGroup/address@domain? "
               "numa@node? pci-express? pci-express/link@validity=cap? pci-express/link@validity=sta? "
               "pci-express/link@port? pci-express/link@speed? pci-express/link@width?",
        "pci/phys_function": "address@slot",
        "pci/virt_functions": "@maxCount? address@bus?",
        "pci/pci-bridge": "",
        "pci/cardbus-bridge": "",
        "pci/mdev_types": "type@id type/name type/deviceAPI type/availableInstances",
        "pci/vpd": "name? fields@access=readonly? fields@access=readwrite? fields/change_level? fields/manufacture_id? "
                   "fields/part_number? fields/serial_number? fields/vendor_field@index? fields/asset_tag? "
                   "fields/system_field@index?",
        "usb_device": "bus device port? product@id vendor@id",
        "usb": "number class subclass protocol",
        "net": "interface address? link@speed? link@state feature@name?",
        "net/80203": "",
        "net/80211": "",
        "scsi_host": "host unique_id?",
        "scsi_host/fc_host": "wwnn wwpn fabric_wwn?",
        "scsi_host/vport_ops": "max_vports vports",
        "scsi_target": "target",
        "scsi_target/fc_remote_port": "rport wwpn",
        "scsi": "host bus target lun type?",
        "storage": "block bus? drive_type model? vendor? serial? size? logical_block_size? num_blocks?",
        "storage/removable": "media_available media_size media_label? logical_block_size? num_blocks?",
        "scsi_generic": "char",
        "drm": "type",
        "mdev": "type@id uuid parent_addr iommuGroup@number attr@name? attr@value?",
        "ccw": "state? cssid ssid devno",
        "ccw/ccwgroup_member": "group_device",
        "ccwgroup": "state? cssid ssid devno members/ccw_device@ref",
        "ccwgroup/qeth_generic": "card_type chpid",
        "ccwgroup/qeth_layer2": "card_type chpid?",
        "ccwgroup/qeth_layer3": "card_type chpid",
        "css": "cssid ssid devno channel_dev_addr/cssid? channel_dev_addr/ssid? channel_dev_addr/devno?",
        "css/mdev_types": "type@id",
        "vdpa": "chardev?",
        "ap_card": "ap-adapter",
        "ap_queue": "ap-adapter ap-domain",
        "ap_matrix": "",
        "ap_matrix/mdev_types": "type@id",
        "mdev_types": "",
        "mdev_types/mdev_types": "type@id",
    }

    def holders(self, element, name):
        """Pairs of a capability's name and all places in it: PATH, PATH@ATTRIBUTE, PATH@ATTRIBUTE=VALUE."""
        places = set()

        def walk(e, path):
            for key, value in e.attrib.items():
                if e is not element or key != "type":
                    places.update(("%s@%s" % (path, key), "%s@%s=%s" % (path, key, value)))
            for child in e:
                if child.tag == "capability":
                    inner = child.get("type")
                    yield from self.holders(child, inner if name == "device" else "%s/%s" % (name, inner))
                else:
                    here = "%s/%s" % (path, child.tag) if path else child.tag
                    places.add(here)
                    yield from walk(child, here)

        yield from walk(element, "")
        yield name, places

    def test_every_element(self):
        seen = {}
        for machine in machines():
            for _, xml in kit.documents(kit.read(os.path.join(HANDMADE, machine, "devices.xml"))):
                for name, places in self.holders(ElementTree.fromstring(xml), "device"):
                    seen.setdefault(name, []).append(places)
        self.assertEqual(set(seen), set(self.ELEMENTS))
        wrong = []
        for name, places in self.ELEMENTS.items():
            for place in places.split():
                path = place.rstrip("?")
                if not any(path in found for found in seen[name]):
                    wrong.append("%s: nowhere %s" % (name, path))
                if place != path and all(path in found for found in seen[name]):
                    wrong.append("%s: everywhere %s" % (name, path))
        self.assertEqual(wrong, [])
        self.note = "%d capabilities" % len(seen)


class Documentation(unittest.TestCase):
    def test_the_example_in_json_md(self):
        text = kit.read(os.path.join(kit.ROOT, "docs", "json.md"))
        name, example = re.search(r"^\$ nodedev dumpjson (\w+)\n(\{\n.*?^\}\n)", text, re.M | re.S).groups()
        uri = "nodedev:///embed?root=" + kit.extract(archive("storage"))
        tool = os.path.join(kit.PREFIX, "bin", "nodedev")
        self.assertEqual(kit.checked(tool, "-c", uri, "dumpjson", name).stdout, example)


def load_tests(loader, _standard, _pattern):
    suite = unittest.TestSuite()
    for base in (Embed, Replay):
        for machine in machines():
            name = "%s_%s" % (base.mode, machine)
            case = type(name, (base, unittest.TestCase), {"machine": machine, "__qualname__": name})
            suite.addTests(loader.loadTestsFromTestCase(case))
    for case in (Complete, Documentation):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite
