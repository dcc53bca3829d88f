# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay: steps at a machine, each followed by what the library and a program tell. Places that several have."""
import os
import signal
import subprocess
import sys
import time

# What replay_machine imports is there.
sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "python")]
from replay_machine import Machine, read  # noqa: E402

HOST = "/sys/devices/pseudo_0/adapter0/host11"
OTHER_NIC = "/sys/devices/pci0000:80/0000:80:00.0/0000:81:00.0"
VIRTUAL = "/sys/devices/virtual/net/"
HOST_BRIDGE = "/sys/devices/pci0000:00/0000:00:00.0"


def follow(tool, kind):
    """`nodedev event`, from the moment when it waits; virsh waits for a byte of the thread that runs its loop."""
    program = subprocess.Popen([tool, "event", "--event", kind, "--loop", "--timestamp"], stdout=subprocess.PIPE, text=True)
    while not read("/proc/%d/wchan" % program.pid).startswith(("poll_schedule_timeout", "do_select", "anon_pipe_read", "pipe_read")):
        time.sleep(0.01)
    return program


class Steps:
    def __init__(self, tool=None):
        self.machine = Machine()
        self.sysfs_of = os.path.realpath
        self.programs = {kind: follow(tool, kind) for kind in ("lifecycle", "update") if tool}

    def send(self, action, *paths, **more):
        for path in paths:
            self.machine.udevd.send(action, path, **more)

    def done(self, step):
        for line in self.machine.take():
            print("%s\t%s" % (step, line))
            # The program has to see the tree as it is now, too.
            kind = line.split()[0]
            if kind in self.programs:
                print("nodedev %s\t%s" % (kind, self.programs[kind].stdout.readline().rstrip("\n")))

    def end(self):
        for kind, program in self.programs.items():
            program.send_signal(signal.SIGINT)
            for line in program.communicate(timeout=60)[0].split("\n"):
                print("nodedev %s\t%s" % (kind, line))

    def ignored(self, path):
        """Messages that change nothing for libvirt."""
        for action in ("bind", "unbind", "online", "offline"):
            self.send(action, path)
