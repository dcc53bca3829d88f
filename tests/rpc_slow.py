# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay: a client of `nodedev rpc` that is registered for all events, and does not read while much happens.

    rpc_slow.py NODEDEV

Prints JSON: what it was told when it read at last, and the most memory that the program had meanwhile.
"""
import collections
import ctypes
import json
import os
import re
import select
import socket
import struct
import sys
import time

import kit
from replay_steps import HOST
from replay_machine import Tree, Udevd
from rpc_conversation import Server

FLOOD = 3000  # messages, of some 70 bytes each for the client
BUFFER = 10000  # bytes that the kernel keeps of messages
PIDFD_GETFD = 438  # its number in every architecture
REGISTER, LIFECYCLE, UPDATE = 374, 376, 377


def message(procedure, payload=b""):
    return struct.pack(">7I", 28 + len(payload), 0x20008086, 1, procedure, 0, 1, 0) + payload


def memory(server):
    return int(re.search(r"VmRSS:\s+(\d+)", kit.read("/proc/%d/status" % server.process.pid))[1])


def limit_messages(server):
    """The kernel keeps hardly any message for the program: as root it would keep 128 MiB."""
    process, found = os.pidfd_open(server.process.pid), 0
    for name in os.listdir("/proc/%d/fd" % server.process.pid):
        if os.readlink("/proc/%d/fd/%s" % (server.process.pid, name)).startswith("socket:"):
            fd = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, int(name), 0)
            assert fd >= 0, os.strerror(ctypes.get_errno())
            with socket.socket(fileno=fd) as one:
                if one.family == socket.AF_NETLINK:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                    found += 1
    os.close(process)
    assert found


def call(server, procedure, payload=b""):
    server.send(message(procedure, payload))
    return server.receive()


def main():
    server, udevd, tree = Server(sys.argv[1]), Udevd(), Tree()
    call(server, 1, bytes(8))
    call(server, 285, struct.pack(">II", 1, 0))
    for event in (0, 1):
        call(server, REGISTER, struct.pack(">II", event, 0))
    limit_messages(server)
    loopback, most = os.path.realpath("/sys/class/net/lo"), 0
    for number in range(FLOOD):
        udevd.send("change", loopback)
        if number % 500 == 0:
            most = max(most, memory(server))
            time.sleep(0.01)
    tree.remove(HOST)
    udevd.send("remove", HOST, SUBSYSTEM="scsi")
    most = max(most, memory(server))
    told, updates = collections.Counter(), 0
    while select.select([server.process.stdout], [], [], 3)[0]:
        event = server.receive()
        procedure = struct.unpack(">I", event[12:16])[0]
        length = struct.unpack(">I", event[32:36])[0]
        updates += procedure == UPDATE
        if procedure == LIFECYCLE:
            told["%s %d" % (event[36:36 + length].decode(), struct.unpack(">I", event[-8:-4])[0])] += 1
    alive = call(server, 3)
    server.end()
    json.dump({"told": told, "updates": updates, "flood": FLOOD, "memory": most, "alive": bool(alive)}, sys.stdout)


main()
