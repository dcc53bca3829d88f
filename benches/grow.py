#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""grow.py ROOT N: gives the device tree below ROOT N more network interfaces.

Each is a copy of the first dummy interface (virtual/net/d1 of benches/data/machine-1k.tar.gz)
with a name, an index and an address of its own. Only what a reader of node devices looks at is
copied; a tree of 50,000 whole interfaces would fill the memory with attributes nobody reads.
"""
import os
import sys

COPIED = ("uevent", "address", "addr_len", "type", "operstate", "speed", "ifindex")


def main(root, n):
    where = os.path.join(root, "sys/devices/virtual/net/")
    model = {}
    for name in COPIED:
        path = where + "d1/" + name
        if os.path.exists(path):
            with open(path, "rb") as f:
                model[name] = f.read()
    index = model["ifindex"].strip().decode()
    with open(os.path.join(root, "run/udev/data/n" + index), "rb") as f:
        database = f.read()
    for k in range(n):
        name, number = "g%d" % k, 200000 + k
        model["uevent"] = b"INTERFACE=%s\nIFINDEX=%d\n" % (name.encode(), number)
        model["ifindex"] = b"%d\n" % number
        model["address"] = b"52:55:%02x:%02x:%02x:%02x\n" % (k >> 24, k >> 16 & 255, k >> 8 & 255, k & 255)
        os.mkdir(where + name)
        for attribute, text in model.items():
            with open("%s%s/%s" % (where, name, attribute), "wb", buffering=0) as f:
                f.write(text)
        os.symlink("../../../../class/net", where + name + "/subsystem")
        os.symlink("../../devices/virtual/net/" + name, os.path.join(root, "sys/class/net", name))
        with open(os.path.join(root, "run/udev/data/n%d" % number), "wb", buffering=0) as f:
            f.write(database)


main(sys.argv[1], int(sys.argv[2]))
