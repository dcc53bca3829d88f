# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Builds small device trees by hand: sys/ and run/udev/data/ below a folder of one's own.

Layout and attribute names follow the kernel's Documentation/ABI (sysfs-devices, sysfs-bus-pci,
sysfs-class-net) and the udev database as udevd writes it.
"""
import os

BUSES = {"pci", "usb", "scsi", "css", "ccw", "mdev"}


class Tree:
    def __init__(self, root):
        self.root = root
        self.folder("sys/devices")
        self.folder("sys/class")
        self.folder("sys/bus")

    def path(self, name):
        return os.path.join(self.root, name)

    def folder(self, name):
        os.makedirs(self.path(name), exist_ok=True)

    def file(self, name, data=b""):
        self.folder(os.path.dirname(name))
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    def link(self, name, target):
        """A link with exactly this text."""
        self.folder(os.path.dirname(name))
        os.symlink(target, self.path(name))

    def link_to(self, name, target):
        """A relative link to another path of the tree."""
        self.link(name, os.path.relpath(target, os.path.dirname(name)))

    def device(self, path, subsystem, uevent=b"", attributes=None, driver=None, database=None):
        """A device at sys/devices/PATH. UEVENT and DATABASE are the texts of the two files."""
        where = "sys/devices/" + path
        name = os.path.basename(path)
        uevent = uevent if isinstance(uevent, bytes) else uevent.encode()
        if driver:
            uevent = b"DRIVER=" + driver.encode() + b"\n" + uevent
        self.file(where + "/uevent", uevent)
        for attribute, value in (attributes or {}).items():
            self.file(where + "/" + attribute, value if isinstance(value, bytes) else value + "\n")
        top = ("sys/bus/" if subsystem in BUSES else "sys/class/") + subsystem
        self.folder(top)
        self.link_to(where + "/subsystem", top)
        self.link_to((top + "/devices/" if subsystem in BUSES else top + "/") + name, where)
        if driver:
            self.folder("%s/drivers/%s" % (top, driver))
            self.link_to(where + "/driver", "%s/drivers/%s" % (top, driver))
        if database is not None:
            self.file("run/udev/data/" + self.database_name(subsystem, name, uevent), database)
        return where

    @staticmethod
    def database_name(subsystem, name, uevent):
        keys = dict(line.split(b"=", 1) for line in uevent.split(b"\n") if b"=" in line)
        if b"IFINDEX" in keys:
            return "n" + keys[b"IFINDEX"].decode()
        if b"MAJOR" in keys:
            return "%s%s:%s" % ("b" if subsystem == "block" else "c", keys[b"MAJOR"].decode(), keys[b"MINOR"].decode())
        return "+%s:%s" % (subsystem, name)

    def pci(self, address, attributes=None, bus="pci0000:00", pci_class="20000", config=bytes(256)):
        given = {"vendor": "0x8086", "device": "0x10d3", "class": "0x020000", "numa_node": "-1", "config": config}
        given.update(attributes or {})
        return self.device("%s/%s" % (bus, address), "pci",
                           "PCI_CLASS=%s\nPCI_ID=8086:10D3\nPCI_SLOT_NAME=%s\n" % (pci_class, address),
                           {k: v for k, v in given.items() if v is not None})

    def net(self, name, attributes=None, index=10, uevent=None):
        given = {"address": "52:54:00:00:00:01", "operstate": "up", "speed": "1000", "type": "1"}
        given.update(attributes or {})
        if uevent is None:
            uevent = "INTERFACE=%s\nIFINDEX=%d\n" % (name, index)
        return self.device("virtual/net/" + name, "net", uevent, {k: v for k, v in given.items() if v is not None})

    def disk(self, name, minor, attributes=None, database="I:1\nE:ID_TYPE=disk\nE:ID_SERIAL=%s\n"):
        given = {"size": "2048", "removable": "0", "queue/logical_block_size": "512",
                 "device/vendor": "ACME", "device/model": "DISK"}
        given.update(attributes or {})
        if isinstance(database, str):
            database = database.replace("%s", name)
        return self.device("virtual/block/" + name, "block",
                           "MAJOR=8\nMINOR=%d\nDEVNAME=%s\nDEVTYPE=disk\n" % (minor, name), given, database=database)

    def usb(self, name, properties):
        return self.device("usbtop/" + name, "usb",
                           "DEVTYPE=usb_device\nDEVNAME=bus/usb/001/00%d\nMAJOR=189\nMINOR=%d\n%s"
                           % (len(name) % 9, sum(name.encode()) % 200, properties.get("uevent", "")),
                           {"devpath": "1"}, database="I:1\n" + properties.get("database", ""))

    def scsi(self, name, kind="0"):
        return self.device("pci0000:00/host0/target0:0:0/" + name, "scsi", "DEVTYPE=scsi_device\n", {"type": kind})


def vpd(part_number=b"EX-100", serial=b"0042", extra=b""):
    """A PCI vital product data image (PCI Local Bus 3.0, appendix I) with a right checksum."""
    name = b"Example adapter"
    head = b"\x82" + len(name).to_bytes(2, "little") + name
    fields = b"".join(key + bytes([len(value)]) + value
                      for key, value in ((b"PN", part_number), (b"SN", serial), (b"V0", b"hello"))) + extra
    head += b"\x90" + (len(fields) + 4).to_bytes(2, "little") + fields + b"RV\x01"
    head += bytes([-sum(head) & 0xff])
    write = b"YA" + b"\x05" + b"inv-7" + b"RW\x04" + bytes(4)
    return head + b"\x91" + len(write).to_bytes(2, "little") + write + b"\x78"
