# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Bindings that were built from source for libvirt itself, run on this library: PyPI's libvirt-python, the crate
`virt`, Go's module. scripts/build-clients builds them; docs/drop-in.md has its commands."""
import os
import re
import unittest

import foreign
import kit
import test_clients

UNSUPPORTED = "this function is not supported by the connection driver: virDomainLookupByName"
MISTAKES = ["Node device not found: no node device with matching name 'nosuch'", UNSUPPORTED, "domains: 0"]

# Tests of the crate that need what the test driver of libvirt has beside node devices.
NOT_OURS = ["test_list_domains", "test_list_all_domains", "test_list_interfaces", "test_list_networks",
            "test_list_storage_pools"]

# Tests of Go's module that are about connections, errors and empty lists.
GO_TESTS = ("Version Connection ConnectionReadOnly InvalidConnection GetType IsAlive IsEncryptedAndSecure Capabilities "
            "Hostname LibVersion GetURI GetNodeInfo GetMaxVcpus ListDefinedDomains ListDomains ListInterfaces ListNetworks "
            "ListStoragePools LookupInvalidDomainById LookupInvalidDomainByName ListDefinedInterfaces ListDefinedNetworks "
            "ListDefinedStoragePools NumOfDefinedInterfaces NumOfDefinedNetworks NumOfDefinedStoragePools NumOfDomains "
            "NumOfInterfaces NumOfNetworks").split()


def built(name):
    return foreign.need("build/clients/" + name, foreign.built(name))


class PyPI(test_clients.Python):
    """What the distribution's module does, done by the one that was built."""

    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.dirname(built("python/libvirt.py"))
        super().setUpClass()

    def environment(self):
        return dict(super().environment(), PYTHONPATH=self.folder)

    def test_it_is_the_one_that_was_built(self):
        done = kit.run(test_clients.RUN, foreign.PYTHON, "-c", "import libvirt; print(libvirt.__file__)", env=self.environment())
        self.assertEqual(done.stdout, os.path.join(self.folder, "libvirt.py") + "\n")


class FromSource(test_clients.Client):
    def documents_and_mistakes(self, *command):
        out = self.seen(*command)
        end = out.rindex("</device>\n") + len("</device>\n")
        self.same_documents(dict(kit.documents(out[:end])))
        self.assertEqual(out[end:].splitlines(), MISTAKES)


class Crate(FromSource):
    def test_devices(self):
        self.documents_and_mistakes(built("bin/virt-client"), "nodedev:///system")

    def test_its_own_tests(self):
        program = built("bin/virt-tests")
        there = re.findall(r"^(\w+): test$", kit.checked(test_clients.RUN, program, "--list").stdout, re.M)
        self.assertLess(set(NOT_OURS), set(there))
        options = [word for test in NOT_OURS for word in ("--skip", test)]
        done = kit.run(test_clients.RUN, program, "--exact", *options)
        self.assertEqual(done.returncode, 0, done.stdout)
        passed = re.findall(r"^test (\w+)(?: - should panic)? \.\.\. ok$", done.stdout, re.M)
        self.assertEqual(set(passed), set(there) - set(NOT_OURS))
        self.note = "%d tests" % len(passed)


class Go(FromSource):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client, cls.tests = foreign.built("bin/go-client"), foreign.built("bin/go-tests")
        if not cls.client or not cls.tests:  # not every distribution has the module
            raise unittest.SkipTest("Go's module is not here: apt-get install golang-go golang-github-libvirt-libvirt-go-dev "
                                    "and make check CLIENTS=1 bring it")

    def test_devices(self):
        self.documents_and_mistakes(self.client, "devices", "nodedev:///system")

    def test_events(self):
        self.assertEqual(self.told(self.client, "events", "nodedev:///system"), test_clients.EVENTS)

    def test_its_own_tests(self):
        wanted = ["Test" + name for name in GO_TESTS]
        done = kit.run(test_clients.RUN, self.tests, "-test.v", "-test.run", "^(%s)$" % "|".join(wanted))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(sorted(re.findall(r"^--- PASS: (\w+)", done.stdout, re.M)), sorted(wanted))
        self.note = "%d tests" % len(wanted)
