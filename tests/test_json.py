# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The JSON descriptions: valid by docs/nodedev.schema.json, and the same facts as the XML.

Both are walked member by member. The schema itself is tried too: what is changed a little must be refused.
"""
import functools
import json
import os
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema

import kit
import vnd
from vnd import lib

SCHEMA = os.path.join(kit.ROOT, "docs", "nodedev.schema.json")
TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM = 1
VIR_ERR_INVALID_ARG, VIR_ERR_INVALID_NODE_DEVICE = 8, 52


@functools.lru_cache
def validator():
    with open(SCHEMA) as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def errors(device):
    return ["/".join(str(part) for part in e.absolute_path) + ": " + e.message
            for e in validator().iter_errors(device)]


def no_duplicates(pairs):
    """An object of a JSON text; that a name stands twice in it is an error that json passes over."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a member twice: %s" % names)
    return dict(pairs)


class Source:
    """An open connection and all that it says of its devices."""

    def __init__(self, uri):
        self.conn = lib.virConnectOpen(uri.encode())
        if not self.conn:
            raise AssertionError(vnd.last_error())

    def close(self):
        if lib.virConnectClose(self.conn) != 0:
            raise AssertionError("a reference on the connection is left")

    def all_json(self, flags=0):
        text = vnd.owned(lib.vndConnectGetAllDevicesJSON(self.conn, flags))
        return json.loads(text, object_pairs_hook=no_duplicates)

    def all_xml(self, flags=0):
        return vnd.owned(lib.vndConnectGetAllDevicesXML(self.conn, flags))

    def one(self, name):
        """JSON and XML of one device."""
        device = lib.virNodeDeviceLookupByName(self.conn, name.encode())
        if not device:
            return None
        try:
            return (vnd.owned(lib.vndNodeDeviceGetJSONDesc(device, 0)),
                    vnd.owned(lib.virNodeDeviceGetXMLDesc(device, 0)))
        finally:
            lib.virNodeDeviceFree(device)


# --- the walk -----------------------------------------------------------------------------------

def same_value(text, value, where):
    """An XML text and a JSON value. Numbers in XML are decimal, hexadecimal (0x…), or fractions."""
    if isinstance(value, bool):
        return ["%s: %r is no value" % (where, value)]
    if isinstance(value, (int, float)):
        try:
            number = int(text, 16) if text.startswith("0x") else float(text) if "." in text else int(text)
        except ValueError:
            number = None
        return [] if number == value else ["%s: %r in XML, %r in JSON" % (where, text, value)]
    # An XML parser turns line ends into \n; JSON keeps them.
    plain = value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
    return [] if plain == text else ["%s: %r in XML, %r in JSON" % (where, text, value)]


def same_attribute(text, value, where):
    """Line ends and tabs in attributes are read as blanks (XML 1.0, 3.3.3)."""
    if isinstance(value, str):
        value = value.replace("\r\n", " ").translate({9: " ", 10: " ", 13: " "})
    return same_value(text, value, where)


def same_element(element, value, where, skip=()):
    """What differs between an element and the JSON value that stands for it."""
    attributes = {k: v for k, v in element.attrib.items() if k not in skip}
    if not isinstance(value, dict):
        if attributes or len(element):
            return ["%s: %r stands for an element with more than a text" % (where, value)]
        return same_value(element.text or "", value, where)
    wrong, left = [], dict(value)
    for name, text in attributes.items():
        if name not in left:
            wrong.append("%s/@%s: not in JSON" % (where, name))
        else:
            wrong += same_attribute(text, left.pop(name), "%s/@%s" % (where, name))
    if len(element):
        wrong += same_children(element, left, where)
    elif "text" in left or (element.text or "").strip():
        wrong += same_value(element.text or "", left.pop("text", None), where)
    return wrong + ["%s/%s: not in XML" % (where, name) for name in left]


