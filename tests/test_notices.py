# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The licences of what is linked in, and the list of it (SBOM), beside what Cargo.lock and the compiler's output say."""
import json
import os
import re
import shutil
import tomllib
import unittest

import kit

NOTICES = os.path.join(kit.PREFIX, "share", "doc", "virnodedev", "THIRD-PARTY")


def listed():
    """{(name, version): licence} of the crates in the file that is installed."""
    rows = re.findall(r"^    (\S+) (\d\S*) +(\S.*)$", kit.read(NOTICES), re.M)
    return {(name, version): licence for name, version, licence in rows}


class Notices(unittest.TestCase):
    def test_crates(self):
        """Each crate of which the compiler's output names a source file is there; what only builds and tests is not."""
        names = {name for name, _ in listed()}
        with open(os.path.join(kit.LIBDIR, "libvirnodedev.so.0"), "rb") as f:
            sources = re.findall(rb"[/.]cargo/registry/src/[^/]+/([\w-]+?)-\d+\.\d+\.[\w.+-]*/", f.read())
        self.assertLessEqual({os.fsdecode(name) for name in sources}, names)
        self.assertEqual(names & {"cbindgen", "tempfile", "pkg-config", "syn", "virnodedev"}, set())
        locked = {(p["name"], p["version"]) for p in tomllib.loads(kit.read(os.path.join(kit.ROOT, "Cargo.lock")))["package"]}
        self.assertLessEqual(set(listed()), locked)
        self.note = "%d crates" % len(names)

    def test_texts(self):
        """Every crate has a text, or is named as one that ships none; each text is there once."""
        text = kit.read(NOTICES)
        heads = re.findall(r"^-{78}\n(.*?)\n\n", text, re.M | re.S)
        named = {crate for head in heads for crate in re.sub(r"\s+", " ", head).split(", ")}
        without = re.search(r"Without a text of their own.*?: (.*)\.$", text, re.M)
        without = set(without[1].split(", ")) if without else set()
        for name, version in listed():
            self.assertTrue("%s %s" % (name, version) in named or "%s-%s" % (name, version) in without, name)
        self.assertIn("Permission is hereby granted, free of charge", text)
        parts = re.split(r"^-{78}\n", text, flags=re.M)[1:]
        bodies = [part.partition("\n\n")[2].strip() for part in parts]
        self.assertEqual(len(bodies), len(set(bodies)))

    def test_licences_need_no_more_than_a_notice(self):
        """Each crate may be had under one of these, which go with the LGPL."""
        allowed = {"MIT", "Apache-2.0", "BSD-3-Clause", "Zlib", "Unlicense", "0BSD", "Apache-2.0 WITH LLVM-exception"}
        for crate, licence in listed().items():
            self.assertTrue(allowed & set(re.split(r" OR |/", licence)), (crate, licence))

    def test_sbom(self):
        if not shutil.which("cargo"):
            self.skipTest("no cargo for this user")
        command = [os.path.join(kit.SCRIPTS, "sbom"), "--offline"]
        text = kit.checked(*command).stdout
        self.assertEqual(text, kit.checked(*command).stdout)
        document = json.loads(text)
        self.assertEqual((document["bomFormat"], document["specVersion"]), ("CycloneDX", "1.5"))
        crates = {(c["name"], c["version"]): c for c in document["components"]}
        self.assertEqual(set(crates), set(listed()))
        references = {c["bom-ref"] for c in (*document["components"], document["metadata"]["component"])}
        self.assertEqual({d["ref"] for d in document["dependencies"]}, references)
        for dependency in document["dependencies"]:
            self.assertLessEqual(set(dependency["dependsOn"]), references)
        lock = {(p["name"], p["version"]): p.get("checksum")
                for p in tomllib.loads(kit.read(os.path.join(kit.ROOT, "Cargo.lock")))["package"]}
        for key, crate in crates.items():
            self.assertEqual(crate["hashes"], [{"alg": "SHA-256", "content": lock[key]}])
            self.assertEqual(crate["purl"], "pkg:cargo/%s@%s" % key)
        self.assertNotIn(kit.ROOT, text)


if __name__ == "__main__":
    unittest.main()
