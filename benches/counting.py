# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""What programs do, by strace and callgrind: system calls as benches/c/calls_loop.c takes them, opened files, instructions."""
import os
import re
import socket
import subprocess

# Of sockets, as strace names them.
SOCKET_NUMBERS = {"NETLINK_ROUTE": 0, "NETLINK_KOBJECT_UEVENT": 15, "NETLINK_GENERIC": 16, "IPPROTO_IP": 0}


def number(words):
    """The number of flags as strace prints them: A|B|0x8."""
    found = 0
    for word in words.split("|"):
        value = SOCKET_NUMBERS.get(word, getattr(os, word, getattr(socket, word, None)))
        found |= int(word, 0) if value is None else value
    return found


def calls_in(trace):
    """The system calls up to the second mark of a strace output as calls_loop takes them, with `begin` for the first mark.
    Left out are calls for memory and signals, and a few that are made once."""
    interface = "lo"
    for line in trace:
        call = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)", line)
        if not call:
            continue
        name, arguments, result = call.groups()
        mark = re.search(r'"/(begin|end)', arguments) if name in ("access", "faccessat", "faccessat2") else None
        if mark and mark[1] == "end":
            return
        if mark:
            yield "begin\n"
            continue
        words = arguments.split(", ")
        fd = "-1" if words[0] == "AT_FDCWD" else words[0]
        path = re.search(r'"((?:[^"\\]|\\.)*)"', arguments)
        # The features are asked for of the interface whose files were read last.
        last = re.search(r'/net/([^/"]+)/', arguments)
        interface = last[1] if last else interface
        if name == "openat":
            yield "o %s %d %s\n" % (result, number(words[2]), path[1])
        elif name == "close":
            yield "c %s\n" % fd
        elif name in ("read", "pread64", "getdents64"):
            size = words[-2] if name == "pread64" else words[-1]
            yield "%s %s %s\n" % ({"read": "r", "pread64": "p", "getdents64": "d"}[name], fd, size)
        elif name in ("readlinkat", "newfstatat") and path[1]:
            yield "%s %s %s\n" % (name[0] if name == "newfstatat" else "l", fd, path[1])
        elif name == "socket":
            yield "k %s %s\n" % (result, " ".join("%d" % number(word) for word in words))
        elif name == "inotify_init1":
            yield "i %s\n" % result
        elif name == "inotify_add_watch":
            yield "a %s %s\n" % (fd, path[1])
        elif name == "epoll_create1":
            yield "q %s\n" % result
        elif name == "epoll_ctl" and words[1] == "EPOLL_CTL_ADD":
            yield "m %s %s\n" % (fd, words[2])
        elif name == "epoll_pwait":
            yield "v %s\n" % fd
        elif name in ("poll", "ppoll"):
            polled = re.findall(r"fd=(\d+)", arguments.partition("]")[0])
            yield "w %d %s\n" % (len(polled), " ".join(polled))
        elif name == "ioctl" and words[1] == "SIOCETHTOOL":
            yield "e %s %s\n" % (fd, interface)


def straced(trace, *command, only=None):
    """The lines of what strace sees of a command."""
    some = ["-e", "trace=" + only] if only else []
    subprocess.run(["strace", "-f", "-s", "4096", "-o", trace] + some + list(command), check=True, stdout=subprocess.DEVNULL)
    try:
        with open(trace, errors="replace") as f:
            yield from f
    finally:
        os.unlink(trace)


def opens_in(trace):
    return sum(bool(re.search(r'open(?:at)?\((?:[^"]*, )?"/(sys|run/udev|etc/mdevctl)', line)) for line in trace)


def calls_of_one_description(trace):
    """By capability, the system calls of the first of its devices that is described again: [{name: count}, …]."""
    found, current = {}, None
    for line in trace:
        mark = re.search(r'"/begin/(\w+)"|"/(end)"', line)
        if mark:
            current = None
            if mark[1] and mark[1] not in found:
                current = found[mark[1]] = {}
        elif current is not None:
            name = re.match(r"(?:\d+ +)?(\w+)\(", line)
            if name:
                current[name[1]] = current.get(name[1], 0) + 1
    return found


def instructions(*command):
    """How many instructions a command takes in its own code, by callgrind."""
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command], check=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return float(re.search(r"Collected : (\d+)", done.stderr)[1])
