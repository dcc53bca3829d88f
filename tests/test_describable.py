# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What is listed can be described, whatever its files hold.

On each machine, recorded (tests/data/machines) and written by hand (tests/handmade), every file and link that the
library looks at is in turn missing, empty, garbage, all ones; the same is done to each property of udev's entries.
Then everything is asked for: the list, XML, JSON and capabilities of each device, XML and JSON of all. Nothing of that
may be an error, and all must agree in what there is.

So that it ends soon, a file of each device is changed at a time, and only files of names that strace sees looked for.
Done here are three recorded machines; `make describable MACHINES=FOLDER` does those of that folder, which has the form
of tests/data/machines.
"""
import hashlib
import json
import os
import re
import shutil
import unittest
import xml.etree.ElementTree as ElementTree

import kit
import test_handmade
import vnd
from test_json import errors as errors_of
from vnd import lib

# What a file may hold instead. All ones is what a PCI device reads as that fell off the bus.
CONTENTS = {
    "missing": lambda data: None,
    "empty": lambda data: b"",
    "a line end": lambda data: b"\n",
    "garbage": lambda data: b"?\x00 \xff,0x\n",
    "all ones": lambda data: b"\xff" * max(len(data), 64),
    "too large a number": lambda data: b"99999999999999999999\n",
    "negative": lambda data: b"-2\n",
}
TARGETS = {
    "missing": lambda text: None,
    "leads nowhere": lambda text: "../none/" + os.path.basename(text),
    "leads to garbage": lambda text: "?",
    "circle": lambda text: "circle",
}
# The others are one of these with a few more devices.
RECORDED = ["base", "mdev", "synth"]
LOOKED_AT = "trace=open,openat,openat2,readlink,readlinkat,stat,lstat,newfstatat,statx"


def squeezed(name):
    """A name with # for each number, so that names that differ in numbers alone are the same."""
    return re.sub(r"\d+", "#", name)


class Machine:
    """A recorded tree whose files are changed for a while."""

    def __init__(self, archive):
        self.root = os.path.join(kit.temp(), "describable")
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.root)
        kit.unpack(archive, self.root)
        kit.checked("chmod", "-R", "u+rw", self.root)  # a recording has files that can only be written to
        self.uri = "nodedev:///embed?root=" + self.root
        self.owners = {}

    def looked_at(self):
        """Names of what the library opens, follows or looks for here, with udev's database and without."""
        names = set()
        for database in (True, False):
            if not database:
                shutil.rmtree(os.path.join(self.root, "run"), ignore_errors=True)
            log = os.path.join(kit.temp(), "looked-at")
            out = os.path.join(kit.temp(), "looked-at-out")
            os.makedirs(out, exist_ok=True)
            done = kit.run("strace", "-f", "-e", LOOKED_AT, "-s", "4096", "-o", log,
                           os.path.join(kit.BIN, "dump"), self.uri, out)
            if "PTRACE" in done.stderr:
                raise unittest.SkipTest("no privilege: " + done.stderr.strip())
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            names.update(squeezed(path.rsplit("/", 1)[-1]) for path in re.findall(r'"([^"\n]+)"', kit.read(log)))
        return names

    def collect(self, names):
        """Finds what is to be changed, by the device (or the other folder) to which it belongs."""
        for folder, folders, files in os.walk(self.root):
            inside = os.path.relpath(folder, self.root)
            for name in [*files, *(f for f in folders if os.path.islink(os.path.join(folder, f)))]:
                path = os.path.join(folder, name)
                # The links that say which devices there are stay: without them there is nothing to describe.
                is_entry = os.path.islink(path) and re.match("sys/(bus|class)/", inside)
                if is_entry or not (squeezed(name) in names or inside.startswith("run/")):
                    continue
                self.owners.setdefault(self.owner(path), []).append(path)
        for paths in self.owners.values():
            # Devices of a kind must not all lose the same at the same time: one may describe another.
            paths.sort(key=lambda path: hashlib.sha1(path.encode()).digest())

    def owner(self, path):
        """The folder of the device that a file belongs to, else its own folder; each of udev's entries is apart."""
        folder = os.path.dirname(path)
        if folder.endswith("/run/udev/data"):
            return path
        above = folder
        while above != self.root:
            if os.path.exists(os.path.join(above, "uevent")):
                return above
            above = os.path.dirname(above)
        return folder

    def changes(self):
        """Does all changes, several at a time; yields what was done, and undoes it."""
        for turn in range(max(len(paths) for paths in self.owners.values())):
            chosen = [paths[turn] for paths in self.owners.values() if turn < len(paths)]
            for change in {**CONTENTS, **TARGETS}:
                done = [undo for undo in (changed(path, change) for path in chosen) if undo]
                if done:
                    yield "%s: %s" % (change, " ".join(os.path.relpath(path, self.root) for path in chosen)), len(done)
                for undo in done:
                    undo()
        yield from self.changes_of_properties()

    def changes_of_properties(self):
        """The same for the lines of udev's entries, one of each device at a time."""
        entries = {path: read(path) for paths in self.owners.values() for path in paths if "/run/udev/data/" in path}
        places = {path: list(re.finditer(rb"^E:(\w+)=.*\n", data, re.M)) for path, data in entries.items()}
        for turn in range(max(map(len, places.values()), default=0)):
            for value in (None, b"", b"?\xff"):
                for number, (path, data) in enumerate(entries.items()):
                    if turn < len(places[path]):
                        place = places[path][(turn + number) % len(places[path])]
                        line = b"" if value is None else b"E:%s=%s\n" % (place[1], value)
                        write(path, data[:place.start()] + line + data[place.end():])
                yield "property %d: %r" % (turn, value), sum(turn < len(found) for found in places.values())
                for path, data in entries.items():
                    write(path, data)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def changed(path, change):
    """Changes a file or link; returns what undoes it, or None where that change is not for it."""
    if os.path.islink(path):
        if change not in TARGETS:
            return None
        text = os.readlink(path)
        target = TARGETS[change](text)
        os.unlink(path)
        if target is not None:
            os.symlink(os.path.basename(path) if target == "circle" else target, path)

        def restore():
            if target is not None:
                os.unlink(path)
            os.symlink(text, path)
        return restore
    if change not in CONTENTS:
        return None
    data = read(path)
    new = CONTENTS[change](data)
    if new is None:
        os.unlink(path)
    else:
        write(path, new)
    return lambda: write(path, data)


