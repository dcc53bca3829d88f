# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The nodedev program: command line, messages, exit statuses, output that cannot be written.

Texts are virsh 12.8.0's (tests/data/errors.json and the transcripts of the recordings) where it has
one, else those that nodedev(1) promises. The listings themselves are in test_recordings.
"""
import json
import os
import re
import subprocess
import tempfile
import unittest

import kit

TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
TEST = ("-c", "test:///default")

# The capability names of libvirt's virsh, in the order of its list flags.
CAPABILITIES = ("system pci usb_device usb net scsi_host scsi_target scsi storage fc_host vports scsi_generic drm "
                "mdev_types mdev ccw css vdpa ap_card ap_queue ap_matrix vpd ccwgroup ccwgroup_member").split()

TREE_ALONE = "Option --tree is incompatible with --cap, --inactive, --persistent and --transient"
TRANSIENT_ALONE = "Option --transient is incompatible with --persistent and --inactive"


def tool(*arguments, **options):
    return kit.run(TOOL, *arguments, **options)


class Usage(unittest.TestCase):
    def refuse(self, text, *arguments):
        done = tool(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
        self.assertEqual(done.stderr, "error: %s\nTry 'nodedev --help'.\n" % text)

    def test_wrong_words(self):
        self.refuse("no command given")
        self.refuse("unknown command 'frob'", "frob")
        self.refuse("unknown command 'frob'", "help", "frob")
        self.refuse("unexpected argument 'pci'", "list", "pci")
        self.refuse("unexpected argument 'b'", "info", "a", "b")
        self.refuse("command 'info' needs the name of a device", "info")
        self.refuse("command 'dumpxml' needs the name of a device", "dumpxml")

    def test_wrong_options(self):
        self.refuse("unknown option '--frob'", "list", "--frob")
        self.refuse("unknown option '-x'", "-x", "list")
        self.refuse("unknown option '-x'", "list", "-rx")
        self.refuse("option '-c' needs a value", "list", "-c")
        self.refuse("option '--cap' needs a value", "list", "--cap")
        self.refuse("option '--tree=yes' takes no value", "list", "--tree=yes")
        self.refuse("command 'info' has no option --tree", "info", "--tree", "computer")
        self.refuse("command 'info' has no option --all", "info", "--all", "computer")

    def test_options_that_exclude_each_other(self):
        for other in (("--cap", "pci"), ("--inactive",), ("--persistent",), ("--transient",)):
            self.refuse(TREE_ALONE, "list", "--tree", *other)
        for other in ("--persistent", "--inactive"):
            self.refuse(TRANSIENT_ALONE, "list", "--transient", other)
        self.refuse("Option --all is incompatible with --inactive", "list", "--all", "--inactive")

    def test_unknown_capability(self):
        for text, name in (("bogus", "bogus"), ("pci,bogus,net", "bogus"), ("pci,", ""), (",", ""), ("PCI", "PCI"),
                           ("vport_ops", "vport_ops"), ("pc", "pc")):
            self.refuse("unknown capability '%s'\nerror: known capabilities: %s" % (name, " ".join(CAPABILITIES)),
                        "list", "--cap", text)

    def test_every_capability_is_known(self):
        for name in CAPABILITIES:
            done = tool(*TEST, "list", "--cap", name)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)

    def test_capabilities_add_up(self):
        expected = "computer\nscsi_host1\nscsi_host11\nscsi_host2\n\n"
        for arguments in (("--cap", "system,fc_host"), ("--cap", "system", "--cap=fc_host"), ("--cap", "")):
            self.assertEqual(tool(*TEST, "list", *arguments).stdout, expected)

    def test_help(self):
        done = tool("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for command in ("list", "dumpxml", "dumpjson", "info"):
            self.assertIn("\n  %s " % command, done.stdout)
            one = tool(command, "--help")
            self.assertEqual((one.returncode, one.stderr), (0, ""))
            self.assertTrue(one.stdout.startswith("Usage: nodedev %s" % command))
            self.assertEqual(tool("help", command).stdout, one.stdout)
        listing = tool("list", "-h").stdout
        for name in CAPABILITIES:
            self.assertRegex(listing, r"\b%s\b" % name)
        self.assertLessEqual(max(map(len, (done.stdout + listing).splitlines())), 80)

    def test_version(self):
        version = [line.split('"')[1] for line in kit.read(os.path.join(kit.ROOT, "Cargo.toml")).splitlines()
                   if line.startswith("version = ")][0]
        done = tool("--version")
        self.assertEqual((done.returncode, done.stdout),
                         (0, "nodedev %s\nlibrary: virnodedev %s\nAPI: libvirt 12.8.0\n" % (version, version)))

    def test_manual_page_has_every_option(self):
        page = kit.manual("nodedev.1")
        for option in ("--tree", "--cap", "--all", "--inactive", "--persistent", "--transient", "--json", "--connect",
                       "--readonly", "--quiet", "--version", "--help"):
            self.assertIn(option, page)
        for name in CAPABILITIES:
            self.assertIn(name, page)


class Work(unittest.TestCase):
    def expect_failure(self, text, *arguments, stdout=""):
        done = tool(*arguments)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, stdout, text), arguments)

    def test_unknown_device(self):
        text = ("error: Could not find matching device 'nosuch'\n"
                "error: Node device not found: no node device with matching name 'nosuch'\n")
        self.expect_failure(text, *TEST, "dumpxml", "nosuch")
        self.expect_failure(text, *TEST, "info", "nosuch")

    def test_others_are_printed_when_one_is_unknown(self):
        one = tool(*TEST, "-q", "dumpxml", "scsi_host2").stdout
        done = tool(*TEST, "-q", "dumpxml", "computer", "nosuch", "scsi_host2")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.startswith("<device>\n  <name>computer</name>\n") and done.stdout.endswith(one))

    def test_world_wide_names(self):
        xml = tool(*TEST, "dumpxml", "scsi_host1").stdout
        wwn = [xml.partition("<%s>" % tag)[2][:16] for tag in ("wwnn", "wwpn")]
        self.assertEqual(tool(*TEST, "dumpxml", ",".join(wwn)).stdout, xml)
        self.assertTrue(tool(*TEST, "info", ",".join(wwn)).stdout.startswith("Name:           scsi_host1\n"))
        for text in ("a,b", "a,b,c", ",", "2000000012341234,", "2000000012341234,1000000012341234,",
                     "2000000012341234,100000001234123x", "200000001234123,01000000012341234"):
            self.expect_failure("error: Malformed device value '%s'\n" % text, *TEST, "dumpxml", text)
        unknown = "2000000012341239,1000000012341239"
        done = tool(*TEST, "info", unknown)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr.startswith("error: Could not find matching device '%s'\nerror: " % unknown))

    def test_inactive_xml_needs_a_definition(self):
        uri = "nodedev:///embed?root=" + kit.extract(kit.machine_archive("plain"))
        name = "pci_0000_00_00_0"
        self.expect_failure("error: Requested operation is not valid: node device '%s' is not persistent\n" % name,
                  "-c", uri, "dumpxml", name, "--inactive")

    def test_connection(self):
        self.expect_failure("error: failed to connect to 'bogus:///x'\n"
                  "error: no connection driver available for bogus:///x\n", "-c", "bogus:///x", "list")
        env = kit.environment(LIBVIRT_DEFAULT_URI="test:///default")
        named = tool(*TEST, "list")
        self.assertEqual((named.returncode, named.stderr), (0, ""))
        self.assertEqual(tool("list", env=env).stdout, named.stdout)
        for arguments in (("list", *TEST), ("--connect=test:///default", "list"), ("-r", "list", *TEST),
                          ("list", "--readonly", "--connect", "test:///default")):
            self.assertEqual(tool(*arguments).stdout, named.stdout, arguments)

    def test_bytes_of_uris(self):
        """Percent-encoded bytes of a path are bytes, whatever they spell; a URI itself is UTF-8."""
        machine = kit.extract(kit.machine_archive("plain"))
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(machine, os.path.join(os.fsencode(folder), b"m\xff"))
            with open(os.path.join(os.fsencode(folder), b"caf\xe9 .xml"), "w") as f:
                f.write("<node><device><name>one</name><capability type='net'><interface>x</interface>"
                        "</capability></device></node>")
            self.assertEqual(tool("-c", "test://%s/caf%%e9%%20.xml" % folder, "list").stdout, "one\n\n")
            recorded = tool("-c", "nodedev:///embed?root=%s/m%%FF" % folder, "list")
            self.assertEqual(recorded.stdout, tool("-c", "nodedev:///embed?root=" + machine, "list").stdout)
            self.expect_failure("error: failed to connect to 'test:///nosuch%%FF'\nerror: cannot read /nosuch\ufffd: "
                                "No such file or directory\n".replace("%%", "%"), "-c", "test:///nosuch%FF", "list")
        for variable in ("\udcff", "test:///default\udcff"):
            done = tool("list", env=kit.environment(LIBVIRT_DEFAULT_URI=variable))
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("error: internal error: Unable to parse URI " + variable.replace("\udcff", "\ufffd"), done.stderr)

    def test_quiet(self):
        for arguments in (("list",), ("list", "--tree"), ("dumpxml", "computer"), ("info", "computer")):
            done = tool(*TEST, "-q", *arguments)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stdout + "\n", tool(*TEST, *arguments).stdout)


class XPath(unittest.TestCase):
    def selected(self, *arguments, **options):
        done = tool(*TEST, "dumpxml", "scsi_host1", "--xpath", *arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def test_what_virsh_prints(self):
        """tests/data/xpath.json is what virsh 12.8.0 printed, without and with --wrap."""
        with open(os.path.join(kit.DATA, "xpath.json")) as f:
            cases = json.load(f)
        for expression, (plain, wrapped) in cases.items():
            self.assertEqual(self.selected(expression), plain, expression)
            if wrapped is not None:  # there virsh puts an XML declaration into the element
                self.assertEqual(self.selected(expression, "--wrap"), wrapped, expression)
        self.assertEqual(self.selected("/", "--wrap"), self.selected("/device", "--wrap"))

    def test_wrong_expressions(self):
        # virsh's words; of expressions that are no XPath it only says why, and succeeds.
        for expression, reason in (("count(//name)", ""), ("string(//name)", ""), ("true()", ""), ("//namespace::*", ""),
                                   ("bad[", ": Invalid expression"), ("", ": Invalid expression"),
                                   ("a:b", ": Undefined namespace prefix"), ("nosuch()", ": Unregistered function"),
                                   ("$v", ": Undefined variable")):
            for more in ([], ["--wrap"]):
                done = tool(*TEST, "dumpxml", "scsi_host1", "--xpath", expression, *more)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                wanted = "error: internal error: Incorrect xpath '%s'" % expression
                self.assertRegex(done.stderr, "^%s(: \\S+)?\n$" % re.escape(wanted + reason))  # newer ones name it

    def test_several_devices(self):
        done = tool("-q", *TEST, "dumpxml", "computer", "nosuch", "scsi_host2", "--xpath", "name/text()")
        self.assertEqual((done.returncode, done.stdout), (1, "computer\nscsi_host2\n"))
        done = tool("-q", *TEST, "dumpxml", "--all", "--xpath", "device/name/text()")
        self.assertEqual(done.stdout.split(), ["computer", "scsi_host1", "scsi_host11", "scsi_host2"])

    def test_text_that_is_not_ascii(self):
        document = os.path.join(kit.temp(), "text.xml")
        with open(document, "w", encoding="utf-8") as f:
            f.write("<node><device><name>a_storage</name><capability type='storage'><block>/dev/x</block>"
                    "<model>\u00e4 &lt; \u65e5</model><size>1</size></capability></device></node>")
        done = tool("-q", "-c", "test://" + document, "dumpxml", "a_storage", "--xpath", "//model")
        self.assertEqual(done.stdout, "<model>\u00e4 &lt; \u65e5</model>\n")

    def test_without_libxml2(self):
        folder = os.path.join(kit.temp(), "no-libxml2")
        os.makedirs(folder)
        for name in ("libxml2.so.2", "libxml2.so.16"):
            open(os.path.join(folder, name), "w").close()
        env = kit.environment(LD_LIBRARY_PATH=folder)
        done = tool(*TEST, "dumpxml", "computer", "--xpath", "name", env=env)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^error: Option --xpath needs libxml2, .*: install the package libxml2 .*\n$")
        self.assertEqual(tool(*TEST, "dumpxml", "computer", "--wrap", env=env).returncode, 0)

    def test_no_leaks(self):
        for expression in ("//capability", "bad["):
            done = kit.run("valgrind", "-q", "--error-exitcode=9", "--leak-check=full",
                           "--errors-for-leak-kinds=definite,indirect", TOOL, *TEST, "dumpxml", "scsi_host1", "--wrap",
                           "--xpath", expression)
            self.assertEqual((done.returncode, "==" in done.stderr), (int(expression == "bad["), False), done.stderr)


class Output(unittest.TestCase):
    """Output that gets lost is a failure, whatever the command."""

    COMMANDS = (("--help",), ("--version",), (*TEST, "list"), (*TEST, "list", "--tree"), (*TEST, "dumpxml", "computer"),
                (*TEST, "info", "computer"))

    def test_full_disk(self):
        for arguments in self.COMMANDS:
            with open("/dev/full", "w") as full:
                done = tool(*arguments, stdout=full)
            self.assertEqual((done.returncode, done.stderr),
                             (1, "error: cannot write to standard output: No space left on device\n"), arguments)

    def test_reader_that_went_away(self):
        for arguments in self.COMMANDS:
            reader, writer = os.pipe()
            os.close(reader)
            done = tool(*arguments, stdout=writer)
            os.close(writer)
            self.assertEqual((done.returncode, done.stderr),
                             (1, "error: cannot write to standard output: Broken pipe\n"), arguments)

    def test_no_standard_output(self):
        done = subprocess.run(["sh", "-c", '"$0" --version >&-', TOOL], env=kit.environment(), text=True,
                              stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "error: cannot write to standard output: Bad file descriptor\n"))

    def test_no_leaks(self):
        recording = "nodedev:///embed?root=" + kit.extract(kit.machine_archive("plain"))
        for arguments, status in ((("-c", recording, "list", "--tree"), 0), (("-c", recording, "dumpxml", "computer"), 0),
                                  ((*TEST, "info", "scsi_host1"), 0), ((*TEST, "dumpxml", "nosuch"), 1),
                                  (("-c", "bogus:///", "list"), 1), (("list", "--cap", "bogus"), 2)):
            done = kit.run("valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=definite",
                           "--error-exitcode=9", TOOL, *arguments)
            self.assertEqual(done.returncode, status, "%s\n%s" % (arguments, done.stderr))
