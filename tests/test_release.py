# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""scripts/release in a repository of its own, and the version in every file of this one.

What takes long, the tarballs and cargo's part, is stood in for; python/test_wheel.py tests the wheel.
"""
import os
import re
import shutil
import unittest

import kit

FILES = ["Cargo.toml", "Cargo.lock", "CHANGELOG.md", "LICENSE", "LICENSES/LGPL-2.1-or-later.txt", "include/virnodedev.h", "docs/python.md",
         "packaging/debian/changelog", "packaging/rpm/virnodedev.spec", "packaging/alpine/APKBUILD", "packaging/arch/PKGBUILD",
         "python/pyproject.toml", "python/wheel_backend.py", "scripts/release"]


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("git"):
            raise unittest.SkipTest("git is not here")
        cls.folder = os.path.join(kit.temp(), "release")
        for name in FILES:
            os.makedirs(os.path.dirname(os.path.join(cls.folder, name)), exist_ok=True)
            shutil.copy(os.path.join(kit.ROOT, name), os.path.join(cls.folder, name))
        shutil.copytree(os.path.join(kit.ROOT, "python", "virnodedev"), os.path.join(cls.folder, "python", "virnodedev"),
                        ignore=shutil.ignore_patterns("__pycache__"))
        cls.script("source-tarball", 'touch "$2/virnodedev-tarball"')
        cls.script("sbom", "echo '{}'")
        with open(os.path.join(cls.folder, ".gitignore"), "w") as f:
            f.write("/build/\n__pycache__/\n")
        with open(os.path.join(cls.folder, "CHANGELOG.md"), "w") as f:
            f.write("# Changelog\n\n## 0.1.0 (unreleased)\n\n- News.\n")
        cls.git("init", "--quiet")
        cls.git("add", ".")
        cls.git("commit", "--quiet", "--message", "First")

    @classmethod
    def script(cls, name, text):
        path = os.path.join(cls.folder, "scripts", name)
        with open(path, "w") as f:
            f.write("#!/bin/sh\n%s\n" % text)
        os.chmod(path, 0o755)

    @classmethod
    def environment(cls):
        names = {"GIT_%s_%s" % (who, what): "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        return kit.environment(HOME=cls.folder, GNUPGHOME=os.path.join(kit.temp(), "gnupg"), GIT_CONFIG_NOSYSTEM="1", **names)

    @classmethod
    def git(cls, *arguments):
        return kit.checked("git", "-C", cls.folder, *arguments, env=cls.environment()).stdout

    def release(self, *arguments):
        return kit.run(os.path.join(self.folder, "scripts", "release"), *arguments, env=self.environment())

    def test_1_refused(self):
        for arguments, why in ((["1.2"], "VERSION is three numbers"), ([], "VERSION is three numbers"), (["01.2.3"], "VERSION is three"),
                               (["0.2.0", "--key", "nobody@nowhere"], "gpg has no secret key 'nobody@nowhere'")):
            if "--key" in arguments and not shutil.which("gpg"):
                continue
            done = self.release(*arguments)
            self.assertEqual(done.returncode, 1)
            self.assertIn("release: " + why, done.stderr)
        extra = os.path.join(self.folder, "extra")
        open(extra, "w").close()
        done = self.release("0.2.0")
        os.unlink(extra)
        self.assertIn("something is not committed", done.stderr)
        self.assertEqual(self.git("status", "--porcelain"), "")

    def test_2_released(self):
        key = []
        if shutil.which("gpg"):
            os.makedirs(self.environment()["GNUPGHOME"], mode=0o700, exist_ok=True)
            kit.checked("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "test@localhost", "ed25519", "sign",
                        env=self.environment())
            key = ["--key", "test@localhost"]
        done = self.release("0.2.13", *key)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.git("tag"), "v0.2.13\n")
        self.assertEqual(self.git("status", "--porcelain"), "")
        self.assertEqual(self.git("log", "--format=%s", "-1"), "Release 0.2.13\n")
        changed = set(self.git("diff", "--name-only", "HEAD~1").split())
        self.assertEqual(changed, {"Cargo.toml", "Cargo.lock", "CHANGELOG.md", "include/virnodedev.h", "packaging/debian/changelog",
                                   "packaging/rpm/virnodedev.spec", "packaging/alpine/APKBUILD", "packaging/arch/PKGBUILD"})
        self.assertRegex(kit.read(os.path.join(self.folder, "CHANGELOG.md")), r"^# Changelog\n\n## 0\.2\.13 \(\d{4}-\d\d-\d\d\)\n\n- News\.\n$")
        header = kit.read(os.path.join(self.folder, "include/virnodedev.h"))
        self.assertEqual(re.findall(r"#define VIRNODEDEV_VERSION_\w+ (\d+)", header), ["0", "2", "13"])
        debian = kit.read(os.path.join(self.folder, "packaging/debian/changelog"))
        self.assertEqual(re.findall(r"^virnodedev \((\S+)\)", debian, re.M), ["0.2.13-1", "0.1.0-1"])
        out = os.path.join(self.folder, "build", "release")
        files = {"SHA256SUMS", "virnodedev-tarball", "virnodedev-0.2.13.cdx.json", "virnodedev-0.2.13.tar.gz",
                 "virnodedev-0.2.13-py3-none-any.whl"}
        self.assertEqual(set(os.listdir(out)), files | ({"SHA256SUMS.asc"} if key else set()))
        kit.checked("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=out)
        if key:
            kit.checked("gpg", "--batch", "--verify", "SHA256SUMS.asc", "SHA256SUMS", cwd=out, env=self.environment())
        self.assertEqual(len(kit.read(os.path.join(out, "SHA256SUMS")).splitlines()), len(files) - 1)

    def test_3_not_twice(self):
        done = self.release("0.2.13")
        self.assertIn("0.2.13 has been released", done.stderr)
        done = self.release("0.3.0")
        self.assertIn("there is nothing new to release", done.stderr)
        self.assertEqual(self.git("status", "--porcelain"), "")

    def test_4_a_version_that_differs(self):
        path = os.path.join(self.folder, "packaging/arch/PKGBUILD")
        text = kit.read(path)
        with open(path, "w") as f:
            f.write(re.sub("pkgver=.*", "pkgver=9.9.9", text))
        done = self.release("--check")
        self.assertEqual((done.returncode, done.stdout), (1, "packaging/arch/PKGBUILD says 9.9.9, Cargo.toml 0.2.13\n"))


class Versions(unittest.TestCase):
    def test_all_say_the_same(self):
        done = kit.run(os.path.join(kit.SCRIPTS, "release"), "--check")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_packages_know_every_file(self):
        """Each file of `make install` goes into exactly one of Debian's packages, and the symbols file names what is exported."""
        folder = os.path.join(kit.ROOT, "packaging", "debian")
        patterns = []
        for name in sorted(os.listdir(folder)):
            if name.endswith(".install"):
                patterns += [line.split()[0] for line in kit.read(os.path.join(folder, name)).splitlines()]
        expressions = [re.compile(re.escape(p).replace(r"\*", "[^/]*") + "(/.*)?$") for p in patterns]
        log = kit.read(os.path.join(kit.BUILD, "install.log"))
        installed = [line.split()[0][len(kit.PREFIX) + 1:] for line in log.splitlines() if line.startswith("  " + kit.PREFIX + "/")]
        self.assertGreater(len(installed), 100)
        for path in installed:
            path = "usr/" + re.sub("^lib/(?!systemd/)", "lib/triplet/", path).replace("share/doc/virnodedev/", "share/doc/libvirnodedev0/")
            if path.endswith("/LICENSE"):  # Debian has it in common-licenses
                continue
            path = re.sub("/THIRD-PARTY$", "/THIRD-PARTY.triplet", path)
            self.assertEqual(sum(bool(e.match(path)) for e in expressions), 1, path)

    def test_symbols(self):
        """The symbols file names what libvirnodedev.map exports (tests/exports.rs compares that with the library)."""
        nodes = re.findall(r"^(\S+) \{(.*?)^\}", kit.read(os.path.join(kit.ROOT, "libvirnodedev.map")), re.S | re.M)
        exported = {"%s@%s" % (name, node) for node, body in nodes for name in [node, *re.findall(r"^\s+(\w+);", body, re.M)]}
        text = kit.read(os.path.join(kit.ROOT, "packaging", "debian", "libvirnodedev0.symbols"))
        self.assertEqual({line.split()[0] for line in text.splitlines()[1:]}, exported)
        self.note = "%d symbols" % len(exported)


if __name__ == "__main__":
    unittest.main()
