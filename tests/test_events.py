# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Events: the C programs c-tests/event_*.c and fork.c, `nodedev event`, the examples, ctypes.

Runs in a network namespace of its own, where the kernel reports real interfaces that come and go. The
words of `nodedev event` are virsh's, as recorded with libvirt 12.8.0 (see test_event_replay).
"""
import asyncio
import ctypes
import functools
import os
import re
import select
import signal
import subprocess
import sys
import time
import unittest

import cprograms
import kit
import vnd
from test_valgrind import VALGRIND
from vnd import lib

OWN_NETWORK = True  # for kit.main()

TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
LOOPBACK = "net_lo_00_00_00_00_00_00"
PAIR = ("net_vt0_02_00_00_00_00_00", "net_vt1_02_00_00_00_00_01")
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

PROGRAMS = ["event_rules", "event_loop", "event_dispatch", "event_threads", "event_glib", "event_shortage", "fork"]


def need_own_network(test):
    if not kit.has_own_network():
        test.skipTest("no privilege: this user may not make a network namespace with its own /sys")


def make_pair():
    kit.run("ip", "link", "del", "vt0")  # left by a test that failed
    kit.checked("ip", "link", "add", "vt0", "address", "02:00:00:00:00:00", "type", "veth",
                "peer", "name", "vt1", "address", "02:00:00:00:00:01")


def remove_pair():
    kit.checked("ip", "link", "del", "vt0")


def change_loopback():
    with open("/sys/class/net/lo/uevent", "w") as f:
        f.write("change")


class Programs(unittest.TestCase):
    """Each C program: as it is, under valgrind, and built with gcc's sanitizers."""

    def compiled(self, name, *more, output=None):
        need_own_network(self)
        flags = cprograms.package_flags("--cflags", "--libs", "virnodedev")
        if name == "event_glib":
            flags += cprograms.package_flags("--cflags", "--libs", "glib-2.0")
        return cprograms.compile_c(name, *flags, *more, output=output)

    def run_it(self, *command, **more):
        env = dict(cprograms.run_environment(), **more)
        done = kit.run(*command, env=env, timeout=300)
        where = kit.details("events/%s.txt" % self.id().split(".")[-1], done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, "%s\n%s" % (where, done.stderr[-1000:]))


def _add_tests(name):
    def plain(self):
        self.run_it(self.compiled(name))

    def valgrind(self):
        self.run_it(*VALGRIND, self.compiled(name, output="valgrind-" + name))

    def sanitized(self):
        # The library starts no thread and its handlers do not return to freed code: leaks are valgrind's to count.
        self.run_it(self.compiled(name, *SANITIZERS, output="sanitized-" + name), ASAN_OPTIONS="detect_leaks=0")

    for way in (plain, valgrind, sanitized):
        setattr(Programs, "test_%s_%s" % (name, way.__name__), way)


for _name in PROGRAMS:
    _add_tests(_name)


