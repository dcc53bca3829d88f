# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The package virnodedev: who keeps what alive, memory, threads, fork, the end of the interpreter, finding the library."""
import gc
import json
import os
import sys
import threading
import unittest

import kit
import virnodedev as libvirt
from virnodedev import _calls, _library

PACKAGE = os.path.join(kit.ROOT, "python")


def memory():
    """Resident memory in KiB."""
    with open("/proc/self/status") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1])


def python(text, *arguments, **more):
    """Runs a program and returns its output. Its status has to be 0, and its standard error empty."""
    done = kit.run(sys.executable, "-X", "dev", "-c", text, *arguments, env=kit.environment(PYTHONPATH=PACKAGE, **more))
    if (done.returncode, done.stderr) != (0, ""):
        raise AssertionError("status %d: %s" % (done.returncode, done.stderr))
    return done.stdout


class Case(unittest.TestCase):
    def setUp(self):
        libvirt.registerErrorHandler(lambda ctx, error: None, None)
        self.conn = libvirt.open("test:///default")

    def tearDown(self):
        # 0: every handle that the test made was given back, once.
        gc.collect()
        self.assertEqual(self.conn.close(), 0)
        self.assertEqual(len(_calls._abandoned), 0)


class Handles(Case):
    def test_given_back_when_nobody_refers_to_them(self):
        device = self.conn.nodeDeviceLookupByName("computer")
        other = libvirt.open("test:///default")
        kept = other.listAllDevices()
        self.assertEqual(other.close(), 1)
        self.assertEqual([d.name() for d in kept], ["computer", "scsi_host1", "scsi_host11", "scsi_host2"])
        self.assertIs(kept[0].connect(), other)
        del device, kept

    def test_connections_close_themselves(self):
        def open_files():
            return len(os.listdir("/proc/self/fd"))
        self.conn.getEventFD()
        before = open_files()
        for _ in range(20):
            libvirt.open("test:///default").getEventFD()
        self.assertEqual(open_files(), before)
        kept = [libvirt.open("test:///default") for _ in range(3)]
        for conn in kept:
            conn.getEventFD()
        self.assertGreater(open_files(), before)
        del kept, conn
        self.assertEqual(open_files(), before)

    def test_not_made_by_hand(self):
        for kind, arguments in ((libvirt.virConnect, ()), (libvirt.virNodeDevice, (self.conn,))):
            with self.assertRaises(TypeError):
                kind(*arguments)

    def test_additions(self):
        devices = json.loads(self.conn.allDevicesJSON())
        self.assertEqual([device["name"] for device in devices], [d.name() for d in self.conn.listAllDevices()])
        device = self.conn.nodeDeviceLookupByName("scsi_host1")
        self.assertIn(json.loads(device.JSONDesc()), devices)
        document = self.conn.allDevicesXML(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_SYSTEM)
        self.assertEqual(document.count("<device>"), 1)
        self.assertIn("<name>computer</name>", document)
        version = libvirt.vndVersion()
        self.assertEqual(libvirt.__version__, "%d.%d.%d" % (version // 1000000, version // 1000 % 1000, version % 1000))
        self.assertEqual(version, libvirt.VIRNODEDEV_VERSION)

    def test_arrays(self):
        """Each array and each string in it is freed once."""
        free, freed = _library._free, []

        def count(pointer):
            freed.append(pointer.value)
            free(pointer)
        _library._free = count
        try:
            self.conn.listAllDevices()
            self.assertEqual(len(freed), 1)
            self.assertEqual(len(self.conn.listDevices(None)), 4)
            self.assertEqual(self.conn.nodeDeviceLookupByName("scsi_host1").listCaps(), ["scsi_host"])
            self.assertEqual(len(freed), 1 + 4 + 1)
            with self.assertRaises(libvirt.libvirtError):
                self.conn.listAllDevices(1 << 27)
            self.assertEqual(len(freed), 6)
        finally:
            _library._free = free
        self.assertNotIn(None, freed)

    def test_memory(self):
        """Strings and arrays are freed: what is asked for again and again needs no more room."""
        def ask():
            for _ in range(300):
                for device in self.conn.listAllDevices():
                    device.XMLDesc(), device.JSONDesc(), device.listCaps()
                self.conn.listDevices(None), self.conn.allDevicesXML(), self.conn.getCapabilities()
                try:
                    self.conn.nodeDeviceLookupByName("x" * 1000)
                except libvirt.libvirtError:
                    pass
        ask()
        gc.collect()
        before = memory()
        for _ in range(5):
            ask()
        gc.collect()
        # One of the documents leaked would be more than 2 MiB.
        self.assertLess(memory() - before, 1500)
        self.note = "%d KiB more" % (memory() - before)


class Errors(Case):
    def test_finalizers_do_not_hide_errors(self):
        """A device that goes between a call and its error waits for the next call: to give it back clears the error."""
        other = libvirt.open("test:///default")
        device = other.nodeDeviceLookupByName("computer")
        told = []

        def handler(_ctx, _error):
            nonlocal device
            device = None
            told.append(len(_calls._abandoned))
        libvirt.registerErrorHandler(handler, None)
        with self.assertRaises(libvirt.libvirtError) as caught:
            other.nodeDeviceLookupByName("nosuch")
        self.assertEqual((told, caught.exception.get_error_code()), ([1], libvirt.VIR_ERR_NO_NODE_DEVICE))
        self.assertEqual(other.close(), 0)

    def test_handler_that_raises(self):
        seen = []
        hook, sys.unraisablehook = sys.unraisablehook, lambda args: seen.append(args.exc_type)
        try:
            libvirt.registerErrorHandler(lambda ctx, error: 1 // 0, None)
            with self.assertRaisesRegex(libvirt.libvirtError, "nosuch"):
                self.conn.nodeDeviceLookupByName("nosuch")
        finally:
            sys.unraisablehook = hook
        self.assertEqual(seen, [ZeroDivisionError])
        with self.assertRaises(TypeError):
            libvirt.registerErrorHandler(5, None)

    def test_threads_have_errors_of_their_own(self):
        wrong = []

        def work(name):
            for number in range(300):
                wanted = "%s-%d" % (name, number)
                try:
                    self.conn.nodeDeviceLookupByName(wanted)
                except libvirt.libvirtError as error:
                    if not (error.get_error_message() or "").endswith("'%s'" % wanted):
                        wrong.append((wanted, error))
                else:
                    wrong.append(wanted)
                self.conn.listAllDevices()

        threads = [threading.Thread(target=work, args=("thread%d" % n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


FORKED = """
import os, sys
import virnodedev as libvirt
told = []
libvirt.registerErrorHandler(lambda ctx, error: told.append(error[0]), None)
conn = libvirt.open("test:///default")
devices = conn.listAllDevices()
child = os.fork()
if child == 0:
    for call in (conn.listAllDevices, devices[0].XMLDesc):
        try:
            call()
        except libvirt.libvirtError as error:
            assert error.get_error_code() in (6, 52), error
        else:
            raise AssertionError("an inherited handle works")
    own = libvirt.open("test:///default")
    assert len(own.listAllDevices()) == 4 and own.close() == 0
    told.clear()
    del devices
    closed = conn.close()
    assert (closed, told) == (0, []), (closed, told)
    print("child", flush=True)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert devices[0].name() == "computer" and len(conn.listAllDevices()) == 4
del devices
assert conn.close() == 0
print("parent")
"""

# Threads run the loop, callbacks are under way and handles are there while the interpreter ends.
ENDING = """
import sys, threading, time
import virnodedev as libvirt
libvirt.virEventRegisterDefaultImpl()
conn = libvirt.open("test:///default")
devices = conn.listAllDevices()
devices.append(devices)
called = threading.Event()
def tick(timer, opaque):
    called.set()
    time.sleep(0.0001)
libvirt.virEventAddTimeout(0, tick, None)
conn.nodeDeviceEventRegisterAny(None, 0, lambda *_: None, None)
def run():
    while True:
        libvirt.virEventRunDefaultImpl()
for _ in range(2):
    threading.Thread(target=run, daemon=True).start()
assert called.wait(10)
class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.02)
slow = [Slow() for _ in range(5)]
print("ending")
"""


class Processes(unittest.TestCase):
    def test_fork(self):
        self.assertEqual(python(FORKED), "child\nparent\n")

    def test_end_of_the_interpreter(self):
        for _ in range(4):
            self.assertEqual(python(ENDING), "ending\n")


class Finding(unittest.TestCase):
    """Where the library comes from."""

    LOADED = ("import virnodedev\nwith open('/proc/self/maps') as maps:\n"
              "    print(*{line.split()[-1] for line in maps if 'libvirnodedev' in line})")

    def test_of_the_environment(self):
        copy = os.path.join(kit.temp(), "libvirnodedev-elsewhere.so")
        with open(os.path.join(kit.LIBDIR, "libvirnodedev.so.0"), "rb") as library, open(copy, "wb") as f:
            f.write(library.read())
        self.assertEqual(python(self.LOADED, LD_LIBRARY_PATH="", VIRNODEDEV_LIBRARY=copy).split(), [copy])

    def test_of_the_loader(self):
        self.assertEqual(os.path.dirname(python(self.LOADED).strip()), os.path.realpath(kit.LIBDIR))

    def test_missing(self):
        text = ("try:\n    import virnodedev\nexcept ImportError as error:\n"
                "    print(error.name, error.path, error, sep='\\n')\nelse:\n    print('found')\n")
        name, path, message = python(text, VIRNODEDEV_LIBRARY="/nowhere/lib.so").splitlines()
        self.assertEqual((name, path), ("virnodedev", "/nowhere/lib.so"))
        for word in ("/nowhere/lib.so: cannot open shared object file", "make install", "make wheel",
                     "VIRNODEDEV_LIBRARY"):
            self.assertIn(word, message)

    def test_another_library(self):
        text = "try:\n    import virnodedev\nexcept ImportError as error:\n    print(error)\n"
        self.assertIn("does not fit this Python package", python(text, VIRNODEDEV_LIBRARY="libm.so.6"))
