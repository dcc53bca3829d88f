# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""A set-user-ID program, or one with capabilities, started by a user with an environment of his own, believes none of it."""
import os
import shutil
import struct
import subprocess
import tempfile
import unittest

import cprograms
import kit

SECRET = "root:$6$secret"
DOCUMENT = """<device><parent>mtty_mtty</parent><capability type='mdev'><type id='mtty-2'/>
<uuid>11111111-2222-3333-4444-555555555555</uuid></capability></device>"""


@unittest.skipUnless(os.geteuid() == 0, "only root can make a set-user-ID program")
class Privileged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="virnodedev-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.chmod(cls.folder, 0o755)
        if os.statvfs(cls.folder).f_flag & os.ST_NOSUID:
            raise unittest.SkipTest("%s is mounted nosuid" % cls.folder)
        # Where nobody can reach the library and the program, wherever the sources are.
        library = os.path.join(cls.folder, "libvirnodedev.so.0")
        shutil.copy(os.path.join(kit.LIBDIR, "libvirnodedev.so.0"), library)
        built = cprograms.compile_c("privileged", *cprograms.package_flags("--cflags", "virnodedev"), library,
                                    "-Wl,-rpath," + cls.folder)
        cls.program = os.path.join(cls.folder, "privileged")
        shutil.copy(built, cls.program)
        os.chmod(cls.program, 0o4755)
        cls.secret = cls.file("secret", SECRET, 0o600)
        cls.ids = cls.file("pci.ids", "8086  Caller's Own\n\t29c0  Caller's Own\n", 0o644)
        cls.tree = os.path.join(cls.folder, "tree")
        os.makedirs(cls.tree)
        kit.unpack(kit.machine_archive("base"), cls.tree)

    @classmethod
    def file(cls, name, text, mode):
        path = os.path.join(cls.folder, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def run_as_nobody(self, *arguments, program=None, **variables):
        return subprocess.run([program or self.program, *arguments], user="nobody", group="nogroup", extra_groups=[],
                              env=dict(PATH="/usr/bin:/bin", **variables), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60).stdout

    def test_default_uri(self):
        for uri in ("test://" + self.secret, "nodedev:///embed?root=" + self.tree, "no-uri"):
            self.assertEqual(self.run_as_nobody("uri", LIBVIRT_DEFAULT_URI=uri), "nodedev:///system\n")

    def test_capabilities(self):
        """The program may read any file by the capability of its own file (capabilities(7)), and is nobody's otherwise."""
        program = os.path.join(self.folder, "capable")
        shutil.copy(self.program, program)
        os.chmod(program, 0o755)
        uri = "test://" + self.secret
        # The user's own program opens what he names, and may not read it.
        self.assertIn("Permission denied", self.run_as_nobody("capable", program=program, LIBVIRT_DEFAULT_URI=uri))
        # struct vfs_cap_data of the kernel: version 2, effective; CAP_DAC_READ_SEARCH is number 2.
        capabilities = struct.pack("<5I", 0x02000001, 1 << 2, 0, 0, 0)
        try:
            os.setxattr(program, "security.capability", capabilities)
        except OSError as e:
            self.skipTest("files here have no capabilities: %s" % e)
        self.assertEqual(self.run_as_nobody("capable", program=program, LIBVIRT_DEFAULT_URI=uri), "nodedev:///system\n")

    def test_names_of_pci_devices(self):
        xml = self.run_as_nobody("xml", "nodedev:///embed?root=" + self.tree, "pci_0000_00_00_0",
                                 VIRNODEDEV_PCI_IDS=self.ids)
        self.assertIn("<vendor id='0x8086'>", xml)
        self.assertNotIn("Caller", xml)

    def test_programs(self):
        """The caller's `mdevctl` is not run, not even once the program is root by its user ID, too."""
        mdevctl = self.file("mdevctl", "#!/bin/sh\nid -u >>%s/was-run\n" % self.folder, 0o755)
        document = self.file("mdev.xml", DOCUMENT, 0o644)
        # What stands in the place of the system's own program, and of its definitions.
        own = self.file("own", "#!/bin/sh\necho own >>%s/own-was-run\nexit 1\n" % self.folder, 0o755)
        system = shutil.which("mdevctl", path="/usr/sbin:/usr/bin:/sbin:/bin")
        if not system:
            self.skipTest("needs mdevctl")
        done = kit.run(os.path.join(kit.SCRIPTS, "replay"), kit.machine_archive("modules"),
                       "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                       "env", "PATH=%s:/usr/bin:/bin" % os.path.dirname(mdevctl), self.program, "define", document,
                       env=kit.environment(REPLAY_PREPARE="mount --bind %s %s" % (own, system)))
        self.assertEqual(os.path.exists(os.path.join(self.folder, "was-run")), False, done.stdout + done.stderr)
        self.assertEqual(kit.read(os.path.join(self.folder, "own-was-run")).split()[0], "own",
                         done.stdout + done.stderr)
