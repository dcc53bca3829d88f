# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A thread whose system calls this process answers itself (kernel: Documentation/userspace-api/seccomp_filter.rst).

What the thread opens and writes is first told to a handler, which lets the kernel do it, fails it, or does it in
its place. The thread goes on only then: whatever the handler changed is there when the next call looks.
"""
import ctypes
import errno
import fcntl
import os
import queue
import signal
import struct
import sys
import threading
import traceback

# Numbers of openat, write, pread64 and pwrite64.
NUMBERS = {"x86_64": (257, 1, 17, 18), "aarch64": (56, 64, 67, 68)}
SECCOMP = {"x86_64": 317, "aarch64": 277}
PR_SET_NO_NEW_PRIVS = 38
FILTER, LISTENER = 1, 1 << 3
ALLOW, NOTIFY = 0x7FFF0000, 0x7FC00000
CONTINUE = 1
RECEIVE, SEND = 0xC0502100, 0xC0182101
NOTICE, ANSWER = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")

libc = ctypes.CDLL(None, use_errno=True)

REFUSED = 77  # the exit status of a child


class Refused(Exception):
    """The kernel lets nobody answer system calls here."""


def program(numbers):
    """A filter that tells of these system calls and allows all others."""
    lines = [(0x20, 0, 0, 0)]  # load the number
    lines += [(0x15, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    lines += [(0x06, 0, 0, ALLOW), (0x06, 0, 0, NOTIFY)]
    return ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines)), len(lines)


class Thread:
    """Calls functions one by one in a thread of its own, whose system calls `handler` is asked about.

    The handler has methods opened(path), written(path, data, offset) and read(path); offset is None for write(2).
    Each returns None to let the kernel do it, an errno, or for opened() the path of the file to open instead.
    """

    def __init__(self, handler):
        self.handler = handler
        self.calls, self.results = queue.Queue(), queue.Queue()
        threading.Thread(target=self.work, daemon=True).start()
        self.id, self.listener = self.results.get()
        if self.listener < 0:
            raise Refused(os.strerror(-self.listener))
        threading.Thread(target=self.listen, daemon=True).start()

    def call(self, function, *args):
        self.calls.put((function, args))
        result, error = self.results.get(timeout=120)
        if error:
            raise error
        return result

    def work(self):
        machine = os.uname().machine
        listener = -errno.ENOSYS
        if machine in NUMBERS:
            text, count = program(NUMBERS[machine])
            prog = struct.pack("@HP", count, ctypes.addressof(text))
            libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            listener = libc.syscall(SECCOMP[machine], FILTER, LISTENER, prog)
            if listener < 0:
                listener = -ctypes.get_errno()
        self.results.put((threading.get_native_id(), listener))
        while True:
            function, args = self.calls.get()
            try:
                self.results.put((function(*args), None))
            except BaseException as e:  # told to the caller
                self.results.put((None, e))

    def listen(self):
        try:
            self.answer_all()
        except BaseException:  # the thread would wait for ever
            traceback.print_exc()
            os._exit(1)

    def answer_all(self):
        while True:
            buffer = bytearray(NOTICE.size)
            try:
                fcntl.ioctl(self.listener, RECEIVE, buffer)
                notice, process, _flags, number, _arch, _at, *args = NOTICE.unpack(buffer)
                answer = self.answer(number, args) if process == self.id else None
                if answer is None:
                    reply = ANSWER.pack(notice, 0, 0, CONTINUE)
                elif answer < 0:
                    reply = ANSWER.pack(notice, 0, answer, 0)
                else:
                    reply = ANSWER.pack(notice, answer, 0, 0)
                fcntl.ioctl(self.listener, SEND, bytearray(reply))
            except OSError as e:  # who asked is gone, or a signal came
                if e.errno not in (errno.ENOENT, errno.EINTR):
                    raise

    def answer(self, number, args):
        """What the system call returns, or None to let it happen. Memory and descriptors are this process's own."""
        _open, write, _pread, _pwrite = NUMBERS[os.uname().machine]
        if number == _open:
            found = self.handler.opened(os.fsdecode(ctypes.string_at(args[1])))
            return os.open(found, os.O_RDWR) if isinstance(found, str) else self.negative(found)
        try:
            path = os.readlink("/proc/self/fd/%d" % args[0])
        except OSError:
            return None
        if number == _pread:
            return self.negative(self.handler.read(path))
        data = ctypes.string_at(args[1], args[2])
        found = self.handler.written(path, data, None if number == write else args[3])
        return len(data) if found == 0 else self.negative(found)

    @staticmethod
    def negative(found):
        return None if found is None else -found


class Killing:
    """A handler that lets another answer, and kills this process when its thread has written so many times to sysfs."""

    def __init__(self, writes, handler):
        self.left, self.handler = writes, handler
        self.opened, self.read = handler.opened, handler.read

    def written(self, path, data, offset):
        result = self.handler.written(path, data, offset)
        if path.startswith("/sys/"):
            self.left -= 1
        if self.left == 0:
            if result is None:
                self.write(path, data, offset)
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    @staticmethod
    def write(path, data, offset):
        file = os.open(path, os.O_WRONLY)
        if offset is None:
            os.write(file, data)
        else:
            os.pwrite(file, data, offset)


class Nothing:
    """A handler that lets everything happen."""

    def opened(self, path):
        return None

    def read(self, path):
        return None

    def written(self, path, data, offset):
        return None


def in_child(handler, prepare, work):
    """A process that does something with what it has prepared, in a thread whose system calls `handler` is asked about.
    Its exit status is what that returns."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = Thread(handler).call(work, prepare()) or 0
        except Refused:
            status = REFUSED
        finally:
            os._exit(status)
    return child


def status_of(child):
    """The exit status of a process, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def dies(writes, prepare, work, handler=Nothing()):
    """Whether a process that does that is killed after so many writes to sysfs; else it has done it."""
    status = status_of(in_child(Killing(writes, handler), prepare, lambda prepared: work(prepared) and None))
    if status == REFUSED:
        raise Refused("in a child")
    assert status in (0, -signal.SIGKILL), status
    return status != 0
