# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""scripts/layers sees imports that lead upward and circles among files, and nothing else."""
import collections
import importlib.machinery
import os
import re
import subprocess
import tempfile
import types
import unittest
import unittest.mock

import kit

TABLE = """# A crate

```layers
top/          above
middle, side  beside each other
bottom/       below
```
"""

# Imports that lead down, in every form that counts, and what must not count.
GOOD = {
    "docs/architecture.md": TABLE,
    "src/lib.rs": "pub mod top;\npub mod middle;\npub mod side;\npub mod bottom;\n",
    "src/top.rs": "mod inner;\nuse crate::middle::Middle;\npub fn f() { inner::g(); let _ = Middle; }\n",
    "src/top/inner.rs": "use crate::{bottom::{self, thing::{Thing as Other, all}}, side};\n"
                        "pub(super) fn g() { side::s(); all(); bottom::b(); let _ = Other; }\n",
    "src/middle.rs": "// use crate::top::f;\n/* crate::top /* nested */ ::f */\n"
                     "pub struct Middle;\nconst TEXT: &str = \"crate::top::f\\\" super::top\";\n"
                     "const RAW: &str = r#\"\"crate::top::f\"#;\nfn c<'a>(_: &'a str) -> char { '\"' }\n"
                     "#[cfg(test)]\nmod tests {\n    use crate::top::f;\n    #[test]\n    fn t() { f() }\n}\n",
    "src/side.rs": "pub fn s() { crate::bottom::b() }\n#[cfg(test)]\nuse crate::{top::f, middle};\n",
    "src/bottom/mod.rs": "pub mod thing;\npub fn b() {}\n#[cfg(test)]\nmod tests;\n",
    "src/bottom/thing.rs": "use super::b;\npub struct Thing(pub (u8, u8));\npub(in crate::top) fn all() { b() }\n",
    "src/bottom/tests.rs": "use crate::top::f;\nmod more;\n",
    "src/bottom/tests/more.rs": "use super::super::super::middle;\n",
}


