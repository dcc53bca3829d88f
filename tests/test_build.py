# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""make and build.rs in places and surroundings that a developer's machine does not have.

A cargo and an awk of our own stand in where the real ones would only cost time; build.rs itself is tried with a library of
one function, whose project is moved between two builds.
"""
import json
import os
import re
import shutil
import sys
import unittest

import kit

# Writes down what it is told and makes the files where its configuration says, as cargo would.
CARGO = """#!/bin/sh
echo "$*" >>"$FOLDER/told"
mkdir -p "$MADE" && : >"$MADE/libvirnodedev.so" && : >"$MADE/libvirnodedev.a"
echo '{"reason":"compiler-artifact","target":{"name":"libc"},"filenames":["/x/liblibc.rlib"],"fresh":true}'
printf '{"reason":"compiler-artifact","target":{"name":"virnodedev"},"filenames":["%s","%s"],"fresh":false}\\n' \\
    "$MADE/libvirnodedev.so" "$MADE/libvirnodedev.a"
echo '{"reason":"build-finished","success":true}'
"""
LIBRARY = """#[unsafe(no_mangle)]
pub extern "C" fn %s() {}
"""
MANIFEST = """[package]
name = "virnodedev"
version = "0.0.0"
edition = "2024"
[lib]
crate-type = ["cdylib"]
[workspace]
"""


def folder(test, name="a b"):
    path = os.path.join(kit.temp(), "build", test.id().rpartition(".")[2], name)
    os.makedirs(path)
    return path


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def environment(**more):
    """Without what a user or an outer make set."""
    names = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "CARGO_BUILD_TARGET_DIR",
             "TARGET", "CC", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS")
    env = {name: value for name, value in kit.environment().items() if name not in names}
    env.pop("LC_ALL")
    return dict(env, **more)


class Library(unittest.TestCase):
    """scripts/build-library and the target that calls it."""

    def setUp(self):
        self.folder = folder(self)
        os.mkdir(os.path.join(self.folder, "scripts"))
        for name in ("build-library", "relative"):
            shutil.copy(os.path.join(kit.SCRIPTS, name), os.path.join(self.folder, "scripts"))
        self.cargo = os.path.join(self.folder, "cargo")
        write(self.cargo, CARGO, 0o755)

    def build(self, made, cargo=None):
        return kit.run("scripts/build-library", "build", cargo or self.cargo, "rustc", cwd=self.folder,
                       env=environment(FOLDER=self.folder, MADE=made))

    def links(self):
        place = os.path.join(self.folder, "build")
        return [os.readlink(os.path.join(place, name)) for name in ("libvirnodedev.so.0", "libvirnodedev.a")]

    def test_links_follow_cargo(self):
        """Relative ones inside of the checkout, which has a blank in its path; a place elsewhere is named whole."""
        elsewhere = folder(self, "elsewhere")
        for made, expected in ((os.path.join(self.folder, "target/release"), "../target/release"),
                               (os.path.join(self.folder, "other/i686/release"), "../other/i686/release"),
                               (elsewhere, elsewhere)):
            done = self.build(made)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(self.links(), [expected + "/libvirnodedev.so", expected + "/libvirnodedev.a"])
        self.assertEqual(self.without_renaming(kit.read(os.path.join(self.folder, "told"))),
                         "rustc --message-format json-render-diagnostics\n" * 3)

    @staticmethod
    def without_renaming(told):
        return re.sub(r" --config build\.rustflags=\[.*?\]", "", told)

    def test_folders_of_the_builder_are_renamed(self):
        """By an option that leaves cargo's configuration as it is, or behind what the user tells the compiler."""
        write(self.cargo, CARGO + 'printf %s "$CARGO_ENCODED_RUSTFLAGS" | tr "\\037" "\\n" >"$FOLDER/flags"\n', 0o755)
        rust = kit.run("rustc", "--print", "sysroot").stdout.strip() if shutil.which("rustc") else ""
        renamed = ["--remap-path-prefix=" + pair for pair in (
            *([rust + "=/rust"] if rust else []), '/my "cargo"=/cargo', self.folder + "=/virnodedev")]
        for variable, value, flags in (("RUSTFLAGS", "-Ca=b  -C d", ["-Ca=b", "-C", "d", *renamed]),
                                       ("CARGO_ENCODED_RUSTFLAGS", "x y", ["x y", *renamed]), ("RUSTFLAGS", "", [])):
            done = kit.run("scripts/build-library", "build", self.cargo, "rustc", cwd=self.folder, env=environment(
                FOLDER=self.folder, MADE=os.path.join(self.folder, "made"), CARGO_HOME='/my "cargo"', **{variable: value}))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(kit.read(os.path.join(self.folder, "flags")).splitlines(), flags)
        option = re.search(r"--config build\.rustflags=(\[.*?\])", kit.read(os.path.join(self.folder, "told")))[1]
        self.assertEqual(json.loads(option), renamed)  # these strings are the same in TOML

    def test_without_cargo(self):
        """What was built before serves; where nothing was, it is an error."""
        self.assertNotEqual(self.build("", cargo="no-such-cargo").returncode, 0)
        self.build(os.path.join(self.folder, "target/release"))
        done = self.build("", cargo="no-such-cargo")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_cargo_that_fails(self):
        """What was built before is not taken for the new one."""
        self.build(os.path.join(self.folder, "target/release"))
        write(self.cargo, "#!/bin/sh\nexit 101\n", 0o755)
        self.assertEqual(self.build("").returncode, 101)
        # The set-up is asked what is missing.
        write(os.path.join(self.folder, "scripts", "setup"), "#!/bin/sh\necho \"setup $* says why\" >&2\nexit 1\n", 0o755)
        done = self.build("")
        self.assertEqual((done.returncode, done.stderr), (101, "setup --look says why\n"))
        write(self.cargo, "#!/bin/sh\necho '{}'\n", 0o755)
        done = self.build("")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cargo does not say where libvirnodedev.so is", done.stderr)

    def told(self, *arguments, **env):
        """What cargo is told, by make."""
        made = os.path.join(self.folder, "made")
        build = os.path.join(self.folder.replace("a b", "ab"), "build")
        told = os.path.join(self.folder, "told")
        if os.path.exists(told):
            os.unlink(told)
        # make does not call programs with blanks in their paths by a variable.
        os.makedirs(os.path.dirname(build), exist_ok=True)
        cargo = shutil.copy(self.cargo, os.path.dirname(build))
        kit.checked("make", "-C", kit.ROOT, "library", "BUILD_DIR=" + build, "CARGO=" + cargo, *arguments,
                    env=environment(FOLDER=self.folder, MADE=made, **env))
        return self.without_renaming(kit.read(told)).strip()

    def test_what_cargo_is_told(self):
        first = "rustc --release --lib --crate-type cdylib,staticlib --locked --target-dir "
        last = " --message-format json-render-diagnostics"
        self.assertEqual(self.told(), first + "target" + last)
        self.assertEqual(self.told(CARGO_TARGET_DIR="/a b"), first + "/a b" + last)
        self.assertEqual(self.told(CARGO_BUILD_TARGET_DIR="/c"), first + "/c" + last)
        self.assertEqual(self.told(CARGO_BUILD_TARGET="i686-unknown-linux-gnu"),
                         first + "target --target i686-unknown-linux-gnu" + last)
        self.assertEqual(self.told("LIBUDEV=no"), first + "target/without-libudev --no-default-features" + last)
        self.assertEqual(self.told("TARGET=i686-unknown-linux-gnu", CARGO_BUILD_TARGET="other"),
                         first + "target --target i686-unknown-linux-gnu" + last)

    def test_targets_that_are_not_to_be_had(self):
        """The last line says what is wrong with the target, and what helps."""
        write(self.cargo, "#!/bin/sh\nexit 101\n", 0o755)
        rustc = "#!/bin/sh\ncase $* in *sysroot*) echo '%s' ;; *mips*) exit 1 ;; esac\n" % self.folder
        write(os.path.join(self.folder, "bin", "rustc"), rustc, 0o755)
        path = os.path.join(self.folder, "bin") + ":" + os.environ["PATH"]
        os.makedirs(os.path.join(self.folder, "lib/rustlib/riscv64gc-unknown-linux-gnu/lib"))
        for target, said in (("mips-unknown", "Rust knows no target 'mips-unknown'; rustc --print target-list lists them"),
                             ("s390x-unknown-linux-gnu", "Rust's standard library for s390x-unknown-linux-gnu is not here: rustup "
                              "target add s390x-unknown-linux-gnu, or Debian's package libstd-rust-dev of that architecture"),
                             ("riscv64gc-unknown-linux-gnu", None)):
            done = kit.run("scripts/build-library", "build", self.cargo, "rustc", "--target", target, "--lib", cwd=self.folder,
                           env=environment(PATH=path))
            self.assertEqual((done.returncode, done.stderr), (101, "build-library: %s\n" % said if said else ""))

    def test_a_target_of_something_else(self):
        """The variable counts as an argument only."""
        self.assertNotIn("--target ", self.told(TARGET="something"))

    def test_other_words_than_yes_and_no(self):
        done = kit.run("make", "-C", kit.ROOT, "library", "LIBUDEV=perhaps", env=environment())
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("LIBUDEV is yes or no, not 'perhaps'", done.stderr)

    def test_linker_of_another_machine(self):
        write(self.cargo, CARGO + 'echo "$CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER" >>"$FOLDER/told"\n', 0o755)
        for arguments, linker in ((["CC=i686-linux-gnu-gcc"], "i686-linux-gnu-gcc"), ([], "")):
            told = self.told("TARGET=i686-unknown-linux-gnu", *arguments)
            self.assertEqual(told.partition("\n")[2], linker)