def same_children(element, left, where):
    wrong = []
    capabilities = left.pop("capability", {})
    kinds = []
    by_name = {}
    for child in element:
        if child.tag == "capability":
            kinds.append(child.get("type"))
            if kinds[-1] not in capabilities:
                wrong.append("%s/%s: not in JSON" % (where, kinds[-1]))
            else:
                wrong += same_element(child, capabilities[kinds[-1]], "%s/%s" % (where, kinds[-1]), ("type",))
        else:
            by_name.setdefault(child.tag, []).append(child)
    if list(capabilities) != kinds:
        wrong.append("%s: capabilities %s in JSON, %s in XML" % (where, list(capabilities), kinds))
    order = [name for name in left if name in by_name]
    if order != list(by_name):
        wrong.append("%s: order is %s in JSON, %s in XML" % (where, order, list(by_name)))
    for name, children in by_name.items():
        value = left.pop(name, None)
        here = "%s/%s" % (where, name)
        if isinstance(value, list):
            if len(value) != len(children):
                wrong.append("%s: %d in XML, %d in JSON" % (here, len(children), len(value)))
            for number, (child, item) in enumerate(zip(children, value)):
                wrong += same_element(child, item, "%s[%d]" % (here, number))
        elif len(children) != 1 or value is None:
            wrong.append("%s: %d in XML, %r in JSON" % (here, len(children), value))
        else:
            wrong += same_element(children[0], value, here)
    return wrong


def differences(xml, device):
    """What the XML text and the JSON object of a device do not both say."""
    return same_element(ElementTree.fromstring(xml), device, device.get("name", "?"))


# --- the tests ----------------------------------------------------------------------------------

class Dumps(unittest.TestCase):
    """Every device of every recording, of this host and of the test driver."""

    def check(self, uri, live=False):
        source = Source(uri)
        try:
            devices = source.all_json()
            node = ElementTree.fromstring(source.all_xml())
            self.assertEqual(node.tag, "node")
            self.assertEqual(devices[0]["name"], "computer")
            wrong = []
            for device in devices:
                wrong += errors(device)
            if not live:  # between two calls a live host may change
                self.assertEqual([d["name"] for d in devices], [d.findtext("name") for d in node])
                for device, element in zip(devices, node):
                    wrong += same_element(element, device, device["name"])
            compared = 0
            for device in devices:
                texts = source.one(device["name"])
                if live and (texts is None or None in texts):
                    continue
                alone = json.loads(texts[0], object_pairs_hook=no_duplicates)
                wrong += errors(alone) + differences(texts[1], alone)
                if not live:
                    self.assertEqual(alone, device)
                compared += 1
            self.assertEqual(wrong, [])
            self.assertGreater(compared, 0)
            return devices
        finally:
            source.close()

    def test_host(self):
        self.note = "%d devices" % len(self.check("nodedev:///system", live=True))

    def test_test_driver(self):
        self.assertEqual(len(self.check("test:///default")), 4)


def _recording_test(machine):
    def test(self):
        tree = kit.extract(kit.machine_archive(machine))
        devices = self.check("nodedev:///embed?root=" + tree)
        self.note = "%d devices" % len(devices)
        # What was written as a document says the same again.
        path = os.path.join(kit.temp(), machine + "-node.xml")
        source = Source("nodedev:///embed?root=" + tree)
        with open(path, "w") as f:
            f.write(source.all_xml())
        source.close()
        again = {d["name"]: d for d in self.check("test://" + path)}
        self.assertEqual(again, {d["name"]: d for d in devices})
    return test


for _machine in kit.machine_names():
    setattr(Dumps, "test_" + _machine, _recording_test(_machine))


class Calls(unittest.TestCase):
    def setUp(self):
        vnd.silence()
        self.source = Source("test:///default")
        self.addCleanup(self.source.close)

    def test_flags_choose_devices(self):
        found = self.source.all_json(VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM)
        self.assertEqual([d["name"] for d in found], ["computer"])
        self.assertEqual(len(ElementTree.fromstring(self.source.all_xml(VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM))), 1)

    def test_unknown_flags(self):
        for function in (lib.vndConnectGetAllDevicesJSON, lib.vndConnectGetAllDevicesXML):
            self.assertIsNone(function(self.source.conn, 1 << 27))
            self.assertEqual(vnd.last_error()["code"], VIR_ERR_INVALID_ARG)
        device = lib.virNodeDeviceLookupByName(self.source.conn, b"computer")
        self.assertIsNone(lib.vndNodeDeviceGetJSONDesc(device, 2))
        self.assertEqual(vnd.last_error()["code"], VIR_ERR_INVALID_ARG)
        lib.virNodeDeviceFree(device)

    def test_no_handle(self):
        self.assertIsNone(lib.vndNodeDeviceGetJSONDesc(None, 0))
        self.assertEqual(vnd.last_error()["code"], VIR_ERR_INVALID_NODE_DEVICE)
        self.assertIsNone(lib.vndConnectGetAllDevicesJSON(None, 0))
        self.assertIsNone(lib.vndConnectGetAllDevicesXML(None, 0))


