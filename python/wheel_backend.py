#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""wheel_backend.py FOLDER

Builds the wheel of virnodedev into a folder and prints its name; `make wheel` and pip (PEP 517) use it. The library is
the one that `make` built, or that of $VIRNODEDEV_LIBRARY; symbol tables are left out where strip(1) is there.
"""
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
SONAME = "libvirnodedev.so.0"
# The library is loaded by ctypes: any Python 3 will do, on one kind of machine.
TAG = "py3-none-" + re.sub(r"[-.]", "_", sysconfig.get_platform())

METADATA = """\
Metadata-Version: 2.1
Name: virnodedev
Version: %s
Summary: libvirt's node-device API in this process, with the names of libvirt's Python module
License: LGPL-2.1-or-later
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Classifier: Typing :: Typed
Requires-Python: >=3.9
Description-Content-Type: text/markdown

"""


def _read(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


def _version():
    return re.search(r'^version = "(.*)"$', _read(ROOT, "Cargo.toml").decode(), re.M)[1]


def _library():
    path = os.environ.get("VIRNODEDEV_LIBRARY") or os.path.join(ROOT, "build", SONAME)
    if not os.path.exists(path):
        sys.exit("there is no library at '%s': build it with `make`, or name it with VIRNODEDEV_LIBRARY" % path)
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, os.path.join(folder, SONAME))
        if shutil.which("strip"):
            subprocess.run(["strip", "--strip-unneeded", copy], check=True)
        return _read(copy)


def _contents():
    """(name in the wheel, bytes) of each file except RECORD, which lists them."""
    package = os.path.join(HERE, "virnodedev")
    for name in sorted(os.listdir(package)):
        if name.endswith(".py") or name == "py.typed":
            yield "virnodedev/" + name, _read(package, name)
    yield "virnodedev/" + SONAME, _library()
    yield from _described()


def _described():
    folder = "virnodedev-%s.dist-info/" % _version()
    yield folder + "METADATA", (METADATA % _version()).encode() + _read(ROOT, "docs", "python.md")
    yield folder + "WHEEL", ("Wheel-Version: 1.0\nGenerator: virnodedev\nRoot-Is-Purelib: false\nTag: %s\n"
                             % TAG).encode()
    yield folder + "LICENSE", _read(ROOT, "LICENSE")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "virnodedev-%s-%s.whl" % (_version(), TAG)
    # The time of the files is fixed, so that the same files make the same wheel.
    moment = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", 0)), 315532800))[:6]
    record = []
    os.makedirs(wheel_directory, exist_ok=True)
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        def add(path, data):
            entry = zipfile.ZipInfo(path, moment)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            wheel.writestr(entry, data)

        for path, data in _contents():
            add(path, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            record.append("%s,sha256=%s,%d" % (path, digest, len(data)))
        listed = "virnodedev-%s.dist-info/RECORD" % _version()
        add(listed, "\n".join([*record, listed + ",,", ""]).encode())
    return name


def build_sdist(sdist_directory, config_settings=None):
    sys.exit("there is no source distribution of the Python package alone: it carries a library of the whole project")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(build_wheel(sys.argv[1]))