class Layers(unittest.TestCase):
    def run_on(self, **changes):
        """Status and lines of scripts/layers for the good tree with some files changed."""
        files = dict(GOOD, **{path.replace("__", "/") + ".rs": text for path, text in changes.items()})
        with tempfile.TemporaryDirectory(dir=kit.temp()) as root:
            for path, text in files.items():
                path = os.path.join(root, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as f:
                    f.write(text)
            done = subprocess.run([os.path.join(kit.SCRIPTS, "layers"), root], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout.splitlines()

    def check(self, lines, **changes):
        self.assertEqual(self.run_on(**changes), (1, lines))

    def test_a_good_tree_passes(self):
        self.assertEqual(self.run_on(), (0, ["7 files in 3 layers: every import leads down, no circle"]))

    def test_upward_import(self):
        wanted = ["src/bottom/thing.rs:2: imports src/middle.rs, which is above it"]
        for text in ("\nuse crate::middle::Middle;\n", "\nuse {super::super::middle, std::io};\n",
                     "\nfn f() { let _ = crate::middle::Middle; }\n", "\nmod m { use super::super::super::middle; }\n",
                     "\n#[cfg(not(test))]\nuse crate::middle;\n".lstrip("\n"),
                     "#[cfg(test)] use crate::side::s;\npub use crate::middle::*;\n"):
            self.check(wanted, src__bottom__thing=text + "pub struct Thing;\npub fn all() {}\n")

    def test_import_from_the_same_line(self):
        self.check(["src/side.rs:1: imports src/middle.rs, which is beside it"],
                   src__side="use crate::middle::Middle;\npub fn s() {}\n")

    def test_import_of_the_root(self):
        self.check(["src/side.rs:1: imports the root of the crate"], src__side="use crate::NUMBER;\npub fn s() {}\n")

    def test_circle_of_siblings(self):
        tree = {"src__top": "mod inner;\nmod one;\nmod two;\n", "src__top__one": "use super::two::Two;\n",
                "src__top__two": "pub struct Two;\n\nfn f() { super::inner::g() }\n",
                "src__top__inner": "pub fn g() {}\n"}
        self.assertEqual(self.run_on(**tree)[0], 0)
        tree["src__top__inner"] += "use crate::top::one;\n"
        self.check(["a circle of 3 files:", "  src/top/inner.rs:2: imports src/top/one.rs",
                    "  src/top/one.rs:1: imports src/top/two.rs", "  src/top/two.rs:3: imports src/top/inner.rs"], **tree)

    def test_circle_of_parent_and_child(self):
        for parent in ("mod inner;\npub use inner::Inner;\n", "mod inner;\nfn f(it: inner::Inner) -> inner::Inner { it }\n"):
            self.check(["a circle of 2 files:", "  src/top.rs:2: imports src/top/inner.rs",
                        "  src/top/inner.rs:1: imports src/top.rs"],
                       src__top=parent, src__top__inner="use super::f;\npub struct Inner;\n")

    def test_circle_through_a_method_of_another_file(self):
        own = "mod inner;\npub struct T<A>(A);\nimpl<A> T<A> {\n    fn f(&self) { self.g() }\n}\n"
        self.check(["a circle of 2 files:", "  src/top.rs:4: imports src/top/inner.rs",
                    "  src/top/inner.rs:1: imports src/top.rs"],
                   src__top=own, src__top__inner="use super::T;\nimpl<A> T<A> where A: Copy {\n    fn g(&self) {}\n}\n")
        # A trait's methods belong to the trait.
        other = "use super::T;\nimpl<A> Drop for T<A> {\n    fn g(&self) {}\n}\n"
        self.assertEqual(self.run_on(src__top=own, src__top__inner=other)[0], 0)

    def test_what_cannot_be_read_is_a_fault(self):
        self.check(["src/extra.rs: no module declares this file"], src__extra="")
        self.check(["src/side.rs:1: 0 files for the module `gone`"], src__side="mod gone;\npub fn s() {}\n")
        self.check(["src/side.rs:2: #[cfg(test)] stands before something other than an item"],
                   src__side="pub fn s() {\n#[cfg(test)] s();\n}\n")
        self.check(["docs/architecture.md: no layer has `other`"], src__other="",
                   src__lib=GOOD["src/lib.rs"] + "mod other;\n")

    def test_the_table_names_what_there_is(self):
        for table, fault in ((TABLE.replace("side  ", "sides  "), "`sides` of the layers is not in src/, or twice"),
                             (TABLE.replace("side  ", "middle  "), "`middle` of the layers is not in src/, or twice"),
                             ("# None\n", "0 blocks begin with ```layers, there must be one")):
            files = dict(GOOD, **{"docs/architecture.md": table})
            with unittest.mock.patch.dict(GOOD, files):
                self.check(["docs/architecture.md: " + fault])


def read_tree():
    """scripts/layers as a module, and what it reads of this project."""
    loader = importlib.machinery.SourceFileLoader("layers", os.path.join(kit.SCRIPTS, "layers"))
    layers = types.ModuleType("layers")
    loader.exec_module(layers)
    return layers, layers.Tree(kit.ROOT)


class Promises(unittest.TestCase):
    """What docs/architecture.md promises of the sources of this project. Tests in the sources are not looked at."""

    @classmethod
    def setUpClass(cls):
        cls.layers, cls.tree = read_tree()

    def test_every_import_leads_down(self):
        done = subprocess.run([os.path.join(kit.SCRIPTS, "layers")], stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout.count("\n")), (0, 1), done.stdout)

    def below_ffi(self):
        return {path: source for path, source in self.tree.sources.items() if not path.startswith("src/ffi/")}

    def test_nothing_below_ffi_knows_c(self):
        """No exported function is named below ffi/, no function is made for C, no pointer of C is taken."""
        exported = set(re.findall(r"\b(v(?:ir|nd)\w+);", kit.read(os.path.join(kit.ROOT, "libvirnodedev.map"))))
        self.assertIn("virNodeDeviceGetXMLDesc", exported)
        found = []
        for path, source in self.below_ffi().items():
            for number, line in enumerate(kit.read(os.path.join(kit.ROOT, path)).splitlines(), 1):
                if re.match(r"\s*#\[cfg\(test\)\]", line):
                    break  # what follows are tests
                code = re.sub(r"(^|\s)//.*", "", line)
                words = exported.intersection(re.findall(r"\w+", code))
                if words or re.search(r'extern "C|no_mangle|\bc_(?:char|int|uint|void)\b', code) and path not in IOCTLS:
                    found.append("%s:%d: %s" % (path, number, line.strip()))
        self.assertEqual(found, [])

    def test_unsafe_code_is_where_it_must_be(self):
        self.assertRegex(kit.read(os.path.join(kit.ROOT, "Cargo.toml")), r'(?m)^unsafe_code = "deny"$')
        allowed = {path for path in self.below_ffi()
                   if "allow(unsafe_code)" in kit.read(os.path.join(kit.ROOT, path))}
        self.assertEqual(allowed, IOCTLS | {"src/host/environment.rs"})

    def test_the_system_is_asked_in_host(self):
        """Files, processes, the environment and sockets are opened in host/, but for what is named here."""
        found = set()
        for path, source in self.below_ffi().items():
            if path.startswith("src/host/"):
                continue
            for _, words, line in source.paths:
                if words[0] in ("cap_std", "udev") or words[:2] in SYSTEM or (
                        words[0] == "libc" and words[-1].islower()):
                    found.add((path, "::".join(words[:2])))
        self.assertEqual(found, OUTSIDE_HOST)

    def test_devices_are_changed_in_manage(self):
        """Whoever can write to the kernel's files, or run a program, is called by manage/ alone; but for mdevctl, which a
        connection may have asked."""
        importers = collections.defaultdict(set)
        for path, targets in self.tree.imports().items():
            for target in targets:
                importers[target].add(path)
        for target in ("src/host/pci_bus.rs", "src/host/modules.rs", "src/host/fc_hosts.rs", "src/host/program.rs"):
            outside = {path for path in importers[target] if not path.startswith("src/manage/")}
            self.assertLessEqual(outside, {"src/host/modules.rs", "src/host/mdevctl/run.rs"}, target)
        asking = {path for path in importers["src/host/mdevctl/run.rs"] if not path.startswith("src/manage/")}
        self.assertEqual(asking, {"src/connection/descriptions.rs", "src/device.rs", "src/record.rs"})
        writing = {path for path in self.tree.sources
                   if re.search(r"\bfiles\s*\.write\(", kit.read(os.path.join(kit.ROOT, path)).split("#[cfg(test)]")[0])}
        self.assertEqual({path for path in writing if not path.startswith("src/manage/")},
                         {"src/host/pci_bus.rs"})
        self.assertGreater(len(writing), 3)

    def test_what_the_document_names_is_there(self):
        """Every file and test that docs/architecture.md and SECURITY.md name."""
        text = "".join(kit.read(os.path.join(kit.ROOT, file)) for file in ("docs/architecture.md", "SECURITY.md"))
        for name in set(re.findall(r"`((?:\w+/)*\w+\.(?:rs|py|c|awk|tsv|xml|md|json))`", text)):
            places = [name, "src/" + name, "tests/" + name, "c-tests/" + name, "docs/" + name, "python/virnodedev/" + name]
            self.assertTrue(any(os.path.exists(os.path.join(kit.ROOT, place)) for place in places), name)
        tests = set(re.findall(r"`(test_\w+)(?:\.\w+)*`", text))
        self.assertGreater(len(tests), 10)
        for module in tests:
            self.assertTrue(any(os.path.exists(os.path.join(kit.ROOT, folder, module + ".py"))
                                for folder in ("tests", "python")), module)
        for module, name in re.findall(r"`(test_\w+)\.(test_\w+)`", text):
            path = os.path.join(kit.ROOT, "python" if module.startswith("test_package") else "tests", module + ".py")
            self.assertIn("def %s(" % name, kit.read(path))


# What an ioctl is handed, and who sent a message; nothing safe wraps these.
IOCTLS = {"src/host/ethtool.rs", "src/host/namespace.rs", "src/host/udev/sender.rs"}
SYSTEM = [["std", "fs"], ["std", "process"], ["std", "env"], ["rustix", "fs"], ["rustix", "net"],
          ["rustix", "process"], ["rustix", "system"], ["rustix", "event"], ["rustix", "pipe"], ["rustix", "mm"]]
OUTSIDE_HOST = {
    ("src/connection.rs", "rustix::system"),  # the host's name
    ("src/testdriver.rs", "std::fs"),  # the file of devices that a URI names
    ("src/view/notifier.rs", "rustix::event"),  # the descriptor that programs wait for
    ("src/manage/pci/config.rs", "rustix::fs"),  # how a file is opened
    ("src/manage/pci/function.rs", "rustix::fs"),  # how a file is opened
}