def asked(conn, name):
    """XML, JSON and capabilities of a device, in which nothing may fail."""
    handle = lib.virNodeDeviceLookupByName(conn, name)
    try:
        xml, wrong = vnd.owned(lib.virNodeDeviceGetXMLDesc(handle, 0)), []
        if xml is None:
            wrong.append("XML of %s: %s" % (name.decode(), vnd.error_line()))
        form = vnd.owned(lib.vndNodeDeviceGetJSONDesc(handle, 0))
        if form is None:
            wrong.append("JSON of %s: %s" % (name.decode(), vnd.error_line()))
        if lib.virNodeDeviceNumOfCaps(handle) < 1:
            wrong.append("capabilities of %s: %s" % (name.decode(), vnd.error_line()))
        return xml, form, wrong
    finally:
        lib.virNodeDeviceFree(handle)


def faults(uri, seen=None):
    """What is wrong with the answers to all questions. With `seen`, a set of JSON texts, those that are not in it have
    to fit the schema, and are added."""
    conn = lib.virConnectOpen(uri.encode())
    if not conn:
        return ["open: " + vnd.error_line()]
    try:
        count, handles = vnd.all_devices(conn)
        if count < 0:
            return ["list: " + vnd.error_line()]
        names = [lib.virNodeDeviceGetName(handle) for handle in handles]
        for handle in handles:
            lib.virNodeDeviceFree(handle)
        wrong, documents, forms = [], [], []
        for name in names:
            xml, form, refused = asked(conn, name)
            wrong += refused
            documents.append(xml or "")
            forms.append(form or "")
            if seen is not None and form and form not in seen:
                seen.add(form)
                wrong += ["JSON of %s: %s" % (name.decode(), error) for error in errors_of(json.loads(form))]
        if wrong:
            return wrong
        all_xml = vnd.owned(lib.vndConnectGetAllDevicesXML(conn, 0))
        all_json = vnd.owned(lib.vndConnectGetAllDevicesJSON(conn, 0))
        if all_xml is None or all_json is None:
            return ["all: " + vnd.error_line()]
        node = ElementTree.fromstring(all_xml.encode())
        if [element.findtext("name").encode() for element in node] != names:
            wrong.append("XML of all has %d devices, the list %d" % (len(node), len(names)))
        if all_json != "[%s]" % ",".join(forms):
            wrong.append("JSON of all is not that of each: %d and %d devices" % (len(json.loads(all_json)), len(names)))
        return wrong
    finally:
        lib.virConnectClose(conn)


class Describable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        vnd.silence()
        cls.names = None

    def test_whatever_its_files_hold(self):
        handmade = {name: test_handmade.archive(name) for name in test_handmade.machines()}
        folder = os.environ.get("VND_MACHINES")
        if folder:
            archives = {name: kit.machine_archive(name, folder) for name in kit.machine_names(folder)}
            self.assertTrue(archives, "no recorded machines in " + folder)
        else:
            archives = {**handmade, **{name: kit.machine_archive(name) for name in RECORDED}}
        names = set()
        for archive in {**handmade, **archives}.values():
            names |= Machine(archive).looked_at()
        self.assertLess({"uevent", "vendor", "driver", "operstate", "device"}, names)
        changes, runs, failures = 0, 0, {}
        for name, archive in archives.items():
            machine = Machine(archive)
            # Validation takes longer than all else: the machines written by hand have every element.
            seen = set() if name in handmade else None
            self.assertEqual(faults(machine.uri, seen), [], name)
            machine.collect(names)
            for what, count in machine.changes():
                changes, runs = changes + count, runs + 1
                for fault in faults(machine.uri, seen):
                    failures.setdefault(re.sub(r"\d+", "#", re.sub(r"of \w+|/[^ ]*/", "", fault)),
                                        "%s: %s\n%s" % (name, fault, what))
        self.note = "%d machines, %d changes, %d runs" % (len(archives), changes, runs)
        if failures:
            self.fail("%d kinds of fault:\n%s" % (len(failures), "\n".join(failures.values())))