class CrossCheck(unittest.TestCase):
    """scripts/cross-check where something is missing; whole, it takes an hour."""

    def look(self, arch, *there):
        """On a machine that has these programs and libraries for other architectures."""
        place = folder(self, "-".join(["for", arch, str(len(there))]))
        write(os.path.join(place, "bin", "rustc"), "#!/bin/sh\necho '%s'\n" % place, 0o755)
        for name in there:
            write(os.path.join(place, name), "#!/bin/sh\n", 0o755)
        script = os.path.join(kit.SCRIPTS, "cross-check")
        return kit.run(sys.executable, script, "--look", arch, env={"PATH": os.path.join(place, "bin")})

    def test_what_is_missing(self):
        """It is named in one command, with what makes apt know the architecture."""
        done = self.look("s390x", "bin/qemu-s390x-static", "lib/rustlib/s390x-unknown-linux-gnu/lib/x")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        first, command = done.stdout.splitlines()
        self.assertEqual(first, "cross-check: for s390x these are needed and not here; on Debian, as root:")
        self.assertRegex(command, r"^    dpkg --add-architecture s390x && apt-get update && apt-get install --no-install-recommends "
                                  r"gcc-s390x-linux-gnu libc6-dev:s390x( libudev-dev:s390x)?$")
        self.assertIn("gcc-aarch64-linux-gnu libc6-dev:arm64 libstd-rust-dev:arm64 ", self.look("arm64").stdout)
        self.assertNotIn("gcc-aarch64-linux-gnu", self.look("arm64", "bin/aarch64-linux-gnu-gcc").stdout)

    def test_no_architecture(self):
        for arch in ("", "mips"):
            done = self.look(arch)
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"invalid choice: '%s' \(choose from .*arm64.*s390x.*\)" % arch)


