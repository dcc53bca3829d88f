# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""C programs against the installed library: by pkg-config, statically, by dlopen, as C++."""
import os
import re
import shutil
import unittest

import cprograms
import kit

COMPAT = os.path.join(kit.LIBDIR, "virnodedev", "compat", "pkgconfig")


def exported():
    """The library's symbols as (node, name), without the nodes themselves."""
    library = os.path.join(kit.LIBDIR, "libvirnodedev.so.0")
    lines = kit.checked("nm", "-D", "--defined-only", "--with-symbol-versions", library).stdout.splitlines()
    found = []
    for line in lines:
        _, kind, name = line.split()
        if kind != "A":
            name, _, node = name.partition("@@")
            found.append((node, name))
    return found


# Functions of the C library that have a form with 64 in the name where a file's size and number have 32 bits otherwise.
OF_SMALL_FILES = set("creat fopen freopen fseeko fstat fstatat ftello lseek lstat mkostemp mkstemp mmap open openat posix_fallocate pread "
                     "pwrite readdir sendfile stat statfs statvfs tmpfile truncate ftruncate".split())


COUNTS_THREADS = ["footprint"]


class Programs(unittest.TestCase):
    """Each program of c-tests that is a test."""

    def test_large_files(self):
        """Where words have 32 bits, nothing asks for files in a way that fails for large ones, or with large inode numbers."""
        for path in ("bin/nodedev", "bin/virnodedev-run", os.path.join(kit.LIBDIR, "libvirnodedev.so.0")):
            path = os.path.join(kit.PREFIX, path)
            self.note = re.search(r"Class: +(\w+)", kit.checked("readelf", "-h", path).stdout)[1]
            used = {line.split()[-1].partition("@")[0] for line in kit.checked("nm", "-D", "--undefined-only", path).stdout.splitlines()}
            self.assertTrue(used)
            if self.note == "ELF32":
                self.assertEqual(used & OF_SMALL_FILES, set(), path)


def _program_test(name):
    def test(self):
        if kit.EMULATED and name in COUNTS_THREADS:
            self.skipTest("the emulator has a thread of its own")
        program = cprograms.compile_c(name, *cprograms.package_flags("--cflags", "--libs", "virnodedev"))
        kit.checked(program, env=cprograms.run_environment(), timeout=300)
    return test


for _name in cprograms.TESTS:
    setattr(Programs, "test_" + _name, _program_test(_name))


class Ways(unittest.TestCase):
    """The ways in which a program comes to the library."""

    def test_header_as_cpp(self):
        flags = cprograms.package_flags("--cflags", "--libs", "virnodedev")
        program = cprograms.compile_c("header", *flags, output="header-cpp", compiler="c++")
        kit.checked(program)

    def test_static_library(self):
        """All of the library inside the program; only the system's libraries stay outside."""
        flags = cprograms.package_flags("--cflags", "--libs", "--static", "virnodedev")
        archive = os.path.join(kit.LIBDIR, "libvirnodedev.a")
        flags = [archive if f == "-lvirnodedev" else f for f in flags]
        self.assertIn(archive, flags)
        program = cprograms.compile_c("basics", *flags, output="basics-static")
        needed = kit.checked("readelf", "-d", program).stdout
        self.assertNotIn("libvirnodedev", needed)
        kit.checked(program, env=cprograms.run_environment())

    @unittest.skipIf(kit.EMULATED, "the emulator has address space of its own")
    def test_little_address_space(self):
        program = cprograms.compile_c("little_space", *cprograms.package_flags("--cflags", "--libs", "virnodedev"))
        kit.checked(program, env=cprograms.run_environment())

    def test_libvirt_program_with_another_package_name(self):
        flags = cprograms.package_flags("--cflags", "--libs", "virnodedev")
        program = cprograms.compile_c("libvirt_client", *flags)
        done = kit.checked(program, "test:///default", env=cprograms.run_environment())
        self.assertIn("computer below nothing", done.stdout)
        self.assertIn("scsi_host11 below scsi_host1", done.stdout)

    def test_libvirt_program_with_nothing_changed(self):
        """`pkg-config libvirt` finds this library when its private folder comes first."""
        flags = cprograms.package_flags("--cflags", "--libs", "libvirt", path=COMPAT)
        program = cprograms.compile_c("libvirt_client", *flags, output="libvirt_client-compat")
        loaded = kit.checked("ldd", program, env=cprograms.run_environment()).stdout
        self.assertIn("libvirt.so.0 => %s/virnodedev/compat/libvirt.so.0" % kit.LIBDIR, loaded)
        # A system whose /lib is a link to /usr/lib may name either.
        library = re.search(r"^\tlibvirnodedev\.so\.0 => (\S+)", loaded, re.M)[1]
        self.assertTrue(os.path.samefile(library, os.path.join(kit.LIBDIR, "libvirnodedev.so.0")), library)
        done = kit.checked(program, "test:///default", env=cprograms.run_environment())
        self.assertIn("computer below nothing", done.stdout)
        wanted = kit.checked("pkg-config", "--modversion", "libvirt",
                             env=kit.environment(PKG_CONFIG_PATH=COMPAT)).stdout.strip()
        self.assertEqual(wanted, "12.8.0")

    def test_libvirt_program_does_not_find_it_unasked(self):
        """The stand-in libvirt.pc is not where pkg-config looks by itself."""
        self.assertFalse(os.path.exists(os.path.join(kit.LIBDIR, "pkgconfig", "libvirt.pc")))

    def test_dlopen_50_times(self):
        symbols = os.path.join(kit.BIN, "symbols.txt")
        with open(symbols, "w") as f:
            for node, name in exported():
                f.write("%s %s\n" % (node, name))
        flags = [f for f in cprograms.package_flags("--cflags", "virnodedev") if not f.startswith("-Wl")]
        program = cprograms.compile_c("dlopen", *flags, "-ldl")
        kit.checked(program, os.path.join(kit.LIBDIR, "libvirnodedev.so.0"), symbols)
        self.note = "%d symbols" % len(exported())

    @unittest.skipIf(kit.INSTALLED, "nothing is built: an installed copy is tested")
    def test_uninstall_leaves_nothing(self):
        prefix = os.path.join(kit.temp(), "removed")
        library = os.path.join(kit.ROOT, "build", "libvirnodedev.so.0")
        built = os.stat(library).st_mtime_ns
        for target in ("install", "uninstall"):
            kit.checked("make", "-C", kit.ROOT, target, "PREFIX=" + prefix, "LIBDIR=%s/lib" % prefix,
                        "DESTDIR=", timeout=600, env=kit.build_environment())
            if target == "install":
                self.assertTrue(os.path.exists(prefix + "/lib/libvirnodedev.so.0"))
        left = [os.path.join(d, f) for d, _, files in os.walk(prefix) for f in files]
        self.assertEqual(left, [])
        self.assertEqual(os.stat(library).st_mtime_ns, built, "it was built anew")
        shutil.rmtree(prefix, ignore_errors=True)


