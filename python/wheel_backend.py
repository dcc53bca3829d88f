#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later OR MPL-2.0
"""wheel_backend.py FOLDER

Builds the wheel of virnodedev into a folder and prints its name; `make wheel` and pip (PEP 517) use it. The library is
the one that `make` built, or that of $VIRNODEDEV_LIBRARY; symbol tables are left out where strip(1) is there. With
VIRNODEDEV_LIBRARY=system no library is in it: the package loads the one that is installed, and fits every machine. So is
what is built from the source distribution, which `python3 -m build --sdist python` makes, unless a library is named.
"""
import base64
import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
# In the source distribution, which PKG-INFO tells, everything is in this folder.
PKG_INFO = os.path.join(HERE, "PKG-INFO")
ROOT = HERE if os.path.exists(PKG_INFO) else os.path.dirname(HERE)
SONAME = "libvirnodedev.so.0"

METADATA = """\
Metadata-Version: 2.1
Name: virnodedev
Version: %s
Summary: libvirt's node-device API in this process, with the names of libvirt's Python module
License: %s
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Classifier: Typing :: Typed
Requires-Python: >=3.9
Description-Content-Type: text/markdown

"""


def _read(*path):
    with open(os.path.join(*path), "rb") as f:
        return f.read()


def _metadata():
    """What names the package, its version and licence."""
    if ROOT == HERE:
        return _read(PKG_INFO)
    manifest = _read(ROOT, "Cargo.toml").decode()
    words = tuple(re.search(r'^%s = "(.*)"$' % key, manifest, re.M)[1] for key in ("version", "license"))
    return (METADATA % words).encode() + _read(ROOT, "docs", "python.md")


def _version():
    return re.search(rb"^Version: (.*)$", _metadata(), re.M)[1].decode()


def _library_path():
    """That of the library which goes into the wheel, or None."""
    built = "system" if ROOT == HERE else os.path.join(ROOT, "build", SONAME)
    path = os.environ.get("VIRNODEDEV_LIBRARY") or built
    return None if path == "system" else path


def _tag():
    # The library is loaded by ctypes: any Python 3 will do, on one kind of machine.
    return "py3-none-" + (re.sub(r"[-.]", "_", sysconfig.get_platform()) if _library_path() else "any")


def _moment():
    """The time of the files is fixed, so that the same files make the same wheel and source distribution."""
    return max(int(os.environ.get("SOURCE_DATE_EPOCH", 0)), 315532800)


def _library(path):
    if not os.path.exists(path):
        sys.exit("there is no library at '%s': build it with `make`, or name it with VIRNODEDEV_LIBRARY" % path)
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, os.path.join(folder, SONAME))
        if shutil.which("strip"):
            subprocess.run(["strip", "--strip-unneeded", copy], check=True)
        return _read(copy)


def _notices():
    """The licences of the crates that are in the library."""
    path = os.environ.get("VIRNODEDEV_NOTICES") or os.path.join(ROOT, "build", "THIRD-PARTY")
    if not os.path.exists(path):
        sys.exit("the licences of what is in the library are not at '%s': `make` puts them there" % path)
    return _read(path)


def _modules():
    package = os.path.join(HERE, "virnodedev")
    for name in sorted(os.listdir(package)):
        if name.endswith(".py") or name == "py.typed":
            yield "virnodedev/" + name, _read(package, name)


def _contents():
    """(name in the wheel, bytes) of each file except RECORD, which lists them."""
    yield from _modules()
    path = _library_path()
    if path:
        yield "virnodedev/" + SONAME, _library(path)
    folder = "virnodedev-%s.dist-info/" % _version()
    yield folder + "METADATA", _metadata()
    yield folder + "WHEEL", ("Wheel-Version: 1.0\nGenerator: virnodedev\nRoot-Is-Purelib: %s\nTag: %s\n"
                             % ("false" if path else "true", _tag())).encode()
    yield folder + "LICENSE", _read(ROOT, "LICENSE")
    if path:
        yield folder + "THIRD-PARTY", _notices()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "virnodedev-%s-%s.whl" % (_version(), _tag())
    moment = time.gmtime(_moment())[:6]
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
    """The Python package alone: a wheel made from it loads the library that is installed."""
    stem = "virnodedev-" + _version()
    files = [*_modules(), ("PKG-INFO", _metadata()), ("LICENSE", _read(ROOT, "LICENSE")),
             *((name, _read(HERE, name)) for name in ("pyproject.toml", "wheel_backend.py"))]
    os.makedirs(sdist_directory, exist_ok=True)
    with open(os.path.join(sdist_directory, stem + ".tar.gz"), "wb") as raw, \
            gzip.GzipFile("", "wb", fileobj=raw, mtime=_moment()) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in files:
            entry = tarfile.TarInfo(stem + "/" + path)
            entry.size, entry.mtime, entry.mode = len(data), _moment(), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return stem + ".tar.gz"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(build_wheel(sys.argv[1]))
