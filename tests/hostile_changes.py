# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Passes hostile text to the calls that change devices, and prints what came of each as JSON.

    hostile_changes.py documents | arguments | readonly | unprivileged

Run by test_hostile_changes.py with the recorded machine `mdev` as /sys. A mdevctl of our own writes down how it
is run and fails; virtual ports cannot be written since their attribute is on a read-only mount.
"""
import ctypes
import json
import os
import subprocess
import sys
import tempfile
from xml.sax.saxutils import quoteattr

import vnd
from vnd import lib

MDEV = b"mdev_11111111_2222_3333_4444_555555555501_mtty"
NIC = b"pci_0000_03_00_0"
VPORT_CREATE = "/sys/class/fc_host/host12/vport_create"
MDEVCTL = """#!/bin/sh
case "$*" in *--help*) exit 0 ;; esac
{ printf '%%s\\0' "$@"; printf '\\1'; cat; } >%s/$$
echo "Error: not today" >&2
exit 1
"""

# A document's text with every character that XML has; the same escaped in other ways; bytes that are no text.
TEXTS = [
    "../../../../etc/passwd", "..", ".", "/", "/etc/passwd", "a/../b", "mtty-2/../mtty-1", "-x", "--help", "--uuid=x", "-",
    "a\nb", "a\tb", "\n", "a\x7fb", "\x85", "\u202e", "\u00e9", "\U0001f600", "%s%n%1$s", "$(id)", "`id`", "; reboot", "a b", " ", "",
    "'\"<>&", "]]", "x" * 256, "x" * 5000, "x/" * 3000, "0", "-1", "0x", "99999999999999999999999", "*", "?", "[a]", "\\", "\\0", "null", "{}",
    "mtty_mtty", "computer", "MTTY_MTTY", "mtty_mtty ", "mtty_mtty\n",
]
RAW = [b"\xff\xfe", b"a\x01b", b"\x1b[31m", b"&#0;", b"&#1;", b"&x;", b"\xed\xa0\x80", b"\xc0\xaf..", b"\xef\xbf\xbf", b"a\0b"]

MEDIATED = """<device>
  <name>{name}</name><path>{path}</path><devnode type={devnode_type}>{devnode}</devnode><parent>{parent}</parent>
  <driver><name>{driver}</name></driver>
  <capability type={kind}>
    <type id={type}/><uuid>{uuid}</uuid><parent_addr>{parent_addr}</parent_addr><iommuGroup number={group}/>
    <attr name={attribute} value={value}/>
  </capability>
</device>"""
MEDIATED_SLOTS = {
    "name": MDEV.decode(), "path": "/sys/x", "devnode_type": "dev", "devnode": "/dev/x", "parent": "mtty_mtty", "driver": "x", "kind": "mdev",
    "type": "mtty-2", "uuid": "11111111-2222-3333-4444-555555555501", "parent_addr": "mtty", "group": "1", "attribute": "assign",
    "value": "1",
}
PORT = """<device>
  <name>{name}</name><parent wwnn={parent_wwnn} wwpn={parent_wwpn}{fabric}>{parent}</parent>
  <capability type='scsi_host'>
    <host>{host}</host><unique_id>{unique_id}</unique_id>
    <capability type={kind}><wwnn>{wwnn}</wwnn><wwpn>{wwpn}</wwpn><fabric_wwn>{fabric_wwn}</fabric_wwn></capability>
    <capability type='vport_ops'><max_vports>{max_vports}</max_vports><vports>0</vports></capability>
  </capability>
