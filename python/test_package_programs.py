# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Programs for libvirt's module that are told of events, on the package virnodedev: with a loop of their own, with libvirt's
module for asyncio, and a client of libvirt's module on a recorded machine (tests/clients/hotplug.py).
"""
import os
import sys
import unittest

import foreign
import kit
from test_package_events import PORT

PACKAGE = os.path.join(kit.ROOT, "python")
RUN = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
NIC = "net_enp129s0_52_54_00_00_04_01"

# A program's own loop, which poll(2) drives: descriptors and timers, told of in its own words.
OWN_LOOP = """
import select, sys
import virnodedev as libvirt
style, freed, watches, timers = sys.argv[1], [], {}, {}
def add_handle(fd, events, cb, opaque):
    watches[len(watches) + 1] = [fd, events, cb, opaque]
    return len(watches)
def update_handle(watch, events):
    watches[watch][1] = events
def remove_handle(watch):
    freed.append(watches[watch].pop())
    watches[watch][1] = 0
    return 0
def add_timeout(timeout, cb, opaque):
    timers[len(timers) + 1] = [timeout, cb, opaque]
    return len(timers)
def update_timeout(timer, timeout):
    timers[timer][0] = timeout
def remove_timeout(timer):
    freed.append(timers[timer].pop())
    timers[timer][0] = -1
    return 0
def turn():
    ready = select.select([w[0] for w in watches.values() if w[1]], [], [], 0.05)[0]
    for number, (fd, events, cb, *opaque) in list(watches.items()):
        if fd in ready and events:
            cb(number, fd, 1, *(opaque if style == "new" else opaque[0][:2]))
    for number, (timeout, cb, *opaque) in list(timers.items()):
        if timeout >= 0:
            cb(number, *(opaque if style == "new" else opaque[0][:2]))
    while freed:
        libvirt.virEventInvokeFreeCallback(freed.pop())
libvirt.virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timeout, update_timeout, remove_timeout)
libvirt.virEventRegisterDefaultImpl()  # too late
conn = libvirt.open("test:///default")
seen, ticks = [], []
number = conn.nodeDeviceEventRegisterAny(None, 0, lambda c, d, e, t, o: seen.append((d.name(), e, t, o)), "opaque")
timer = libvirt.virEventAddTimeout(5, lambda *given: ticks.append(given), "tick")
device = conn.nodeDeviceCreateXML(%r)
device.destroy()
while len(seen) < 2 or not ticks:
    turn()
assert ticks[0] == (timer, "tick"), ticks
libvirt.virEventRemoveTimeout(timer)
conn.nodeDeviceEventDeregisterAny(number)
turn()
print(seen == [(device.name(), 0, 0, "opaque"), (device.name(), 1, 0, "opaque")], len(libvirt._events._kept), flush=True)
del device
print(conn.close())
turn()
""" % PORT

# Debian's libvirtaio, libvirt's own module for asyncio, on this package.
LIBVIRTAIO = """
import asyncio, sys
import virnodedev
sys.modules["libvirt"] = virnodedev
import libvirtaio
async def main():
    libvirtaio.virEventRegisterAsyncIOImpl()
    conn = virnodedev.open("test:///default")
    told = asyncio.Queue()
    number = conn.nodeDeviceEventRegisterAny(None, 0, lambda c, d, e, *_: told.put_nowait(e), None)
    conn.nodeDeviceCreateXML(%r).destroy()
    print([await asyncio.wait_for(told.get(), 20) for _ in range(2)])
    conn.nodeDeviceEventDeregisterAny(number)
    conn.close()
asyncio.run(main())
""" % PORT

# A daemon thread is in a function that the library called when the main thread ends. The interpreter (before 3.14) ends
# a thread that wants its lock then by pthread_exit(), which unwinds through the library.
DAEMON = """
import importlib, sys, threading, time
libvirt, what = importlib.import_module(sys.argv[1]), sys.argv[2]
busy = threading.Event()
def work(*_):
    busy.set()
    time.sleep(0.1)
class Slow:
    def write(self, text): pass
    def flush(self): time.sleep(0.5)  # long enough for the thread to want the lock
sys.stdout = Slow()
libvirt.virEventRegisterDefaultImpl()
libvirt.registerErrorHandler(work if what == "handler" else lambda *_: None, None)
conn = libvirt.open("test:///default")
def run():
    while True:
        if what == "handler":
            try:
                conn.nodeDeviceLookupByName("nosuch")
            except libvirt.libvirtError:
                pass
        else:
            libvirt.virEventRunDefaultImpl()
if what == "timer":
    libvirt.virEventAddTimeout(0, work, None)
if what == "event":
    conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, work, None)
    conn.nodeDeviceCreateXML(%r)
threading.Thread(target=run, daemon=True).start()
busy.wait()
""" % PORT


class Programs(unittest.TestCase):
    def run_python(self, program, *command, **more):
        return kit.checked(program, *command, env=kit.environment(PYTHONPATH=PACKAGE, **more))

    def test_a_loop_of_its_own(self):
        for style in ("new", "old"):
            done = self.run_python(sys.executable, "-c", OWN_LOOP, style)
            self.assertEqual((done.stdout, done.stderr), ("True 0\n0\n", ""), style)

    def test_libvirtaio(self):
        foreign.need_bindings("libvirtaio")
        done = self.run_python(foreign.PYTHON, "-W", "ignore", "-c", LIBVIRTAIO)
        self.assertEqual((done.stdout, done.stderr), ("[0, 1]\n", ""))

    def end_in_callbacks(self, program, *command):
        for what in ("timer", "event", "handler"):
            for _ in range(3):
                self.run_python(program, *command, what)

    def test_daemon_threads_in_callbacks(self):
        self.end_in_callbacks(sys.executable, "-c", DAEMON, "virnodedev")

    def test_daemon_threads_of_libvirts_module(self):
        foreign.need_bindings("libvirt")
        self.end_in_callbacks(RUN, foreign.PYTHON, "-c", DAEMON, "libvirt")

    def replayed(self, *command):
        """What a program prints while an interface of a recorded machine goes, comes and changes."""
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("mdev"), sys.executable,
                       os.path.join(kit.ROOT, "tests", "clients", "hotplug.py"), *command,
                       env=kit.environment(PYTHONPATH=PACKAGE))
        if done.returncode == kit.SKIPPED:
            self.skipTest("no privilege: " + done.stderr.strip())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_script_for_libvirts_module(self):
        """The client of tests/test_clients.py, with this package under libvirt's name."""
        shim = os.path.join(kit.temp(), "libvirt.py")
        with open(shim, "w") as f:
            f.write("import sys, virnodedev\nsys.modules['libvirt'] = virnodedev\n")
        told = self.replayed("env", "PYTHONPATH=%s:%s" % (PACKAGE, kit.temp()), sys.executable,
                             os.path.join(kit.ROOT, "tests", "clients", "python_libvirt.py"), "events",
                             "nodedev:///system")
        self.assertEqual(told, ["lifecycle %s DELETED" % NIC, "lifecycle %s CREATED" % NIC, "update %s" % NIC])
