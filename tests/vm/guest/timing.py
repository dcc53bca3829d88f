# SPDX-License-Identifier: LGPL-2.1-or-later
"""timing.py LIBRARY ROUNDS FC_HOST

How long virNodeDeviceCreateXML takes for a mediated device and for a virtual port: the whole call, and the part
after the kernel has told of the new device. Prints a JSON object: kind -> list of rounds, in seconds:

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
DOCUMENTS = {
    # The device that the call returns, as uevents name it, and the document to create it.
    "mdev": (r"/devices/virtual/mtty/mtty/[0-9a-f-]{36}",
             "<device><parent>mtty_mtty</parent><capability type='mdev'><type id='mtty-1'/></capability></device>"),
    "vport": (r"/devices/.*/vport-[^/]*/host\d+/scsi_host/host\d+",
              "<device><parent>FC_HOST</parent><capability type='scsi_host'><capability type='fc_host'>"
              "<wwnn>2001001b32a9da4e</wwnn><wwpn>2101001b32a9da4e</wwpn></capability></capability></device>"),
}


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


def measure(library, conn, uevents, pattern, document):
    begin = time.monotonic()
    device = library.virNodeDeviceCreateXML(conn, document, 0)
    end = time.monotonic()
    if not device:
        sys.exit("not created: %s" % library.virGetLastErrorMessage().decode())
    subprocess.run(["udevadm", "settle"], check=True)
    time.sleep(0.5)
    told, processed = (uevents.first(group, pattern, begin) for group in (KERNEL, UDEVD))
    if told is None:
        sys.exit("the kernel told nothing of the new device")
    if library.virNodeDeviceDestroy(device) < 0:
        sys.exit("not destroyed: %s" % library.virGetLastErrorMessage().decode())
    library.virNodeDeviceFree(device)
    subprocess.run(["udevadm", "settle"], check=True)
    time.sleep(1)
    return {"call": end - begin, "return": end - told, "udevd": processed and processed - told}


def main():
    path, rounds, fc_host = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    library = Library(path)
    conn = library.open()
    uevents = Uevents()
    uevents.start()
    json.dump({kind: [measure(library, conn, uevents, pattern, document.replace("FC_HOST", fc_host).encode())
                      for _ in range(rounds)] for kind, (pattern, document) in DOCUMENTS.items()}, sys.stdout)


if __name__ == "__main__":
    main()
