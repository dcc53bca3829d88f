# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Libraries under libvirt's names, and virnodedev-run, which puts a program on them."""
import os
import re
import struct
import unittest
from xml.etree import ElementTree

import cprograms
import foreign
import kit

COMPAT = os.path.join(kit.LIBDIR, "virnodedev", "compat")
APIS = os.path.join(kit.PREFIX, "share", "virnodedev", "api")
RUN = os.path.join(kit.PREFIX, "bin", "virnodedev-run")
LIBRARIES = ("libvirt.so.0", "libvirt-qemu.so.0", "libvirt-lxc.so.0", "libvirt-admin.so.0")
PRELOAD = "libvirnodedev-preload.so.0"


def exported(library):
    """What a library exports: {(node, name): "function" or "data"}, and its nodes with their parents."""
    path = os.path.join(COMPAT, library)
    symbols, nodes = {}, {}
    for line in kit.checked("nm", "-D", "--defined-only", "--with-symbol-versions", path).stdout.splitlines():
        _, kind, name = line.split()
        if kind != "A":
            name, _, node = name.partition("@@")
            symbols[node, name] = {"T": "function", "B": "data", "D": "data"}[kind]
    last = None
    definitions = kit.checked("readelf", "-V", "-W", path).stdout.partition(".gnu.version_d")[2].partition("\n\n")[0]
    for line in definitions.splitlines():
        name = re.search(r"Name: (\S+)", line)
        parent = re.search(r"Parent \d+: (\S+)", line)
        if name:
            last = name[1]
            nodes[last] = None
        elif parent:
            nodes[last] = parent[1]
    nodes.pop(library)  # the library's own name
    return symbols, nodes


def expected(wanted):
    """The same by the table, for the symbols of some of its libraries."""
    symbols, nodes = {}, {}
    last = {}
    for symbol in kit.libvirt_symbols():
        if symbol.library in wanted:
            symbols[symbol.node, symbol.name] = "data" if symbol.type == "data" else "function"
            if symbol.node not in nodes:
                nodes[symbol.node] = last.get(symbol.library)
                last[symbol.library] = symbol.node
    return symbols, nodes


class Libraries(unittest.TestCase):
    def test_table(self):
        self.assertEqual(len(kit.libvirt_symbols()), 569)
        self.assertEqual({s.library for s in kit.libvirt_symbols()}, set(LIBRARIES))

    def test_symbols_and_nodes(self):
        for library in LIBRARIES:
            with self.subTest(library=library):
                self.assertEqual(exported(library), expected([library]))
        symbols, nodes = expected(LIBRARIES)
        symbols["", "dlopen"] = "function"  # for those who ask for libvirt by it
        self.assertEqual(exported(PRELOAD), (symbols, nodes))
        self.note = "%d symbols" % len(kit.libvirt_symbols())

    def test_dynamic_sections(self):
        for library in LIBRARIES + (PRELOAD,):
            with self.subTest(library=library):
                text = kit.checked("readelf", "-d", "-W", os.path.join(COMPAT, library)).stdout
                self.assertIn("Library soname: [%s]" % library, text)
                self.assertIn("Filter library: [libvirnodedev.so.0]", text)
                self.assertIn("NODELETE", text)
                needed = set(re.findall(r"Shared library: \[(.*)\]", text))
                self.assertLessEqual(needed, {"libvirnodedev.so.0", "libc.so.6"})

    def test_nodes_are_those_of_the_libvirt_that_is_installed(self):
        """An older libvirt than the table's has a part of its symbols, in the same nodes."""
        foreign.need_module("libvirt")
        folder = kit.checked("pkg-config", "--variable=libdir", "libvirt", env=foreign.own_environment()).stdout.strip()
        ours = {(s.library, s.name): s.node for s in kit.libvirt_symbols()}
        seen = 0
        for library in LIBRARIES:
            path = os.path.join(folder, library)
            listed = kit.checked("nm", "-D", "--defined-only", "--with-symbol-versions", path).stdout
            for name, node in re.findall(r" [TDB] (\w+)@@(LIBVIRT_(?!(?:ADMIN_)?PRIVATE)\w*[\d.]+)$", listed, re.M):
                self.assertEqual(ours.get((library, name)), node, name)
                seen += 1
        self.assertGreater(seen, 400)
        self.note = "%d symbols" % seen


def run(*command, **options):
    env = options.pop("env", None) or kit.environment()
    env.pop("LD_LIBRARY_PATH", None)  # the libraries find each other
    return kit.run(RUN, *command, env=env, **options)


