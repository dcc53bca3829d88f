# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""Finds programs that others wrote for libvirt, and mdevctl. A test without its program is skipped, or fails.

`make check CLIENTS=1` brings all of them (scripts/setup --clients). Those of which the packages would start services are
unpacked into build/clients; a name that is looked up here is the system's own if it has it.
"""
import glob
import os
import shutil
import subprocess
import unittest

import kit

UNPACKED = os.path.join(kit.ROOT, "build", "clients")
# The Python that the distribution's bindings are made for, whatever else comes first in PATH.
PYTHON = "/usr/bin/python3"
VIRTINST = "/usr/share/virt-manager"
DBUS = "/usr/sbin/libvirt-dbus"


def find(pattern):
    """The path of a file of a package, in the system or unpacked; None without it."""
    for place in (pattern, glob.escape(UNPACKED) + pattern):
        found = sorted(glob.glob(place))
        if found:
            return found[0]
    return None


def built(name):
    """What scripts/build-clients built; None without it."""
    path = os.path.join(UNPACKED, name)
    return path if os.path.exists(path) else None


def program(name):
    return shutil.which(name) or find("/usr/*bin/" + name)


def need(what, found):
    """Returns `found`. If that is None, the test is skipped, or fails where everything should be there."""
    if found:
        return found
    text = "%s is not here: make check CLIENTS=1 brings it" % what
    if os.environ.get("CLIENTS"):
        raise AssertionError(text)
    raise unittest.SkipTest(text)


def need_module(name):
    """A module for pkg-config of libvirt's own, not of what is tested here."""
    need("the module %s" % name, subprocess.run(["pkg-config", "--exists", name], env=own_environment()).returncode == 0)


def need_bindings(name):
    """A module of the distribution's Python."""
    command = [PYTHON, "-c", "import " + name]
    need("Python's %s" % name, os.path.exists(PYTHON) and
         subprocess.run(command, env=own_environment(), stderr=subprocess.DEVNULL).returncode == 0)


def own_environment():
    """The environment of programs that run without this library."""
    env = kit.environment()
    del env["PKG_CONFIG_PATH"], env["LD_LIBRARY_PATH"]
    return env


def environment(**more):
    """For programs that may be unpacked, and what they load."""
    env = kit.environment()
    folders = glob.glob(glob.escape(UNPACKED) + "/usr/lib/*-linux-gnu*")
    env["PATH"] = ":".join([env["PATH"], UNPACKED + "/usr/sbin", UNPACKED + "/usr/bin"])
    env["LD_LIBRARY_PATH"] = ":".join([env["LD_LIBRARY_PATH"]] + folders)
    env["GI_TYPELIB_PATH"] = ":".join(folder + "/girepository-1.0" for folder in folders)
    return dict(env, **more)
