# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""nodedev rpc: libvirt's own clients by a pipe, with what the library answers in process beside; and clients that are none.

The real libvirt's client library judges every answer: it reads it, or says that it cannot.
"""
import json
import os
import random
import re
import shutil
import socket
import stat
import struct
import subprocess
import threading
import unittest

import foreign
import kit
import vnd
from test_rpc_recorded import answered_procedures
from vnd import lib

NODEDEV = os.path.join(kit.PREFIX, "bin", "nodedev")
CLIENT = os.path.join(kit.ROOT, "tests", "rpc_client.py")
PROGRAM, KEEPALIVE = 0x20008086, 0x6B656570
PORT = ("<device><parent>scsi_host1</parent><capability type='scsi_host'><capability type='fc_host'>"
        "<wwnn>2000000012341234</wwnn><wwpn>1000000012341234</wwpn></capability></capability></device>")


def command(*arguments):
    """A program that serves a client; libvirt gives it no arguments, and hardly any environment."""
    path = os.path.join(kit.temp(), "serve-%d" % random.getrandbits(40))
    with open(path, "w") as f:
        f.write("#!/bin/sh\nVIRNODEDEV_PCI_IDS='%s' exec '%s' rpc %s\n" % (kit.PCI_IDS, NODEDEV, " ".join("'%s'" % word for word in arguments)))
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path


def embedded(machine):
    return "nodedev:///embed?root=" + kit.extract(kit.machine_archive(machine))


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
        found = client("errors")
        conn = lib.virConnectOpen(b"nodedev:///system")
        device = lib.virNodeDeviceLookupByName(conn, b"computer")
        vnd.silence()
        calls = [lambda: lib.virNodeDeviceLookupByName(conn, b"nothing"), lambda: lib.virNodeDeviceGetXMLDesc(device, 4),
                 lambda: lib.virNodeDeviceCreateXML(conn, b"<device>", 0),
                 lambda: lib.virNodeDeviceCreateXML(conn, b"<device/>", 0),
                 lambda: lib.virNodeDeviceDefineXML(conn, b"<x/>", 0), lambda: lib.virNodeDeviceDettach(device),
                 lambda: lib.virNodeDeviceDetachFlags(device, b"x", 0), lambda: lib.virNodeDeviceReAttach(device),
                 lambda: lib.virNodeDeviceReset(device), lambda: lib.virNodeDeviceDestroy(device),
                 lambda: lib.virNodeDeviceUndefine(device, 0), lambda: lib.virNodeDeviceCreate(device, 0),
                 lambda: lib.virNodeDeviceSetAutostart(device, 1), lambda: lib.virNodeDeviceUpdate(device, b"<x/>", 0),
                 lambda: lib.virNodeDeviceLookupSCSIHostByWWN(conn, b"1" * 16, b"2" * 16, 0)]
        for call, error in zip(calls, found["errors"]):
            call()
            own = vnd.last_error()
            if error is None:  # of a call that an older client does not have
                continue
            self.assertEqual(error, [own[name] for name in ("code", "domain", "message", "int1", "int2")])
        self.assertEqual(found["read only"], [29, 29])
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
        for words in (["nodedev-list"], ["nodedev-list", "--tree"], ["nodedev-list", "--cap", "net,storage"],
                      ["nodedev-dumpxml", "pci_0000_03_00_0"], ["nodedev-info", "computer"], ["nodedev-dumpxml", "nothing"],
                      ["nodedev-reset", "computer"], ["list", "--all"], ["net-list"], ["hostname"], ["nodeinfo"]):
            one = kit.run("virsh", "-c", far, *words, env=foreign.own_environment())
            other = kit.run(own, "virsh", "-c", uri, *words,
                            env=dict(foreign.own_environment(), VIRNODEDEV_PCI_IDS=kit.PCI_IDS))
            self.assertEqual((one.returncode, one.stdout, one.stderr), (other.returncode, other.stdout, other.stderr), words)

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


def text(value):
    return struct.pack(">I", len(value)) + value + bytes(-len(value) % 4)


class Raw:
    """A client that can send anything."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([NODEDEV, "rpc", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=kit.environment())
        self.serial = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait(20)

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self):
        head = self.process.stdout.read(4)
        if len(head) < 4:
            return None
        rest = self.process.stdout.read(struct.unpack(">I", head)[0] - 4)
        return struct.unpack(">6I", rest[:24]), rest[24:]

    def message(self, procedure, payload=b"", program=PROGRAM, version=1, kind=0, status=0):
        self.serial += 1
        return struct.pack(">7I", 28 + len(payload), program, version, procedure, kind, self.serial, status) + payload

    def call(self, procedure, payload=b"", **more):
        self.send(self.message(procedure, payload, **more))
        header, payload = self.receive()
        assert header[2:5] == (procedure, 1, self.serial), header
        return header[5], payload

    def open(self, name=None, flags=0):
        return self.call(1, (b"\0\0\0\0" if name is None else b"\0\0\0\1" + text(name)) + struct.pack(">I", flags))

    def ended(self):
        """How it ends when nothing more comes: status and complaint."""
        self.process.stdin.close()
        self.process.stdin = open(os.devnull, "wb")
        left = self.process.stdout.read()
        return self.process.wait(20), self.process.stderr.read().decode(), left