class Stubs(unittest.TestCase):
    """Every function that the library does not have, called in every wrong way."""

    @classmethod
    def setUpClass(cls):
        flags = [f for f in cprograms.package_flags("--cflags", "virnodedev") if not f.startswith("-Wl")]
        cls.program = cprograms.compile_c("stubs", *flags, "-ldl")

    def calls(self, *options):
        tree = kit.extract(kit.machine_archive("base"))
        done = run(*options, self.program, kit.SYMBOLS, "nodedev:///embed?root=" + tree)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.note = done.stdout.strip()
        self.assertRegex(done.stdout, r"^4\d\d stubs, ")

    def test_in_libvirts_place(self):
        self.calls("-l")

    def test_preloaded(self):
        self.calls("-p")

    def test_memory(self):
        tree = kit.extract(kit.machine_archive("plain"))
        # Preloaded: valgrind takes offence at the loader itself where dlopen() expands $ORIGIN.
        done = run("-p", "valgrind", "-q", "--error-exitcode=9", "--leak-check=full",
                   "--errors-for-leak-kinds=definite,indirect", self.program, kit.SYMBOLS, "nodedev:///embed?root=" + tree)
        self.assertEqual(done.returncode, 0, done.stderr)


class Description(unittest.TestCase):
    """libvirt-api.xml, beside the one of the libvirt that is installed."""

    @staticmethod
    def shape(item):
        # Whether an argument itself is constant does not concern a caller.
        def types(tag):
            return [part.get("type").replace("** const", "**") for part in item.findall(tag)]
        if item.tag in ("function", "functype"):
            return types("return") + types("arg")
        if item.tag == "enum":
            return [item.get("value"), item.get("type")]
        return [item.get("type")] + [(f.get("name"), f.get("type")) for f in item.findall("field")]

    def api(self, module="libvirt", compat=True):
        env = kit.environment()
        env["PKG_CONFIG_PATH"] = os.path.join(COMPAT, "pkgconfig")
        if not compat:
            foreign.need_module(module)
            env.pop("PKG_CONFIG_PATH")
        variable = "--variable=%s_api" % module.replace("-", "_")
        path = kit.checked("pkg-config", variable, module, env=env).stdout.strip()
        self.assertEqual(os.path.dirname(path) == APIS, compat)
        return ElementTree.parse(path).getroot()

    def test_functions_are_the_real_ones(self):
        api = self.api()
        described = {i.get("name") for i in api.find("symbols") if i.tag in ("function", "variable")}
        self.assertEqual(described, {s.name for s in kit.libvirt_symbols() if s.stub == "real"})
        exported = [e.get("symbol") for e in api.iter("exports")]
        self.assertEqual(len(exported), len(set(exported)))
        self.assertEqual(set(exported), {i.get("name") for i in api.find("symbols")})

    def test_items_are_those_of_libvirt(self):
        theirs = {(i.tag, i.get("name")): i for i in self.api(compat=False).find("symbols")}
        compared = 0
        for item in self.api().find("symbols"):
            other = theirs.get((item.tag, item.get("name")))
            if other is None or item.tag == "macro":  # newer than the one that is installed; its version
                continue
            self.assertEqual(self.shape(item), self.shape(other), item.get("name"))
            self.assertEqual(item.get("file"), other.get("file"), item.get("name"))
            compared += 1
        self.assertGreater(compared, 300)
        self.note = "%d items" % compared

    def test_texts(self):
        functions = {i.get("name"): i for i in self.api().iter("function")}
        one = functions["virNodeDeviceGetXMLDesc"]
        self.assertEqual(one.findtext("info").split("\n")[0], "All that is known of a device, as an XML document.")
        self.assertEqual([(a.get("name"), a.get("info")) for a in one.findall("arg")],
                         [("dev", "the device"), ("flags", "bits of virNodeDeviceXMLFlags")])
        self.assertEqual(one.find("return").get("info"),
                         "the document, which the caller frees with free(); NULL on error")
        for function in functions.values():
            self.assertTrue(function.findtext("info"), function.get("name"))
            self.assertRegex(function.get("version"), r"^\d+\.\d+\.\d+$")

    def test_the_other_modules_describe_nothing(self):
        for module in ("libvirt-qemu", "libvirt-lxc"):
            api = self.api(module)
            self.assertEqual((api.get("name"), len(api.find("symbols"))), (module, 0))


