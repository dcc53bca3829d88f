# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The installed libvirt, where there is one, says the same as the library: of this host and of every machine here.

scripts/compare-live names the differences that come from an older libvirt; any other one is a failure.
"""
import os
import unittest

import foreign
import kit
from test_handmade import NAMES, archive, machines

SCRIPT = os.path.join(kit.SCRIPTS, "compare-live")

# Folders of its own, each a mount like udev's database of a replay; then what is mounted, and what is in them.
HIDE = """
mount -t tmpfs tmpfs /run
mkdir /run/udev /run/etc /run/other
mount -t tmpfs tmpfs /run/udev
mount -t tmpfs tmpfs /run/etc
mkdir /run/udev/data
echo database >/run/udev/data/c1:3
echo root >/run/etc/passwd
exec python3 - "$1" <<'END'
import importlib.machinery, importlib.util, os, sys
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("compare_live", sys.argv[1])
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare_live", loader))
loader.exec_module(module)

def mounts():
    with open("/proc/self/mountinfo") as f:
        return sorted(line.split()[4] for line in f)

before = mounts()
module.hide_folders()
after = mounts()
for place in before:
    after.remove(place)
# What hides something is mounted over it, and that is all.
print(*(place for place in after if not place.startswith(("/run", "/var", "/etc/libvirt", "/usr/share/"))))
print(*(name for name in ("etc", "other", "udev") if os.path.exists("/run/" + name)))
for path in "/run/udev/data/c1:3", "/run/etc/passwd":
    with open(path) as f:
        print(f.read(), end="")
END
"""
HIDDEN = """\

etc udev
database
root
"""


class CompareLive(unittest.TestCase):
    def compare(self, name, *arguments, names=kit.PCI_IDS):
        env = kit.environment(NODEDEV=os.path.join(kit.PREFIX, "bin", "nodedev"), VIRNODEDEV_PCI_IDS=names)
        if os.geteuid() != 0:  # only root can have libvirt read other names than the system's
            del env["VIRNODEDEV_PCI_IDS"]
        done = kit.run(SCRIPT, "--diff", *arguments, env=env)
        where = kit.details("compare-live/%s.txt" % name, done.stdout + done.stderr)
        if "no libvirt daemon" in done.stdout:
            foreign.need("libvirt's daemon", None)
        if done.returncode == kit.SKIPPED:
            self.skipTest((done.stdout + done.stderr).strip())
        self.assertEqual(done.returncode, 0, where)
        lines = done.stdout.splitlines()
        self.note = "%s; %s" % (lines[0], " ".join(next(l for l in lines if l.startswith("all ")).split()[1:3]) +
                                " devices identical, explained")

    def test_hidden_folders(self):
        """What libvirt's daemon reads below /run stays, and nothing is mounted in a second place that is removed later."""
        done = kit.run(os.path.join(kit.SCRIPTS, "own-namespaces"), "sh", "-euc", HIDE, "sh", SCRIPT)
        if done.returncode == kit.SKIPPED:
            self.skipTest(done.stderr.strip())
        self.assertEqual((done.stdout, done.returncode), (HIDDEN, 0), done.stderr)

    def test_host(self):
        self.compare("host")


def _replay_test(name, path, names):
    def test(self):
        if os.geteuid() != 0:
            self.skipTest("no privilege: libvirt reads a replay as root only")
        self.compare(name, "--replay", path(), names=names)
    return test


for _machine in machines():
    setattr(CompareLive, "test_handmade_" + _machine,
            _replay_test("handmade-" + _machine, lambda machine=_machine: archive(machine), NAMES))
for _machine in kit.machine_names():
    setattr(CompareLive, "test_" + _machine,
            _replay_test(_machine, lambda machine=_machine: kit.machine_archive(machine), kit.PCI_IDS))
