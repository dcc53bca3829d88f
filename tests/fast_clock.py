# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Makes the clock of a process run fast, for tests of what the library waits a minute for.

A test runs a process with LD_PRELOAD=library(); that process gives to takes_a_minute() what would take one.
"""
import contextlib
import ctypes
import os
import signal
import time

SPEED = 20  # a minute takes three seconds


def library():
    """Builds the library that replaces the clock; returns its path."""
    import kit
    path = os.path.join(kit.BIN, "fast_clock.so")
    if not os.path.exists(path):
        made = "%s.%d" % (path, os.getpid())
        kit.checked("cc", "-std=c99", *kit.WARNINGS, "-O1", "-shared", "-fPIC", "-o", made,
                    os.path.join(kit.ROOT, "c-tests", "fast_clock.c"), "-pthread")
        os.rename(made, path)
    return path


@contextlib.contextmanager
def _fast():
    """The monotonic clock of this process runs fast. A signal ends every sleep in the kernel after a moment, so that the
    clock is looked at."""
    set_speed = ctypes.CDLL(None).set_clock_speed
    before = signal.signal(signal.SIGALRM, lambda number, frame: None)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    set_speed(SPEED)
    try:
        yield
    finally:
        set_speed(1)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def takes_a_minute(call):
    """The result of a call that has to end after a minute of the library's clock."""
    with _fast():
        begin = time.monotonic()
        result = call()
        seconds = time.monotonic() - begin
    # The clock runs on while a loaded machine does other things: what counts is that there is an end.
    assert 60 <= seconds < 60 * SPEED, "ended after %d seconds" % seconds
    return result
