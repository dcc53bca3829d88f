# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A client of `nodedev rpc` that can send anything."""
import os
import random
import re
import stat
import struct
import subprocess

import kit

NODEDEV = os.path.join(kit.PREFIX, "bin", "nodedev")
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


def text(value):
    return struct.pack(">I", len(value)) + value + bytes(-len(value) % 4)


class Messages:
    """Calls, each with the next serial."""

    serial = 0

    def message(self, procedure, payload=b"", program=PROGRAM, version=1, kind=0, status=0):
        self.serial += 1
        return struct.pack(">7I", 28 + len(payload), program, version, procedure, kind, self.serial, status) + payload


class Raw(Messages):
    """A client that can send anything."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([NODEDEV, "rpc", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=kit.environment())

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

    def memory(self):
        """The most memory that the program ever had, in KiB."""
        return int(re.search(r"VmHWM:\s+(\d+)", kit.read("/proc/%d/status" % self.process.pid))[1])
