# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The manual pages: every exported function has one, what they refer to is there, the example works."""
import glob
import html.parser
import os
import re
import shutil
import unittest

import cprograms
import kit

# Pages of other projects that ours refer to.
FOREIGN = {"dlmopen(3)", "dlopen(3)", "fork(2)", "free(3)", "lspci(8)", "mdevctl(8)", "modprobe(8)", "udevadm(8)", "virsh(1)",
           "ld.so(8)", "poll(2)", "xmllint(1)"}
FUNCTIONS = kit.header_functions()


def pages():
    return sorted(glob.glob(os.path.join(kit.PREFIX, "share", "man", "man?", "*")))


def label(path):
    name, _, section = os.path.basename(path).rpartition(".")
    return "%s(%s)" % (name, section)


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.targets, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        target = dict(attributes).get("href")
        if tag == "a" and target and not target.startswith(("#", "http")):
            self.targets.append(target)

    def handle_data(self, data):
        self.text += data


class Manuals(unittest.TestCase):
    def test_every_function_has_a_page(self):
        self.assertGreater(len(FUNCTIONS), 80)
        self.assertEqual({label(page) for page in pages() if page.endswith(".3")}, {name + "(3)" for name in FUNCTIONS})
        self.note = "%d functions" % len(FUNCTIONS)

    def test_a_page_says_what_the_header_says(self):
        """Worked out by hand from the comment in the header, for one function with everything."""
        page = kit.read(os.path.join(kit.PREFIX, "share/man/man3/virNodeDeviceGetAutostart.3"))
        self.assertEqual(page.split(".SH "), [
            '.\\" SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0\n.\\" Made from virnodedev.h.\n'
            '.TH virNodeDeviceGetAutostart 3 "" "virnodedev" "Library functions"\n',
            "NAME\nvirNodeDeviceGetAutostart \\- whether a device is started with the host\n",
            "SYNOPSIS\n.nf\n.B #include <virnodedev.h>\n.PP\n"
            '.B "int virNodeDeviceGetAutostart(virNodeDevicePtr dev, int *autostart);"\n.fi\n.PP\n'
            'Compile and link with\n.BR "$(pkg\\-config \\-\\-cflags \\-\\-libs virnodedev)" .\n',
            "DESCRIPTION\nWhether a device is started with the host.\n",
            "ARGUMENTS\n.TP\n.I dev\nthe device\n.TP\n.I autostart\nout: 1 if it is, 0 if not; must not be NULL\n",
            "RETURN VALUE\n0, or \\-1 on error.\n",
            "ERRORS\nThe numbers are those of\n.IR virErrorNumber ;\n.B virGetLastError()\ntells them.\n.PP\n"
            "53 for a device that went; 3 where devices are made up.\n",
            "HISTORY\nSince virnodedev 0.1.0 (libvirt 7.8.0).\n",
            "SEE ALSO\n.BR virnodedev (7)\n"])

    def test_what_they_refer_to_is_there(self):
        own = {label(page) for page in pages()}
        found = set()
        for page in pages():
            for line in re.findall(r"^\.(?:BR|IR) (.*)$", kit.read(page), re.M):
                found.update("%s(%s)" % (name.replace("\\-", "-"), section)
                             for name, section in re.findall(r"([\w.\\-]+) \"?\((\d)\)", line))
        self.assertTrue(found & own)
        self.assertEqual(found - own - FOREIGN, set())

    def test_functions_they_name_exist(self):
        for page in pages():
            named = set(re.findall(r"\b((?:vir|vnd)[A-Z]\w+)\(\)", kit.read(page)))
            # The libraries of virnodedev-run have more functions than the header.
            if not page.endswith("virnodedev-run.1"):
                self.assertEqual(named - FUNCTIONS, set(), page)

    def test_mandoc_finds_nothing_wrong(self):
        self.need_mandoc()
        done = kit.run("mandoc", "-T", "lint", "-W", "warning", *pages())
        # The pages have no date: it would differ between builds.
        wrong = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
        self.assertEqual(wrong, [])

    def test_html(self):
        self.need_mandoc()
        folder = os.path.join(kit.temp(), "html")
        os.makedirs(folder)
        os.symlink(os.path.join(kit.PREFIX, "share/man/man3"), os.path.join(folder, "man3"))
        kit.checked(os.path.join(kit.SCRIPTS, "html"), folder)
        files = os.listdir(os.path.join(folder, "html"))
        self.assertEqual(len(files), len(pages()) + 1)
        for name in files:
            for target in Links(kit.read(os.path.join(folder, "html", name))).targets:
                its = re.sub(r"(.*)\.(\d)\.html$", r"\1(\2)", target)
                self.assertTrue(target in files or its in FOREIGN, "%s: %s" % (name, target))
        text = Links(kit.read(os.path.join(folder, "html", "virNodeDeviceDettach.3.html"))).text
        self.assertIn("int virNodeDeviceDettach(virNodeDevicePtr dev);", text)
        index = Links(kit.read(os.path.join(folder, "html", "index.html")))
        self.assertEqual(sorted(index.targets), sorted(set(files) - {"index.html"}))

    def need_mandoc(self):
        if shutil.which("mandoc") is None:
            self.skipTest("mandoc is not here")

    def test_example(self):
        page = kit.read(os.path.join(kit.PREFIX, "share/man/man7/virnodedev.7"))
        text = page.split(".SH EXAMPLE\n.nf\n")[1].split("\n.fi\n")[0].replace("\\e", "\\")
        source, program = (os.path.join(kit.temp(), "manual" + end) for end in (".c", ""))
        with open(source, "w") as f:
            f.write(text)
        kit.checked("cc", *kit.WARNINGS, "-o", program, source,
                    *cprograms.package_flags("--cflags", "--libs", "virnodedev"))
        self.assertTrue(kit.checked(program).stdout.startswith("<device>\n  <name>computer</name>\n"))


if __name__ == "__main__":
    unittest.main()