class Exports(unittest.TestCase):
    """What the shared library shows to the linker."""

    def test_nodes_are_those_of_libvirt(self):
        nodes = {symbol.name: symbol.node for symbol in kit.libvirt_symbols()}
        wrong = [(node, name) for node, name in exported()
                 if node != nodes.get(name) and not (node.startswith("VIRNODEDEV_") and name.startswith("vnd"))]
        self.assertEqual(wrong, [])
        # Each with exactly one version.
        names = [name for _, name in exported()]
        self.assertEqual(len(names), len(set(names)))

    def test_node_device_area_is_complete(self):
        names = [symbol.name for symbol in kit.libvirt_symbols()]
        area = {n for n in names if "NodeDevice" in n or n in (
            "virNodeNumOfDevices virNodeListDevices virInitialize virGetVersion virConnectOpen "
            "virConnectOpenReadOnly virConnectOpenAuth virConnectAuthPtrDefault virConnectRef virConnectClose "
            "virConnectGetType virConnectGetURI virConnectGetVersion virConnectGetLibVersion "
            "virConnectGetHostname virConnectGetCapabilities virConnectIsAlive virConnectIsEncrypted "
            "virConnectIsSecure virConnectSetKeepAlive virConnectRegisterCloseCallback "
            "virConnectUnregisterCloseCallback virGetLastError virGetLastErrorCode virGetLastErrorDomain "
            "virGetLastErrorMessage virResetLastError virResetError virFreeError virSaveLastError "
            "virCopyLastError virConnCopyLastError virConnGetLastError virConnResetLastError virSetErrorFunc "
            "virConnSetErrorFunc virDefaultErrorFunc").split()}
        self.assertGreater(len(area), 55)
        self.assertEqual(area - {name for _, name in exported()}, set())

    def test_soname_and_needed(self):
        """Only the C library, libgcc_s and, where the library was built with it, libudev are needed."""
        dynamic = kit.checked("readelf", "-d", os.path.join(kit.LIBDIR, "libvirnodedev.so.0")).stdout
        self.assertIn("Library soname: [libvirnodedev.so.0]", dynamic)
        needed = {line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "(NEEDED)" in line}
        extra = {n for n in needed if not n.startswith(("libc.so", "libgcc_s.so", "ld-linux", "ld64.so"))}
        required = kit.checked("pkg-config", "--print-requires-private", "virnodedev").stdout.split()
        self.assertEqual(extra, {"libudev.so.1"} if required else set())
        self.assertIn(required, ([], ["libudev"]))

    def test_size(self):
        """At most 2.2 MB when stripped, with Debian's compilers too, which optimise across the standard library less."""
        stripped = os.path.join(kit.temp(), "stripped.so")
        kit.checked("strip", "-o", stripped, os.path.join(kit.LIBDIR, "libvirnodedev.so.0"))
        size = os.path.getsize(stripped)
        self.note = "%d KiB" % (size // 1024)
        self.assertLessEqual(size, 2200 * 1000)
