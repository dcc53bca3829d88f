# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""scripts/setup, with programs in place of apt's, sudo and Rust: what it would install, when it asks, what it advises.

No package is installed: the apt-get here writes down what it is told. What it and apt-cache print are apt's own words,
which are those of the user's language unless LC_ALL says otherwise.
"""
import os
import pty
import re
import shutil
import unittest

import kit

SETUP = os.path.join(kit.SCRIPTS, "setup")
TOOLS = "sh awk sed grep sort cut tr head dirname env rm mkdir cat".split()

APT_GET = r"""#!/bin/sh
case " $* " in
*" -s "* | *" --assume-no "*)
    [ "$LC_ALL" = C ] || { echo 'Es müssen noch 1 MB geholt werden.'; exit 1; }
    echo '2 upgraded, 7 newly installed, 0 to remove and 3 not upgraded.'
    echo 'Need to get 12.3 MB of archives.'
    echo 'After this operation, 45.6 MB of additional disk space will be used.' ;;
*) echo "$*" >>"$LOG" ;;
esac
"""
APT_CACHE = r"""#!/bin/sh
word=Kandidat:
[ "$LC_ALL" != C ] || word=Candidate:
version=$(sed -n "s/^$2 //p" "$OFFERED")
printf '%s:\n  %s %s\n' "$2" "$word" "${version:-(none)}"
"""
BOOKWORM = {"rustc": "1.63.0+dfsg1-2", "rustfmt": "1.63.0+dfsg1-2", "rustc-web": "1.85.0+dfsg3-1~deb12u3",
            "rustfmt-web": "1.85.0+dfsg3-1~deb12u3", "cargo-web": "1.85.0+dfsg3-1~deb12u3"}
TRIXIE = {"rustc": "1.85.1+dfsg1-1+deb13u1", "rustfmt": "1.85.1+dfsg1-1+deb13u1", "rustc-web": "1.96.0+dfsg1-1"}
OLDER = {"rustc": "1.75.0", "rustup": "1.27.1-3"}


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.join(kit.temp(), self._testMethodName)
        self.log, self.offered = os.path.join(self.folder, "log"), os.path.join(self.folder, "offered")
        os.makedirs(os.path.join(self.folder, "bin"))
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.folder, "bin", tool))
        self.user(0)
        self.program("apt-get", APT_GET)
        self.program("apt-cache", APT_CACHE)

    def program(self, name, text):
        path = os.path.join(self.folder, "bin", name)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)

    def user(self, number):
        """Who runs the script, as far as it can see."""
        self.program("id", "#!/bin/sh\necho %d\n" % number)

    def rust(self, version):
        self.program("cargo", "#!/bin/sh\n")
        self.program("rustc", "#!/bin/sh\necho 'rustc %s (0 2026-01-01)'\n" % version)

    def setup(self, *arguments, offered=(), **options):
        with open(self.offered, "w") as f:
            f.writelines("%s %s\n" % pair for pair in dict(offered).items())
        env = {"PATH": os.path.join(self.folder, "bin"), "LOG": self.log, "OFFERED": self.offered,
               "HOME": self.folder, "LANG": "de_DE.UTF-8", "LANGUAGE": "de", "LC_ALL": "de_DE.UTF-8"}
        done = kit.run("/bin/sh", SETUP, *arguments, env=env, **options)
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr or ""

    def installed(self):
        """The packages of each call of apt-get that would have installed some."""
        lines = kit.read(self.log).splitlines() if os.path.exists(self.log) else []
        return [line.partition("--no-install-recommends ")[2].split() for line in lines if " install " in line]

    def test_rust_of_the_distribution(self):
        """Its own where that is new enough, else the one for browsers, else rustup; nothing where the user has one."""
        for offered, arguments, expected in (
                (TRIXIE, ["--build"], {"cargo", "rustc"}), (TRIXIE, ["--test"], {"cargo", "rustc", "rustfmt"}),
                (BOOKWORM, ["--build"], {"cargo-web", "rustc-web"}),
                (BOOKWORM, ["--test"], {"cargo-web", "rustc-web", "rustfmt-web"}), (OLDER, ["--build"], set())):
            with self.subTest(offered=offered, arguments=arguments):
                if os.path.exists(self.log):
                    os.unlink(self.log)
                status, said = self.setup(*arguments, offered=offered)
                self.assertEqual(status, 1)  # nothing came of it
                rust = {name for name in self.installed()[0] if re.match("cargo|rust", name)}
                self.assertEqual(rust, expected)
                self.assertIn("cargo is not here: Rust 1.85 or newer is needed", said)
                self.assertEqual("apt-get install --no-install-recommends rustup" in said, offered is OLDER)
        os.unlink(self.log)
        self.rust("1.85.0")
        self.setup("--build", offered=TRIXIE)
        self.assertNotIn("rustc", self.installed()[0])
        self.rust("1.84.1")
        self.assertIn("rustc 1.84.1 is too old: Rust 1.85 or newer is needed", self.setup("--build", offered=OLDER)[1])

    def test_what_and_how_much(self):
        status, said = self.setup("--build", offered=TRIXIE)
        packages = " ".join(self.installed()[0])
        self.assertIn("setup: this will be installed: %s\n"
                      "setup:   2 upgraded, 7 newly installed, 0 to remove and 3 not upgraded.\n"
                      "setup:   Need to get 12.3 MB of archives.\n"
                      "setup:   After this operation, 45.6 MB of additional disk space will be used.\n" % packages, said)
        self.assertNotIn("go on?", said)

    def test_asks_on_a_terminal(self):
        for answer, goes_on in (b"n\n", False), (b"\n", True), (b"y\n", True), (b"\x04", False):
            with self.subTest(answer=answer):
                if os.path.exists(self.log):
                    os.unlink(self.log)
                ours, theirs = pty.openpty()
                os.write(ours, answer)
                try:
                    _, said = self.setup("--build", offered=TRIXIE, stdin=theirs)
                finally:
                    os.close(ours)
                    os.close(theirs)
                self.assertIn("setup: go on? [Y/n] ", said)
                self.assertEqual(bool(self.installed()), goes_on)

    def test_one_command_for_root(self):
        """A user who cannot become root is told all that needs it in one line; nothing is tried."""
        self.user(1000)
        for arguments, some in (["--build"], "gcc libudev-dev"), (["--clients"], "gcc libvirt-clients valgrind"):
            with self.subTest(arguments=arguments):
                status, said = self.setup(*arguments, offered=BOOKWORM)
                self.assertEqual((status, self.installed()), (1, []))
                commands = [line for line in said.splitlines() if "apt-get" in line]
                self.assertEqual(len(commands), 1, said)
                self.assertTrue(commands[0].startswith("    apt-get update && apt-get install --no-install-recommends "))
                self.assertLessEqual({*some.split(), "cargo-web", "rustc-web"}, set(commands[0].split()))

    def test_names_that_apt_knows(self):
        self.setup("--build", offered={**TRIXIE, "pkgconf": "1.8"})
        self.assertIn("pkgconf", self.installed()[0])
        self.assertNotIn("pkg-config", self.installed()[0])

    def test_what_pkg_config_says(self):
        """Of a module that is there but lacks another one."""
        self.program("pkg-config", "#!/bin/sh\ncase $1 in --print-errors)\n"
                     "echo \"Package 'libxml-2.0', required by 'libvirt-gconfig-1.0', not found\" >&2 ;; esac\nexit 1\n")
        _, said = self.setup("--clients", offered=TRIXIE)
        self.assertIn("    module libvirt-gobject-1.0                    (programs written for libvirt)\n"
                      "        Package 'libxml-2.0', required by 'libvirt-gconfig-1.0', not found\n", said)
        self.assertIn("libxml2-dev", self.installed()[0])

    def test_without_apt(self):
        for name in ("apt-get", "apt-cache"):
            os.unlink(os.path.join(self.folder, "bin", name))
        status, said = self.setup("--build")
        self.assertEqual(status, 1)
        self.assertIn("command cc ", said)
        self.assertIn("https://rustup.rs", said)

    def test_no_service_comes_along(self):
        """Packages of which what they depend on starts something are unpacked, not installed."""
        for arguments in ["--build"], ["--test"], ["--clients"]:
            self.setup(*arguments, offered=TRIXIE)
        wanted = {name for packages in self.installed() for name in packages}
        services = re.compile(r"libvirt-daemon|libvirt-dbus|mdevctl|virtinst|virt-install|dbus$|systemd|udev$|polkit|qemu")
        self.assertEqual({name for name in wanted if services.match(name)}, set())

    def test_programs_that_depend_on_the_system(self):
        """virt-manager's display only where systemd is, and Go only where its module is to be had."""
        go = {"golang-github-libvirt-libvirt-go-dev": "6.0.0+git20200210.224cad8-2"}
        self.setup("--clients", offered=TRIXIE)
        self.program("systemctl", "#!/bin/sh\n")
        self.setup("--clients", offered=TRIXIE)
        self.setup("--clients", offered=dict(TRIXIE, **go))
        seen = [{"xvfb", "golang-go"} & set(packages) for packages in self.installed()]
        self.assertEqual([set(names) for names in seen], [set(), {"xvfb"}, {"xvfb", "golang-go"}])


if __name__ == "__main__":
    unittest.main()
