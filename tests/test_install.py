# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""make install and make uninstall: what goes where, and that all of it goes away again."""
import os
import re
import shlex
import shutil
import unittest

import kit

VERSION = [line.split('"')[1] for line in kit.read(os.path.join(kit.ROOT, "Cargo.toml")).splitlines()
           if line.startswith("version = ")][0]
LIBRARY = "libvirnodedev.so.0." + VERSION.partition(".")[2]

# Below each of the places.
FILES = {
    "LIBDIR": [LIBRARY, "libvirnodedev.so.0", "libvirnodedev.so", "libvirnodedev.a", "pkgconfig/virnodedev.pc",
               *("virnodedev/compat/" + name % module for module in ("libvirt", "libvirt-qemu", "libvirt-lxc")
                 for name in ("pkgconfig/%s.pc", "%s.so")),
               *("virnodedev/compat/%s.so.0" % name
                 for name in ("libvirt", "libvirt-qemu", "libvirt-lxc", "libvirt-admin", "libvirnodedev-preload"))],
    "INCLUDEDIR": ["virnodedev.h", 
                   *("virnodedev/compat/libvirt/%s.h" % name
                     for name in ("libvirt", "virterror", "libvirt-qemu", "libvirt-lxc"))],
    "BINDIR": ["nodedev", "virnodedev-run"],
    "UNITDIR": ["virnodedev-rpc.socket", "virnodedev-rpc@.service", "virnodedev-rpc-ro.socket", "virnodedev-rpc-ro@.service"],
    "LIBEXECDIR": ["virnodedev/virt-ssh-helper"],
    "MANDIR": ["man1/nodedev.1", "man1/virnodedev-run.1", "man7/virnodedev.7",
               *("man3/%s.3" % name for name in kit.header_functions())],
    "DATADIR": ["doc/virnodedev/LICENSE", "doc/virnodedev/THIRD-PARTY", "bash-completion/completions/nodedev", "zsh/site-functions/_nodedev",
                "fish/vendor_completions.d/nodedev.fish",
                *("virnodedev/api/%s-api.xml" % module for module in ("libvirt", "libvirt-qemu", "libvirt-lxc"))],
}

PROGRAM = """
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt-lxc.h>
#include <stdio.h>
/* Functions that the headers do not declare, in each of the three libraries. */
int virConnectNumOfDomains(virConnectPtr conn);
int virDomainQemuMonitorCommand(void *domain, const char *command, char **result, unsigned flags);
int virDomainLxcOpenNamespace(void *domain, int **fds, unsigned flags);
int main(void)
{
    virConnectPtr conn = virConnectOpen(NULL);
    virSetErrorFunc(NULL, NULL);
    printf("%d %d", virNodeNumOfDevices(conn, "system", 0), virConnectNumOfDomains(conn));
    printf(" %d", virDomainQemuMonitorCommand(NULL, NULL, NULL, 0));
    printf(" %d\\n", virDomainLxcOpenNamespace(NULL, NULL, 0));
    return virConnectClose(conn);
}
"""


def install(*arguments, places=None):
    """Runs the script behind the two targets, on what `make` built."""
    env = {name: value for name, value in kit.environment().items() if name not in (*FILES, "PREFIX", "DESTDIR")}
    env.update(places)
    return kit.run(os.path.join(kit.SCRIPTS, "install"), *arguments, env=env)


def everything(folder):
    return sorted(os.path.relpath(os.path.join(path, name), folder)
                  for path, _, names in os.walk(folder) for name in names)


def expected(**places):
    return sorted(os.path.join(places[place], name) for place, names in FILES.items() for name in names)