</device>"""
PORT_SLOTS = {
    "name": "x", "parent": "scsi_host12", "parent_wwnn": "1000525400000201", "parent_wwpn": "2000525400000201",
    "fabric": "", "host": "13", "unique_id": "0", "kind": "fc_host", "wwnn": "2001001b32a9da4e",
    "wwpn": "2101001b32a9da4e", "fabric_wwn": "0", "max_vports": "1",
}
IN_ATTRIBUTES = {"devnode_type", "kind", "type", "group", "attribute", "value", "parent_wwnn", "parent_wwpn"}


def quoted(text, slot):
    """A text as it stands in a document."""
    if slot in IN_ATTRIBUTES:
        return quoteattr(text)
    return quoteattr(text)[1:-1].replace('"', "&quot;").replace("'", "&apos;")


def documents(template, slots):
    """(slot, what stands there, document), one slot at a time."""
    good = {slot: quoted(text, slot) for slot, text in slots.items() if slot != "fabric"}
    for slot in slots:
        for text in TEXTS + RAW:
            values = dict(good, fabric="")
            marked = "\ue000" if isinstance(text, bytes) else text
            if slot == "fabric":
                values["fabric"] = " fabric_wwn=" + quoteattr(marked)
            else:
                values[slot] = quoted(marked, slot)
            document = template.format(**values).encode()
            if isinstance(text, bytes):
                document = document.replace("\ue000".encode(), text)
            yield slot, repr(text)[:60], document


class Watch:
    """What a mdevctl of our own was told, call by call."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        programs = tempfile.mkdtemp()
        with open(programs + "/mdevctl", "w") as f:
            f.write(MDEVCTL % self.folder)
        os.chmod(programs + "/mdevctl", 0o755)
        for folder in (programs, self.folder):
            os.chmod(folder, 0o777)
        os.environ["PATH"] = programs + ":" + os.environ["PATH"]

    def told(self):
        runs = []
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name), "rb") as f:
                arguments, _, given = f.read().partition(b"\1")
            runs.append([[a.decode() for a in arguments.split(b"\0")[:-1]], given.decode()])
            os.unlink(os.path.join(self.folder, name))
        return runs


def outcome(watch, label, call):
    lib.virResetLastError()
    result = call()
    error = vnd.last_error()
    return {"call": label, "failed": result in (None, -1), "error": error, "mdevctl": watch.told()}


def hostile_documents(watch, conn):
    dev = lib.virNodeDeviceLookupByName(conn, MDEV)
    calls = {
        "create": lambda xml: lib.virNodeDeviceCreateXML(conn, xml, 0),
        "create, validated": lambda xml: lib.virNodeDeviceCreateXML(conn, xml, 1),
        "define": lambda xml: lib.virNodeDeviceDefineXML(conn, xml, 0),
        "update": lambda xml: lib.virNodeDeviceUpdate(dev, xml, 2),
    }
    for template, slots in ((MEDIATED, MEDIATED_SLOTS), (PORT, PORT_SLOTS)):
        for slot, text, xml in documents(template, slots):
            for name, call in calls.items():
                yield outcome(watch, "%s, %s: %s" % (name, slot, text), lambda: call(xml))


def hostile_arguments(watch, conn):
    pci = lib.virNodeDeviceLookupByName(conn, NIC)
    for text in [t.encode("utf-8", "surrogatepass") for t in TEXTS] + RAW:
        if text.strip() in (b"mtty_mtty", b"computer"):
            continue
        for name, call in {
            "lookup": lambda: lib.virNodeDeviceLookupByName(conn, text),
            "wwnn": lambda: lib.virNodeDeviceLookupSCSIHostByWWN(conn, text, b"2000525400000201", 0),
            "wwpn": lambda: lib.virNodeDeviceLookupSCSIHostByWWN(conn, b"1000525400000201", text, 0),
            "count": lambda: lib.virNodeNumOfDevices(conn, text, 0) or None,
            "driver": lambda: lib.virNodeDeviceDetachFlags(pci, text, 0),
            "open": lambda: lib.virConnectOpen(b"nodedev:///" + text) if text else None,
            "host": lambda: lib.virConnectOpen(b"nodedev://" + text + b"/system") if text else None,
            "document": lambda: lib.virNodeDeviceDefineXML(conn, text, 0),
        }.items():
            yield outcome(watch, "%s: %.60r" % (name, text), call)


