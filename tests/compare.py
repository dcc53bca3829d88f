# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Compares what the library says of a recorded machine with what libvirt 12.8.0 said.

Both sides are folders with devices.xml (all XML documents, one after the other), inactive.xml
and api.json; libvirt's documents may also be files of their own, xml/DEVICE.xml.
tests/data/exceptions.json names what a recording cannot give, and why.
"""
import collections
import difflib
import json
import os
import re

from kit import DATA, documents, read

EXCEPTIONS = os.path.join(DATA, "exceptions.json")

# States that virNodeDeviceIsActive() and its like give, and parent and capabilities.
FIELDS = ("parent", "caps", "numCaps", "active", "persistent", "autostart")


class Exceptions:
    """The named exceptions that hold for one machine in one mode ("replay" or "embed")."""

    def __init__(self, machine, mode, path=EXCEPTIONS):
        with open(path) as f:
            everything = json.load(f)
        self.rules = [r for r in everything
                      if machine in r.get("machines", [machine]) and mode in r.get("modes", [mode])]
        self.used = set()

    def _matching(self, device, key):
        for rule in self.rules:
            if key in rule and re.fullmatch(rule.get("devices", ".*"), device):
                yield rule

    def absent(self, device):
        """Whether the device is allowed to be missing."""
        for rule in self._matching(device, "missing"):
            self.used.add(rule["name"])
            return True
        return False

    def fields(self, device):
        """Fields of api.json that are not compared."""
        skipped = set()
        for rule in self._matching(device, "fields"):
            self.used.add(rule["name"])
            skipped.update(rule["fields"])
        return skipped

    def without(self, device, text):
        """The document without the lines that are not compared."""
        for rule in self._matching(device, "lines"):
            kept = re.sub(r"^\s*(?:%s)\n" % rule["lines"], "", text, flags=re.M)
            if kept != text:
                self.used.add(rule["name"])
            text = kept
        return text


def kind(text):
    found = re.search(r"^  <capability type='(\w+)'>", text, re.M)
    return found[1] if found else "?"


def documents_of(folder, file):
    """The documents of a folder by device name; none where there is no such file."""
    if os.path.exists(os.path.join(folder, file)):
        return dict(documents(read(os.path.join(folder, file))))
    single = os.path.join(folder, "xml")
    if file != "devices.xml" or not os.path.isdir(single):
        return {}
    return {name[:-len(".xml")]: read(os.path.join(single, name)) for name in os.listdir(single)
            if name.endswith(".xml") and not name.endswith(".inactive.xml")}


class Comparison:
    """XML of all devices, per kind: how many there are, how many are the same."""

    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.diffs = []

    def add_documents(self, expected, got, exceptions, ordered=True, file="devices.xml"):
        """Compares one file of two folders."""
        want = documents_of(expected, file)
        have = documents_of(got, file)
        for name in sorted(want.keys() | have.keys()):
            row = self.rows[kind(want.get(name) or have[name])]
            if name in want:
                row["devices"] += 1
            if name not in have:
                if exceptions.absent(name):
                    row["excepted"] += 1
                else:
                    row["missing"] += 1
                    self.diffs.append("missing: %s\n" % name)
                continue
            if name not in want:
                row["extra"] += 1
                self.diffs.append("extra: %s\n" % name)
                continue
            a = exceptions.without(name, want[name]).splitlines(True)
            b = exceptions.without(name, have[name]).splitlines(True)
            if a == b or (not ordered and sorted(a) == sorted(b)):
                row["identical"] += 1
            else:
                row["different"] += 1
                self.diffs.extend(difflib.unified_diff(a, b, "libvirt/" + name, "ours/" + name))
        return self

    COLUMNS = ("devices", "identical", "different", "missing", "extra", "excepted")

    def total(self, column):
        return sum(row[column] for row in self.rows.values())

    def add(self, other):
        """Adds the counts of another machine."""
        for name, row in other.rows.items():
            self.rows[name].update(row)
        self.diffs.extend(other.diffs)

    def ok(self):
        return not self.diffs

    def summary(self):
        text = "%d of %d identical" % (self.total("identical"), self.total("devices"))
        bad = ["%d %s" % (self.total(c), c) for c in self.COLUMNS[2:] if self.total(c)]
        return ", ".join([text] + bad)

    def table(self):
        lines = ["%-14s" % "kind" + "".join("%11s" % c for c in self.COLUMNS)]
        for name in sorted(self.rows):
            lines.append("%-14s" % name + "".join("%11d" % self.rows[name][c] for c in self.COLUMNS))
        lines.append("%-14s" % "all" + "".join("%11d" % self.total(c) for c in self.COLUMNS))
        return "\n".join(lines) + "\n"


def compare_api(expected, got, exceptions):
    """Differences between two api.json: every device's fields, every list flag, every name list."""
    with open(os.path.join(expected, "api.json")) as f:
        want = json.load(f)
    with open(os.path.join(got, "api.json")) as f:
        have = json.load(f)
    wrong = []
    absent = {name for name in want["devices"] if name not in have["devices"] and exceptions.absent(name)}
    for name in sorted(want["devices"].keys() | have["devices"].keys()):
        a, b = want["devices"].get(name), have["devices"].get(name)
        if name in absent:
            continue
        if a is None or b is None:
            wrong.append("%s: %s" % (name, "extra" if a is None else "missing"))
            continue
        skipped = exceptions.fields(name)
        for field in FIELDS:
            if field not in skipped and a[field] != b[field]:
                wrong.append("%s: %s is %r, libvirt: %r" % (name, field, b[field], a[field]))
    states = {name for name in want["devices"] if "persistent" in exceptions.fields(name)}
    for table in ("by_flag", "by_state", "by_name"):
        for key, names in want[table].items():
            ignore = absent | (states if table == "by_state" else set())
            a, b = set(names) - ignore, set(have[table].get(key, ["(no such list)"])) - ignore
            if a != b:
                wrong.append("%s %s: missing %s, extra %s" % (table, key, sorted(a - b), sorted(b - a)))
            if len(have[table].get(key, [])) != len(set(have[table].get(key, []))):
                wrong.append("%s %s: a name twice" % (table, key))
    if have["numOfDevices"] != want["numOfDevices"] - len(absent):
        wrong.append("numOfDevices is %d, libvirt: %d" % (have["numOfDevices"], want["numOfDevices"]))
    return wrong


def check_order(got):
    """The one order of all lists: "computer" first, parents before children, filters keep it."""
    with open(os.path.join(got, "api.json")) as f:
        have = json.load(f)
    names = list(have["devices"])
    place = {name: n for n, name in enumerate(names)}
    wrong = [] if names[0] == "computer" else ["first is %s" % names[0]]
    for name in names:
        parent = have["devices"][name]["parent"]
        if parent is not None and (parent not in place or place[parent] >= place[name]):
            wrong.append("%s comes before its parent %s" % (name, parent))
    for table in ("by_flag", "by_state", "by_name"):
        for key, listed in have[table].items():
            places = [place.get(name, -1) for name in listed]
            if places != sorted(places):
                wrong.append("%s %s is in another order" % (table, key))
    return wrong
