# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Events through the package virnodedev: callbacks, libvirt's built-in loop, asyncio. (Loops of programs: test_package_programs.)

Events come from virtual ports of the test driver.
"""
import asyncio
import gc
import os
import select
import signal
import sys
import threading
import time
import unittest
import weakref

import virnodedev as libvirt
from virnodedev import _events, aio

LIFECYCLE, UPDATE = libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE, libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE
CREATED, DELETED = libvirt.VIR_NODE_DEVICE_EVENT_CREATED, libvirt.VIR_NODE_DEVICE_EVENT_DELETED
# One that libvirt's test driver made of it, too (tests/data/testdriver/ports.txt).
PORT = ("<device><parent>scsi_host1</parent><capability type='scsi_host'><capability type='fc_host'>"
        "<wwnn>2001001b32a9da4e</wwnn><wwpn>2101001b32a9da4e</wwpn></capability></capability></device>")


class Case(unittest.TestCase):
    def setUp(self):
        libvirt.registerErrorHandler(lambda ctx, error: None, None)
        self.conn = libvirt.open("test:///default")
        # The program polls by itself, unless a test has a loop.
        self.conn.getEventFD()
        self.unraisable = []
        self.hook, sys.unraisablehook = sys.unraisablehook, lambda args: self.unraisable.append(args.exc_value)

    def tearDown(self):
        sys.unraisablehook = self.hook
        # Tracebacks refer to devices.
        self.unraisable.clear()
        gc.collect()
        self.assertEqual(self.conn.close(), 0)

    def port(self):
        """A port that comes and goes; its name."""
        device = self.conn.nodeDeviceCreateXML(PORT)
        device.destroy()
        return device.name()


class Callbacks(Case):
    def test_what_they_are_given(self):
        seen = []
        opaque = object()
        number = self.conn.nodeDeviceEventRegisterAny(None, LIFECYCLE, lambda *given: seen.append(given), opaque)
        name = self.port()
        self.assertTrue(select.select([self.conn.getEventFD()], [], [], 10)[0])
        self.assertEqual(self.conn.dispatchEvents(), 2)
        self.assertEqual(self.conn.dispatchEvents(), 0)
        self.assertEqual([(given[1].name(), *given[2:4]) for given in seen], [(name, CREATED, 0), (name, DELETED, 0)])
        for given in seen:
            self.assertIs(given[0], self.conn)
            self.assertIs(given[1].connect(), self.conn)
            self.assertIs(given[4], opaque)
        self.conn.nodeDeviceEventDeregisterAny(number)
        self.port()
        self.conn.dispatchEvents()
        self.assertEqual(len(seen), 2)

    def test_of_one_device(self):
        seen = []
        device = self.conn.nodeDeviceLookupByName("scsi_host2")
        number = self.conn.nodeDeviceEventRegisterAny(device, LIFECYCLE, lambda *given: seen.append(given), None)
        self.port()
        self.conn.dispatchEvents()
        self.assertEqual(seen, [])
        device.destroy()
        self.conn.dispatchEvents()
        self.assertEqual([(given[1].name(), given[2]) for given in seen], [("scsi_host2", DELETED)])
        self.conn.nodeDeviceEventDeregisterAny(number)

    def test_several_functions(self):
        """In the order of registration; each with its own opaque value."""
        seen = []

        def changed(_conn, _device, _event, _detail, opaque):
            seen.append(opaque)
        numbers = [self.conn.nodeDeviceEventRegisterAny(None, LIFECYCLE, changed, opaque) for opaque in "abc"]
        self.conn.nodeDeviceEventDeregisterAny(numbers[1])
        self.port()
        self.conn.dispatchEvents()
        self.assertEqual(seen, ["a", "c", "a", "c"])
        for number in (numbers[0], numbers[2]):
            self.conn.nodeDeviceEventDeregisterAny(number)

    def test_refused(self):
        kept = len(_events._kept)
        with self.assertRaises(libvirt.libvirtError):
            self.conn.nodeDeviceEventRegisterAny(None, 7, print, None)
        for call, arguments in ((self.conn.nodeDeviceEventRegisterAny, (None, LIFECYCLE, 5, None)),
                                (libvirt.virEventAddHandle, (0, 1, "print", None)),
                                (libvirt.virEventAddTimeout, (0, None, None)),
                                (self.conn.registerCloseCallback, (None, None))):
            with self.assertRaises(TypeError):
                call(*arguments)
        self.assertEqual(len(_events._kept), kept)

    def test_kept_until_they_are_taken_back(self):
        """Nothing but the library refers to the function; it goes when the registration does, also from within."""
        freed = []

        def made():
            def changed(conn, _device, _event, _detail, numbers):
                conn.nodeDeviceEventDeregisterAny(numbers.pop())
            weakref.finalize(changed, freed.append, 1)
            return changed
        numbers = []
        kept = len(_events._kept)
        numbers.append(self.conn.nodeDeviceEventRegisterAny(None, LIFECYCLE, made(), numbers))
        gc.collect()
        self.assertEqual((freed, len(_events._kept)), ([], kept + 1))
        self.port()
        self.conn.dispatchEvents()
        self.assertEqual((numbers, len(_events._kept)), ([], kept))
        gc.collect()
        self.assertEqual(freed, [1])

    def test_what_they_raise(self):
        seen = []

        def changed(_conn, _device, event, _detail, _opaque):
            seen.append(event)
            raise LookupError("event %d" % event)
        number = self.conn.nodeDeviceEventRegisterAny(None, LIFECYCLE, changed, None)
        self.port()
        self.assertEqual(self.conn.dispatchEvents(), 2)
        self.assertEqual(seen, [CREATED, DELETED])
        self.assertEqual([str(error) for error in self.unraisable], ["event 0", "event 1"])
        self.conn.nodeDeviceEventDeregisterAny(number)

    def test_what_ends_the_program_gets_out(self):
        seen = []

        def changed(_conn, _device, event, _detail, _opaque):
            seen.append(event)
            raise (KeyboardInterrupt, SystemExit)[event]
        number = self.conn.nodeDeviceEventRegisterAny(None, LIFECYCLE, changed, None)
        device = self.conn.nodeDeviceCreateXML(PORT)
        with self.assertRaises(KeyboardInterrupt):
            self.conn.dispatchEvents()
        device.destroy()
        with self.assertRaises(SystemExit):
            self.conn.dispatchEvents()
        self.assertEqual((seen, self.unraisable), ([CREATED, DELETED], []))
        self.conn.nodeDeviceEventDeregisterAny(number)

    def test_registration_outlives_close(self):
        """As in libvirt."""
        seen = []
        conn = libvirt.open("test:///default")
        conn.getEventFD()
        conn.nodeDeviceEventRegisterAny(None, LIFECYCLE, lambda *given: seen.append(given), None)
        self.assertEqual(conn.close(), 1)


class BuiltIn(Case):
    """libvirt's own loop, in a thread."""

    @classmethod
    def setUpClass(cls):
        libvirt.virEventRegisterDefaultImpl()
        cls.timer = libvirt.virEventAddTimeout(-1, lambda *_: None, None)

    def turns(self, done):
        while not done():
            libvirt.virEventRunDefaultImpl()

    def test_devices(self):
        conn = libvirt.open("test:///default")
        seen, main = [], threading.get_ident()
        number = conn.nodeDeviceEventRegisterAny(
            None, LIFECYCLE, lambda _conn, device, event, *_: seen.append((device.name(), event, threading.get_ident())), None)
        thread = threading.Thread(target=self.turns, args=(lambda: len(seen) >= 2,))
        thread.start()
        device = conn.nodeDeviceCreateXML(PORT)
        device.destroy()
        thread.join(20)
        self.assertFalse(thread.is_alive())
        self.assertEqual([found[:2] for found in seen], [(device.name(), CREATED), (device.name(), DELETED)])
        self.assertNotIn(main, [found[2] for found in seen])
        conn.nodeDeviceEventDeregisterAny(number)
        del device
        self.assertEqual(conn.close(), 0)

    def test_descriptors_and_timers(self):
        seen = []
        kept = len(_events._kept)
        reading, writing = os.pipe()
        watch = libvirt.virEventAddHandle(reading, libvirt.VIR_EVENT_HANDLE_READABLE,
                                          lambda *given: seen.append((os.read(reading, 9), *given)), "opaque")
        timer = libvirt.virEventAddTimeout(-1, lambda *given: seen.append(given), "tick")
        os.write(writing, b"x")
        self.turns(lambda: seen)
        self.assertEqual(seen, [(b"x", watch, reading, libvirt.VIR_EVENT_HANDLE_READABLE, "opaque")])
        seen.clear()
        libvirt.virEventUpdateHandle(watch, 0)
        libvirt.virEventUpdateTimeout(timer, 5)
        os.write(writing, b"y")
        self.turns(lambda: seen)
        self.assertEqual(seen[0], (timer, "tick"))
        self.assertEqual((libvirt.virEventRemoveHandle(watch), libvirt.virEventRemoveTimeout(timer)), (0, 0))
        for remove, number in ((libvirt.virEventRemoveHandle, watch), (libvirt.virEventRemoveTimeout, timer)):
            with self.assertRaises(libvirt.libvirtError):
                remove(number)
        # What was removed is freed in the next turn, which a timer brings about.
        libvirt.virEventUpdateTimeout(self.timer, 0)
        libvirt.virEventRunDefaultImpl()
        libvirt.virEventUpdateTimeout(self.timer, -1)
        self.assertEqual(len(_events._kept), kept)
        os.close(reading), os.close(writing)

    def test_signal_ends_the_wait(self):
        def ring(*_):
            raise KeyboardInterrupt
        before = signal.signal(signal.SIGALRM, ring)
        begin = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with self.assertRaises(KeyboardInterrupt):
                self.turns(lambda: False)
        finally:
            signal.signal(signal.SIGALRM, before)
        self.assertLess(time.monotonic() - begin, 10)


