# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Threads with 64 KiB of stack: every question and every document (c-tests/small_stack.c), as it is and under valgrind."""
import io
import os
import tarfile
import unittest

import cprograms
import kit
import test_valgrind

OWN_NETWORK = True  # for kit.main(): there the kernel can be asked for events


class SmallStack(unittest.TestCase):
    """The note is what the hungriest part of the work took, in bytes."""

    def check(self, uri):
        flags = cprograms.package_flags("--cflags", "--libs", "virnodedev")
        program = cprograms.compile_c("small_stack", *flags)
        done = kit.checked(program, uri, env=cprograms.run_environment())
        self.note = max(done.stdout.strip().split(", "), key=lambda part: int(part.split()[-1]))
        kit.checked(*test_valgrind.VALGRIND, program, uri, env=cprograms.run_environment(), timeout=400)

    def test_host(self):
        self.check("nodedev:///system")

    def test_folder(self):
        self.check("nodedev:///embed?root=" + kit.extract(kit.machine_archive("base")))

    def test_archive(self):
        self.check("nodedev:///embed?root=" + kit.machine_archive("base"))

    def test_deepest_archive(self):
        """Folders in folders, as many as a recording may have."""
        path = os.path.join(kit.temp(), "deep.tar.gz")
        lo = "sys/devices/virtual/net/lo"
        with tarfile.open(path, "w:gz") as archive:
            for name, content in (("sys/bus/pci/x", ""), (lo + "/uevent", "INTERFACE=lo\nIFINDEX=1\n"),
                                  (lo + "/address", "00:00:00:00:00:00\n"), ("sys/" + "a/" * 126 + "a", "")):
                file = tarfile.TarInfo(name)
                file.size = len(content)
                archive.addfile(file, io.BytesIO(content.encode()))
            link = tarfile.TarInfo("sys/class/net/lo")
            link.type, link.linkname = tarfile.SYMTYPE, "../../devices/virtual/net/lo"
            archive.addfile(link)
        self.check("nodedev:///embed?root=" + path)

    def test_default_test_driver(self):
        self.check("test:///default")

    def test_test_driver_file(self):
        """All devices of a machine, from a document."""
        path = os.path.join(kit.temp(), "node.xml")
        with open(path, "w") as f:
            f.write("<node>%s</node>" % kit.read(os.path.join(kit.MACHINES, "synth", "devices.xml")))
        self.check("test://" + path)
