# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a network namespace that is not the one of /sys, so that no message of its interfaces arrives.

test_deaf.py makes and removes the interfaces; each step here waits for a line, and prints what it saw.
"""
import ctypes
import os
import select
import subprocess
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "python")]
import vnd  # noqa: E402
from vnd import lib  # noqa: E402

PAIR = [b"net_vt0_02_00_00_00_00_00", b"net_vt1_02_00_00_00_00_01"]
Lifecycle = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)


def connect():
    conn = lib.virConnectOpen(b"nodedev:///system")
    assert conn, vnd.last_error()
    assert lib.virNodeNumOfDevices(conn, None, 0) > 0
    return conn


def listed(conn):
    _, devices = vnd.all_devices(conn)
    names = [lib.virNodeDeviceGetName(device) for device in devices]
    for device in devices:
        lib.virNodeDeviceFree(device)
    return [name in names for name in PAIR]


def looked_up(conn):
    devices = [lib.virNodeDeviceLookupByName(conn, name) for name in PAIR]
    for device in filter(None, devices):
        lib.virNodeDeviceFree(device)
    return [bool(device) for device in devices]


class Watcher:
    """A connection with a callback."""

    def __init__(self):
        self.told = []
        self.conn = connect()
        lib.vndConnectGetEventFD.argtypes = lib.vndConnectDispatchEvents.argtypes = [ctypes.c_void_p]
        self.fd = lib.vndConnectGetEventFD(self.conn)
        self.callback = Lifecycle(lambda _conn, device, event, _detail, _opaque:
                                  self.told.append((event, lib.virNodeDeviceGetName(device))))
        register = lib.virConnectNodeDeviceEventRegisterAny
        register.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, Lifecycle, ctypes.c_void_p, ctypes.c_void_p]
        assert register(self.conn, None, 0, self.callback, None, None) == 0
        assert lib.vndConnectDispatchEvents(self.conn) == 0

    def is_readable(self, seconds):
        return bool(select.select([self.fd], [], [], seconds)[0])

    def dispatch(self):
        assert lib.vndConnectDispatchEvents(self.conn) >= 0
        told, self.told = sorted(self.told), []
        return told


def step(*what):
    print(*what, flush=True)
    sys.stdin.readline()


def main():
    vnd.silence()
    lists, lookups, at_dispatch, at_call = connect(), connect(), Watcher(), Watcher()
    step("before", listed(lists), looked_up(lookups))
    # The interfaces came, and no message told of it.
    print("heard", at_dispatch.is_readable(0.3), at_call.is_readable(0))
    print("listed", listed(lists))
    print("looked up", looked_up(lookups))
    created = [(0, name) for name in PAIR]
    print("at dispatch", at_dispatch.dispatch() == created)
    lib.virNodeNumOfDevices(at_call.conn, None, 0)
    step("at call", at_call.is_readable(0), at_call.dispatch() == created)
    # They went, and a message came of something that the kernel counted later.
    subprocess.run(["ip", "link", "add", "own0", "type", "veth", "peer", "name", "own1"], check=True)
    print("heard", at_dispatch.is_readable(5))
    deleted = [(1, name) for name in PAIR]
    print("at dispatch", at_dispatch.dispatch() == deleted, at_dispatch.is_readable(0.3))
    print("listed", listed(lists))
    print("looked up", looked_up(lookups))
    lib.virNodeNumOfDevices(at_call.conn, None, 0)
    step("at call", at_call.is_readable(0), at_call.dispatch() == deleted)


main()
