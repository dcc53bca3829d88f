# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Types and signatures that the libvirt that is installed declares as well, compared by abidiff."""
import os
import re
import shutil
import unittest

import foreign
import kit

HEADER = os.path.join(kit.PREFIX, "include", "virnodedev.h")
# Its bit 31 is a macro here, since C99's enumerations cannot hold it; c-tests/header.c has all of its numbers.
ELSEWHERE = {"virConnectListAllNodeDeviceFlags"}
LIBVIRT = ("libvirt/libvirt.h", "libvirt/virterror.h")


class SameTypes(unittest.TestCase):
    """Two shared objects hold a variable for each function and each type, declared by one of the headers: what the compiler
    notes of them in the debug information, down to the members of structures and the numbers of enumerations, is what
    abidiff compares. Neither library has to be built with debug information for that."""

    @classmethod
    def setUpClass(cls):
        foreign.need_module("libvirt")
        foreign.need("abidiff", shutil.which("abidiff"))
        env = foreign.own_environment()
        folder = kit.checked("pkg-config", "--variable=libdir", "libvirt", env=env).stdout.strip()
        listed = kit.checked("nm", "-D", "--defined-only", os.path.join(folder, "libvirt.so.0")).stdout
        exported = set(re.findall(r" [TDB] (\w+)@@", listed))
        cls.functions = sorted({s.name for s in kit.libvirt_symbols() if s.stub == "real"} & exported)
        flags = kit.checked("pkg-config", "--cflags", "libvirt", env=env).stdout.split()
        includes = [word for header in LIBVIRT for word in ("-include", header)]
        words = set(re.findall(r"\w+", kit.checked("cc", "-E", "-P", "-x", "c", *flags, *includes, os.devnull).stdout))
        # The names that end typedefs, and those of pointers to functions.
        header = kit.read(HEADER)
        types = set(re.findall(r"^(?:\}|typedef) [^;({]*?\b(vir\w+);", header, re.M))
        types |= set(re.findall(r"^typedef [^(]*\(\*(vir\w+)\)", header, re.M))
        cls.types = sorted((types & words) - ELSEWHERE)
        cls.libvirt = cls.compile("libvirt", "".join("#include <%s>\n" % header for header in LIBVIRT), flags)

    @classmethod
    def compile(cls, name, source, flags):
        """A shared object with those variables."""
        source += "".join("__typeof__(&%s) const of_%s = 0;\n" % (name, name) for name in cls.functions)
        source += "".join("%s *const of_%s = 0;\n" % (name, name) for name in cls.types)
        path = os.path.join(kit.BUILD, "abi-%s.c" % name)
        with open(path, "w") as f:
            f.write(source)
        shared = path[:-1] + "so"
        kit.checked("cc", "-std=gnu99", "-g", "-fPIC", "-shared", "-o", shared, path, *flags)
        return shared

    def compare(self, name, source):
        """abidiff's exit status and words. Names that a newer libvirt added to an enumeration break no program, and are no
        difference to it."""
        done = kit.run("abidiff", self.libvirt, self.compile(name, source, ["-I", os.path.dirname(HEADER)]))
        return done.returncode, done.stdout + done.stderr

    def test_shared_declarations(self):
        self.assertGreater(len(self.functions), 70)
        self.assertGreater(len(self.types), 40)
        status, words = self.compare("ours", "#include <virnodedev.h>\n")
        self.assertEqual(status, 0, words)
        self.note = "%d functions, %d types" % (len(self.functions), len(self.types))

    def test_a_difference_is_seen(self):
        header = kit.read(HEADER)
        changes = {
            "a parameter more": (r"\b(int virNodeDeviceRef\()", r"\1long more, "),
            "another result": (r"\bint (virConnectIsAlive\()", r"long \1"),
            "another parameter": (r"\b(char \*virNodeDeviceGetXMLDesc\([^)]*?)unsigned int", r"\1int"),
            "a member more": (r"(struct _virNodeInfo \{)", r"\1 int first;"),
            "a callback": (r"\b(typedef int \(\*virEventRemoveTimeoutFunc\)\()int", r"\1long"),
            "another number": (r"\b(VIR_NODE_DEVICE_EVENT_CREATED = )0", r"\g<1>7"),
        }
        for what, (pattern, replacement) in changes.items():
            with self.subTest(what=what):
                changed, count = re.subn(pattern, replacement, header, count=1)
                self.assertEqual(count, 1)
                self.assertNotEqual(self.compare("changed", changed)[0], 0)
