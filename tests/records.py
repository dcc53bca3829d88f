#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""records.py FILE.txt OUT.tar.gz

Turns a machine that is written as text records into a recording as scripts/replay and
nodedev:///embed take it. A record is a line: a letter, ": ", the rest. A line that begins with
`#` is a comment, an empty one means nothing.

  P: /devices/…     a folder below /sys; the records that follow are about it
  B: pci            it is a device of this bus …
  C: block          … or of this class: its `subsystem` link, and the bus's or class's link to it
  D: NAME           its driver: the link `driver`, and DRIVER= in its uevent file
  K: KEY=VALUE      a line of its uevent file (what the kernel says)
  E: KEY=VALUE      a property in udev's database
  S: LINK           a link to its device node, below /dev, in udev's database
  A: NAME=TEXT      an attribute that holds TEXT and a newline; \\n \\t \\\\ and \\xNN are understood
  H: NAME WORD…     an attribute of bytes: hexadecimal digits, "text", SUM (the byte that brings the sum of
                    all before it to 0). NAME[SIZE] fills up with zeros, and AT=WORD puts a word at that offset
  L: NAME=/TARGET   a relative link to TARGET below /sys, which is made if it is not there;
                    without the first slash the text of the link as it is
  F: /PATH          a file outside of /sys; its lines follow, each behind a `|`

