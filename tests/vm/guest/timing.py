# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""timing.py LIBRARY ROUNDS FC_HOST

How long virNodeDeviceCreateXML takes for a mediated device and for a virtual port: the whole call, and the part
after the kernel has told of the new device. With `-` for the library it is made without one: by mdevctl, by a write to
vport_create. Prints a JSON object: kind -> list of rounds, in seconds:

  call     from the call to its return
  return   from the kernel's uevent to the return; negative if the call did not wait for it
  udevd    from the kernel's uevent to udevd's message about the same device; null if none came
"""
import json
import re
import socket
import subprocess
import sys
import threading
import time

from api import Library

NETLINK_KOBJECT_UEVENT = 15
KERNEL, UDEVD = 1, 2  # multicast groups
WWNN, WWPN = "2001001b32a9da4e", "2101001b32a9da4e"
UUID = "11111111-2222-3333-4444-555555555599"
# The device that the call returns, as uevents name it.
PATHS = {"mdev": r"/devices/virtual/mtty/mtty/[0-9a-f-]{36}", "vport": r"/devices/.*/vport-[^/]*/host\d+/scsi_host/host\d+"}


class ByLibrary:
    """Makes and removes devices through the API."""

    def __init__(self, path, fc_host):
        self.library = Library(path)
        self.conn = self.library.open()
        self.documents = {
            "mdev": "<device><parent>mtty_mtty</parent><capability type='mdev'><type id='mtty-1'/><uuid>%s</uuid>"
                    "</capability></device>" % UUID,
            "vport": "<device><parent>%s</parent><capability type='scsi_host'><capability type='fc_host'>"
                     "<wwnn>%s</wwnn><wwpn>%s</wwpn></capability></capability></device>" % (fc_host, WWNN, WWPN),
        }
        self.device = None

    def create(self, kind):
        self.device = self.library.virNodeDeviceCreateXML(self.conn, self.documents[kind].encode(), 0)
        if not self.device:
            sys.exit("not created: %s" % self.library.virGetLastErrorMessage().decode())

    def destroy(self, _kind):
        if self.library.virNodeDeviceDestroy(self.device) < 0:
            sys.exit("not destroyed: %s" % self.library.virGetLastErrorMessage().decode())
        self.library.virNodeDeviceFree(self.device)


class ByHand:
    """Makes and removes devices as the libraries do in the end."""

    def __init__(self, fc_host):
        self.folder = "/sys/class/fc_host/%s/" % fc_host.removeprefix("scsi_")

    def vport(self, attribute):
        with open(self.folder + attribute, "w") as f:
            f.write("%s:%s" % (WWPN, WWNN))

    def create(self, kind):
        if kind == "vport":
            self.vport("vport_create")
        else:
            subprocess.run(["mdevctl", "start", "--uuid", UUID, "--parent", "mtty", "--type", "mtty-1"], check=True)

    def destroy(self, kind):
        if kind == "vport":
            self.vport("vport_delete")
        else:
            subprocess.run(["mdevctl", "stop", "--uuid", UUID], check=True)


class Uevents(threading.Thread):
    """Notes when each `add` message of the kernel and of udevd came."""

    def __init__(self):
        super().__init__(daemon=True)
        self.times = []
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_KOBJECT_UEVENT)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((0, KERNEL | UDEVD))

    def run(self):
        while True:
            message = self.socket.recv(16384)
            now = time.monotonic()
            properties = dict(field.split(b"=", 1) for field in message.split(b"\0") if b"=" in field)
            if properties.get(b"ACTION") == b"add":
                group = UDEVD if message.startswith(b"libudev\0") else KERNEL
                self.times.append((group, properties[b"DEVPATH"].decode(), now))

    def first(self, group, pattern, begin):
        return next((t for g, path, t in list(self.times) if g == group and t >= begin and re.fullmatch(pattern, path)),
                    None)


def measure(maker, kind, uevents):
    begin = time.monotonic()
    maker.create(kind)
    end = time.monotonic()
    subprocess.run(["udevadm", "settle"], check=True)
    time.sleep(0.5)
    told, processed = (uevents.first(group, PATHS[kind], begin) for group in (KERNEL, UDEVD))
    if told is None:
        sys.exit("the kernel told nothing of the new device")
    maker.destroy(kind)
    subprocess.run(["udevadm", "settle"], check=True)
    time.sleep(1)
    return {"call": end - begin, "return": end - told, "udevd": processed and processed - told}


def main():
    path, rounds, fc_host = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    maker = ByHand(fc_host) if path == "-" else ByLibrary(path, fc_host)
    uevents = Uevents()
    uevents.start()
    json.dump({kind: [measure(maker, kind, uevents) for _ in range(rounds)] for kind in PATHS}, sys.stdout)


if __name__ == "__main__":
    main()