def limited(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


class Asyncio(Case):
    def test_stream(self):
        async def main():
            seen = []
            async with self.conn.events() as events:
                name = self.port()
                async for event in events:
                    seen.append((event.kind, event.device.name(), event.eventID, event.event, event.detail))
                    if len(seen) == 2:
                        break
            self.assertEqual(seen, [("created", name, LIFECYCLE, CREATED, 0), ("deleted", name, LIFECYCLE, DELETED, 0)])
        limited(main())

    def test_words(self):
        words = {(LIFECYCLE, CREATED): "created", (LIFECYCLE, DELETED): "deleted", (UPDATE, 0): "updated",
                 (LIFECYCLE, libvirt.VIR_NODE_DEVICE_EVENT_DEFINED): "defined",
                 (LIFECYCLE, libvirt.VIR_NODE_DEVICE_EVENT_UNDEFINED): "undefined"}
        device = self.conn.nodeDeviceLookupByName("computer")
        for (number, event), word in words.items():
            self.assertEqual(aio.NodeDeviceEvent(device, number, event).kind, word)

    def test_several_streams_beside_other_work(self):
        async def read(events):
            return [(await events.__anext__()).kind for _ in range(2)]

        async def main():
            streams = [self.conn.events(), self.conn.events(eventIDs=[LIFECYCLE])]
            readers = [asyncio.ensure_future(read(events)) for events in streams]
            await asyncio.sleep(0.05)
            self.assertFalse(any(reader.done() for reader in readers))
            self.port()
            self.assertEqual(await asyncio.gather(*readers), [["created", "deleted"]] * 2)
            streams[0].close()
            self.port()
            self.assertEqual(await read(streams[1]), ["created", "deleted"])
            with self.assertRaises(StopAsyncIteration):
                await streams[0].__anext__()
        kept = len(_events._kept)
        limited(main())
        gc.collect()
        self.assertEqual((len(_events._kept), self.conn._readers), (kept, {}))

    def test_ends_with_the_connection(self):
        async def main():
            conn = libvirt.open("test:///default")
            events = conn.events()
            threading.Timer(0.05, conn.close).start()
            return [event async for event in events]
        self.assertEqual(limited(main()), [])

    def test_ends_when_nobody_refers_to_it(self):
        async def main():
            events = self.conn.events()
            kept = len(_events._kept)
            del events
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return kept - len(_events._kept)
        self.assertEqual(limited(main()), 2)

    def test_needs_a_loop(self):
        kept = len(_events._kept)
        with self.assertRaises(RuntimeError):
            self.conn.events()
        self.assertEqual((len(_events._kept), self.conn._attached), (kept, set()))

    def test_callbacks(self):
        async def main():
            told = asyncio.get_running_loop().create_future()
            number = self.conn.nodeDeviceEventRegisterAny(
                None, LIFECYCLE, lambda _conn, device, *_: told.done() or told.set_result(device.name()), None)
            with aio.dispatching(self.conn):
                name = self.port()
                self.assertEqual(await told, name)
            self.assertEqual(self.conn._readers, {})
            # False: the loop has none any more.
            self.assertFalse(asyncio.get_running_loop().remove_reader(self.conn.getEventFD()))
            self.conn.nodeDeviceEventDeregisterAny(number)
            self.conn.dispatchEvents()
        limited(main())

    def test_failures(self):
        """Of a row of failures the loop reports the first."""
        reader, writer = os.pipe()

        class Failing:
            _process, _attached, calls = os.getpid(), set(), 0

            def __init__(self):
                self._readers = {}

            def getEventFD(self):
                return reader

            def dispatchEvents(self):
                self.calls += 1
                if self.calls % 3 == 0:
                    return 0
                raise libvirt.libvirtError("call %d" % self.calls)

        async def main():
            reported, conn = [], Failing()
            asyncio.get_running_loop().set_exception_handler(lambda _loop, what: reported.append(what["exception"]))
            with aio.dispatching(conn):
                while conn.calls < 8:
                    await asyncio.sleep(0)
            return [str(error) for error in reported]
        os.write(writer, b"x")
        try:
            self.assertEqual(limited(main()), ["call 1", "call 4", "call 7"])
        finally:
            os.close(reader)
            os.close(writer)

    def test_events_of_another_thread(self):
        """Another thread dispatches; the loop that reads is told."""
        async def main():
            events = self.conn.events()
            asyncio.get_running_loop().remove_reader(self.conn.getEventFD())
            def dispatch():
                self.port()
                self.conn.dispatchEvents()
            other = threading.Timer(0.05, dispatch)
            other.start()
            told = [(await events.__anext__()).kind for _ in range(2)]
            other.join()  # until then it refers to the connection
            return told
        self.assertEqual(limited(main()), ["created", "deleted"])