Names may hold folders (`queue/rotational`). What is written first in a folder is listed first by
file systems that list the newest entry first, as tmpfs does: the archive is written backwards.
"""
import io
import os
import re
import sys
import tarfile


def unescape(text):
    def one(match):
        letter = match[1]
        return {"n": b"\n", "t": b"\t", "\\": b"\\"}.get(letter) or bytes([int(letter[1:], 16)])

    parts = re.split(r"(\\(?:n|t|\\|x[0-9a-fA-F]{2}))", text)
    return b"".join(one(re.fullmatch(r"\\(.*)", p, re.S)) if p.startswith("\\") else p.encode() for p in parts if p)


def word_bytes(word, before):
    if word == "SUM":
        return bytes([-sum(before) & 0xff])
    if word.startswith('"'):
        return unescape(word[1:-1])
    return bytes.fromhex(word)


def binary(rest):
    """The name and the bytes of an H record."""
    name, _, words = rest.partition(" ")
    sized = re.fullmatch(r"(.*)\[(\d+)\]", name)
    data = bytearray()
    for word in re.findall(r'[0-9a-f]+=(?:"[^"]*"|\S+)|"[^"]*"|\S+', words):
        at, equal, value = word.partition("=") if not word.startswith('"') else ("", "", word)
        if not equal:
            data += word_bytes(word, data)
            continue
        place, value = int(at, 16), word_bytes(value, data)
        data.extend(bytes(max(0, place + len(value) - len(data))))
        data[place:place + len(value)] = value
    if sized:
        name = sized[1]
        data.extend(bytes(max(0, int(sized[2]) - len(data))))
    return name, bytes(data)


class Folder:
    """The records of one P."""

    def __init__(self, path):
        self.path = "sys" + path
        self.subsystem = self.driver = None
        self.uevent, self.database, self.entries = [], [], []

    def keys(self):
        return dict(line.split("=", 1) for line in self.uevent)

    def database_name(self):
        """How udevd calls the file: by device number, interface index, or subsystem and name."""
        keys = self.keys()
        if "MAJOR" in keys:
            return "%s%s:%s" % ("b" if self.subsystem == "class/block" else "c", keys["MAJOR"], keys["MINOR"])
        if "IFINDEX" in keys:
            return "n" + keys["IFINDEX"]
        return "+%s:%s" % (os.path.basename(self.subsystem), os.path.basename(self.path))


class Machine:
    """All records of a file, as entries: path -> bytes, a link's text as str, or None for a folder."""

    def __init__(self, text):
        self.entries = {}
        self.folders = []
        folder = file = None
        for number, line in enumerate(text.splitlines(), 1):
            try:
                if line.startswith("|") and file:
                    self.entries[file] += line[1:].encode() + b"\n"
                    continue
                file = None
                if not line.strip() or line.startswith("#"):
                    continue
                letter, rest = line[0], line[3:]
                if line[1:3] not in (": ", ":"):
                    raise ValueError("no record")
                if letter == "P":
                    folder = Folder(rest)
                    self.folders.append(folder)
                elif letter == "F":
                    file = rest.lstrip("/")
                    self.entries[file] = b""
                else:
                    self.record(folder, letter, rest)
            except (ValueError, KeyError, AttributeError) as error:
                raise ValueError("line %d: %s: %s" % (number, line, error)) from error
        for folder in self.folders:
            self.add(folder)
        self.entries.setdefault("run/udev/data", None)
        self.add_targets()

    @staticmethod
    def record(folder, letter, rest):
        if letter in "BC":
            folder.subsystem = ("bus/" if letter == "B" else "class/") + rest
        elif letter == "D":
            folder.driver = rest
            folder.uevent.insert(0, "DRIVER=" + rest)
        elif letter == "K":
            folder.uevent.append(rest)
        elif letter in "ES":
            folder.database.append("%s:%s" % (letter, rest))
        elif letter == "A":
            name, value = rest.split("=", 1)
            folder.entries.append((name, unescape(value) + b"\n"))
        elif letter == "H":
            folder.entries.append(binary(rest))
        elif letter == "L":
            folder.entries.append(tuple(rest.split("=", 1)))
        else:
            raise ValueError("unknown letter")

    def link(self, path, target):
        """A relative link between two paths of the tree."""
        self.entries[path] = os.path.relpath(target, os.path.dirname(path))

    def add(self, folder):
        self.entries.setdefault(folder.path, None)
        if folder.subsystem:
            self.entries[folder.path + "/uevent"] = unescape("".join(line + "\n" for line in folder.uevent))
            top = "sys/" + folder.subsystem
            listed = top + ("/devices/" if top.startswith("sys/bus/") else "/") + os.path.basename(folder.path)
            self.link(folder.path + "/subsystem", top)
            self.link(listed, folder.path)
            if folder.driver:
                self.link(folder.path + "/driver", "%s/drivers/%s" % (top, folder.driver))
        for name, value in folder.entries:
            path = "%s/%s" % (folder.path, name)
            if isinstance(value, str) and value.startswith("/"):
                self.link(path, "sys" + value)
            else:
                self.entries[path] = value
        if folder.database:
            text = "I:1\n" + "".join(line + "\n" for line in folder.database)
            self.entries["run/udev/data/" + folder.database_name()] = unescape(text)

    def add_targets(self):
        """A link's target is there, unless the link is written as it is to lead nowhere."""
        known = {part for path in self.entries for part in ancestors(path)}
        for path, value in list(self.entries.items()):
            if isinstance(value, str) and ".." in value:
                target = os.path.normpath(os.path.join(os.path.dirname(path), value))
                if target not in known and target.startswith("sys/"):
                    self.entries[target] = None
                    known.update(ancestors(target))

    def write(self, path):
        """Writes the archive, the last entry first."""
        with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, compresslevel=1) as tar:
            for name, value in reversed(self.entries.items()):
                info = tarfile.TarInfo(name)
                info.mode = 0o755
                if value is None:
                    info.type = tarfile.DIRTYPE
                    tar.addfile(info)
                elif isinstance(value, str):
                    info.type, info.linkname = tarfile.SYMTYPE, value
                    tar.addfile(info)
                else:
                    info.mode, info.size = 0o644, len(value)
                    tar.addfile(info, io.BytesIO(value))


def ancestors(path):
    """The path and every folder above it."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]


def load(path):
    with open(path, encoding="utf-8") as f:
        return Machine(f.read())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    load(sys.argv[1]).write(sys.argv[2])
