# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Inside a replay of the machine `npiv`: plays the kernel and udevd for its virtual port.

    npiv_kernel.py DELAY|never

The host's attributes become FIFOs. What is written to them is acted on after DELAY seconds, or never. Tells on
standard output, a line each: `ready`; `vport_create TEXT` and `vport_delete TEXT` for what was written; `came TIME`
(of the clock CLOCK_MONOTONIC, when the last message was sent) and `gone`. One port can be there at a time.
"""
import os
import re
import select
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "python")]
from replay_machine import Tree, Udevd, write  # noqa: E402

HOST = "/sys/class/fc_host/host12"
PORT = "/sys/class/fc_host/host13"
ATTRIBUTES = ("vport_create", "vport_delete")


class Kernel:
    def __init__(self, delay):
        self.delay = delay
        self.tree, self.udevd = Tree(), Udevd()
        self.port = os.path.dirname(os.path.dirname(os.path.realpath(PORT)))
        self.vport = os.path.dirname(self.port)
        self.tree.remove(self.vport)
        self.in_use(0)
        self.fifos = {self.fifo(name): name for name in ATTRIBUTES}

    def fifo(self, name):
        path = "%s/%s" % (HOST, name)
        os.unlink(path)
        os.mkfifo(path, 0o200)
        os.chmod(path, 0o200)
        return os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def in_use(self, count):
        write(HOST + "/npiv_vports_inuse", "%d\n" % count)

    def tell(self, *words):
        print(*words, flush=True)

    def act(self, fd):
        name, text = self.fifos[fd], os.read(fd, 4096).decode(errors="backslashreplace")
        self.tell(name, repr(text))
        names = re.fullmatch("([0-9a-fA-F]{16}):([0-9a-fA-F]{16})", text)
        if self.delay is None or names is None:
            return
        time.sleep(self.delay)
        if name == "vport_create":
            self.create(*names.groups())
        else:
            self.delete(*names.groups())

    def create(self, wwpn, wwnn):
        self.tree.put_back(self.vport)
        # The SCSI host is there, and told of, before its Fibre Channel names are.
        names = os.readlink(PORT)
        os.unlink(PORT)
        for folder in (self.vport, self.port, self.port + "/scsi_host/host13"):
            self.udevd.send("add", folder)
        time.sleep(0.01)
        for attribute, value in (("port_name", wwpn), ("node_name", wwnn)):
            write("%s/fc_host/host13/%s" % (self.port, attribute), "0x%x\n" % int(value, 16))
        self.in_use(1)
        os.symlink(names, PORT)
        self.udevd.send("add", self.port + "/fc_host/host13")
        self.tell("came", time.monotonic())

    def delete(self, wwpn, wwnn):
        for attribute, value in (("port_name", wwpn), ("node_name", wwnn)):
            with open("%s/fc_host/host13/%s" % (self.port, attribute)) as f:
                if int(f.read(), 16) != int(value, 16):
                    return self.tell("no such port")
        self.tree.remove(self.vport)
        self.in_use(0)
        for folder, subsystem in (("/fc_host/host13", "fc_host"), ("/scsi_host/host13", "scsi_host"), ("", "scsi")):
            self.udevd.send("remove", self.port + folder, SUBSYSTEM=subsystem)
        self.udevd.send("remove", self.vport, SUBSYSTEM="fc_vports")
        self.tell("gone")

    def run(self):
        self.tell("ready")
        while True:
            for fd in select.select(list(self.fifos), [], [])[0]:
                self.act(fd)


if __name__ == "__main__":
    Kernel(None if sys.argv[1] == "never" else float(sys.argv[1])).run()