class Hostile(unittest.TestCase):
    """By hand from RFC 4506 and the protocol's limits: an error, or the end of this client, and nothing else."""

    def test_framing(self):
        for data, words in ((struct.pack(">I", 0), "a message of 0 bytes"), (struct.pack(">I", 27), "a message of 27 bytes"),
                            (struct.pack(">I", (32 << 20) + 1), "a message of 33554433 bytes"),
                            (struct.pack(">I", 0xFFFFFFFF), "a message of 4294967295 bytes"),
                            (b"\0\0\0", "in the middle of a message"), (struct.pack(">I", 28) + b"x", "in the middle of a message"),
                            (struct.pack(">I", 32 << 20) + bytes(1000), "in the middle of a message"),
                            (Raw.message(self, 1, kind=1), "a message that is no call")):
            with Raw() as raw:
                raw.send(data)
                status, complaint, left = raw.ended()
                self.assertEqual((status, left), (1, b""))
                self.assertIn(words, complaint)

    serial = 0

    def test_the_end(self):
        with Raw() as raw:
            self.assertEqual(raw.open()[0], 0)
            self.assertEqual(raw.ended(), (0, "", b""))

    def test_what_is_unknown(self):
        with Raw() as raw:
            self.assertEqual(raw.call(3)[1][:4], struct.pack(">I", 1))  # not open yet
            self.assertEqual(raw.open()[0], 0)
            for more in ({"program": 1}, {"version": 2}):
                self.assertEqual(raw.call(1, **more)[1][:4], struct.pack(">I", 39))
            self.assertEqual(raw.call(9999)[1][:4], struct.pack(">I", 39))
            self.assertEqual(raw.call(22, status=1)[1][:4], struct.pack(">I", 39))
            status, found = raw.call(22, b"arguments")
            self.assertEqual((status, found[:8]), (1, struct.pack(">II", 3, 20)))
            self.assertIn(text(b"this function is not supported by the connection driver: domain_lookup_by_id"), found)
            self.assertEqual(raw.open()[1][:4], struct.pack(">I", 1))  # twice
            # A ping is answered, whatever the state.
            raw.send(struct.pack(">7I", 28, KEEPALIVE, 1, 1, 2, 0, 0))
            self.assertEqual(raw.receive(), ((KEEPALIVE, 1, 2, 2, 0, 0), b""))

    def test_arguments(self):
        """Of every procedure: none, too many, texts that are longer than the message, that hold a NUL, too long."""
        wrong = [b"", b"x", struct.pack(">I", 0xFFFFFFFF), struct.pack(">I", 5) + b"abc", text(b"a\0b"), struct.pack(">I", 2) * 3,
                 struct.pack(">I", (4 << 20) + 1) + bytes((4 << 20) + 4), bytes(64)]
        numbers = answered_procedures()
        self.assertGreater(len(numbers), 50)
        with Raw("test:///default") as raw:
            raw.open()
            for number in numbers:
                for payload in wrong:
                    if number == 2:
                        continue
                    status, found = raw.call(number, payload)
                    self.assertIn(status, (0, 1))
                    if status == 1:
                        self.assertGreater(len(found), 30)
            self.assertEqual(raw.call(111, bytes(8)), (0, struct.pack(">I", 4)))
            self.assertEqual(raw.ended(), (0, "", b""))
        self.note = "%d calls" % (len(numbers) * len(wrong))

    def test_changed_conversations(self):
        """A conversation with bytes changed at random: it ends, by itself or with its input."""
        raw = Raw("test:///default")
        whole = b"".join((raw.message(66), raw.message(1, bytes(8)), raw.message(285, struct.pack(">II", 1, 0)),
                          raw.message(374, bytes(8)), raw.message(114, text(b"computer") + bytes(4)),
                          raw.message(123, text(PORT.encode()) + bytes(4)), raw.message(2)))
        with raw:
            raw.send(whole)
            self.assertEqual(raw.ended()[0], 0)
        chance = random.Random(1)
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(chance.randrange(1, 5)):
                data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
            with Raw("test:///default") as raw:
                raw.send(bytes(data[:chance.randrange(len(data))] if chance.random() < 0.3 else data))
                self.assertIn(raw.ended()[0], (0, 1))

    def test_a_client_that_does_not_read(self):
        """A thousand calls: it waits, and takes no memory for answers."""
        with Raw(embedded("base")) as raw:
            raw.open()
            calls = raw.message(285, struct.pack(">II", 1, 0)) * 1000
            os.set_blocking(raw.process.stdin.fileno(), False)
            sent = raw.process.stdin.raw.write(calls)
            self.assertGreater(sent, 0)
            status = kit.read("/proc/%d/status" % raw.process.pid)
            self.assertLess(int(re.search(r"VmRSS:\s+(\d+)", status)[1]), 64 << 10)
            raw.process.kill()


if __name__ == "__main__":
    unittest.main()