class Program(unittest.TestCase):
    """nodedev dumpjson, list --json and dumpxml --all."""

    @classmethod
    def setUpClass(cls):
        cls.uri = "nodedev:///embed?root=" + kit.extract(kit.machine_archive("synth"))
        cls.source = Source(cls.uri)
        cls.devices = cls.source.all_json()

    @classmethod
    def tearDownClass(cls):
        cls.source.close()

    def tool(self, *arguments):
        return kit.checked(TOOL, "-c", self.uri, *arguments).stdout

    def refuse(self, text, *arguments):
        done = kit.run(TOOL, *arguments)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (2, "", "error: %s\nTry 'nodedev --help'.\n" % text), arguments)

    def laid_out(self, value):
        """As Python lays JSON out: two blanks a level."""
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"

    def test_all(self):
        text = self.tool("dumpjson", "--all")
        self.assertEqual(json.loads(text), self.devices)
        self.assertEqual(text, self.laid_out(self.devices))
        self.assertEqual(self.tool("list", "--all", "--json"), text)

    def test_named(self):
        some = [d for d in self.devices if d["name"].startswith(("block_sdx", "mtty", "ccwgroup")) or "path" not in d]
        self.assertGreater(len(some), 2)
        self.assertEqual(self.tool("dumpjson", *(d["name"] for d in some)), "".join(map(self.laid_out, some)))

    def test_filters(self):
        pci = [d for d in self.devices if "pci" in d["capability"]]
        self.assertEqual(json.loads(self.tool("list", "--json", "--cap", "pci")), pci)
        self.assertEqual(self.tool("list", "--json", "--inactive"), "[]\n")

    def test_all_xml(self):
        self.assertEqual(self.tool("-q", "dumpxml", "--all"), self.source.all_xml())

    def test_usage(self):
        for command in ("dumpxml", "dumpjson"):
            self.refuse("command '%s' needs the name of a device" % command, command)
            self.refuse("unexpected argument 'computer'", command, "--all", "computer")
            self.refuse("Option --all is incompatible with --inactive", command, "--all", "--inactive")
            self.refuse("command '%s' has no option --json" % command, command, "--json", "computer")
        self.refuse("Option --tree is incompatible with --json", "list", "--tree", "--json")

    def test_failures(self):
        done = kit.run(TOOL, "-c", self.uri, "dumpjson", "nosuch", "computer")
        self.assertEqual((done.returncode, done.stdout), (1, self.laid_out(self.devices[0])))
        self.assertTrue(done.stderr.startswith("error: Could not find matching device 'nosuch'\n"))
        for arguments in (("dumpjson", "--all"), ("list", "--json")):
            with open("/dev/full", "w") as full:
                done = kit.run(TOOL, "-c", self.uri, *arguments, stdout=full)
            self.assertEqual((done.returncode, done.stderr),
                             (1, "error: cannot write to standard output: No space left on device\n"))

    def test_no_leaks(self):
        for arguments in (("dumpjson", "--all"), ("dumpjson", "computer"), ("list", "--json"), ("dumpxml", "--all")):
            done = kit.run("valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite",
                           "--error-exitcode=9", TOOL, "-c", self.uri, *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)


def objects(value, path=()):
    """Every object inside a JSON value, with the way to it."""
    if isinstance(value, dict):
        yield path
        for name, inner in value.items():
            yield from objects(inner, path + (name,))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from objects(inner, path + (number,))


def leaves(value, path=()):
    if isinstance(value, (dict, list)):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in inside:
            yield from leaves(inner, path + (name,))
    else:
        yield path, value


def changed(device, path, change):
    """A copy of the device in which `change` was done to what `path` leads to."""
    copy = json.loads(json.dumps(device))
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    if path:
        holder[path[-1]] = change(holder[path[-1]])
        return copy
    return change(copy)