class Runner(unittest.TestCase):
    def outcome(self, *arguments, **options):
        done = run(*arguments, **options)
        return done.returncode, done.stdout, done.stderr

    def test_own_errors(self):
        hint = "virnodedev-run: try 'virnodedev-run --help'\n"
        self.assertEqual(self.outcome(), (125, "", "virnodedev-run: a command is missing: try 'virnodedev-run --help'\n"))
        for option in ("-x", "--nonsense"):
            status, out, err = self.outcome(option, "true")
            self.assertEqual((status, out, err.splitlines(True)[-1]), (125, "", hint))

    def test_status_is_that_of_env(self):
        folder = os.path.join(kit.temp(), "a-folder")
        os.makedirs(folder, exist_ok=True)
        script = os.path.join(folder, "script")
        with open(script, "w") as f:
            f.write("#!/no/such/interpreter\n")
        os.chmod(script, 0o755)
        plain = os.path.join(folder, "plain")
        open(plain, "w").close()
        for command in (["true"], ["false"], ["sh", "-c", "exit 42"], ["no-such-program"], ["/no/such/program"],
                        [""], [folder], [script], [plain], [plain + "/below"], ["sh", "-c", "kill -9 $$"]):
            with self.subTest(command=command):
                wanted = kit.run("env", *command)
                status, out, err = self.outcome(*command)
                self.assertEqual((status, out), (wanted.returncode, wanted.stdout))
                if status in (126, 127):
                    reason = wanted.stderr.rpartition(": ")[2]
                    self.assertEqual(err, "virnodedev-run: %s: %s" % (command[0], reason))

    def test_path_is_searched(self):
        folder = os.path.join(kit.temp(), "bin-a")
        for name in (folder, folder + "-b"):
            os.makedirs(name, exist_ok=True)
        os.makedirs(os.path.join(folder, "prog"), exist_ok=True)  # a folder is no program
        program = os.path.join(folder + "-b", "prog")
        with open(program, "w") as f:
            f.write("#!/bin/sh\necho found $1\n")
        os.chmod(program, 0o755)
        env = kit.environment(PATH="%s:%s-b:%s" % (folder, folder, os.environ["PATH"]))
        self.assertEqual(self.outcome("prog", "-x", env=env), (0, "found -x\n", ""))

    def test_what_is_set(self):
        self.assertEqual(self.outcome("-n", "true"), (0, "LD_LIBRARY_PATH=%s\n" % COMPAT, ""))
        self.assertEqual(self.outcome("--print", "-p", "true"), (0, "LD_PRELOAD=%s/%s\n" % (COMPAT, PRELOAD), ""))
        for nothing_to_load in ("/etc/passwd", os.path.join(kit.SCRIPTS, "check"), "no-such-program"):
            self.assertEqual(self.outcome("-n", nothing_to_load)[1], "LD_LIBRARY_PATH=%s\n" % COMPAT)

    def test_what_is_set_for_virsh(self):
        """It uses private functions of libvirt, and so needs it."""
        foreign.need("virsh", foreign.program("virsh"))
        self.assertEqual(self.outcome("-n", "virsh"), (0, "LD_PRELOAD=%s/%s\n" % (COMPAT, PRELOAD), ""))
        self.assertEqual(self.outcome("-n", "-l", "virsh"), (0, "LD_LIBRARY_PATH=%s\n" % COMPAT, ""))

    def test_programs_that_load_libvirt_themselves(self):
        """They have this library in both ways, and else find what they would find without it."""
        folder = os.path.join(kit.temp(), "run-path")
        os.makedirs(folder, exist_ok=True)
        source = os.path.join(folder, "answer.c")
        with open(source, "w") as f:
            f.write("int answer(void) { return 42; }\n")
        kit.checked("cc", "-shared", "-fPIC", source, "-o", os.path.join(folder, "libanswer.so"))
        program = cprograms.compile_c("loads_libvirt", "-ldl", "-Wl,--enable-new-dtags,-rpath," + folder)
        devices = ["computer", "scsi_host1", "scsi_host11", "scsi_host2"]  # of libvirt's test driver
        complaints = "".join("libvirt: Domain Config error : this function is not supported by the connection driver: %s\n"
                             % function for function in ("virDomainQemuMonitorCommand", "virAdmConnectOpen"))
        ways = [([], "libvirt.so.0"), (["-l"], "libvirt.so.0"), (["-p"], "libvirt.so.0"), (["-p"], "libvirt.so"),
                (["-p"], "/usr/lib/libvirt.so.0.9000.0")]
        for options, file in ways:
            with self.subTest(options=options, file=file):
                status, out, err = self.outcome(*options, program, file, "libvirt-qemu.so.0", "libvirt-admin.so.0")
                self.assertEqual((status, sorted(out.splitlines()), err), (0, devices, complaints))
        script = "import ctypes; print(hasattr(ctypes.CDLL('libvirt.so.0'), 'vndVersion'))"
        for options in ([], ["-l"], ["-p"]):
            self.assertEqual(self.outcome(*options, foreign.PYTHON, "-c", script), (0, "True\n", ""))

    def test_what_was_set_before_stays(self):
        done = kit.run(RUN, "sh", "-c", "echo $LD_LIBRARY_PATH", env=kit.environment(LD_LIBRARY_PATH="/a:/b"))
        self.assertEqual(done.stdout, "%s:/a:/b\n" % COMPAT)
        inner = 'echo "$LD_LIBRARY_PATH"; echo "$LD_PRELOAD"'
        done = kit.run(RUN, RUN, "-p", "sh", "-c", inner, env=kit.environment(LD_LIBRARY_PATH="/a"))
        self.assertEqual(done.stdout, "/a\n%s/%s\n" % (COMPAT, PRELOAD))

    def build_runner(self, program, folder, relative="nothing"):
        """For libraries that are installed in a folder, and not beside the program."""
        kit.checked("cc", "-I" + os.path.join(kit.ROOT, "include"), '-DLIBRARY_DIR="%s"' % folder,
                    '-DLIBRARY_RELATIVE="%s"' % relative, os.path.join(kit.ROOT, "compat", "run.c"), "-o", program)

    def test_programs_of_another_architecture(self):
        """They get the libraries of their own, where these are installed beside those of this one."""
        def elf(path, bits, order, machine):
            """The beginning of a file, by the ELF specification: class, byte order, ..., type, machine."""
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(b"\x7fELF" + bytes([bits // 32, order, 1]) + bytes(9) + struct.pack("<>"[order - 1] + "HH", 2, machine) + bytes(44))
            os.chmod(path, 0o755)

        # Debian's folders, and those of Fedora: 64 and 32 bits.
        little, big, x86_64, i386, arm64, s390x, riscv = 1, 2, 62, 3, 183, 22, 243
        for own, others in (("lib/x86_64-linux-gnu", {"lib/i386-linux-gnu": (32, little, i386), "lib/aarch64-linux-gnu": (64, little, arm64),
                                                      "lib/s390x-linux-gnu": (64, big, s390x)}),
                            ("lib64", {"lib": (32, little, i386)}), ("lib", {"lib64": (64, little, arm64)})):
            tree = os.path.join(kit.temp(), "of-" + own.replace("/", "-"))
            program, runner = os.path.join(tree, "program"), os.path.join(tree, "bin", "run")
            for folder, kind in dict(others, **{own: (64, little, x86_64)}).items():
                elf(os.path.join(tree, folder, "virnodedev/compat/libvirt.so.0"), *kind)
            os.makedirs(os.path.dirname(runner))
            self.build_runner(runner, "/nowhere", "../" + own)
            for kind in ((64, little, x86_64), *others.values(), (64, little, riscv)):
                with self.subTest(own=own, kind=kind):
                    elf(program, *kind)
                    folder = {kind: folder for folder, kind in others.items()}.get(kind, own)
                    compat = os.path.join(os.path.realpath(tree), folder, "virnodedev/compat")
                    for options in (["-n"], ["-n", "-l"]):
                        done = kit.run(runner, *options, program, env={"PATH": os.environ["PATH"]})
                        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "LD_LIBRARY_PATH=%s\n" % compat, ""))

    def test_libraries_that_are_not_to_be_had(self):
        program = os.path.join(kit.BIN, "run-nowhere")
        self.build_runner(program, "/nowhere")
        done = kit.run(program, "true")
        self.assertEqual((done.returncode, done.stderr), (
            125, "virnodedev-run: cannot read '/nowhere/virnodedev/compat': No such file or directory; install virnodedev again\n"))
        for folder, option in (("/no where", "-p"), ("/no:where", "-p"), ("/no:where", "-l")):
            self.build_runner(program, folder)
            done = kit.run(program, option, "true")
            self.assertEqual(done.returncode, 125)
            self.assertIn("the loader does not take '%s" % folder, done.stderr)

    def test_help_and_version(self):
        status, out, err = self.outcome("--help")
        self.assertEqual((status, err), (0, ""))
        page = kit.manual("virnodedev-run.1")
        for option in re.findall(r"--[a-z-]+", out):
            self.assertIn(option, page)
        version = kit.checked(os.path.join(kit.PREFIX, "bin", "nodedev"), "--version").stdout.split()[1]
        self.assertEqual(self.outcome("--version"), (0, "virnodedev-run %s\n" % version, ""))
