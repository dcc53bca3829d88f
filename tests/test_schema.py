# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Documents that libvirt's schema allows and forbids: the library's verdict beside xmllint's.

The documents are what libvirt printed of every recorded and handmade device, those that its
users would write (tests/data/input), and these with one thing changed at a time. The schema is
libvirt's own, with what is new since Debian's (tests/data/nodedev-12.8.rng).
"""
import copy
import glob
import os
import unittest
import xml.etree.ElementTree as ElementTree

import kit
import verdicts


# What an attribute or a text is changed to: each kind of value at, in and beyond its limits.
UUID = "11111111-2222-3333-4444-555555555501"
VALUES = [
    "", " ", "x", "X1", "bogus", "a b", "a\nb", "a\tb", "\u00e9", "0", "1", "4", "7", "A", "B", "-1", "+1", "-0", " 1", "1 ", "\n1\n", "007",
    "254", "255", "256", "65535", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295",
    "4294967296", "18446744073709551615", "18446744073709551616", "000018446744073709551615", "99999999999999999999999999",
    "0x", "0x0", "0X1", "0xf", "0xff", "0xFE", "0xFf", "0x1f", "0x100", "0xffff", "0x10000", "0x020000", "0x0200000", "0xABCDEF", "fe", "FE",
    "1.5", "2x5", "2.", ".5", "2.5.5", "2\n5", "2\r5", UUID, UUID.upper(), UUID.replace("-", ""), UUID[:-1], "{%s}" % UUID,
    UUID.replace("-", "", 1), UUID.replace("1", "g"), "5001a4a000000001", "0x5001A4A000000001", "5001a4a00000001",
    "0x5001a4a0000000011", "52:54:00:0a:0b:0C", "52-54-00-0a-0b-0c", "52:54:00:0a:0b", "52:54:0:0a:0b:0c1", "/", "/dev/sda", "/dev/sd.a",
    "/a b", "dev/sda", "/dev/a%+-_/", "tx-tcp_segmentation", "rx1", "v" * 255, "v" * 256, "\u00e9" * 255, "\u00e9" * 256, "a\rb",
    "dev", "link", " link ", "LINK", "online", "offline", "render", "up", "vfio-ap", "cap", "readonly", "mdev", "scsi_host", "mdev_types",
    "pci", "hotpluggable", "fc_host", "vport_ops", "80211", "qeth_generic",
]


def written(root):
    return ElementTree.tostring(root, encoding="unicode")


def places(root):
    """Each element with its parent and where it is: names and, where they tell the sort, types."""
    def walk(element, parent, path):
        sort = element.get("type") or element.get("access") or ""
        here = path + ("%s:%s" % (element.tag, sort if element.tag in ("capability", "devnode", "fields") else ""),)
        yield element, parent, here
        for child in element:
            yield from walk(child, element, here)
    yield from walk(root, None, ())


def changes(document, done):
    """What can be changed of a document, one thing at a time: (what, the new document).

    Elements that stand where one of the same kind was changed before (`done`) are passed over."""
    root = ElementTree.fromstring(document)
    for number, (element, parent, path) in enumerate(places(root)):
        kind = path + tuple(sorted(element.attrib))
        if kind not in done:
            done.add(kind)
            for what, how in ways(element, parent):
                fresh = copy.deepcopy(root)
                fresh_element, fresh_parent, _ = list(places(fresh))[number]
                how(fresh_element, fresh_parent)
                yield "/".join(path) + " " + what, written(fresh)


def ways(element, parent):
    """How an element can be changed: (what, the function that does it, given the element and its parent)."""
    def rename_attribute(name):
        return lambda e, p: e.set(name + "x", e.attrib.pop(name))

    def move(to):
        return lambda e, p: (p.remove(e), p.insert(len(p) if to is None else to, e))

    if parent is not None:
        at = list(parent).index(element)
        yield "removed", lambda e, p: p.remove(e)
        yield "doubled", lambda e, p: p.insert(at, copy.deepcopy(e))
        yield "doubled at the end", lambda e, p: p.append(copy.deepcopy(e))
        yield "to the front", move(0)
        yield "to the end", move(None)
        yield "behind the next", move(at + 1)
        for name in ("bogus", "name", "type", "uuid", "capability", "parent", "address"):
            yield "renamed to " + name, lambda e, p, n=name: setattr(e, "tag", n)
        yield "with a tail", lambda e, p: setattr(e, "tail", "x")
        yield "with a blank tail", lambda e, p: setattr(e, "tail", " \n\t")
    yield "emptied", lambda e, p: [e.remove(child) for child in list(e)]
    yield "with an element", lambda e, p: ElementTree.SubElement(e, "bogus")
    yield "with a comment", lambda e, p: e.append(ElementTree.Comment("x"))
    yield "with an attribute", lambda e, p: e.set("bogus", "")
    yield "with a type", lambda e, p: e.set("type", "bogus")
    yield "with an attribute of XML", lambda e, p: e.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    yield "in a namespace", lambda e, p: setattr(e, "tag", "{urn:x}" + e.tag)
    for value in VALUES:
        yield "text %.20r" % value, lambda e, p, v=value: setattr(e, "text", v)
    for name in list(element.attrib):
        yield "without " + name, lambda e, p, n=name: e.attrib.pop(n)
        yield name + " renamed", rename_attribute(name)
        for value in VALUES:
            yield "%s=%.20r" % (name, value), lambda e, p, n=name, v=value: e.set(n, v)


def recorded():
    for path in sorted(glob.glob(os.path.join(kit.MACHINES, "*", "*.xml"))
                       + glob.glob(os.path.join(kit.ROOT, "tests", "handmade", "*", "*.xml"))):
        for name, text in kit.documents(kit.read(path)):
            try:
                ElementTree.fromstring(text)
            except ElementTree.ParseError:
                continue  # libvirt prints some control characters that no XML may have
            yield "%s %s" % (os.path.relpath(path, kit.ROOT), name), text


def inputs():
    for path in sorted(glob.glob(os.path.join(kit.DATA, "input", "*.xml"))):
        yield os.path.basename(path), kit.read(path)


class Schema(verdicts.Verdicts):
    def ours(self, text):
        error = self.refusal(text)
        self.assertNotEqual(error["code"], verdicts.MALFORMED, (text, error["message"]))
        if error["code"] == verdicts.INVALID:
            self.assertEqual((error["domain"], error["level"], error["str3"], error["int1"], error["int2"]),
                             (5, 2, None, -1, -1))
            self.assertEqual(error["str1"], "XML document failed to validate against schema: %1$s")
            self.assertRegex(error["str2"], r"\Aline [1-9]\d*, column [1-9]\d*: .*<[^<>]+>")
            return error["message"]
        return error["message"] if "expecting root element" in error["message"] else None

    def xmllint(self, documents):
        """Which of the documents xmllint finds valid; all are well-formed."""
        found = self.compared(documents)
        self.assertNotIn(None, found, [text for text, verdict in zip(documents, found) if verdict is None][:1])
        return found

    def compare(self, named):
        """Both verdicts of each document; how many of them are valid and how many not."""
        counts, _ = self.differences(named, self.xmllint([text for _, text in named]))
        self.note = "%d valid, %d not" % (counts[True], counts[False])
        return counts

    def test_what_libvirt_printed(self):
        counts = self.compare(list(recorded()))
        self.assertGreater(counts[True], 900)

    def test_what_is_passed_in(self):
        """The files say in their names what libvirt's schema holds of them."""
        named = list(inputs())
        for (name, _), valid in zip(named, self.xmllint([text for _, text in named])):
            self.assertEqual(valid, name.startswith("good-"), name)
        self.compare(named)

    def test_one_change_at_a_time(self):
        done = set()
        texts = list(inputs()) + sorted(recorded(), key=lambda named: len(named[1]))
        named = [changed for _, text in texts for changed in changes(text, done)]
        counts = self.compare(named)
        self.assertGreater(min(counts.values()), 3000)


if __name__ == "__main__":
    unittest.main()