class Follower:
    """A program that prints events, line by line."""

    # Where the kernel lets poll(2), select(2) and epoll_wait(2) sleep.
    SLEEPS = ("poll_schedule_timeout", "ep_poll", "do_epoll_wait", "do_select", "do_sys_poll")

    def __init__(self, *command, **options):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=kit.environment(), stdin=subprocess.DEVNULL, **options)
        self.text = ""

    def lines(self, count, timeout=20):
        """So many lines; fewer when they do not come in time."""
        out, end = self.process.stdout.fileno(), time.monotonic() + timeout
        while self.text.count("\n") < count and select.select([out], [], [], max(0, end - time.monotonic()))[0]:
            piece = os.read(out, 65536).decode()
            if not piece:
                break
            self.text += piece
        *found, self.text = self.text.split("\n", count)
        return found

    def wait_until_ready(self):
        """Until it sleeps in its wait: from then on it misses nothing. Where the kernel does not tell, a while."""
        asleep = 0
        for _ in range(500):
            with open("/proc/%d/wchan" % self.process.pid) as f:
                where = f.read()
            # A short sleep is that of a scan which waits for messages on their way.
            asleep = asleep + 1 if where.startswith(self.SLEEPS) else 0
            if asleep == 15:
                return
            time.sleep(0.01)

    def end(self, number=signal.SIGINT, timeout=20):
        """Sends a signal; returns the rest of the output, errors, status."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=timeout)
        return self.text + out, err, self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def lifecycle(name, what):
    return "event 'lifecycle' for node device %s: %s" % (name, what)


def update(name):
    return "event 'update' for node device %s" % name


# The kernel makes the peer first and removes it last. What is gone before it was looked at is not told of.
PAIR_CREATED = [lifecycle(PAIR[1], "Created"), lifecycle(PAIR[0], "Created")]
PAIR_DELETED = [lifecycle(PAIR[0], "Deleted"), lifecycle(PAIR[1], "Deleted")]


class Tool(unittest.TestCase):
    """nodedev event."""

    def setUp(self):
        need_own_network(self)

    def event(self, *arguments, **options):
        follower = Follower(TOOL, "event", *arguments, **options)
        self.addCleanup(follower.__exit__)
        follower.wait_until_ready()
        return follower

    def test_loop(self):
        follower = self.event("--loop")
        make_pair()
        change_loopback()
        self.assertEqual(follower.lines(3), [*PAIR_CREATED, update(LOOPBACK)])
        remove_pair()
        self.assertEqual(follower.lines(2), PAIR_DELETED)
        self.assertEqual(follower.end(), ("event loop interrupted\nevents received: 5\n\n", "", 0))

    def test_one_event(self):
        follower = self.event()
        make_pair()
        out, err = follower.process.communicate(timeout=20)
        self.assertEqual(out, lifecycle(PAIR[1], "Created") + "\nevents received: 1\n\n")
        self.assertEqual((err, follower.process.returncode), ("", 0))
        remove_pair()

    def test_timestamp(self):
        """As virsh prints it: 2026-11-23 17:17:36.824+0000, in UTC."""
        follower = self.event("--timestamp", "--event", "update")
        change_loopback()
        line = follower.lines(1)[0]
        found = re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d{3}\+0000: (.*)", line)
        self.assertTrue(found, line)
        self.assertEqual(found[2], update(LOOPBACK))
        stamp = time.strptime(found[1] + " UTC", "%Y-%m-%d %H:%M:%S %Z")
        self.assertLess(abs(time.mktime(stamp) - time.timezone - time.time()), 60)

    def test_type(self):
        follower = self.event("--loop", "--event", "update")
        other = self.event("--loop", "--event", "lifecycle")
        make_pair()
        change_loopback()
        self.assertEqual(follower.lines(1), [update(LOOPBACK)])
        self.assertEqual(other.lines(2), PAIR_CREATED)
        remove_pair()
        self.assertEqual(other.lines(2), PAIR_DELETED)
        self.assertEqual(follower.end(), ("event loop interrupted\nevents received: 1\n\n", "", 0))
        self.assertEqual(other.end(), ("event loop interrupted\nevents received: 4\n\n", "", 0))

    def test_device(self):
        make_pair()
        follower = self.event("--loop", "--device", PAIR[1])
        change_loopback()
        remove_pair()
        self.assertEqual(follower.lines(1), [lifecycle(PAIR[1], "Deleted")])
        self.assertEqual(follower.end(), ("event loop interrupted\nevents received: 1\n\n", "", 0))

    def test_timeout(self):
        begin = time.monotonic()
        done = kit.run(TOOL, "event", "--loop", "--timeout", "1")
        self.assertEqual((done.stdout, done.stderr, done.returncode),
                         ("event loop timed out\nevents received: 0\n\n", "", 1))
        self.assertGreaterEqual(time.monotonic() - begin, 1)

    def test_other_signals(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Below nohup SIGHUP is ignored, and that is inherited.
            follower = self.event("--loop", preexec_fn=functools.partial(signal.signal, number, signal.SIG_DFL))
            self.assertEqual(follower.end(number), ("event loop interrupted\nevents received: 0\n\n", "", 1))

    def test_what_is_ignored_stays_ignored(self):
        follower = self.event("--loop", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        follower.process.send_signal(signal.SIGINT)
        change_loopback()
        self.assertEqual(follower.lines(1), [update(LOOPBACK)])
        self.assertEqual(follower.end(signal.SIGTERM)[2], 0)

    def test_reader_that_went_away(self):
        follower = self.event("--loop")
        follower.process.stdout.close()
        change_loopback()
        self.assertEqual(follower.process.wait(timeout=20), 1)
        self.assertIn("cannot write to standard output: Broken pipe", follower.process.stderr.read())
        follower.process.stdout = None

    def test_list(self):
        done = kit.run(TOOL, "event", "--list")
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("lifecycle\nupdate\n\n", "", 0))

    def test_refused(self):
        number = "Numeric value '%s' for <timeout> option is malformed or out of range"
        for text, *arguments in (
                ("unknown event type bogus", "--event", "bogus"),
                (number % "x", "--timeout", "x"), (number % "0", "--timeout", "0"), (number % "-1", "--timeout=-1"),
                (number % "1s", "--timeout", "1s"), (number % "99999999999", "--timeout", "99999999999"),
                ("Option --list is incompatible with the other options of 'event'", "--list", "--loop"),
                ("unexpected argument 'computer'", "computer")):
            done = kit.run(TOOL, "event", *arguments)
            self.assertEqual((done.stdout, done.stderr, done.returncode),
                             ("", "error: %s\nTry 'nodedev --help'.\n" % text, 2))
        done = kit.run(TOOL, "event", "--device", "nosuch")
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertIn("no node device with matching name 'nosuch'", done.stderr)

    def test_idle(self):
        """Nothing happens, so the program does not run."""
        follower = self.event("--loop")
        seen = []
        for _ in range(2):
            with open("/proc/%d/status" % follower.process.pid) as f:
                seen.append([line for line in f if "ctxt_switches" in line])
            time.sleep(3)
        self.assertEqual(seen[0], seen[1])


class Examples(unittest.TestCase):
    """examples/poll.c and examples/asyncio_events.py, as README.md promises them."""

    def setUp(self):
        need_own_network(self)

    def follow(self, *command):
        with Follower(*command) as follower:
            follower.wait_until_ready()
            make_pair()
            self.assertEqual(follower.lines(2), ["new " + PAIR[1], "new " + PAIR[0]])
            remove_pair()
            self.assertEqual(follower.lines(2), ["gone " + PAIR[0], "gone " + PAIR[1]])

    def test_poll(self):
        source = os.path.join(kit.ROOT, "examples", "poll.c")
        self.assertLessEqual(kit.read(source).count("\n"), 20)
        program = os.path.join(kit.temp(), "poll")
        kit.checked("cc", *cprograms.STRICT, source, "-o", program,
                    *cprograms.package_flags("--cflags", "--libs", "virnodedev"))
        self.follow(program)

    def test_asyncio(self):
        self.follow(sys.executable, os.path.join(kit.ROOT, "examples", "asyncio_events.py"))


Lifecycle = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
Freed = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Asyncio(unittest.TestCase):
    """asyncio's loop drives events through ctypes, beside its other work."""

    def setUp(self):
        need_own_network(self)
        vnd.silence()
        lib.vndConnectGetEventFD.argtypes = [ctypes.c_void_p]
        lib.vndConnectDispatchEvents.argtypes = [ctypes.c_void_p]
        lib.virConnectNodeDeviceEventRegisterAny.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, Lifecycle,
                                                             ctypes.c_void_p, Freed]

    async def watch(self, conn):
        events, ticks, freed = asyncio.Queue(), 0, []

        @Lifecycle
        def changed(_conn, device, event, _detail, _opaque):
            events.put_nowait((event, lib.virNodeDeviceGetName(device).decode()))

        on_free = Freed(freed.append)
        fd = lib.vndConnectGetEventFD(conn)
        number = lib.virConnectNodeDeviceEventRegisterAny(conn, None, 0, changed, 7, on_free)
        self.assertGreaterEqual(number, 0)
        loop = asyncio.get_running_loop()
        loop.add_reader(fd, lib.vndConnectDispatchEvents, conn)

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticker = asyncio.create_task(tick())
        process = await asyncio.create_subprocess_exec("ip", "link", "add", "vt0", "address", "02:00:00:00:00:00", "type",
                                                       "veth", "peer", "name", "vt1", "address", "02:00:00:00:00:01")
        self.assertEqual(await process.wait(), 0)
        got = [await asyncio.wait_for(events.get(), 20) for _ in range(2)]
        self.assertEqual(got, [(0, PAIR[1]), (0, PAIR[0])])
        process = await asyncio.create_subprocess_exec("ip", "link", "del", "vt0")
        self.assertEqual(await process.wait(), 0)
        got = [await asyncio.wait_for(events.get(), 20) for _ in range(2)]
        self.assertEqual(got, [(1, PAIR[0]), (1, PAIR[1])])
        ticker.cancel()
        self.assertGreater(ticks, 0)
        loop.remove_reader(fd)
        self.assertEqual(lib.virConnectNodeDeviceEventDeregisterAny(conn, number), 0)
        self.assertEqual(freed, [7])

    def test_asyncio(self):
        conn = lib.virConnectOpen(b"nodedev:///system")
        self.assertTrue(conn)
        asyncio.run(self.watch(conn))
        self.assertEqual(lib.virConnectClose(conn), 0)
