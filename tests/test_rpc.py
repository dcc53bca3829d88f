# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""nodedev rpc: libvirt's own clients by a pipe, with what the library answers in process beside.

The real libvirt's client library judges every answer: it reads it, or says that it cannot.
"""
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import unittest

import compare
import foreign
import kit
import vnd
from rpc_raw import NODEDEV, PORT, Raw, command, embedded
from vnd import lib

CLIENT = os.path.join(kit.ROOT, "tests", "rpc_client.py")



def client(what, *arguments, **more):
    foreign.need_bindings("libvirt")
    done = kit.run(foreign.PYTHON, CLIENT, what, command(*arguments), *more.values(), env=foreign.own_environment())
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return json.loads(done.stdout)


class Machines(unittest.TestCase):
    """Every device of every recorded machine, as the library in this process says it."""

    def check_machine(self, machine):
        found = client("ask", embedded(machine))
        conn = lib.virConnectOpenReadOnly(embedded(machine).encode())
        names = json.loads(vnd.owned(lib.vndConnectGetAllDevicesJSON(conn, 0)))
        self.assertEqual(found["names"], [device["name"] for device in names])
        self.assertEqual((found["type"], found["number"], found["domains"], found["memory"]),
                         ("nodedev", len(names), [], True))
        for name in found["names"]:
            xml, parent, caps, active, persistent, autostart, again = found["devices"][name]
            device = lib.virNodeDeviceLookupByName(conn, name.encode())
            self.assertEqual(xml, vnd.owned(lib.virNodeDeviceGetXMLDesc(device, 0)))
            own = lib.virNodeDeviceGetParent(device)
            self.assertEqual((parent, len(caps), active, persistent, again),
                             (own and own.decode(), lib.virNodeDeviceNumOfCaps(device), lib.virNodeDeviceIsActive(device),
                              lib.virNodeDeviceIsPersistent(device), name))
            lib.virNodeDeviceFree(device)
        lib.virConnectClose(conn)
        self.note = "%d devices" % len(names)


def _add_tests(machine):
    setattr(Machines, "test_" + machine, lambda self: self.check_machine(machine))


for _machine in kit.machine_names():
    _add_tests(_machine)


class Clients(unittest.TestCase):
    def test_errors_are_those_of_the_library(self):
        table = os.path.join(kit.DATA, "error_documents.json")
        found = client("errors", documents=table)
        conn = lib.virConnectOpen(b"nodedev:///system")
        device = lib.virNodeDeviceLookupByName(conn, b"computer")
        vnd.silence()
        calls = {
            "lookup": lambda: lib.virNodeDeviceLookupByName(conn, b"nothing"),
            "lookup empty": lambda: lib.virNodeDeviceLookupByName(conn, b""),
            "wwn": lambda: lib.virNodeDeviceLookupSCSIHostByWWN(conn, b"1" * 16, b"2" * 16, 0),
            "wwn flags": lambda: lib.virNodeDeviceLookupSCSIHostByWWN(conn, b"1", b"1", 1),
            "list flags": lambda: vnd.all_devices(conn, 1 << 27), "number flags": lambda: lib.virNodeNumOfDevices(conn, None, 1),
            "xml flags": lambda: lib.virNodeDeviceGetXMLDesc(device, 4),
            "create flags": lambda: lib.virNodeDeviceCreateXML(conn, b"<device/>", 2),
            "define flags": lambda: lib.virNodeDeviceDefineXML(conn, b"<device/>", 4),
            "validate": lambda: lib.virNodeDeviceCreateXML(conn, b"<device/>", 1),
            "detach": lambda: lib.virNodeDeviceDettach(device), "detach to": lambda: lib.virNodeDeviceDetachFlags(device, b"x", 0),
            "reattach": lambda: lib.virNodeDeviceReAttach(device), "reset": lambda: lib.virNodeDeviceReset(device),
            "destroy": lambda: lib.virNodeDeviceDestroy(device), "undefine": lambda: lib.virNodeDeviceUndefine(device, 0),
            "undefine flags": lambda: lib.virNodeDeviceUndefine(device, 1), "start": lambda: lib.virNodeDeviceCreate(device, 0),
            "start flags": lambda: lib.virNodeDeviceCreate(device, 1), "autostart": lambda: lib.virNodeDeviceSetAutostart(device, 1),
            "update": lambda: lib.virNodeDeviceUpdate(device, b"<x/>", 0),
            "update flags": lambda: lib.virNodeDeviceUpdate(device, b"<device/>", 8),
        }
        for name, xml in json.loads(kit.read(table)).items():
            calls["create " + name] = lambda xml=xml: lib.virNodeDeviceCreateXML(conn, xml.encode(), 0)
            calls["define " + name] = lambda xml=xml: lib.virNodeDeviceDefineXML(conn, xml.encode(), 0)
        self.assertEqual(set(calls) - set(found["errors"]) - {"update", "update flags"}, set())
        for name, error in found["errors"].items():
            calls[name]()
            own = vnd.last_error()
            self.assertEqual(error, [own[field] for field in ("code", "domain", "message", "int1", "int2")], name)
        self.assertEqual(found["read only"], [29, 29])
        self.note = "%d calls" % len(found["errors"])
        lib.virNodeDeviceFree(device)
        lib.virConnectClose(conn)

    def test_events(self):
        found = client("events", "test:///default", xml=PORT)
        name = found["name"]
        self.assertEqual((found["told"], bool(found["again"])), ([[name, 0], [name, 1]], True))

    def test_virsh(self):
        """Each command says what it says on the library."""
        foreign.need("virsh", foreign.program("virsh"))
        uri = embedded("base")
        own = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
        far = "nodedev+ext:///system?command=" + command(uri)
        bad = os.path.join(kit.temp(), "bad.xml")
        with open(bad, "w") as f:
            f.write("<device/>")
        for words in (["nodedev-list"], ["nodedev-list", "--tree"], ["nodedev-list", "--cap", "net,storage"],
                      ["nodedev-list", "--all"], ["nodedev-list", "--inactive"], ["nodedev-list", "--cap", "nothing"],
                      ["nodedev-dumpxml", "pci_0000_03_00_0"], ["nodedev-info", "computer"], ["nodedev-dumpxml", "nothing"],
                      ["nodedev-create", bad], ["nodedev-define", bad], ["nodedev-destroy", "computer"],
                      ["nodedev-undefine", "computer"], ["nodedev-start", "computer"], ["nodedev-autostart", "computer"],
                      ["nodedev-detach", "computer"], ["nodedev-reattach", "computer"], ["nodedev-reset", "computer"],
                      ["nodedev-update", "computer", bad], ["nodedev-event", "--list"],
                      ["nodedev-event", "--event", "lifecycle", "--timeout", "1"],
                      ["list", "--all"], ["net-list"], ["pool-list"], ["iface-list"], ["secret-list"], ["nwfilter-list"],
                      ["hostname"], ["nodeinfo"]):
            one = kit.run("virsh", "-c", far, *words, env=foreign.own_environment())
            other = kit.run(own, "virsh", "-c", uri, *words,
                            env=dict(foreign.own_environment(), VIRNODEDEV_PCI_IDS=kit.PCI_IDS))
            self.assertEqual((one.returncode, one.stdout, one.stderr), (other.returncode, other.stdout, other.stderr), words)

    def test_virsh_on_the_host(self):
        """What changes all the time: the same words, and some number, each time."""
        foreign.need("virsh", foreign.program("virsh"))
        far = "nodedev+ext:///system?command=" + command("nodedev:///system")
        own = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
        for words in (["nodecpustats"], ["nodecpustats", "--cpu", "0"], ["nodememstats"], ["nodememstats", "--cell", "0"],
                      ["freecell"], ["freecell", "--cellno", "0"], ["freecell", "--all"]):
            one = kit.run("virsh", "-c", far, *words, env=foreign.own_environment())
            other = kit.run(own, "virsh", "-c", "nodedev:///system", *words, env=foreign.own_environment())
            self.assertEqual((one.returncode, re.sub(r"\d+", "N", one.stdout).split(), one.stderr),
                             (other.returncode, re.sub(r"\d+", "N", other.stdout).split(), other.stderr), words)

    def test_socket(self):
        """As systemd does it: each connection is the standard input and output of a program of its own."""
        foreign.need("virsh", foreign.program("virsh"))
        path = os.path.join(kit.temp(), "rpc.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()

            def serve():
                connection, _ = listener.accept()
                with connection:
                    subprocess.run([NODEDEV, "rpc"], stdin=connection, stdout=connection)
            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            done = kit.run("virsh", "-c", "nodedev+unix:///system?socket=" + path, "nodedev-list", "--cap", "system",
                           env=foreign.own_environment())
            self.assertEqual((done.returncode, done.stdout.split(), done.stderr), (0, ["computer"], ""))
            thread.join(20)
            self.assertFalse(thread.is_alive())

    def test_units(self):
        """What systemd says of them, where it is there."""
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd is not here")
        folder = os.path.join(kit.PREFIX, "lib", "systemd", "system")
        units = [os.path.join(folder, name.replace("@.", "@1.")) for name in sorted(os.listdir(folder)) if name.endswith("service")]
        for unit in units:
            shutil.copy(unit.replace("@1.", "@."), kit.temp())
        names = [os.path.join(kit.temp(), os.path.basename(unit)) for unit in units]
        done = kit.run("systemd-analyze", "verify", *names)
        wrong = [line for line in (done.stdout + done.stderr).splitlines() if "virnodedev" in line and "'man " not in line]
        self.assertEqual(wrong, [])

        # What a service may do beyond what it needs, by systemd's own measure: 0 is nothing, 100 all.
        for name, most in (("virnodedev-rpc@.service", 40), ("virnodedev-rpc-ro@.service", 20)):
            done = kit.run("systemd-analyze", "security", "--offline=yes", "--threshold=%d" % most, "./" + name, cwd=kit.temp())
            if "unrecognized option" not in done.stderr:  # before systemd 250
                self.assertEqual(done.returncode, 0, name + done.stdout[-300:] + done.stderr)

    def test_go(self):
        """A client without libvirt's library, with the calls of terraform's provider."""
        program = foreign.built("bin/go-rpc")
        if not program:  # not every distribution has the module
            self.skipTest("go-libvirt is not here: apt-get install golang-go golang-github-digitalocean-go-libvirt-dev and "
                          "make check CLIENTS=1 bring it")
        folder = os.path.join(kit.MACHINES, "base")
        xml = dict(kit.documents(kit.read(os.path.join(folder, "devices.xml"))))
        with open(os.path.join(folder, "api.json")) as f:
            api = json.load(f)
        exceptions = compare.Exceptions("base", "embed")
        found = json.loads(kit.checked(program, NODEDEV, "rpc", embedded("base")).stdout)
        self.assertEqual(set(found["xml"]), set(xml))
        wrong = [name for name in xml if exceptions.without(name, found["xml"][name]) != exceptions.without(name, xml[name])]
        self.assertEqual(wrong, [])
        for cap in ("pci", "net"):
            self.assertEqual(set(found[cap]), set(api["by_name"][cap]))
        for name, parents in found["parents"].items():
            self.assertEqual((parents or [None])[0], api["devices"][name]["parent"], name)
        self.assertEqual((found["version"], found["memory"], found["domains"]), (12008000, True, 0))
        self.assertEqual(found["lookup"], [53, "Node device not found: no node device with matching name 'nosuch'"])
        self.assertEqual(found["domain"], [3, "this function is not supported by the connection driver: domain_lookup_by_name"])
        self.assertEqual(found["create"][0], 84)
        self.note = "%d devices" % len(xml)

    def test_ssh(self):
        """With a stand-in for ssh, which runs what it is told here: libvirt's client looks for the helper in PATH."""
        foreign.need("virsh", foreign.program("virsh"))
        ssh = os.path.join(kit.temp(), "ssh")
        with open(ssh, "w") as f:
            # Options, the host and what ends them; the rest are words for a shell.
            f.write('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift 2\n'
                    "PATH='%s':$PATH exec sh -c \"$*\"\n" % os.path.join(kit.PREFIX, "libexec", "virnodedev"))
        os.chmod(ssh, 0o755)
        for options in ([], ["-r"]):
            done = kit.run("virsh", *options, "-c", "nodedev+ssh://far/system?proxy=native&command=" + ssh, "nodedev-list",
                           "--cap", "system", env=foreign.own_environment())
            self.assertEqual((done.returncode, done.stdout.split(), done.stderr), (0, ["computer"], ""))

    def test_read_only(self):
        """The client's own flag, and -r, which it cannot take back."""
        for arguments, flags in ((["-r"], 0), ([], 1)):
            with Raw(*arguments, "test:///default") as raw:
                self.assertEqual(raw.open(flags=flags)[0], 0)
                for number in (118, 119, 120, 123, 124, 301, 428, 429, 430, 434, 447):
                    status, payload = raw.call(number, b"what it has for arguments is not read")
                    self.assertEqual((status, struct.unpack(">I", payload[:4])), (1, (29,)), number)


if __name__ == "__main__":
    unittest.main()