class Recipes(unittest.TestCase):
    """Files that awk makes."""

    def make(self, awk):
        place = folder(self, "ab")
        write(os.path.join(place, "bin", "awk"), awk, 0o755)
        build = os.path.join(place, "build")
        files = ["stubs/libvirt.so.0.c", "virnodedev/compat/libvirt-api.xml"]
        done = kit.run("make", "-k", "-C", kit.ROOT, "BUILD_DIR=" + build, *[os.path.join(build, f) for f in files],
                       env=environment(PATH=os.path.join(place, "bin") + ":" + os.environ["PATH"], LC_ALL="tr_TR.UTF-8"))
        return done, {name: os.path.exists(os.path.join(build, name)) for name in files}

    def test_another_language(self):
        """In Turkish the capital of i has a dot, and many languages write fractions with a comma."""
        done, made = self.make('#!/bin/sh\necho "language ${LC_ALL:-$LANG}"\necho "language ${LC_ALL:-$LANG}" >&2\n')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(set(re.findall("language (.*)", done.stderr)), {"C"})
        self.assertEqual(set(made.values()), {True})

    def test_a_failure_leaves_no_file(self):
        done, made = self.make("#!/bin/sh\necho half\nexit 1\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(set(made.values()), {False})


class VersionMap(unittest.TestCase):
    def cargo_build(self, project, name):
        write(os.path.join(project, "src", "lib.rs"), LIBRARY % name)
        kit.checked("cargo", "build", "--offline", "--quiet", cwd=project, env=environment())
        listed = kit.checked("nm", "-D", "--defined-only", "--with-symbol-versions",
                             os.path.join(project, "target", "debug", "libvirnodedev.so")).stdout
        return re.findall(r" T (\S+)", listed)

    def test_a_project_that_is_moved(self):
        """It has the map of its new place, with and without the old one, and blanks in its path are no harm."""
        if not shutil.which("cargo"):
            self.skipTest("no cargo for this user")
        first = folder(self, "first one")
        write(os.path.join(first, "Cargo.toml"), MANIFEST)
        write(os.path.join(first, "libvirnodedev.map"), "ONE { global: one; local: *; };\n")
        shutil.copy(os.path.join(kit.ROOT, "build.rs"), first)
        self.assertEqual(self.cargo_build(first, "one"), ["one@@ONE"])
        copy = first.replace("first one", "a copy")
        shutil.copytree(first, copy, symlinks=True)
        write(os.path.join(first, "libvirnodedev.map"), "OLD { global: two; local: *; };\n")
        write(os.path.join(copy, "libvirnodedev.map"), "NEW { global: two; local: *; };\n")
        self.assertEqual(self.cargo_build(copy, "two"), ["two@@NEW"])
        moved = first.replace("first one", "moved")
        os.rename(first, moved)
        self.assertEqual(self.cargo_build(moved, "two"), ["two@@OLD"])


if __name__ == "__main__":
    unittest.main()
