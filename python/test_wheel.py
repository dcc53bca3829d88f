# SPDX-License-Identifier: LGPL-2.1-or-later
"""The wheel: built as a user builds it, installed by pip into an environment of its own without a network, used there."""
import hashlib
import os
import shutil
import subprocess
import sys
import time
import unittest
import zipfile

import kit

BUILD = os.path.join(kit.BUILD, "wheel")
LIBRARY = os.path.join(kit.LIBDIR, "libvirnodedev.so.0")
# Nothing that leads to the library or package but the wheel.
BARE = {name: value for name, value in os.environ.items() if name not in ("LD_LIBRARY_PATH", "PYTHONPATH")}


def build(folder, **more):
    return kit.run(sys.executable, os.path.join(kit.ROOT, "python", "wheel_backend.py"), folder,
                   env=dict(BARE, VIRNODEDEV_LIBRARY=LIBRARY, **more))


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(BUILD, ignore_errors=True)
        os.makedirs(BUILD)
        # Where there is no cargo, what was built before serves.
        shutil.copy(os.path.join(kit.ROOT, "build", "libvirnodedev.so.0"), BUILD)
        done = kit.checked("make", "-C", kit.ROOT, "--no-print-directory", "wheel",
                           "BUILD_DIR=" + os.path.relpath(BUILD, kit.ROOT), env=BARE)  # make splits words at blanks
        cls.wheel = os.path.join(BUILD, done.stdout.splitlines()[-1])
        environment = os.path.join(BUILD, "venv")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, env=BARE)
        cls.python = os.path.join(environment, "bin", "python")
        site = kit.checked(cls.python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))", env=BARE)
        kit.checked(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                    "--disable-pip-version-check", "--target", site.stdout.strip(), cls.wheel, env=BARE)

    def run_python(self, *command):
        return kit.checked(self.python, *command, env=BARE, cwd="/")

    def test_contents(self):
        with zipfile.ZipFile(self.wheel) as wheel:
            self.assertIsNone(wheel.testzip())
            names = wheel.namelist()
            record = wheel.read(next(name for name in names if name.endswith("/RECORD"))).decode().splitlines()
        package = os.listdir(os.path.join(kit.ROOT, "python", "virnodedev"))
        self.assertEqual({name for name in names if name.startswith("virnodedev/")},
                         {"virnodedev/" + name for name in package if not name.startswith("__pycache__")}
                         | {"virnodedev/libvirnodedev.so.0"})
        self.assertEqual([line.split(",")[0] for line in record], names)
        self.assertRegex(os.path.basename(self.wheel), r"^virnodedev-\d+\.\d+\.\d+-py3-none-linux_\w+\.whl$")
        self.note = "%d KiB" % (os.path.getsize(self.wheel) // 1024)

    def test_same_files_same_wheel(self):
        def digest(path):
            with open(path, "rb") as f:
                return hashlib.sha256(f.read()).hexdigest()
        time.sleep(2)  # what a zip file counts in
        other = os.path.join(BUILD, "again")
        self.assertEqual(digest(os.path.join(other, build(other).stdout.strip())), digest(self.wheel))

    def test_used(self):
        done = self.run_python("-c", "import virnodedev as v, virnodedev.aio\n"
                                     "print(v.__version__, v.__file__)\n"
                                     "print(*[d.name() for d in v.open('test:///default').listAllDevices()])\n"
                                     "print(*{l.split()[-1] for l in open('/proc/self/maps') if 'libvirnodedev' in l})")
        version, devices, library = done.stdout.splitlines()
        site = os.path.dirname(library)
        self.assertTrue(site.startswith(os.path.join(BUILD, "venv")), site)
        self.assertEqual(version.split(), [os.path.basename(self.wheel).split("-")[1], site + "/__init__.py"])
        self.assertEqual(devices.split(), ["computer", "scsi_host1", "scsi_host11", "scsi_host2"])
        self.assertTrue(os.path.exists(os.path.join(site, "py.typed")))

    def test_example(self):
        """examples/watch.py on the hardware of this host, until it is interrupted."""
        process = subprocess.Popen([self.python, os.path.join(kit.ROOT, "examples", "watch.py")], env=BARE, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line == "watching\n":
                process.send_signal(2)
        self.assertEqual((process.wait(20), process.stderr.read()), (0, ""))
        process.stdout.close(), process.stderr.close()
        self.assertIn("here net_lo_00_00_00_00_00_00", lines)
        self.assertEqual(lines[-1], "watching")

    def test_pip_builds_it(self):
        """PEP 517, for those who name the folder instead of the wheel."""
        folder = os.path.join(BUILD, "pip")
        kit.checked(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--wheel-dir", folder,
                    "--disable-pip-version-check", os.path.join(kit.ROOT, "python"),
                    env=dict(BARE, VIRNODEDEV_LIBRARY=LIBRARY))
        self.assertEqual(os.listdir(folder), [os.path.basename(self.wheel)])

    def test_without_a_library(self):
        done = kit.run(sys.executable, os.path.join(kit.ROOT, "python", "wheel_backend.py"), BUILD,
                       env=dict(BARE, VIRNODEDEV_LIBRARY="/nowhere"))
        self.assertEqual((done.returncode, done.stderr), (
            1, "there is no library at '/nowhere': build it with `make`, or name it with VIRNODEDEV_LIBRARY\n"))