class Strictness(unittest.TestCase):
    """A schema that lets everything pass would prove nothing."""

    @classmethod
    def setUpClass(cls):
        source = Source("nodedev:///embed?root=" + kit.extract(kit.machine_archive("synth")))
        shapes = {}
        for device in source.all_json():
            shapes.setdefault(tuple(path for path, _ in leaves(device["capability"])), device)
        cls.devices = list(shapes.values())
        source.close()

    def test_unknown_members(self):
        for device in self.devices:
            for path in objects(device):
                self.assertTrue(errors(changed(device, path, lambda o: dict(o, bogus=1))), (device["name"], path))

    def test_wrong_types(self):
        for device in self.devices:
            for path, value in leaves(device):
                other = str(value) if isinstance(value, (int, float)) else 1
                for wrong in (other, None, [value], {"text": value}):
                    self.assertTrue(errors(changed(device, path, lambda _, wrong=wrong: wrong)),
                                    (device["name"], path, wrong))

    def test_missing_members(self):
        """What XML always has."""
        required = {"pci": "vendor", "net": "interface", "scsi_host": "host", "scsi_target": "target", "scsi": "lun",
                    "storage": "block", "mdev": "type", "ccw": "devno", "css": "ssid", "ccwgroup": "cssid",
                    "ap_card": "ap-adapter", "ap_queue": "ap-domain", "system": "hardware"}
        seen = set()
        for device in self.devices:
            (kind, facts), = device["capability"].items()
            if kind in required:
                seen.add(kind)
                less = {name: value for name, value in facts.items() if name != required[kind]}
                self.assertTrue(errors(changed(device, ("capability", kind), lambda _, less=less: less)), kind)
        self.assertEqual(seen, set(required))
        self.assertTrue(errors({"capability": {"vdpa": {}}}))
        self.assertTrue(errors({"name": "x"}))
        self.assertTrue(errors({"name": "x", "capability": {}}))
        self.assertTrue(errors({"name": "x", "capability": {"vdpa": {}, "css": {"cssid": 0, "ssid": 0, "devno": 0}}}))
        self.assertFalse(errors({"name": "x", "capability": {"vdpa": {}}}))

    def test_sizes_are_of_drive_or_medium(self):
        removable = {"media_available": 0, "media_size": 0}
        self.assertFalse(errors(drive(capability={"removable": removable})))
        self.assertTrue(errors(drive(capability={"removable": removable}, size=1)))
        self.assertTrue(errors(drive()))
        self.assertFalse(errors(drive(size=0)))
        self.assertTrue(errors(drive(size=0, num_blocks=0)))
        self.assertTrue(errors(drive(size=0, num_blocks=1)))
        self.assertTrue(errors(drive(size=0, logical_block_size=0, num_blocks=0)))
        self.assertFalse(errors(drive(size=0, logical_block_size=512, num_blocks=0)))
        removable.update(logical_block_size=0, num_blocks=0)
        self.assertTrue(errors(drive(capability={"removable": removable})))

    def test_the_array(self):
        with open(SCHEMA) as f:
            schema = json.load(f)
        array = jsonschema.Draft202012Validator(dict(schema, **{"$ref": "#devices"}))
        self.assertTrue(array.is_valid(self.devices))
        self.assertFalse(array.is_valid(self.devices[0]))

    def test_the_walk_sees_differences(self):
        """The comparison with XML finds each value that was changed."""
        source = Source("nodedev:///embed?root=" + kit.extract(kit.machine_archive("synth")))
        for device in self.devices:
            _, xml = source.one(device["name"])
            self.assertEqual(differences(xml, device), [])
            for path, value in leaves(device):
                other = value + 1 if isinstance(value, (int, float)) else value + "x"
                self.assertTrue(differences(xml, changed(device, path, lambda _, other=other: other)))
            for path in objects(device):
                self.assertTrue(differences(xml, changed(device, path, lambda o: dict(o, bogus=1))))
                for name in [n for n in changed_at(device, path)]:
                    less = {k: v for k, v in changed_at(device, path).items() if k != name}
                    self.assertTrue(differences(xml, changed(device, path, lambda _, less=less: less)), (path, name))
        source.close()


def changed_at(device, path):
    for step in path:
        device = device[step]
    return device


def drive(**facts):
    return {"name": "x", "capability": {"storage": dict(facts, block="/dev/x")}}
