# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The wheel: built as a user builds it, installed by pip into an environment of its own without a network, used there."""
import contextlib
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
BARE = {name: value for name, value in kit.build_environment().items() if name not in ("LD_LIBRARY_PATH", "PYTHONPATH")}


def build(folder, **more):
    return kit.run(sys.executable, os.path.join(kit.ROOT, "python", "wheel_backend.py"), folder,
                   env=dict(BARE, VIRNODEDEV_LIBRARY=LIBRARY, **more))


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(BUILD, ignore_errors=True)
        os.makedirs(BUILD)
        # Where there is no cargo, what was built before serves.
        for name in ("libvirnodedev.so.0", "THIRD-PARTY"):
            shutil.copy(os.path.join(kit.ROOT, "build", name), BUILD)
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
            notices = wheel.read(next(name for name in names if name.endswith(".dist-info/THIRD-PARTY"))).decode()
            record = wheel.read(next(name for name in names if name.endswith("/RECORD"))).decode().splitlines()
        package = os.listdir(os.path.join(kit.ROOT, "python", "virnodedev"))
        self.assertEqual({name for name in names if name.startswith("virnodedev/")},
                         {"virnodedev/" + name for name in package if not name.startswith("__pycache__")}
                         | {"virnodedev/libvirnodedev.so.0"})
        self.assertEqual([line.split(",")[0] for line in record], names)
        self.assertIn("    udev ", notices)
        self.assertIn("Permission is hereby granted, free of charge", notices)
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
                break
        # Python sees a signal that comes just before it begins to wait when the next one ends the wait.
        for _ in range(10):
            process.send_signal(2)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
                break
        self.assertEqual((process.wait(20), process.stderr.read(), process.stdout.read()), (0, "", ""))
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

    def test_library_of_the_system(self):
        """Nothing in it is of one kind of machine; it loads what the loader finds, or says what is missing."""
        folder = os.path.join(BUILD, "system")
        done = kit.checked(sys.executable, os.path.join(kit.ROOT, "python", "wheel_backend.py"), folder,
                           env=dict(BARE, VIRNODEDEV_LIBRARY="system"))
        self.assertRegex(done.stdout, r"^virnodedev-\d+\.\d+\.\d+-py3-none-any\.whl$")
        self.assert_system_wheel(os.path.join(folder, done.stdout.strip()))

    def assert_system_wheel(self, path):
        with zipfile.ZipFile(path) as wheel:
            self.assertEqual([name for name in wheel.namelist() if ".so" in name], [])
            settings = wheel.read(next(name for name in wheel.namelist() if name.endswith("/WHEEL"))).decode()
        self.assertIn("Root-Is-Purelib: true\nTag: py3-none-any\n", settings)
        show = [sys.executable, "-c", "import virnodedev; print(len(virnodedev.open('test:///default').listAllDevices()))"]
        done = kit.run(*show, env=dict(BARE, PYTHONPATH=path), cwd="/")
        self.assertIn("the library of virnodedev cannot be loaded", done.stderr)
        done = kit.checked(*show, env=dict(BARE, PYTHONPATH=path, LD_LIBRARY_PATH=kit.LIBDIR), cwd="/")
        self.assertEqual(done.stdout, "4\n")

    def test_source_distribution(self):
        """pip makes the wheel for an installed library from it, away from the project; the same files make the same one."""
        folder = os.path.join(BUILD, "sdist")
        digests = set()
        for _ in range(2):
            name = kit.checked(sys.executable, "-c", "import sys, wheel_backend; print(wheel_backend.build_sdist(sys.argv[1]))",
                               folder, env=dict(BARE, PYTHONPATH=os.path.join(kit.ROOT, "python"))).stdout.strip()
            with open(os.path.join(folder, name), "rb") as f:
                digests.add(hashlib.sha256(f.read()).hexdigest())
            time.sleep(1)
        self.assertEqual(len(digests), 1)
        self.assertRegex(name, r"^virnodedev-\d+\.\d+\.\d+\.tar\.gz$")
        kit.checked(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--wheel-dir", folder,
                    "--disable-pip-version-check", os.path.join(folder, name), env=BARE)
        wheel, = (entry for entry in os.listdir(folder) if entry.endswith(".whl"))
        self.assertEqual(wheel, os.path.basename(self.wheel).split("-py3")[0] + "-py3-none-any.whl")
        self.assert_system_wheel(os.path.join(folder, wheel))

    def test_without_a_library(self):
        done = kit.run(sys.executable, os.path.join(kit.ROOT, "python", "wheel_backend.py"), BUILD,
                       env=dict(BARE, VIRNODEDEV_LIBRARY="/nowhere"))
        self.assertEqual((done.returncode, done.stderr), (
            1, "there is no library at '/nowhere': build it with `make`, or name it with VIRNODEDEV_LIBRARY\n"))
