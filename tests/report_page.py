# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""The page of nodedev report in a headless Chromium."""
import json
import os
import tempfile
import unittest

import browser
import kit

TOOL = os.path.join(kit.PREFIX, "bin", "nodedev")
# JavaScript: all texts of what a selector finds, and the names of the devices that links lead to.
TEXTS = "[...document.querySelectorAll(%s)].map((found) => found.textContent)"
LINKED = """[...document.querySelectorAll(%s)].map((link) => /^#device\\/(.*)/.exec(link.getAttribute("href")))
    .filter(Boolean).map((found) => decodeURIComponent(found[1]))"""


def tool(uri, *arguments):
    return kit.checked(TOOL, "-q", "-c", uri, *arguments).stdout


def recorded(machine):
    return "nodedev:///embed?root=" + kit.machine_archive(machine)


def report(uri):
    """The page of a connection, in a file."""
    fd, path = tempfile.mkstemp(suffix=".html", dir=kit.temp())
    os.close(fd)
    tool(uri, "report", "-o", path)
    return path


class Shown(unittest.TestCase):
    """What has a page to look at."""

    @classmethod
    def setUpClass(cls):
        cls.page = browser.Browser()
        cls.addClassCleanup(cls.page.close)

    def tearDown(self):
        self.assertEqual(self.page.errors, [])

    def ask(self, expression):
        return self.page.ask(expression)

    def texts(self, selector):
        return self.ask(TEXTS % json.dumps(selector))

    def linked(self, selector):
        return self.ask(LINKED % json.dumps(selector))

    def show(self, uri, scheme="light"):
        self.page.open(report(uri), scheme)

    def rows(self):
        """The names in the table."""
        self.ask("document.getElementById('rest').hidden || document.getElementById('rest').click()")
        return self.linked("#table tbody th a")

    def filter(self, words):
        self.ask("(words.value = %s, words.dispatchEvent(new Event('input')))" % json.dumps(words))
        return self.rows()

    def details(self, name, view="device"):
        """Opens the details of a device; the texts of its XML and JSON."""
        self.ask("location.hash = '#%s/' + encodeURIComponent(%s)" % (view, json.dumps(name)))
        self.page.drawn()
        self.assertEqual(self.texts("dialog[open] h2"), [name])
        return [self.ask("document.querySelector('#%s pre').textContent" % block) for block in ("xml", "json")]