class Install(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(kit.temp(), self._testMethodName)
        os.mkdir(self.folder)

    def install(self, *arguments, **places):
        done = install(*arguments, places=places)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_files_and_their_removal(self):
        self.install(PREFIX=self.folder)
        self.assertEqual(everything(self.folder),
                         expected(LIBDIR="lib", INCLUDEDIR="include", BINDIR="bin", MANDIR="share/man", DATADIR="share",
                                  LIBEXECDIR="libexec", UNITDIR="lib/systemd/system"))
        lib = os.path.join(self.folder, "lib")
        self.assertEqual(os.readlink(os.path.join(lib, "libvirnodedev.so")), "libvirnodedev.so.0")
        self.assertEqual(os.readlink(os.path.join(lib, "libvirnodedev.so.0")), LIBRARY)
        for name in (os.path.join("lib", LIBRARY), "bin/nodedev"):
            self.assertEqual(os.stat(os.path.join(self.folder, name)).st_mode & 0o777, 0o755)
        other = os.path.join(lib, "pkgconfig", "other.pc")
        open(other, "w").close()
        self.install("--uninstall", PREFIX=self.folder)
        self.assertEqual(everything(self.folder), ["lib/pkgconfig/other.pc"])
        self.assertEqual(os.listdir(self.folder), ["lib"])
        self.assertEqual(os.listdir(lib), ["pkgconfig"])
        self.assertNotIn(self.folder, self.install("--uninstall", PREFIX=self.folder))
        os.unlink(other)
        self.install("--uninstall", PREFIX=self.folder)
        self.assertFalse(os.path.exists(self.folder))
        self.assertTrue(os.path.isdir(os.path.dirname(self.folder)))

    def test_a_package(self):
        """DESTDIR is where the files are copied to, and never part of what is in them."""
        places = {"DESTDIR": self.folder, "PREFIX": "/usr", "LIBDIR": "/usr/lib/x86_64-linux-gnu"}
        self.install(**places)
        self.assertEqual(everything(self.folder),
                         expected(LIBDIR="usr/lib/x86_64-linux-gnu", INCLUDEDIR="usr/include", BINDIR="usr/bin",
                                  MANDIR="usr/share/man", DATADIR="usr/share",
                                  LIBEXECDIR="usr/libexec", UNITDIR="usr/lib/systemd/system"))
        for name in ("pkgconfig/virnodedev.pc", "virnodedev/compat/pkgconfig/libvirt.pc",
                     "virnodedev/compat/pkgconfig/libvirt-lxc.pc"):
            text = kit.read(os.path.join(self.folder, "usr/lib/x86_64-linux-gnu", name))
            self.assertIn("\nprefix=/usr\nlibdir=${prefix}/lib/x86_64-linux-gnu\nincludedir=${prefix}/include\n", text)
            self.assertNotIn(self.folder, text)
            self.assertNotIn("@", text)
        self.install("--uninstall", **places)
        self.assertEqual(os.listdir(self.folder), [])

    def test_no_folder_of_the_builder(self):
        """Neither libraries nor the archive tell where they were built: home, sources, compiler."""
        rust = kit.run("rustc", "--print", "sysroot").stdout.strip() if shutil.which("rustc") else kit.ROOT
        folders = {kit.ROOT, os.path.expanduser("~"), rust} - {"/", "/usr"}
        self.install(PREFIX=self.folder)
        for name in everything(os.path.join(self.folder, "lib")):
            with open(os.path.join(self.folder, "lib", name), "rb") as f:
                contents = f.read()
            for place in folders:
                self.assertNotIn(os.fsencode(place + "/"), contents, name)

    def test_relative_places_are_refused(self):
        for place in ("PREFIX", "LIBDIR", "INCLUDEDIR", "DATADIR"):
            done = install(places={"PREFIX": self.folder, place: "some/where"})
            self.assertEqual((done.returncode, done.stderr), (2, "install: 'some/where' is not an absolute path\n"))
        self.assertEqual(everything(self.folder), [])


class PkgConfig(unittest.TestCase):
    def test_versions(self):
        compat = os.path.join(kit.LIBDIR, "virnodedev", "compat", "pkgconfig")
        for package, path, version in (("virnodedev", None, VERSION), ("libvirt", compat, "12.8.0"),
                                       ("libvirt-qemu", compat, "12.8.0"), ("libvirt-lxc", compat, "12.8.0")):
            env = kit.environment(**({"PKG_CONFIG_PATH": path} if path else {}))
            self.assertEqual(kit.checked("pkg-config", "--modversion", package, env=env).stdout, version + "\n")

    def test_a_prefix_with_blanks_and_signs(self):
        """A program written for libvirt is built with the private folder first in the path."""
        prefix = os.path.join(kit.temp(), "a &b|c d")
        done = install(places={"PREFIX": prefix})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        env = kit.environment(PKG_CONFIG_PATH=os.path.join(prefix, "lib/virnodedev/compat/pkgconfig"))
        del env["LD_LIBRARY_PATH"]
        source = os.path.join(kit.temp(), "drop-in.c")
        with open(source, "w") as f:
            f.write(PROGRAM)
        flags = shlex.split(kit.checked("pkg-config", "--cflags", "--libs", "libvirt", "libvirt-qemu", "libvirt-lxc",
                                        env=env).stdout)
        program = os.path.join(kit.temp(), "drop-in")
        kit.checked("cc", "-std=c99", "-pedantic", *kit.WARNINGS, source, "-o", program, *flags)
        done = kit.checked(program, env=env)
        self.assertEqual(done.stdout, "1 0 -1 -1\n")
        for name in ("virDomainQemuMonitorCommand", "virDomainLxcOpenNamespace"):
            self.assertIn("this function is not supported by the connection driver: %s\n" % name, done.stderr)
        needed = re.findall(r"Shared library: \[(.*)\]", kit.checked("readelf", "-d", program).stdout)
        self.assertLessEqual({"libvirt.so.0", "libvirt-qemu.so.0", "libvirt-lxc.so.0"}, set(needed))
        self.assertNotIn("libvirnodedev.so.0", needed)
        shutil.rmtree(prefix)

    def test_a_tree_that_was_moved(self):
        prefix = os.path.join(kit.temp(), "moved")
        shutil.copytree(kit.PREFIX, prefix, symlinks=True)
        env = kit.environment(PKG_CONFIG_PATH=os.path.join(prefix, "lib", "pkgconfig"))
        flags = shlex.split(kit.checked("pkg-config", "--define-variable=prefix=" + prefix, "--cflags", "--libs",
                                        "virnodedev", env=env).stdout)
        include = prefix + "/include"
        self.assertEqual(flags, ["-I" + include, "-I" + include + "/virnodedev/compat", "-L%s/lib" % prefix,
                                 "-lvirnodedev"])
        del env["LD_LIBRARY_PATH"]
        loaded = kit.checked(prefix + "/bin/nodedev", env=dict(env, LD_TRACE_LOADED_OBJECTS="1")).stdout
        self.assertIn("libvirnodedev.so.0 => %s/bin/../lib/libvirnodedev.so.0 " % prefix, loaded)
        said = kit.checked(prefix + "/bin/virnodedev-run", "-n", "-l", "true", env=env).stdout
        self.assertEqual(said, "LD_LIBRARY_PATH=%s/lib/virnodedev/compat\n" % prefix)