def changes(conn, device, text):
    """Every call that changes something, with arguments that must not be read."""
    return {
        "virNodeDeviceCreateXML": lambda: lib.virNodeDeviceCreateXML(conn, text, 0xffffffff),
        "virNodeDeviceDefineXML": lambda: lib.virNodeDeviceDefineXML(conn, text, 0xffffffff),
        "virNodeDeviceUpdate": lambda: lib.virNodeDeviceUpdate(device, text, 0xffffffff),
        "virNodeDeviceDestroy": lambda: lib.virNodeDeviceDestroy(device),
        "virNodeDeviceUndefine": lambda: lib.virNodeDeviceUndefine(device, 0xffffffff),
        "virNodeDeviceCreate": lambda: lib.virNodeDeviceCreate(device, 0xffffffff),
        "virNodeDeviceSetAutostart": lambda: lib.virNodeDeviceSetAutostart(device, -1),
        "virNodeDeviceDettach": lambda: lib.virNodeDeviceDettach(device),
        "virNodeDeviceDetachFlags": lambda: lib.virNodeDeviceDetachFlags(device, text, 0xffffffff),
        "virNodeDeviceReAttach": lambda: lib.virNodeDeviceReAttach(device),
        "virNodeDeviceReset": lambda: lib.virNodeDeviceReset(device),
    }


def read_only(watch, _conn):
    # A pointer to no memory: to read it is a crash.
    garbage = ctypes.cast(ctypes.c_void_p(1), ctypes.c_char_p)
    for uri in (b"nodedev:///system", b"test:///default"):
        conn = lib.virConnectOpenReadOnly(uri)
        names = [MDEV, NIC] if uri.startswith(b"nodedev") else [b"computer"]
        for device in [lib.virNodeDeviceLookupByName(conn, name) for name in names]:
            for text in (None, garbage):
                for name, call in changes(conn, device, text).items():
                    yield outcome(watch, name, call)


def unprivileged(watch, conn):
    """As another user, in a child: what that user may not write."""
    mdev, vport, pci = (lib.virNodeDeviceLookupByName(conn, n) for n in (MDEV, b"scsi_host12", NIC))
    document = PORT.format(**{slot: quoted(text, slot) for slot, text in PORT_SLOTS.items()})
    document = document.replace(" wwnn='1000525400000201' wwpn='2000525400000201'", "").replace(
        ' wwnn="1000525400000201" wwpn="2000525400000201"', "")
    for name, call in {
        "port": lambda: lib.virNodeDeviceCreateXML(conn, document.encode(), 0),
        "detach": lambda: lib.virNodeDeviceDettach(pci),
        "detach to": lambda: lib.virNodeDeviceDetachFlags(pci, b"vfio-pci", 0),
        "reattach": lambda: lib.virNodeDeviceReAttach(pci),
        "reset": lambda: lib.virNodeDeviceReset(pci),
    }.items():
        yield outcome(watch, name, call)


def everything():
    """Every file that could have been written, with its time and size."""
    found = {}
    for top in ("/sys", "/etc/mdevctl.d"):
        for folder, folders, files in os.walk(top):
            for name in folders + files:
                path = os.path.join(folder, name)
                status = os.lstat(path)
                found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found


def main():
    vnd.silence()
    what = {"documents": hostile_documents, "arguments": hostile_arguments, "readonly": read_only,
            "unprivileged": unprivileged}[sys.argv[1]]
    watch = Watch()
    if what is hostile_documents:
        subprocess.run(["mount", "--bind", VPORT_CREATE, VPORT_CREATE], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", VPORT_CREATE], check=True)
    before = everything()
    if what is unprivileged:
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
        except OSError:
            sys.exit(77)
    outcomes = list(what(watch, lib.virConnectOpen(b"nodedev:///system")))
    after = everything()
    changed = sorted(set(before.items()) ^ set(after.items()))
    json.dump({"outcomes": outcomes, "changed": changed}, sys.stdout)


main()
